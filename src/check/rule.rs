//! What a rule is, the list of all rules, and the choice of some of them by name or family.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::finding::Findings;
use super::rules::{archive, binary, contents, dist_info, metadata, names, receipt, record, release, sdist, set};
use super::subject::release::Set;
use super::subject::sdist::SdistSubject;
use super::subject::wheel::WheelSubject;
use crate::error::{Exit, Explain};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The distribution must not be published like this.
    Error,
    /// Worth a look; nothing breaks for certain.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// A family of rules, in the order in which their findings are best fixed: what comes later can only be believed once
/// what comes before holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// The zip archive of a wheel.
    Archive,
    /// The tar archive of a source distribution.
    Sdist,
    /// File names and tags.
    Names,
    /// The dist-info directory: METADATA, WHEEL, entry points.
    Metadata,
    /// RECORD.
    Record,
    /// What is in the wheel.
    Contents,
    /// Executables and libraries against the tags.
    Binary,
    /// The files of a release against each other.
    Set,
    /// A release against what it is expected to be.
    Release,
    /// The smoke receipts of a release.
    Receipt,
}

impl Family {
    /// Every family, in order.
    pub const ALL: [Self; 10] = [
        Self::Archive,
        Self::Sdist,
        Self::Names,
        Self::Metadata,
        Self::Record,
        Self::Contents,
        Self::Binary,
        Self::Set,
        Self::Release,
        Self::Receipt,
    ];

    /// The name that selects it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Sdist => "sdist",
            Self::Names => "names",
            Self::Metadata => "metadata",
            Self::Record => "record",
            Self::Contents => "contents",
            Self::Binary => "binary",
            Self::Set => "set",
            Self::Release => "release",
            Self::Receipt => "receipt",
        }
    }

    /// What its rules are about, in one sentence.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::Archive => {
                "The zip archive of a wheel: framing that every reader understands alike, and safe entries."
            }
            Self::Sdist => "The tar archive of a source distribution.",
            Self::Names => "File names and tags.",
            Self::Metadata => "The dist-info directory: METADATA, WHEEL, entry points, licences.",
            Self::Record => "RECORD, and every file against its row.",
            Self::Contents => "What a wheel carries besides its metadata.",
            Self::Binary => "Every executable and library against the platform tags of its wheel.",
            Self::Set => {
                "The files of one release against each other; `relkit verify` also holds them against the release that is expected."
            }
            Self::Release => {
                "A release against what it is expected to be. Only `relkit verify` and `relkit publish` know that."
            }
            Self::Receipt => {
                "The smoke receipts of a release's wheels, where `relkit verify --receipts` asks for them."
            }
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A rule's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Documentation {
    /// What it looks for.
    pub what: &'static str,
    /// Why that is bad.
    pub why: &'static str,
    /// What to do about it; shown with every finding.
    pub fix: &'static str,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub(super) enum Check {
    Wheel(fn(&WheelSubject, &mut Findings)),
    Sdist(fn(&SdistSubject, &mut Findings)),
    Both(fn(&WheelSubject, &mut Findings), fn(&SdistSubject, &mut Findings)),
    Set(fn(&Set<'_>, &mut Findings)),
}

impl fmt::Debug for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Wheel(_) => "Wheel",
            Self::Sdist(_) => "Sdist",
            Self::Both(..) => "Both",
            Self::Set(_) => "Set",
        })
    }
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    /// Short words joined by hyphens.
    pub name: &'static str,
    /// The family that it belongs to.
    pub family: Family,
    /// The severity of its findings, where it does not say otherwise of one.
    pub severity: Severity,
    /// Its page.
    pub documentation: Documentation,
    pub(super) check: Check,
}

impl Rule {
    pub(super) fn check_wheel(&self, subject: &WheelSubject, found: &mut Findings) {
        if let Check::Wheel(check) | Check::Both(check, _) = self.check {
            check(subject, found);
        }
    }

    pub(super) fn check_sdist(&self, subject: &SdistSubject, found: &mut Findings) {
        if let Check::Sdist(check) | Check::Both(_, check) = self.check {
            check(subject, found);
        }
    }

    pub(super) fn check_set(&self, set: &Set<'_>, found: &mut Findings) {
        if let Check::Set(check) = self.check {
            check(set, found);
        }
    }
}

/// Every rule, by family.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [
        archive::RULES,
        sdist::RULES,
        names::RULES,
        dist_info::RULES,
        metadata::RULES,
        record::RULES,
        contents::RULES,
        binary::RULES,
    ]
    .into_iter()
    .flatten()
    .chain([set::RULES, release::RULES, receipt::RULES].into_iter().flatten().copied())
}

/// The rule of that name, or every rule of the family of that name.
///
/// # Errors
/// When there is neither.
pub fn find_rules(name: &str) -> Result<Vec<&'static Rule>, SelectionError> {
    let found: Vec<_> = rules().filter(|rule| rule.name == name || rule.family.name() == name).collect();
    if found.is_empty() { Err(SelectionError::Unknown { name: name.to_owned() }) } else { Ok(found) }
}

/// A choice of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    names: BTreeSet<&'static str>,
}

/// A choice of rules that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// A name that is neither a rule's nor a family's.
    #[error("there is no rule and no family of rules called `{name}`")]
    Unknown {
        /// The name.
        name: String,
    },
    /// Rules are to be selected, and none is named: a check by no rule would always pass.
    #[error("no rule is named")]
    Unnamed,
    /// Every rule that is selected is ignored as well.
    #[error("no rule is left: every one that is selected is ignored")]
    Nothing,
}

impl Explain for SelectionError {
    fn hint(&self) -> Option<String> {
        let Self::Unknown { name: wrong } = self else {
            return Some("name rules or families of rules; `relkit rule` lists them".into());
        };
        let known = rules().map(|rule| rule.name).chain(Family::ALL.into_iter().map(Family::name));
        let nearest = known.map(|name| (distance(name, wrong), name)).min();
        match nearest {
            Some((distance, name)) if distance <= 3 => {
                Some(format!("did you mean `{name}`? `relkit rule` lists them all"))
            }
            _ => Some("`relkit rule` lists the rules and their families".into()),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

impl Selection {
    /// Every rule.
    #[must_use]
    pub fn all() -> Self {
        Self { names: rules().map(|rule| rule.name).collect() }
    }

    /// The rules and families in `select` (all of them where it is empty), less those in `ignore`.
    ///
    /// # Errors
    /// When a name is neither a rule's nor a family's, or no rule is chosen.
    pub fn of(select: &[String], ignore: &[String]) -> Result<Self, SelectionError> {
        let mut chosen = if select.is_empty() { Self::all() } else { Self { names: BTreeSet::new() } };
        for name in select.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            chosen.names.extend(find_rules(name)?.into_iter().map(|rule| rule.name));
        }
        if chosen.names.is_empty() {
            return Err(SelectionError::Unnamed);
        }
        for name in ignore.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            for rule in find_rules(name)? {
                chosen.names.remove(rule.name);
            }
        }
        if chosen.names.is_empty() { Err(SelectionError::Nothing) } else { Ok(chosen) }
    }

    /// Whether a rule is chosen.
    #[must_use]
    pub fn has(&self, rule: &Rule) -> bool {
        self.names.contains(rule.name)
    }
}

/// How many letters differ (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut corner = line;
        row[0] = line + 1;
        for (column, against) in other.iter().enumerate() {
            let replaced = corner + usize::from(letter != *against);
            corner = row[column + 1];
            row[column + 1] = replaced.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
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
            assert!(Family::ALL.iter().all(|family| family.name() != rule.name), "{}", rule.name);
            for text in [rule.documentation.what, rule.documentation.why, rule.documentation.fix] {
                assert!(text.len() >= 14, "{}: {text}", rule.name);
                assert!(text.starts_with(|first: char| first.is_uppercase() || first == '`'), "{}: {text}", rule.name);
            }
            assert!(!rule.documentation.fix.ends_with('.'), "{}", rule.name);
            assert!(rule.documentation.what.ends_with('.') && rule.documentation.why.ends_with('.'), "{}", rule.name);
        }
    }

    #[test]
    fn rules_are_chosen_by_name_and_family() {
        let of = |select: &[&str], ignore: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            Selection::of(&owned(select), &owned(ignore)).map(|selection| selection.names.len())
        };
        let family = |family| rules().filter(|rule| rule.family == family).count();
        assert_eq!(of(&[], &[]).unwrap(), rules().count());
        assert_eq!(of(&["archive"], &[]).unwrap(), family(Family::Archive));
        assert_eq!(of(&["archive", "macho-minos"], &["zip-date"]).unwrap(), family(Family::Archive));
        for nothing in [&[""][..], &[" "], &["", ""]] {
            assert_eq!(of(nothing, &[]), Err(SelectionError::Unnamed));
            assert_eq!(of(&[], nothing).unwrap(), rules().count());
        }
        assert_eq!(of(&["archive"], &["archive"]), Err(SelectionError::Nothing));
        let error = of(&["macho-minor"], &[]).unwrap_err();
        assert!(error.hint().unwrap().contains("`macho-minos`"));
    }
}
