//! Which files of a payload are the product's executables: native programs, told by their first bytes, under the names of
//! the product's table, or the only one there is.

use std::path::Path;

use super::error::PayloadError;
use super::form::packed;
use super::found::{Found, WheelPart};
use crate::binary::{self, Format, Magic};
use crate::console::text::named;
use crate::fs::FsError;

/// A file, and what its first bytes say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(crate) found: &'a Found,
    pub(crate) magic: Magic,
}

/// The product's executables in a payload.
#[derive(Debug)]
pub(super) struct Programs<'a> {
    pub(crate) first: Known<'a>,
    /// Each with its name in the table.
    pub(crate) others: Vec<(&'a str, Known<'a>)>,
}

impl<'a> Programs<'a> {
    pub(super) fn all(&self) -> impl Iterator<Item = Known<'a>> {
        std::iter::once(self.first).chain(self.others.iter().map(|(_, program)| *program))
    }
}

impl Known<'_> {
    /// The file name of an executable on the system that starts this one.
    pub(super) fn file_name(&self, name: &str) -> String {
        if self.magic == Magic::Pe { format!("{name}.exe") } else { name.to_owned() }
    }

    fn is_native(&self) -> bool {
        self.magic.format().is_some()
            && matches!(self.found.part, WheelPart::Payload | WheelPart::Data | WheelPart::Scripts)
    }

    fn is_called(&self, name: &str) -> bool {
        self.is_native() && self.found.file_name() == self.file_name(name)
    }

    fn is_library(&self) -> Result<bool, FsError> {
        let read = binary::read_file(&self.found.source).map_err(FsError::read(&self.found.source))?;
        Ok(read.is_ok_and(|facts| !facts.is_executable()))
    }
}

/// Finds the executables of these names.
pub(super) fn find<'a>(origin: &Path, names: &'a [String], files: &[Known<'a>]) -> Result<Programs<'a>, PayloadError> {
    let (first, others) = names.split_first().map_or(("", names), |(first, others)| (first.as_str(), others));
    let first = match one(origin, first, &["bin", ""], files)? {
        Some(program) => program,
        None => lone(origin, first, others, files)?,
    };
    let beside = first.found.directory();
    let mut found = Vec::new();
    for name in others {
        if let Some(program) = one(origin, name, &[beside, "bin", ""], files)? {
            found.push((name.as_str(), program));
        }
    }
    Ok(Programs { first, others: found })
}

/// The executable of this name: in one of these directories, or the only one anywhere.
fn one<'a>(
    origin: &Path,
    name: &str,
    directories: &[&str],
    files: &[Known<'a>],
) -> Result<Option<Known<'a>>, PayloadError> {
    let called: Vec<_> = files.iter().copied().filter(|file| file.is_called(name)).collect();
    for directory in directories {
        let there = called.iter().copied().filter(|file| file.found.directory() == *directory);
        if let Some(program) = single(origin, there.collect())? {
            return Ok(Some(program));
        }
    }
    single(origin, called)
}

fn single<'a>(origin: &Path, candidates: Vec<Known<'a>>) -> Result<Option<Known<'a>>, PayloadError> {
    match candidates[..] {
        [] => Ok(None),
        [program] => Ok(Some(program)),
        _ => {
            let names = named(candidates.iter().map(|file| &*file.found.path));
            Err(PayloadError::SeveralExecutables { path: origin.to_owned(), names })
        }
    }
}

/// The only executable of a payload, whatever its name: at the top, else in `bin/`, else anywhere.
fn lone<'a>(origin: &Path, name: &str, others: &[String], files: &[Known<'a>]) -> Result<Known<'a>, PayloadError> {
    let is_candidate = |file: &Known<'_>| {
        let is_other = others.iter().any(|other| file.is_called(other));
        file.is_native() && !is_other && !file.found.is_library_by_name()
    };
    let mut candidates: Vec<_> = files.iter().copied().filter(is_candidate).collect();
    for directory in ["", "bin"] {
        if candidates.iter().any(|file| file.found.directory() == directory) {
            candidates.retain(|file| file.found.directory() == directory);
        }
    }
    if candidates.len() > 1 {
        let mut programs = Vec::new();
        for file in &candidates {
            if !file.is_library()? {
                programs.push(*file);
            }
        }
        candidates = programs;
    }
    if let [program] = candidates[..] {
        return Ok(program);
    }
    // What bears the name and is none says more than that there are others.
    let is_named = |file: &&Known<'_>| file.found.stem() == name && matches!(file.found.directory(), "" | "bin");
    if let Some(file) = files.iter().find(is_named) {
        return Err(no_executable(origin, file));
    }
    match single(origin, candidates)? {
        Some(program) => Ok(program),
        None => {
            let path = origin.to_owned();
            if let Some(names) = packed(files.iter().map(|file| (&file.found.path, file.magic))) {
                return Err(PayloadError::Packed { path, names });
            }
            let expected = format!("`{name}` or `{name}.exe`, in `bin/`, at the top or anywhere else");
            Err(PayloadError::NoExecutable { path, expected })
        }
    }
}

/// Why a file that is called as the program is not it.
fn no_executable(origin: &Path, file: &Known<'_>) -> PayloadError {
    let path = origin.join(&*file.found.path);
    let what = match file.magic.format() {
        Some(Format::Pe) => "a Windows executable whose name does not end in `.exe`",
        Some(_) => "called `.exe`, but is not a Windows executable",
        None if file.found.size == 0 => return PayloadError::Empty { path },
        None => file.magic.described(),
    };
    PayloadError::NotExecutable { path, what }
}
