//! What someone else does, with the SDK alone.

use aws_sdk_route53::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use crate::backend::Backend;

fn http() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

async fn session(backend: &Backend, role: &str) -> Credentials {
    let key = if backend.sandbox.is_some() {
        deploycenter_sandbox::ACCESS_KEY_ID
    } else {
        "test"
    };
    let config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_sdk_sts::config::BehaviorVersion::latest())
        .region(aws_sdk_sts::config::Region::new("eu-west-3"))
        .endpoint_url(backend.endpoint())
        .credentials_provider(Credentials::new(key, "secret", None, None, "raw"))
        .http_client(http())
        .build();
    let answer = aws_sdk_sts::Client::from_conf(config)
        .assume_role()
        .role_arn(role)
        .role_session_name("someone-else")
        .send()
        .await
        .unwrap();
    let keys = answer.credentials.unwrap();
    Credentials::new(
        keys.access_key_id,
        keys.secret_access_key,
        Some(keys.session_token),
        None,
        "raw",
    )
}

pub(crate) async fn simple_record(backend: &Backend, name: &str) {
    let keys = session(backend, "arn:aws:iam::444455556666:role/deploycenter-dns").await;
    let config = aws_sdk_route53::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(backend.endpoint())
        .credentials_provider(keys)
        .http_client(http())
        .build();
    let set = ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::A)
        .ttl(60)
        .resource_records(
            ResourceRecord::builder()
                .value("198.51.100.1")
                .build()
                .unwrap(),
        )
        .build()
        .unwrap();
    let change = Change::builder()
        .action(ChangeAction::Create)
        .resource_record_set(set)
        .build()
        .unwrap();
    aws_sdk_route53::Client::from_conf(config)
        .change_resource_record_sets()
        .hosted_zone_id(&backend.zone)
        .change_batch(ChangeBatch::builder().changes(change).build().unwrap())
        .send()
        .await
        .unwrap();
}

async fn secrets(backend: &Backend) -> aws_sdk_secretsmanager::Client {
    let keys = session(backend, "arn:aws:iam::222233334444:role/deploycenter").await;
    let config = aws_sdk_secretsmanager::Config::builder()
        .behavior_version(aws_sdk_secretsmanager::config::BehaviorVersion::latest())
        .region(aws_sdk_secretsmanager::config::Region::new("eu-west-3"))
        .endpoint_url(backend.endpoint())
        .credentials_provider(keys)
        .http_client(http())
        .build();
    aws_sdk_secretsmanager::Client::from_conf(config)
}

pub(crate) async fn secret_value(backend: &Backend, name: &str) -> String {
    let answer = secrets(backend)
        .await
        .get_secret_value()
        .secret_id(name)
        .send()
        .await
        .unwrap();
    answer.secret_string.unwrap()
}

pub(crate) async fn schedule_deletion(backend: &Backend, name: &str) {
    secrets(backend)
        .await
        .delete_secret()
        .secret_id(name)
        .send()
        .await
        .unwrap();
}
