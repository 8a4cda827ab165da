//! From wanted effects to planned ones: what is there, and what has to change.

use std::collections::BTreeMap;

use deploycenter_domain::bind::bind;
use deploycenter_domain::effect::{Action, EffectId, EffectKind, OutputName};
use deploycenter_domain::name::{Incarnation, TargetId};
use deploycenter_domain::plan::{PlannedEffect, action, changes};
use deploycenter_domain::problem::{Problem, Problems};
use deploycenter_domain::resource::{File, Folder, Observed, Owner, Ownership, Resource, Sync};
use deploycenter_domain::token::Bindings;
use deploycenter_domain::wanted::WantedEffect;
use deploycenter_ports::Reading;

use super::PlanError;
use crate::Engine;

/// Whose effects these are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Whose<'a> {
    pub(super) target: &'a TargetId,
    pub(super) incarnation: Incarnation,
}

impl Engine {
    /// Looks what is there for each wanted effect, and what would change. `folder` is
    /// the target's folder as it stands on the branch.
    pub(super) async fn effects(
        &self,
        whose: Whose<'_>,
        wanted: Vec<WantedEffect>,
        folder: Option<&Observed>,
    ) -> Result<Vec<PlannedEffect>, PlanError> {
        let there = Folders::of(folder);
        let mut bindings = Bindings::new();
        let mut problems = Vec::new();
        let mut planned: Vec<PlannedEffect> = Vec::new();
        for WantedEffect {
            id,
            depends_on,
            after,
        } in wanted
        {
            let after = bind(&after, &bindings).map_err(|broken| {
                Problems::from(Problem::new(format!("{}: {id}: {broken}", whose.target)))
            })?;
            let effect = match (id.kind(), after) {
                (EffectKind::File, Resource::File(file)) => there.file(id, depends_on, file),
                (EffectKind::Commit, Resource::Folder(folder)) => {
                    // Files that are there and no longer wanted go with this commit.
                    let gone = there.gone(&folder);
                    let mut depends_on = depends_on;
                    depends_on.extend(gone.iter().map(|effect| effect.id.clone()));
                    planned.extend(gone);
                    let changed = planned.iter().any(|effect| {
                        effect.kind == EffectKind::File && effect.action != Action::None
                    });
                    there.commit(id, depends_on, folder, changed)
                }
                (EffectKind::Sync, Resource::Sync(sync)) => {
                    there.sync(id, depends_on, sync, &planned)
                }
                (kind, after) => {
                    let seen = self
                        .adapters
                        .of(kind)
                        .observe(&after, Reading::Listed)
                        .await?;
                    if let Some(problem) = seen
                        .as_ref()
                        .and_then(|seen| self.not_ours(whose, &id, seen))
                    {
                        problems.push(problem);
                    }
                    effect_of(id, depends_on, seen, after)
                }
            };
            for (output, value) in &effect.outputs {
                bindings.insert(format!("{}:{output}", effect.id), value.clone());
            }
            planned.push(effect);
        }
        Problems::check(problems)?;
        Ok(planned)
    }

    /// Something stands where ours should, and it isn't ours.
    fn not_ours(&self, whose: Whose<'_>, id: &EffectId, seen: &Observed) -> Option<Problem> {
        let what = match &seen.ownership {
            Ownership::ByPlace => return None,
            Ownership::Foreign(what) => what.clone(),
            Ownership::Owned(owner) if self.is_same(whose, id, owner) => return None,
            Ownership::Owned(owner) => format!(
                "it belongs to {} of {} in the installation {}",
                owner.effect, owner.target, owner.installation
            ),
        };
        Some(
            Problem::new(format!("{}: {id} exists already: {what}", whose.target))
                .help("nothing is taken over by itself: rename one of the two, or remove what stands there"),
        )
    }

    fn is_same(&self, whose: Whose<'_>, id: &EffectId, owner: &Owner) -> bool {
        owner.installation == self.installation
            && owner.target == *whose.target
            && owner.effect == *id
            && owner.incarnation == whose.incarnation
    }
}

/// An effect between what was seen and what is wanted.
fn effect_of(
    id: EffectId,
    depends_on: Vec<EffectId>,
    seen: Option<Observed>,
    after: Resource,
) -> PlannedEffect {
    let (before, owner, outputs) = match seen {
        None => (None, None, BTreeMap::new()),
        Some(Observed {
            image,
            ownership,
            outputs,
        }) => {
            let owner = match ownership {
                Ownership::Owned(owner) => Some(owner),
                Ownership::ByPlace | Ownership::Foreign(_) => None,
            };
            (Some(image), owner, outputs)
        }
    };
    PlannedEffect {
        kind: id.kind(),
        name: id.name().to_owned(),
        action: action(before.as_ref(), Some(&after)),
        depends_on,
        changes: changes(before.as_ref(), Some(&after)),
        before,
        after: Some(after),
        owner,
        outputs,
        id,
    }
}

/// What stands on the branch.
struct Folders<'a> {
    tree: Option<String>,
    files: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Folders<'a> {
    fn of(folder: Option<&'a Observed>) -> Self {
        match folder {
            Some(Observed {
                image: Resource::Folder(folder),
                ..
            }) => Self {
                tree: folder.tree.clone(),
                files: Some(&folder.files),
            },
            _ => Self {
                tree: None,
                files: None,
            },
        }
    }

    fn file(&self, id: EffectId, depends_on: Vec<EffectId>, file: File) -> PlannedEffect {
        let before = self
            .files
            .and_then(|files| files.get(id.name()))
            .map(|content| Observed {
                image: Resource::File(File {
                    path: file.path.clone(),
                    content: content.clone(),
                }),
                ownership: Ownership::ByPlace,
                outputs: BTreeMap::new(),
            });
        effect_of(id, depends_on, before, Resource::File(file))
    }

    fn gone(&self, wanted: &Folder) -> Vec<PlannedEffect> {
        let Some(files) = self.files else {
            return Vec::new();
        };
        files
            .iter()
            .filter(|(path, _)| !wanted.files.contains_key(*path))
            .filter_map(|(path, content)| {
                // A name that we'd never give can't be one of ours; the commit drops it
                // all the same, and its tree says so.
                let id = EffectId::new(EffectKind::File, path.clone()).ok()?;
                let full = if wanted.path.is_empty() {
                    path.clone()
                } else {
                    format!("{}/{path}", wanted.path)
                };
                let before = Some(Resource::File(File {
                    path: full,
                    content: content.clone(),
                }));
                Some(PlannedEffect {
                    kind: EffectKind::File,
                    name: path.clone(),
                    action: Action::Delete,
                    depends_on: Vec::new(),
                    changes: changes(before.as_ref(), None),
                    before,
                    after: None,
                    owner: None,
                    outputs: BTreeMap::new(),
                    id,
                })
            })
            .collect()
    }

    fn commit(
        &self,
        id: EffectId,
        depends_on: Vec<EffectId>,
        folder: Folder,
        changed: bool,
    ) -> PlannedEffect {
        let bare = |tree: Option<String>| {
            Resource::Folder(Folder {
                tree,
                files: BTreeMap::new(),
                ..folder.clone()
            })
        };
        let before = self.tree.clone().map(|tree| Observed {
            image: bare(Some(tree.clone())),
            ownership: Ownership::ByPlace,
            outputs: BTreeMap::from([(OutputName::Tree, tree)]),
        });
        let after = bare(if changed { None } else { self.tree.clone() });
        let mut effect = effect_of(id, depends_on, before, after);
        if changed {
            // The tree that stands isn't the one that what follows has to wait for.
            effect.outputs.clear();
        }
        effect
    }

    /// A sync follows whatever changes its folder or its application.
    fn sync(
        &self,
        id: EffectId,
        depends_on: Vec<EffectId>,
        sync: Sync,
        planned: &[PlannedEffect],
    ) -> PlannedEffect {
        let moved = planned.iter().any(|effect| {
            effect.action != Action::None
                && (effect.kind == EffectKind::Commit
                    || (effect.kind == EffectKind::Application && effect.name == id.name()))
        });
        let before = self.tree.clone().map(|tree| Observed {
            image: Resource::Sync(Sync {
                tree: Some(tree),
                ..sync.clone()
            }),
            ownership: Ownership::ByPlace,
            outputs: BTreeMap::new(),
        });
        let committed = planned
            .iter()
            .any(|effect| effect.kind == EffectKind::Commit && effect.action != Action::None);
        let tree = if committed { None } else { self.tree.clone() };
        let mut effect = effect_of(
            id,
            depends_on,
            before,
            Resource::Sync(Sync { tree, ..sync }),
        );
        if moved && effect.action == Action::None {
            effect.action = Action::Update;
        }
        effect
    }
}
