//! A deployment repo of two customers, and what its tools say of a file in it.

use std::sync::Arc;

use deploycenter_domain::desired;
use deploycenter_domain::digest::Digest;
use deploycenter_engine::{Engine, PlanError, PlanOptions};
use deploycenter_ports::CheckCache;
use deploycenter_testkit::{Gate, Life, World};

/// The attacker is acme; rivoli is the neighbour.
const CUSTOMERS: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com }
  - name: rivoli
    region: us-west-2
    apps:
      - { app: moodle, domain: learn.rivoli.apps.example.com }
";

/// Where the attacks stand.
pub(crate) const OVERRIDE: &str = "overrides/mattermost/templates/dependencies/x.yaml";

/// A world whose repo is sound.
pub(crate) fn world() -> World {
    World::new(CUSTOMERS).unwrap()
}

/// Works in a world with an engine that nothing kills.
pub(crate) fn within<T: Send>(world: &World, work: impl AsyncFnOnce(Engine) -> T) -> T {
    match world.live(&Arc::new(Gate::new(None)), work).unwrap() {
        Life::Lived(done) => done,
        Life::Died => panic!("nothing kills it"),
    }
}

/// A file of the checkout, uncommitted.
pub(crate) fn put(world: &World, path: &str, text: &str) {
    let path = world.checkout().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// What `validate` says, each problem a line.
pub(crate) async fn validated(engine: &Engine) -> Vec<String> {
    let reading = desired::read_all(&engine.repository.desired_files().await.unwrap());
    let checked = engine
        .offline()
        .validate(reading, Arc::new(Forgetful))
        .await;
    problems(checked.err())
}

/// What `plan` says.
pub(crate) async fn planned(engine: &Engine) -> Vec<String> {
    let planned = engine
        .plan(&Default::default(), &PlanOptions::default())
        .await;
    problems(planned.err())
}

fn problems(error: Option<PlanError>) -> Vec<String> {
    match error {
        None => Vec::new(),
        Some(PlanError::Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
        Some(error) => vec![error.to_string()],
    }
}

/// Remembers nothing.
#[derive(Debug)]
struct Forgetful;

impl CheckCache for Forgetful {
    fn sound(&self, _: &Digest) -> Option<Vec<String>> {
        None
    }
    fn keep(&self, _: Digest, _: &[String]) {}
    fn close(&self) {}
}
