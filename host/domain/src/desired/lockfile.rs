//! `plugins.lock`: which plugins there are, what they may do, and which is the default.
//! Programs write it; people review it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::layer::Place;
use super::node::Node;
use super::reader::Reader;
use super::toml;
use crate::digest::Digest;
use crate::name::AppName;
use crate::problem::Problem;

/// The file's name.
pub const FILE: &str = "plugins.lock";

/// All installed plugins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginsLock {
    /// Sorted by app, then version, then digest.
    #[serde(rename = "plugin")]
    pub plugins: Vec<LockedPlugin>,
}

/// One version of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LockedPlugin {
    /// The app that it plans.
    pub app: AppName,
    /// Its own version.
    pub version: String,
    /// Of the whole `.wasm` file.
    pub digest: Digest,
    /// The file, relative to the deployment repo: `plugins/mattermost-0.1.0.wasm`.
    pub source: String,
    /// The interfaces that it may call, as approved; sorted.
    pub grants: Vec<String>,
    /// Whether new targets of the app get it.
    pub default: bool,
}

impl PluginsLock {
    /// What new targets of an app get.
    #[must_use]
    pub fn default(&self, app: &AppName) -> Option<&LockedPlugin> {
        self.plugins
            .iter()
            .find(|plugin| plugin.app == *app && plugin.default)
    }

    /// The plugin with that digest.
    #[must_use]
    pub fn by_digest(&self, digest: &Digest) -> Option<&LockedPlugin> {
        self.plugins.iter().find(|plugin| plugin.digest == *digest)
    }

    /// The apps, sorted, each once.
    #[must_use]
    pub fn apps(&self) -> Vec<&AppName> {
        let mut apps: Vec<&AppName> = self.plugins.iter().map(|plugin| &plugin.app).collect();
        apps.sort();
        apps.dedup();
        apps
    }

    /// The file's text.
    #[must_use]
    pub fn render(&self) -> String {
        let mut plugins: Vec<&LockedPlugin> = self.plugins.iter().collect();
        plugins.sort();
        let mut text = String::from(
            "# Which app plugins are installed, by digest. Written by deploycenter; review changes.\nversion = 1\n",
        );
        for plugin in plugins {
            let grants: Vec<String> = plugin.grants.iter().map(|grant| quoted(grant)).collect();
            // Writing to a string can't fail.
            let _ = write!(
                text,
                "\n[[plugin]]\napp = {}\nversion = {}\ndigest = {}\nsource = {}\ngrants = [{}]\ndefault = {}\n",
                quoted(plugin.app.as_str()),
                quoted(&plugin.version),
                quoted(plugin.digest.as_str()),
                quoted(&plugin.source),
                grants.join(", "),
                plugin.default,
            );
        }
        text
    }
}

fn quoted(text: &str) -> String {
    ::toml::Value::String(text.to_owned()).to_string()
}

/// The file's content, and where each plugin stands in it.
type ReadLock = (PluginsLock, BTreeMap<Digest, Place>);

/// Reads the file.
pub(super) fn read(bytes: &[u8]) -> (Option<ReadLock>, Vec<Problem>) {
    let (node, found) = toml::parse(FILE, bytes);
    let mut reader = Reader::new(FILE, found);
    let lock = node.and_then(|node| all(&mut reader, &node));
    (lock, reader.found)
}

fn all(reader: &mut Reader<'_>, node: &Node) -> Option<ReadLock> {
    let root = reader.object(node, "", &["version", "plugin"])?;
    reader.version(&root);
    let mut plugins = Vec::new();
    let mut defaults: BTreeMap<AppName, u32> = BTreeMap::new();
    let mut digests: BTreeMap<Digest, u32> = BTreeMap::new();
    for (index, node) in reader.list(&root, "plugin").iter().enumerate() {
        let Some(plugin) = plugin(reader, node, &format!("/plugin/{index}")) else {
            continue;
        };
        let line = node.spot.line;
        if let Some(first) = digests.insert(plugin.digest.clone(), line) {
            let message = format!("the plugin with this digest stands at line {first} already");
            reader.problem(node.spot, &format!("/plugin/{index}"), message, None);
        }
        if plugin.default
            && let Some(first) = defaults.insert(plugin.app.clone(), line)
        {
            let message = format!(
                "a second default for app \"{}\"; the first is at line {first}",
                plugin.app
            );
            reader.problem(node.spot, &format!("/plugin/{index}"), message, None);
        }
        plugins.push((plugin, node.spot, index));
    }
    let mut told = Vec::new();
    for (plugin, spot, index) in &plugins {
        if !defaults.contains_key(&plugin.app) && !told.contains(&&plugin.app) {
            told.push(&plugin.app);
            reader.problem(
                *spot,
                &format!("/plugin/{index}"),
                format!("no plugin of app \"{}\" is the default", plugin.app),
                Some("write default = true for the one that new targets get".to_owned()),
            );
        }
    }
    let mut places = BTreeMap::new();
    let mut sorted = Vec::new();
    for (plugin, spot, _) in plugins {
        let place = Place {
            file: FILE.to_owned(),
            line: spot.line,
            column: spot.column,
        };
        places.entry(plugin.digest.clone()).or_insert(place);
        sorted.push(plugin);
    }
    sorted.sort();
    Some((PluginsLock { plugins: sorted }, places))
}

fn plugin(reader: &mut Reader<'_>, node: &Node, pointer: &str) -> Option<LockedPlugin> {
    let object = reader.object(
        node,
        pointer,
        &["app", "version", "digest", "source", "grants", "default"],
    )?;
    let app = reader.need_text(&object, "app");
    let app = reader.name::<AppName>(app);
    let version = reader.need_text(&object, "version");
    let version = reader.checked(version, plugin_version);
    let digest = reader.need_text(&object, "digest");
    let digest = reader.checked(digest, |text| {
        text.parse::<Digest>().map_err(|error| error.to_string())
    });
    let source = reader.need_text(&object, "source");
    let source = reader.checked(source, relative_path);
    reader.need(&object, "grants")?;
    let grants = reader.texts(&object, "grants");
    let mut checked = Vec::new();
    for grant in grants {
        checked.extend(
            reader
                .checked(Some(grant), interface_name)
                .map(|grant| grant.value),
        );
    }
    checked.sort();
    checked.dedup();
    let default = reader.flag(&object, "default").unwrap_or(false);
    Some(LockedPlugin {
        app: app?.value,
        version: version?.value,
        digest: digest?.value,
        source: source?.value,
        grants: checked,
        default,
    })
}

pub(super) fn plugin_version(text: &str) -> Result<String, String> {
    let fine = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'+'));
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no version such as 0.1.0"))
    }
}

pub(super) fn interface_name(text: &str) -> Result<String, String> {
    let fine = (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is no interface's name such as efs"))
    }
}

/// A path below the deployment repo's root; nothing that could lead out of it.
pub(super) fn relative_path(text: &str) -> Result<String, String> {
    let fine = text.len() <= 300
        && text.split('/').all(|part| {
            !part.is_empty()
                && !part.starts_with('.')
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
        });
    if fine {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{text:?} is no plain path below the deployment repo's root"
        ))
    }
}
