//! What is kept on this machine is its user's alone, and survives a full disk.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::place::{ACME, Place, Run, holds};

/// The rights of all files and folders there, by path.
fn rights(folder: &Path) -> Vec<(String, u32)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let mode = next.metadata().unwrap().permissions().mode() & 0o777;
        all.push((next.display().to_string(), mode));
        for entry in next.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let mode = path.metadata().unwrap().permissions().mode() & 0o777;
                all.push((path.display().to_string(), mode));
            }
        }
    }
    all
}

/// The binary in a shell that does something first.
fn after(place: &Place, shell: &str, args: &[&str]) -> Command {
    let real = place.command(args);
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("{shell}; exec \"$0\" \"$@\"")])
        .arg(real.get_program())
        .args(real.get_args())
        .current_dir(place.checkout())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for (name, value) in real.get_envs() {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    command
}

#[test]
fn nobody_else_reads_it_whatever_the_umask() {
    let place = Place::new(ACME);
    let state = place.checkout().join(".deploycenter");
    let mut apply = after(&place, "umask 000", &["apply", "--yes"]);
    Run::of(apply.output().unwrap()).succeeded();
    // The git cache is what the branches are, and out of reach in a closed folder.
    let open: Vec<_> = rights(&state)
        .into_iter()
        .filter(|(path, mode)| !path.contains("/git/") && mode & 0o077 != 0)
        .collect();
    assert_eq!(open, []);
    assert!(rights(&state).len() > 3);

    let dir = tempfile::tempdir().unwrap();
    let sandbox = dir.path().join("sandbox");
    let path = sandbox.to_str().unwrap();
    let args = ["sandbox", "--dir", path, "--idle", "--once"];
    let mut once = after(&place, "umask 000", &args);
    Run::of(once.output().unwrap()).succeeded();
    let mut kept = rights(&sandbox.join("stand-ins"));
    kept.push((
        "the folder".to_owned(),
        sandbox.metadata().unwrap().permissions().mode() & 0o777,
    ));
    assert!(kept.len() > 4, "{kept:?}");
    let open: Vec<_> = kept.iter().filter(|(_, mode)| mode & 0o077 != 0).collect();
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn a_journal_cut_to_nothing_is_refused_beside_what_is_deployed() {
    let place = Place::new(ACME);
    place.deploy();
    let journal = place.checkout().join(".deploycenter/journal.db");
    std::fs::write(&journal, "").unwrap();
    let mark = place.mark();
    for verb in [&["plan"][..], &["apply", "--yes"], &["status"], &["resume"]] {
        let said = place
            .run(&[verb, &["--output", "json"]].concat())
            .refused("journal");
        holds(
            &said,
            &[
                "journal.db is there, and is empty",
                "restore it from a backup",
            ],
        );
    }
    place.untouched_since(&mark);
    let run = place.run(&["doctor"]).exits(1);
    holds(
        &run.stdout,
        &[
            "journal.db is there, and is empty",
            "restore it from a backup",
        ],
    );
}

#[test]
fn a_disk_that_fills_up_says_so_and_resume_ends_what_was_begun() {
    let dir = tempfile::tempdir().unwrap();
    let undisturbed = {
        let place = Place::below(dir.path(), ACME);
        place.deploy();
        place.inventory()
    };
    let place = Place::below(dir.path(), ACME);
    place.run(&["status"]).succeeded();
    let (mut full, mut begun) = (0, 0);
    // No file grows beyond so many blocks of 512 bytes: more each time, so that it ends at
    // one step after the other.
    for blocks in (300..1600).step_by(10) {
        let limit = format!("trap '' XFSZ; ulimit -f {blocks}");
        let mut command = after(&place, &limit, &["apply", "--yes", "--output", "json"]);
        let run = Run::of(command.output().unwrap());
        if run.code == Some(0) {
            break;
        }
        if run.error()["code"] == "journal" {
            holds(
                &run.error().to_string(),
                &["the disk failed", "is it full?"],
            );
            full += 1;
            let left = place.run(&["plan"]);
            begun += usize::from(left.stderr.contains("has an unfinished deployment"));
        }
    }
    assert!(
        full > 0 && begun > 0,
        "{full} times full, {begun} of them with something begun"
    );
    place.run(&["resume"]).succeeded();
    place.deploy();
    assert_eq!(place.inventory(), undisturbed);
}
