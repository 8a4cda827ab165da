//! One process, many runs, as a server lives: each sees the world as it is then, whatever
//! earlier ones saw, and what fails one of them fails no other.

use std::cell::Cell;
use std::sync::Arc;

use deploycenter_domain::name::TargetId;
use deploycenter_domain::selector::{Selection, Selector};
use deploycenter_engine::workflow::{self, ApplyRequest};
use deploycenter_engine::{
    CancellationToken, Engine, Limits, Outcome, PlanError, PlanOptions, Planned, RefusalCode,
};
use deploycenter_ports::Unwatched;
use deploycenter_sandbox::{Effect, Fault, InjectedError};
use deploycenter_testkit::World;

use crate::hands::{HANDS, Hand};
use crate::hold::all_well;
use crate::scene::ACTOR;

/// Two customers who share every list.
const CUSTOMERS: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
  - name: rivoli
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.rivoli.apps.example.com, values: { maxUsers: 100 } }
";

/// Every list that a plan reads of AWS and of Argo CD.
const LISTS: [(&str, &str); 6] = [
    ("efs", "DescribeFileSystems"),
    ("efs", "DescribeAccessPoints"),
    ("route53", "ListResourceRecordSets"),
    ("secretsmanager", "ListSecrets"),
    ("argocd", "ListApplications"),
    ("argocd", "ListProjects"),
];

/// The process: an engine that lives for all runs, and how many there were.
struct Process<'w> {
    world: &'w World,
    engine: Engine,
    runs: Cell<usize>,
}

impl Process<'_> {
    /// So many plans of everything, at once.
    async fn plans(&self, many: usize) -> Vec<Result<Planned, PlanError>> {
        self.runs.set(self.runs.get() + many);
        let tasks: Vec<_> = (0..many)
            .map(|_| {
                let engine = self.engine.clone();
                let (all, options) = (Selection::default(), PlanOptions::default());
                tokio::spawn(async move { engine.plan(&all, &options).await })
            })
            .collect();
        let mut plans = Vec::new();
        for task in tasks {
            plans.push(task.await.unwrap());
        }
        plans
    }

    /// Nothing is left to do, and nothing is in the way.
    #[track_caller]
    fn settled(&self, plans: Vec<Result<Planned, PlanError>>) {
        for planned in plans {
            let planned = planned.unwrap();
            assert_eq!(planned.blocked, []);
            assert!(!planned.plan.has_changes(), "{:?}", planned.plan.summary);
        }
    }

    /// One `apply` for each selection, at once.
    async fn applies(&self, selections: &[&str], reclaim: bool) {
        self.runs.set(self.runs.get() + selections.len());
        let tasks: Vec<_> = selections
            .iter()
            .map(|selection| {
                let engine = self.engine.clone();
                let selectors = vec![Selector::parse(selection).unwrap()];
                let request = ApplyRequest {
                    selection: Selection {
                        selectors,
                        ..Selection::default()
                    },
                    reclaim,
                    all_or_nothing: true,
                    ..ApplyRequest::default()
                };
                tokio::spawn(async move { applied(&engine, &request).await })
            })
            .collect();
        for task in tasks {
            all_well(&task.await.unwrap());
        }
    }

    /// How often a list has been asked for.
    fn asked(&self, operation: &str) -> usize {
        let ledger = self.world.sandbox().ledger();
        let calls = ledger.iter();
        calls.filter(|call| call.operation == operation).count()
    }
}

async fn applied(engine: &Engine, request: &ApplyRequest) -> Vec<Outcome> {
    let cancel = CancellationToken::new();
    let (prepared, _) = workflow::apply(engine, request, &cancel).await.unwrap();
    let ran = prepared.run(engine, ACTOR.to_owned(), &cancel).await;
    ran.unwrap()
}

#[test]
fn fifty_runs_of_one_process_see_the_world_as_it_is_then() {
    let world = World::new(CUSTOMERS).unwrap();
    let runs = world
        .work(Arc::new(Unwatched), Limits::default(), async |engine| {
            let process = Process {
                world: &world,
                engine,
                runs: Cell::new(0),
            };
            process.applies(&["acme", "rivoli"], false).await;
            process.settled(process.plans(3).await);
            for hand in HANDS.iter().filter(|hand| !hand.loses_files()) {
                changed_by(&process, hand).await;
            }
            main_moves_on(&process).await;
            another_pushes_a_branch(&process).await;
            for (service, operation) in LISTS {
                fails_once(&process, service, operation).await;
            }
            the_remote_is_gone_for_a_while(&process).await;
            // What is lost with this one no plan brings back, so it comes last.
            let lost = HANDS.iter().find(|hand| hand.loses_files()).unwrap();
            seen_by_all(&process, lost).await;
            process.runs.get()
        })
        .unwrap();
    assert!(runs >= 50, "{runs} runs");
}

/// Someone changes something: every run from then on says so, until one puts it back.
async fn changed_by(process: &Process<'_>, hand: &Hand) {
    seen_by_all(process, hand).await;
    process.applies(&["acme"], true).await;
    process.settled(process.plans(1).await);
}

async fn seen_by_all(process: &Process<'_>, hand: &Hand) {
    // Opened before and asked later: nothing was listed yet.
    let earlier = process.engine.open_run().await.unwrap();
    let (all, options) = (Selection::default(), PlanOptions::default());
    (hand.act)(process.world);
    let mut plans = process.plans(2).await;
    plans.push(earlier.plan(&all, &options).await);
    for planned in plans {
        let planned = planned.unwrap();
        let said = planned.blocked.iter().find(|blocked| {
            blocked.code == RefusalCode::Drifted
                && hand.named.iter().all(|part| blocked.message.contains(part))
        });
        assert!(said.is_some(), "{}: {:?}", hand.what, planned.blocked);
    }
}

/// A run goes by the desired state that it was opened with; the next by the new one.
async fn main_moves_on(process: &Process<'_>) {
    let engine = &process.engine;
    let (all, options) = (Selection::default(), PlanOptions::default());
    let earlier = engine.open_run().await.unwrap();
    let next = CUSTOMERS.replace("maxUsers: 100", "maxUsers: 200");
    process.world.write("customers.yaml", &next).unwrap();
    process.settled(vec![earlier.plan(&all, &options).await]);
    for planned in process.plans(2).await {
        let plan = planned.unwrap().plan;
        let changed = plan.targets.iter().filter(|plan| plan.has_changes());
        assert_eq!(changed.count(), 2, "{:?}", plan.summary);
    }
    process.applies(&["acme", "rivoli"], false).await;
    process.settled(process.plans(2).await);
    // What it listed is as old as it is.
    let seen = earlier.plan(&all, &options).await.unwrap();
    assert!(!seen.plan.has_changes(), "{:?}", seen.plan.summary);
}

/// Another process deploys a customer that this desired state doesn't have.
async fn another_pushes_a_branch(process: &Process<'_>) {
    let remote = git2::Repository::open_bare(process.world.remote()).unwrap();
    let head = remote.refname_to_id("refs/heads/customer/acme").unwrap();
    let name = "refs/heads/customer/zenith";
    remote.reference(name, head, false, "pushed").unwrap();
    let theirs: [TargetId; 1] = ["zenith/mattermost".parse().unwrap()];
    for planned in process.plans(2).await {
        assert_eq!(planned.unwrap().pending_removal, theirs);
    }
    remote.find_reference(name).unwrap().delete().unwrap();
    for planned in process.plans(2).await {
        assert_eq!(planned.unwrap().pending_removal, []);
    }
}

/// A list is refused once: to one of two runs at once, for all of its targets, and to none
/// after it.
async fn fails_once(process: &Process<'_>, service: &str, operation: &str) {
    let once = Fault {
        service: Some(service.to_owned()),
        operation: Some(operation.to_owned()),
        subject: None,
        write: None,
        after: 0,
        times: Some(1),
        effect: Effect::Error(InjectedError {
            status: 403,
            code: match service {
                "argocd" => "7".to_owned(),
                _ => "AccessDeniedException".to_owned(),
            },
            message: "not you".to_owned(),
            retry_after: None,
        }),
    };
    let before = process.asked(operation);
    process.world.sandbox().set_faults(vec![once]);
    let (failed, went_well): (Vec<_>, Vec<_>) =
        process.plans(2).await.into_iter().partition(Result::is_err);
    assert_eq!((failed.len(), went_well.len()), (1, 1), "{operation}");
    assert!(
        matches!(&failed[0], Err(PlanError::Outside(error)) if error.system == service),
        "{operation}: {failed:?}"
    );
    process.settled(went_well);
    // Each run reads it once; where the failed one's other target came later, it read anew.
    let asked = process.asked(operation) - before;
    assert!((2..=3).contains(&asked), "{operation}: {asked}");
    process.settled(process.plans(1).await);
    process.world.sandbox().set_faults(Vec::new());
}

/// The branches can't be read, and then they can.
async fn the_remote_is_gone_for_a_while(process: &Process<'_>) {
    let here = process.world.remote();
    let away = here.with_extension("away");
    let run = process.engine.open_run().await.unwrap();
    let (all, options) = (Selection::default(), PlanOptions::default());
    std::fs::rename(here, &away).unwrap();
    for failed in [
        run.plan(&all, &options).await,
        process.plans(1).await.remove(0),
    ] {
        assert!(matches!(failed, Err(PlanError::Outside(_))), "{failed:?}");
    }
    std::fs::rename(&away, here).unwrap();
    // Not even the run that it failed keeps the failure.
    process.settled(vec![run.plan(&all, &options).await]);
    process.settled(process.plans(2).await);
}
