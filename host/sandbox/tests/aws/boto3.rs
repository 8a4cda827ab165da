use std::path::Path;
use std::process::{Command, Output};

use deploycenter_sandbox::{ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox, SandboxClock};

use crate::support::config;

/// Set where boto3 has to be there, so that the test can't be passed over by mistake.
const REQUIRED: &str = "DEPLOYCENTER_TEST_BOTO3";

fn python(arguments: &[&str], url: &str) -> Option<Output> {
    Command::new("python3")
        .args(arguments)
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID)
        .env("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY)
        .env("AWS_DEFAULT_REGION", "us-west-2")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .env("NO_PROXY", "127.0.0.1")
        .output()
        .ok()
}

/// Time is real here: boto3's waiters and retries are part of what is tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn boto3_takes_the_stand_ins_for_aws() {
    let mut real = config(None);
    real.clock = SandboxClock::Real;
    let sandbox = Sandbox::start(real).await.unwrap();
    let url = sandbox.aws_url().to_string();
    let there = python(&["-c", "import boto3"], &url).is_some_and(|output| output.status.success());
    if !there {
        assert!(
            std::env::var_os(REQUIRED).is_none(),
            "python3 with boto3 is missing"
        );
        eprintln!("passed over: python3 with boto3 isn't here");
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/aws/smoke.py");
    let output = tokio::task::spawn_blocking(move || python(&[script.to_str().unwrap()], &url))
        .await
        .unwrap()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(said.trim(), "all as with AWS");
}
