use deploycenter_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{Client, OTHER_ROLE, ROLE, sandbox};

fn token(n: u32) -> String {
    format!("00000000-0000-0000-0000-{n:012}")
}

async fn setup() -> (Sandbox, Client) {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    (sandbox, client)
}

async fn ok(client: &Client, operation: &str, body: Value) -> Value {
    let answer = client.secrets(operation, body).await;
    assert_eq!(answer.status, 200, "{operation}: {answer:?}");
    answer.json()
}

async fn error(client: &Client, operation: &str, body: Value) -> (String, String) {
    let answer = client.secrets(operation, body).await;
    assert_eq!(answer.status, 400, "{operation}: {answer:?}");
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    (text("__type"), text("Message"))
}

#[tokio::test]
async fn a_create_is_idempotent_by_token_and_content() {
    let (_sandbox, client) = setup().await;
    let body = |n: u32, value: &str| json!({ "Name": "acme/db", "ClientRequestToken": token(n), "SecretString": value });
    let made = ok(&client, "CreateSecret", body(1, "v")).await;
    let arn = made["ARN"].as_str().unwrap();
    assert!(
        arn.starts_with("arn:aws:secretsmanager:us-west-2:111122223333:secret:acme/db-"),
        "{arn}"
    );
    assert_eq!(ok(&client, "CreateSecret", body(1, "v")).await, made);
    let (code, message) = error(&client, "CreateSecret", body(1, "w")).await;
    assert_eq!(code, "ResourceExistsException");
    assert!(message.contains("ClientRequestToken"), "{message}");
    let (code, message) = error(&client, "CreateSecret", body(2, "v")).await;
    assert_eq!(code, "ResourceExistsException");
    assert!(message.contains("acme/db already exists"), "{message}");
    for id in ["acme/db", arn, arn.rsplit_once('-').unwrap().0] {
        let described = ok(&client, "DescribeSecret", json!({ "SecretId": id })).await;
        assert_eq!(described["ARN"], json!(arn), "{id}");
        assert_eq!(
            described["VersionIdsToStages"],
            json!({ token(1): ["AWSCURRENT"] })
        );
        assert!(described.get("SecretString").is_none());
    }
}

#[tokio::test]
async fn values_have_versions() {
    let (_sandbox, client) = setup().await;
    ok(&client, "CreateSecret", json!({ "Name": "s" })).await;
    let (code, _) = error(&client, "GetSecretValue", json!({ "SecretId": "s" })).await;
    assert_eq!(
        code, "ResourceNotFoundException",
        "a secret without a value has none"
    );
    let put = |n: u32, value: &str| json!({ "SecretId": "s", "ClientRequestToken": token(n), "SecretString": value });
    for n in 1..=3 {
        ok(&client, "PutSecretValue", put(n, &format!("v{n}"))).await;
    }
    ok(&client, "PutSecretValue", put(3, "v3")).await;
    assert_eq!(
        error(&client, "PutSecretValue", put(3, "other")).await.0,
        "ResourceExistsException"
    );
    let read = |stage: &'static str| {
        let client = client.clone();
        async move {
            ok(
                &client,
                "GetSecretValue",
                json!({ "SecretId": "s", "VersionStage": stage }),
            )
            .await
        }
    };
    assert_eq!(read("AWSCURRENT").await["SecretString"], "v3");
    assert_eq!(read("AWSPREVIOUS").await["SecretString"], "v2");
    let described = ok(&client, "DescribeSecret", json!({ "SecretId": "s" })).await;
    assert_eq!(
        described["VersionIdsToStages"],
        json!({ token(2): ["AWSPREVIOUS"], token(3): ["AWSCURRENT"] })
    );
    ok(
        &client,
        "UpdateSecret",
        json!({ "SecretId": "s", "ClientRequestToken": token(4), "SecretString": "v4", "Description": "new" }),
    )
    .await;
    assert_eq!(read("AWSCURRENT").await["SecretString"], "v4");
    assert_eq!(
        ok(&client, "DescribeSecret", json!({ "SecretId": "s" })).await["Description"],
        "new"
    );
}

#[tokio::test]
async fn deletion_is_scheduled_or_forced() {
    let (sandbox, client) = setup().await;
    let create = json!({ "Name": "s", "ClientRequestToken": token(1), "SecretString": "v" });
    ok(&client, "CreateSecret", create.clone()).await;
    ok(
        &client,
        "DeleteSecret",
        json!({ "SecretId": "s", "RecoveryWindowInDays": 7 }),
    )
    .await;
    for (operation, body) in [
        ("CreateSecret", create.clone()),
        ("GetSecretValue", json!({ "SecretId": "s" })),
        (
            "PutSecretValue",
            json!({ "SecretId": "s", "ClientRequestToken": token(2), "SecretString": "w" }),
        ),
        ("TagResource", json!({ "SecretId": "s", "Tags": [] })),
        ("DeleteSecret", json!({ "SecretId": "s" })),
    ] {
        assert_eq!(
            error(&client, operation, body).await.0,
            "InvalidRequestException",
            "{operation}"
        );
    }
    assert_eq!(
        ok(&client, "ListSecrets", json!({})).await["SecretList"],
        json!([])
    );
    let planned = ok(
        &client,
        "ListSecrets",
        json!({ "IncludePlannedDeletion": true }),
    )
    .await;
    assert!(planned["SecretList"][0]["DeletedDate"].is_number());
    ok(&client, "RestoreSecret", json!({ "SecretId": "s" })).await;
    assert_eq!(
        ok(&client, "GetSecretValue", json!({ "SecretId": "s" })).await["SecretString"],
        "v"
    );

    ok(
        &client,
        "DeleteSecret",
        json!({ "SecretId": "s", "RecoveryWindowInDays": 7 }),
    )
    .await;
    sandbox.advance(7 * 24 * 3_600 * 1_000);
    assert_eq!(
        error(&client, "DescribeSecret", json!({ "SecretId": "s" }))
            .await
            .0,
        "ResourceNotFoundException"
    );

    let second = ok(&client, "CreateSecret", create.clone()).await;
    ok(
        &client,
        "DeleteSecret",
        json!({ "SecretId": "s", "ForceDeleteWithoutRecovery": true }),
    )
    .await;
    ok(
        &client,
        "DeleteSecret",
        json!({ "SecretId": "s", "ForceDeleteWithoutRecovery": true }),
    )
    .await;
    assert_eq!(sandbox.snapshot()["secretsmanager"]["secrets"], json!({}));
    let third = ok(&client, "CreateSecret", create).await;
    assert_ne!(second["ARN"], third["ARN"]);
    assert_eq!(
        error(
            &client,
            "DeleteSecret",
            json!({ "SecretId": "s", "RecoveryWindowInDays": 3 })
        )
        .await
        .0,
        "InvalidParameterException"
    );
    assert_eq!(
        error(&client, "DeleteSecret", json!({ "SecretId": "none" }))
            .await
            .0,
        "ResourceNotFoundException"
    );
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let (sandbox, client) = setup().await;
    for (name, tag) in [("acme/one", "x"), ("acme/two", "y"), ("beta/one", "x")] {
        ok(
            &client,
            "CreateSecret",
            json!({ "Name": name, "Tags": [{ "Key": format!("owner-{tag}"), "Value": tag }] }),
        )
        .await;
    }
    let names = |filters: Value| {
        let client = client.clone();
        async move {
            let list = ok(&client, "ListSecrets", json!({ "Filters": filters })).await;
            let names: Vec<String> = list["SecretList"]
                .as_array()
                .unwrap()
                .iter()
                .map(|secret| secret["Name"].as_str().unwrap().to_owned())
                .collect();
            names.join(" ")
        }
    };
    for (filters, expected) in [
        (
            json!([{ "Key": "name", "Values": ["acme/"] }]),
            "acme/one acme/two",
        ),
        (json!([{ "Key": "name", "Values": ["!acme/"] }]), "beta/one"),
        (
            json!([{ "Key": "tag-key", "Values": ["owner-x"] }]),
            "acme/one beta/one",
        ),
        (json!([{ "Key": "tag-value", "Values": ["y"] }]), "acme/two"),
        (
            json!([{ "Key": "name", "Values": ["acme"] }, { "Key": "tag-value", "Values": ["x"] }]),
            "acme/one",
        ),
        (
            json!([{ "Key": "all", "Values": ["ONE"] }]),
            "acme/one beta/one",
        ),
    ] {
        assert_eq!(names(filters.clone()).await, expected, "{filters}");
    }
    let first = ok(&client, "ListSecrets", json!({ "MaxResults": 2 })).await;
    assert_eq!(first["SecretList"].as_array().unwrap().len(), 2);
    let rest = ok(
        &client,
        "ListSecrets",
        json!({ "MaxResults": 2, "NextToken": first["NextToken"] }),
    )
    .await;
    assert_eq!(rest["SecretList"][0]["Name"], "beta/one");
    assert!(rest.get("NextToken").is_none());
    assert_eq!(
        error(&client, "ListSecrets", json!({ "NextToken": "x" }))
            .await
            .0,
        "InvalidNextTokenException"
    );
    let other = Client::of(&sandbox, OTHER_ROLE).await;
    assert_eq!(
        ok(&other, "ListSecrets", json!({})).await["SecretList"],
        json!([])
    );
    assert_eq!(
        error(&other, "DescribeSecret", json!({ "SecretId": "acme/one" }))
            .await
            .0,
        "ResourceNotFoundException"
    );
    let all = ok(&Client::administrator(&sandbox), "ListSecrets", json!({})).await;
    assert_eq!(all["SecretList"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn tags_change_and_bad_requests_are_refused() {
    let (_sandbox, client) = setup().await;
    ok(
        &client,
        "CreateSecret",
        json!({ "Name": "s", "Tags": [{ "Key": "a", "Value": "1" }] }),
    )
    .await;
    ok(&client, "TagResource", json!({ "SecretId": "s", "Tags": [{ "Key": "a", "Value": "2" }, { "Key": "b", "Value": "3" }] })).await;
    ok(
        &client,
        "UntagResource",
        json!({ "SecretId": "s", "TagKeys": ["b"] }),
    )
    .await;
    assert_eq!(
        ok(&client, "DescribeSecret", json!({ "SecretId": "s" })).await["Tags"],
        json!([{ "Key": "a", "Value": "2" }])
    );
    for (operation, body, code) in [
        (
            "CreateSecret",
            json!({ "Name": "a b" }),
            "InvalidParameterException",
        ),
        (
            "CreateSecret",
            json!({ "Name": "a", "SecretString": "v" }),
            "InvalidRequestException",
        ),
        (
            "CreateSecret",
            json!({ "Name": "a", "SecretString": "v", "ClientRequestToken": "short" }),
            "InvalidParameterException",
        ),
        (
            "CreateSecret",
            json!({ "Name": "a", "SecretString": "v".repeat(65_537), "ClientRequestToken": token(1) }),
            "InvalidParameterException",
        ),
        (
            "CreateSecret",
            json!({ "Name": "a", "Tags": [{ "Key": "aws:x", "Value": "" }] }),
            "InvalidParameterException",
        ),
        ("CreateSecret", json!({}), "SerializationException"),
        (
            "PutSecretValue",
            json!({ "SecretId": "s", "ClientRequestToken": token(1) }),
            "InvalidParameterException",
        ),
        (
            "GetRandomPassword",
            json!({ "PasswordLength": 2 }),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(
            error(&client, operation, body.clone()).await.0,
            code,
            "{operation} {body}"
        );
    }
}

#[tokio::test]
async fn a_random_password_has_what_was_asked_for() {
    let (_sandbox, client) = setup().await;
    let body =
        json!({ "PasswordLength": 40, "ExcludePunctuation": true, "ExcludeCharacters": "abcdef" });
    let first = ok(&client, "GetRandomPassword", body.clone()).await["RandomPassword"].clone();
    let text = first.as_str().unwrap();
    assert_eq!(text.len(), 40);
    assert!(
        text.chars()
            .all(|c| c.is_ascii_alphanumeric() && !"abcdef".contains(c)),
        "{text}"
    );
    assert!(
        text.contains(|c: char| c.is_ascii_digit())
            && text.contains(|c: char| c.is_ascii_uppercase())
    );
    assert_ne!(
        ok(&client, "GetRandomPassword", body).await["RandomPassword"],
        first
    );
}
