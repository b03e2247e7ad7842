//! The files of a stage's wheel: the packages and what is forced beside them, the `.data` directory, SBOMs (PEP 770), each
//! path once.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use super::error::StageError;
use super::hatch::{Mapping, Settings};
use super::project_table::Project;
use super::selection::{Chosen, Selection};
use super::shebang;
use super::source::{Member, MemberSource};
use super::tree::{Tree, TreeEntry};
use crate::fs::{FsError, KEEPS_MODES, Mode, Walked};
use crate::wheel::info;

pub(super) struct WheelFiles {
    pub(crate) members: Vec<Member>,
    /// What goes into the dist-info directory, by the path there.
    pub(crate) beside: Vec<Member>,
    /// What is to be run and has lost its execute bit.
    pub(crate) restored: Vec<String>,
}

/// What the stage says of its wheel beside the settings.
pub(super) struct Layout<'a> {
    pub(crate) project: &'a Project,
    /// The import package.
    pub(crate) module: &'a str,
    /// Programs by their path below the import package.
    pub(crate) executables: &'a [String],
    /// The file that says so.
    pub(crate) origin: &'a Path,
}

/// What every wheel has beside its files, whatever is forced there.
const OWN: [&str; 4] = ["METADATA", "WHEEL", "RECORD", "entry_points.txt"];

impl WheelFiles {
    pub(super) fn select(tree: &Tree<'_>, settings: &Settings, layout: &Layout<'_>) -> Result<Self, StageError> {
        let mut found = BTreeMap::new();
        let by_itself;
        let packages = match &settings.packages {
            Some(packages) => packages,
            None => {
                by_itself = packages_by_itself(tree, settings, layout)?;
                &by_itself
            }
        };
        let module = layout.module;
        let no_module = || StageError::NotAStage {
            path: tree.directory.to_owned(),
            why: format!("it has no `src/{module}/__init__.py`"),
        };
        let package = format!("src/{module}");
        if packages.rows.iter().any(|row| row.from == package) && matches!(tree.at(&package)?, TreeEntry::Nothing) {
            return Err(no_module());
        }
        let selection = Selection::of_wheel(tree, packages, settings)?;
        let stem = format!("{}-{}", layout.project.name.escaped(), layout.project.version);
        take(&mut found, "", selection.explicit(packages)?)?;
        take(&mut found, "", selection.forced(&settings.force_include)?)?;
        take(&mut found, &format!("{stem}.data/data/"), selection.explicit(&settings.shared_data)?)?;
        let scripts = format!("{stem}.data/scripts/");
        let shared = selection.explicit(&settings.shared_scripts)?;
        let is_script: HashSet<_> = shared.iter().map(|(path, _)| format!("{scripts}{path}")).collect();
        take(&mut found, &scripts, shared)?;
        let dist_info = info::directory(&stem) + "/";
        take(&mut found, &format!("{dist_info}{}", info::SBOMS), selection.files(&settings.sbom_files)?)?;

        if !found.contains_key(&format!("{module}/__init__.py")) {
            return Err(no_module());
        }
        let mut restored = Vec::new();
        for path in layout.executables {
            let Some(file) = found.get_mut(&format!("{module}/{path}")) else {
                return Err(StageError::NoExecutable { path: tree.directory.join("src").join(module).join(path) });
            };
            run(file, path, &mut restored);
        }
        let (mut members, mut beside) = (Vec::new(), Vec::new());
        for (path, mut file) in found {
            let mut rewritten = None;
            if is_script.contains(&path) {
                let relative = file.relative.clone();
                run(&mut file, &relative, &mut restored);
                rewritten = shebang::rewritten(&file.path).map_err(FsError::read(&file.path))?;
            }
            let source = rewritten
                .map_or_else(|| MemberSource::File { path: file.path.clone(), size: file.size }, MemberSource::Bytes);
            let member = Member { path, mode: file.mode, source };
            match member.path.strip_prefix(&dist_info).map(str::to_owned) {
                Some(name) if OWN.contains(&name.as_str()) => {
                    return Err(StageError::Own { path: file.path, name: member.path });
                }
                Some(path) => beside.push(Member { path, ..member }),
                None => members.push(member),
            }
        }
        Ok(Self { members, beside, restored })
    }
}

/// Adds files below a directory of the wheel, each path once.
fn take(found: &mut BTreeMap<String, Walked>, directory: &str, chosen: Chosen) -> Result<(), StageError> {
    for (path, file) in chosen {
        let (path, one) = (format!("{directory}{path}"), file.path.clone());
        if let Some(other) = found.insert(path.clone(), file) {
            return Err(StageError::Twice { one: other.path, other: one, path });
        }
    }
    Ok(())
}

/// Makes a file executable; says so of what a system that keeps modes had as data.
fn run(file: &mut Walked, name: &str, restored: &mut Vec<String>) {
    if KEEPS_MODES && file.mode != Mode::Executable {
        restored.push(name.to_owned());
    }
    file.mode = Mode::Executable;
}

/// The package that hatchling takes where no setting names one: that of the project's name, as it is written or normal.
fn packages_by_itself(tree: &Tree<'_>, settings: &Settings, layout: &Layout<'_>) -> Result<Mapping, StageError> {
    let name = &layout.project.name;
    let mut names = vec![file_name(name.as_str()), file_name(&name.normalized())];
    names.dedup();
    let is_file = |path: String| Ok::<_, StageError>(matches!(tree.at(&path)?, TreeEntry::File(_)));
    let mut found = Vec::new();
    for name in names {
        let elsewhere = tree.all().any(|file| {
            let rest = file.relative.split_once('/').map(|(_, rest)| rest);
            rest == Some(format!("{name}/__init__.py").as_str())
        });
        if is_file(format!("{name}/__init__.py"))? {
            found.push(name);
        } else if is_file(format!("src/{name}/__init__.py"))? {
            found.push(format!("src/{name}"));
        } else if elsewhere || is_file(format!("{name}.py"))? {
            found.push(String::new());
        }
    }
    found.dedup();
    match found.as_slice() {
        [path] if path.strip_prefix("src/").unwrap_or(path) == layout.module => Ok(Mapping::of(path)),
        [] if !settings.force_include.rows.is_empty() => Ok(Mapping::default()),
        _ => Err(Settings::no_packages(PathBuf::from(layout.origin)).into()),
    }
}

/// A name as hatchling looks for it among files.
fn file_name(name: &str) -> String {
    let mut escaped = String::new();
    for letter in name.chars() {
        match letter {
            letter if letter.is_alphanumeric() || matches!(letter, '_' | '.') => escaped.push(letter),
            _ if escaped.ends_with('_') => {}
            _ => escaped.push('_'),
        }
    }
    escaped
}
