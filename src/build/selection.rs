//! Which files of a stage go into a distribution, and where: by the rules of hatchling, whose wheel of the same stage holds
//! the same files.

use std::collections::{BTreeSet, HashSet};

use super::error::StageError;
use super::hatch::{Ignores, Mapping, PathMapping, Settings};
use super::ignored::Ignored;
use super::paths::{destination, inside};
use super::tree::{Tree, TreeEntry, regular};
use crate::fs::Walked;
use crate::member_path::parent;

/// Files with their paths in a distribution.
pub(super) type Chosen = Vec<(String, Walked)>;

/// Directories that are never looked into.
const LEFT_OUT_DIRECTORIES: [&str; 11] = [
    "__pycache__",
    ".venv",
    ".git",
    ".hg",
    ".hatch",
    ".tox",
    ".nox",
    ".ruff_cache",
    ".pytest_cache",
    ".mypy_cache",
    ".pixi",
];

const LEFT_OUT_FILES: [&str; 2] = [".DS_Store", ".git"];

pub(super) struct Selection<'a> {
    tree: &'a Tree<'a>,
    /// The beginnings of paths that packages lose on the way.
    stripped: BTreeSet<String>,
    /// Where files would have gone that a setting puts somewhere else.
    reserved: HashSet<String>,
    ignored: Ignored,
}

/// Why hatchling leaves out a file that a setting selects.
enum Exclusion {
    Bytecode,
    /// The directory that distributions are built into.
    Output,
    Extension,
    Ignored(String),
}

impl<'a> Selection<'a> {
    /// The selection of a wheel's files; `packages` are those of the settings, or those that hatchling finds by itself.
    pub(super) fn of_wheel(tree: &'a Tree<'a>, packages: &Mapping, settings: &Settings) -> Result<Self, StageError> {
        let parents = packages.rows.iter().filter_map(|row| destination(&row.from).ok());
        let stripped = parents.filter_map(|path| Some(format!("{}/", path.rsplit_once('/')?.0))).collect();
        let mut selection =
            Self { tree, stripped, reserved: HashSet::new(), ignored: ignored(tree, settings.wheel_ignores)? };
        let forced = settings.force_include.rows.iter().filter_map(|row| inside(&row.from).ok());
        selection.reserved = forced.map(|from| selection.place(&from).to_owned()).collect();
        Ok(selection)
    }

    /// The path without the beginning that packages lose.
    fn place<'b>(&self, path: &'b str) -> &'b str {
        self.stripped.iter().find_map(|start| path.strip_prefix(start.as_str())).unwrap_or(path)
    }

    /// What the rows of a setting select.
    pub(super) fn explicit(&self, mapping: &Mapping) -> Result<Chosen, StageError> {
        let mut chosen = Vec::new();
        for (row, from, to) in self.rows(mapping)? {
            if let TreeEntry::File(file) = self.tree.at(&from)? {
                chosen.extend(self.single(mapping, row, &to, file)?);
                continue;
            }
            for (relative, path, file) in self.directory(&from, &to) {
                match self.excluded(&relative) {
                    None => chosen.push((path, regular(file)?.clone())),
                    Some(Exclusion::Bytecode) => {}
                    Some(exclusion) => return Err(exclusion.refuse(file)),
                }
            }
        }
        Ok(chosen)
    }

    /// What the rows of a setting select that names files alone.
    pub(super) fn files(&self, mapping: &Mapping) -> Result<Chosen, StageError> {
        let mut chosen = Vec::new();
        for (row, from, to) in self.rows(mapping)? {
            let TreeEntry::File(file) = self.tree.at(&from)? else {
                return Err(mapping.refuse(row, format!("`{}` is a directory", row.from)).into());
            };
            chosen.extend(self.single(mapping, row, &to, file)?);
        }
        Ok(chosen)
    }

    fn single(
        &self,
        mapping: &Mapping,
        row: &PathMapping,
        to: &str,
        file: &Walked,
    ) -> Result<Option<(String, Walked)>, StageError> {
        let path = self.named(mapping, row, to)?;
        Ok((!self.reserved.contains(&path)).then(|| (path, file.clone())))
    }

    /// What `force-include` selects: whatever lies there, also where something else would exclude it.
    pub(super) fn forced(&self, mapping: &Mapping) -> Result<Chosen, StageError> {
        let mut chosen = Vec::new();
        for (row, from, to) in self.rows(mapping)? {
            if let TreeEntry::File(file) = self.tree.at(&from)? {
                chosen.push((self.named(mapping, row, &to)?, file.clone()));
                continue;
            }
            for (_, path, file) in self.directory(&from, &to) {
                chosen.push((path, regular(file)?.clone()));
            }
        }
        Ok(chosen)
    }

    /// The rows of a setting with their two paths, of which the first is there and named once.
    fn rows<'b>(&self, mapping: &'b Mapping) -> Result<Vec<(&'b PathMapping, String, String)>, StageError> {
        let (mut rows, mut named) = (Vec::new(), HashSet::new());
        for row in &mapping.rows {
            let refused = |path: &str, why: &str| mapping.refuse(row, format!("`{path}`: {why}"));
            let from = inside(&row.from).map_err(|why| refused(&row.from, &why))?;
            let to = destination(&row.to).map_err(|why| refused(&row.to, &why))?;
            if matches!(self.tree.at(&from)?, TreeEntry::Nothing) {
                return Err(refused(&row.from, "the stage has no such file or directory").into());
            }
            if !named.insert(from.clone()) {
                return Err(refused(&row.from, "it is named twice, and hatchling takes it to one place alone").into());
            }
            rows.push((row, from, to));
        }
        Ok(rows)
    }

    /// Where a single file goes.
    fn named(&self, mapping: &Mapping, row: &PathMapping, to: &str) -> Result<String, StageError> {
        match self.place(to) {
            "" => Err(mapping.refuse(row, format!("`{}` is a file and needs a name at its place", row.from)).into()),
            path => Ok(path.to_owned()),
        }
    }

    /// The files of a directory: the path that is held against what is excluded, the one in the distribution, and the file.
    fn directory(&self, from: &str, to: &str) -> Vec<(String, String, &Walked)> {
        let files = self.tree.below(from).filter(|(rest, _)| !is_left_out(rest));
        let placed = files.map(|(rest, file)| {
            let relative = if to.is_empty() { rest.to_owned() } else { format!("{to}/{rest}") };
            let path = self.place(&relative).to_owned();
            (relative, path, file)
        });
        placed.filter(|(_, path, _)| !self.reserved.contains(path)).collect()
    }

    fn excluded(&self, path: &str) -> Option<Exclusion> {
        let ends = |end: &str| path.split('/').any(|part| part.ends_with(end));
        if ends(".pyc") || ends(".pyo") {
            return Some(Exclusion::Bytecode);
        }
        if path.split('/').next() == Some("dist") {
            return Some(Exclusion::Output);
        }
        if ends(".pyd") {
            return Some(Exclusion::Extension);
        }
        self.ignored.by(path).map(|file| Exclusion::Ignored(file.display().to_string()))
    }
}

impl Exclusion {
    fn refuse(self, file: &Walked) -> StageError {
        let why = match self {
            Self::Bytecode => "`.pyc` and `.pyo`".to_owned(),
            Self::Output => "`dist`".to_owned(),
            Self::Extension => "`.pyd`".to_owned(),
            Self::Ignored(file) => format!("what `{file}` names"),
        };
        StageError::LeftOut { path: file.path.clone(), why }
    }
}

fn ignored(tree: &Tree<'_>, ignores: Ignores) -> Result<Ignored, StageError> {
    match ignores {
        Ignores::PassedOver => Ok(Ignored::nothing()),
        Ignores::Heeded => Ok(Ignored::around(tree.directory)?),
    }
}

/// Whether a path leads through a directory that is never looked into, or to a file that is never taken.
fn is_left_out(path: &str) -> bool {
    let (directories, file) = path.rsplit_once('/').unwrap_or(("", path));
    LEFT_OUT_FILES.contains(&file) || directories.split('/').any(|part| LEFT_OUT_DIRECTORIES.contains(&part))
}

/// The files of a source distribution, which keep their paths: those that `include` names, else all.
pub(super) fn of_sdist(tree: &Tree<'_>, settings: &Settings) -> Result<Chosen, StageError> {
    let ignored = ignored(tree, settings.sdist_ignores)?;
    let selection = Selection { tree, stripped: BTreeSet::new(), reserved: HashSet::new(), ignored };
    let include = settings.sdist_include.as_ref();
    if let Some(mapping) = include {
        for row in &mapping.rows {
            if row.from.contains(['*', '?', '[', ']', '!', '#', '\\']) || row.from.trim() != row.from {
                return Err(mapping.refuse(row, format!("`{}` is a pattern, not a plain path", row.from)).into());
            }
        }
    }
    let rows = include.map(|mapping| mapping.rows.as_slice()).unwrap_or_default();
    let mut chosen = Vec::new();
    for file in tree.all() {
        let path = file.relative.as_str();
        let is_included = rows.is_empty() || rows.iter().any(|row| names(&row.from, path));
        if is_left_out(path) || !is_included {
            continue;
        }
        match selection.excluded(path) {
            None => chosen.push((path.to_owned(), regular(file)?.clone())),
            Some(Exclusion::Bytecode | Exclusion::Output) => {}
            Some(exclusion) => return Err(exclusion.refuse(file)),
        }
    }
    Ok(chosen)
}

/// Whether a plain line of gitignore(5) is about a path.
fn names(line: &str, path: &str) -> bool {
    let (line, directories_only) = line.strip_suffix('/').map_or((line, false), |rest| (rest, true));
    if line.contains('/') {
        let rest = path.strip_prefix(line.trim_start_matches('/'));
        return rest.is_some_and(|rest| rest.starts_with('/') || rest.is_empty() && !directories_only);
    }
    let directories = parent(path);
    let parts = if directories_only { directories } else { path };
    parts.split('/').any(|part| part == line)
}
