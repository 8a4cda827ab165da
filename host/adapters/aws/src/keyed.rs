//! Things that are made once and kept: clients, sessions. Nothing that was read.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

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
}
