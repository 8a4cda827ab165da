//! What the contract is tested against: the sandbox's stand-ins, and moto.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deploycenter_aws::{Aws, Fixed, Places, RegionPlace, ZonePlace};
use deploycenter_ports::{Call, Calls, Clock, Phase};
use deploycenter_sandbox::{
    ACCESS_KEY_ID, SECRET_ACCESS_KEY, Sandbox, SandboxClock, SandboxConfig, World,
};
use serde_json::Value;

/// One service to test against, as a test finds it.
pub(crate) struct Backend {
    places: Places,
    fixed: Fixed,
    pub(crate) calls: Arc<Recorder>,
    pub(crate) region: &'static str,
    pub(crate) subnets: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) zone: String,
    /// Only where faults can be injected and services are as strict as AWS.
    pub(crate) sandbox: Option<Sandbox>,
}

impl Backend {
    /// A new process: no client, no session.
    pub(crate) fn aws(&self) -> Aws {
        let calls: Arc<dyn Calls> = self.calls.clone();
        Aws::fixed(
            self.places.clone(),
            Arc::new(Impatient),
            calls,
            self.fixed.clone(),
        )
    }

    /// One region without a role, at another endpoint.
    pub(crate) fn aws_at(endpoint: &str) -> Aws {
        let mut places = places("", "", "Z1");
        for place in places.regions.values_mut() {
            place.role_arn = None;
        }
        let fixed = fixed(endpoint, ("key", "secret"));
        Aws::fixed(
            places,
            Arc::new(Impatient),
            Arc::new(Recorder::default()),
            fixed,
        )
    }

    /// The same, with other keys.
    pub(crate) fn aws_as(&self, access_key_id: &str) -> Aws {
        let fixed = Fixed {
            access_key_id: access_key_id.to_owned(),
            ..self.fixed.clone()
        };
        Aws::fixed(
            self.places.clone(),
            Arc::new(Impatient),
            Arc::new(Recorder::default()),
            fixed,
        )
    }

    /// The same, with another role in the region.
    pub(crate) fn aws_with_role(&self, arn: &str) -> Aws {
        let mut places = self.places.clone();
        for place in places.regions.values_mut() {
            place.role_arn = Some(arn.to_owned());
        }
        Aws::fixed(
            places,
            Arc::new(Impatient),
            Arc::new(Recorder::default()),
            self.fixed.clone(),
        )
    }

    /// Of those places, and with those keys where they aren't the usual ones.
    pub(crate) fn aws_of(&self, places: Places, access_key_id: Option<&str>) -> Aws {
        let mut fixed = self.fixed.clone();
        if let Some(key) = access_key_id {
            key.clone_into(&mut fixed.access_key_id);
        }
        let calls: Arc<dyn Calls> = self.calls.clone();
        Aws::fixed(places, Arc::new(Impatient), calls, fixed)
    }

    /// Where the services are.
    pub(crate) fn endpoint(&self) -> &str {
        &self.fixed.endpoint
    }
}

const WORLD: &str = r#"
version: 1
hostedZones:
  - { name: apps.example.com, id: Z04444444APPSEXAMPLE, account: "444455556666", roleArn: "arn:aws:iam::444455556666:role/deploycenter-dns" }
regions:
  eu-west-3:
    account: "222233334444"
    roleArn: arn:aws:iam::222233334444:role/deploycenter
    efs: { subnets: [subnet-0c30000000000a, subnet-0c30000000000b], securityGroups: [sg-0c30000000000e, sg-0c30000000000f] }
"#;

/// The stand-ins, of this test alone, in a time that moves with requests.
pub(crate) async fn sandbox() -> Option<Backend> {
    Some(sandbox_in(WORLD).await)
}

/// The same, of another world.
pub(crate) async fn sandbox_in(world: &str) -> Backend {
    let config = SandboxConfig {
        dir: None,
        clock: SandboxClock::Stepped {
            millis_per_request: 100,
        },
        latency: Duration::ZERO,
        faults: Vec::new(),
        world: World::from_regions_yaml(world).expect("the world is sound"),
        aws_port: 0,
        argocd_port: 0,
        argocd: deploycenter_sandbox::argocd::Config::default(),
    };
    let sandbox = Sandbox::start(config).await.expect("the sandbox starts");
    let keys = (ACCESS_KEY_ID, SECRET_ACCESS_KEY);
    Backend {
        places: places(
            "arn:aws:iam::222233334444:role/deploycenter",
            "arn:aws:iam::444455556666:role/deploycenter-dns",
            "Z04444444APPSEXAMPLE",
        ),
        fixed: fixed(sandbox.aws_url().as_str(), keys),
        calls: Arc::default(),
        region: "eu-west-3",
        subnets: vec![
            "subnet-0c30000000000a".into(),
            "subnet-0c30000000000b".into(),
        ],
        groups: vec!["sg-0c30000000000e".into(), "sg-0c30000000000f".into()],
        zone: "Z04444444APPSEXAMPLE".into(),
        sandbox: Some(sandbox),
    }
}

/// moto, one server for all tests of this process; none when it isn't installed.
pub(crate) async fn moto() -> Option<Backend> {
    let world = MOTO.as_ref()?;
    let world = &world.world;
    let text = |key: &str| {
        world[key]
            .as_str()
            .expect("serve_moto.py says so")
            .to_owned()
    };
    let texts = |key: &str| {
        let all = world[key].as_array().expect("serve_moto.py says so").iter();
        all.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Some(Backend {
        places: places(&text("role"), &text("dnsRole"), &text("zone")),
        fixed: fixed(&text("endpoint"), ("test", "test")),
        calls: Arc::default(),
        region: "eu-west-3",
        subnets: texts("subnets"),
        groups: texts("groups"),
        zone: text("zone"),
        sandbox: None,
    })
}

struct Moto {
    world: Value,
    /// Ends when this process does: its standard input ends then.
    _server: Child,
}

static MOTO: LazyLock<Option<Moto>> = LazyLock::new(|| {
    let moto = start_moto();
    if moto.is_none() {
        // Straight to the terminal: what a passing test prints is kept from view.
        let text = "SKIPPED: moto doesn't run here (pip install 'moto[server]==5.2.5')\n";
        std::io::stderr()
            .write_all(text.as_bytes())
            .expect("there is a standard error");
        assert!(std::env::var_os("CI").is_none(), "moto must run in CI");
    }
    moto
});

fn start_moto() -> Option<Moto> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/contract/serve_moto.py");
    let mut command = Command::new("python3");
    command
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut server = command.spawn().ok()?;
    let mut line = String::new();
    BufReader::new(server.stdout.take()?)
        .read_line(&mut line)
        .ok()?;
    Some(Moto {
        world: serde_json::from_str(&line).ok()?,
        _server: server,
    })
}

fn fixed(endpoint: &str, (access_key_id, secret_access_key): (&str, &str)) -> Fixed {
    Fixed {
        endpoint: endpoint.trim_end_matches('/').to_owned(),
        access_key_id: access_key_id.to_owned(),
        secret_access_key: secret_access_key.to_owned(),
    }
}

fn places(role: &str, dns_role: &str, zone: &str) -> Places {
    let region = RegionPlace {
        aws_region: "eu-west-3".into(),
        account: "222233334444".into(),
        role_arn: Some(role.to_owned()),
    };
    let zone_place = ZonePlace {
        name: "apps.example.com".into(),
        account: "444455556666".into(),
        role_arn: Some(dns_role.to_owned()),
    };
    Places {
        regions: BTreeMap::from([("eu-west-3".parse().expect("a region"), region)]),
        zones: BTreeMap::from([(zone.to_owned(), zone_place)]),
    }
}

/// A clock that doesn't wait.
#[derive(Debug)]
struct Impatient;

#[async_trait]
impl Clock for Impatient {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }

    async fn sleep(&self, _duration: Duration) {
        tokio::task::yield_now().await;
    }
}

/// Writes calls down.
#[derive(Debug, Default)]
pub(crate) struct Recorder(Mutex<Vec<(Call, Phase)>>);

impl Recorder {
    /// What was called since the last time, in the order in which it began.
    pub(crate) fn take(&self) -> Vec<String> {
        let all = std::mem::take(&mut *self.0.lock().expect("nobody panics with it"));
        let at = |wanted: Phase| {
            let some = all.iter().filter(|(_, phase)| *phase == wanted);
            some.map(|(call, _)| call.operation.clone())
                .collect::<Vec<_>>()
        };
        let count = |calls: Vec<String>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for call in calls {
                *counts.entry(call).or_default() += 1;
            }
            counts
        };
        assert_eq!(
            count(at(Phase::Before)),
            count(at(Phase::Sent)),
            "each call passes each phase"
        );
        assert_eq!(count(at(Phase::Before)), count(at(Phase::Replied)));
        at(Phase::Before)
    }
}

#[async_trait]
impl Calls for Recorder {
    async fn at(&self, call: &Call, phase: Phase) {
        self.0
            .lock()
            .expect("nobody panics with it")
            .push((call.clone(), phase));
    }
}
