//! What the sagas are about: one instance, deployed and then updated.

use std::sync::Arc;

use deploycenter_domain::journal::Status;
use deploycenter_domain::plan::Plan;
use deploycenter_domain::selector::Selection;
use deploycenter_engine::{
    CancellationToken, Engine, Outcome, PlanError, PlanOptions, Refusal, ResumeScope,
};
use deploycenter_ports::CommitContext;
use deploycenter_sandbox::argocd::Sickness;
use deploycenter_testkit::customers::ACME;
use deploycenter_testkit::{Gate, Life, World};
use futures::future::BoxFuture;

/// The same with other values, another weight of its record and another size.
const UPDATED: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, weight: 50, values: { maxUsers: 200 } }
";

/// A world that is about to deploy for the first time.
pub(crate) fn before_deploy() -> World {
    World::new(ACME).unwrap()
}

/// A world with a deployed instance that is about to change.
pub(crate) fn before_update() -> World {
    let world = World::new(ACME).unwrap();
    deployed(&world);
    world.write("customers.yaml", UPDATED).unwrap();
    world
}

/// What a process comes for.
pub(crate) type Work = fn(Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>>;

/// Who works here.
pub(crate) const ACTOR: &str = "Tester <tester@example.com>";

/// Runs a plan that was made.
pub(crate) async fn carried_out(engine: &Engine, plan: Plan) -> Vec<Outcome> {
    let commit = CommitContext {
        actor: ACTOR.to_owned(),
        main_commit: None,
    };
    engine
        .deploy(plan.targets, &commit, &CancellationToken::new())
        .await
        .unwrap()
}

/// A run of `apply`: what was left is ended first, then everything is planned and applied.
pub(crate) fn apply(engine: Engine) -> BoxFuture<'static, Result<Vec<Outcome>, PlanError>> {
    Box::pin(applied(engine))
}

async fn applied(engine: Engine) -> Result<Vec<Outcome>, PlanError> {
    let cancel = CancellationToken::new();
    let mut outcomes = engine
        .resume(ResumeScope::Interrupted, |_| true, &cancel)
        .await
        .unwrap();
    let planned = engine
        .plan(&Selection::default(), &PlanOptions::default())
        .await?;
    assert_eq!(planned.blocked, [], "left out");
    outcomes.extend(carried_out(&engine, planned.plan).await);
    Ok(outcomes)
}

/// A run of `resume`.
async fn resume(engine: Engine) -> Vec<Outcome> {
    engine
        .resume(ResumeScope::All, |_| true, &CancellationToken::new())
        .await
        .unwrap()
}

/// One life that nothing ends.
pub(crate) fn undying<T: Send>(world: &World, work: impl AsyncFnOnce(Engine) -> T) -> T {
    match world.live(&Arc::new(Gate::new(None)), work).unwrap() {
        Life::Lived(done) => done,
        Life::Died => unreachable!("nothing ends this life"),
    }
}

/// Runs `apply`, however it goes.
pub(crate) fn tried(world: &World) -> Result<Vec<Outcome>, PlanError> {
    undying(world, apply)
}

/// What a plan leaves out; nothing was written for it.
pub(crate) fn left_out(world: &World) -> Vec<Refusal> {
    let (began, before) = (world.sandbox().ledger().len(), world.inventory().unwrap());
    let planned = undying(world, async |engine| {
        engine
            .plan(&Selection::default(), &PlanOptions::default())
            .await
            .unwrap()
    });
    assert!(world.inventory().unwrap() == before);
    assert!(
        world.sandbox().ledger()[began..]
            .iter()
            .all(|entry| !entry.write)
    );
    planned.blocked
}

/// Runs `resume`.
pub(crate) fn resumed(world: &World) -> Vec<Outcome> {
    undying(world, resume)
}

/// Runs `apply` and wants everything to succeed.
pub(crate) fn deployed(world: &World) {
    for outcome in tried(world).unwrap() {
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
    }
}

/// Makes the workload's pods sick while its revision holds a text.
pub(crate) fn sicken(world: &World, only_while: &str) {
    world.sandbox().with_argocd(|argocd, _| {
        argocd.sicken(
            "acme--mattermost",
            Sickness {
                reason: "CrashLoopBackOff".to_owned(),
                message: "the database hides".to_owned(),
                only_revision_containing: Some(only_while.to_owned()),
            },
        );
    });
}
