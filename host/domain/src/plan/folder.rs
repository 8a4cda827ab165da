//! The effects that change a target's folder, which go out by one commit.

use std::collections::BTreeMap;

use super::PlannedEffect;
use crate::effect::{Action, EffectId, EffectKind, OutputName};
use crate::resource::{File, Folder, Observed, Ownership, Resource, Sync};

/// A target's folder as it stands on the branch, to plan its effects against.
#[derive(Debug)]
pub struct FolderEffects<'a> {
    tree: Option<String>,
    files: Option<&'a BTreeMap<String, String>>,
}

impl<'a> FolderEffects<'a> {
    /// Against what was seen there; `None`, or anything but a folder: nothing stands.
    #[must_use]
    pub fn of(folder: Option<&'a Observed>) -> Self {
        match folder {
            Some(Observed {
                state: Resource::Folder(folder),
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

    /// One file that is wanted.
    #[must_use]
    pub fn file(&self, id: EffectId, depends_on: Vec<EffectId>, file: File) -> PlannedEffect {
        let before = self
            .files
            .and_then(|files| files.get(id.name()))
            .map(|content| Observed {
                state: Resource::File(File {
                    path: file.path.clone(),
                    content: content.clone(),
                }),
                ownership: Ownership::ByPlace,
                outputs: BTreeMap::new(),
            });
        PlannedEffect::between(id, depends_on, before, Resource::File(file))
    }

    /// The files that stand and that `wanted` doesn't have: they go with its commit.
    #[must_use]
    pub fn gone(&self, wanted: &Folder) -> Vec<PlannedEffect> {
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

    /// The commit; `changed`: one of its files does.
    #[must_use]
    pub fn commit(
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
            state: bare(Some(tree.clone())),
            ownership: Ownership::ByPlace,
            outputs: BTreeMap::from([(OutputName::Tree, tree)]),
        });
        let after = bare(if changed { None } else { self.tree.clone() });
        let mut effect = PlannedEffect::between(id, depends_on, before, after);
        if changed {
            // The tree that stands isn't the one that what follows has to wait for.
            effect.outputs.clear();
        }
        effect
    }

    /// A sync follows whatever changes its folder or its application.
    #[must_use]
    pub fn sync(
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
            state: Resource::Sync(Sync {
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
        let mut effect = PlannedEffect::between(
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
