//! The cases.

use deploycenter_domain::journal::Event;
use deploycenter_ports::{Holder, StoreError};

use super::{Database, begin, deployment, effect, id, intent, run, target, time};

pub(crate) async fn a_lease_is_held_by_one(database: &dyn Database) {
    let (one, two) = (database.open("one").await, database.open("two").await);
    let odoo = target("acme/odoo");
    let lease = one.acquire(&odoo).await.unwrap();
    let holder = Holder {
        owner: "one".to_owned(),
        since: time(1),
    };
    let locked = StoreError::Locked {
        target: odoo.clone(),
        holder: holder.clone(),
    };
    assert_eq!(two.acquire(&odoo).await.unwrap_err(), locked);
    // Not even the same process twice.
    assert_eq!(one.acquire(&odoo).await.unwrap_err(), locked);
    assert_eq!(two.holders().await.unwrap(), [(odoo.clone(), holder)]);
    // A neighbour is free, and so is the customer's shared target.
    two.acquire(&target("acme/moodle")).await.unwrap();
    two.acquire(&target("acme/_customer")).await.unwrap();

    one.release(&lease).await.unwrap();
    let next = two.acquire(&odoo).await.unwrap();
    assert!(
        next.fence > lease.fence,
        "{} after {}",
        next.fence,
        lease.fence
    );
    // Giving back what was given back and taken by another is nothing.
    one.release(&lease).await.unwrap();
    assert!(matches!(
        one.acquire(&odoo).await,
        Err(StoreError::Locked { .. })
    ));
}

pub(crate) async fn one_of_many_gets_a_lease(database: &dyn Database) {
    let odoo = target("acme/odoo");
    let mut tries = Vec::new();
    for number in 0..8 {
        let store = database.open(&format!("process {number}")).await;
        let odoo = odoo.clone();
        tries.push(tokio::spawn(
            async move { (store.acquire(&odoo).await, store) },
        ));
    }
    let mut won = 0;
    for attempt in tries {
        match attempt.await.unwrap().0 {
            Ok(_) => won += 1,
            Err(StoreError::Locked { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!(won, 1);
}

pub(crate) async fn a_dead_holder_loses_its_leases(database: &dyn Database) {
    let (one, two) = (database.open("one").await, database.open("two").await);
    let odoo = target("acme/odoo");
    let old = one.acquire(&odoo).await.unwrap();
    begin(&*one, &old, deployment("acme/odoo", "d1", 1)).await;
    database.kill(one).await;

    assert_eq!(two.holders().await.unwrap(), []);
    let new = two.acquire(&odoo).await.unwrap();
    assert!(new.fence > old.fence);
    // What the dead one began is there to be taken up.
    let unfinished = two.unfinished().await.unwrap();
    assert_eq!(unfinished.len(), 1);
    two.append(&new, &unfinished[0].deployment.id, &Event::Resumed, time(2))
        .await
        .unwrap();
}

pub(crate) async fn a_lost_lease_writes_nothing(database: &dyn Database) {
    let (one, two) = (database.open("one").await, database.open("two").await);
    let odoo = target("acme/odoo");
    let old = one.acquire(&odoo).await.unwrap();
    begin(&*one, &old, deployment("acme/odoo", "d1", 1)).await;
    one.release(&old).await.unwrap();
    let fenced = StoreError::Fenced(odoo.clone());
    // Given back, held by nobody.
    assert_eq!(
        one.append(&old, &id("d1"), &intent(), time(2))
            .await
            .unwrap_err(),
        fenced
    );
    let new = two.acquire(&odoo).await.unwrap();
    assert_eq!(
        one.append(&old, &id("d1"), &intent(), time(2))
            .await
            .unwrap_err(),
        fenced
    );
    // Not with another's fence either.
    assert_eq!(
        one.append(&new, &id("d1"), &intent(), time(2))
            .await
            .unwrap_err(),
        fenced
    );
    two.append(&new, &id("d1"), &Event::Succeeded, time(2))
        .await
        .unwrap();
    let again = deployment("acme/odoo", "d2", 1);
    assert_eq!(one.begin(&[(old, again)]).await.unwrap_err(), fenced);

    let record = two.deployment(&id("d1")).await.unwrap().unwrap();
    let events: Vec<Event> = record.events.into_iter().map(|entry| entry.event).collect();
    assert_eq!(events, [Event::Started, Event::Succeeded]);
    assert_eq!(two.deployment(&id("d2")).await.unwrap(), None);
}

pub(crate) async fn a_lease_is_good_for_its_target_only(database: &dyn Database) {
    let store = database.open("one").await;
    let odoo = store.acquire(&target("acme/odoo")).await.unwrap();
    let moodle = store.acquire(&target("acme/moodle")).await.unwrap();
    begin(&*store, &odoo, deployment("acme/odoo", "d1", 1)).await;
    assert!(matches!(
        store.append(&moodle, &id("d1"), &intent(), time(2)).await,
        Err(StoreError::Failed(_))
    ));
    let other = deployment("acme/odoo", "d2", 1);
    assert!(matches!(
        store.begin(&[(moodle.clone(), other)]).await,
        Err(StoreError::Failed(_))
    ));
    assert!(matches!(
        store.append(&odoo, &id("d9"), &intent(), time(2)).await,
        Err(StoreError::Failed(_))
    ));
    assert_eq!(
        store
            .deployment(&id("d1"))
            .await
            .unwrap()
            .unwrap()
            .events
            .len(),
        1
    );
}

pub(crate) async fn beginnings_go_together(database: &dyn Database) {
    let store = database.open("one").await;
    let odoo = store.acquire(&target("acme/odoo")).await.unwrap();
    let moodle = store.acquire(&target("acme/moodle")).await.unwrap();
    begin(&*store, &moodle, deployment("acme/moodle", "d1", 1)).await;
    let both = [
        (odoo.clone(), deployment("acme/odoo", "d2", 1)),
        (moodle.clone(), deployment("acme/moodle", "d3", 1)),
    ];
    let unfinished = StoreError::Unfinished {
        target: target("acme/moodle"),
        deployment: id("d1"),
    };
    assert_eq!(store.begin(&both).await.unwrap_err(), unfinished);
    // The first of the two neither.
    assert_eq!(store.history(&target("acme/odoo")).await.unwrap(), []);
    assert_eq!(store.targets().await.unwrap().len(), 1);

    store
        .append(&moodle, &id("d1"), &Event::Succeeded, time(2))
        .await
        .unwrap();
    store.begin(&both).await.unwrap();
    let ids: Vec<_> = store
        .unfinished()
        .await
        .unwrap()
        .into_iter()
        .map(|record| record.deployment.id)
        .collect();
    assert_eq!(ids, [id("d2"), id("d3")]);
}

pub(crate) async fn what_is_written_is_read(database: &dyn Database) {
    let store = database.open("one").await;
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    let new = deployment("acme/odoo", "d1", 1);
    begin(&*store, &lease, new.clone()).await;
    let outputs = [(
        deploycenter_domain::effect::OutputName::Id,
        "fs-0123".to_owned(),
    )]
    .into();
    let events = [
        intent(),
        Event::Done {
            effect: effect(),
            changed: true,
            outputs,
        },
        Event::UnwindStarted {
            reason: "sick \"pod\"\n".to_owned(),
        },
        Event::NeedsAttention {
            reason: "no".to_owned(),
            leftovers: vec!["fs-0123".to_owned()],
        },
        Event::Resumed,
    ];
    for (second, event) in (20..).zip(&events) {
        store
            .append(&lease, &id("d1"), event, time(second))
            .await
            .unwrap();
    }
    database.kill(store).await;

    let store = database.open("two").await;
    let record = store.deployment(&id("d1")).await.unwrap().unwrap();
    assert_eq!(record.deployment, new);
    assert_eq!(record.events[0].event, Event::Started);
    assert_eq!(record.events[0].at, new.at);
    for ((second, wanted), found) in (20..).zip(&events).zip(&record.events[1..]) {
        assert_eq!((&found.event, found.at), (wanted, time(second)));
    }
    assert_eq!(record.events.len(), 6);
    assert_eq!(
        store.unfinished().await.unwrap(),
        std::slice::from_ref(&record)
    );
    assert_eq!(store.history(&target("acme/odoo")).await.unwrap(), [record]);
    assert_eq!(store.deployment(&id("d2")).await.unwrap(), None);
}

pub(crate) async fn nothing_follows_the_end(database: &dyn Database) {
    let store = database.open("one").await;
    for (name, end) in [("d1", Event::Succeeded), ("d2", Event::Unwound)] {
        run(&*store, deployment("acme/odoo", name, 1), &end).await;
        let lease = store.acquire(&target("acme/odoo")).await.unwrap();
        let refused = store
            .append(&lease, &id(name), &Event::Resumed, time(30))
            .await
            .unwrap_err();
        assert!(
            matches!(&refused, StoreError::Failed(why) if why.contains("finished")),
            "{refused}"
        );
        store.release(&lease).await.unwrap();
    }
    assert_eq!(store.unfinished().await.unwrap(), []);
}

pub(crate) async fn history_is_newest_first(database: &dyn Database) {
    let store = database.open("one").await;
    // Neither ids nor times decide: clocks of several machines may differ.
    for name in ["d5", "d1", "d3"] {
        run(&*store, deployment("acme/odoo", name, 1), &Event::Succeeded).await;
    }
    run(
        &*store,
        deployment("acme/moodle", "d4", 1),
        &Event::Succeeded,
    )
    .await;
    let ids: Vec<_> = store
        .history(&target("acme/odoo"))
        .await
        .unwrap()
        .into_iter()
        .map(|record| record.deployment.id)
        .collect();
    assert_eq!(ids, [id("d3"), id("d1"), id("d5")]);
}

pub(crate) async fn targets_follow_their_journals(database: &dyn Database) {
    let store = database.open("one").await;
    run(&*store, deployment("acme/odoo", "d1", 1), &Event::Unwound).await;
    let found = store.targets().await.unwrap().remove(0);
    assert_eq!(
        (found.last, found.last_succeeded, found.main_commit),
        (id("d1"), None, None)
    );
    assert!(!found.holds_data, "it was never healthy");

    run(&*store, deployment("acme/odoo", "d2", 1), &Event::Succeeded).await;
    run(&*store, deployment("acme/odoo", "d3", 1), &Event::Unwound).await;
    let found = store.targets().await.unwrap().remove(0);
    assert_eq!(
        (found.last, found.last_succeeded),
        (id("d3"), Some(id("d2")))
    );
    assert_eq!(found.main_commit.as_deref(), Some("commit-of-d2"));
    assert!(found.holds_data);

    // A next life begins without the earlier one's data and successes.
    run(&*store, deployment("acme/odoo", "d4", 2), &Event::Unwound).await;
    let found = store.targets().await.unwrap().remove(0);
    assert_eq!((found.incarnation.0, found.last_succeeded), (2, None));
    assert!(!found.holds_data);
    run(&*store, deployment("acme/odoo", "d5", 2), &Event::Succeeded).await;
    let found = store.targets().await.unwrap().remove(0);
    assert_eq!(
        (found.holds_data, found.last_succeeded),
        (true, Some(id("d5")))
    );

    // Sorted as targets are: a customer's shared target before its instances, and `acme`
    // before `acme-corp`, though `-` comes before `/`.
    for (of, name) in [
        ("acme-corp/odoo", "d6"),
        ("acme/_customer", "d7"),
        ("acme/moodle", "d8"),
    ] {
        run(&*store, deployment(of, name, 1), &Event::Succeeded).await;
    }
    let names: Vec<_> = store
        .targets()
        .await
        .unwrap()
        .into_iter()
        .map(|found| found.target.to_string())
        .collect();
    assert_eq!(
        names,
        [
            "acme/_customer",
            "acme/moodle",
            "acme/odoo",
            "acme-corp/odoo"
        ]
    );
}

pub(crate) async fn a_broken_row_is_an_error_that_names_it(database: &dyn Database) {
    let store = database.open("one").await;
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    begin(&*store, &lease, deployment("acme/odoo", "d1", 1)).await;
    store
        .append(&lease, &id("d1"), &intent(), time(2))
        .await
        .unwrap();
    let corrupt = |found: StoreError, part: &str| {
        assert!(
            matches!(&found, StoreError::Corrupt(what) if what.contains(part)),
            "{found} without {part}"
        );
    };

    database
        .tamper("UPDATE events SET event = '{\"event\":\"intent\"' WHERE entry = 1")
        .await;
    corrupt(store.unfinished().await.unwrap_err(), "entry 1 of d1");
    database.tamper("DELETE FROM events WHERE entry = 0").await;
    corrupt(
        store.deployment(&id("d1")).await.unwrap_err(),
        "entry 1 of d1 comes where entry 0 should",
    );
    database
        .tamper("UPDATE deployments SET plan = 'null'")
        .await;
    corrupt(
        store.history(&target("acme/odoo")).await.unwrap_err(),
        "the plan of d1",
    );
    database.tamper("UPDATE targets SET incarnation = -1").await;
    corrupt(store.targets().await.unwrap_err(), "incarnation -1");
    database
        .tamper("UPDATE leases SET since = 'yesterday'")
        .await;
    corrupt(store.holders().await.unwrap_err(), "the lease on acme/odoo");
}
