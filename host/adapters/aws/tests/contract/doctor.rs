//! What someone is told who looks at AWS before deploying there.

use std::time::Duration;

use deploycenter_aws::{Accounts, Places};
use deploycenter_domain::desired::{self, Regions};
use deploycenter_ports::Examine as _;
use deploycenter_sandbox::{Effect, Fault};

use crate::backend::{self, Backend};

const LIMIT: Duration = Duration::from_secs(20);

const WORLD: &str = r#"
version: 1
hostedZones:
  - { name: apps.example.com, id: Z04444444APPSEXAMPLE, account: "444455556666", roleArn: "arn:aws:iam::444455556666:role/deploycenter-dns" }
regions:
  eu-west-3:
    account: "222233334444"
    roleArn: arn:aws:iam::222233334444:role/deploycenter
    cluster: { name: prod-euw3, server: https://euw3.k8s.example.com }
    ingress: { class: nginx, ipv4: [203.0.113.30], ttl: 60, clusterIssuer: letsencrypt }
    efs: { subnets: [subnet-0c30000000000a], securityGroups: [sg-0c30000000000e], performanceMode: generalPurpose, throughputMode: bursting }
    storage:
      own: { kind: dedicated, default: true }
      shared: { kind: existing, fileSystemId: fs-0c3000000000004e3 }
"#;

/// As a deployment repo with this `regions.yaml` has it.
fn regions(text: &str) -> Regions {
    let files = [("regions.yaml".to_owned(), text.as_bytes().to_vec())].into();
    let reading = desired::read_all(&files);
    let wrong = reading
        .problems
        .iter()
        .find(|problem| problem.file.as_deref() == Some("regions.yaml"));
    assert_eq!(wrong, None);
    reading.desired.regions
}

fn accounts(backend: &Backend, text: &str, key: Option<&str>) -> Accounts {
    let regions = regions(text);
    Accounts {
        aws: backend.aws_of(Places::of(&regions), key),
        regions,
    }
}

/// One line a check: `role arn:…: ok, …`.
async fn told(accounts: &Accounts, limit: Duration) -> Vec<String> {
    let found = accounts.examine(limit).await.into_iter();
    let lines = found.map(|found| {
        let scope = found
            .scope
            .map_or_else(String::new, |scope| format!(" {scope}"));
        let help = found
            .help
            .map_or_else(String::new, |help| format!(" | {help}"));
        let status = found.status.as_str();
        format!("{}{scope}: {status}, {}{help}", found.check, found.message)
    });
    lines.collect()
}

async fn in_world(text: &str) -> Vec<String> {
    let backend = backend::sandbox_in(WORLD).await;
    told(&accounts(&backend, text, None), LIMIT).await
}

#[track_caller]
fn line<'a>(told: &'a [String], begin: &str) -> &'a str {
    told.iter()
        .find(|line| line.starts_with(begin))
        .unwrap_or_else(|| panic!("no {begin} in {told:#?}"))
}

const WELL: [&str; 9] = [
    "credentials: ok, arn:aws:iam::000000000000:user/administrator (account 000000000000)",
    "role arn:aws:iam::222233334444:role/deploycenter: ok, can be assumed, for eu-west-3",
    "role arn:aws:iam::444455556666:role/deploycenter-dns: ok, can be assumed, for apps.example.com",
    "efs eu-west-3: ok, file systems and access points can be read",
    "secrets eu-west-3: ok, Secrets Manager can be listed",
    "file-system eu-west-3/shared: ok, fs-0c3000000000004e3 is there, with 1 mount targets",
    "network eu-west-3: skipped, not checked: subnet-0c30000000000a and sg-0c30000000000e; EFS itself refuses a wrong one when the first mount target is made",
    "hosted-zone apps.example.com: ok, Z04444444APPSEXAMPLE can be read",
    "writing: skipped, not checked: whether the roles may make and change things shows at the first apply; AWS has no question for it",
];

#[tokio::test]
async fn all_is_well_and_nothing_is_written() {
    let backend = backend::sandbox_in(WORLD).await;
    let accounts = accounts(&backend, WORLD, None);
    assert_eq!(told(&accounts, LIMIT).await, WELL);
    let ledger = backend.sandbox.as_ref().unwrap().ledger();
    assert!(ledger.iter().all(|call| !call.write));
    let mut calls: Vec<&str> = ledger.iter().map(|call| call.operation.as_str()).collect();
    calls.sort_unstable();
    assert_eq!(
        calls,
        [
            "AssumeRole",
            "AssumeRole",
            "DescribeAccessPoints",
            "DescribeFileSystems",
            "DescribeFileSystems",
            "GetCallerIdentity",
            "GetCallerIdentity",
            "GetCallerIdentity",
            "GetHostedZone",
            "ListResourceRecordSets",
            "ListSecrets",
        ]
    );
}

#[tokio::test]
async fn unknown_credentials_leave_the_rest_unchecked() {
    let backend = backend::sandbox_in(WORLD).await;
    let stranger = accounts(&backend, WORLD, Some("AKIASOMEONEELSE00000"));
    let told = told(&stranger, LIMIT).await;
    assert_eq!(
        told,
        [
            "credentials: fail, can't tell who these credentials are in AWS: InvalidClientTokenId: The security token included in the request is invalid (HTTP 403) | these credentials aren't known there: check AWS_PROFILE or the AWS_ variables",
            "role arn:aws:iam::222233334444:role/deploycenter: skipped, not checked: there are no credentials to assume it with",
            "role arn:aws:iam::444455556666:role/deploycenter-dns: skipped, not checked: there are no credentials to assume it with",
            "region eu-west-3: skipped, not checked: its role can't be assumed",
            "hosted-zone apps.example.com: skipped, not checked: its role can't be assumed",
        ]
    );
}

#[tokio::test]
async fn a_role_that_cannot_be_assumed_hides_nothing_of_another() {
    let text = WORLD.replace("222233334444:role/deploycenter", "222233334444:role/nobody");
    let told = in_world(&text).await;
    let role = line(&told, "role arn:aws:iam::222233334444");
    assert!(
        role.starts_with("role arn:aws:iam::222233334444:role/nobody: fail, can't assume the role arn:aws:iam::222233334444:role/nobody in account 222233334444: AccessDenied: ")
            && role.ends_with(" | check roleArn in regions.yaml, and that the role's trust policy names these credentials"),
        "{role}"
    );
    assert_eq!(
        line(&told, "region eu-west-3"),
        "region eu-west-3: skipped, not checked: its role can't be assumed"
    );
    assert_eq!(line(&told, "hosted-zone"), WELL[7]);
}

/// `validate` refuses an account that the role's ARN contradicts; this is what the account
/// itself says.
#[tokio::test]
async fn a_role_of_another_account_is_told() {
    let backend = backend::sandbox_in(WORLD).await;
    let mut accounts = accounts(&backend, WORLD, None);
    for region in accounts.regions.regions.values_mut() {
        region.account = "999988887777".to_owned();
    }
    let told = told(&accounts, LIMIT).await;
    assert_eq!(
        line(&told, "role arn:aws:iam::222233334444"),
        "role arn:aws:iam::222233334444:role/deploycenter: fail, acts in account 222233334444, where regions.yaml says 999988887777 | correct account or roleArn of eu-west-3 in regions.yaml"
    );
    assert_eq!(
        line(&told, "region eu-west-3"),
        "region eu-west-3: skipped, not checked: its role can't be assumed"
    );
}

#[tokio::test]
async fn what_is_not_where_regions_yaml_says_is_told() {
    let told = in_world(&WORLD.replace("Z04444444APPSEXAMPLE", "Z0999999999GONE")).await;
    assert_eq!(
        line(&told, "hosted-zone"),
        "hosted-zone apps.example.com: fail, can't read the zone in zone apps.example.com (Z0999999999GONE, account 444455556666): NoSuchHostedZone: No hosted zone found with ID: Z0999999999GONE (HTTP 404) | check the hosted zone's id, account and role in regions.yaml"
    );
    let told = in_world(&WORLD.replace("name: apps.example.com", "name: shop.example.com")).await;
    assert_eq!(
        line(&told, "hosted-zone"),
        "hosted-zone shop.example.com: fail, Z04444444APPSEXAMPLE is the zone of apps.example.com | correct the id of shop.example.com in regions.yaml"
    );
    let told = in_world(&WORLD.replace("fs-0c3000000000004e3", "fs-0c3000000000009f9")).await;
    assert_eq!(
        line(&told, "file-system"),
        "file-system eu-west-3/shared: fail, there is no file system fs-0c3000000000009f9 in eu-west-3 (account 222233334444) | correct fileSystemId of storage class shared in eu-west-3 of regions.yaml"
    );
}

#[tokio::test]
async fn a_silent_service_and_an_absent_one_hold_nobody_up() {
    let backend = backend::sandbox_in(WORLD).await;
    backend.sandbox.as_ref().unwrap().set_faults(vec![Fault {
        service: Some("secretsmanager".to_owned()),
        operation: None,
        subject: None,
        write: None,
        after: 0,
        times: None,
        effect: Effect::DelayMs(60_000),
    }]);
    let silent = accounts(&backend, WORLD, None);
    let told = told(&silent, Duration::from_secs(2)).await;
    assert_eq!(
        line(&told, "secrets"),
        "secrets eu-west-3: fail, secretsmanager gave no answer within 2 s, in eu-west-3 (account 222233334444) | check AWS_ENDPOINT_URL, the proxy, and that nothing on the way drops the connection"
    );
    assert_eq!(line(&told, "efs"), WELL[3]);

    let dead = Accounts {
        aws: Backend::aws_at("http://127.0.0.1:9"),
        regions: regions(WORLD),
    };
    let told = self::told(&dead, LIMIT).await;
    assert!(
        told[0].starts_with("credentials: fail, can't tell who these credentials are in AWS: "),
        "{told:#?}"
    );
    assert!(
        told[0].ends_with(
            " | check AWS_ENDPOINT_URL, the proxy, and that nothing on the way drops the connection"
        ),
        "{told:#?}"
    );
    assert_eq!(told.len(), 5);
}
