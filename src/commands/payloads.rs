//! The payloads that a pattern of a shell names, without what a release has beside them.

use std::path::Path;

use crate::console::Console;
use crate::console::text::named;
use crate::payload::is_beside_payloads;

/// Leaves out files that are no payloads by their names and says so, unless nothing else is given. `path` is that of what may
/// have been named by a pattern.
pub(super) fn payloads<T: Clone>(given: &[T], path: impl Fn(&T) -> Option<&Path>, console: &Console) -> Vec<T> {
    let is_beside = |one: &T| path(one).is_some_and(is_beside_payloads);
    let (beside, payloads): (Vec<_>, Vec<_>) = given.iter().cloned().partition(is_beside);
    if payloads.is_empty() || beside.is_empty() {
        return given.to_vec();
    }
    let names: Vec<_> = beside.iter().filter_map(&path).map(|path| path.display().to_string()).collect();
    let what = if names.len() == 1 { "it is no payload by its name" } else { "they are no payloads by their names" };
    console.status("Skipped", format_args!("{}: {what}", named(names.iter().map(String::as_str))));
    payloads
}
