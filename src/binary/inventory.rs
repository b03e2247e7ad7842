//! All binaries of one payload or wheel together: which libraries they bring along, and which tags all of them honour.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Kind, RunPathKind, Slice};
use super::magic::Format;
use super::objection::{Objection, Weight, objections};
use super::tags;
use crate::target::{PlatformTag, PlatformTagSet};

/// Whether a library that a binary needs lies in the same wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reach {
    /// A run path, or the loader's own rule, leads to it.
    InReach,
    /// It is there, and nothing leads to it.
    OutOfReach,
    /// It is not there.
    Absent,
}

/// The files of a wheel or payload that can serve as libraries: by name, the directories that hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BundledLibraries {
    directories: BTreeMap<String, BTreeSet<String>>,
}

impl BundledLibraries {
    /// No libraries: a single executable.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The libraries at these paths, relative to the root of the wheel or payload and separated by `/`.
    pub fn at<'a>(members: impl IntoIterator<Item = &'a str>) -> Self {
        let mut directories: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for member in members {
            let (directory, name) = member.rsplit_once('/').unwrap_or(("", member));
            // Windows finds DLLs whatever the case; one spelling serves both.
            directories.entry(name.to_owned()).or_default().insert(directory.to_owned());
        }
        Self { directories }
    }

    /// Whether `library`, as `slice` at `member` spells it, lies here within reach of the loader.
    #[must_use]
    pub fn reach(&self, member: &str, slice: &Slice, library: &str) -> Reach {
        let here = member.rsplit_once('/').map_or("", |(directory, _)| directory);
        let windows = matches!(slice.details, super::Details::Pe(_));
        let name = library.rsplit('/').next().unwrap_or(library);
        let holders: BTreeSet<&str> = if windows {
            let same = self.directories.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
            same.flat_map(|(_, directories)| directories).map(String::as_str).collect()
        } else {
            self.directories.get(name).into_iter().flatten().map(String::as_str).collect()
        };
        if holders.is_empty() {
            return Reach::Absent;
        }
        let candidates: Vec<Option<String>> = if windows {
            vec![Some(here.to_owned())]
        } else if matches!(slice.details, super::Details::MachO(_)) {
            mach_o_directories(here, slice, library)
        } else {
            let searched = slice.run_paths.iter().filter(|path| path.kind != RunPathKind::LcRpath);
            searched.map(|path| below(here, &path.path, &["$ORIGIN", "${ORIGIN}"])).collect()
        };
        let reached = candidates.into_iter().flatten().any(|directory| holders.contains(directory.as_str()));
        if reached { Reach::InReach } else { Reach::OutOfReach }
    }
}

/// The directories that dyld may find `library` in, inside the wheel.
fn mach_o_directories(here: &str, slice: &Slice, library: &str) -> Vec<Option<String>> {
    const ORIGINS: [&str; 2] = ["@loader_path", "@executable_path"];
    let (directory, _) = library.rsplit_once('/').unwrap_or(("", library));
    match directory.strip_prefix("@rpath") {
        Some(rest) => {
            slice.run_paths.iter().map(|path| below(here, &format!("{}{rest}", path.path), &ORIGINS)).collect()
        }
        None => vec![below(here, directory, &ORIGINS)],
    }
}

/// A run path that begins at one of `origins`, as a directory of the wheel; `None` where it leads elsewhere.
fn below(here: &str, path: &str, origins: &[&str]) -> Option<String> {
    let rest = origins.iter().find_map(|origin| path.strip_prefix(origin))?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    crate::member_path::join(here, rest)
}

/// One target of a project, as far as tags are concerned: its tag, and further ones that the same wheel may carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagRow {
    /// The target's own tag first, then the `also` tags.
    pub tags: Vec<PlatformTag>,
}

/// Every binary of one payload or wheel, with the path of each relative to its root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    binaries: Vec<(String, Facts)>,
    bundled: BundledLibraries,
}

impl Inventory {
    /// The binaries given; those that are libraries serve the others.
    #[must_use]
    pub fn new(binaries: Vec<(String, Facts)>) -> Self {
        let libraries =
            binaries.iter().filter(|(_, facts)| facts.slices.iter().any(|slice| slice.kind == Kind::Library));
        let bundled = BundledLibraries::at(libraries.map(|(member, _)| member.as_str()));
        Self { binaries, bundled }
    }

    /// The binaries with their paths, in the order given.
    #[must_use]
    pub fn binaries(&self) -> &[(String, Facts)] {
        &self.binaries
    }

    /// The libraries among them.
    #[must_use]
    pub fn bundled(&self) -> &BundledLibraries {
        &self.bundled
    }

    /// Every objection to `tag`, with the path of the binary that it is about.
    #[must_use]
    pub fn objections(&self, tag: &PlatformTag) -> Vec<(&str, Objection)> {
        let each = self.binaries.iter().flat_map(|(member, facts)| {
            let found = objections(facts, tag, member, &self.bundled);
            found.into_iter().map(move |objection| (member.as_str(), objection))
        });
        each.collect()
    }

    /// Whether every binary keeps the promise of `tag`.
    #[must_use]
    pub fn honours(&self, tag: &PlatformTag) -> bool {
        !self.objections(tag).iter().any(|(_, objection)| objection.breaks_promise())
    }

    /// Every tag that all binaries honour together: of each family of tags the one with the lowest floor.
    #[must_use]
    pub fn honest_tags(&self) -> Vec<PlatformTag> {
        tags::honest_tags_of(self)
    }

    /// The tags that a wheel of these binaries should carry, where nobody named any.
    ///
    /// The row for the binaries' machine decides: its tags where honest, else the honest tags nearest to them. Where no
    /// row or more than one is for that machine (a universal macOS binary), every honest tag is chosen. `None` where no
    /// tag is honest.
    #[must_use]
    pub fn choose_tags(&self, rows: &[TagRow]) -> Option<PlatformTagSet> {
        let fits =
            |tag: &PlatformTag| self.objections(tag).iter().all(|(_, found)| found.weight() != Weight::WrongMachine);
        let mut matching = rows.iter().filter(|row| row.tags.first().is_some_and(fits));
        let honest = self.honest_tags();
        let (Some(row), None) = (matching.next(), matching.next()) else { return PlatformTagSet::new(honest) };
        let kept: Vec<_> = row.tags.iter().filter(|tag| self.honours(tag)).cloned().collect();
        if !kept.is_empty() {
            return PlatformTagSet::new(kept);
        }
        // Without an honest tag of the row, what differs in its floor alone is nearer than another family.
        let near = honest.iter().filter(|tag| row.tags.iter().any(|wanted| tags::same_family(wanted, tag)));
        PlatformTagSet::new(near.cloned()).or_else(|| PlatformTagSet::new(honest))
    }

    /// The format that all binaries share.
    #[must_use]
    pub fn format(&self) -> Option<Format> {
        let (_, first) = self.binaries.first()?;
        self.binaries.iter().all(|(_, facts)| facts.format == first.format).then_some(first.format)
    }
}
