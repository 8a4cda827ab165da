//! Broken deployment repos, and exactly what `validate` says of each.
//!
//! Each file of `broken/` is one: what it shows, the files that make it broken, and the
//! answer. `UPDATE_GOLDEN=1` writes the answers anew; read what changed.

use std::collections::BTreeMap;
use std::path::Path;

use crate::place::{Place, Run};

/// A repo with which nothing is wrong, before a case breaks it.
const SOUND: &str = "version: 1\ncustomers: []\n";

/// What stands in the cases for texts that scanners for secrets would find.
const STAND_INS: [(&str, &[&str]); 3] = [
    ("@@AWS@@", &["AKIA", "IOSFODNN7EXAMPLE"]),
    (
        "@@GITHUB@@",
        &["ghp_", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"],
    ),
    (
        "@@JWT@@",
        &[
            "eyJhbGciOiJIUzI1NiJ9",
            ".eyJzdWIiOiIxIn0",
            ".c2lnbmF0dXJlLW9mLWl0",
        ],
    ),
];

/// One broken repo.
struct Case {
    /// Everything before the answer, as it stands in the file.
    text: String,
    said: String,
}

impl Case {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (before, said) = text.split_once("==> validate\n").unwrap();
        Self {
            text: before.to_owned(),
            said: said.to_owned(),
        }
    }

    /// The files that it puts in place, made of those of a sound repo where it says so.
    fn files(&self, sound: &dyn Fn(&str) -> String) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        let mut instead = String::new();
        for part in self.text.split("==> ").skip(1) {
            let (head, body) = part.split_once('\n').unwrap();
            match head.split_once(": ") {
                Some((_, "instead of")) => instead = body.trim_end().to_owned(),
                Some((path, _)) => {
                    let text = sound(path);
                    assert!(text.contains(&instead), "{path} holds no {instead:?}");
                    let text = text.replacen(&instead, body.trim_end(), 1);
                    files.insert(path.to_owned(), text);
                }
                None => {
                    let spelt = |body: String, (stand_in, parts): &(&str, &[&str])| {
                        body.replace(stand_in, &parts.concat())
                    };
                    let body = STAND_INS.iter().fold(body.to_owned(), spelt);
                    files.insert(head.to_owned(), body);
                }
            }
        }
        files
    }
}

/// The digests of plugins change with every build of them.
fn without_digests(text: &str) -> String {
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_hexdigit());
        format!("{text}sha256:…{rest}")
    })
}

/// Runs `validate` with some files in place, then puts everything back.
fn with(place: &Place, files: &BTreeMap<String, impl AsRef<[u8]>>, args: &[&str]) -> Run {
    let before: Vec<(&String, Option<Vec<u8>>)> = files
        .keys()
        .map(|path| (path, std::fs::read(place.checkout().join(path)).ok()))
        .collect();
    for (path, content) in files {
        place.put(path, content);
    }
    let run = place.run(&[&["validate"], args].concat());
    for (path, content) in before {
        match content {
            Some(content) => place.put(path, content),
            None => std::fs::remove_file(place.checkout().join(path)).unwrap(),
        }
    }
    run
}

#[test]
fn each_broken_repo_gets_its_answer() {
    let place = Place::new(SOUND);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cli/broken");
    let mut cases: Vec<_> = folder
        .read_dir()
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    cases.sort();
    assert!(cases.len() > 20, "{cases:?}");
    let mark = place.mark();
    let mut wrong = Vec::new();
    for path in cases {
        let case = Case::read(&path);
        let sound = |path: &str| std::fs::read_to_string(place.checkout().join(path)).unwrap();
        let run = with(&place, &case.files(&sound), &[]);
        let said = without_digests(&run.stderr);
        assert_eq!((run.code, run.stdout.as_str()), (Some(1), ""), "{run}");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let text = format!("{}==> validate\n{said}", case.text);
            std::fs::write(&path, text).unwrap();
        } else if said != case.said {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("{name}: wanted\n{}but it says\n{said}", case.said));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    place.untouched_since(&mark);
    place.run(&["validate"]).succeeded();
}

/// What can't well be written down in a file.
#[test]
fn hostile_files_get_their_answers() {
    let place = Place::new(SOUND);
    let mut utf16 = vec![0xFF, 0xFE];
    utf16.extend(SOUND.encode_utf16().flat_map(u16::to_le_bytes));
    let bomb = (1..10).fold(
        format!("{SOUND}a0: &a0 [{}]\n", "x, ".repeat(10)),
        |text, level| {
            let aliases = format!("*a{}, ", level - 1).repeat(10);
            text + &format!("a{level}: &a{level} [{aliases}]\n")
        },
    );
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (
            utf16,
            "customers.yaml:1:1: is UTF-16\n    help: save it as UTF-8 without a byte order mark\n",
        ),
        (
            format!("\u{FEFF}{SOUND}").into_bytes(),
            "customers.yaml:1:1: begins with a byte order mark\n    help: save it as UTF-8 without a byte order mark\n",
        ),
        (
            b"version: 1\n# \xFF\n".to_vec(),
            "customers.yaml:2:3: isn't UTF-8 text\n    help: save it as UTF-8\n",
        ),
        (
            format!("{SOUND}# a bell \u{7}\n").into_bytes(),
            "customers.yaml:3:10: holds the character U+0007, a control character\n    help: take it out\n",
        ),
        (
            format!("{SOUND}note: \"\\u0000\"\n").into_bytes(),
            "customers.yaml:3:1: unknown key \"note\"\n    help: known are customers, version\n  customers.yaml:3:7: holds the character U+0000, a control character\n    help: take it out\n",
        ),
        (
            format!("{SOUND}# \u{FFFE}\u{10FF41}\u{FFFF}\n").into_bytes(),
            "customers.yaml:3:3: holds the character U+FFFE, which is kept for values that are known only after apply\n    help: take it out\n  \
             customers.yaml:3:4: holds the character U+10FF41, which is kept for values that are known only after apply\n    help: take it out\n  \
             customers.yaml:3:5: holds the character U+FFFF, which is kept for values that are known only after apply\n    help: take it out\n",
        ),
        (
            format!("version: 1\ncustomers: {}\n", "[".repeat(5_000)).into_bytes(),
            "customers.yaml:2:267: is nested deeper than 64 levels\n    help: make it flatter\n",
        ),
        (
            bomb.into_bytes(),
            "customers.yaml:6:5: its anchors and aliases copy more than 20000 values\n    help: write the values out, or put what is shared into environments/ or overrides/\n",
        ),
    ];
    for (content, said) in cases {
        let files = BTreeMap::from([("customers.yaml".to_owned(), content)]);
        let run = with(&place, &files, &[]).exits(1);
        let (head, rest) = run.stderr.split_once("\n  ").unwrap();
        assert!(head.starts_with("error[invalid]: "), "{run}");
        assert_eq!(rest, said);
    }
}

const BROKEN: &str = "\
version: 1
customers:
  - name: acme
    region: us-wset-2
    apps:
      - { app: mattermost, domain: chat.acme.apps.example.com, values: { replicas: 0 } }
";

#[test]
fn for_programs_and_for_a_workflow() {
    let place = Place::new(SOUND);
    let files = BTreeMap::from([("customers.yaml".to_owned(), BROKEN)]);
    let run = with(&place, &files, &["--output", "json"]).exits(1);
    assert_eq!(run.stdout, "");
    assert_eq!(
        run.error(),
        serde_json::json!({
            "code": "invalid",
            "message": "there are 2 problems",
            "problems": [
                {
                    "file": "customers.yaml", "line": 4, "column": 13, "path": "/customers/0/region",
                    "message": "unknown region \"us-wset-2\"; did you mean \"us-west-2\"?",
                },
                {
                    "file": "customers.yaml", "line": 6, "column": 74,
                    "path": "/customers/0/apps/0/values/replicas",
                    "message": "\"replicas\" is 0, and must be at least 1",
                },
            ],
        })
    );
    let run = with(&place, &files, &["--output", "github"]).exits(1);
    assert_eq!(
        run.stdout,
        "::error title=invalid,file=customers.yaml,line=4,col=13::unknown region \"us-wset-2\"; did you mean \"us-west-2\"?\n\
         ::error title=invalid,file=customers.yaml,line=6,col=74::\"replicas\" is 0, and must be at least 1\n"
    );
    let json = place
        .run(&["validate", "--output", "json"])
        .succeeded()
        .json();
    assert_eq!(
        json,
        serde_json::json!({ "format": 1, "customers": 0, "instances": 0, "problems": [], "warnings": [] })
    );
}
