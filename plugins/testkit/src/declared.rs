//! A stand-in for the host that keeps what an app declares.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use deploycenter_renderer::engine::Engine;
use deploycenter_sdk::PlanError;
use deploycenter_sdk::argocd::{Options, Role};
use deploycenter_sdk::efs::{Owner, Volume};
use deploycenter_sdk::host::{Host, Level};
use deploycenter_sdk::network::Opening;
use deploycenter_sdk::quota::Quota;
use serde_json::Value;

/// What stands around a value that is known only after apply. The host's own are of
/// another shape; what counts is that a template which cuts or changes one is found out.
const OPEN: char = '\u{FFFE}';
const CLOSE: char = '\u{FFFF}';
/// Files that only the host writes.
const OWN: [&str; 4] = [
    "dependencies/guardrails.yaml",
    "dependencies/namespace.yaml",
    "dependencies/network.yaml",
    "dependencies/secrets.yaml",
];
/// As the host bounds a template.
const STEPS: u64 = 1_000_000;
const OUTPUT: u32 = 4 << 20;

/// What one run of an app's `plan` declared.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// Files by path. A value that is known only after apply reads `<effect>`, as
    /// `<efs.access-point/data>`.
    pub files: BTreeMap<String, String>,
    /// Volumes by name: storage class and owner.
    pub volumes: BTreeMap<String, (String, Owner)>,
    /// Domains by the record's name.
    pub records: BTreeMap<String, String>,
    /// Secrets that the host draws by name: keys and lengths.
    pub generated: BTreeMap<String, Vec<(String, u32)>>,
    /// Secrets that a person gives by name: the key, and what it is for.
    pub given: BTreeMap<String, (String, String)>,
    /// What was chosen for the Argo CD applications.
    pub applications: BTreeMap<Role, Options>,
    /// The quota, where one is declared.
    pub quota: Option<Quota>,
    /// Openings of the network, in their order.
    pub openings: Vec<Opening>,
    /// Edges: effect, and what it waits for.
    pub depends_on: Vec<(String, String)>,
    /// What was logged as a warning, which stands in the plan.
    pub warnings: Vec<String>,
}

impl Declared {
    /// A file as YAML documents.
    ///
    /// # Panics
    /// When there is no such file, or it is no YAML.
    #[must_use]
    pub fn yaml(&self, path: &str) -> Vec<Value> {
        use serde::Deserialize as _;
        let text = self.files.get(path).unwrap_or_else(|| {
            let known: Vec<&str> = self.files.keys().map(String::as_str).collect();
            panic!("no {path} was declared, but {}", known.join(", "))
        });
        serde_norway::Deserializer::from_str(text)
            .map(|document| {
                Value::deserialize(document).unwrap_or_else(|error| panic!("{path}: {error}"))
            })
            .collect()
    }

    /// Whether an effect of this id was declared, of the kinds that a plugin may name.
    fn has(&self, id: &str) -> bool {
        let Some((kind, name)) = id.split_once('/') else {
            return false;
        };
        match kind {
            "efs.file-system" | "efs.access-point" => self.volumes.contains_key(name),
            "dns.record" => self.records.contains_key(name),
            "secrets.entry" => self.generated.contains_key(name),
            "git.file" => self.files.contains_key(name),
            "argocd.application" => self.applications.keys().any(|role| called(*role) == name),
            _ => false,
        }
    }
}

fn called(role: Role) -> &'static str {
    match role {
        Role::Base => "base",
        Role::Workload => "workload",
    }
}

/// The stand-in.
pub(crate) struct Recorder {
    pub(crate) engine: Engine,
    pub(crate) names: Vec<String>,
    pub(crate) target: String,
    pub(crate) declared: Rc<RefCell<Declared>>,
}

impl Recorder {
    /// With these templates, given as name and source.
    ///
    /// # Panics
    /// When one of them doesn't parse.
    pub(crate) fn new(templates: &BTreeMap<String, String>, target: &str) -> Self {
        let mut engine = Engine::new(is_whole);
        let all = templates
            .iter()
            .map(|(name, source)| (name.clone(), source.clone()))
            .collect();
        if let Err(failures) = engine.load(all) {
            panic!("templates that don't parse: {failures:?}");
        }
        Self {
            engine,
            names: templates.keys().cloned().collect(),
            target: target.to_owned(),
            declared: Rc::default(),
        }
    }
}

impl Host for Recorder {
    fn render(&mut self, template: &str, context: &str) -> Result<String, PlanError> {
        self.engine
            .see(context)
            .and_then(|()| self.engine.render(template, STEPS, OUTPUT))
            .map_err(|failure| PlanError::Render {
                template: failure.template,
                line: failure.line,
                message: failure.message,
            })
    }

    fn templates(&mut self, prefix: &str) -> Vec<String> {
        let names = self.names.iter();
        names
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }

    fn ensure_volume(&mut self, name: &str, class: &str, owner: &Owner) -> Result<Volume, String> {
        let entry = (class.to_owned(), owner.clone());
        insert(&mut self.declared.borrow_mut().volumes, name, entry)?;
        let token = |kind| format!("{OPEN}{kind}/{name}{CLOSE}");
        let (file_system_id, access_point_id) =
            (token("efs.file-system"), token("efs.access-point"));
        Ok(Volume {
            handle: format!("{file_system_id}::{access_point_id}"),
            file_system_id,
            access_point_id,
        })
    }

    fn ensure_record(&mut self, name: &str, domain: &str) -> Result<String, String> {
        insert(
            &mut self.declared.borrow_mut().records,
            name,
            domain.to_owned(),
        )?;
        Ok(format!("dns.record/{name}"))
    }

    fn ensure_generated(&mut self, name: &str, keys: &[(&str, u32)]) -> Result<String, String> {
        let keys = keys
            .iter()
            .map(|(key, length)| ((*key).to_owned(), *length));
        insert(
            &mut self.declared.borrow_mut().generated,
            name,
            keys.collect(),
        )?;
        Ok(format!("deploycenter/testing/{}/{name}", self.target))
    }

    fn require_given(&mut self, name: &str, key: &str, purpose: &str) -> Result<String, String> {
        let entry = (key.to_owned(), purpose.to_owned());
        insert(&mut self.declared.borrow_mut().given, name, entry)?;
        Ok(format!("deploycenter/testing/{}/{name}", self.target))
    }

    fn ensure_file(&mut self, path: &str, content: &str) -> Result<String, String> {
        if OWN.contains(&path) {
            return Err(format!(
                "{path} is the host's own: declare the quota, the openings and the secrets"
            ));
        }
        if !is_whole(content) {
            return Err(format!(
                "the file {path} holds a part of a value that is known only after apply"
            ));
        }
        let text = content.replace(OPEN, "<").replace(CLOSE, ">");
        insert(&mut self.declared.borrow_mut().files, path, text)?;
        Ok(format!("git.file/{path}"))
    }

    fn ensure_application(&mut self, role: Role, options: &Options) -> Result<String, String> {
        let name = called(role);
        let mut declared = self.declared.borrow_mut();
        match declared.applications.insert(role, options.clone()) {
            Some(other) if other != *options => Err(format!(
                "the {name} application is declared twice, with different options"
            )),
            _ => Ok(format!("argocd.application/{name}")),
        }
    }

    fn open(&mut self, opening: &Opening) -> Result<(), String> {
        let mut declared = self.declared.borrow_mut();
        let purpose = std::mem::discriminant(opening);
        match declared
            .openings
            .iter()
            .find(|known| std::mem::discriminant(*known) == purpose)
        {
            Some(same) if same == opening => {}
            Some(other) => {
                return Err(format!(
                    "an opening is declared twice, with different contents: {other:?} and {opening:?}"
                ));
            }
            None => declared.openings.push(opening.clone()),
        }
        Ok(())
    }

    fn ensure_quota(&mut self, quota: &Quota) -> Result<(), String> {
        let mut declared = self.declared.borrow_mut();
        if declared.quota.is_some_and(|known| known != *quota) {
            return Err("the quota is declared twice, with different figures".to_owned());
        }
        declared.quota = Some(*quota);
        Ok(())
    }

    fn depends_on(&mut self, effect: &str, on: &str) -> Result<(), String> {
        let mut declared = self.declared.borrow_mut();
        if let Some(unknown) = [effect, on].into_iter().find(|id| !declared.has(id)) {
            return Err(format!("the effect {unknown} hasn't been declared"));
        }
        if effect == on {
            return Err(format!("the effect {effect} can't wait for itself"));
        }
        let edge = (effect.to_owned(), on.to_owned());
        if !declared.depends_on.contains(&edge) {
            declared.depends_on.push(edge);
        }
        Ok(())
    }

    fn log(&mut self, level: Level, message: &str) {
        if level == Level::Warn {
            let mut declared = self.declared.borrow_mut();
            declared.warnings.push(message.to_owned());
        }
    }
}

fn insert<V: PartialEq>(map: &mut BTreeMap<String, V>, name: &str, value: V) -> Result<(), String> {
    match map.get(name) {
        Some(same) if *same != value => {
            Err(format!("{name} is declared twice, with different contents"))
        }
        _ => {
            map.insert(name.to_owned(), value);
            Ok(())
        }
    }
}

/// Whether a text holds only whole values of those that are known only after apply.
fn is_whole(text: &str) -> bool {
    let mut open = false;
    for c in text.chars() {
        match c {
            OPEN if !open => open = true,
            CLOSE if open => open = false,
            OPEN | CLOSE => return false,
            _ => {}
        }
    }
    !open
}

#[cfg(test)]
mod tests {
    use super::is_whole;

    #[test]
    fn a_part_is_told_from_a_whole() {
        for whole in ["", "x", "a \u{FFFE}efs/a\u{FFFF}::\u{FFFE}b\u{FFFF}."] {
            assert!(is_whole(whole), "{whole:?}");
        }
        for part in ["\u{FFFE}", "a\u{FFFF}", "\u{FFFE}a\u{FFFE}b\u{FFFF}"] {
            assert!(!is_whole(part), "{part:?}");
        }
    }
}
