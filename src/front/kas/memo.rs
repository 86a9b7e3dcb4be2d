//! Answers that are worked out once, for many threads. Knows no question.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use foldhash::fast::RandomState;

/// Answers by question. Two threads that ask one question at the same time wait for one answer.
#[derive(Debug)]
pub(super) struct Memo<K, V>(RwLock<HashMap<K, Arc<OnceLock<V>>, RandomState>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// The answer to a question. The question is only kept, and so only copied, when it is new.
    pub(super) fn of<Q>(&self, key: &Q, answer: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q> + for<'a> From<&'a Q>,
        Q: Hash + Eq + ?Sized,
    {
        let slot = {
            let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(answer) = known.get(key).and_then(|slot| slot.get()) {
                return answer.clone();
            }
            known.get(key).map(Arc::clone)
        };
        let slot = slot.unwrap_or_else(|| {
            let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(K::from(key)).or_default())
        });
        slot.get_or_init(answer).clone()
    }
}
