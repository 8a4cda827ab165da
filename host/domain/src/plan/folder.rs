//! Effects between what was seen and what is wanted: those of one thing, and those that
//! change a target's folder as it stands on the branch.

use std::collections::BTreeMap;

use deploycenter_domain::effect::{Action, EffectId, EffectKind, OutputName};
use deploycenter_domain::plan::PlannedEffect;
use deploycenter_domain::resource::{File, Folder, Observed, Ownership, Resource, Sync};

/// A folder without its files: its plan lists them beside it.
pub(crate) fn bare(folder: &Folder) -> Folder {
    Folder {
        files: BTreeMap::new(),
        ..folder.clone()
    }
}

/// What stands on the branch.
pub(crate) struct Folders<'a> {
    tree: Option<String>,
    files: Option<&'a BTreeMap<String, String>>,
}

impl<'a> Folders<'a> {
    pub(crate) fn of(folder: Option<&'a Observed>) -> Self {
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

    pub(crate) fn file(
        &self,
        id: EffectId,
        depends_on: Vec<EffectId>,
        file: File,
    ) -> PlannedEffect {
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

    pub(crate) fn gone(&self, wanted: &Folder) -> Vec<PlannedEffect> {
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
                Some(PlannedEffect::new(id, Vec::new(), before, None))
            })
            .collect()
    }

    pub(crate) fn commit(
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
    pub(crate) fn sync(
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

/// An effect between what was seen and what is wanted.
pub(crate) fn effect_of(
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
        owner,
        outputs,
        ..PlannedEffect::new(id, depends_on, before, Some(after))
    }
}
