//! What is known of a document besides its blocks: names that are defined, names that are used, and blocks that are still to be
//! read. Whether a use has its definition is only known at the end.

use std::collections::{BTreeMap, BTreeSet};

use super::fault::Fault;
use super::lines::Line;
use super::roles::{self, OwnRoles};

/// How deep blocks may lie in one another; what lies deeper is not looked at.
const MAX_DEPTH: usize = 64;

/// What a name was defined as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// An address, or another name.
    Address(String),
    /// The place itself.
    Here,
    /// A link that names itself, which gives way to the two above.
    Weak,
    /// A title, which gives way to any other.
    Title,
    /// Two titles, which may not be referred to.
    Titles,
}

#[derive(Default)]
pub(super) struct Document<'a> {
    /// Blocks inside others: no section begins in one.
    pub(crate) nested: Vec<(Vec<Line<'a>>, usize)>,
    targets: BTreeMap<String, Target>,
    /// As they are written: two that differ in case are two.
    substitutions: BTreeSet<String>,
    pub(crate) roles: OwnRoles,
    /// From which line on text that names no role has which.
    default_roles: BTreeMap<usize, String>,
    uses: Vec<(usize, Use)>,
    /// Definitions and uses that have no name: links, numbered notes, notes by symbol.
    unnamed: [(usize, usize); 3],
    /// What stands in the place of substitutions: where, its name, and the substitutions in it.
    replacements: Vec<(usize, String, Vec<String>)>,
    /// Targets that are others: where, the name, and the other's.
    indirect: Vec<(usize, String, String)>,
    /// A sidebar came, in which other blocks may stand.
    pub(crate) has_sidebar: bool,
    /// Something of it is shown.
    pub(crate) is_shown: bool,
    /// The last line that begins something which classes can be of, and that of the last directive which gives one to what
    /// follows.
    last_element: usize,
    last_class: usize,
    /// Something was passed over that may define or use names.
    pub(crate) is_partial: bool,
}

enum Use {
    Target(String),
    Substitution(String),
}

/// A definition or use without a name.
#[derive(Clone, Copy)]
pub(super) enum Unnamed {
    Link,
    Number,
    Symbol,
}

impl<'a> Document<'a> {
    pub(super) fn nest(&mut self, lines: Vec<Line<'a>>, depth: usize) {
        if depth < MAX_DEPTH {
            self.nested.push((lines, depth + 1));
        } else {
            self.is_partial = true;
        }
    }

    /// Something that is no part of the machinery begins on this line.
    pub(super) fn element(&mut self, line: usize) {
        self.last_element = self.last_element.max(line);
    }

    /// What follows this line gets a class.
    pub(super) fn class(&mut self, line: usize) {
        self.last_class = self.last_class.max(line);
    }

    pub(super) fn default_role(&mut self, line: usize, role: &str) {
        self.default_roles.insert(line, role.to_lowercase());
    }

    /// The role of text on this line that names none, where an index refuses it.
    pub(super) fn refused_default(&self, line: usize) -> Option<&str> {
        let (_, role) = self.default_roles.range(..=line).next_back()?;
        roles::is_raw(role, &self.roles).then_some(role.as_str())
    }

    pub(super) fn define(&mut self, line: usize, name: &str, target: Target) -> Result<(), Fault> {
        let name = normal(name);
        match self.targets.get(&name) {
            Some(Target::Title | Target::Titles) if target == Target::Title => {
                self.targets.insert(name, Target::Titles);
            }
            Some(Target::Weak) if target == Target::Title => {}
            Some(Target::Weak | Target::Title | Target::Titles) | None => {
                self.targets.insert(name, target);
            }
            Some(_) if matches!(target, Target::Weak | Target::Title) => {}
            Some(Target::Address(one)) if matches!(&target, Target::Address(other) if other == one) => {}
            Some(_) => return Err(Fault::new(line, format!("the target `{name}` is defined twice"))),
        }
        Ok(())
    }

    pub(super) fn substitute(&mut self, line: usize, name: &str) -> Result<(), Fault> {
        match self.substitutions.insert(spaced(name)) {
            true => Ok(()),
            false => Err(Fault::new(line, format!("the substitution `{}` is defined twice", name.trim()))),
        }
    }

    /// The substitutions that are used by what `read` reads.
    pub(super) fn uses_from(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), Fault>,
    ) -> Result<Vec<String>, Fault> {
        let before = self.uses.len();
        read(self)?;
        let used = self.uses[before..].iter().filter_map(|(_, used)| match used {
            Use::Substitution(name) => Some(name.clone()),
            Use::Target(_) => None,
        });
        Ok(used.collect())
    }

    pub(super) fn replaced(&mut self, line: usize, name: &str, used: Vec<String>) {
        self.replacements.push((line, normal(name), used));
    }

    /// Defines a target as another one.
    pub(super) fn is_another(&mut self, line: usize, name: &str, other: &str) {
        self.indirect.push((line, normal(name), normal(other)));
    }

    pub(super) fn refer(&mut self, line: usize, name: &str) {
        self.uses.push((line, Use::Target(normal(name))));
    }

    pub(super) fn refer_substitution(&mut self, line: usize, name: &str) {
        self.uses.push((line, Use::Substitution(normal(name))));
    }

    pub(super) fn define_unnamed(&mut self, kind: Unnamed) {
        self.unnamed[kind as usize].0 += 1;
    }

    pub(super) fn refer_unnamed(&mut self, kind: Unnamed) {
        self.unnamed[kind as usize].1 += 1;
    }

    /// Holds uses against definitions, when all of both are known.
    pub(super) fn resolve(&self, last: usize) -> Result<(), Fault> {
        if !self.is_shown {
            return Err(Fault::new(1, "nothing of it is shown".to_owned()));
        }
        if self.last_class > self.last_element {
            return Err(Fault::new(self.last_class, "nothing follows the directive `class`".to_owned()));
        }
        let replacements = self.replacements.iter().map(|(line, name, used)| (*line, name, used.as_slice()));
        if let Some((line, name)) = circle(replacements) {
            return Err(Fault::new(line, format!("the substitution `{name}` is made of itself")));
        }
        let indirect = self.indirect.iter().map(|(line, name, other)| (*line, name, std::slice::from_ref(other)));
        if let Some((line, name)) = circle(indirect) {
            return Err(Fault::new(line, format!("the target `{name}` is itself in the end")));
        }
        if self.is_partial {
            return Ok(());
        }
        let folded_substitutions: BTreeSet<_> = self.substitutions.iter().map(|name| name.to_lowercase()).collect();
        let [links, numbers, symbols] = self.unnamed;
        // As many of those with names as there may be.
        let notes = self.targets.len();
        for (line, used) in &self.uses {
            match used {
                // Notes that number themselves are called by their numbers too.
                Use::Target(name)
                    if numbers.0 > 0 && name.parse::<usize>().is_ok_and(|number| number <= numbers.0 + notes) => {}
                Use::Target(name) if !self.targets.contains_key(name) => {
                    return Err(Fault::new(*line, format!("there is no target `{name}`")));
                }
                Use::Target(name) if self.targets.get(name) == Some(&Target::Titles) => {
                    return Err(Fault::new(*line, format!("`{name}` is the name of several titles")));
                }
                // A use may be in another case.
                Use::Substitution(name) if !folded_substitutions.contains(name) => {
                    return Err(Fault::new(*line, format!("there is no substitution `{name}`")));
                }
                _ => {}
            }
        }
        if links.0 != links.1 {
            let why = format!("{} anonymous references have {} targets", links.1, links.0);
            return Err(Fault::new(last, why));
        }
        for (what, (defined, used)) in [("numbered", numbers), ("symbol", symbols)] {
            if used > defined {
                return Err(Fault::new(
                    last,
                    format!("{used} references to {what} footnotes have {defined} footnotes"),
                ));
            }
        }
        Ok(())
    }
}

/// A name that leads back to itself by what it is made of.
fn circle<'a>(rows: impl Iterator<Item = (usize, &'a String, &'a [String])> + Clone) -> Option<(usize, &'a String)> {
    let made_of: BTreeMap<&str, &[String]> = rows.clone().map(|(_, name, used)| (name.as_str(), used)).collect();
    // Names that lead to no circle are gone through once.
    let mut harmless = BTreeSet::new();
    for (line, name, _) in rows {
        let (mut open, mut path) = (vec![(name.as_str(), false)], BTreeSet::new());
        while let Some((at, is_left)) = open.pop() {
            if is_left {
                path.remove(at);
                harmless.insert(at);
            } else if path.contains(at) {
                return Some((line, name));
            } else if !harmless.contains(at) {
                path.insert(at);
                open.push((at, true));
                open.extend(made_of.get(at).into_iter().copied().flatten().map(|next| (next.as_str(), false)));
            }
        }
    }
    None
}

/// A name without escapes, case and more than one space in a row.
fn normal(name: &str) -> String {
    spaced(name).to_lowercase()
}

fn spaced(name: &str) -> String {
    let plain = name.replace("\0 ", "").replace("\0\n", "").replace('\0', "");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}
