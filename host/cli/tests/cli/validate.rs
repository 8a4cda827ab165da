//! What `validate` found sound once isn't asked again, and nothing else is taken for it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use crate::place::{ACME, FLEET, Place, Run, cache, holds};

/// A place, and a memory of its own of what was found sound.
struct Cached {
    place: Place,
    cache: PathBuf,
}

impl Cached {
    fn new(customers: &str) -> Self {
        let place = Place::new(customers);
        let cache = place.checkout().with_file_name("cache");
        fs::create_dir_all(cache.join("deploycenter")).unwrap();
        symlink(compiled(), cache.join("deploycenter/compiled")).unwrap();
        Self { place, cache }
    }

    fn folder(&self) -> PathBuf {
        self.cache.join("deploycenter/checked")
    }

    /// The one file that says what was found sound.
    fn file(&self) -> PathBuf {
        let mut files = fs::read_dir(self.folder()).unwrap();
        let file = files.next().unwrap().unwrap().path();
        assert!(files.next().is_none(), "one for each repo");
        file
    }

    fn kept(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    fn validate(&self) -> Run {
        let mut command = self.place.command(&["validate"]);
        command.env("XDG_CACHE_HOME", &self.cache);
        Run::of(command.output().unwrap())
    }

    #[track_caller]
    fn is_sound(&self) -> Run {
        self.validate().succeeded()
    }

    #[track_caller]
    fn is_broken(&self, message: &str) {
        let run = self.validate().exits(1);
        holds(&run.stderr, &[message]);
    }
}

/// The code that all tests share.
fn compiled() -> PathBuf {
    let folder = cache().join("deploycenter/compiled");
    fs::create_dir_all(&folder).unwrap();
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    folder
}

#[test]
fn an_unchanged_repo_is_validated_without_running_a_plugin() {
    let it = Cached::new(&ACME.replace("maxUsers: 100", "replicas: 2"));
    let first = it.is_sound();
    // None can run without leaving its code.
    let code = it.cache.join("deploycenter/compiled");
    fs::remove_file(&code).unwrap();
    let again = it.is_sound();
    assert_eq!(fs::read_dir(&code).unwrap().count(), 0);
    holds(
        &first.stderr,
        &["! acme/mattermost: 2 servers wait for a licence"],
    );
    assert_eq!(
        (&again.stdout, &again.stderr),
        (&first.stdout, &first.stderr)
    );
    let mode = fs::metadata(it.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn whatever_an_instance_depends_on_has_it_asked_again() {
    let it = Cached::new(ACME);
    it.is_sound();
    let regions = fs::read_to_string(it.place.checkout().join("regions.yaml")).unwrap();
    for (path, text) in [
        ("customers.yaml", ACME.replace("100", "137")),
        ("customers.yaml", ACME.replace("chat.acme", "talk.acme")),
        (
            "environments/prod.yaml",
            "mattermost: { maxUsers: 90 }\n".to_owned(),
        ),
        (
            "overrides/mattermost/values.yaml",
            "maxUsers: 80\n".to_owned(),
        ),
        (
            "overrides/mattermost/templates/note.txt",
            "hello\n".to_owned(),
        ),
        (
            "regions.yaml",
            regions.replace("subnet-0a10000000000c", "subnet-0a10000000000d"),
        ),
    ] {
        let before = it.kept();
        it.is_sound();
        assert_eq!(it.kept(), before, "before {path}");
        it.place.put(path, text);
        it.is_sound();
        assert_ne!(it.kept(), before, "{path}");
    }
}

#[test]
fn one_broken_instance_has_no_other_asked_again() {
    let it = Cached::new(FLEET);
    it.is_sound();
    let before = it.kept();
    assert_eq!(before.matches("sha256:").count(), 2, "{before}");
    let broken = FLEET.replace("maxUsers: 100", "maxUsers: -1");
    it.place.put("customers.yaml", broken);
    it.is_broken("maxUsers");
    assert_eq!(it.kept().matches("sha256:").count(), 1);
    it.is_broken("maxUsers");
    // Nor has a file that can't be read at all, which hides nobody's faults.
    it.place.put("customers.d/other.yaml", "\tx: 1\n");
    it.is_broken("maxUsers");
    it.is_broken("customers.d/other.yaml:1:1");
    assert_eq!(it.kept().matches("sha256:").count(), 1);
    fs::remove_file(it.place.checkout().join("customers.d/other.yaml")).unwrap();
    it.place.put("customers.yaml", FLEET);
    it.is_sound();
    assert_eq!(it.kept(), before);
}

#[test]
fn what_is_damaged_foreign_or_of_another_binary_counts_for_nothing() {
    let it = Cached::new(&ACME.replace("maxUsers: 100", "replicas: 2"));
    let warned = it.is_sound().stderr;
    let kept = it.kept();
    let other = kept.replacen("\"host\":\"", "\"host\":\"9", 1);
    assert_ne!(kept, other);
    let lie = other.replace("2 servers wait", "nobody waits");
    assert_ne!(lie, other);
    for text in ["", "{", "[1]", "\0", &other, &lie] {
        fs::write(it.file(), text).unwrap();
        assert_eq!(it.is_sound().stderr, warned, "{text:?}");
        assert_eq!(it.kept(), kept);
    }
    let lie = kept.replace("2 servers wait", "nobody waits");
    fs::write(it.file(), &lie).unwrap();
    let others_may_write = |mode| {
        fs::set_permissions(it.folder(), fs::Permissions::from_mode(mode)).unwrap();
    };
    others_may_write(0o777);
    assert_eq!(it.is_sound().stderr, warned);
    assert_eq!(it.kept(), lie, "neither read nor written");
    others_may_write(0o700);
    assert_ne!(it.is_sound().stderr, warned, "its own is believed");
}

#[test]
fn a_plugin_that_is_not_what_the_lock_says_is_told_of_each_time() {
    let it = Cached::new(ACME);
    it.is_sound();
    let lock = fs::read_to_string(it.place.checkout().join("plugins.lock")).unwrap();
    let files: Vec<&str> = lock
        .split('"')
        .filter(|text| text.ends_with(".wasm"))
        .collect();
    assert!(!files.is_empty(), "{lock}");
    for path in files {
        let path = it.place.checkout().join(path);
        let sound = fs::read(&path).unwrap();
        fs::write(&path, [&sound[..], b"\0"].concat()).unwrap();
        it.is_broken("isn't the file that this names");
        fs::write(&path, sound).unwrap();
    }
    it.is_sound();
}
