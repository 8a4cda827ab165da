//! What a plugin's chart may be made of. Argo CD and Helm read more files than a chart's
//! own: some change the application's source, others fetch charts from elsewhere.

use std::collections::BTreeMap;

use crate::desired::Content;
use crate::manifest;

/// Files that a chart may have at its root.
const FILES: [&str; 4] = [
    ".helmignore",
    "Chart.yaml",
    "values.schema.json",
    "values.yaml",
];
/// Folders that it may have there, each with whatever is in it.
const FOLDERS: [&str; 2] = ["files", "templates"];
/// Keys of `Chart.yaml` that make no other chart part of this one.
const KEYS: [&str; 14] = [
    "annotations",
    "apiVersion",
    "appVersion",
    "deprecated",
    "description",
    "home",
    "icon",
    "keywords",
    "kubeVersion",
    "maintainers",
    "name",
    "sources",
    "type",
    "version",
];

/// Everything in a chart, path to text, that isn't its own, each a sentence for its author
/// that names the file.
#[must_use]
pub fn check(files: &BTreeMap<String, String>) -> Vec<String> {
    let mut found: Vec<String> = files
        .keys()
        .filter(|path| !is_own(path))
        .map(|path| {
            format!(
                "chart/{}: {}; take it away",
                path.escape_debug(),
                reason(path)
            )
        })
        .collect();
    if let Some(text) = files.get("Chart.yaml") {
        found.extend(foreign_keys(text));
    }
    found
}

fn is_own(path: &str) -> bool {
    FILES.contains(&path)
        || path
            .split_once('/')
            .is_some_and(|(folder, _)| FOLDERS.contains(&folder))
}

/// Why a file is none of a chart's own.
fn reason(path: &str) -> String {
    let name = path.split('/').next().unwrap_or_default();
    match name {
        _ if name.starts_with(".argocd-source") => {
            "Argo CD would change the application's source by it".to_owned()
        }
        "charts" | "Chart.lock" | "requirements.yaml" | "requirements.lock" => {
            "Helm would take other charts in by it; a chart here stands for itself".to_owned()
        }
        "crds" => "it would install kinds in the whole cluster; an operator does that".to_owned(),
        _ => format!(
            "a chart has {} and the folders {}, and nothing else that Helm or Argo CD could read",
            FILES.join(", "),
            FOLDERS.join(", ")
        ),
    }
}

/// Keys beyond those that describe the chart itself, and what a reader of YAML could see
/// otherwise.
fn foreign_keys(text: &str) -> Vec<String> {
    const FILE: &str = "chart/Chart.yaml";
    let documents = match manifest::read(FILE, text) {
        Ok(documents) => documents,
        Err(problems) => return problems.iter().map(ToString::to_string).collect(),
    };
    let [described] = &documents[..] else {
        return vec![format!(
            "{FILE}: has {} documents, and may have one",
            documents.len()
        )];
    };
    let Content::Map(entries) = &described.content else {
        return vec![format!("{FILE}: is no map")];
    };
    entries
        .iter()
        .map(|entry| entry.key.as_str())
        .filter(|key| !KEYS.contains(key))
        .map(|key| match key {
            "dependencies" => format!(
                "{FILE}: has \"dependencies\", by which Helm would take other charts in; a chart here stands for itself"
            ),
            _ => format!(
                "{FILE}: has the key \"{}\", which a chart here may not have; there are {}",
                key.escape_debug(),
                KEYS.join(", ")
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> Vec<String> {
        check(&BTreeMap::from([(path.to_owned(), text.to_owned())]))
    }

    #[test]
    fn a_charts_own_files_are_fine() {
        for path in [
            ".helmignore",
            "values.yaml",
            "values.schema.json",
            "templates/_helpers.tpl",
            "templates/NOTES.txt",
            "templates/sub/x.yaml",
            "files/setup.py",
        ] {
            assert_eq!(found(path, ""), [""; 0], "{path}");
        }
        let chart =
            "apiVersion: v2\nname: x\ndescription: text\ntype: application\nversion: 0.1.0\n";
        assert_eq!(found("Chart.yaml", chart), [""; 0]);
    }

    #[test]
    fn what_else_argo_cd_or_helm_reads_is_refused_by_name() {
        for (path, says) in [
            (".argocd-source.yaml", "Argo CD would change"),
            (".argocd-source-acme--odoo.yaml", "Argo CD would change"),
            ("Chart.lock", "other charts"),
            ("charts/redis-1.0.0.tgz", "other charts"),
            ("requirements.yaml", "other charts"),
            ("crds/x.yaml", "whole cluster"),
            ("kustomization.yaml", "nothing else"),
            ("plugin.yaml", "nothing else"),
            ("main.jsonnet", "nothing else"),
            ("Chart.yml", "nothing else"),
            ("chart.yaml", "nothing else"),
            ("Values.yaml", "nothing else"),
            ("values-prod.yaml", "nothing else"),
            ("templates", "nothing else"),
        ] {
            let found = found(path, "");
            assert!(
                found.len() == 1
                    && found[0].starts_with(&format!("chart/{path}: "))
                    && found[0].contains(says),
                "{path}: {found:#?}"
            );
        }
    }

    #[test]
    fn a_chart_takes_no_other_chart_in() {
        for (text, says) in [
            ("name: x\ndependencies: []\n", "has \"dependencies\""),
            (
                "name: x\n\"dep\\x65ndencies\": []\n",
                "has \"dependencies\"",
            ),
            ("name: x\n<<: { dependencies: [] }\n", "Chart.yaml:2"),
            ("name: x\n!!binary ZGVwZW5kZW5jaWVz: []\n", "Chart.yaml:2"),
            ("name: x\nname: z\n", "Chart.yaml:2"),
            ("name: x\nbuild: z\n", "the key \"build\""),
            ("? [a]\n: b\n", "Chart.yaml:1"),
            ("- a\n", "Chart.yaml"),
            ("name: x\n---\nname: z\n", "2 documents"),
            ("", "0 documents"),
            ("name: {", "Chart.yaml"),
        ] {
            let found = found("Chart.yaml", text);
            assert!(
                !found.is_empty() && found.iter().all(|it| it.contains(says)),
                "{text:?}: {found:#?}"
            );
        }
    }
}
