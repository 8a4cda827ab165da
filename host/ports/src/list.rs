//! Lists that are read once for all who ask.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::ProviderError;

/// A list of an outside system, read when it is first asked for. Whoever asks meanwhile
/// waits for it, and shares its failure too: a thousand who ask together shouldn't each try
/// an absent service again. Nobody else does: who asks after that has it read again.
#[derive(Debug)]
pub struct List<V>(Mutex<Reading<V>>);

type Reading<V> = Arc<OnceCell<Result<Arc<V>, ProviderError>>>;

impl<V> Default for List<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V> List<V> {
    /// The list; `read` isn't polled where it is there already, or someone reads it.
    ///
    /// # Errors
    /// As `read`, whoever's it was that was polled.
    pub async fn get(
        &self,
        read: impl Future<Output = Result<V, ProviderError>>,
    ) -> Result<Arc<V>, ProviderError> {
        let reading = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let answer = reading
            .get_or_init(|| async { read.await.map(Arc::new) })
            .await
            .clone();
        if answer.is_err() {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Unless the next one is under way.
            if Arc::ptr_eq(&kept, &reading) {
                *kept = Reading::default();
            }
        }
        answer
    }
}

/// A [`List`] for each key.
#[derive(Debug)]
pub struct Lists<K, V>(Mutex<BTreeMap<K, Arc<List<V>>>>);

impl<K, V> Default for Lists<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V> Lists<K, V> {
    /// The key's list, as [`List::get`] gives it.
    ///
    /// # Errors
    /// As [`List::get`].
    pub async fn get(
        &self,
        key: K,
        read: impl Future<Output = Result<V, ProviderError>>,
    ) -> Result<Arc<V>, ProviderError> {
        let list = {
            let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(lists.entry(key).or_default())
        };
        list.get(read).await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Notify;

    use super::*;
    use crate::ProviderErrorKind;

    fn away() -> ProviderError {
        ProviderError::new(ProviderErrorKind::Unavailable, "efs", "away")
    }

    #[tokio::test]
    async fn a_failure_is_shared_by_those_who_wait_and_by_nobody_later() {
        let lists: Lists<&str, usize> = Lists::default();
        let reads = AtomicUsize::new(0);
        let failed = Notify::new();
        let ask = || {
            lists.get("eu", async {
                let number = reads.fetch_add(1, Ordering::SeqCst);
                if number > 0 {
                    return Ok(number);
                }
                failed.notified().await;
                Err(away())
            })
        };
        let (together, ()) = tokio::join!(join_all((0..1000).map(|_| ask())), async {
            tokio::task::yield_now().await;
            failed.notify_one();
        });
        assert!(together.iter().all(|answer| *answer == Err(away())));
        assert_eq!(reads.load(Ordering::SeqCst), 1, "one asked for all");

        let later = join_all((0..1000).map(|_| ask())).await;
        assert!(later.iter().all(|answer| **answer.as_ref().unwrap() == 1));
        assert_eq!(*ask().await.unwrap(), 1, "what was read stays");
        assert_eq!(*lists.get("us", async { Ok(7) }).await.unwrap(), 7);
    }

    /// Who reads for all may be dropped, as a target's planning is: the next goes on.
    #[tokio::test]
    async fn who_gives_up_leaves_the_reading_to_the_next() {
        let list: List<usize> = List::default();
        let mut first = Box::pin(list.get(std::future::pending()));
        assert!(futures::poll!(&mut first).is_pending());
        let second = list.get(async { Ok(2) });
        drop(first);
        assert_eq!(*second.await.unwrap(), 2);
    }
}
