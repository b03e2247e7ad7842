//! The rows of `files`: what else of a payload is shipped, and where.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::PayloadError;
use super::found::{Found, WheelPart};
use super::input::Extent;
use super::place::{Placed, WheelDirectory};
use crate::console::text::named;
use crate::fs::Mode;
use crate::member_path::{MemberPath, file_name};
use crate::product::{Destination, FileRule, Naming, RuntimeProject};

/// How many paths a message names, and how many that may have been meant.
const MAX_NEAREST: usize = 3;

/// What came of the rules.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The files that have a place by a rule.
    pub(crate) taken: BTreeSet<MemberPath>,
    /// Those of them that a rule gives another place in the import package: any other place is one more.
    pub(crate) moved: BTreeSet<MemberPath>,
    /// The rules that matched nothing where that is no error.
    pub(crate) unmatched: Vec<FileRule>,
}

/// Gives the files that rules name their places; `directory` is that of the program.
pub(super) fn apply(
    project: &RuntimeProject,
    origin: &Path,
    extent: Extent,
    files: &[&Found],
    directory: &str,
    placed: &mut Placed<'_>,
) -> Result<Applied, PayloadError> {
    let mut applied = Applied::default();
    for rule in &project.files {
        let (place, naming) = match &rule.to {
            Destination::Licences(naming) => (WheelDirectory::Licences, naming),
            Destination::Data(naming) => (WheelDirectory::Data, naming),
            Destination::Package(naming) => (WheelDirectory::Package, naming),
        };
        let mut matches: Vec<_> = files.iter().filter(|file| rule.matches(&file.path)).collect();
        let mut is_there_already = false;
        if matches.is_empty() && matches!(extent, Extent::Own | Extent::Foreign) {
            matches = files.iter().filter(|file| is_made_by(rule, place, naming, file)).collect();
            is_there_already = true;
        }
        if matches.is_empty() {
            // Upstreams give the program alone on some platforms, and others leave out of a wheel what they do not need.
            if !files.is_empty() && extent != Extent::Foreign {
                let nearest = nearest(&rule.from, files);
                let (pattern, at) = (rule.from.clone(), rule.at.clone());
                return Err(PayloadError::Unmatched { path: origin.to_owned(), pattern, at, nearest });
            }
            applied.unmatched.push(rule.clone());
        }
        if let (Naming::As(to), [_, _, ..]) = (naming, &matches[..]) {
            let members = named(matches.iter().map(|file| &*file.path));
            let (pattern, to, at) = (rule.from.clone(), to.to_string(), rule.at.clone());
            return Err(PayloadError::OneName { path: origin.to_owned(), pattern, members, to, at });
        }
        for file in matches {
            let path = match (is_there_already, place) {
                (true, WheelDirectory::Licences) => file.path.below(LICENCES).unwrap_or_else(|| file.path.clone()),
                (true, _) => file.path.clone(),
                (false, _) => {
                    let path = naming.path(rule.tail(&file.path));
                    let member = || file.path.to_string();
                    path.parse::<MemberPath>().map_err(|why| PayloadError::Name {
                        path: origin.to_owned(),
                        member: member(),
                        why,
                    })?
                }
            };
            if place == WheelDirectory::Data
                && let Some(what) = project.replaced_by(&path)
            {
                let (path, to, at) = (origin.to_owned(), path.to_string(), rule.at.clone());
                return Err(PayloadError::Replaced { path, member: file.path.to_string(), to, what, at });
            }
            let mode = match place {
                WheelDirectory::Licences | WheelDirectory::Sboms => Mode::Data,
                WheelDirectory::Package | WheelDirectory::Scripts | WheelDirectory::Data => {
                    file.mode_beside(file.magic()?, directory)
                }
            };
            placed.put_by(Some(&rule.at), file, place, path, mode)?;
            if place == WheelDirectory::Package {
                applied.moved.insert(file.path.clone());
            }
            applied.taken.insert(file.path.clone());
        }
    }
    Ok(applied)
}

/// Where a wheel's licences are among its files.
pub(super) const LICENCES: &str = "licenses";

/// Whether a file of a wheel is what a rule made of upstream's when the wheel was built.
fn is_made_by(rule: &FileRule, place: WheelDirectory, naming: &Naming, file: &Found) -> bool {
    let path = match (place, file.part) {
        (WheelDirectory::Licences, WheelPart::Licences) => file.path.below(LICENCES),
        (WheelDirectory::Licences, _) | (_, WheelPart::Licences) => None,
        _ => Some(file.path.clone()),
    };
    let Some(path) = path else { return false };
    match naming {
        Naming::As(to) => path == *to,
        Naming::Into(to) if to.is_empty() => rule.has_tail(&path),
        Naming::Into(to) => path.below(to).is_some_and(|tail| rule.has_tail(&tail)),
    }
}

/// The paths that a pattern may have meant, as a list for a message.
fn nearest(pattern: &str, files: &[&Found]) -> String {
    let score = |file: &Found| {
        let name = file_name(pattern);
        // What differs in case alone comes first.
        let score = |one: &str, other: &str| {
            strsim::jaro_winkler(one, other).max(strsim::jaro_winkler(&one.to_lowercase(), &other.to_lowercase()))
        };
        score(pattern, &file.path).max(score(name, file.file_name()))
    };
    let mut near: Vec<_> = files.iter().map(|file| (score(file), &file.path)).collect();
    near.sort_by(|(one, path), (other, beside)| other.total_cmp(one).then_with(|| path.cmp(beside)));
    named(near.iter().take(MAX_NEAREST).map(|(_, path)| &***path))
}
