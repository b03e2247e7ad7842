//! What a payload holds, before there is a product that says what of it is wanted.

use std::path::{Path, PathBuf};

use super::error::PayloadError;
use super::found::{Found, WheelPart};
use super::input::Sought;
use super::program::unwrap_folder;
use super::read::read;
use crate::binary::Magic;
use crate::console::Progress;
use crate::fs::Mode;
use crate::member_path::MemberPath;
use crate::wheel::sbom::is_sbom_name;

/// A file of a payload as it comes.
#[derive(Debug, Clone)]
pub(crate) struct Surveyed {
    /// Below the payload's own top, as rules of `files` are matched against.
    pub(crate) path: MemberPath,
    pub(crate) source: PathBuf,
    pub(crate) magic: Magic,
    /// Whether it is called as libraries are.
    pub(crate) is_library: bool,
    /// Whether it is marked as a file to be run, or is a script by its first line.
    pub(crate) runs: bool,
    /// Whether a wheel has it as a script.
    pub(crate) is_script: bool,
    /// Whether it is a link to another file of the payload, which has the same `source`.
    pub(crate) is_link: bool,
}

/// Reads a payload into `scratch`, as [`Payload::open`](super::Payload::open) does. A program that comes alone is called as
/// `program`. The links to nothing come apart.
pub(crate) fn survey(
    path: &Path,
    program: &str,
    scratch: &Path,
    progress: &Progress,
) -> Result<(Vec<Surveyed>, Vec<MemberPath>), PayloadError> {
    let input = read(path, Sought { program, package_directory: false }, scratch, progress)?;
    let (files, dangling) = Found::without_dangling(input.files);
    let files: Vec<_> =
        files.into_iter().filter(|file| file.part != WheelPart::Sboms && !is_sbom_name(&file.path)).collect();
    let files = if input.wheel.is_some() { files } else { unwrap_folder(files) };
    let surveyed = files.into_iter().map(|file| {
        let (magic, is_library) = (file.magic()?, file.is_library_by_name());
        let is_script = file.part == WheelPart::Scripts;
        let runs = file.mode == Mode::Executable || magic == Magic::Script;
        Ok(Surveyed { path: file.path, source: file.source, magic, is_library, runs, is_script, is_link: file.is_link })
    });
    Ok((surveyed.collect::<Result<_, PayloadError>>()?, dangling))
}
