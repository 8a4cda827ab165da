//! The kinds of effects, and what is true of each: one table.
//!
//! Whoever asks something of a kind that isn't about one thing of it asks its row, so that a
//! new kind is a new row and not a search through the tree.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an effect changes. The order of the variants is that of ids in maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EffectKind {
    /// An EFS file system of our own.
    #[serde(rename = "efs.file-system")]
    FileSystem,
    /// A mount target of such a file system in one subnet.
    #[serde(rename = "efs.mount-target")]
    MountTarget,
    /// An access point: the root directory that an instance sees.
    #[serde(rename = "efs.access-point")]
    AccessPoint,
    /// A weighted A record in Route 53.
    #[serde(rename = "dns.record")]
    Record,
    /// An entry of Secrets Manager with random values.
    #[serde(rename = "secrets.entry")]
    Secret,
    /// One generated file; it goes out with its target's commit.
    #[serde(rename = "git.file")]
    File,
    /// The commit of a target's folder to the customer's branch.
    #[serde(rename = "git.commit")]
    Commit,
    /// The customer's Argo CD project.
    #[serde(rename = "argocd.project")]
    Project,
    /// An Argo CD application.
    #[serde(rename = "argocd.application")]
    Application,
    /// An application brought to the committed revision, synced and healthy.
    #[serde(rename = "argocd.sync")]
    Sync,
}

/// The outside system that a kind's things are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    /// EFS.
    Efs,
    /// Route 53.
    Route53,
    /// Secrets Manager.
    SecretsManager,
    /// The customers' branches.
    Git,
    /// Argo CD.
    ArgoCd,
}

impl System {
    /// As failures and lists name it: `secretsmanager`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Efs => "efs",
            Self::Route53 => "route53",
            Self::SecretsManager => "secretsmanager",
            Self::Git => "git",
            Self::ArgoCd => "argocd",
        }
    }
}

/// What of a customer's data a thing has. Whatever isn't `None` outlives `destroy`, and no
/// update removes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataHeld {
    /// Nothing: it can be made anew.
    None,
    /// Data is reached through it.
    LeadsTo,
    /// Data is in it, or is reached by nothing else: a change of it is shown by itself.
    Holds,
}

/// How a kind hangs together with the folder of its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderPart {
    /// Not at all.
    Apart,
    /// It is one of its files: no step of its own, it rides in the commit.
    File,
    /// It is the folder as a whole.
    Commit,
    /// It is brought to what the folder says, and moves by itself.
    Follower,
}

/// What is true of every effect of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindFacts {
    /// Of which kind.
    pub kind: EffectKind,
    /// As it stands in a plan: `efs.file-system`.
    pub id: &'static str,
    /// Who serves it.
    pub system: System,
    /// Its place among the kinds of a plan, where no edge says otherwise.
    pub plan_rank: u8,
    /// When it is taken back, once the folder and what follows it are: lower goes first.
    /// `None`: it is delivered with the folder, which has an order of its own
    /// ([`crate::unwind::steps`]).
    pub undo_rank: Option<u8>,
    /// Whether something of it that isn't ours can be taken over.
    pub adoptable: bool,
    /// What of a customer's data is in it.
    pub data: DataHeld,
    /// Whether an update removes what it no longer wants.
    pub dropped_by_updates: bool,
    /// Whether the base can't begin without it.
    pub before_base: bool,
    /// How it hangs together with the folder.
    pub folder: FolderPart,
    /// Where files name its id: one of the right shape that no account has.
    pub sample_id: Option<&'static str>,
}

/// A row of which nothing is true; each kind says what differs.
const PLAIN: KindFacts = KindFacts {
    kind: EffectKind::FileSystem,
    id: "",
    system: System::Efs,
    plan_rank: 0,
    undo_rank: None,
    adoptable: false,
    data: DataHeld::None,
    dropped_by_updates: false,
    before_base: false,
    folder: FolderPart::Apart,
    sample_id: None,
};

/// The table, in the order of the variants.
const KINDS: [KindFacts; 10] = [
    KindFacts {
        kind: EffectKind::FileSystem,
        id: "efs.file-system",
        system: System::Efs,
        plan_rank: 0,
        undo_rank: Some(4),
        adoptable: true,
        data: DataHeld::Holds,
        sample_id: Some("fs-00000000000000000"),
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::MountTarget,
        id: "efs.mount-target",
        system: System::Efs,
        plan_rank: 1,
        undo_rank: Some(3),
        data: DataHeld::LeadsTo,
        dropped_by_updates: true,
        before_base: true,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::AccessPoint,
        id: "efs.access-point",
        system: System::Efs,
        plan_rank: 2,
        undo_rank: Some(2),
        data: DataHeld::Holds,
        sample_id: Some("fsap-00000000000000000"),
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::Record,
        id: "dns.record",
        system: System::Route53,
        plan_rank: 4,
        undo_rank: Some(1),
        adoptable: true,
        dropped_by_updates: true,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::Secret,
        id: "secrets.entry",
        system: System::SecretsManager,
        plan_rank: 3,
        undo_rank: Some(5),
        data: DataHeld::Holds,
        before_base: true,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::File,
        id: "git.file",
        system: System::Git,
        plan_rank: 6,
        folder: FolderPart::File,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::Commit,
        id: "git.commit",
        system: System::Git,
        plan_rank: 7,
        folder: FolderPart::Commit,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::Project,
        id: "argocd.project",
        system: System::ArgoCd,
        plan_rank: 5,
        undo_rank: Some(0),
        adoptable: true,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::Application,
        id: "argocd.application",
        system: System::ArgoCd,
        plan_rank: 8,
        adoptable: true,
        ..PLAIN
    },
    KindFacts {
        kind: EffectKind::Sync,
        id: "argocd.sync",
        system: System::ArgoCd,
        plan_rank: 9,
        folder: FolderPart::Follower,
        ..PLAIN
    },
];

// Each row is where its kind looks for it, or nothing is built.
const _: () = {
    let mut row = 0;
    while row < KINDS.len() {
        assert!(KINDS[row].kind as usize == row);
        row += 1;
    }
};

impl EffectKind {
    /// What is true of it.
    #[must_use]
    pub fn facts(self) -> &'static KindFacts {
        &KINDS[self as usize]
    }

    /// Every kind.
    pub fn all() -> impl Iterator<Item = Self> {
        KINDS.iter().map(|row| row.kind)
    }

    /// Those that are taken back by themselves, after the folder: first to last.
    #[must_use]
    pub fn in_undo_order() -> Vec<Self> {
        let mut ranked: Vec<(u8, Self)> = KINDS
            .iter()
            .filter_map(|row| Some((row.undo_rank?, row.kind)))
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, kind)| kind).collect()
    }

    /// As it stands in a plan: `efs.file-system`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.facts().id
    }

    /// Whether it holds data, or leads to it: what `destroy` leaves and `purge` takes.
    #[must_use]
    pub fn is_retained(self) -> bool {
        self.facts().data != DataHeld::None
    }

    /// Whether it goes with its target, whether `destroy` or `purge` ends that: it holds no
    /// data, and isn't delivered with the folder.
    #[must_use]
    pub fn goes_with_target(self) -> bool {
        self.facts().dropped_by_updates && !self.is_retained()
    }

    /// Whether it is a file of the folder, done and undone with its commit.
    #[must_use]
    pub fn rides_in_commit(self) -> bool {
        self.facts().folder == FolderPart::File
    }

    /// Whether any change of the target's files brings it along: the commit, and what
    /// follows it. It says nothing that the files don't.
    #[must_use]
    pub fn comes_with_files(self) -> bool {
        matches!(
            self.facts().folder,
            FolderPart::Commit | FolderPart::Follower
        )
    }

    /// Whether it is brought to what the folder says, and moves by itself.
    #[must_use]
    pub fn follows_folder(self) -> bool {
        self.facts().folder == FolderPart::Follower
    }
}

impl fmt::Display for EffectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::collections::BTreeSet;

    use super::*;

    /// Each row in words, so that whoever changes a fact sees what it was.
    const FACTS: &str = "\
efs.file-system: efs, undone 4, adoptable, holds data, fs-00000000000000000
efs.mount-target: efs, undone 3, leads to data, dropped, before the base
efs.access-point: efs, undone 2, holds data, fsap-00000000000000000
dns.record: route53, undone 1, adoptable, dropped
secrets.entry: secretsmanager, undone 5, holds data, before the base
git.file: git, a file
git.commit: git, the commit
argocd.project: argocd, undone 0, adoptable
argocd.application: argocd, adoptable
argocd.sync: argocd, follows
";

    fn in_words(kind: EffectKind) -> String {
        let facts = kind.facts();
        let undone = facts.undo_rank.map(|rank| format!("undone {rank}"));
        let mut words = vec![facts.system.as_str()];
        words.extend(undone.as_deref());
        words.extend(facts.adoptable.then_some("adoptable"));
        words.extend(match facts.data {
            DataHeld::None => None,
            DataHeld::LeadsTo => Some("leads to data"),
            DataHeld::Holds => Some("holds data"),
        });
        words.extend(facts.dropped_by_updates.then_some("dropped"));
        words.extend(facts.before_base.then_some("before the base"));
        words.extend(match facts.folder {
            FolderPart::Apart => None,
            FolderPart::File => Some("a file"),
            FolderPart::Commit => Some("the commit"),
            FolderPart::Follower => Some("follows"),
        });
        words.extend(facts.sample_id);
        format!("{kind}: {}\n", words.join(", "))
    }

    #[test]
    fn each_kind_has_its_facts() {
        let told: String = EffectKind::all().map(in_words).collect();
        assert_eq!(told, FACTS);
    }

    #[test]
    fn a_kind_is_written_by_its_id() {
        for kind in EffectKind::all() {
            let written = serde_json::to_value(kind).unwrap();
            assert_eq!(written, kind.as_str());
            assert_eq!(serde_json::from_value::<EffectKind>(written).unwrap(), kind);
        }
    }

    #[test]
    fn the_orders_of_kinds() {
        let mut planned: Vec<EffectKind> = EffectKind::all().collect();
        planned.sort_by_key(|kind| kind.facts().plan_rank);
        let planned: Vec<&str> = planned.into_iter().map(EffectKind::as_str).collect();
        assert_eq!(
            planned,
            [
                "efs.file-system",
                "efs.mount-target",
                "efs.access-point",
                "secrets.entry",
                "dns.record",
                "argocd.project",
                "git.file",
                "git.commit",
                "argocd.application",
                "argocd.sync",
            ]
        );
        let undone: Vec<&str> = EffectKind::in_undo_order()
            .into_iter()
            .map(EffectKind::as_str)
            .collect();
        assert_eq!(
            undone,
            [
                "argocd.project",
                "dns.record",
                "efs.access-point",
                "efs.mount-target",
                "efs.file-system",
                "secrets.entry",
            ]
        );
    }

    #[test]
    fn no_two_kinds_share_a_place_in_an_order() {
        let plan: BTreeSet<u8> = EffectKind::all().map(|it| it.facts().plan_rank).collect();
        assert_eq!(plan.len(), EffectKind::all().count());
        let undo: Vec<u8> = EffectKind::all()
            .filter_map(|it| it.facts().undo_rank)
            .collect();
        assert_eq!(undo.iter().collect::<BTreeSet<_>>().len(), undo.len());
    }

    #[test]
    fn what_goes_with_its_target() {
        let going: Vec<EffectKind> = EffectKind::all()
            .filter(|kind| kind.goes_with_target())
            .collect();
        assert_eq!(going, [EffectKind::Record]);
    }

    #[test]
    fn what_an_update_drops_is_never_what_holds_data() {
        for kind in EffectKind::all() {
            let facts = kind.facts();
            assert!(
                !facts.dropped_by_updates || facts.data != DataHeld::Holds,
                "{kind}"
            );
        }
    }
}
