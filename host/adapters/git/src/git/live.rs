//! The generated branches as a whole: which targets stand on them.

use deploycenter_domain::hold;
use deploycenter_domain::lock;
use deploycenter_domain::name::{CustomerName, RegionName, TargetId};
use deploycenter_ports::{LastChange, LiveTarget, ProviderError};
use git2::{Error, ObjectType, Oid, Repository, Tree};

use super::Git;
use crate::commit;
use crate::content;
use crate::history::HistoryError;
use crate::place::{PREFIX, Place, ROOT_FILE};
use crate::remote::{Cache, Heads};
use crate::tree;

impl Git {
    /// Who changed a folder since it had that tree, as the remote has it now: `Someone in
    /// 0123456789ab: A message`; `None` while it has it.
    ///
    /// # Errors
    /// When the remote can't be read.
    pub async fn overtaken(
        &self,
        branch: &str,
        path: &str,
        tree: &str,
    ) -> Result<Option<String>, ProviderError> {
        let place = Place::new(branch, path)?;
        self.shared.fresh().await?;
        let tree = tree.to_owned();
        let look = move |repo: &Repository| {
            let head = Cache::head(repo, &place.branch)?;
            let present = match head {
                Some(head) => content::id_at(&repo.find_commit(head)?.tree()?, &place)?,
                None => None,
            };
            if present.is_some_and(|id| id.to_string() == tree) {
                return Ok(None);
            }
            let last = last_change(repo, head, &place)?;
            Ok(Some(last.map_or_else(
                || "someone".to_owned(),
                |last| {
                    let commit = last.commit.get(..12).unwrap_or(&last.commit);
                    format!("{} in {commit}: {}", last.author, last.summary)
                },
            )))
        };
        self.shared.read(look).await
    }
}

/// The commit up to a branch's head that changed a place last.
pub(crate) fn last_change(
    repo: &Repository,
    head: Option<Oid>,
    place: &Place,
) -> Result<Option<LastChange>, Error> {
    let Some(head) = head else {
        return Ok(None);
    };
    let found = content::last_change(repo, repo.find_commit(head)?, place);
    let commit = match found {
        Ok(commit) => commit,
        Err(HistoryError::Git(error)) => return Err(error),
        // The cache holds whole histories; one that doesn't says nothing of who it was.
        Err(HistoryError::Shallow | HistoryError::Missing(_)) => None,
    };
    Ok(commit.map(|commit| LastChange {
        commit: commit.id().to_string(),
        author: commit.author().name().unwrap_or("someone").to_owned(),
        summary: commit
            .summary()
            .ok()
            .flatten()
            .unwrap_or("(no message)")
            .to_owned(),
        deployment: commit.message().ok().and_then(commit::deployment),
    }))
}

/// Every target on the customers' branches, sorted.
pub(crate) fn live(repo: &Repository, heads: &Heads) -> Result<Vec<LiveTarget>, Error> {
    let mut found = Vec::new();
    for (branch, head) in heads {
        // A branch whose name is no customer's isn't one of ours.
        let customer = branch
            .strip_prefix(PREFIX)
            .and_then(|name| name.parse::<CustomerName>().ok());
        if let Some(customer) = customer {
            on_branch(
                repo,
                &customer,
                &repo.find_commit(*head)?.tree()?,
                &mut found,
            )?;
        }
    }
    found.sort_by(|a, b| a.target.cmp(&b.target));
    Ok(found)
}

fn on_branch(
    repo: &Repository,
    customer: &CustomerName,
    root: &Tree<'_>,
    found: &mut Vec<LiveTarget>,
) -> Result<(), Error> {
    if let Some(id) = tree::at(root, ROOT_FILE)? {
        found.push(LiveTarget {
            target: TargetId::shared_of(customer.clone()),
            region: None,
            lock: text(repo, id)?,
            hold: None,
        });
    }
    for (region, folder) in folders(repo, root)? {
        let Ok(region) = region.parse::<RegionName>() else {
            continue;
        };
        for (instance, folder) in folders(repo, &folder)? {
            let Ok(instance) = instance.parse() else {
                continue;
            };
            if let Some(id) = tree::at(&folder, lock::FILE)? {
                found.push(LiveTarget {
                    target: TargetId::instance_of(customer.clone(), instance),
                    region: Some(region.clone()),
                    lock: text(repo, id)?,
                    hold: tree::at(&folder, hold::FILE)?
                        .map(|id| text(repo, id))
                        .transpose()?,
                });
            }
        }
    }
    Ok(())
}

fn folders<'r>(repo: &'r Repository, tree: &Tree<'_>) -> Result<Vec<(String, Tree<'r>)>, Error> {
    let mut found = Vec::new();
    for entry in tree
        .iter()
        .filter(|entry| entry.kind() == Some(ObjectType::Tree))
    {
        if let Ok(name) = entry.name() {
            found.push((name.to_owned(), repo.find_tree(entry.id())?));
        }
    }
    Ok(found)
}

fn text(repo: &Repository, id: Oid) -> Result<String, Error> {
    let object = repo.find_object(id, None)?;
    Ok(object
        .as_blob()
        .map(|blob| String::from_utf8_lossy(blob.content()).into_owned())
        .unwrap_or_default())
}
