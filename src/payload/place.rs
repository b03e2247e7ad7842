//! Where in a wheel the files of a payload go, and that no two of them go to one path.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::error::PayloadError;
use super::found::Found;
use super::package::Package;
use crate::fs::Mode;
use crate::member_path::{Clash, MemberPath, Node, Paths};
use crate::product::{FileRule, KeyPosition};
use crate::wheel::info;

/// A directory of a wheel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WheelDirectory {
    /// The import package.
    Package,
    /// `.data/scripts`, whose files are on PATH.
    Scripts,
    /// `.data/data`, which is the root of the environment.
    Data,
    /// `.dist-info/licenses`.
    Licences,
    /// `.dist-info/sboms`.
    Sboms,
}

/// As the `to` of a rule of `files` writes it, where one can.
impl fmt::Display for WheelDirectory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Package => "package/",
            Self::Scripts => "scripts/",
            Self::Data => "",
            Self::Licences => info::LICENCES,
            Self::Sboms => info::SBOMS,
        })
    }
}

/// A file of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadFile {
    pub place: WheelDirectory,
    /// Below that place.
    pub path: MemberPath,
    /// Where its bytes are until the payload is placed.
    pub(crate) source: PathBuf,
    /// Its mode in the wheel, whatever the input's was.
    pub mode: Mode,
    pub(crate) size: u64,
    /// The row of `files` that gives it its place, where one does.
    pub(crate) row: Option<KeyPosition>,
}

/// One of the product's executables in a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// As the product's table has it, without `.exe`.
    pub(crate) name: String,
    pub place: WheelDirectory,
    pub path: MemberPath,
}

/// Where everything goes.
#[derive(Debug)]
pub(super) struct Layout {
    pub(crate) files: Vec<PayloadFile>,
    pub(crate) entrypoint: Executable,
    /// What the input calls the program, without `.exe`.
    pub(super) called: String,
    /// The same file in another directory, with others beside it: what the program is a link to.
    pub(super) linked: Option<MemberPath>,
    pub(crate) companions: Vec<Executable>,
    pub(crate) package: Option<Package>,
    pub(crate) ignored: Vec<MemberPath>,
    pub(crate) unmatched: Vec<FileRule>,
}

/// Files with their places, while they are being given out.
#[derive(Debug)]
pub(super) struct Placed<'a> {
    origin: &'a Path,
    files: Vec<PayloadFile>,
    paths: HashMap<WheelDirectory, Paths>,
    /// What the input calls the file at a place and path.
    names: HashMap<(WheelDirectory, MemberPath), (MemberPath, Option<KeyPosition>)>,
}

impl<'a> Placed<'a> {
    pub(super) fn new(origin: &'a Path) -> Self {
        Self { origin, files: Vec::new(), paths: HashMap::new(), names: HashMap::new() }
    }

    /// Gives a file its place. One that is there already, from another rule, stays there once.
    pub(super) fn put(
        &mut self,
        found: &Found,
        place: WheelDirectory,
        path: MemberPath,
        mode: Mode,
    ) -> Result<(), PayloadError> {
        self.put_by(None, found, place, path, mode)
    }

    /// The same, where a row of `files` may say the place.
    pub(super) fn put_by(
        &mut self,
        row: Option<&KeyPosition>,
        found: &Found,
        place: WheelDirectory,
        path: MemberPath,
        mode: Mode,
    ) -> Result<(), PayloadError> {
        let of_row = |error, row: Option<&KeyPosition>| match row {
            Some(row) => PayloadError::OfRow { fault: Box::new(error), at: row.clone() },
            None => error,
        };
        match self.names.get(&(place, path.clone())) {
            Some((other, _)) if *other == found.path => return Ok(()),
            Some((other, others_row)) => {
                let error = PayloadError::OnePath {
                    path: self.origin.to_owned(),
                    members: [other.to_string(), found.path.to_string()],
                    to: format!("{place}{path}"),
                };
                return Err(of_row(error, row.or(others_row.as_ref())));
            }
            None => {}
        }
        if let Some(clash) = self.paths.entry(place).or_default().take(&path, Node::File).into_iter().next() {
            return Err(of_row(self.refused(found, place, &path, clash), row));
        }
        let row = row.cloned();
        self.names.insert((place, path.clone()), (found.path.clone(), row.clone()));
        self.files.push(PayloadFile { place, path, source: found.source.clone(), mode, size: found.size, row });
        Ok(())
    }

    /// A software bill of materials keeps its file name.
    pub(super) fn put_sbom(&mut self, found: &Found) -> Result<(), PayloadError> {
        let refused = |why| PayloadError::Name { path: self.origin.to_owned(), member: found.path.to_string(), why };
        let path = found.file_name().parse().map_err(refused)?;
        self.put(found, WheelDirectory::Sboms, path, Mode::Data)
    }

    fn refused(&self, found: &Found, place: WheelDirectory, path: &MemberPath, clash: Clash) -> PayloadError {
        let (member, to) = (found.path.to_string(), format!("{place}{path}"));
        PayloadError::Destination { path: self.origin.to_owned(), member, to, clash }
    }

    /// Every file, in order.
    pub(super) fn finish(mut self) -> Vec<PayloadFile> {
        self.files.sort_by(|one, other| (one.place, &one.path).cmp(&(other.place, &other.path)));
        self.files
    }
}
