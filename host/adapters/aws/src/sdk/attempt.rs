//! Retrying where it matters whether an earlier attempt went through.
//!
//! The SDK hides its retries. For a thing without an owner's tags (a record, a mount
//! target) that would lose something: when the second attempt is told "there is one
//! already", only someone who knows that the first attempt's answer was lost can tell
//! that it is ours. So those calls are made without the SDK's retries and retried here.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use deploycenter_ports::{Clock, Pauses};

use super::failure;

const ATTEMPTS: u32 = 5;
const PAUSES: Pauses = Pauses {
    first: Duration::from_millis(500),
    most: Duration::from_secs(20),
};

/// What a failed attempt leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing was done, and trying again may help.
    Nothing,
    /// It may have been done; only its answer is lost.
    Doubt,
    /// A clear answer that won't change.
    Answer,
}

/// What an error says of the attempt.
pub(crate) fn left<E: ProvideErrorMetadata + Error + 'static>(
    error: &SdkError<E, HttpResponse>,
) -> Left {
    match error {
        SdkError::TimeoutError(_) | SdkError::ResponseError(_) => Left::Doubt,
        // Credentials that weren't there come this way too, before anything was sent.
        SdkError::DispatchFailure(failure)
            if !failure.is_user() && failure::of_credentials(error).is_none() =>
        {
            Left::Doubt
        }
        SdkError::ServiceError(answer) => {
            if failure::is_throttling(answer.err().code(), answer.raw().status().as_u16()) {
                Left::Nothing
            } else if answer.raw().status().is_server_error() {
                Left::Doubt
            } else {
                Left::Answer
            }
        }
        _ => Left::Answer,
    }
}

/// Makes a call up to five times with growing, jittered pauses. Says beside the outcome
/// whether an earlier attempt (or the last one, when it failed) may have gone through.
pub(crate) async fn attempt<T, E, F, Fut>(
    clock: &dyn Clock,
    mut call: F,
) -> (Result<T, SdkError<E, HttpResponse>>, bool)
where
    E: ProvideErrorMetadata + Error + 'static,
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
{
    let mut doubt = false;
    let mut made = 0;
    loop {
        let error = match call().await {
            Ok(answer) => return (Ok(answer), doubt),
            Err(error) => error,
        };
        let left = left(&error);
        doubt |= left == Left::Doubt;
        made += 1;
        if made == ATTEMPTS || left == Left::Answer {
            return (Err(error), doubt);
        }
        clock.sleep(PAUSES.after(made, rand::random())).await;
    }
}
