//! What stands outside once a fleet is deployed, in files: made by planning every
//! customer on empty ground and taking each effect as done.
//!
//! It is kept on disk, as the real systems keep theirs elsewhere: the memory that is
//! measured is the planner's.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{BufWriter, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use deploycenter_domain::bind::bind;
use deploycenter_domain::effect::{EffectKind, OutputName};
use deploycenter_domain::name::{DeploymentId, InstallationId, TargetId};
use deploycenter_domain::plan::TargetPlan;
use deploycenter_domain::resource::{Folder, Observed, Outputs, Owner, Ownership, Resource};
use deploycenter_domain::selector::Selection;
use deploycenter_domain::token::Bindings;
use deploycenter_domain::{digest, lock};
use deploycenter_engine::PlanOptions;
use deploycenter_plugin_runtime::{Library, Runtime, RuntimeConfig, bundled};
use deploycenter_ports::LiveTarget;
use git2::{ObjectType, Oid};

use crate::capture::{Remembering, renderings};
use crate::fleet;
use crate::recorded::{Files, engine, rendered};

/// Customers that are planned together while a recording is made.
const TOGETHER: usize = 250;

/// Observations by what identifies a thing.
#[derive(Debug)]
pub(crate) struct Recording {
    data: File,
    things: HashMap<u64, (u64, u32)>,
    live: Vec<LiveTarget>,
}

impl Recording {
    /// Of a world in which nothing stands.
    pub(crate) fn none(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir)?;
        let path = dir.join("nothing");
        File::create(&path)?;
        Ok(Self {
            data: File::open(path)?,
            things: HashMap::new(),
            live: Vec::new(),
        })
    }

    /// One that `record` made.
    pub(crate) fn open(dir: &Path) -> Result<Self> {
        let mut things = HashMap::new();
        let mut index = std::io::BufReader::new(File::open(dir.join("index"))?);
        let mut entry = [0; 20];
        while index.read_exact(&mut entry).is_ok() {
            let number = |from: usize| -> Result<u64> {
                Ok(u64::from_le_bytes(entry[from..from + 8].try_into()?))
            };
            let length = u32::from_le_bytes(entry[16..].try_into()?);
            things.insert(number(0)?, (number(8)?, length));
        }
        let mut live = Vec::new();
        let text = fs::read_to_string(dir.join("live"))?;
        for line in text.lines() {
            let (target, region, lock): (TargetId, _, String) = serde_json::from_str(line)?;
            live.push(LiveTarget {
                target,
                region,
                lock,
                hold: None,
            });
        }
        Ok(Self {
            data: File::open(dir.join("data"))?,
            things,
            live,
        })
    }

    /// What stands where `wanted` would.
    pub(crate) fn observe(&self, wanted: &Resource) -> Result<Option<Observed>> {
        let Some((offset, length)) = self.things.get(&identity(wanted)?) else {
            return Ok(None);
        };
        let mut bytes = vec![0; *length as usize];
        self.data.read_exact_at(&mut bytes, *offset)?;
        Ok(Some(serde_json::from_slice(&bytes)?))
    }

    /// Every target on the branches.
    pub(crate) fn live(&self) -> &[LiveTarget] {
        &self.live
    }
}

/// What a system finds a thing by.
fn identity(wanted: &Resource) -> Result<u64> {
    let mut hasher = DefaultHasher::new();
    match wanted {
        Resource::FileSystem(it) => ("efs", &it.creation_token).hash(&mut hasher),
        Resource::MountTarget(it) => ("door", &it.file_system, &it.subnet).hash(&mut hasher),
        Resource::AccessPoint(it) => ("point", &it.client_token).hash(&mut hasher),
        Resource::Record(it) => ("dns", &it.zone, &it.name, &it.set_identifier).hash(&mut hasher),
        Resource::Secret(it) => ("secret", &it.region, &it.name).hash(&mut hasher),
        Resource::Folder(it) => ("git", &it.branch, &it.path).hash(&mut hasher),
        Resource::Project(it) => ("project", &it.name).hash(&mut hasher),
        Resource::Application(it) => ("application", &it.name).hash(&mut hasher),
        Resource::File(_) | Resource::Sync(_) => bail!("nobody observes a file or a sync"),
    }
    Ok(hasher.finish())
}

/// `record DIR CUSTOMERS`: writes a deployment repo, the recording of its world, and what
/// the peer in Python reads.
pub(crate) fn record(arguments: &[String]) -> Result<()> {
    let [dir, customers] = arguments else {
        bail!("record DIR CUSTOMERS");
    };
    let (dir, customers): (&Path, usize) = (Path::new(dir), customers.parse()?);
    fs::create_dir_all(dir)?;
    for (path, bytes) in fleet::files(0..customers)? {
        let path = dir.join("repo").join(path);
        fs::create_dir_all(path.parent().context("a file in a folder")?)?;
        fs::write(path, bytes)?;
    }
    let mut library = Library::new(Runtime::new(RuntimeConfig::default())?);
    library.add_bundled()?;
    let library = Arc::new(library);
    let nothing = Arc::new(Recording::none(dir)?);
    let runtime = tokio::runtime::Runtime::new()?;
    let mut writer = Writer::create(dir)?;
    for first in (0..customers).step_by(TOGETHER) {
        let files = fleet::files(first..customers.min(first + TOGETHER))?;
        let engine = engine(
            Arc::new(Files::Held(files)),
            library.clone(),
            Arc::clone(&nothing),
        )?;
        let planned =
            runtime.block_on(engine.plan(&Selection::default(), &PlanOptions::default()))?;
        for plan in &planned.plan.targets {
            writer.apply(&engine.installation, plan)?;
        }
    }
    writer.close()?;
    peer(dir, &library)
}

/// What a script needs to render the same: templates and base values of each app, and the
/// variables of one instance, which it makes its own.
fn peer(dir: &Path, library: &Arc<Library>) -> Result<()> {
    let plugins = Arc::new(Remembering {
        inner: library.clone(),
        asked: std::sync::Mutex::default(),
    });
    let nothing = Arc::new(Recording::none(dir)?);
    let engine = engine(
        Arc::new(Files::Held(fleet::files(0..1)?)),
        plugins.clone(),
        nothing,
    )?;
    tokio::runtime::Runtime::new()?.block_on(rendered(&engine, None))?;
    let asked = std::mem::take(&mut *plugins.asked.lock().ok().context("the questions")?);
    let mut apps = BTreeMap::new();
    for (app, bytes) in bundled() {
        let file = deploycenter_plugin_runtime::PluginFile::read(bytes)?;
        let asked = asked.iter().find(|asked| asked.digest == file.digest);
        let asked = asked.with_context(|| format!("the fleet has no {app}"))?;
        let (answer, seen) = renderings(|| {
            deploycenter_ports::Plugins::plan(
                &**library,
                &asked.digest,
                &BTreeMap::new(),
                &asked.request,
            )
        });
        answer?;
        let context: serde_json::Value = serde_json::from_str(&seen[0].context)?;
        let names: Vec<_> = seen.iter().map(|one| &one.template).collect();
        apps.insert(
            *app,
            serde_json::json!({
                "base": file.base_values, "templates": file.templates,
                "render": names, "context": context,
            }),
        );
    }
    Ok(fs::write(
        dir.join("peer.json"),
        serde_json::to_vec(&apps)?,
    )?)
}

/// Writes a recording.
struct Writer {
    data: BufWriter<File>,
    index: BufWriter<File>,
    live: BufWriter<File>,
    offset: u64,
}

impl Writer {
    fn create(dir: &Path) -> Result<Self> {
        let file = |name: &str| anyhow::Ok(BufWriter::new(File::create(dir.join(name))?));
        Ok(Self {
            data: file("data")?,
            index: file("index")?,
            live: file("live")?,
            offset: 0,
        })
    }

    /// Takes every effect of a plan as done.
    fn apply(&mut self, installation: &InstallationId, plan: &TargetPlan) -> Result<()> {
        let deployment: DeploymentId = "d-000001".parse()?;
        let mut bindings = Bindings::new();
        let mut files = BTreeMap::new();
        for effect in &plan.effects {
            let after = effect
                .after
                .as_ref()
                .context("a first deployment creates")?;
            let mut state = bind(after, &bindings)?;
            if let Resource::File(file) = state {
                files.insert(effect.name.clone(), file.content);
                continue;
            }
            if let Resource::Sync(_) = state {
                continue;
            }
            let mut ownership = Ownership::Owned(Owner {
                installation: installation.clone(),
                target: plan.target.clone(),
                effect: effect.id.clone(),
                incarnation: plan.incarnation,
                deployment: deployment.clone(),
            });
            let mut outputs = Outputs::new();
            match (&mut state, effect.kind) {
                (Resource::Folder(folder), _) => {
                    self.folder(plan, folder, &files)?;
                    outputs.extend(folder.tree.clone().map(|tree| (OutputName::Tree, tree)));
                    ownership = Ownership::ByPlace;
                }
                (Resource::Record(_), _) => ownership = Ownership::ByPlace,
                (_, EffectKind::FileSystem | EffectKind::AccessPoint) => {
                    let name = format!("{} {}", plan.target, effect.id);
                    let id = digest::Digest::of(name.as_bytes()).hex()[..17].to_owned();
                    let kind = if effect.kind == EffectKind::FileSystem {
                        "fs"
                    } else {
                        "fsap"
                    };
                    outputs.insert(OutputName::Id, format!("{kind}-{id}"));
                }
                _ => {}
            }
            for (output, value) in &outputs {
                bindings.insert(format!("{}:{output}", effect.id), value.clone());
            }
            self.thing(&Observed {
                state,
                ownership,
                outputs,
            })?;
        }
        Ok(())
    }

    fn folder(
        &mut self,
        plan: &TargetPlan,
        folder: &mut Folder,
        files: &BTreeMap<String, String>,
    ) -> Result<()> {
        let shared = plan.target.is_shared();
        let key = if shared { "project.json" } else { lock::FILE };
        let text = files
            .get(key)
            .with_context(|| format!("{} has no {key}", plan.target))?;
        folder.tree = Some(tree(files)?.to_string());
        folder.files.clone_from(files);
        let region = (!shared).then_some(&plan.region);
        let line = serde_json::to_string(&(&plan.target, region, text))?;
        Ok(writeln!(self.live, "{line}")?)
    }

    fn thing(&mut self, observed: &Observed) -> Result<()> {
        let bytes = serde_json::to_vec(observed)?;
        self.data.write_all(&bytes)?;
        self.index
            .write_all(&identity(&observed.state)?.to_le_bytes())?;
        self.index.write_all(&self.offset.to_le_bytes())?;
        self.index
            .write_all(&u32::try_from(bytes.len())?.to_le_bytes())?;
        self.offset += bytes.len() as u64;
        Ok(())
    }

    fn close(mut self) -> Result<()> {
        self.data.flush()?;
        self.index.flush()?;
        Ok(self.live.flush()?)
    }
}

/// The id that git gives a folder of plain files.
fn tree(files: &BTreeMap<String, String>) -> Result<Oid> {
    let mut below: BTreeMap<&str, BTreeMap<String, String>> = BTreeMap::new();
    let mut entries: BTreeMap<String, (&str, Oid)> = BTreeMap::new();
    for (path, text) in files {
        match path.split_once('/') {
            Some((folder, rest)) => {
                below
                    .entry(folder)
                    .or_default()
                    .insert(rest.to_owned(), text.clone());
            }
            None => {
                let id = Oid::hash_object(ObjectType::Blob, text.as_bytes())?;
                entries.insert(path.clone(), ("100644", id));
            }
        }
    }
    for (name, files) in &below {
        // Git sorts a folder as if its name ended in a slash.
        entries.insert(format!("{name}/"), ("40000", tree(files)?));
    }
    let mut bytes = Vec::new();
    for (name, (mode, id)) in &entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name.trim_end_matches('/').as_bytes());
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
    }
    ensure!(!entries.is_empty(), "git has no empty folders");
    Ok(Oid::hash_object(ObjectType::Tree, &bytes)?)
}
