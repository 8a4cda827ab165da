//! Credentials, ledger, faults, restarts.

use std::time::{Duration, Instant};

use deploycenter_sandbox::{LedgerEntry, Sandbox, SandboxClock, StartError};
use serde_json::json;

use crate::support::{Client, DNS_ROLE, OTHER_ROLE, ROLE, config, faults, sandbox};

const TOKEN: &str = "00000000-0000-0000-0000-000000000001";

#[tokio::test]
async fn each_service_refuses_unknown_credentials_with_its_own_error() {
    let sandbox = sandbox().await;
    let good = Client::of(&sandbox, ROLE).await;
    let unknown = good.with_key("AKIAUNKNOWN", None);
    let wrong_token = good.with_key(good.access_key(), Some("wrong"));
    for client in [unknown, wrong_token] {
        let answer = client.efs("GET", "file-systems", json!(null)).await;
        assert_eq!(
            (answer.status, &*answer.error_type),
            (403, "UnrecognizedClientException")
        );
        let answer = client.route53("GET", "hostedzone", "").await;
        assert_eq!(
            (answer.status, answer.element("Code")),
            (403, "InvalidClientTokenId")
        );
        let answer = client.secrets("ListSecrets", json!({})).await;
        assert_eq!(
            (answer.status, answer.json()["__type"].clone()),
            (400, json!("UnrecognizedClientException"))
        );
        let answer = client.sts("Action=GetCallerIdentity").await;
        assert_eq!(
            (answer.status, answer.element("Code")),
            (403, "InvalidClientTokenId")
        );
    }
    let bare = reqwest::Client::new();
    let unsigned =
        Client::send(bare.get(format!("{}2015-02-01/file-systems", sandbox.aws_url()))).await;
    assert_eq!(unsigned.error_type, "MissingAuthenticationTokenException");
    let wrong_service = Client::send(good.request("s3", "GET", "/2015-02-01/file-systems")).await;
    assert_eq!(wrong_service.error_type, "InvalidSignatureException");
    assert!(
        wrong_service.text.contains("elasticfilesystem"),
        "{wrong_service:?}"
    );
}

#[tokio::test]
async fn the_administrator_reads_every_account_and_writes_none() {
    let sandbox = sandbox().await;
    for role in [ROLE, OTHER_ROLE] {
        let client = Client::of(&sandbox, role).await;
        let made = client
            .efs("POST", "file-systems", json!({ "CreationToken": "one" }))
            .await;
        assert_eq!(made.status, 201, "{made:?}");
        // A session sees its own account's only: 111122223333 also has the operator's.
        let own = client.efs_get("file-systems").await["FileSystems"]
            .as_array()
            .unwrap()
            .len();
        assert_eq!(own, if role == ROLE { 2 } else { 1 });
    }
    let administrator = Client::administrator(&sandbox);
    let all = administrator.efs_get("file-systems").await;
    assert_eq!(all["FileSystems"].as_array().unwrap().len(), 3);

    let refused = administrator
        .efs("POST", "file-systems", json!({ "CreationToken": "two" }))
        .await;
    assert_eq!(
        (refused.status, &*refused.error_type),
        (403, "AccessDeniedException")
    );
    assert!(
        refused.text.contains(ROLE) && refused.text.contains(OTHER_ROLE),
        "{refused:?}"
    );
    assert!(!refused.text.contains(DNS_ROLE), "{refused:?}");
    let refused = administrator
        .secrets(
            "CreateSecret",
            json!({ "Name": "a", "ClientRequestToken": TOKEN, "SecretString": "s" }),
        )
        .await;
    assert_eq!(refused.json()["__type"], "AccessDeniedException");
    let refused = administrator
        .route53("POST", "hostedzone/Z04444444APPSEXAMPLE/rrset/", "")
        .await;
    assert_eq!(refused.element("Code"), "AccessDenied");
    assert!(refused.text.contains(DNS_ROLE), "{refused:?}");
}

#[tokio::test]
async fn a_session_ends_where_time_is_real_only() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    sandbox.advance(24 * 3_600 * 1_000);
    client.efs_get("file-systems").await;
}

#[tokio::test]
async fn the_ledger_names_calls_and_holds_no_secret() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    client
        .secrets(
            "CreateSecret",
            json!({ "Name": "acme/db", "ClientRequestToken": TOKEN, "SecretString": "hunter2-value" }),
        )
        .await;
    Client::send(client.request("elasticfilesystem", "PATCH", "/2015-02-01/nothing")).await;
    let ledger = sandbox.ledger();
    let expected = |seq, service: &str, operation: &str, subject: &str, status| LedgerEntry {
        seq,
        at: deploycenter_sandbox::STEPPED_START + seq * crate::support::STEP,
        service: service.to_owned(),
        operation: operation.to_owned(),
        account: Some("111122223333".to_owned()),
        region: Some("us-west-2".to_owned()),
        subject: subject.to_owned(),
        write: service != "sts",
        status: Some(status),
        fault: None,
    };
    let mut assumed = expected(1, "sts", "AssumeRole", ROLE, 200);
    assumed.account = None;
    assert_eq!(
        ledger,
        [
            assumed,
            expected(2, "secretsmanager", "CreateSecret", "acme/db", 200),
            expected(3, "unknown", "PATCH /2015-02-01/nothing", "", 404),
        ]
    );
    assert!(!serde_json::to_string(&ledger).unwrap().contains("hunter2"));
}

#[tokio::test]
async fn faults_answer_in_each_protocols_shape() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    let error = json!({ "error": { "status": 503, "code": "Busy", "message": "later <now>", "retryAfter": 7 } });
    sandbox.set_faults(faults(json!([{ "effect": error }])));
    let answer = client
        .efs("POST", "file-systems", json!({ "CreationToken": "x" }))
        .await;
    assert_eq!(
        (answer.status, &*answer.error_type, &*answer.retry_after),
        (503, "Busy", "7")
    );
    assert_eq!(answer.json()["Message"], "later <now>");
    let answer = client.route53("GET", "hostedzone", "").await;
    assert_eq!((answer.status, answer.element("Code")), (503, "Busy"));
    assert_eq!(answer.element("Message"), "later &lt;now&gt;");
    let answer = client.secrets("ListSecrets", json!({})).await;
    assert_eq!(
        (answer.status, answer.json()["__type"].clone()),
        (503, json!("Busy"))
    );
    let answer = client.sts("Action=GetCallerIdentity").await;
    assert_eq!((answer.status, answer.element("Type")), (503, "Receiver"));
    let argocd = Client::send(
        reqwest::Client::new().get(format!("{}api/v1/applications", sandbox.argocd_url())),
    )
    .await;
    assert_eq!(
        (argocd.status, argocd.json()["message"].clone()),
        (503, json!("later <now>"))
    );
    assert!(
        sandbox
            .ledger()
            .iter()
            .skip(1)
            .all(|entry| entry.fault.as_deref() == Some("error 503 Busy"))
    );

    sandbox.set_faults(Vec::new());
    let systems = client.efs_get("file-systems?CreationToken=x").await;
    assert_eq!(
        systems["FileSystems"],
        json!([]),
        "a call that an error hit isn't done"
    );
}

#[tokio::test]
async fn a_dropped_connection_is_before_or_after_the_deed() {
    let sandbox = sandbox().await;
    let client = Client::of(&sandbox, ROLE).await;
    for (when, done) in [("before", 0), ("after", 1)] {
        sandbox.set_faults(faults(json!([
            { "service": "efs", "operation": "CreateFileSystem", "times": 1, "effect": { "drop": when } }
        ])));
        let create = client
            .request("elasticfilesystem", "POST", "/2015-02-01/file-systems")
            .body(json!({ "CreationToken": when }).to_string());
        assert!(create.send().await.is_err(), "{when}");
        let list = client
            .efs_get(&format!("file-systems?CreationToken={when}"))
            .await;
        assert_eq!(
            list["FileSystems"].as_array().unwrap().len(),
            done,
            "{when}"
        );
    }
    let dropped: Vec<_> = sandbox
        .ledger()
        .into_iter()
        .filter(|entry| entry.fault.is_some())
        .map(|entry| (entry.fault.unwrap(), entry.status))
        .collect();
    assert_eq!(
        dropped,
        [
            ("drop before".to_owned(), None),
            ("drop after".to_owned(), None)
        ]
    );
}

#[tokio::test]
async fn latency_and_delays_slow_calls() {
    let mut slow = config(None);
    slow.latency = Duration::from_millis(40);
    slow.faults = faults(json!([{ "service": "efs", "effect": { "delayMs": 60 } }]));
    let sandbox = Sandbox::start(slow).await.unwrap();
    let started = Instant::now();
    let client = Client::of(&sandbox, ROLE).await;
    assert!(started.elapsed() >= Duration::from_millis(40));
    let started = Instant::now();
    client.efs_get("file-systems").await;
    assert!(started.elapsed() >= Duration::from_millis(100));
}

#[tokio::test]
async fn a_call_is_done_even_when_its_client_goes_away() {
    let mut slow = config(None);
    slow.faults = faults(
        json!([{ "service": "efs", "operation": "CreateFileSystem", "effect": { "delayMs": 300 } }]),
    );
    let sandbox = Sandbox::start(slow).await.unwrap();
    let client = Client::of(&sandbox, ROLE).await;
    let create = client
        .request("elasticfilesystem", "POST", "/2015-02-01/file-systems")
        .body(json!({ "CreationToken": "left" }).to_string());
    let sending = tokio::spawn(create.send());
    let entry = |sandbox: &Sandbox| {
        sandbox
            .ledger()
            .into_iter()
            .find(|entry| entry.subject == "left")
    };
    while entry(&sandbox).is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    sending.abort();
    assert_eq!(
        entry(&sandbox).unwrap().status,
        None,
        "it is still under way"
    );
    while entry(&sandbox).unwrap().status.is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let list = client.efs_get("file-systems?CreationToken=left").await;
    assert_eq!(list["FileSystems"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn state_ledger_ports_and_time_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(config(Some(dir.path()))).await.unwrap();
    let client = Client::of(&sandbox, ROLE).await;
    client
        .efs("POST", "file-systems", json!({ "CreationToken": "kept" }))
        .await;
    client
        .secrets(
            "CreateSecret",
            json!({ "Name": "kept", "ClientRequestToken": TOKEN, "SecretString": "v" }),
        )
        .await;
    let dns = Client::of(&sandbox, DNS_ROLE).await;
    let zone = dns
        .route53("GET", "hostedzone/Z04444444APPSEXAMPLE/rrset", "")
        .await;
    let (snapshot, ledger, now) = (sandbox.snapshot(), sandbox.ledger(), sandbox.now());
    let urls = (sandbox.aws_url(), sandbox.argocd_url());
    sandbox.stop().await;

    let sandbox = Sandbox::start(config(Some(dir.path()))).await.unwrap();
    assert_eq!((sandbox.aws_url(), sandbox.argocd_url()), urls);
    assert_eq!(sandbox.snapshot(), snapshot);
    assert_eq!(sandbox.ledger(), ledger);
    assert_eq!(sandbox.now(), now);
    // Sessions live on, too.
    let list = client.efs_get("file-systems?CreationToken=kept").await;
    assert_eq!(list["FileSystems"].as_array().unwrap().len(), 1);
    let again = dns
        .route53("GET", "hostedzone/Z04444444APPSEXAMPLE/rrset", "")
        .await;
    assert_eq!(again.text, zone.text);
    assert_eq!(
        sandbox.ledger().last().unwrap().seq,
        ledger.last().unwrap().seq + 2
    );
}

#[tokio::test]
async fn what_was_answered_is_saved_before_the_answer() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(config(Some(dir.path()))).await.unwrap();
    let client = Client::of(&sandbox, ROLE).await;
    client
        .efs("POST", "file-systems", json!({ "CreationToken": "kept" }))
        .await;
    // As if the process were killed: no stop.
    let saved = std::fs::read_to_string(dir.path().join("aws.json")).unwrap();
    assert!(saved.contains("\"creationToken\":\"kept\""), "{saved}");
}

#[tokio::test]
async fn a_directory_serves_one_sandbox_and_a_broken_state_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::start(config(Some(dir.path()))).await.unwrap();
    let second = Sandbox::start(config(Some(dir.path()))).await;
    assert!(matches!(second, Err(StartError::InUse { .. })));
    sandbox.stop().await;
    std::fs::write(dir.path().join("aws.json"), "{").unwrap();
    let broken = Sandbox::start(config(Some(dir.path())))
        .await
        .err()
        .unwrap();
    assert!(broken.to_string().contains("aws.json"), "{broken}");
}

#[tokio::test]
async fn route53_throttles_in_real_time() {
    let mut real = config(None);
    real.clock = SandboxClock::Real;
    let sandbox = Sandbox::start(real).await.unwrap();
    let client = Client::of(&sandbox, DNS_ROLE).await;
    let mut codes = Vec::new();
    for _ in 0..40 {
        let answer = client.route53("GET", "hostedzone", "").await;
        if answer.status != 200 {
            codes.push((answer.status, answer.element("Code").to_owned()));
        }
    }
    assert!(
        !codes.is_empty(),
        "40 calls at once are more than the burst"
    );
    assert!(
        codes
            .iter()
            .all(|code| *code == (400, "Throttling".to_owned())),
        "{codes:?}"
    );
}
