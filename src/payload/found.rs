//! The files of an input, before anything is said about where they go.

use std::path::PathBuf;

use crate::binary::{Magic, is_library_name};
use crate::fs::{FsError, Mode};
use crate::member_path::{self, MemberPath};

/// A file of the input, under its name there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(crate) path: MemberPath,
    /// Where its bytes are.
    pub(crate) source: PathBuf,
    pub(crate) size: u64,
    /// Whether the input has it as a file to be run; inputs lose that as often as they keep it.
    pub(crate) mode: Mode,
    pub(crate) part: WheelPart,
    /// Whether the input has it as a link to another of its files.
    pub(crate) is_link: bool,
}

/// What a file is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WheelPart {
    Payload,
    /// What a wheel has for the root of the environment.
    Data,
    /// The scripts of a wheel, most of which start something in Python.
    Scripts,
    /// The metadata of a wheel.
    Licences,
    Sboms,
    /// A link to nothing: there are no bytes.
    Dangling,
}

impl Found {
    /// A link to nothing.
    pub(super) fn dangling(path: MemberPath) -> Self {
        Self { path, source: PathBuf::new(), size: 0, mode: Mode::Data, part: WheelPart::Dangling, is_link: true }
    }

    /// The files, and the links to nothing.
    pub(super) fn without_dangling(files: Vec<Self>) -> (Vec<Self>, Vec<MemberPath>) {
        let (dangling, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.part == WheelPart::Dangling);
        (files, dangling.into_iter().map(|link| link.path).collect())
    }

    pub(super) fn magic(&self) -> Result<Magic, FsError> {
        Magic::of_file(&self.source).map_err(FsError::read(&self.source))
    }

    pub(super) fn directory(&self) -> &str {
        member_path::parent(&self.path)
    }

    pub(super) fn file_name(&self) -> &str {
        member_path::file_name(&self.path)
    }

    /// The name without what Windows starts programs by.
    pub(super) fn stem(&self) -> &str {
        self.file_name().strip_suffix(".exe").unwrap_or(self.file_name())
    }

    /// Whether it is called as libraries and extension modules are: `libz.so.1`, `a.dylib`, `a.dll`, `a.pyd`.
    pub(super) fn is_library_by_name(&self) -> bool {
        is_library_name(self.file_name())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_known_by_their_names() {
        for (names, is_library) in [
            ("libz.so libz.so.1 LIBZ.SO.1 a.dylib A.DLL bin/a.pyd a.cp312-win_amd64.PYD a.abi3.so", true),
            ("a so a.exe a.soft dll a.pyd.txt tool.software my.dlls a.so/tool", false),
        ] {
            for name in names.split(' ') {
                let found = Found::dangling(name.parse().unwrap());
                assert_eq!(found.is_library_by_name(), is_library, "{name}");
            }
        }
    }
}
