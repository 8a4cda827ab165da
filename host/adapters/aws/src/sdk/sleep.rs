//! The SDK's pauses between retries, taken from our clock.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use deploycenter_ports::Clock;

/// Sleeps as the clock does, which in a test may be not at all. So nothing that races a
/// sleep against a request (a timeout) may use this.
#[derive(Debug)]
pub(crate) struct ClockSleep(pub(crate) Arc<dyn Clock>);

impl AsyncSleep for ClockSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = Arc::clone(&self.0);
        let pause: Pin<Box<dyn Future<Output = ()> + Send>> =
            Box::pin(async move { clock.sleep(duration).await });
        Sleep::new(Shareable(Mutex::new(pause)))
    }
}

/// Makes a future `Sync`, as the SDK wants it: it is only ever polled by its one owner.
struct Shareable(Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>);

impl Future for Shareable {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let inner = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        inner.as_mut().poll(context)
    }
}
