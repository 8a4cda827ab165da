//! One step on one folder: what it makes of the branch as it stands.

use deploycenter_domain::remedy::{Advice, Remedy, Targets};
use deploycenter_domain::resource::{Folder, Owner, Ownership, Resource};
use deploycenter_domain::saga::decide::{Aim, Decision, Found, Marks, decide};
use deploycenter_domain::{token, unwind};
use deploycenter_ports::{CommitContext, ProviderError, ProviderErrorKind, Step};
use git2::{Commit, Oid, Repository};

use crate::SYSTEM;
use crate::commit::{self, Verb};
use crate::content::{self, Content};
use crate::failure::{of_cache, refused};
use crate::history;
use crate::place::{Place, ROOT_FILE, ROOT_FILES, check_path};
use crate::signing::Signer;

/// A step that has been checked.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) place: Place,
    before: Option<Folder>,
    after: Option<Folder>,
    owner: Owner,
    commit: CommitContext,
    /// Whether an earlier attempt may have landed.
    pub(crate) uncertain: bool,
    undo: bool,
}

/// What a change makes of a branch.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// What is wanted stands already; whether this deployment put it there.
    Stands {
        /// As an earlier attempt's commit says.
        ours: bool,
    },
    /// This commit is to be the branch's head.
    Commit(Oid),
}

impl Change {
    /// Checks a step.
    pub(crate) fn of(step: &Step) -> Result<Self, ProviderError> {
        let before = step.before.as_ref().map(folder).transpose()?;
        let after = step.after.as_ref().map(folder).transpose()?;
        let named = after
            .or(before)
            .ok_or_else(|| refused("a step without a folder"))?;
        let place = Place::of(named)?;
        if before
            .is_some_and(|folder| (&folder.branch, &folder.path) != (&place.branch, &place.path))
        {
            return Err(refused(format!(
                "a step may not move the folder {place} to another place"
            )));
        }
        for folder in [before, after].into_iter().flatten() {
            check_files(&place, folder)?;
        }
        Ok(Self {
            place,
            before: before.cloned(),
            after: after.cloned(),
            owner: step.owner.clone(),
            commit: step.commit.clone(),
            uncertain: step.uncertain,
            undo: step.undo,
        })
    }

    /// What to do, given the branch's head (`None`: there is no such branch). Writes
    /// objects, moves no branch.
    pub(crate) fn advance(
        &self,
        repo: &Repository,
        head: Option<Oid>,
        signer: Option<&Result<Signer, ProviderError>>,
        at: jiff::Timestamp,
    ) -> Result<Next, ProviderError> {
        let parent = head
            .map(|id| repo.find_commit(id))
            .transpose()
            .map_err(|e| of_cache(&e))?;
        let root = parent
            .as_ref()
            .map(Commit::tree)
            .transpose()
            .map_err(|e| of_cache(&e))?;
        let present = match &root {
            Some(root) => content::id_at(root, &self.place).map_err(|e| of_cache(&e))?,
            None => None,
        };
        let wanted = self
            .after
            .as_ref()
            .map(|folder| self.content(repo, folder, head))
            .transpose()?;
        let as_after = present == wanted.as_ref().map(|content| content.id);
        let found = match present {
            None => None,
            // Whether it is as before as well is nobody's question then.
            Some(present) => Some(Found {
                ownership: &Ownership::ByPlace,
                as_before: !as_after && self.expected(repo)?.contains(&present),
                as_after,
                between: false,
            }),
        };
        let aim = Aim {
            owner: &self.owner,
            before: self.before.is_some(),
            after: self.after.is_some(),
            undo: self.undo,
            doubt: as_after && self.uncertain && self.is_ours(repo, parent.clone())?,
            adopt: None,
            marks: Marks::AtMaking,
        };
        match decide(&aim, found.as_ref()) {
            Ok(Decision::Done(ours)) => return Ok(Next::Stands { ours }),
            Ok(Decision::Create | Decision::Update | Decision::Delete) => {}
            Err(_) => return Err(self.moved(repo, parent, present)),
        }
        let tree = content::replaced(repo, root.as_ref(), &self.place, wanted.as_ref())
            .map_err(|e| of_cache(&e))?;
        let Some(tree) = tree else {
            return Err(self.moved(repo, parent, present));
        };
        self.commit(repo, tree, parent.as_ref(), signer, at)
            .map(Next::Commit)
    }

    /// The id of what is to stand at the place; `None`: nothing.
    pub(crate) fn wanted(&self, repo: &Repository) -> Result<Option<Oid>, ProviderError> {
        self.after
            .as_ref()
            .map(|folder| self.identity(repo, folder))
            .transpose()
    }

    fn commit(
        &self,
        repo: &Repository,
        tree: Oid,
        parent: Option<&Commit<'_>>,
        signer: Option<&Result<Signer, ProviderError>>,
        at: jiff::Timestamp,
    ) -> Result<Oid, ProviderError> {
        let verb = match (self.undo, &self.after) {
            (true, _) => Verb::Undo,
            (false, Some(_)) => Verb::Deploy,
            (false, None) => Verb::Remove,
        };
        let who = commit::signature(&self.commit.actor, at).map_err(|e| of_cache(&e))?;
        let message = commit::message(verb, &self.owner, &self.place.path, &self.commit);
        let parents: Vec<&Commit<'_>> = parent.into_iter().collect();
        let tree = repo.find_tree(tree).map_err(|e| of_cache(&e))?;
        let Some(signer) = signer else {
            let made = repo.commit(None, &who, &who, &message, &tree, &parents);
            return made.map_err(|e| of_cache(&e));
        };
        let text = repo
            .commit_create_buffer(&who, &who, &message, &tree, &parents)
            .map_err(|e| of_cache(&e))?;
        let text = std::str::from_utf8(&text).map_err(|_| refused("a commit that is no text"))?;
        let signature = signer.as_ref().map_err(ProviderError::clone)?.sign(text)?;
        repo.commit_signed(text, &signature, None)
            .map_err(|e| of_cache(&e))
    }

    /// The ids of what the place may hold for the step to begin.
    fn expected(&self, repo: &Repository) -> Result<Vec<Oid>, ProviderError> {
        let Some(before) = &self.before else {
            return Ok(Vec::new());
        };
        let mut ids = vec![self.identity(repo, before)?];
        // The way back from a first deployment opens the base for deletion by a commit of
        // its own, before the folder goes.
        if self.undo && self.after.is_none() && !before.files.is_empty() {
            ids.push(self.identity(repo, &unwind::unprotected(before))?);
        }
        Ok(ids)
    }

    /// The id of a folder as a state has it.
    fn identity(&self, repo: &Repository, folder: &Folder) -> Result<Oid, ProviderError> {
        match &folder.tree {
            Some(tree) => self.id(tree),
            None => self.written(repo, folder).map(|content| content.id),
        }
    }

    fn id(&self, tree: &str) -> Result<Oid, ProviderError> {
        history::full_id(tree).ok_or_else(|| {
            refused(format!(
                "\"{}\" is no tree of {}",
                tree.escape_debug(),
                self.place
            ))
        })
    }

    fn written(&self, repo: &Repository, folder: &Folder) -> Result<Content, ProviderError> {
        let lacks = |what: &str| refused(format!("a state of {} has {what}", self.place));
        if self.place.is_root() && !folder.files.contains_key(ROOT_FILE) {
            return Err(lacks(&format!("no {ROOT_FILE}")));
        }
        content::of_files(repo, &self.place, &folder.files)
            .map_err(|e| refused(format!("{} can't be written: {}", self.place, e.message())))?
            .ok_or_else(|| lacks("neither a tree nor files"))
    }

    /// What is to stand at the place. The object itself is taken where it is known, so
    /// that a folder comes back as it was, files that aren't text included.
    fn content(
        &self,
        repo: &Repository,
        folder: &Folder,
        head: Option<Oid>,
    ) -> Result<Content, ProviderError> {
        let Some(tree) = &folder.tree else {
            return self.written(repo, folder);
        };
        let id = self.id(tree)?;
        let known = content::known(repo, &self.place, id, head).map_err(|e| of_cache(&e))?;
        if let Some(content) = known {
            return Ok(content);
        }
        if !folder.files.is_empty() {
            let written = self.written(repo, folder)?;
            if written.id == id {
                return Ok(written);
            }
        }
        Err(refused(format!("the content {tree} of {} isn't known here any more, and can't be rebuilt from its files", self.place))
            .help("fetch the customer's branch with its history, or restore the folder by hand"))
    }

    /// Whether the last commit to the place is this deployment's.
    fn is_ours(&self, repo: &Repository, head: Option<Commit<'_>>) -> Result<bool, ProviderError> {
        Ok(self.last(repo, head).is_some_and(|commit| {
            commit
                .message()
                .is_ok_and(|text| commit::is_of(text, &self.owner.deployment))
        }))
    }

    fn last<'r>(&self, repo: &'r Repository, head: Option<Commit<'r>>) -> Option<Commit<'r>> {
        content::last_change(repo, head?, &self.place)
            .ok()
            .flatten()
    }

    fn moved(
        &self,
        repo: &Repository,
        head: Option<Commit<'_>>,
        present: Option<Oid>,
    ) -> ProviderError {
        let what = match (present, &self.before) {
            (None, _) => "was removed",
            (Some(_), None) => {
                "is there already, although nothing was when the plan was made; it was written"
            }
            (Some(_), Some(_)) => "was changed",
        };
        let by = self.last(repo, head).map_or_else(String::new, |commit| {
            let author = commit.author();
            format!(
                " by {} in {}: {}",
                author.name().unwrap_or("someone"),
                &commit.id().to_string()[..12],
                commit.summary().ok().flatten().unwrap_or("(no message)")
            )
        });
        let target = &self.owner.target;
        let help = if self.undo {
            Advice::from((
                "revert that commit on the branch; then ",
                Remedy::Resume(Targets::One(target.clone())),
            ))
        } else {
            Advice::from((
                "look at that commit, then keep it with ",
                Remedy::Accept(Targets::One(target.clone())),
            ))
            .and((" or write over it with ", Remedy::reclaim(target)))
        };
        ProviderError::new(
            ProviderErrorKind::Moved,
            SYSTEM,
            format!("{} {what}{by}", self.place),
        )
        .help(help)
    }
}

fn folder(resource: &Resource) -> Result<&Folder, ProviderError> {
    match resource {
        Resource::Folder(folder) => Ok(folder),
        _ => Err(refused(
            "git commits folders; other effects belong to other systems",
        )),
    }
}

/// Nothing with a token in it, or with a path that leads elsewhere, is ever committed.
fn check_files(place: &Place, folder: &Folder) -> Result<(), ProviderError> {
    for (path, text) in &folder.files {
        check_path(path)?;
        if place.is_root() && !ROOT_FILES.contains(&path.as_str()) {
            return Err(refused(format!(
                "the root of branch {} holds {} alone, not {path}",
                place.branch,
                ROOT_FILES.join(" and ")
            )));
        }
        if !token::is_plain(text) || !token::is_plain(path) {
            return Err(refused(format!("{path} in {place} still holds a value that is known only after apply, or what is left of one"))
                .help("a template may place such a value but not cut, encode or change it"));
        }
    }
    Ok(())
}
