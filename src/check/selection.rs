//! The choice of some rules by name or family.

use std::collections::BTreeSet;

use super::rule::Rule;
use super::rules::{Family, rules};
use crate::error::{Explain, nearest};
use crate::product::{ProductError, RuntimeProject};

/// The rule of that name, or every rule of the family of that name.
///
/// # Errors
/// When there is neither.
pub(crate) fn find_rules(name: &str) -> Result<Vec<&'static Rule>, SelectionError> {
    let found: Vec<_> = rules().filter(|rule| rule.name == name || rule.family().name() == name).collect();
    if found.is_empty() { Err(SelectionError::Unknown { name: name.to_owned() }) } else { Ok(found) }
}

/// The names of all rules.
pub(crate) fn rule_names() -> impl Iterator<Item = &'static str> {
    rules().map(|rule| rule.name)
}

/// Holds what a product accepts against the rules that there are.
///
/// # Errors
/// Where it accepts a finding of no rule: nothing would ever be accepted by that row.
pub(crate) fn check_accepted(runtime: &RuntimeProject) -> Result<(), ProductError> {
    let known: Vec<_> = rule_names().collect();
    runtime.accepted.iter().find_map(|row| row.unknown_among(&known)).map_or(Ok(()), Err)
}

/// The names of their families.
pub(crate) fn families() -> impl Iterator<Item = &'static str> {
    Family::all().map(Family::name)
}

/// A choice of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    names: BTreeSet<&'static str>,
}

/// A choice of rules that cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    #[error("there is no rule and no family of rules called `{name}`")]
    Unknown { name: String },
    /// Rules are to be selected, and none is named: a check by no rule would always pass.
    #[error("no rule is named")]
    Unnamed,
    #[error("no rule is left: every one that is selected is ignored")]
    Nothing,
}

impl Explain for SelectionError {
    fn hint(&self) -> Option<String> {
        let Self::Unknown { name: wrong } = self else {
            return Some("name rules or families of rules; `relkit rule` lists them".into());
        };
        let known = rules().map(|rule| rule.name).chain(Family::all().map(Family::name));
        // The first word of many rules' names, which reads like a family.
        let start = wrong.trim_end_matches('-').to_lowercase();
        let first_word = |rule: &Rule| rule.name.split('-').next().unwrap_or_default();
        let whole = rules().find(|rule| first_word(rule) == start);
        let mut alike =
            whole.or_else(|| rules().find(|rule| start.len() > 2 && first_word(rule).starts_with(&start))).into_iter();
        Some(match nearest(wrong, known) {
            _ if let Some(first) = alike.next() => format!(
                "did you mean the family `{}`, or one of its rules such as `{}`? `relkit rule` lists them all",
                first.family().name(),
                first.name
            ),
            Some(name) => format!("did you mean `{name}`? `relkit rule` lists them all"),
            None => "`relkit rule` lists the rules and their families".into(),
        })
    }
}

impl Selection {
    pub fn all() -> Self {
        Self { names: rules().map(|rule| rule.name).collect() }
    }

    /// The rules and families in `select` (all of them where it is empty), less those in `ignore`.
    ///
    /// # Errors
    /// When a name is neither a rule's nor a family's, or no rule is chosen.
    pub fn of(select: &[String], ignore: &[String]) -> Result<Self, SelectionError> {
        let named = |names: &[String]| -> Result<BTreeSet<&'static str>, SelectionError> {
            let mut chosen = BTreeSet::new();
            for name in names.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
                chosen.extend(find_rules(name)?.into_iter().map(|rule| rule.name));
            }
            Ok(chosen)
        };
        let selected = if select.is_empty() { Self::all().names } else { named(select)? };
        if selected.is_empty() {
            return Err(SelectionError::Unnamed);
        }
        let names: BTreeSet<_> = selected.difference(&named(ignore)?).copied().collect();
        if names.is_empty() { Err(SelectionError::Nothing) } else { Ok(Self { names }) }
    }

    /// Whether no rule is left that finds something without an expected release.
    pub(super) fn is_of_gate(&self) -> bool {
        rules().filter(|rule| self.has(rule)).all(|rule| rule.family().is_of_gate())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.names.iter().copied()
    }

    pub(super) fn has(&self, rule: &Rule) -> bool {
        self.names.contains(rule.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_chosen_by_name_and_family() {
        let of = |select: &[&str], ignore: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
            Selection::of(&owned(select), &owned(ignore)).map(|selection| selection.names.len())
        };
        let family = |family| rules().filter(|rule| rule.family() == family).count();
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
        for (word, meant) in [
            ("elf", "`elf-arch`"),
            ("RECORD", "`record-"),
            ("musl", "`musllinux-"),
            ("zipcrc", "did you mean `zip-crc`"),
            ("pie", "did you mean `elf-pie`"),
            ("binry", "did you mean `binary`"),
            ("nope", "`relkit rule` lists the rules"),
            ("foo", "`relkit rule` lists the rules"),
        ] {
            let hint = of(&[word], &[]).unwrap_err().hint().unwrap();
            assert!(hint.contains(meant), "{word}: {hint}");
        }
    }
}
