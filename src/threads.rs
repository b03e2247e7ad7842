//! Threads that only help: where the system has none left, the work is done on the calling thread.

use std::panic::resume_unwind;
use std::thread::{self, Builder, Scope};

/// Does two things at once; where no thread can be started, one after the other. A panic of either goes on in the caller.
pub(crate) fn both<A, B: Send>(here: impl FnOnce() -> A, there: impl Fn() -> B + Sync) -> (A, B) {
    thread::scope(|scope| {
        let thread = Builder::new().spawn_scoped(scope, &there);
        let here = here();
        let there = match thread {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(_) => there(),
        };
        (here, there)
    })
}

/// Does the same `count` times at once, or as often as threads can be started, and at least once. Whoever is first takes
/// the most of what there is to do.
pub(crate) fn lanes<T: Send>(count: usize, lane: impl Fn() -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let others: Vec<_> = (1..count).map_while(|_| Builder::new().spawn_scoped(scope, &lane).ok()).collect();
        let mut done = vec![lane()];
        done.extend(others.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic))));
        done
    })
}

/// Starts up to `count` threads that do the same; returns how many there are, which can be none.
pub(crate) fn start<'scope>(
    scope: &'scope Scope<'scope, '_>,
    count: usize,
    worker: &'scope (impl Fn() + Sync),
) -> usize {
    (0..count).take_while(|_| Builder::new().spawn_scoped(scope, worker).is_ok()).count()
}
