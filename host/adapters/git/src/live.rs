//! The generated branches as a whole: which targets stand on them.

use async_trait::async_trait;
use deploycenter_domain::lock;
use deploycenter_domain::name::{CustomerName, RegionName, TargetId};
use deploycenter_ports::{Failure, Generated, LiveTarget, Reading};
use git2::{Error, ObjectType, Oid, Repository, Tree};

use crate::git::Git;
use crate::place::{PREFIX, ROOT_FILE};
use crate::remote::Cache;
use crate::tree;

#[async_trait]
impl Generated for Git {
    async fn live(&self, reading: Reading) -> Result<Vec<LiveTarget>, Failure> {
        match reading {
            Reading::Listed => self.shared.listed().await?,
            Reading::Fresh => self.shared.fresh().await?,
        }
        self.shared.read(all).await
    }
}

fn all(repo: &Repository) -> Result<Vec<LiveTarget>, Error> {
    let prefix = Cache::tracking(PREFIX);
    let mut found = Vec::new();
    for reference in repo.references_glob(&format!("{prefix}*"))? {
        let reference = reference?;
        // A branch whose name is no customer's isn't one of ours.
        let customer = reference
            .name()
            .ok()
            .and_then(|name| name.strip_prefix(&prefix))
            .and_then(|name| name.parse::<CustomerName>().ok());
        if let Some(customer) = customer {
            on_branch(repo, &customer, &reference.peel_to_tree()?, &mut found)?;
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
