//! `deployment.lock.json`.

use std::collections::BTreeMap;

use deploycenter_domain::digest::Digest;
use deploycenter_domain::lock::{Lock, PinnedOverrides, PinnedPlugin, pretty};
use deploycenter_domain::name::Incarnation;
use deploycenter_domain::secret_version::SecretVersion;
use serde_json::json;

fn lock() -> Lock {
    Lock {
        format: 1,
        app: "mattermost".parse().unwrap(),
        incarnation: Incarnation(2),
        plugin: PinnedPlugin {
            version: "0.1.0".to_owned(),
            digest: Digest::of(b"plugin"),
        },
        overrides: None,
        data_version: None,
        secret_versions: BTreeMap::new(),
        bindings: [("efs.file-system/data:id".to_owned(), "fs-1".to_owned())].into(),
    }
}

#[test]
fn its_text() {
    let expected = format!(
        "{{\n  \"app\": \"mattermost\",\n  \"bindings\": {{\n    \"efs.file-system/data:id\": \"fs-1\"\n  }},\n  \"format\": 1,\n  \"incarnation\": 2,\n  \"plugin\": {{\n    \"digest\": \"{}\",\n    \"version\": \"0.1.0\"\n  }}\n}}\n",
        Digest::of(b"plugin")
    );
    assert_eq!(lock().text(), expected);
}

#[test]
fn it_is_read_as_written() {
    let whole = Lock {
        overrides: Some(PinnedOverrides {
            commit: "c".repeat(40),
            digest: Digest::of(b"overrides"),
        }),
        data_version: Some("11".to_owned()),
        secret_versions: BTreeMap::from([(
            "smtp".to_owned(),
            vec![SecretVersion::of("b"), SecretVersion::of("a")],
        )]),
        ..lock()
    };
    for lock in [lock(), whole] {
        assert_eq!(Lock::read(&lock.text()).unwrap(), lock);
    }
}

#[test]
fn what_isnt_a_lock_is_refused() {
    let with = |edit: fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_str(&lock().text()).unwrap();
        edit(&mut value);
        Lock::read(&value.to_string()).unwrap_err().to_string()
    };
    let newer = with(|lock| lock["format"] = json!(2));
    assert_eq!(
        newer,
        "deployment.lock.json can't be read: its format is 2, and this version reads 1"
    );
    assert!(with(|lock| lock["more"] = json!(1)).contains("unknown field `more`"));
    assert!(with(|lock| lock["plugin"]["more"] = json!(1)).contains("unknown field `more`"));
    assert!(with(|lock| lock["app"] = json!("Mattermost")).contains("Mattermost"));
    assert!(with(|lock| lock["plugin"]["digest"] = json!("sha256:0")).contains("no digest"));
    // It becomes a key of a secret in the cluster.
    assert!(
        with(|lock| lock["secretVersions"] = json!({ "smtp": ["../../0123456789"] }))
            .contains("no version of a secret")
    );
    for text in ["", "{}", "[]", "\u{0}", "{\"format\":1"] {
        assert!(Lock::read(text).is_err(), "{text:?}");
    }
}

#[test]
fn committed_json_has_one_form() {
    let value: serde_json::Value =
        serde_json::from_str("{\"b\":[],\"a\":{\"d\":1,\"c\":\"ü\"}}").unwrap();
    assert_eq!(
        pretty(&value),
        "{\n  \"a\": {\n    \"c\": \"ü\",\n    \"d\": 1\n  },\n  \"b\": []\n}\n"
    );
}
