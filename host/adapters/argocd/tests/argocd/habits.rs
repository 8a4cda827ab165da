//! The ways in which a real Argo CD and its clusters try one's patience: late, stale and
//! passing states, operations without end, objects that are rejected.

use deploycenter_domain::resource::Sync;
use deploycenter_ports::{Applications as _, Provider, ProviderErrorKind, Syncing};
use deploycenter_sandbox::argocd::{
    Endless, Habits, LateStatus, Rejected, Stale, Troubled, WaitsFor, Which,
};
use deploycenter_sandbox::{DropWhen, Effect};

use super::support::{Cluster, DEPLOYMENT, SERVER, step};

const MINUTE: u64 = 60_000;

/// A base with a database of so many instances, and a claim; both are protected.
fn database(instances: u32) -> String {
    let keep = "annotations: {argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"}";
    format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: acme--odoo, {keep}}}\n---\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: settings, namespace: acme--odoo, {keep}}}\n---\n\
         apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\n\
         metadata: {{name: db, namespace: acme--odoo, {keep}}}\nspec: {{instances: {instances}}}\n"
    )
}

async fn world(habits: Habits) -> Cluster {
    let world = Cluster::new().await;
    world.set(habits);
    world
}

impl Cluster {
    fn set(&self, habits: Habits) {
        self.sandbox
            .with_argocd(|argocd, _| argocd.set_habits(habits));
    }

    /// A base application and its project, with this in its folder.
    async fn make_base(&self, text: &str) -> Sync {
        let sync = self.commit_with(1, "odoo:1", DEPLOYMENT, text).await;
        let project = Some(self.base_project("acme--base"));
        for (name, wanted) in [("base-project", project), ("base", Some(self.base()))] {
            let make = step(name, 1, None, wanted);
            assert!(self.argocd.ensure(&make).await.unwrap().changed);
        }
        Self::of_base(&sync)
    }

    /// How long a base takes to be taken over, in milliseconds, and what came of it.
    async fn timed(&self, sync: &Sync, deployment: u8) -> (u64, Result<bool, String>) {
        let before = self.sandbox.now();
        let came = self.take_over(sync, deployment).await;
        let took = self.sandbox.now() - before;
        (took, came.map_err(|failure| failure.to_string()))
    }

    /// Five minutes later, with all that was due until then done: before git moves on, or it
    /// would count as having moved long ago.
    async fn rest(&self) {
        self.sandbox.advance(5 * MINUTE);
        self.argocd.states().await.unwrap();
    }

    fn live(&self) -> Vec<String> {
        self.sandbox.with_argocd(|argocd, _| {
            let objects = argocd.live_objects(SERVER).into_iter();
            objects.map(|it| format!("{it:?}")).collect()
        })
    }
}

fn of_cluster() -> Which {
    Which::kind("Cluster")
}

#[tokio::test]
async fn an_operation_without_end_does_not_keep_an_application() {
    for waits_for in [WaitsFor::Hook, WaitsFor::Wave] {
        let world = world(Habits {
            endless: vec![Endless {
                of: Which::default(),
                waits_for,
            }],
            terminating_for: 900,
            ..Habits::default()
        })
        .await;
        world.make_base(&database(1)).await;
        world.sandbox.advance(5_000);
        let before = world.sandbox.now();
        let base = step("base", 1, None, Some(world.base()));
        world.argocd.undo(&base).await.unwrap();
        assert!(world.sandbox.now() - before < MINUTE, "{waits_for:?}");
        assert!(world.calls("TerminateOperation") >= 1, "{waits_for:?}");
        let found = world.argocd.observe(&world.base()).await;
        assert_eq!(found.unwrap(), None);
    }
}

#[tokio::test]
async fn an_operation_in_flight_does_not_keep_one_that_someone_is_deleting() {
    let world = world(Habits {
        endless: vec![Endless {
            of: Which::default(),
            waits_for: WaitsFor::Wave,
        }],
        ..Habits::default()
    })
    .await;
    world.make_base(&database(1)).await;
    world.sandbox.advance(5_000);
    let path = "/api/v1/applications/acme--odoo--base?project=acme--base";
    world.raw(reqwest::Method::DELETE, path, None).await;
    // Whoever makes it anew waits until it is gone.
    let again = step("base", 2, None, Some(world.base()));
    assert!(world.argocd.ensure(&again).await.unwrap().changed);
}

#[tokio::test]
async fn a_late_first_status_is_waited_for_and_one_that_never_comes_is_told() {
    for (after, fine) in [
        (500, true),
        (2_000, true),
        (MINUTE, true),
        (100 * MINUTE, false),
    ] {
        let world = world(Habits {
            late_status: vec![LateStatus {
                of: of_cluster(),
                after,
            }],
            ..Habits::default()
        })
        .await;
        let sync = world.make_base(&database(1)).await;
        let (took, came) = world.timed(&sync, 1).await;
        assert_eq!(came.is_ok(), fine, "{after}: {came:?}");
        assert!(took < 4 * MINUTE, "{after}: {took}");
        if let Err(words) = came {
            assert!(
                words.contains("failed to get resource health for \"Cluster\""),
                "{words}"
            );
        }
    }
}

#[tokio::test]
async fn what_heals_is_waited_for_and_what_does_not_is_told_by_name() {
    for (lasts, fine) in [(50_000, true), (8 * MINUTE, true), (100 * MINUTE, false)] {
        let world = world(Habits {
            troubled: vec![Troubled {
                of: of_cluster(),
                phase: "Primary instance is being restarted in-place".to_owned(),
                lasts,
                at_first: false,
            }],
            ..Habits::default()
        })
        .await;
        let first = world.make_base(&database(1)).await;
        world.take_over(&first, 1).await.unwrap();
        let more = world
            .commit_with(2, "odoo:1", DEPLOYMENT, &database(2))
            .await;
        let (took, came) = world.timed(&Cluster::of_base(&more), 2).await;
        assert_eq!(came.is_ok(), fine, "{lasts}: {came:?}");
        if fine {
            assert!(took >= lasts, "{lasts}: it was over after {took}");
        } else {
            assert!((10 * MINUTE..13 * MINUTE).contains(&took), "{took}");
            assert!(came.unwrap_err().contains("Cluster acme--odoo/db"));
        }
    }
}

#[tokio::test]
async fn a_phase_that_never_heals_is_told_soon() {
    let world = world(Habits {
        troubled: vec![Troubled {
            of: of_cluster(),
            phase: "Cluster has incomplete or invalid image catalog".to_owned(),
            lasts: 100 * MINUTE,
            at_first: true,
        }],
        ..Habits::default()
    })
    .await;
    let sync = world.make_base(&database(1)).await;
    let (took, came) = world.timed(&sync, 1).await;
    assert!(came.is_err() && took < MINUTE, "{took}: {came:?}");
}

#[tokio::test]
async fn health_of_before_a_change_does_not_count_until_its_operator_has_had_time() {
    let trouble = Troubled {
        of: of_cluster(),
        phase: "Applying configuration".to_owned(),
        lasts: 30_000,
        at_first: false,
    };
    for (lasts, least, most) in [(Some(8_000), 38_000, 3 * MINUTE), (None, 20_000, 40_000)] {
        let world = world(Habits {
            stale: vec![Stale {
                of: of_cluster(),
                lasts,
            }],
            troubled: vec![trouble.clone()],
            ..Habits::default()
        })
        .await;
        let first = world.make_base(&database(1)).await;
        world.take_over(&first, 1).await.unwrap();
        world.rest().await;
        let more = world
            .commit_with(2, "odoo:1", DEPLOYMENT, &database(2))
            .await;
        let more = Cluster::of_base(&more);
        let (took, came) = world.timed(&more, 2).await;
        assert_eq!(came, Ok(true), "{lasts:?}");
        assert!((least..most).contains(&took), "{lasts:?}: {took}");
        // Nothing has changed since: nobody is waited for.
        world.rest().await;
        let (took, came) = world.timed(&more, 3).await;
        assert_eq!(came, Ok(false));
        assert!(took < 5_000, "{lasts:?}: {took}");
    }
}

fn rejecting() -> Habits {
    Habits {
        rejected: vec![Rejected {
            of: of_cluster(),
            containing: None,
            sentence: "spec.instances: Invalid value: too many".to_owned(),
        }],
        ..Habits::default()
    }
}

#[tokio::test]
async fn a_rejected_object_is_told_at_once_in_the_api_servers_words() {
    let world = world(rejecting()).await;
    let sync = world.make_base(&database(1)).await;
    let (took, came) = world.timed(&sync, 1).await;
    let words = came.unwrap_err();
    let said = "Cluster acme--odoo/db: Cluster.postgresql.cnpg.io \"db\" is invalid: spec.instances: Invalid value: too many";
    assert_eq!(words.matches(said).count(), 1, "{words}");
    assert!(took < 20_000, "{took}");
    // Once it is mended, though not by a commit, the old answer doesn't count.
    world.set(Habits::default());
    assert_eq!(world.take_over(&sync, 1).await, Ok(true));
}

#[tokio::test]
async fn protection_comes_off_what_was_made_although_nothing_syncs() {
    let world = world(rejecting()).await;
    let sync = world.make_base(&database(1)).await;
    world.take_over(&sync, 1).await.unwrap_err();
    assert!(world.live().len() >= 2, "{:?}", world.live());
    world.argocd.strip_protection(&sync).await.unwrap();
    // Again, it finds nothing to do.
    let patches = world.calls("PatchResource");
    world.argocd.strip_protection(&sync).await.unwrap();
    assert_eq!(world.calls("PatchResource"), patches);
    let base = step("base", 1, None, Some(world.base()));
    world.argocd.undo(&base).await.unwrap();
    assert_eq!(world.live(), Vec::<String>::new());
    world.argocd.strip_protection(&sync).await.unwrap();
}

#[tokio::test]
async fn a_removal_takes_what_was_stripped_for_its_own() {
    let world = world(Habits::default()).await;
    let sync = world.make_base(&database(1)).await;
    world.take_over(&sync, 1).await.unwrap();
    world.argocd.strip_protection(&sync).await.unwrap();
    let delete = step("base", 2, Some(world.base()), None);
    assert!(world.argocd.ensure(&delete).await.unwrap().changed);
    assert_eq!(world.live(), Vec::<String>::new());
}

#[tokio::test]
async fn stripping_goes_on_after_a_loss_at_any_of_its_calls() {
    for operation in [
        "GetApplication",
        "UpdateApplication",
        "TerminateOperation",
        "ListManagedResources",
        "PatchResource",
    ] {
        for when in [DropWhen::Before, DropWhen::After] {
            let world = world(rejecting()).await;
            let sync = world.make_base(&database(1)).await;
            world.take_over(&sync, 1).await.unwrap_err();
            world.fault(operation, 1_000, Effect::Drop(when));
            let failure = world.argocd.strip_protection(&sync).await.unwrap_err();
            assert_eq!(
                failure.kind,
                ProviderErrorKind::Unavailable,
                "{operation}: {failure}"
            );
            world.sandbox.set_faults(Vec::new());
            world.argocd.strip_protection(&sync).await.unwrap();
            let base = step("base", 1, None, Some(world.base()));
            world.argocd.undo(&base).await.unwrap();
            assert_eq!(world.live(), Vec::<String>::new(), "{operation}");
        }
    }
}

#[tokio::test]
async fn where_a_patch_is_refused_the_object_is_deleted_and_without_that_right_the_rights_are_named()
 {
    let world = world(rejecting()).await;
    let sync = world.make_base(&database(1)).await;
    world.take_over(&sync, 1).await.unwrap_err();
    let deny = |action: &str| {
        let action = action.to_owned();
        world
            .sandbox
            .with_argocd(move |argocd, _| argocd.deny("applications", &action));
    };
    deny("update/*");
    world.argocd.strip_protection(&sync).await.unwrap();
    assert!(world.calls("DeleteResource") >= 2);
    assert_eq!(world.live(), Vec::<String>::new());

    let world = Cluster::new().await;
    let sync = world.make_base(&database(1)).await;
    world.take_over(&sync, 1).await.unwrap();
    for action in ["update/*", "delete/*"] {
        world
            .sandbox
            .with_argocd(|argocd, _| argocd.deny("applications", action));
    }
    let failure = world.argocd.strip_protection(&sync).await.unwrap_err();
    assert_eq!(failure.kind, ProviderErrorKind::Refused, "{failure}");
    assert!(
        failure
            .help
            .unwrap()
            .to_string()
            .contains("applications, delete/*")
    );
}

#[tokio::test]
async fn a_list_that_knows_only_its_own_fields_is_enough() {
    let world = Cluster::new().await;
    let sync = world.deploy().await;
    let states = world.argocd.states().await.unwrap();
    let told: Vec<_> = states
        .iter()
        .map(|it| (it.name.as_str(), it.sync.as_str(), it.health.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("acme--odoo", "Synced", "Healthy"),
            ("acme--odoo--base", "Synced", "Healthy")
        ]
    );
    assert!(states.iter().all(|it| it.revision.is_some()));
    let wanted = deploycenter_domain::resource::Resource::Sync(sync);
    let seen = world.argocd.snapshot().observe(&wanted).await.unwrap();
    assert_eq!(seen.map(|seen| seen.state), Some(wanted));
}

#[tokio::test]
async fn all_that_a_real_one_was_seen_to_do_at_once_is_lived_through() {
    let world = world(Habits::real()).await;
    let first = world.make_base(&database(1)).await;
    world.take_over(&first, 1).await.unwrap();
    world.rest().await;
    let more = world
        .commit_with(2, "odoo:1", DEPLOYMENT, &database(2))
        .await;
    let (took, came) = world.timed(&Cluster::of_base(&more), 2).await;
    assert_eq!(came, Ok(true));
    assert!((45_000..2 * MINUTE).contains(&took), "{took}");
}

/// What an earlier version protected from being pruned, and isn't wanted any more: what
/// guards is let go, and anything else is told by name, at once.
#[tokio::test]
async fn what_is_no_longer_wanted_and_kept_is_let_go_or_told() {
    let keep = "annotations: {argocd.argoproj.io/sync-options: \"Delete=false,Prune=false\"}";
    let mine = "annotations: {argocd.argoproj.io/sync-options: \"Prune=false\"}";
    let quota = |keep: &str| {
        format!(
            "---\napiVersion: v1\nkind: ResourceQuota\nmetadata: {{name: more, namespace: acme--odoo, {keep}}}\nspec: {{hard: {{pods: \"9\"}}}}\n"
        )
    };
    let config = format!(
        "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: more, namespace: acme--odoo, {keep}}}\n"
    );
    for (object, shown, fine) in [
        (quota(keep), "ResourceQuota", true),
        // Somebody's own words are left as they are.
        (quota(mine), "ResourceQuota", false),
        (config, "ConfigMap", false),
    ] {
        let world = world(Habits::default()).await;
        let with = format!("{}{object}", database(1));
        let first = world.make_base(&with).await;
        world.take_over(&first, 1).await.unwrap();
        let is_there = || {
            let live = world.live();
            live.iter().any(|it| it.contains("\"more\""))
        };
        assert!(is_there());
        let without = world
            .commit_with(2, "odoo:1", DEPLOYMENT, &database(1))
            .await;
        let (took, came) = world.timed(&Cluster::of_base(&without), 2).await;
        assert!(took < MINUTE, "{shown}: {took}");
        assert_eq!(came.is_ok(), fine, "{shown}: {came:?}");
        assert_eq!(is_there(), !fine, "{shown}");
        if let Err(words) = came {
            let wanted = format!(
                "{shown} acme--odoo/more is no longer wanted, and its own option Prune=false keeps it"
            );
            assert!(words.contains(&wanted), "{words}");
        }
    }
}
