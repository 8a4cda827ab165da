//! Journals of earlier versions: they are brought up to date, and read and continued.

use std::path::Path;
use std::sync::Arc;

use deploycenter_domain::deployed::DeployedState;
use deploycenter_domain::journal::{Event, Status};
use deploycenter_ports::{
    DeploymentRecord, Deployments, Journal as _, Leases as _, NewDeployment, Queries as _,
    Queue as _, Recorded, StoreError,
};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

use crate::contract::{deployment, effect, id, intent, target, time};
use crate::open;

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../migrations/sqlite");

/// A database as the version had it whose last migration is the second.
async fn of_the_second_version(path: &Path) -> SqliteConnection {
    let folder = tempfile::tempdir().unwrap();
    for name in ["0001_journal.sql", "0002_standing.sql"] {
        std::fs::copy(Path::new(MIGRATIONS).join(name), folder.path().join(name)).unwrap();
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let migrations = Migrator::new(folder.path()).await.unwrap();
    migrations
        .run_direct(None, &mut connection, false)
        .await
        .unwrap();
    connection
}

/// A deployment as that version journaled it.
async fn write(db: &mut SqliteConnection, record: &DeploymentRecord, finished: bool) {
    let new = &record.deployment;
    sqlx::query(
        "INSERT INTO deployments (id, target, incarnation, plan, actor, main_commit, begun_at, finished)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(new.id.as_str())
    .bind(new.plan.target.to_string())
    .bind(i64::from(new.plan.incarnation.0))
    .bind(serde_json::to_string(&new.plan).unwrap())
    .bind(&new.actor)
    .bind(&new.main_commit)
    .bind(new.at.to_string())
    .bind(finished)
    .execute(&mut *db)
    .await
    .unwrap();
    for (entry, recorded) in (0i64..).zip(&record.events) {
        sqlx::query("INSERT INTO events (deployment, entry, at, event) VALUES ($1, $2, $3, $4)")
            .bind(new.id.as_str())
            .bind(entry)
            .bind(recorded.at.to_string())
            .bind(serde_json::to_string(&recorded.event).unwrap())
            .execute(&mut *db)
            .await
            .unwrap();
    }
    sqlx::query(
        "INSERT INTO targets (target, incarnation, holds_data, last, last_succeeded, main_commit)
         VALUES ($1, 1, $2, $3, CASE WHEN $2 THEN $3 END, $4)",
    )
    .bind(new.plan.target.to_string())
    .bind(finished)
    .bind(new.id.as_str())
    .bind(&new.main_commit)
    .execute(db)
    .await
    .unwrap();
}

fn record(new: NewDeployment, events: impl IntoIterator<Item = Event>) -> DeploymentRecord {
    let events = (10..).zip(events).map(|(second, event)| Recorded {
        at: time(second),
        event,
    });
    DeploymentRecord {
        deployment: new,
        events: events.collect(),
    }
}

/// One that succeeded, and one whose process died while it waited.
fn records() -> (DeploymentRecord, DeploymentRecord) {
    let succeeded = [Event::Started, Event::Succeeded];
    let waiting = [
        Event::Started,
        intent(),
        Event::Waiting {
            system: "efs".to_owned(),
            message: "connection refused".to_owned(),
        },
    ];
    (
        record(deployment("acme/odoo", "d1", 1), succeeded),
        record(deployment("acme/moodle", "d2", 1), waiting),
    )
}

async fn made(path: &Path) -> (DeploymentRecord, DeploymentRecord) {
    let (whole, interrupted) = records();
    let mut db = of_the_second_version(path).await;
    write(&mut db, &whole, true).await;
    write(&mut db, &interrupted, false).await;
    let state = DeployedState::after(None, &whole.deployment.plan, &Default::default());
    sqlx::query(
        "INSERT INTO standing (target, incarnation, standing, deployment, at, ended)
         VALUES ('acme/odoo', 1, $1, 'd1', $2, FALSE)",
    )
    .bind(serde_json::to_string(&state).unwrap())
    .bind(time(11).to_string())
    .execute(&mut db)
    .await
    .unwrap();
    sqlx::query(
        "INSERT INTO leases (target, fence, process, owner, since)
         VALUES ('acme/moodle', 7, 'dead', 'ada', $1)",
    )
    .bind(time(10).to_string())
    .execute(&mut db)
    .await
    .unwrap();
    db.close().await.unwrap();
    (whole, interrupted)
}

#[tokio::test]
async fn a_journal_of_an_earlier_version_is_read_and_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    let (whole, interrupted) = made(&path).await;
    let store = Arc::new(open(&path, "one").await.unwrap());

    for record in [&whole, &interrupted] {
        let name = &record.deployment.id;
        let read = store.deployment(name).await.unwrap();
        assert_eq!(read.as_ref(), Some(record));
        let summary = store.summary(name).await.unwrap();
        assert_eq!(summary, Some(record.summary().unwrap()));
    }
    let unfinished = store.all_deployments(&Deployments::Unfinished).await;
    let unfinished = unfinished.unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].waits[0].since, time(12));
    let odoo = store.target(&target("acme/odoo")).await.unwrap().unwrap();
    assert!(odoo.is_deployed && odoo.last_succeeded == Some(id("d1")));
    let deployed = store.deployed_of(&target("acme/odoo")).await.unwrap();
    let deployed = deployed.unwrap();
    assert_eq!(
        (deployed.deployment, deployed.at, deployed.ended),
        (id("d1"), time(11), false)
    );

    // Its process was of this machine, and is gone.
    assert_eq!(store.all_holders().await.unwrap(), []);
    let lease = store.acquire(&target("acme/moodle")).await.unwrap();
    assert_eq!(lease.fence, 8);
    let claimed = store.claim(&lease, &id("d2"), time(20)).await.unwrap();
    let last = claimed.events.last().map(|entry| entry.event.clone());
    assert_eq!(last, Some(Event::Resumed), "it was started before");
    let done = Event::Done {
        effect: effect(),
        changed: true,
        outputs: Default::default(),
    };
    for event in [intent(), done, Event::Succeeded] {
        let name = id("d2");
        let written = store.append(&lease, &name, &event, time(21));
        written.await.unwrap();
    }
    let summary = store.summary(&id("d2")).await.unwrap().unwrap();
    assert_eq!(summary.status(), Status::Succeeded);
    let record = store.deployment(&id("d2")).await.unwrap().unwrap();
    assert_eq!(record.summary().unwrap(), summary);
}

#[tokio::test]
async fn a_broken_row_of_an_earlier_version_breaks_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal.db");
    made(&path).await;
    crate::tamper(&path, "UPDATE deployments SET plan = '{' WHERE id = 'd1'").await;
    let store = open(&path, "one").await.unwrap();
    assert!(store.summary(&id("d2")).await.unwrap().is_some());
    let refused = store.summary(&id("d1")).await.unwrap_err();
    assert!(
        matches!(&refused, StoreError::Corrupt(what) if what.contains("the plan of d1")),
        "{refused}"
    );
}
