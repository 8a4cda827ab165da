//! Known values in the place of tokens.

use deploycenter_domain::bind::{bind, is_bound, references};
use deploycenter_domain::resource::{Application, Resource};
use deploycenter_domain::token::Bindings;
use serde_json::json;

use crate::support::{access_point, file, id, mount_target, record, token};

fn bindings(pairs: &[(&str, &str)]) -> Bindings {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn what_is_known_takes_its_place() {
    let before = access_point(&token("efs.file-system/data"));
    assert!(!is_bound(&before));
    let after = bind(&before, &bindings(&[("efs.file-system/data:id", "fs-1")])).unwrap();
    assert_eq!(after, access_point("fs-1"));
    assert!(is_bound(&after));
}

#[test]
fn what_isnt_known_stays() {
    let both = file(
        "volumes.yaml",
        &format!(
            "{}::{}",
            token("efs.file-system/data"),
            token("efs.access-point/data")
        ),
    );
    let half = bind(
        &both,
        &bindings(&[
            ("efs.file-system/data:id", "fs-1"),
            ("efs.file-system/other:id", "fs-2"),
        ]),
    )
    .unwrap();
    assert_eq!(
        half,
        file(
            "volumes.yaml",
            &format!("fs-1::{}", token("efs.access-point/data"))
        )
    );
    assert_eq!(
        references(&half)
            .unwrap()
            .iter()
            .map(|found| found.key())
            .collect::<Vec<_>>(),
        ["efs.access-point/data:id"]
    );
    assert_eq!(bind(&both, &Bindings::new()).unwrap(), both);
}

#[test]
fn each_reference_is_told_once() {
    let twice = file(
        "x.yaml",
        &format!("a: {0}\nb: {0}\n", token("efs.file-system/data")),
    );
    let found = references(&twice).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].effect, id("efs.file-system/data"));
    assert_eq!(references(&record(1)).unwrap(), vec![]);
    assert!(is_bound(&record(1)));
}

#[test]
fn tokens_are_found_at_any_depth() {
    let application = Resource::Application(Application {
        name: "x".to_owned(),
        project: "acme".to_owned(),
        labels: [("a".to_owned(), token("efs.access-point/data"))].into(),
        spec: json!({ "a": [{ "b": token("efs.file-system/data") }, 1, null, true] }),
    });
    assert_eq!(references(&application).unwrap().len(), 2);
    assert!(!is_bound(&application));
    let known = bindings(&[
        ("efs.access-point/data:id", "fsap-1"),
        ("efs.file-system/data:id", "fs-1"),
    ]);
    let bound = bind(&application, &known).unwrap();
    let Resource::Application(bound) = bound else {
        panic!("{bound:?}")
    };
    assert_eq!(bound.spec, json!({ "a": [{ "b": "fs-1" }, 1, null, true] }));
    assert_eq!(bound.labels["a"], "fsap-1");
}

#[test]
fn what_is_left_of_a_token_is_refused() {
    let whole = token("efs.file-system/data");
    let cut: String = whole.chars().take(whole.chars().count() - 1).collect();
    let broken = mount_target(&format!("one\ntwo {cut}"));
    assert_eq!(bind(&broken, &Bindings::new()).unwrap_err().line, 2);
    assert_eq!(references(&broken).unwrap_err().line, 2);
    assert!(!is_bound(&broken));
    // A value that looks like a token is never looked through again.
    let odd = bindings(&[("efs.file-system/data:id", whole.as_str())]);
    assert_eq!(
        bind(&mount_target(&whole), &odd).unwrap(),
        mount_target(&whole)
    );
}
