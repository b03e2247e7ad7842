//! What a runtime wheel carries: one executable, a package directory, an archive of either, or a published runtime
//! wheel, each turned into the same thing, a verified list of files under their names in the import package.
//!
//! ```text
//! open ─▶ form (by content) ─▶ directory | tarball | zipped ─▶ layout (root, entry point, modes) ─▶ Payload
//! ```

mod directory;
mod error;
mod form;
mod layout;
mod name;
mod package;
mod tarball;
mod unpack;
mod zipped;

use std::fs::File;
use std::path::Path;

use layout::Layout;

use crate::console::Progress;
use crate::fs::{self, FsError};
use crate::member_path::MemberPath;

pub use error::PayloadError;
pub use form::Form;
pub use layout::PayloadFile;
pub use package::{DESCRIPTOR, Package};

/// A payload whose names, links, sizes and layout have been verified.
#[derive(Debug)]
pub struct Payload {
    pub form: Form,
    /// Every file, sorted by path.
    pub files: Vec<PayloadFile>,
    /// The path of the entry executable among the files: `bin/codex`, `bin/codex.exe`.
    pub entrypoint: MemberPath,
    /// The package descriptor, where the payload has one.
    pub package: Option<Package>,
    /// The version that the name of the `.dist-info` directory states, where the payload is a wheel.
    pub wheel_version: Option<String>,
    /// Files beside a lone executable that are not part of the payload, by their names in the input.
    pub ignored: Vec<MemberPath>,
    holding: Holding,
}

/// Whose the bytes of a payload are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holding {
    /// The user's: they are copied.
    Input,
    /// Unpacked into the scratch directory: they are moved.
    Scratch,
}

impl Payload {
    /// Reads the payload at `path`, whose entry executable is called `executable` (without `.exe`).
    ///
    /// Archives are unpacked into `scratch`, an empty directory that must live until the payload is placed and that
    /// the caller removes. Reading is streamed: memory stays bounded whatever the size.
    ///
    /// # Errors
    /// Where the input cannot be read, is no payload, or holds what a payload must not hold.
    pub fn open(path: &Path, executable: &str, scratch: &Path, progress: &Progress) -> Result<Self, PayloadError> {
        let metadata = std::fs::metadata(path).map_err(FsError::read(path))?;
        let payload = |form, holding, wheel_version, layout: Layout| {
            let Layout { files, entrypoint, package, ignored } = layout;
            Self { form, files, entrypoint, package, wheel_version, ignored, holding }
        };
        let arrange = |found| layout::arrange(path, executable, found);
        if metadata.is_dir() {
            return Ok(payload(Form::Directory, Holding::Input, None, arrange(directory::list(path)?)?));
        }
        if !metadata.is_file() {
            return Err(PayloadError::NotAFile { path: path.to_owned() });
        }
        let file = File::open(path).map_err(FsError::read(path))?;
        let form = form::of_file(path, &file)?;
        Ok(match form {
            Form::Executable => {
                payload(form, Holding::Input, None, layout::bare(path, path, executable, metadata.len())?)
            }
            Form::TarGz | Form::TarZst => {
                let found = tarball::unpack(path, file, form, scratch, progress)?;
                payload(form, Holding::Scratch, None, arrange(found)?)
            }
            Form::Directory | Form::Zip | Form::Wheel => {
                let unpacked = zipped::unpack(path, form, scratch, progress)?;
                payload(unpacked.form, Holding::Scratch, unpacked.wheel_version, arrange(unpacked.files)?)
            }
        })
    }

    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Puts every file under its path below `directory`, with its mode: unpacked files are moved, the user's are
    /// copied (sharing blocks where the file system can).
    pub fn place(self, directory: &Path, progress: &Progress) -> Result<(), FsError> {
        for file in self.files {
            let target = directory.join(&*file.path);
            match self.holding {
                Holding::Input => fs::copy(&file.source, &target, file.mode)?,
                Holding::Scratch => {
                    if let Some(parent) = target.parent() {
                        std::fs::create_dir_all(parent).map_err(FsError::write(parent))?;
                    }
                    std::fs::rename(&file.source, &target).map_err(FsError::write(&target))?;
                    fs::set_mode(&target, file.mode)?;
                }
            }
            progress.advance(file.size);
        }
        Ok(())
    }
}
