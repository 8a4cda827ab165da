//! Every app at the edges of its schema: each pair of edge values of two keys stands in
//! some instance that is rendered. What they give is held against the operators' own
//! definitions, as the fleet's is (`apps/tests/verify.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use deploycenter_sandbox::sample::{REGIONS, SampleRepo};
use deploycenter_testkit::files;
use serde_json::{Map, Value, json};

use crate::files::{RENDERED, cache, workspace};
use crate::place::{SETTINGS, apps, read};

/// The most values of one key that are tried.
const MOST: usize = 8;
/// How often what an app refuses may be taken out of an instance.
const REPAIRS: usize = 20;

/// One instance: key to value; what isn't there keeps the app's base value.
type Row = BTreeMap<String, Value>;

#[test]
fn every_edge_of_a_schema_is_rendered() {
    for app in apps() {
        let schema = fs::read_to_string(workspace().join("apps").join(app).join("schema.json"));
        let schema: Value = serde_json::from_str(&schema.unwrap()).unwrap();
        let edges: BTreeMap<String, Vec<Value>> = schema["properties"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(key, inner)| (key.clone(), candidates(&schema, inner)))
            .collect();
        let mut rows = pairwise(&edges);
        let dir = tempfile::tempdir().unwrap();
        let repo = repo(dir.path(), app, &rows);
        take_out_refused(&repo, dir.path(), app, &mut rows);
        // What others forbid is perhaps taken by itself.
        let alone = never_taken(&edges, &rows);
        rows.extend(alone.into_iter().map(|edge| Row::from([edge])));
        take_out_refused(&repo, dir.path(), app, &mut rows);
        rows.retain(|row| !row.is_empty());
        write(&repo, app, &rows);

        let out = std::env::var_os(RENDERED)
            .map_or_else(|| dir.path().join("rendered"), PathBuf::from)
            .join("edges")
            .join(app);
        let output = run(
            &repo,
            dir.path(),
            &["render", "--out", out.to_str().unwrap()],
        );
        assert!(
            output.status.success(),
            "{app}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let rendered = read(&out);
        let folders = rendered.keys().filter(|path| path.ends_with("/base.json"));
        assert_eq!(folders.count(), rows.len(), "{app}");
        let never = never_taken(&edges, &rows);
        eprintln!(
            "{app}: {} instances at the edges of its schema; refused by the app itself: {}",
            rows.len(),
            never.len()
        );
        for (key, values) in &edges {
            let refused = never.iter().filter(|(other, _)| other == key).count();
            assert!(
                values.is_empty() || refused < values.len(),
                "{app} takes none of the edges of {key}, so its schema allows too much"
            );
        }
    }
}

/// Takes out of the rows what `validate` names, until it names nothing.
fn take_out_refused(repo: &SampleRepo, home: &Path, app: &str, rows: &mut [Row]) {
    for _ in 0..REPAIRS {
        write(repo, app, rows);
        let refused = refused(repo, home, app, rows);
        if refused.is_empty() {
            return;
        }
        for (row, key) in refused {
            rows[row].remove(&key);
        }
    }
    let left = refused(repo, home, app, rows);
    panic!("{app} refuses something after {REPAIRS} repairs: {left:?}");
}

/// Edge values that stand in no row.
fn never_taken(edges: &BTreeMap<String, Vec<Value>>, rows: &[Row]) -> Vec<(String, Value)> {
    let taken: BTreeSet<(&String, String)> = rows
        .iter()
        .flatten()
        .map(|(key, value)| (key, value.to_string()))
        .collect();
    edges
        .iter()
        .flat_map(|(key, values)| values.iter().map(move |value| (key, value)))
        .filter(|(key, value)| !taken.contains(&(*key, value.to_string())))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn write(repo: &SampleRepo, app: &str, rows: &[Row]) {
    fs::write(repo.checkout.join("customers.yaml"), customers(app, rows)).unwrap();
}

/// Values at the edges of what a schema allows. Texts come from its examples and default,
/// since no text follows from a pattern.
fn candidates(root: &Value, schema: &Value) -> Vec<Value> {
    let referred = schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')));
    if let Some(referred) = referred {
        // What stands beside a reference is nearer to the use.
        let mut merged = referred.clone();
        for (key, value) in schema.as_object().into_iter().flatten() {
            if key != "$ref" {
                merged[key] = value.clone();
            }
        }
        return candidates(root, &merged);
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return some_of(values.clone());
    }
    let mut found = match schema["type"].as_str() {
        Some("boolean") => vec![json!(true), json!(false)],
        Some("object") => objects(root, schema),
        _ => ["minimum", "maximum", "default"]
            .iter()
            .filter_map(|key| schema.get(*key).cloned())
            .chain(
                schema
                    .get("examples")
                    .and_then(Value::as_array)
                    .into_iter()
                    .flatten()
                    .cloned(),
            )
            .collect(),
    };
    let mut seen = BTreeSet::new();
    found.retain(|value| seen.insert(value.to_string()));
    some_of(found)
}

/// The first and last of too many.
fn some_of(mut values: Vec<Value>) -> Vec<Value> {
    if values.len() > MOST {
        let last = values.split_off(values.len() - MOST / 2);
        values.truncate(MOST / 2);
        values.extend(last);
    }
    values
}

/// What is required alone, everything at once with its first and its last value, and each
/// value of each property with what is required.
fn objects(root: &Value, schema: &Value) -> Vec<Value> {
    let none = Map::new();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .unwrap_or(&none);
    let required: BTreeSet<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let values: BTreeMap<&String, Vec<Value>> = properties
        .iter()
        .map(|(key, inner)| (key, candidates(root, inner)))
        .filter(|(_, values)| !values.is_empty())
        .collect();
    let with = |choose: &dyn Fn(&str, &[Value]) -> Option<Value>| {
        let chosen = values
            .iter()
            .filter_map(|(key, values)| Some(((*key).clone(), choose(key, values)?)));
        Value::Object(chosen.collect())
    };
    let mut found = vec![
        with(&|key, values| values.first().filter(|_| required.contains(key)).cloned()),
        with(&|_, values| values.first().cloned()),
        with(&|_, values| values.last().cloned()),
    ];
    for (varied, values) in &values {
        for value in values {
            found.push(with(&|key, values| {
                if key == varied.as_str() {
                    Some(value.clone())
                } else {
                    values.first().filter(|_| required.contains(key)).cloned()
                }
            }));
        }
    }
    found
}

/// Rows in which every pair of values of two keys stands together at least once: each row
/// begins with a pair that is missing and takes, key by key, what brings most others.
fn pairwise(edges: &BTreeMap<String, Vec<Value>>) -> Vec<Row> {
    let keys: Vec<&String> = edges.keys().collect();
    let mut missing: BTreeSet<(usize, usize, usize, usize)> = BTreeSet::new();
    for (one, first) in keys.iter().enumerate() {
        for (other, second) in keys.iter().enumerate().skip(one + 1) {
            for a in 0..edges[*first].len() {
                for b in 0..edges[*second].len() {
                    missing.insert((one, a, other, b));
                }
            }
        }
    }
    let pair = |one: usize, a: usize, other: usize, b: usize| {
        if one < other {
            (one, a, other, b)
        } else {
            (other, b, one, a)
        }
    };
    let mut rows = Vec::new();
    while let Some(&(one, a, other, b)) = missing.first() {
        let mut chosen: BTreeMap<usize, usize> = [(one, a), (other, b)].into();
        for key in 0..keys.len() {
            if chosen.contains_key(&key) {
                continue;
            }
            let gain = |value: usize| {
                let brought = chosen
                    .iter()
                    .filter(|(at, with)| missing.contains(&pair(key, value, **at, **with)));
                brought.count()
            };
            let best = (0..edges[keys[key]].len())
                .max_by_key(|value| (gain(*value), std::cmp::Reverse(*value)));
            if let Some(best) = best {
                chosen.insert(key, best);
            }
        }
        for (one, a) in &chosen {
            for (other, b) in &chosen {
                if one < other {
                    missing.remove(&(*one, *a, *other, *b));
                }
            }
        }
        rows.push(
            chosen
                .iter()
                .map(|(key, value)| (keys[*key].clone(), edges[keys[*key]][*value].clone()))
                .collect(),
        );
    }
    rows
}

/// One customer a row. Each value has a line of its own, by which a problem is found again.
fn customers(app: &str, rows: &[Row]) -> String {
    let mut text = "version: 1\ncustomers:\n".to_owned();
    for (at, row) in rows.iter().enumerate() {
        writeln!(
            text,
            "  - {{ name: edge-{at}, region: us-west-2, apps: [\n      {{ app: {app}, domain: edge-{at}.apps.example.com, values: {{"
        )
        .unwrap();
        for (key, value) in row {
            writeln!(text, "          {key}: {value},").unwrap();
        }
        text.push_str("      } } ] }\n");
    }
    text
}

/// Which key of which row stands in each line of [`customers`], counted from 1; for the line
/// of the instance itself, none.
fn lines(rows: &[Row]) -> BTreeMap<u64, (usize, Option<String>)> {
    let mut line = 2;
    let mut found = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        line += 2;
        found.insert(line, (at, None));
        for key in row.keys() {
            line += 1;
            found.insert(line, (at, Some(key.clone())));
        }
        line += 1;
    }
    found
}

fn repo(dir: &Path, app: &str, rows: &[Row]) -> SampleRepo {
    let mut files = files(&customers(app, rows)).unwrap();
    files.insert("deploycenter.toml".to_owned(), SETTINGS.as_bytes().to_vec());
    // Every add-on that an app can use.
    let regions = REGIONS.replace(
        "efs-csi]",
        "efs-csi, prometheus-operator, vertical-pod-autoscaler]",
    );
    files.insert("regions.yaml".to_owned(), regions.into_bytes());
    let repo = SampleRepo::below(dir);
    assert!(repo.create(&files).unwrap());
    repo
}

fn run(repo: &SampleRepo, home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_deploycenter"))
        .args(arguments)
        .current_dir(&repo.checkout)
        .env_clear()
        .env("HOME", home)
        .env("XDG_CACHE_HOME", cache())
        .output()
        .unwrap()
}

/// The values that `validate` names, by row and key.
fn refused(repo: &SampleRepo, home: &Path, app: &str, rows: &[Row]) -> BTreeSet<(usize, String)> {
    let output = run(repo, home, &["validate", "--output", "json"]);
    if output.status.success() {
        return BTreeSet::new();
    }
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    let lines = lines(rows);
    let problems = error["error"]["problems"].as_array().unwrap();
    problems
        .iter()
        .map(|problem| {
            let line = problem["line"].as_u64().unwrap_or_default();
            let found = lines.get(&line);
            let (row, key) = found.unwrap_or_else(|| panic!("{app}: {problem} names no value"));
            // Where the app's own value is in the way, one of the others goes.
            let key = key
                .clone()
                .or_else(|| rows[*row].keys().next_back().cloned());
            (
                *row,
                key.unwrap_or_else(|| panic!("{app}: {problem} with its own values")),
            )
        })
        .collect()
}
