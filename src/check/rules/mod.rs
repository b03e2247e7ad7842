//! The rules by family, and the families in the order in which their findings are best fixed: what comes later can only be
//! believed once what comes before holds.

pub(crate) mod abi;
pub(crate) mod archive;
pub(crate) mod binary;
pub(crate) mod commands;
pub(crate) mod contents;
pub(crate) mod dist_info;
pub(crate) mod extensions;
pub(crate) mod fields;
pub(crate) mod index;
pub(crate) mod linking;
pub(crate) mod links;
pub(crate) mod metadata;
mod modules;
pub(crate) mod named;
pub(crate) mod names;
pub(crate) mod paths;
pub(crate) mod payload;
pub(crate) mod pe_imports;
pub(crate) mod published;
pub(crate) mod receipt;
pub(crate) mod record;
pub(crate) mod release;
pub(crate) mod sbom;
pub(crate) mod sdist;
mod sdk_pin;
pub(crate) mod set;
pub(crate) mod wheel_file;

use std::fmt;

use super::rule::Rule;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    Archive,
    Sdist,
    Names,
    Metadata,
    Record,
    Contents,
    Binary,
    Set,
    Release,
    Receipt,
    Index,
}

/// A family, the name that selects it, what its rules are about, and the rules.
type Row = (Family, &'static str, &'static str, &'static [&'static [&'static Rule]]);

static FAMILIES: [Row; 11] = [
    (
        Family::Archive,
        "archive",
        "The zip archive of a wheel: framing that every reader understands alike, and safe entries.",
        &[archive::RULES, paths::RULES],
    ),
    (Family::Sdist, "sdist", "The tar archive of a source distribution.", &[sdist::RULES]),
    (Family::Names, "names", "File names and tags.", &[names::RULES, wheel_file::RULES]),
    (
        Family::Metadata,
        "metadata",
        "The dist-info directory: METADATA, WHEEL, entry points, SBOMs, licences.",
        &[dist_info::RULES, commands::RULES, sbom::RULES, metadata::RULES, fields::RULES, links::RULES],
    ),
    (Family::Record, "record", "RECORD, and every file against its row.", &[record::RULES]),
    (Family::Contents, "contents", "What a wheel carries besides its metadata.", &[contents::RULES, payload::RULES]),
    (
        Family::Binary,
        "binary",
        "Every executable and library against the platform tags of its wheel.",
        &[binary::RULES, pe_imports::RULES, linking::RULES, extensions::RULES, modules::RULES, abi::RULES],
    ),
    (
        Family::Set,
        "set",
        "The files of one release against each other; `relkit verify` also holds them against the release that is expected.",
        &[set::RULES],
    ),
    (
        Family::Release,
        "release",
        "A release against what it is expected to be. Only `relkit verify` and `relkit publish` know that.",
        &[release::RULES, published::RULES],
    ),
    (
        Family::Receipt,
        "receipt",
        "The smoke receipts of a release's wheels, where `relkit verify --receipts` asks for them.",
        &[receipt::RULES],
    ),
    (
        Family::Index,
        "index",
        "A published release at its index, where `relkit check NAME==VERSION` asks it.",
        &[index::RULES],
    ),
];

impl Family {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        FAMILIES.iter().map(|row| row.0)
    }

    fn row(self) -> &'static Row {
        &FAMILIES[self as usize]
    }

    /// The family of the rule of that name.
    pub(crate) fn of(rule: &str) -> Option<Self> {
        Self::all().find(|family| family.rules().any(|other| other.name == rule))
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    pub(crate) fn about(self) -> &'static str {
        self.row().2
    }

    /// Whether its rules find something only where a release is expected, which the gate alone knows, or where an index is
    /// asked.
    pub(crate) fn is_of_gate(self) -> bool {
        matches!(self, Self::Release | Self::Receipt | Self::Index)
    }

    pub(crate) fn rules(self) -> impl Iterator<Item = &'static Rule> {
        self.row().3.iter().copied().flatten().copied()
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Every rule, by family.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    Family::all().flat_map(Family::rules)
}

impl Rule {
    pub fn family(&self) -> Family {
        // invariant: a rule is only ever met in the list of a family.
        Family::of(self.name).unwrap_or(Family::Set)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_is_named_once_and_documented() {
        let mut names = BTreeSet::new();
        for rule in rules() {
            assert!(names.insert(rule.name), "{} stands twice", rule.name);
            let words = rule.name.split('-').all(|word| {
                !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
            });
            assert!(words, "{}", rule.name);
            assert!(Family::all().all(|family| family.name() != rule.name), "{}", rule.name);
            for text in [rule.documentation.what, rule.documentation.why, rule.documentation.fix] {
                assert!(text.len() >= 14, "{}: {text}", rule.name);
                assert!(text.starts_with(|first: char| first.is_uppercase() || first == '`'), "{}: {text}", rule.name);
            }
            assert!(!rule.documentation.fix.ends_with('.'), "{}", rule.name);
            assert!(rule.documentation.what.ends_with('.') && rule.documentation.why.ends_with('.'), "{}", rule.name);
        }
        assert!(FAMILIES.iter().enumerate().all(|(place, row)| row.0 as usize == place));
    }
}
