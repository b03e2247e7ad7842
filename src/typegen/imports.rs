//! What a generated module imports: collected while its classes are written, laid out as isort does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::python::{exploded, fits};

/// What the text of every module shares.
#[derive(Clone, Copy)]
pub(super) struct Preamble<'a> {
    /// The import package of the SDK.
    pub(super) module: &'a str,
    /// The last paragraph of every module's docstring.
    pub(super) header: &'a str,
}

/// Class name to the module that it lives in.
pub(super) type Homes<'a> = BTreeMap<&'a str, &'static str>;

/// What the classes of a module used.
#[derive(Default)]
pub(super) struct Uses {
    pub(super) names: BTreeSet<String>,
    pub(super) base: BTreeSet<&'static str>,
    pub(super) typing: BTreeSet<&'static str>,
    pub(super) pydantic: BTreeSet<&'static str>,
    /// Classes whose annotations hold the name of a class that stands further down.
    pub(super) quoted: BTreeSet<String>,
}

impl Uses {
    /// The import lines of the module called `own`.
    pub(super) fn lines(&self, own: &str, homes: &Homes<'_>, preamble: &Preamble<'_>) -> String {
        let mut text = String::new();
        for (lead, names) in [("from typing import ", &self.typing), ("from pydantic import ", &self.pydantic)] {
            if !names.is_empty() {
                let _ = writeln!(text, "{}", import_lines(0, lead, names.iter().copied()));
            }
        }
        let mut siblings: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for name in &self.names {
            if let Some(home) = homes.get(name.as_str()).filter(|home| **home != own) {
                siblings.entry(home).or_default().insert(name);
            }
        }
        if !self.base.is_empty() {
            let lead = format!("from {}._base import ", preamble.module);
            text.push_str(&import_lines(0, &lead, self.base.iter().copied()));
            text.push_str(if siblings.is_empty() { "" } else { "\n" });
        }
        for (home, names) in siblings {
            text.push_str(&import_lines(0, &format!("from .{home} import "), names.into_iter()));
        }
        text
    }
}

/// `from X import a, b`, in brackets with one name a line where it is too long.
pub(super) fn import_lines<'a>(indent: usize, lead: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names = sorted_imports(names);
    let flat = format!("{}{lead}{}", " ".repeat(indent), names.join(", "));
    if fits(&flat) { flat + "\n" } else { exploded(indent, lead, ['(', ')'], &names, "") }
}

/// Names in the order of isort: constants, classes, functions; each by letter, in natural order, whatever the case.
pub(super) fn sorted_imports<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut names: Vec<&str> = names.collect();
    names.sort_by_cached_key(|name| {
        let constant = name.len() > 1 && !name.contains(|letter: char| letter.is_ascii_lowercase());
        let class = name.starts_with(|first: char| first.is_ascii_uppercase());
        let kind = match (constant, class) {
            (true, _) => 0,
            (false, true) => 1,
            (false, false) => 2,
        };
        (kind, natural(&name.to_lowercase()), (*name).to_owned())
    });
    names.into_iter().map(ToOwned::to_owned).collect()
}

/// A name as letters and numbers, so that `V10` comes after `V9`.
fn natural(name: &str) -> Vec<(u8, u64, char)> {
    let mut parts = Vec::new();
    let mut number: Option<u64> = None;
    for letter in name.chars() {
        if let Some(digit) = letter.to_digit(10) {
            number = Some(number.unwrap_or(0).saturating_mul(10).saturating_add(u64::from(digit)));
        } else {
            parts.extend(number.take().map(|number| (0, number, ' ')));
            parts.push((1, 0, letter));
        }
    }
    parts.extend(number.map(|number| (0, number, ' ')));
    parts
}
