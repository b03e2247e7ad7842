//! What a runtime wheel carries: one executable, a directory, an archive of either, or a published wheel, each turned into
//! the same thing, a verified list of files with their places in the wheel.
//!
//! ```text
//! open ─▶ form (by content) ─▶ directory | compressed | tarball | zipped | wheel ─▶ found
//!      ─▶ app_server | program (root, executables, modes) + rules (`files`) + sbom ─▶ Payload
//! ```

mod app_server;
mod beside;
mod compressed;
mod directory;
mod error;
mod form;
mod found;
mod input;
mod links;
mod name;
mod package;
mod place;
mod program;
mod read;
mod rules;
mod sbom;
mod search;
mod survey;
mod tarball;
mod unpack;
mod wheel;
mod wheel_program;
mod zipped;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use found::Found;
use input::Sought;

use crate::console::Progress;
use crate::fs::{self, FsError};
use crate::member_path::MemberPath;
use crate::product::{FileRule, RuntimeProject};

pub(crate) use beside::is_beside_payloads;
pub use error::PayloadError;
pub use form::PayloadForm;
pub(crate) use form::packed;
pub(crate) use package::{DESCRIPTOR, Package, package_of};
pub use place::WheelDirectory;
pub(crate) use place::{Executable, PayloadFile};
pub(crate) use survey::{Surveyed, survey};
pub(crate) use wheel_program::{Standing, WheelProgram};

/// A payload whose names, links, sizes and layout have been verified.
#[derive(Debug)]
pub struct Payload {
    pub form: PayloadForm,
    /// Every file, sorted by place and path.
    pub files: Vec<PayloadFile>,
    /// The program: the first of the product's executables.
    pub(crate) entrypoint: Executable,
    /// What an archive, directory or wheel calls the program, where it is not its name or one that holds it.
    pub(crate) renamed: Option<String>,
    /// What the program is a link to, where other files lie beside that.
    pub(crate) linked: Option<MemberPath>,
    /// The product's other executables that the payload has.
    pub(crate) companions: Vec<Executable>,
    /// The package descriptor of an app server, where the payload has one.
    pub(crate) package: Option<Package>,
    /// What the name of the `.dist-info` directory states as version, where the payload is a wheel of the product.
    pub wheel_version: Option<String>,
    /// Files that are not part of the payload, by their names in the input.
    pub ignored: Vec<MemberPath>,
    /// The rows of `files` that match nothing in a payload that need not have more than the program.
    pub unmatched: Vec<FileRule>,
    /// Links to nothing, by their names in the input; a wheel holds no links, and these have no file.
    pub(crate) dangling: Vec<MemberPath>,
    scratch: PathBuf,
}

impl Payload {
    /// Reads the payload of a product at `path`.
    ///
    /// Archives are unpacked into `scratch`, an empty directory that must live until the payload is placed and that
    /// the caller removes. Reading is streamed: memory stays bounded whatever the size.
    ///
    /// # Errors
    /// Where the input cannot be read, is no payload of the product, or holds what a payload must not hold.
    pub fn open(
        path: &Path,
        project: &RuntimeProject,
        scratch: &Path,
        progress: &Progress,
    ) -> Result<Self, PayloadError> {
        let sought = Sought { program: project.executable(), package_directory: project.is_app_server() };
        let mut input = read::read(path, sought, scratch, progress)?;
        let known = project.is_app_server() || input.is_own_wheel(project);
        let wheel_version = input.wheel.as_ref().filter(|_| known).map(|wheel| wheel.version.clone());
        let (files, dangling) = Found::without_dangling(std::mem::take(&mut input.files));
        input.files = files;
        input.files.extend(sbom::beside(path)?);
        let form = input.form;
        let layout = if project.is_app_server() {
            app_server::arrange(path, project, input)?
        } else {
            program::arrange(path, project, input)?
        };
        let place::Layout { files, entrypoint, called, linked, companions, package, ignored, unmatched } = layout;
        let has_name = !matches!(form, PayloadForm::Executable | PayloadForm::Compressed);
        let is_own = |name: &str| called.to_ascii_lowercase().contains(&name.to_ascii_lowercase());
        let renamed = (has_name && !is_own(project.executable())).then_some(called);
        let scratch = scratch.to_owned();
        Ok(Self {
            form,
            files,
            entrypoint,
            renamed,
            linked,
            companions,
            package,
            wheel_version,
            ignored,
            unmatched,
            dangling,
            scratch,
        })
    }

    /// The product's executables that the payload has, the program first.
    pub fn executables(&self) -> impl Iterator<Item = &Executable> {
        std::iter::once(&self.entrypoint).chain(&self.companions)
    }

    pub(crate) fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// Puts every file under its path below what `directory` gives for its place, with its mode: unpacked files are moved,
    /// the user's are copied (sharing blocks where the file system can).
    pub fn place(self, directory: impl Fn(WheelDirectory) -> PathBuf, progress: &Progress) -> Result<(), FsError> {
        // What was unpacked was counted then, and is only moved.
        let is_unpacked = |file: &PayloadFile| file.source.starts_with(&self.scratch);
        let copied: u64 = self.files.iter().filter(|file| !is_unpacked(file)).map(|file| file.size).sum();
        if copied > 0 {
            progress.set_length(copied);
        }
        let mut uses: HashMap<PathBuf, usize> = HashMap::new();
        for file in &self.files {
            *uses.entry(file.source.clone()).or_default() += 1;
        }
        for file in self.files {
            let target = directory(file.place).join(&*file.path);
            let left = uses.get_mut(&file.source).map_or(0, |left| {
                *left -= 1;
                *left
            });
            let unpacked = file.source.starts_with(&self.scratch);
            if left == 0 && unpacked {
                if let Some(parent) = target.parent() {
                    std::fs::create_dir_all(parent).map_err(FsError::write(parent))?;
                }
                std::fs::rename(&file.source, &target).map_err(FsError::write(&target))?;
                fs::set_mode(&target, file.mode)?;
            } else {
                fs::copy(&file.source, &target, file.mode)?;
            }
            if !unpacked {
                progress.advance(file.size);
            }
        }
        Ok(())
    }
}
