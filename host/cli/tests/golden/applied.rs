//! The same desired state, applied in two worlds: git holds the same bytes.

use std::sync::Arc;

use deploycenter_domain::journal::Status;
use deploycenter_domain::selector::{Selection, Selector};
use deploycenter_engine::{CancellationToken, Engine, Outcome};
use deploycenter_ports::CommitContext;
use deploycenter_testkit::{Gate, Inventory, Life, World};

const CUSTOMERS: &str = "\
version: 1
customers:
  - name: acme
    region: us-west-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
      - { app: mattermost, name: chat-staging, environment: staging, domain: chat-staging.acme.apps.example.com }
      - { app: mattermost, name: paris, region: eu-west-3, domain: paris.acme.apps.example.com }
  - name: rivoli
    region: eu-west-3
    apps:
      - { app: mattermost, domain: chat.rivoli.apps.example.com, values: { storage: { class: efs-shared, size: 20Gi } } }
";

/// The same, said in another order.
const REORDERED: &str = "\
customers:
  - region: eu-west-3
    name: rivoli
    apps:
      - values: { storage: { size: 20Gi, class: efs-shared } }
        domain: CHAT.rivoli.apps.example.com
        app: mattermost
  - name: acme
    region: us-west-2
    apps:
      - { name: paris, app: mattermost, region: eu-west-3, domain: paris.acme.apps.example.com }
      - { app: mattermost, name: chat-staging, domain: chat-staging.acme.apps.example.com, environment: staging }
      - { app: mattermost, name: mattermost, environment: prod, domain: chat.acme.apps.example.com, values: { maxUsers: 100 } }
version: 1
";

async fn apply(engine: Engine, selection: Selection, actor: &str) -> Vec<Outcome> {
    let planned = engine
        .plan(&selection, &deploycenter_engine::PlanOptions::default())
        .await
        .unwrap();
    let commit = CommitContext {
        actor: actor.to_owned(),
        main_commit: None,
    };
    engine
        .deploy(planned.plan.targets, &commit, &CancellationToken::new())
        .await
        .unwrap()
}

/// One life that applies what is selected; nothing: everything.
fn applied(world: &World, selector: Option<&str>, actor: &str) {
    let selectors = selector
        .iter()
        .map(|text| Selector::parse(text).unwrap())
        .collect();
    let selection = Selection {
        selectors,
        ..Selection::default()
    };
    let gate = Arc::new(Gate::new(None));
    let Life::Lived(outcomes) = world
        .live(&gate, async |engine| apply(engine, selection, actor).await)
        .unwrap()
    else {
        unreachable!("nothing ends this life");
    };
    assert!(!outcomes.is_empty());
    for outcome in outcomes {
        assert_eq!(outcome.status, Status::Succeeded, "{outcome:?}");
    }
}

#[test]
fn the_same_desired_state_gives_the_same_trees() {
    let at_once = World::new(CUSTOMERS).unwrap();
    applied(&at_once, None, "Ada <ada@example.com>");

    let one_by_one = World::new(REORDERED).unwrap();
    for target in [
        "rivoli/mattermost",
        "acme/paris",
        "acme/mattermost",
        "acme/chat-staging",
    ] {
        applied(&one_by_one, Some(target), "Grace <grace@example.com>");
    }

    let trees = |world: &World| Inventory::of_git(world.remote()).unwrap();
    let (one, other) = (trees(&at_once), trees(&one_by_one));
    assert!(one.0.len() > 50, "{:?}", one.0.keys());
    assert!(one == other, "{}", one.difference(&other));
    // Nor does anything else outside.
    let (one, other) = (
        at_once.inventory().unwrap(),
        one_by_one.inventory().unwrap(),
    );
    assert!(one == other, "{}", one.difference(&other));
}
