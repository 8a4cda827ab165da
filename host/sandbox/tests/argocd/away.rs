//! An argocd-server that takes no connections for a while, over real sockets.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use deploycenter_sandbox::{Effect, Fault, Sandbox, SandboxClock, SandboxConfig, World, argocd};

fn away(operation: &str, millis: u64) -> Fault {
    Fault {
        service: Some("argocd".to_owned()),
        operation: Some(operation.to_owned()),
        subject: None,
        write: None,
        after: 1,
        times: Some(1),
        effect: Effect::AwayMs(millis),
    }
}

#[tokio::test]
async fn connections_are_refused_for_a_time_that_passes_with_them() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sandbox = Sandbox::start(SandboxConfig {
        dir: None,
        clock: SandboxClock::Stepped {
            millis_per_request: 100,
        },
        latency: Duration::ZERO,
        faults: vec![away("GetVersion", 60_000)],
        world: World::default(),
        aws_port: 0,
        argocd_port: 0,
        argocd: argocd::Config::default(),
    })
    .await
    .unwrap();
    let url = sandbox.argocd_url().join("/api/version").unwrap();
    let client = reqwest::Client::new();
    let ask = async || {
        client
            .get(url.clone())
            .send()
            .await
            .map(|it| it.status().as_u16())
    };
    assert_eq!(ask().await.unwrap(), 200);
    let left = sandbox.now();
    let mut refused = 0;
    while ask().await.is_err() {
        refused += 1;
        assert!(refused < 200, "it never comes back");
    }
    let gone = sandbox.now() - left;
    assert!((60_000..62_000).contains(&gone), "{gone} ms");
    assert!(refused >= 30, "{refused} refused");
    assert_eq!(ask().await.unwrap(), 200, "only once");
    sandbox.argocd_away(7_000);
    assert!(ask().await.is_err(), "at a moment, too");
    sandbox.advance(7_000);
    assert_eq!(ask().await.unwrap(), 200);
    let entries = sandbox.ledger();
    assert_eq!(
        entries.len(),
        5,
        "what is refused isn't a call: {entries:?}"
    );
    sandbox.stop().await;
}
