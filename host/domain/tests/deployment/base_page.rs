//! `docs/base.md` is made of the lists; a stale one fails. `UPDATE_DOCS=1` writes it.

use std::fmt::Write as _;
use std::path::Path;

use deploycenter_domain::base::{FILES, PARTS, WORDS};
use deploycenter_domain::{guardrails, manifest};
use serde_json::Value;

const HEAD: &str = "\
# What a base may hold

<!-- Made from host/domain/src/base by a test: UPDATE_DOCS=1 cargo test -p deploycenter-domain base_page -->

A target's base is the plain manifests in its folder's `dependencies/`. They come from the app's templates and from `overrides/<app>/templates/dependencies/`, and are the host's in the end: each document is read strictly, held against the list of its kind below, and written anew. What isn't listed is refused by name, with file and line (of the file as rendered). An object stands once in a base. *The host's own* kinds are refused in templates: the host makes these objects from what the plugin declares. Their lists are for those of an earlier deployment (`rollback`) and of someone's hands (`accept`).

## How manifests are read

As the part of YAML that is JSON: maps, lists, texts, `true`, `false`, `null` and numbers without an exponent. Anchors, aliases, tags, directives, merge keys and keys that stand twice are refused. A plain scalar that some version of YAML takes for something else than the next (`yes`, `0x1f`, `1_000`, `12:30`, `2026-01-31`, `~`, an empty value) is refused: quote it if it is text. Keys are ASCII.

What is committed is the same tree in one form: block style, keys in their order, every text in double quotes that any reader could take for something else, every quantity in Kubernetes' canonical form (`1500m` for `1.5`, `2Gi` for `2048Mi`), which operators' webhooks leave as it is. Remarks stay in the template.

## How to read the lists

Keys are fields. `!` after a key: it has to be there. `[]`: a list of what follows. A key that ends in `*`: all that begin so. A value is a word (see the end of this page), `part` with the name of a part, `is X` or `one of X, Y` for exact texts, or the exact number, `true` or `false`. `apiVersion` and `kind` are always there. *Protected* kinds keep or guard data: they carry `argocd.argoproj.io/sync-options: Delete=false,Prune=false`; those that hold nothing themselves (all of the host's own but the Namespace, and ExternalSecret) may carry `Delete=false` alone, so that what isn't wanted any more is pruned.
";

fn page() -> String {
    let mut page = String::from(HEAD);
    let mut parts = FILES.to_vec();
    parts.sort_unstable();
    for (name, text) in parts {
        let file = &manifest::read(name, text).unwrap()[0];
        let file = file.to_value("", &mut std::collections::BTreeMap::new());
        let said = |key: &str| file[key].as_str().unwrap().to_owned();
        let protected = if file["keeps"] == true {
            " Protected."
        } else {
            ""
        };
        writeln!(page, "\n## {} ({})\n", said("kind"), said("apiVersion")).unwrap();
        let version = said("apiVersion");
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let own = match guardrails::is_own_kind(group, &said("kind")) {
            true => " The host's own.",
            false => "",
        };
        writeln!(page, "{}.{protected}{own}", said("about")).unwrap();
        for law in file["laws"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            writeln!(page, "Law: {law}.").unwrap();
        }
        let fields = text.split_once("fields:\n").unwrap().1;
        let fields: String = fields
            .lines()
            .map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line)))
            .collect();
        writeln!(page, "\n```yaml\n{fields}```").unwrap();
    }
    page.push_str("\n## Parts\n");
    for (name, text) in PARTS {
        writeln!(page, "\n### {name}\n\n```yaml\n{text}```").unwrap();
    }
    page.push_str("\n## Words\n\n| word | the value has to be |\n| --- | --- |\n");
    for word in WORDS {
        writeln!(page, "| {} | {} |", word.name, word.meaning).unwrap();
    }
    page
}

#[test]
fn the_page_is_of_today() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/base.md");
    let page = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &page).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == page,
        "docs/base.md is stale: UPDATE_DOCS=1 cargo test -p deploycenter-domain base_page"
    );
}
