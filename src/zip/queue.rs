//! Hands out the numbers of tasks to threads and collects what they made of them, in order and within a window.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

struct State<T> {
    taken: usize,
    written: usize,
    done: BTreeMap<usize, T>,
    stopped: bool,
}

/// Hands out task numbers in order, never more than a window ahead of the writer, and collects the results.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    window: usize,
    length: usize,
}

impl<T> Queue<T> {
    pub(crate) fn new(length: usize, window: usize) -> Self {
        let state = State { taken: 0, written: 0, done: BTreeMap::new(), stopped: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), window, length }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        self.changed.wait(state).unwrap_or_else(PoisonError::into_inner)
    }

    /// The next task; `None` where there is none or the work was stopped.
    pub(crate) fn take(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.stopped || state.taken == self.length {
                return None;
            }
            if state.taken < state.written + self.window {
                state.taken += 1;
                return Some(state.taken - 1);
            }
            state = self.wait(state);
        }
    }

    pub(crate) fn put(&self, number: usize, done: T) {
        self.lock().done.insert(number, done);
        self.changed.notify_all();
    }

    /// What became of a task; `None` where the work was stopped before it was done.
    pub(crate) fn next(&self, number: usize) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(done) = state.done.remove(&number) {
                state.written = number + 1;
                drop(state);
                self.changed.notify_all();
                return Some(done);
            }
            if state.stopped {
                return None;
            }
            state = self.wait(state);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.lock().stopped
    }
}

/// Stops the work when it is dropped.
pub(crate) struct Stop<'a, T>(pub &'a Queue<T>);

impl<T> Drop for Stop<'_, T> {
    fn drop(&mut self) {
        self.0.lock().stopped = true;
        self.0.changed.notify_all();
    }
}

/// A thread that dies must not leave the others waiting for it.
pub(crate) struct StopOnPanic<'a, T>(pub &'a Queue<T>);

impl<T> Drop for StopOnPanic<'_, T> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            drop(Stop(self.0));
        }
    }
}
