//! What an input holds, before anything is said about where it goes.

use std::path::PathBuf;

use super::form::Form;
use super::name;
use crate::binary::Magic;
use crate::fs::{FsError, Mode};
use crate::member_path::{self, MemberPath};
use crate::product::RuntimeProject;
use crate::wheel::name::DistributionName;

/// A file of the input, under its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub path: MemberPath,
    /// Where its bytes are.
    pub source: PathBuf,
    pub size: u64,
    /// Whether the input has it as a file to be run; inputs lose that as often as they keep it.
    pub mode: Mode,
    pub part: Part,
}

/// What a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Payload,
    /// The scripts of a wheel, most of which start something in Python.
    Scripts,
    /// The metadata of a wheel.
    Licences,
    Sboms,
}

/// What is looked for in an input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    /// The name of the program; empty where any is meant.
    pub program: &'a str,
    /// Whether a wheel's package directory alone is meant.
    pub package_directory: bool,
}

impl Sought<'_> {
    /// What a program is called that comes without a name.
    pub(super) const UNNAMED: &'static str = "program";
}

/// What an input gave up.
#[derive(Debug)]
pub(super) struct Input {
    pub form: Form,
    pub files: Vec<Found>,
    pub wheel: Option<WheelName>,
}

/// What the `.dist-info` directory of a wheel is named by.
#[derive(Debug)]
pub(super) struct WheelName {
    pub distribution: Option<DistributionName>,
    pub version: String,
}

/// What can be asked of an input besides its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// One file: there is nothing else.
    Lone,
    Tree,
    /// A wheel of the product.
    Own,
    /// A wheel of somebody else, who may have left out what upstream has.
    Foreign,
}

impl Input {
    pub(super) fn is_own_wheel(&self, project: &RuntimeProject) -> bool {
        let distribution = self.wheel.as_ref().and_then(|wheel| wheel.distribution.as_ref());
        distribution.is_some_and(|distribution| distribution.is_same(&project.distribution))
    }

    pub(super) fn extent(&self, project: &RuntimeProject) -> Extent {
        let files = self.files.iter().filter(|file| file.part != Part::Sboms && !name::is_sbom(&file.path));
        match &self.wheel {
            Some(_) if self.is_own_wheel(project) => Extent::Own,
            Some(_) => Extent::Foreign,
            None if files.count() <= 1 => Extent::Lone,
            None => Extent::Tree,
        }
    }
}

impl Found {
    pub(super) fn magic(&self) -> Result<Magic, FsError> {
        Magic::of_file(&self.source).map_err(FsError::read(&self.source))
    }

    pub(super) fn directory(&self) -> &str {
        member_path::parent(&self.path)
    }

    pub(super) fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Whether it is called as libraries are: `libz.so.1`, `a.dylib`, `a.dll`.
    pub(super) fn is_library_by_name(&self) -> bool {
        let name = self.file_name().to_ascii_lowercase();
        [".dylib", ".dll", ".so"].iter().any(|end| name.ends_with(end)) || name.contains(".so.")
    }

    /// The mode of a file beside a program that lies in `directory`.
    pub(super) fn mode_beside(&self, magic: Magic, directory: &str) -> Mode {
        let marked = self.mode == Mode::Executable || self.directory() == directory;
        match magic {
            Magic::Script if marked => Mode::Executable,
            magic if magic.format().is_some() && !self.is_library_by_name() => Mode::Executable,
            _ => Mode::Data,
        }
    }
}
