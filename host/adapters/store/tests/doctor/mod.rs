//! What someone is told who looks at the journal before working with it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deploycenter_ports::{Examine as _, Leases as _};
use deploycenter_store::Journal;

use crate::contract::{Still, begin, deployment, target};
use crate::{open, tamper};

/// `open ok: …`, one line a check, without the folder.
async fn told(path: &Path) -> Vec<String> {
    let journal = Journal {
        path: path.to_owned(),
        machine: "here".to_owned(),
        clock: Arc::new(Still),
    };
    let found = journal.examine(Duration::from_secs(20)).await;
    let folder = format!("{}/", path.parent().unwrap().display());
    let lines = found.into_iter().map(|found| {
        let help = found
            .help
            .map_or_else(String::new, |help| format!(" | {help}"));
        let message = found.message.replace(&folder, "");
        format!("{} {}: {message}{help}", found.check, found.status.as_str())
    });
    lines.collect()
}

#[tokio::test]
async fn a_journal_that_is_not_there_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    assert_eq!(
        told(&path).await,
        ["open ok: j.db isn't there yet; the first command that needs it makes it"]
    );
    assert_eq!(folder.path().read_dir().unwrap().count(), 0);
}

#[tokio::test]
async fn who_is_at_work_and_who_died_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let alive = open(&path, "ada").await.unwrap();
    let sound = told(&path).await;
    assert!(sound[0].starts_with("open ok: j.db opens; its tables are version "));
    assert_eq!(
        sound[1..],
        [
            "write ok: it can be written",
            "locks ok: nobody holds a lock",
            "unfinished ok: no deployment is unfinished",
        ]
    );

    let lease = alive.acquire(&target("acme/odoo")).await.unwrap();
    begin(&alive, &lease, deployment("acme/odoo", "d1", 1)).await;
    assert_eq!(
        told(&path).await[2..],
        [
            "locks ok: at work: acme/odoo by ada, since 1970-01-01T00:00:01Z",
            "unfinished ok: every unfinished deployment is being worked on",
        ]
    );

    alive.close().await;
    assert_eq!(
        told(&path).await[2..],
        [
            "locks ok: left by processes that died, and free for whoever comes next: acme/odoo",
            "unfinished warn: the deployment of acme/odoo isn't finished | go on with: <resume>",
        ]
    );

    let other = open(&path, "grace").await.unwrap();
    for number in 0..7 {
        let name = format!("c{number}/odoo");
        let lease = other.acquire(&target(&name)).await.unwrap();
        begin(&other, &lease, deployment(&name, &format!("n{number}"), 1)).await;
    }
    other.close().await;
    assert_eq!(
        told(&path).await[3],
        "unfinished warn: 8 deployments aren't finished: acme/odoo, c0/odoo, c1/odoo, c2/odoo, c3/odoo, 3 more | go on with: <resume>"
    );
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_told_with_a_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let way = "mend the file or restore it from a backup; DEPLOYCENTER_DATABASE names another";
    std::fs::write(&path, "not a database at all, but long enough to look at").unwrap();
    assert_eq!(
        told(&path).await,
        [format!(
            "open fail: j.db: the journal's database failed: its file is no SQLite database; name another, or move that one away | {way}"
        )]
    );

    std::fs::remove_file(&path).unwrap();
    open(&path, "one").await.unwrap().close().await;
    tamper(
        &path,
        "INSERT INTO _sqlx_migrations VALUES (9999, 'later', '2026-01-01', TRUE, x'00', 0)",
    )
    .await;
    assert_eq!(
        told(&path).await,
        [format!(
            "open fail: j.db: the journal's database failed: it was written by a newer deploycenter; use that one, or a newer one | {way}"
        )]
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_its_check_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("j.db");
    let store = open(&path, "ada").await.unwrap();
    let lease = store.acquire(&target("acme/odoo")).await.unwrap();
    begin(&store, &lease, deployment("acme/odoo", "d1", 1)).await;
    store.close().await;
    tamper(&path, "UPDATE deployments SET state = '{'").await;
    let told = told(&path).await;
    assert!(told[2].starts_with("locks ok: "), "{told:?}");
    assert!(
        told[3].starts_with("unfinished fail: the journal can't be read: the state of d1"),
        "{told:?}"
    );
}
