//! From what a plugin declared to the graph of effects that a target wants.

mod held;
mod shared;

use std::collections::{BTreeMap, BTreeSet};

use crate::bind;
use crate::declaration::{ApplicationRole, Declaration};
use crate::desired::{Region, Regions, StorageKind};
use crate::effect::{EffectId, EffectKind, KindFacts, OutputName};
use crate::lock::{self, Lock};
use crate::naming::Names;
use crate::resource::{
    Aaaa, AccessPoint, File, FileSystem, Folder, MountTarget, Record, Resource, Secret, Sync,
};
use crate::token::Reference;

pub use shared::{BASE_PROJECT_FILE, Destinations, PROJECT_FILE, base_project, shared};

/// One effect that is wanted, before anyone has looked what is there.
#[derive(Debug, Clone, PartialEq)]
pub struct WantedEffect {
    /// `<kind>/<name>`.
    pub id: EffectId,
    /// What has to be done before it.
    pub depends_on: Vec<EffectId>,
    /// What is to be; may hold tokens.
    pub after: Resource,
}

/// Everything about an instance that its effects follow from, beside the declaration.
#[derive(Debug, Clone, Copy)]
pub struct Site<'a> {
    /// Derived names.
    pub names: &'a Names,
    /// Where it runs.
    pub region: &'a Region,
    /// All regions, for the hosted zones.
    pub regions: &'a Regions,
    /// Among weighted records: 0 to 255.
    pub weight: u8,
    /// The URL of the repository with the generated branches, as Argo CD reads it.
    pub repository: &'a str,
    /// The plugin's chart by path.
    pub chart: &'a BTreeMap<String, String>,
    /// The pins; its bindings are filled in here.
    pub lock: &'a Lock,
}

/// The effects of an instance, each after those that it depends on.
///
/// # Errors
/// Everything that a declaration may not ask for, each a sentence for the plugin's
/// author.
pub fn instance(
    site: Site<'_>,
    declaration: &Declaration,
) -> Result<Vec<WantedEffect>, Vec<String>> {
    let mut graph = Graph::default();
    graph.cloud(site, declaration);
    graph.delivery(site, declaration);
    graph.explicit(declaration);
    if graph.problems.is_empty() {
        graph.sorted()
    } else {
        Err(graph.problems)
    }
}

/// An effect id from parts whose characters were checked where they came in.
fn id(kind: EffectKind, name: &str) -> EffectId {
    EffectId::new(kind, name).expect("names are checked before they get here")
}

#[derive(Default)]
struct Graph {
    effects: BTreeMap<EffectId, WantedEffect>,
    problems: Vec<String>,
}

impl Graph {
    fn add(&mut self, id: EffectId, depends_on: Vec<EffectId>, after: Resource) {
        let mut depends_on: BTreeSet<EffectId> = depends_on.into_iter().collect();
        // A folder holds its files' tokens; it waits for the files, not for these.
        if !matches!(after, Resource::Folder(_)) {
            match bind::references(&after) {
                Ok(found) => depends_on.extend(found.into_iter().map(|reference| reference.effect)),
                Err(broken) => self.problems.push(format!("{id}: {broken}")),
            }
        }
        self.effects.insert(
            id.clone(),
            WantedEffect {
                id,
                depends_on: depends_on.into_iter().collect(),
                after,
            },
        );
    }

    /// The effects so far of the kinds of which something is true.
    fn ids(&self, is: impl Fn(&KindFacts) -> bool) -> Vec<EffectId> {
        self.effects
            .keys()
            .filter(|id| is(id.kind().facts()))
            .cloned()
            .collect()
    }

    /// File systems, records and secrets.
    fn cloud(&mut self, site: Site<'_>, declaration: &Declaration) {
        let region = site.region;
        for (name, volume) in &declaration.volumes {
            let Some(class) = region.storage.get(&volume.class) else {
                self.problems.push(format!("the volume \"{name}\" asks for the storage class \"{}\", which {} doesn't have", volume.class, region.name));
                continue;
            };
            let file_system = id(EffectKind::FileSystem, name);
            let access_point = id(EffectKind::AccessPoint, name);
            let (handle, path) = match &class.kind {
                StorageKind::Dedicated => {
                    self.add(
                        file_system.clone(),
                        Vec::new(),
                        Resource::FileSystem(FileSystem {
                            region: region.name.clone(),
                            creation_token: site.names.token(&file_system),
                            name: site.names.name_tag(name),
                            performance_mode: region.efs.performance_mode.clone(),
                            throughput_mode: region.efs.throughput_mode.clone(),
                            kms_key_id: region.efs.kms_key_id.clone(),
                        }),
                    );
                    let handle = Reference {
                        effect: file_system,
                        output: OutputName::Id,
                    }
                    .token();
                    for subnet in &region.efs.subnets {
                        self.add(
                            id(EffectKind::MountTarget, &format!("{name}.{subnet}")),
                            Vec::new(),
                            Resource::MountTarget(MountTarget {
                                region: region.name.clone(),
                                file_system: handle.clone(),
                                subnet: subnet.clone(),
                                security_groups: region.efs.security_groups.clone(),
                            }),
                        );
                    }
                    (handle, site.names.dedicated_path(name))
                }
                StorageKind::Existing { file_system_id } => {
                    (file_system_id.clone(), site.names.existing_path(name))
                }
            };
            self.add(
                access_point.clone(),
                Vec::new(),
                Resource::AccessPoint(AccessPoint {
                    region: region.name.clone(),
                    file_system: handle,
                    client_token: site.names.token(&access_point),
                    name: site.names.name_tag(name),
                    path,
                    uid: volume.uid,
                    gid: volume.gid,
                    permissions: volume.permissions.clone(),
                }),
            );
        }
        for (name, domain) in &declaration.records {
            let Some(zone) = site.regions.zone_for(domain) else {
                self.problems.push(format!(
                    "the record \"{name}\" is for {domain}, which lies in no hosted zone"
                ));
                continue;
            };
            self.add(
                id(EffectKind::Record, name),
                Vec::new(),
                Resource::Record(Record {
                    zone: zone.id.clone(),
                    name: domain.to_ascii_lowercase(),
                    set_identifier: site.names.set_identifier(),
                    weight: site.weight,
                    routing: region.ingress.routing.clone(),
                    aaaa: region.ingress.aaaa.clone().map(|routing| Aaaa {
                        weight: site.weight,
                        routing,
                    }),
                }),
            );
        }
        for (name, keys) in &declaration.generated {
            let mut keys = keys.clone();
            keys.sort();
            self.add(
                id(EffectKind::Secret, name),
                Vec::new(),
                Resource::Secret(Secret {
                    region: region.name.clone(),
                    name: format!("{}{name}", site.names.secret_prefix()),
                    keys,
                }),
            );
        }
    }

    /// Files, commit, applications and their syncs.
    fn delivery(&mut self, site: Site<'_>, declaration: &Declaration) {
        let folder = site.names.folder();
        let branch = site.names.branch();
        let mut files = self.base(site, declaration);
        files.extend(
            site.chart
                .iter()
                .map(|(path, text)| (format!("chart/{path}"), text.clone())),
        );
        let base = self.application(site, declaration, ApplicationRole::Base);
        let workload = self.application(site, declaration, ApplicationRole::Workload);
        for (path, application) in [("base.json", &base), ("application.json", &workload)] {
            if let Some(application) = application {
                files.insert(path.to_owned(), lock::pretty(&held::manifest(application)));
            }
        }
        let mut pinned = site.lock.clone();
        for effect in self.ids(|facts| facts.sample_id.is_some()) {
            let reference = Reference {
                effect,
                output: OutputName::Id,
            };
            pinned.bindings.insert(reference.key(), reference.token());
        }
        files.insert(lock::FILE.to_owned(), pinned.text());

        let mut before_commit = Vec::new();
        for (path, content) in &files {
            match EffectId::new(EffectKind::File, path.clone()) {
                Ok(file) => {
                    let path = format!("{folder}/{path}");
                    self.add(
                        file.clone(),
                        Vec::new(),
                        Resource::File(File {
                            path,
                            content: content.clone(),
                        }),
                    );
                    before_commit.push(file);
                }
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        let commit = id(EffectKind::Commit, "folder");
        self.add(
            commit.clone(),
            before_commit,
            Resource::Folder(Folder {
                branch: branch.clone(),
                path: folder.clone(),
                tree: None,
                files,
            }),
        );

        let base_sync = id(EffectKind::Sync, ApplicationRole::Base.as_str());
        let mut needs = vec![commit.clone()];
        needs.extend(self.ids(|facts| facts.before_base));
        let mut sync_needs = vec![commit.clone()];
        for (role, application) in [
            (ApplicationRole::Base, base),
            (ApplicationRole::Workload, workload),
        ] {
            let Some(application) = application else {
                continue;
            };
            let made = id(EffectKind::Application, role.as_str());
            let sync = Sync {
                application: application.name.clone(),
                project: application.project.clone(),
                branch: branch.clone(),
                path: folder.clone(),
                tree: None,
                ailing: false,
            };
            self.add(
                made.clone(),
                needs.clone(),
                Resource::Application(application),
            );
            let mut sync_needs = std::mem::take(&mut sync_needs);
            sync_needs.push(made);
            self.add(
                id(EffectKind::Sync, role.as_str()),
                sync_needs,
                Resource::Sync(sync),
            );
            // The workload comes once its base is healthy.
            needs = vec![base_sync.clone()];
        }
    }

    fn explicit(&mut self, declaration: &Declaration) {
        for (effect, on) in &declaration.depends_on {
            if !self.effects.contains_key(on) {
                self.problems.push(format!(
                    "{effect} is to wait for {on}, which isn't declared"
                ));
            } else if let Some(effect) = self.effects.get_mut(effect) {
                if !effect.depends_on.contains(on) {
                    effect.depends_on.push(on.clone());
                }
            } else {
                self.problems
                    .push(format!("{effect} is to wait for {on}, but isn't declared"));
            }
        }
    }

    /// Each effect after those that it depends on; among those that could come next, by
    /// kind as plans list them, then by name.
    fn sorted(mut self) -> Result<Vec<WantedEffect>, Vec<String>> {
        let rank = |id: &EffectId| id.kind().facts().plan_rank;
        let mut waiting_for: BTreeMap<&EffectId, usize> = BTreeMap::new();
        let mut waiters: BTreeMap<&EffectId, Vec<&EffectId>> = BTreeMap::new();
        let mut ready: BTreeSet<(u8, &EffectId)> = BTreeSet::new();
        for (id, effect) in &self.effects {
            for on in &effect.depends_on {
                waiters.entry(on).or_default().push(id);
            }
            waiting_for.insert(id, effect.depends_on.len());
            if effect.depends_on.is_empty() {
                ready.insert((rank(id), id));
            }
        }
        let mut order: Vec<EffectId> = Vec::with_capacity(self.effects.len());
        while let Some((_, next)) = ready.pop_first() {
            order.push(next.clone());
            for waiter in waiters.remove(next).into_iter().flatten() {
                if let Some(count) = waiting_for.get_mut(waiter) {
                    *count -= 1;
                    if *count == 0 {
                        ready.insert((rank(waiter), waiter));
                    }
                }
            }
        }
        let sorted: Vec<WantedEffect> = order
            .iter()
            .filter_map(|id| self.effects.remove(id))
            .collect();
        if self.effects.is_empty() {
            return Ok(sorted);
        }
        let stuck: Vec<String> = self.effects.keys().map(ToString::to_string).collect();
        Err(vec![format!(
            "these effects wait for each other, or for one that isn't declared: {}",
            stuck.join(", ")
        )])
    }
}
