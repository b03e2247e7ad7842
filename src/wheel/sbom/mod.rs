//! SBOM files in `.dist-info/sboms/` (PEP 770): their names, those made of the lists inside programs, and what is wrong
//! with those of others.

mod components;
mod cyclonedx;
mod names;
mod shape;
mod validate;

pub(crate) use components::components;
pub(crate) use cyclonedx::Sbom;
pub use names::SbomFormat;
pub(crate) use names::{SbomName, ends};
pub use validate::validate;

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use crate::binary::{DependencyList, Inventory};
use crate::member_path;
use crate::version::PublicVersion;

/// An SBOM to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SbomFile {
    /// Its name in `sboms/`: `PROGRAM.cdx.json`.
    pub name: String,
    pub bytes: Vec<u8>,
}

impl SbomFile {
    /// Whether `other`, under whatever name and in either format, lists all of its components, of which there is one at
    /// least: the same names and versions, whatever else it knows of them.
    pub(crate) fn repeats(&self, other: &[u8]) -> bool {
        let own = listed(&self.bytes);
        !own.is_empty() && own.is_subset(&listed(other))
    }
}

/// The names and versions of what a document lists: components of CycloneDX, packages of SPDX.
fn listed(bytes: &[u8]) -> BTreeSet<(String, String)> {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    let rows = |list: &str, version: &str| {
        let rows = document.get(list).and_then(Value::as_array).into_iter().flatten();
        let row = |row: &Value| {
            let text = |key: &str| row.get(key).and_then(Value::as_str).map(str::to_owned);
            Some((text("name")?, text(version).unwrap_or_default()))
        };
        rows.filter_map(row).collect::<BTreeSet<_>>()
    };
    rows("components", "version").into_iter().chain(rows("packages", "versionInfo")).collect()
}

/// Whether a file of this name, wherever it lies, says that it is an SBOM.
pub(crate) fn is_sbom_name(name: &str) -> bool {
    SbomName::parse(name).is_some()
}

/// The SBOMs of the binaries that carry a list of their dependencies, in the order of the inventory. Binaries with one and
/// the same list (a program under two names, an `uv` and an `uvx`) have one, named after the first of them.
pub fn sboms_of(inventory: &Inventory, version: &PublicVersion) -> Vec<SbomFile> {
    let mut lists: Vec<&DependencyList> = Vec::new();
    let mut files: Vec<SbomFile> = Vec::new();
    let mut taken = HashSet::new();
    for (member, facts) in inventory.binaries() {
        let Some(list) = facts.dependency_list().filter(|list| !lists.contains(list)) else { continue };
        lists.push(list);
        let program = program_name(member);
        // Files of one name may lie in two directories.
        let candidates = std::iter::once(program.to_owned()).chain((2..).map(|number| format!("{program}-{number}")));
        let stem = candidates.into_iter().find(|stem| taken.insert(stem.to_lowercase())).unwrap_or_default();
        files.push(SbomFile {
            name: format!("{stem}.cdx.json"),
            bytes: Sbom::of_program(program, version, list).to_json(),
        });
    }
    files
}

/// The file's name without what only Windows needs.
fn program_name(member: &str) -> &str {
    let file = member_path::file_name(member);
    match file.len().checked_sub(4).and_then(|at| file.split_at_checked(at)) {
        Some((stem, end)) if !stem.is_empty() && end.eq_ignore_ascii_case(".exe") => stem,
        _ => file,
    }
}

#[cfg(test)]
mod tests;
