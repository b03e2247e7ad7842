//! What a project requires (PEP 508), and what its extras add.

use std::collections::{BTreeMap, BTreeSet};

use super::table::{TableError, value};
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::{Requirement, RequirementSource};

pub(super) fn requirement(key: &str, text: &str) -> Result<Requirement, TableError> {
    let found: Requirement = text.parse().map_err(|error| value(key, error))?;
    if matches!(found.source, RequirementSource::Url(_)) {
        return Err(value(key, format!("`{text}` names an address, which package indexes refuse")));
    }
    Ok(found)
}

/// What an extra adds.
pub(super) struct Extra {
    /// The key that it stands at.
    pub(crate) key: String,
    pub(crate) name: DistributionName,
    pub(crate) requirements: Vec<Requirement>,
    /// Extras of the same project that it asks for, by their normal names.
    asked: BTreeSet<String>,
}

/// The extras of the project `own`. One that asks for others, as `own[fast]`, has what they add: some installers do not look
/// a project up while they install it.
pub(super) fn extras(own: &DistributionName, table: &BTreeMap<String, Vec<String>>) -> Result<Vec<Extra>, TableError> {
    let mut extras: BTreeMap<String, Extra> = BTreeMap::new();
    for (text, dependencies) in table {
        let key = format!("optional-dependencies.{text}");
        let name: DistributionName = text.parse().map_err(|error| value(&key, error))?;
        let (mut requirements, mut asked) = (Vec::new(), BTreeSet::new());
        for dependency in dependencies {
            let found = requirement(&key, dependency)?;
            match found.name.is_same(own) {
                true => asked.extend(found.extras.iter().map(DistributionName::normalized)),
                false => requirements.push(found),
            }
        }
        if let Some(other) = extras.get(&name.normalized()) {
            return Err(value(&key, format!("`{}` is the same extra", other.name)));
        }
        extras.insert(name.normalized(), Extra { key, name, requirements, asked });
    }
    let inherited = extras.keys().map(|name| inherited(name, &extras)).collect::<Result<Vec<_>, _>>()?;
    let mut extras: Vec<_> = extras.into_values().collect();
    for (extra, others) in extras.iter_mut().zip(inherited) {
        for requirement in others {
            if !extra.requirements.contains(&requirement) {
                extra.requirements.push(requirement);
            }
        }
    }
    Ok(extras)
}

/// What the extras add that one asks for, and those that they ask for.
fn inherited(name: &str, extras: &BTreeMap<String, Extra>) -> Result<Vec<Requirement>, TableError> {
    let Some(first) = extras.get(name) else { return Ok(Vec::new()) };
    let (mut requirements, mut seen) = (Vec::new(), BTreeSet::new());
    let mut left: Vec<&String> = first.asked.iter().collect();
    while let Some(next) = left.pop() {
        if next == name {
            return Err(value(&first.key, "it asks for itself"));
        }
        let Some(other) = extras.get(next) else {
            return Err(value(&first.key, format!("`{next}` is no extra of the project")));
        };
        if seen.insert(next) {
            requirements.extend(other.requirements.iter().cloned());
            left.extend(&other.asked);
        }
    }
    Ok(requirements)
}
