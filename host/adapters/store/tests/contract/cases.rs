//! The cases.

use deploycenter_domain::journal::{Event, Status};
use deploycenter_domain::name::TargetId;
use deploycenter_domain::operation::Operation;
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::{FileSystem, Resource};
use deploycenter_ports::{
    Cursor, DeploymentSummary, Deployments, Holder, LEASE_TERM, Page, PageRequest, StoreError,
};

use super::{Database, begin, deployment, effect, events, id, ids, intent, run, target, time};

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
    assert_eq!(two.all_holders().await.unwrap(), [(odoo.clone(), holder)]);
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

    assert_eq!(two.all_holders().await.unwrap(), []);
    let new = two.acquire(&odoo).await.unwrap();
    assert!(new.fence > old.fence);
    // What the dead one began is there to be taken up.
    assert_eq!(ids(&*two, &Deployments::Unfinished).await, [id("d1")]);
    two.claim(&new, &id("d1"), time(2)).await.unwrap();
    assert_eq!(
        events(&*two, "d1").await,
        [Event::Queued, Event::Started, Event::Resumed]
    );
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
    assert_eq!(
        one.enqueue(&[(old.clone(), again.clone())])
            .await
            .unwrap_err(),
        fenced
    );
    two.enqueue(&[(new.clone(), deployment("acme/odoo", "d3", 1))])
        .await
        .unwrap();
    for lease in [&old, &new] {
        let refused = one.claim(lease, &id("d3"), time(3)).await.unwrap_err();
        assert_eq!(refused, fenced);
    }

    assert_eq!(
        events(&*two, "d1").await,
        [Event::Queued, Event::Started, Event::Succeeded]
    );
    assert_eq!(events(&*two, "d3").await, [Event::Queued]);
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
        store.enqueue(&[(moodle.clone(), other)]).await,
        Err(StoreError::Failed(_))
    ));
    for (lease, name) in [(&moodle, "d1"), (&odoo, "d9")] {
        assert!(matches!(
            store.claim(lease, &id(name), time(2)).await,
            Err(StoreError::Failed(_))
        ));
    }
    assert!(matches!(
        store.append(&odoo, &id("d9"), &intent(), time(2)).await,
        Err(StoreError::Failed(_))
    ));
    assert_eq!(events(&*store, "d1").await, [Event::Queued, Event::Started]);
}

pub(crate) async fn what_is_enqueued_together_is_there_together(database: &dyn Database) {
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
    assert_eq!(store.enqueue(&both).await.unwrap_err(), unfinished);
    // The first of the two neither.
    assert_eq!(
        ids(&*store, &Deployments::Of(target("acme/odoo"))).await,
        []
    );
    assert_eq!(store.all_targets().await.unwrap().len(), 1);

    store
        .append(&moodle, &id("d1"), &Event::Succeeded, time(2))
        .await
        .unwrap();
    store.enqueue(&both).await.unwrap();
    let unfinished = ids(&*store, &Deployments::Unfinished).await;
    assert_eq!(unfinished, [id("d2"), id("d3")]);
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
    for (found, wanted) in record.events.iter().zip([Event::Queued, Event::Started]) {
        assert_eq!((&found.event, found.at), (&wanted, new.at));
    }
    for ((second, wanted), found) in (20..).zip(&events).zip(&record.events[2..]) {
        assert_eq!((&found.event, found.at), (wanted, time(second)));
    }
    assert_eq!(record.events.len(), 7);
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
        let refused = store.claim(&lease, &id(name), time(30)).await.unwrap_err();
        assert!(
            matches!(&refused, StoreError::Failed(why) if why.contains("finished")),
            "{refused}"
        );
        store.release(&lease).await.unwrap();
    }
    assert_eq!(ids(&*store, &Deployments::Unfinished).await, []);
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
    let history = ids(&*store, &Deployments::Of(target("acme/odoo"))).await;
    assert_eq!(history, [id("d3"), id("d1"), id("d5")]);
}

pub(crate) async fn targets_follow_their_journals(database: &dyn Database) {
    let store = database.open("one").await;
    run(&*store, deployment("acme/odoo", "d1", 1), &Event::Unwound).await;
    let found = store.target(&target("acme/odoo")).await.unwrap().unwrap();
    assert_eq!(
        (found.last, found.last_succeeded, found.main_commit),
        (id("d1"), None, None)
    );
    assert!(!found.holds_data, "it was never healthy");
    assert!(!found.is_deployed);

    run(&*store, deployment("acme/odoo", "d2", 1), &Event::Succeeded).await;
    run(&*store, deployment("acme/odoo", "d3", 1), &Event::Unwound).await;
    let found = store.target(&target("acme/odoo")).await.unwrap().unwrap();
    assert_eq!(
        (found.last, found.last_succeeded),
        (id("d3"), Some(id("d2")))
    );
    assert_eq!(found.main_commit.as_deref(), Some("commit-of-d2"));
    assert!(found.holds_data && found.is_deployed);

    // A next life begins without the earlier one's data and successes.
    run(&*store, deployment("acme/odoo", "d4", 2), &Event::Unwound).await;
    let found = store.target(&target("acme/odoo")).await.unwrap().unwrap();
    assert_eq!((found.incarnation.0, found.last_succeeded), (2, None));
    assert!(!found.holds_data);
    run(&*store, deployment("acme/odoo", "d5", 2), &Event::Succeeded).await;
    let found = store.target(&target("acme/odoo")).await.unwrap().unwrap();
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
        .all_targets()
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

/// Of a store's own order; each page goes on where the one before it ended.
pub(crate) async fn lists_come_in_pages(database: &dyn Database) {
    let store = database.open("one").await;
    let odoo = target("acme/odoo");
    for name in ["d1", "d2", "d3", "d4", "d5"] {
        run(&*store, deployment("acme/odoo", name, 1), &Event::Unwound).await;
    }
    let of_odoo = Deployments::Of(odoo.clone());
    let first = PageRequest::new(None, 2);
    let page = store.deployments(&of_odoo, first).await.unwrap();
    let names = |page: &Page<DeploymentSummary>| -> Vec<String> {
        let items = page.items.iter();
        items.map(|summary| summary.id.to_string()).collect()
    };
    assert_eq!(names(&page), ["d5", "d4"]);
    // One that comes meanwhile moves nothing.
    run(&*store, deployment("acme/odoo", "d6", 1), &Event::Unwound).await;
    let next = PageRequest::new(page.next, 2);
    let page = store.deployments(&of_odoo, next).await.unwrap();
    assert_eq!(names(&page), ["d3", "d2"]);
    let next = PageRequest::new(page.next, 2);
    let page = store.deployments(&of_odoo, next).await.unwrap();
    assert_eq!((names(&page), page.next), (vec!["d1".to_owned()], None));
    // A page that ends with the list is the last.
    let all = PageRequest::new(None, 6);
    let page = store.deployments(&of_odoo, all).await.unwrap();
    assert_eq!((page.items.len(), page.next), (6, None));

    let customers = ["acme", "acme-corp", "acme2", "b"];
    let names = customers.map(|customer| format!("{customer}/moodle"));
    for (number, name) in names.iter().enumerate() {
        let lease = store.acquire(&target(name)).await.unwrap();
        begin(&*store, &lease, deployment(name, &format!("e{number}"), 1)).await;
    }
    let of_one = |customer: &str| Deployments::UnfinishedOf(customer.parse().unwrap());
    for (number, customer) in customers.into_iter().enumerate() {
        let found = ids(&*store, &of_one(customer)).await;
        assert_eq!(found, [id(&format!("e{number}"))], "{customer}");
    }
    assert_eq!(ids(&*store, &of_one("ac")).await, []);

    // Page by page there is each of them once.
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let request = PageRequest::new(after, 1);
        let page = store
            .deployments(&Deployments::Unfinished, request)
            .await
            .unwrap();
        seen.extend(page.items.into_iter().map(|it| it.id.to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["e0", "e1", "e2", "e3"]);
    let held = Page::every(|page| store.holders(PageRequest::new(page.after().cloned(), 1)));
    let mut held = held.await.unwrap();
    held.sort_by(|(a, _), (b, _)| a.cmp(b));
    assert_eq!(held, store.all_holders().await.unwrap());
    assert_eq!(held.len(), 4);
    let known = Page::every(|page| store.targets(PageRequest::new(page.after().cloned(), 2)));
    assert_eq!(known.await.unwrap().len(), 5);
    for (incarnation, name) in [(1, "f1"), (2, "f2"), (10, "f3")] {
        let new = deployment("acme/odoo", name, incarnation);
        run(&*store, new, &Event::Succeeded).await;
    }
    let lives = Page::every(|page| store.deployed(PageRequest::new(page.after().cloned(), 1)));
    let lives: Vec<u32> = lives
        .await
        .unwrap()
        .iter()
        .map(|it| it.incarnation.0)
        .collect();
    assert_eq!(lives, [1, 2, 10]);

    let nowhere = PageRequest::new(Some(Cursor("d5'; --".to_owned())), 2);
    let refused = store.deployments(&of_odoo, nowhere).await.unwrap_err();
    assert!(matches!(refused, StoreError::Failed(_)), "{refused}");
}

pub(crate) async fn a_list_says_what_the_whole_record_says(database: &dyn Database) {
    let store = database.open("one").await;
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    let mut new = deployment("acme/odoo", "d1", 1);
    new.plan.operation = Operation::Rollback { to: id("d0") };
    new.plan.effects = vec![PlannedEffect::new(
        effect(),
        Vec::new(),
        None,
        Some(Resource::FileSystem(FileSystem {
            region: "eu-west-3".parse().unwrap(),
            creation_token: "token".to_owned(),
            name: "acme-odoo".to_owned(),
            performance_mode: "generalPurpose".to_owned(),
            throughput_mode: "elastic".to_owned(),
            kms_key_id: None,
        })),
    )];
    store.enqueue(&[(lease.clone(), new)]).await.unwrap();
    let system = || "efs".to_owned();
    let message = || "connection refused".to_owned();
    let later = [
        Event::Started,
        intent(),
        Event::Waiting {
            system: system(),
            message: message(),
        },
        Event::Answered { system: system() },
        Event::UnwindStarted { reason: message() },
        Event::NeedsAttention {
            reason: "no".to_owned(),
            leftovers: vec!["fs-0123".to_owned()],
        },
        Event::Resumed,
        Event::Unwound,
    ];
    let mut waits = 0;
    for (second, event) in (20..).zip([None].into_iter().chain(later.map(Some))) {
        if let Some(event) = event {
            let name = id("d1");
            let written = store.append(&lease, &name, &event, time(second));
            written.await.unwrap();
        }
        let record = store.deployment(&id("d1")).await.unwrap().unwrap();
        let summary = record.summary().unwrap();
        waits += summary.waits.len();
        let listed = store.summary(&id("d1")).await.unwrap().unwrap();
        assert_eq!(listed, summary);
        let odoo = Deployments::Of(target("acme/odoo"));
        let listed = store.all_deployments(&odoo).await.unwrap();
        assert_eq!(listed, [summary]);
        let unfinished = store.all_deployments(&Deployments::Unfinished).await;
        let is_final = listed[0].status().is_final();
        assert_eq!(unfinished.unwrap().len(), usize::from(!is_final));
    }
    assert_eq!(waits, 1, "it waited once");
    assert_eq!(store.summary(&id("d2")).await.unwrap(), None);
}

pub(crate) async fn what_cannot_follow_is_not_written(database: &dyn Database) {
    let store = database.open("one").await;
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    let new = deployment("acme/odoo", "d1", 1);
    store.enqueue(&[(lease.clone(), new)]).await.unwrap();
    for event in [Event::Queued, Event::Resumed, Event::Succeeded, intent()] {
        let refused = store.append(&lease, &id("d1"), &event, time(2)).await;
        assert!(matches!(refused, Err(StoreError::Failed(_))), "{refused:?}");
    }
    assert_eq!(events(&*store, "d1").await, [Event::Queued]);
    let summary = store.summary(&id("d1")).await.unwrap().unwrap();
    assert_eq!(summary.status(), Status::Queued);
}

/// An enqueuer that dies, or leaves it to others: whoever comes takes the deployment up.
pub(crate) async fn what_is_enqueued_is_claimed_by_whoever_comes(database: &dyn Database) {
    let (one, two) = (database.open("one").await, database.open("two").await);
    let (odoo, moodle) = (target("acme/odoo"), target("acme/moodle"));
    let left = one.acquire(&moodle).await.unwrap();
    let both = [
        (
            one.acquire(&odoo).await.unwrap(),
            deployment("acme/odoo", "d1", 1),
        ),
        (left.clone(), deployment("acme/moodle", "d2", 1)),
    ];
    one.enqueue(&both).await.unwrap();
    one.release(&left).await.unwrap();
    // The one is still the enqueuer's, who may begin any moment.
    assert!(matches!(
        two.acquire(&odoo).await,
        Err(StoreError::Locked { .. })
    ));
    let lease = two.acquire(&moodle).await.unwrap();
    let claimed = two.claim(&lease, &id("d2"), time(20)).await.unwrap();
    assert_eq!(claimed.deployment, both[1].1);
    let last = claimed.events.last().unwrap();
    assert_eq!((&last.event, last.at), (&Event::Started, time(20)));
    assert_eq!(
        Some(claimed),
        two.deployment(&id("d2")).await.unwrap(),
        "it was given as it is stored"
    );

    database.kill(one).await;
    let lease = two.acquire(&odoo).await.unwrap();
    let claimed = two.claim(&lease, &id("d1"), time(20)).await.unwrap();
    assert_eq!(claimed.events.len(), 2);
    // Whoever claims it after that resumes it.
    two.claim(&lease, &id("d1"), time(21)).await.unwrap();
    assert_eq!(
        events(&*two, "d1").await,
        [Event::Queued, Event::Started, Event::Resumed]
    );
}

pub(crate) async fn an_owner_that_is_silent_loses_its_leases(database: &dyn Database) {
    let term = i64::try_from(LEASE_TERM.as_secs()).unwrap();
    let one = database.open_unseen("one").await;
    let two = database.open("two").await;
    let odoo = target("acme/odoo");
    let old = one.acquire(&odoo).await.unwrap();
    begin(&*one, &old, deployment("acme/odoo", "d1", 1)).await;
    let is_locked = async || matches!(two.acquire(&odoo).await, Err(StoreError::Locked { .. }));
    assert!(is_locked().await);
    database.pass(term - 1);
    assert!(is_locked().await);
    // As long as something is heard of it, it keeps them.
    database.beat(&one).await;
    database.pass(term - 1);
    assert!(is_locked().await);
    assert_eq!(two.all_holders().await.unwrap().len(), 1);

    database.pass(1);
    assert_eq!(two.all_holders().await.unwrap(), []);
    let new = two.acquire(&odoo).await.unwrap();
    assert!(new.fence > old.fence);
    // It lives after all: what it says now is too late, and of what it writes nothing is
    // taken.
    database.beat(&one).await;
    let fenced = StoreError::Fenced(odoo.clone());
    let written = one.append(&old, &id("d1"), &intent(), time(2)).await;
    assert_eq!(written, Err(fenced.clone()));
    let claimed = one.claim(&old, &id("d1"), time(2)).await;
    assert_eq!(claimed.unwrap_err(), fenced);
    one.release(&old).await.unwrap();
    two.claim(&new, &id("d1"), time(2)).await.unwrap();
    assert_eq!(
        events(&*two, "d1").await,
        [Event::Queued, Event::Started, Event::Resumed]
    );
}

pub(crate) async fn a_clock_that_jumps_takes_nothing_from_the_living(database: &dyn Database) {
    let year = 365 * 24 * 3600;
    let (seen, unseen) = (
        database.open("one").await,
        database.open_unseen("elsewhere").await,
    );
    let other = database.open("two").await;
    let (odoo, moodle) = (target("acme/odoo"), target("acme/moodle"));
    seen.acquire(&odoo).await.unwrap();
    let lease = unseen.acquire(&moodle).await.unwrap();
    let is_locked = async |target: &TargetId| {
        matches!(other.acquire(target).await, Err(StoreError::Locked { .. }))
    };
    database.pass(-year);
    assert!(is_locked(&odoo).await && is_locked(&moodle).await);
    database.beat(&unseen).await;
    database.pass(year);
    // Whoever can be seen to live keeps its lease whatever the clock says.
    assert!(is_locked(&odoo).await);
    // The other one had told of its life a year ago.
    let taken = other.acquire(&moodle).await.unwrap();
    assert!(taken.fence > lease.fence);
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
        .tamper("UPDATE events SET event = '{\"event\":\"intent\"' WHERE entry = 2")
        .await;
    corrupt(
        store.deployment(&id("d1")).await.unwrap_err(),
        "entry 2 of d1",
    );
    // Not even read by those who only list.
    let odoo = Deployments::Of(target("acme/odoo"));
    assert_eq!(ids(&*store, &odoo).await, [id("d1")]);
    database.tamper("DELETE FROM events WHERE entry = 0").await;
    corrupt(
        store.deployment(&id("d1")).await.unwrap_err(),
        "entry 1 of d1 comes where entry 0 should",
    );
    database.tamper("UPDATE plans SET plan = 'null'").await;
    corrupt(
        store.deployment(&id("d1")).await.unwrap_err(),
        "the plan of d1",
    );
    database.tamper("DELETE FROM plans").await;
    corrupt(
        store.deployment(&id("d1")).await.unwrap_err(),
        "the plan of d1: it is gone",
    );
    for (broken, what) in [
        ("UPDATE deployments SET state = '{'", "the state of d1"),
        ("UPDATE deployments SET outline = '{'", "the outline of d1"),
    ] {
        database
            .tamper("UPDATE deployments SET state = '{\"status\":\"running\",\"entries\":3}'")
            .await;
        database.tamper(broken).await;
        corrupt(store.all_deployments(&odoo).await.unwrap_err(), what);
    }
    database.tamper("UPDATE targets SET incarnation = -1").await;
    corrupt(store.all_targets().await.unwrap_err(), "incarnation -1");
    database
        .tamper("UPDATE leases SET since = 'yesterday'")
        .await;
    corrupt(
        store.all_holders().await.unwrap_err(),
        "the lease on acme/odoo",
    );
}
