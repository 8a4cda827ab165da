//! One function per verb: what every door calls. A request comes in, an outcome goes out;
//! words for people, terminals and exit codes are the doors' own.
//!
//! Verbs that change something come in two halves. The first finishes what a dead process
//! left and makes the plan ([`Prepared`]); a door shows it and asks whoever must agree. The
//! second carries out exactly that.

mod adopt;
mod apply;
mod error;
mod explain;
mod history;
mod left_out;
mod main_commit;
mod orphans;
mod plan;
mod prepared;
mod removal;
mod render;
mod replan;
mod resume;
mod secret;
mod secret_error;
mod status;
mod sync;
mod unknown_deployment;
mod unknown_target;
mod validate;

pub use adopt::{AdoptRequest, PreparedAdoption, adopt};
pub use apply::{ApplyRequest, apply};
pub use error::WorkflowError;
pub use explain::{ExplainRequest, Explained, ExplainedValue, explain};
pub use history::{Compared, HistoryDiff, Range, RangeError, diff, find, history, is_idle};
pub use left_out::LeftOut;
pub use orphans::orphans;
pub use plan::{PlanRequest, plan};
pub use prepared::Prepared;
pub use removal::{PreparedRemoval, Removal, RemovalRequest, remove};
pub use render::{Rendered, render};
pub use replan::{accept, release, rollback};
pub use resume::{CancelRequest, ResumeRequest, cancel, resume};
pub use secret::{PreparedSecret, SecretRequest, SecretSource, SecretStatus, secrets, set_secret};
pub use secret_error::{LARGEST_SECRET, SecretError};
pub use status::{HoldState, LastDeployment, StatusOutcome, StatusReader, TargetStatus, Unasked};
pub use sync::{PreparedRollout, SyncRequest, sync};
pub use unknown_deployment::UnknownDeployment;
pub use validate::validate;
