//! What lies beside the program in its payloads and is shipped with it: the rows of `files`, and the licences that only
//! some of the payloads have.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::kind::{self, Kind};
use crate::console::text::named;
use crate::fs::read;
use crate::member_path::{file_name, parent};
use crate::payload::Surveyed;
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

/// What is shipped of payloads with these files; `program` is the name of the first executable.
pub(super) fn beside(payloads: &[&[Surveyed]], program: &str) -> Beside {
    // A payload that is its program alone needs nothing but the licences that the others have.
    let (trees, alone): (Vec<&[Surveyed]>, Vec<_>) = payloads.iter().copied().partition(|files| files.len() > 1);
    let (in_trees, in_others) = (paths(&trees), paths(&alone));
    let mut shipped: Vec<(&Surveyed, String)> = Vec::new();
    let (mut licences, mut left) = (Vec::new(), BTreeSet::new());
    let (mut places, mut doubled) = (BTreeSet::new(), BTreeSet::new());
    let mut seen = BTreeSet::new();
    for (index, file) in trees.iter().enumerate().flat_map(|(index, files)| files.iter().map(move |file| (index, file)))
    {
        let kind = kind::of(&file.path, program);
        let Some(to) = kind::destination(&kind).filter(|_| file.magic.format().is_none()) else { continue };
        if !seen.insert(file.path.clone()) && kind != Kind::Licence {
            continue;
        }
        let has_it = |paths: &HashSet<&str>| paths.contains(&*file.path);
        let is_everywhere = in_trees.iter().all(has_it) && (kind != Kind::Licence || in_others.iter().all(has_it));
        match (is_everywhere, kind) {
            (true, kind) if index == 0 => {
                let whole = if to.ends_with('/') { format!("{to}{}", file_name(&file.path)) } else { to.clone() };
                // Licences of one name are told apart by their directories.
                if kind == Kind::Licence || places.insert(whole.to_lowercase()) {
                    shipped.push((file, to));
                } else {
                    doubled.insert(file.path.to_string());
                }
            }
            (true, _) => {}
            (false, Kind::Licence) => licences.push(file),
            (false, _) => {
                left.insert(file.path.to_string());
            }
        }
    }
    let taken = shipped.iter().filter(|(_, to)| to == "licenses").map(|(file, _)| file_name(&file.path).to_lowercase());
    let taken = taken.collect();
    let mut beside = Beside { rules: rules(shipped, &doubled), ..Beside::default() };
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

/// The paths of each payload.
fn paths<'a>(payloads: &[&'a [Surveyed]]) -> Vec<HashSet<&'a str>> {
    payloads.iter().map(|files| files.iter().map(|file| &*file.path).collect()).collect()
}

impl Beside {
    /// Takes the licences into the template, each text once; `names` are those that a stage has already.
    fn take(&mut self, licences: &[&Surveyed], mut names: BTreeSet<String>) {
        let mut texts = BTreeSet::new();
        let mut refused = BTreeSet::new();
        for file in licences {
            let small = std::fs::metadata(&file.source).is_ok_and(|metadata| metadata.len() <= MAX_LICENCE);
            let text = if small { read(&file.source).ok() } else { None };
            let text = text.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !holds_placeholder(text));
            let Some(text) = text else {
                refused.insert(file.path.to_string());
                continue;
            };
            // Line ends differ between what upstreams pack for one system and another.
            if !texts.insert(text.replace("\r\n", "\n")) {
                continue;
            }
            let whole = file.path.strip_prefix("licenses/").unwrap_or(&file.path);
            let candidates = [file_name(&file.path).to_owned(), format!("licenses/{whole}")];
            match candidates.into_iter().find(|path| names.insert(path.to_lowercase())) {
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

/// The rows of `files` for what every payload has that can have it.
/// `doubled` are files that no row may take.
fn rules(shipped: Vec<(&Surveyed, String)>, doubled: &BTreeSet<String>) -> Vec<(String, String)> {
    let mut rules: Vec<(String, String)> = Vec::new();
    let mut by_directory: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for (file, to) in shipped {
        by_directory.entry((parent(&file.path).to_owned(), to)).or_default().push(file.path.to_string());
    }
    for ((directory, to), paths) in by_directory {
        let ending = |path: &str| path.rsplit_once('.').map(|(_, ending)| ending.to_owned());
        let one_ending = paths.iter().map(|path| ending(path)).collect::<BTreeSet<_>>();
        let takes_all = paths.len() > 5 && !doubled.iter().any(|path| parent(path) == directory);
        match (takes_all, one_ending.first()) {
            (true, Some(Some(ending))) if one_ending.len() == 1 && !directory.is_empty() && to.ends_with('/') => {
                rules.push((format!("{}/*.{}", globset::escape(&directory), globset::escape(ending)), to));
            }
            _ if to.ends_with('/') || to == "licenses" => {
                rules.extend(paths.iter().map(|path| (globset::escape(path), to.clone())))
            }
            _ => rules.extend(paths.iter().take(1).map(|path| (globset::escape(path), to.clone()))),
        }
    }
    // Two licences of one name are told apart by the directory that each lies in.
    let mut names = BTreeSet::new();
    for (from, to) in rules.iter_mut().filter(|(_, to)| to == "licenses") {
        let (directory, name) = from.rsplit_once('/').unwrap_or(("", from));
        if !names.insert(name.to_ascii_lowercase()) && !directory.is_empty() {
            *to = format!("licenses/{directory}/");
        }
    }
    rules
}
