//! What someone else does, with the SDK alone.

use std::collections::BTreeMap;

use aws_sdk_efs::types::LifeCycleState;
use aws_sdk_route53::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_route53::types::{
    AliasTarget, Change, ChangeAction, ChangeBatch, ResourceRecord, ResourceRecordSet, RrType,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use deploycenter_domain::resource::{Record, Routing};

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

async fn route53(backend: &Backend) -> aws_sdk_route53::Client {
    let keys = session(backend, "arn:aws:iam::444455556666:role/deploycenter-dns").await;
    let config = aws_sdk_route53::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(backend.endpoint())
        .credentials_provider(keys)
        .http_client(http())
        .build();
    aws_sdk_route53::Client::from_conf(config)
}

fn values(values: &[String]) -> Vec<ResourceRecord> {
    let value = |value: &String| ResourceRecord::builder().value(value).build().unwrap();
    values.iter().map(value).collect()
}

/// An A record as someone else would write it; without a set-identifier a simple one.
pub(crate) fn a_record(record: &Record) -> ResourceRecordSet {
    let mut set = ResourceRecordSet::builder()
        .name(format!("{}.", record.name))
        .r#type(RrType::A);
    if !record.set_identifier.is_empty() {
        set = set
            .set_identifier(&record.set_identifier)
            .weight(record.weight.into());
    }
    let set = match &record.routing {
        Routing::Addresses {
            ipv4: addresses,
            ttl,
        }
        | Routing::Addresses6 {
            ipv6: addresses,
            ttl,
        } => set
            .ttl(i64::from(*ttl))
            .set_resource_records(Some(values(addresses))),
        Routing::Alias {
            dns_name,
            hosted_zone_id,
            evaluate_target_health,
        } => set.alias_target(
            AliasTarget::builder()
                .dns_name(format!("{dns_name}."))
                .hosted_zone_id(hosted_zone_id)
                .evaluate_target_health(*evaluate_target_health)
                .build()
                .unwrap(),
        ),
    };
    set.build().unwrap()
}

/// The AAAA record beside it.
pub(crate) fn aaaa_record(record: &Record) -> ResourceRecordSet {
    let aaaa = record.aaaa.clone().unwrap();
    let alike = Record {
        weight: aaaa.weight,
        routing: aaaa.routing,
        ..record.clone()
    };
    let mut set = a_record(&alike);
    set.r#type = RrType::Aaaa;
    set
}

pub(crate) fn cname(name: &str, value: &str) -> ResourceRecordSet {
    ResourceRecordSet::builder()
        .name(format!("{name}.apps.example.com."))
        .r#type(RrType::Cname)
        .ttl(60)
        .set_resource_records(Some(values(&[value.to_owned()])))
        .build()
        .unwrap()
}

pub(crate) async fn simple_record(backend: &Backend, name: &str) {
    let set = ResourceRecordSet::builder()
        .name(name)
        .r#type(RrType::A)
        .ttl(60)
        .set_resource_records(Some(values(&["198.51.100.1".to_owned()])))
        .build();
    put_record(backend, set.unwrap()).await;
}

pub(crate) async fn put_record(backend: &Backend, set: ResourceRecordSet) {
    change_record(backend, ChangeAction::Create, set).await;
}

pub(crate) async fn remove_record(backend: &Backend, set: ResourceRecordSet) {
    change_record(backend, ChangeAction::Delete, set).await;
}

async fn change_record(backend: &Backend, action: ChangeAction, set: ResourceRecordSet) {
    let change = Change::builder()
        .action(action)
        .resource_record_set(set)
        .build()
        .unwrap();
    route53(backend)
        .await
        .change_resource_record_sets()
        .hosted_zone_id(&backend.zone)
        .change_batch(ChangeBatch::builder().changes(change).build().unwrap())
        .send()
        .await
        .unwrap();
}

/// Everything of a name in apps.example.com.
pub(crate) async fn records(backend: &Backend, name: &str) -> Vec<ResourceRecordSet> {
    let name = format!("{name}.apps.example.com.");
    let answer = route53(backend)
        .await
        .list_resource_record_sets()
        .hosted_zone_id(&backend.zone)
        .start_record_name(&name)
        .send()
        .await
        .unwrap();
    let sets = answer.resource_record_sets.into_iter();
    sets.filter(|set| set.name == name).collect()
}

async fn efs(backend: &Backend) -> aws_sdk_efs::Client {
    let keys = session(backend, "arn:aws:iam::222233334444:role/deploycenter").await;
    let config = aws_sdk_efs::Config::builder()
        .behavior_version(aws_sdk_efs::config::BehaviorVersion::latest())
        .region(aws_sdk_efs::config::Region::new("eu-west-3"))
        .endpoint_url(backend.endpoint())
        .credentials_provider(keys)
        .http_client(http())
        .build();
    aws_sdk_efs::Client::from_conf(config)
}

fn tag(key: &str, value: &str) -> aws_sdk_efs::types::Tag {
    let tag = aws_sdk_efs::types::Tag::builder().key(key).value(value);
    tag.build().unwrap()
}

/// An encrypted file system that is ready; gives its id.
pub(crate) async fn file_system(
    backend: &Backend,
    token: &str,
    throughput: &str,
    tags: &BTreeMap<String, String>,
) -> String {
    let tags = tags.iter().map(|(key, value)| tag(key, value));
    let request = efs(backend).await.create_file_system();
    let made = request
        .creation_token(token)
        .throughput_mode(throughput.into())
        .encrypted(true)
        .set_tags(Some(tags.collect()))
        .send()
        .await
        .unwrap();
    settled(backend, &made.file_system_id).await;
    made.file_system_id
}

pub(crate) async fn unencrypted_file_system(backend: &Backend, token: &str) -> String {
    let request = efs(backend).await.create_file_system();
    let made = request.creation_token(token).send().await.unwrap();
    settled(backend, &made.file_system_id).await;
    made.file_system_id
}

async fn settled(backend: &Backend, id: &str) {
    let client = efs(backend).await;
    for _ in 0..20 {
        let request = client.describe_file_systems().file_system_id(id);
        let answer = request.send().await.unwrap();
        if answer.file_systems()[0].life_cycle_state == LifeCycleState::Available {
            return;
        }
    }
    panic!("{id} isn't available");
}

pub(crate) async fn file_system_tags(backend: &Backend, id: &str) -> BTreeMap<String, String> {
    let request = efs(backend).await.list_tags_for_resource();
    let answer = request.resource_id(id).send().await.unwrap();
    let tags = answer.tags.unwrap_or_default().into_iter();
    tags.map(|tag| (tag.key, tag.value)).collect()
}

pub(crate) async fn tag_file_system(backend: &Backend, id: &str, key: &str, value: &str) {
    let request = efs(backend).await.tag_resource().resource_id(id);
    request.tags(tag(key, value)).send().await.unwrap();
}

pub(crate) async fn delete_file_system(backend: &Backend, id: &str) {
    let request = efs(backend).await.delete_file_system();
    request.file_system_id(id).send().await.unwrap();
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
