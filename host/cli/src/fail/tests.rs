use deploycenter_engine::RefusalCode;
use deploycenter_ports::BesideCode;

use super::*;

/// The code that is listed after another: whoever adds one has to say where.
fn next(code: ErrorCode) -> Option<ErrorCode> {
    use ErrorCode as Code;
    let next = match code {
        Code::Usage => Code::Failed,
        Code::Failed => Code::Invalid,
        Code::Invalid => Code::Outside,
        Code::Outside => Code::Repository,
        Code::Repository => Code::Journal,
        Code::Journal => Code::Plugin,
        Code::Plugin => Code::Authority,
        Code::Authority => Code::RepositoryUnset,
        Code::RepositoryUnset => Code::Trust,
        Code::Trust => Code::ArgoCd,
        Code::ArgoCd => Code::Untrusted,
        Code::Untrusted => Code::Dirty,
        Code::Dirty => Code::Unpushed,
        Code::Unpushed => Code::PlanForeign,
        Code::PlanForeign => Code::PlanUnreadable,
        Code::PlanUnreadable => Code::PlanEdited,
        Code::PlanEdited => Code::PlanStale,
        Code::PlanStale => Code::OlderCommit,
        Code::OlderCommit => Code::TooMany,
        Code::TooMany => Code::UnknownTarget,
        Code::UnknownTarget => Code::UnknownValue,
        Code::UnknownValue => Code::UnknownSecret,
        Code::UnknownSecret => Code::Secret,
        Code::Secret => Code::NothingUnfinished,
        Code::NothingUnfinished => Code::Removal,
        Code::Removal => Code::Unwound,
        Code::Unwound => Code::Interrupted,
        Code::Interrupted => Code::Declined,
        Code::Declined => Code::Unconfirmed,
        Code::Unconfirmed => Code::SchemaStale,
        Code::SchemaStale => Code::Sandbox,
        Code::Sandbox => Code::Refusal(RefusalCode::Held),
        Code::Refusal(code) => Code::Refusal(next_refusal(code)?),
    };
    Some(next)
}

fn next_refusal(code: RefusalCode) -> Option<RefusalCode> {
    use RefusalCode as Code;
    let next = match code {
        Code::Held => Code::Drifted,
        Code::Drifted => Code::Exists,
        Code::Exists => Code::Beside(BesideCode::Delegated),
        Code::Beside(BesideCode::Delegated) => Code::Beside(BesideCode::AnsweredElsewhere),
        Code::Beside(BesideCode::AnsweredElsewhere) => Code::BranchInTheWay,
        Code::BranchInTheWay => Code::Leaving,
        Code::Leaving => Code::SecretMissing,
        Code::SecretMissing => Code::NeedsAttention,
        Code::NeedsAttention => Code::Locked,
        Code::Locked => Code::StillDesired,
        Code::StillDesired => Code::NotDesired,
        Code::NotDesired => Code::Deployed,
        Code::Deployed => Code::NotDeployed,
        Code::NotDeployed => Code::NothingRetained,
        Code::NothingRetained => Code::OtherRegion,
        Code::OtherRegion => Code::StillUsed,
        Code::StillUsed => Code::NothingUnused,
        Code::NothingUnused => Code::Permanent,
        Code::Permanent => Code::DataVersion,
        Code::DataVersion => Code::MadeAnew,
        Code::MadeAnew => Code::NotHeld,
        Code::NotHeld => Code::NothingToAccept,
        Code::NothingToAccept => Code::NotAcceptable,
        Code::NotAcceptable => Code::BaseRefused,
        Code::BaseRefused => Code::UnknownDeployment,
        Code::UnknownDeployment => Code::ManyIncarnations,
        Code::ManyIncarnations => return None,
    };
    Some(next)
}

/// Programs go by these, so none is ever changed.
#[test]
fn every_code_and_its_exit_code() {
    let all: Vec<String> = std::iter::successors(Some(ErrorCode::Usage), |code| next(*code))
        .map(|code| format!("{} {}", exit_code(code), code.as_str()))
        .collect();
    insta::assert_snapshot!(all.join("\n"), @"
    64 usage
    1 failed
    1 invalid
    1 outside
    1 repository
    1 journal
    1 plugin
    1 authority
    1 repository-unset
    1 trust
    1 argocd
    1 untrusted
    1 dirty
    1 unpushed
    1 plan-foreign
    1 plan-unreadable
    1 plan-edited
    1 plan-stale
    1 older-commit
    1 too-many
    1 unknown-target
    1 unknown-value
    1 unknown-secret
    1 secret
    1 nothing-unfinished
    1 removal
    1 unwound
    1 interrupted
    1 declined
    1 unconfirmed
    1 schema-stale
    1 sandbox
    1 held
    1 drifted
    1 exists
    1 delegated
    1 answered-elsewhere
    1 branch-in-the-way
    1 leaving
    1 secret-missing
    1 needs-attention
    1 locked
    1 still-desired
    1 not-desired
    1 deployed
    1 not-deployed
    1 nothing-retained
    1 other-region
    1 still-used
    1 nothing-unused
    1 permanent
    1 data-version
    1 made-anew
    1 not-held
    1 nothing-to-accept
    1 not-acceptable
    1 base-refused
    1 unknown-deployment
    1 many-lives
    ");
    let mut once = all.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), all.len(), "no code stands for two things");
}
