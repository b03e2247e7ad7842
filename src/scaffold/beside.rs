//! What lies beside the program in its payloads and is shipped with it: the rows of `files`, and the licences that only
//! some of the payloads have.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::kind::{self, AccompanyingFile};
use crate::console::text::named;
use crate::digest::Sha256Digest;
use crate::fs::read;
use crate::member_path::{Node, Paths, file_name, parent};
use crate::payload::Surveyed;
use crate::product::LICENCES;
use crate::stage::holds_placeholder;

/// A licence that is longer is none that a template takes, in bytes.
const MAX_LICENCE: u64 = 1 << 20;
/// How many licences a template takes.
const MAX_LICENCES: usize = 100;

/// What is shipped beside the program.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// `from` and `to` of every row of `files`.
    pub rules: Vec<(String, String)>,
    /// Path in the template and text of licences that a payload lacks: every wheel has the same ones (PEP 639 lists them in
    /// METADATA, which one release has once).
    pub licences: Vec<(String, String)>,
    pub notes: Vec<String>,
}

/// What is shipped of payloads with these files; the first of the executables is the program.
pub(super) fn beside(payloads: &[&[Surveyed]], executables: &[String]) -> Beside {
    // A payload that is its program alone needs nothing but the licences that the others have.
    let (trees, alone): (Vec<&[Surveyed]>, Vec<_>) = payloads.iter().copied().partition(|files| files.len() > 1);
    let (in_trees, in_others) = (paths(&trees), paths(&alone));
    let mut shipped: Vec<(&Surveyed, String)> = Vec::new();
    let (mut shared, mut licences, mut left) = (Vec::new(), Vec::new(), BTreeSet::new());
    let (mut places, mut doubled) = (Paths::default(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for (index, file) in trees.iter().enumerate().flat_map(|(index, files)| files.iter().map(move |file| (index, file)))
    {
        let kind = kind::of(&file.path, executables);
        let Some(to) = kind::destination(&kind).filter(|_| file.magic.format().is_none()) else { continue };
        if !seen.insert(file.path.clone()) && kind != AccompanyingFile::Licence {
            continue;
        }
        let has_it = |paths: &HashSet<&str>| paths.contains(&*file.path);
        let is_everywhere =
            in_trees.iter().all(has_it) && (kind != AccompanyingFile::Licence || in_others.iter().all(has_it));
        match (is_everywhere, kind) {
            (true, AccompanyingFile::Licence) if index == 0 => shared.push(file),
            (true, _) if index == 0 => {
                let whole = if to.ends_with('/') { format!("{to}{}", file_name(&file.path)) } else { to.clone() };
                if places.take(&whole, Node::File).is_empty() {
                    shipped.push((file, to));
                } else {
                    doubled.insert(file.path.to_string());
                }
            }
            (true, _) => {}
            (false, AccompanyingFile::Licence) => licences.push(file),
            (false, _) => {
                left.insert(file.path.to_string());
            }
        }
    }
    let mut taken = Paths::default();
    let without_row: BTreeSet<_> = doubled.iter().chain(&left).map(String::as_str).collect();
    let mut beside = Beside { rules: rules(shipped, &without_row), ..Beside::default() };
    beside.share(shared, &trees, &mut taken);
    beside.take(&licences, taken);
    if !doubled.is_empty() {
        let doubled = named(doubled.iter().map(String::as_str));
        beside.notes.push(format!("another file goes where {doubled} would: only that one is shipped"));
    }
    if !left.is_empty() {
        let left = named(left.iter().map(String::as_str));
        beside.notes.push(format!("not every payload has {left}: no row of `files` ships what one of them lacks"));
    }
    beside
}

/// The bytes of a licence that a template could take.
fn text(file: &Surveyed) -> Option<Vec<u8>> {
    let is_small = std::fs::metadata(&file.source).is_ok_and(|metadata| metadata.len() <= MAX_LICENCE);
    if is_small { read(&file.source).ok() } else { None }
}

/// The paths of each payload.
fn paths<'a>(payloads: &[&'a [Surveyed]]) -> Vec<HashSet<&'a str>> {
    payloads.iter().map(|files| files.iter().map(|file| &*file.path).collect()).collect()
}

impl Beside {
    /// Writes a row for each licence that every payload has, each text once and each at a path of its own.
    fn share<'a>(&mut self, mut licences: Vec<&Surveyed>, trees: &[&'a [Surveyed]], taken: &mut Paths) {
        licences.sort_by_key(|file| (parent(&file.path).to_owned(), file.path.clone()));
        let by_path = |files: &&'a [Surveyed]| files.iter().map(|file| (&*file.path, file)).collect();
        let trees: Vec<HashMap<&str, &Surveyed>> = trees.iter().map(by_path).collect();
        let digest = |file: &&Surveyed| text(file).map(|text| Sha256Digest::of(&text));
        let (mut refused, mut kept) = (BTreeSet::new(), HashSet::new());
        for file in licences {
            // What every payload has there; of one that is not read nobody knows whether it is another's.
            let texts = trees.iter().map(|files| files.get(&*file.path).and_then(digest));
            let texts: Option<Vec<_>> = texts.collect();
            if texts.as_ref().is_some_and(|texts| kept.contains(texts)) {
                continue;
            }
            let name = file_name(&file.path);
            let candidates = [name, file.path.strip_prefix("licenses/").unwrap_or(&file.path), &file.path];
            let numbered = (2..=MAX_LICENCES).map(|number| format!("{number}-{name}"));
            let mut candidates = candidates.into_iter().map(str::to_owned).chain(numbered);
            let Some(path) = candidates.find(|path| taken.take(path, Node::File).is_empty()) else {
                refused.insert(file.path.to_string());
                continue;
            };
            let from = globset::escape(&file.path);
            let to = match parent(&path) {
                // A pattern keeps the directories that it does not write out.
                _ if from != *file.path || file_name(&path) != name => format!("{LICENCES}/{path}"),
                "" => LICENCES.to_owned(),
                directory => format!("{LICENCES}/{directory}/"),
            };
            self.rules.push((from, to));
            kept.extend(texts);
        }
        if !refused.is_empty() {
            let refused = named(refused.iter().map(String::as_str));
            self.notes.push(format!("too many licences have one name, and no row ships {refused}"));
        }
    }

    /// Takes the licences into the template, each text once; `taken` are the paths that rows give to licences.
    fn take(&mut self, licences: &[&Surveyed], mut taken: Paths) {
        let mut texts = BTreeSet::new();
        let mut refused = BTreeSet::new();
        for file in licences {
            let text =
                text(file).and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !holds_placeholder(text));
            let Some(text) = text else {
                refused.insert(file.path.to_string());
                continue;
            };
            // Line ends differ between what upstreams pack for one system and another.
            if !texts.insert(text.replace("\r\n", "\n")) {
                continue;
            }
            let whole = file.path.strip_prefix("licenses/").unwrap_or(&file.path);
            // The template has a README.md of its own.
            let name = Some(file_name(&file.path)).filter(|name| kind::of(name, &[]) == AccompanyingFile::Licence);
            let mut candidates = name.map(str::to_owned).into_iter().chain([format!("licenses/{whole}")]);
            match candidates.find(|path| taken.take(path, Node::File).is_empty()) {
                Some(path) if self.licences.len() < MAX_LICENCES => self.licences.push((path, text)),
                _ => drop(refused.insert(file.path.to_string())),
            }
        }
        if !self.licences.is_empty() {
            let names = named(self.licences.iter().map(|(path, _)| path.as_str()));
            self.notes.push(format!(
                "not every payload has a licence file: {names} went into runtime-template/, so that every wheel has it; \
                 keep it up to date"
            ));
        }
        if !refused.is_empty() {
            let refused = named(refused.iter().map(String::as_str));
            self.notes.push(format!("not every payload has {refused}: put the licence into runtime-template/ by hand"));
        }
    }
}

/// The rows of `files` for what every payload has that can have it, but for licences; some files no row may take.
fn rules(shipped: Vec<(&Surveyed, String)>, without_row: &BTreeSet<&str>) -> Vec<(String, String)> {
    let mut rules: Vec<(String, String)> = Vec::new();
    let mut by_directory: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (file, to) in shipped {
        by_directory.entry((parent(&file.path).to_owned(), to)).or_default().push(file.path.to_string());
    }
    for ((directory, to), paths) in by_directory {
        let ending = |path: &str| path.rsplit_once('.').map(|(_, ending)| ending.to_owned());
        let one_ending = paths.iter().map(|path| ending(path)).collect::<BTreeSet<_>>();
        // A pattern keeps the directories that it does not write out.
        let is_plain = globset::escape(&directory) == directory;
        let takes_all = paths.len() > 5 && is_plain && !without_row.iter().any(|path| parent(path) == directory);
        match (takes_all, one_ending.first()) {
            (true, Some(Some(ending))) if one_ending.len() == 1 && !directory.is_empty() && to.ends_with('/') => {
                rules.push((format!("{directory}/*.{}", globset::escape(ending)), to));
            }
            _ if to.ends_with('/') => rules.extend(paths.iter().map(|path| {
                let to = if is_plain { to.clone() } else { format!("{to}{}", file_name(path)) };
                (globset::escape(path), to)
            })),
            _ => rules.extend(paths.iter().take(1).map(|path| (globset::escape(path), to.clone()))),
        }
    }
    rules
}
