//! How much of what one side wrote may wait for the other, in bytes: whatever a server sends, memory has a bound.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// What one JSON value takes in memory beside its text, in bytes, about.
const VALUE: usize = 128;

/// What a message takes in memory, about: its text has `length` bytes and `values` values.
pub(crate) fn weight(length: usize, values: usize) -> usize {
    length.saturating_add(values.saturating_mul(VALUE))
}

/// A bound that two threads share. What is heavier than the bound is let through alone.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    used: Mutex<Used>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Used {
    bytes: usize,
    closed: bool,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: Mutex::default(), changed: Condvar::new() }
    }

    /// Takes `bytes`, where there is room for them.
    pub(crate) fn try_take(&self, bytes: usize) -> bool {
        let mut used = self.lock();
        let has_room = used.has_room(bytes, self.limit);
        used.bytes += if has_room { bytes } else { 0 };
        has_room
    }

    /// Takes `bytes` as soon as there is room for them; `false` once the budget is closed.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let full = |used: &mut Used| !used.closed && !used.has_room(bytes, self.limit);
        let mut used = self.changed.wait_while(self.lock(), full).unwrap_or_else(PoisonError::into_inner);
        used.bytes += bytes;
        !used.closed
    }

    /// Gives back what was taken.
    pub(crate) fn give_back(&self, bytes: usize) {
        let mut used = self.lock();
        used.bytes = used.bytes.saturating_sub(bytes);
        self.changed.notify_all();
    }

    /// Lets nobody wait for room any more.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.bytes == 0 || self.bytes.saturating_add(bytes) <= limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_heavier_than_the_bound_goes_alone() {
        let budget = Budget::new(10);
        assert!(budget.try_take(25) && !budget.try_take(1));
        budget.give_back(25);
        assert!(budget.try_take(6) && budget.try_take(4) && !budget.try_take(1));
    }

    #[test]
    fn a_closed_budget_holds_nobody() {
        let budget = Budget::new(10);
        assert!(budget.take(10));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.take(1));
            budget.close();
            assert!(!waiting.join().unwrap());
        });
    }
}
