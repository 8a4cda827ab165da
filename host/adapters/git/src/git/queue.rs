//! Gathers the changes that arrive together into one push.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deploycenter_ports::{ProviderError, ProviderErrorKind};
use git2::{ErrorCode, Oid, Repository};
use tokio::sync::oneshot;

use crate::SYSTEM;
use crate::failure::{is_transient, no_room, of_cache, refused};
use crate::folder::{Change, Next};
use crate::push::{Outcome, PushError, Update, copy_objects};
use crate::remote::{Cache, keep_in_memory};

use super::{ATTEMPTS, Shared, Turn};

/// How long the first change of a push waits for company.
const GATHER: Duration = Duration::from_millis(10);

/// Branches up to which objects are written as a file each: a pack for every few would
/// pile up, and each is looked into for every object.
const LOOSE: usize = 16;

/// How often a branch may move under us. Each time somebody else got on, so this is more
/// than [`ATTEMPTS`].
const RACES: u32 = 30;

/// Changes that wait for the next push.
#[derive(Default)]
pub(crate) struct Queue(Mutex<Waiting>);

#[derive(Default)]
struct Waiting {
    jobs: Vec<Job>,
    driven: bool,
}

/// A change and whoever waits for it. One whose caller is gone before it is sent is not
/// sent.
struct Job {
    change: Change,
    reply: oneshot::Sender<Result<bool, ProviderError>>,
    /// Whether the commit that is on its way changes anything for this job.
    changes: bool,
}

impl Job {
    fn answer(self, answer: Result<bool, ProviderError>) {
        // A caller that is gone needs no answer: the journal makes it look again.
        let _ = self.reply.send(answer);
    }
}

impl Queue {
    /// Brings a change to the remote; whether this deployment made it.
    pub(crate) async fn submit(
        shared: &Arc<Shared>,
        change: Change,
    ) -> Result<bool, ProviderError> {
        let (reply, answer) = oneshot::channel();
        let start = {
            let mut waiting = shared.queue.lock();
            waiting.jobs.push(Job {
                change,
                reply,
                changes: true,
            });
            !std::mem::replace(&mut waiting.driven, true)
        };
        if start {
            tokio::spawn(
                Driver {
                    shared: Arc::clone(shared),
                    done: false,
                }
                .run(),
            );
        }
        answer.await.unwrap_or_else(|_| {
            Err(ProviderError::new(
                ProviderErrorKind::Unavailable,
                SYSTEM,
                "the push was cut off; nobody knows whether it arrived",
            ))
        })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Pushes until nothing waits.
struct Driver {
    shared: Arc<Shared>,
    done: bool,
}

impl Driver {
    /// Seals a batch, or ends the driving when there is none.
    fn seal(&mut self) -> Option<Vec<Job>> {
        let mut waiting = self.shared.queue.lock();
        waiting.jobs.retain(|job| !job.reply.is_closed());
        if waiting.jobs.is_empty() {
            waiting.driven = false;
            self.done = true;
            return None;
        }
        Some(std::mem::take(&mut waiting.jobs))
    }

    async fn run(mut self) {
        loop {
            tokio::time::sleep(GATHER).await;
            let Some(jobs) = self.seal() else { return };
            settle(&self.shared, jobs).await;
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Not done only after a panic or when the runtime ends: those who wait have to
        // hear of it, and the next change needs another driver.
        if !self.done {
            let mut waiting = self.shared.queue.lock();
            waiting.driven = false;
            waiting.jobs.clear();
        }
    }
}

/// Brings a batch to the remote, as often as it takes.
async fn settle(shared: &Shared, mut jobs: Vec<Job>) {
    let mut alone = false;
    let (mut failed, mut lost) = (0, 0);
    loop {
        let Some(again) = round(shared, jobs, alone).await else {
            return;
        };
        *(if again.lost { &mut lost } else { &mut failed }) += 1;
        if failed == ATTEMPTS || lost == RACES {
            return answer_all(again.jobs, &again.failure);
        }
        jobs = again.jobs;
        alone |= again.split;
        shared.pause(if again.lost { 1 } else { failed }).await;
    }
}

fn answer_all(jobs: Vec<Job>, failure: &ProviderError) {
    for job in jobs {
        job.answer(Err(failure.clone()));
    }
}

/// What is left for another round.
struct Again {
    jobs: Vec<Job>,
    failure: ProviderError,
    /// Whether a race was lost; else the remote failed.
    lost: bool,
    /// Whether each branch is to go up by itself, because what fails together may fail
    /// for one member's sake.
    split: bool,
}

/// Fetches, builds on what is there, pushes.
async fn round(shared: &Shared, mut jobs: Vec<Job>, alone: bool) -> Option<Again> {
    jobs.retain(|job| !job.reply.is_closed());
    if jobs.is_empty() {
        return None;
    }
    let mut turn = shared.turn().await;
    match shared.fetch_once(&mut turn).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => {
            let failure = shared.remote_failure(&error);
            if is_transient(&error) {
                return Some(Again {
                    jobs,
                    failure,
                    lost: false,
                    split: false,
                });
            }
            answer_all(jobs, &failure);
            return None;
        }
        Err(failure) => {
            answer_all(jobs, &failure);
            return None;
        }
    }
    let now = shared.clock.now();
    // A failure here has dropped the jobs, and so has told their callers.
    let groups = shared
        .blocking(move |cache| prepare(cache, jobs, now))
        .await
        .ok()?;
    let pushes: Vec<Vec<Group>> = if alone {
        groups.into_iter().map(|group| vec![group]).collect()
    } else {
        vec![groups]
    };
    let mut again: Option<Again> = None;
    for groups in pushes.into_iter().filter(|groups| !groups.is_empty()) {
        if let Some(more) = push(shared, &turn, groups).await {
            match &mut again {
                Some(again) => again.jobs.extend(more.jobs),
                None => again = Some(more),
            }
        }
    }
    again
}

/// The changes of one branch, stacked into commits.
struct Group {
    update: Update,
    jobs: Vec<Job>,
}

/// Builds the commits. Changes that need none, or can't be made, are answered here. Of
/// many branches the objects are gathered in memory and written as one pack: a file each
/// takes longer than all else.
fn prepare(cache: &Cache, jobs: Vec<Job>, now: jiff::Timestamp) -> Vec<Group> {
    let repo = match cache.repo() {
        Ok(repo) => repo,
        Err(error) => {
            answer_all(jobs, &of_cache(&error));
            return Vec::new();
        }
    };
    let mut by_branch: BTreeMap<String, Vec<Job>> = BTreeMap::new();
    for job in jobs {
        by_branch
            .entry(job.change.place.branch.clone())
            .or_default()
            .push(job);
    }
    let in_memory = by_branch.len() > LOOSE && keep_in_memory(&repo).is_ok();
    let groups: Vec<Group> = by_branch
        .into_iter()
        .filter_map(|(branch, jobs)| stack(cache, &repo, branch, jobs, now))
        .collect();
    if in_memory && !groups.is_empty() {
        let updates: Vec<Update> = groups.iter().map(|group| group.update.clone()).collect();
        if let Err(error) = copy_objects(&repo, &repo, &updates) {
            let failure = of_cache(&error);
            for group in groups {
                answer_all(group.jobs, &failure);
            }
            return Vec::new();
        }
    }
    groups
}

fn stack(
    cache: &Cache,
    repo: &Repository,
    branch: String,
    jobs: Vec<Job>,
    now: jiff::Timestamp,
) -> Option<Group> {
    let base = match Cache::head(repo, &branch) {
        Ok(base) => base,
        Err(error) => {
            answer_all(jobs, &of_cache(&error));
            return None;
        }
    };
    if base.is_none() {
        match Cache::in_the_way(repo, &branch) {
            Ok(None) => {}
            Ok(Some(other)) => {
                answer_all(jobs, &no_room(&branch, &other));
                return None;
            }
            Err(error) => {
                answer_all(jobs, &of_cache(&error));
                return None;
            }
        }
    }
    let mut head: Option<Oid> = base;
    let mut kept = Vec::new();
    for mut job in jobs {
        match job.change.advance(repo, head, cache.signer.as_ref(), now) {
            Err(failure) => job.answer(Err(failure)),
            Ok(Next::Stands { ours }) if head == base => job.answer(Ok(ours)),
            // It stands because of a commit that is yet to arrive.
            Ok(Next::Stands { ours }) => {
                job.changes = ours;
                kept.push(job);
            }
            Ok(Next::Commit(commit)) => {
                job.changes = true;
                head = Some(commit);
                kept.push(job);
            }
        }
    }
    let to = head.filter(|_| head != base)?;
    Some(Group {
        update: Update {
            branch,
            from: base,
            to,
        },
        jobs: kept,
    })
}

/// One push, and who is to be told what.
async fn push(shared: &Shared, turn: &Turn<'_>, groups: Vec<Group>) -> Option<Again> {
    let updates: Vec<Update> = groups.iter().map(|group| group.update.clone()).collect();
    let split = updates.len() > 1;
    let pushed = match shared
        .call(turn, "push", move |cache| cache.push(&updates))
        .await
    {
        Ok(pushed) => pushed,
        Err(failure) => {
            groups
                .into_iter()
                .for_each(|group| answer_all(group.jobs, &failure));
            return None;
        }
    };
    match pushed {
        Ok(outcomes) => by_outcome(groups, &outcomes),
        Err(problem) => {
            let failure = shared.remote_failure(problem.error());
            let mut jobs: Vec<Job> = groups.into_iter().flat_map(|group| group.jobs).collect();
            if matches!(problem, PushError::Uncertain(_)) {
                jobs.iter_mut().for_each(|job| job.change.uncertain = true);
            }
            let lost = problem.error().code() == ErrorCode::NotFastForward;
            if split || is_transient(problem.error()) {
                return Some(Again {
                    jobs,
                    failure,
                    lost,
                    split: split && !lost,
                });
            }
            answer_all(jobs, &failure);
            None
        }
    }
}

fn by_outcome(groups: Vec<Group>, outcomes: &BTreeMap<String, Outcome>) -> Option<Again> {
    let mut lost = Vec::new();
    let mut failure = None;
    let mut declined = None;
    let alone = groups.len() == 1;
    for group in groups {
        let branch = &group.update.branch;
        match outcomes.get(branch) {
            Some(Outcome::Taken) => {
                for job in group.jobs {
                    let changes = job.changes;
                    job.answer(Ok(changes));
                }
            }
            Some(Outcome::Rejected(words)) => {
                let refusal = refused(format!("the git remote refused branch {branch}: {words}"))
                    .help("check the remote's branch protection and hooks: the account has to be allowed to push to customer/*");
                if alone {
                    answer_all(group.jobs, &refusal);
                } else {
                    // A hook may decline a whole push for one branch's sake, and what it
                    // says doesn't say of which.
                    declined = Some(refusal);
                    lost.extend(group.jobs);
                }
            }
            Some(Outcome::Lost(words)) => {
                failure = Some(ProviderError::new(
                    ProviderErrorKind::Unavailable,
                    SYSTEM,
                    format!("branch {branch} keeps moving under us: {words}"),
                ));
                lost.extend(group.jobs);
            }
            None => {
                failure = Some(ProviderError::new(
                    ProviderErrorKind::Unavailable,
                    SYSTEM,
                    format!("the git remote didn't say what came of branch {branch}"),
                ));
                lost.extend(group.jobs.into_iter().map(|mut job| {
                    job.change.uncertain = true;
                    job
                }));
            }
        }
    }
    let split = declined.is_some();
    declined.or(failure).map(|failure| Again {
        jobs: lost,
        failure,
        lost: !split,
        split,
    })
}
