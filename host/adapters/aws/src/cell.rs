//! Things that are made once and shared.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use deploycenter_ports::ProviderError;
use tokio::sync::OnceCell;

/// Values by key, each made when it is first asked for.
#[derive(Debug)]
pub(crate) struct Keyed<K, V>(Mutex<BTreeMap<K, V>>);

impl<K, V> Default for Keyed<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord, V: Clone> Keyed<K, V> {
    /// The key's value.
    pub(crate) fn get_or_make(&self, key: K, make: impl FnOnce() -> V) -> V {
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.entry(key).or_insert_with(make).clone()
    }

    /// Forgets the key's value.
    pub(crate) fn forget(&self, key: &K) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(key);
    }
}

/// Lists by key. Whoever asks while a list is being read waits for it, and shares its
/// failure too: a thousand who ask together shouldn't each try an absent service again.
#[derive(Debug)]
pub(crate) struct Lists<K, V>(Keyed<K, Cell<V>>);

type Cell<V> = Arc<OnceCell<Result<Arc<V>, ProviderError>>>;

impl<K, V> Default for Lists<K, V> {
    fn default() -> Self {
        Self(Keyed::default())
    }
}

impl<K: Ord, V> Lists<K, V> {
    /// The key's list; `read` isn't polled when it is there already.
    pub(crate) async fn get(
        &self,
        key: K,
        read: impl Future<Output = Result<V, ProviderError>>,
    ) -> Result<Arc<V>, ProviderError> {
        let cell = self.0.get_or_make(key, Arc::default);
        cell.get_or_init(|| async { read.await.map(Arc::new) })
            .await
            .clone()
    }

    /// Makes the next who asks read it again.
    pub(crate) fn forget(&self, key: &K) {
        self.0.forget(key);
    }
}
