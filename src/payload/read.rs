//! An input of any form as the files that it holds.

use std::io::{BufReader, Seek as _};
use std::path::Path;

use super::error::PayloadError;
use super::form::{self, PayloadForm, Reading};
use super::found::{Found, WheelPart};
use super::input::{Input, Sought};
use super::unpack::{self, Watched};
use super::{compressed, directory, tarball, wheel, zipped};
use crate::binary::Magic;
use crate::console::Progress;
use crate::fs::{FsError, MAX_ARCHIVE, Mode, open_within};

/// What the input at `path` holds.
pub(super) fn read(
    path: &Path,
    sought: Sought<'_>,
    scratch: &Path,
    progress: &Progress,
) -> Result<Input, PayloadError> {
    progress.file(path);
    let metadata = std::fs::metadata(path).map_err(FsError::read(path))?;
    let input = |form, files| Input { form, files, wheel: None };
    if metadata.is_dir() {
        return Ok(input(PayloadForm::Directory, directory::list(path)?));
    }
    if !metadata.is_file() {
        return Err(PayloadError::NotAFile { path: path.to_owned() });
    }
    let (mut file, _) = open_within(path, MAX_ARCHIVE).map_err(FsError::read(path))?;
    let head = unpack::head(&mut file, Magic::HEAD).map_err(FsError::read(path))?;
    file.rewind().map_err(FsError::read(path))?;
    let name = if sought.program.is_empty() { Sought::UNNAMED } else { sought.program };
    match form::reading(path, &head)? {
        Reading::Executable => {
            let unusable = |why| PayloadError::Name { path: path.to_owned(), member: name.to_owned(), why };
            let program = Found {
                path: name.parse().map_err(unusable)?,
                source: path.to_owned(),
                size: metadata.len(),
                mode: Mode::Executable,
                part: WheelPart::Payload,
                is_link: false,
            };
            Ok(input(PayloadForm::Executable, vec![program]))
        }
        Reading::Compressed(compression) => compressed::unpack(path, file, compression, name, scratch, progress),
        Reading::Tar => {
            progress.set_length(metadata.len());
            let file = Watched::new(BufReader::with_capacity(1 << 16, file), progress);
            Ok(input(PayloadForm::Tar, tarball::unpack(path, file, unpack::limit(metadata.len()), scratch)?))
        }
        Reading::Zip(form) => {
            let archive = zipped::open(path, progress)?;
            match (wheel::dist_info(&archive), form) {
                (Some(dist_info), _) => wheel::unpack(path, &archive, &dist_info, sought, scratch, progress),
                (None, PayloadForm::Wheel) => {
                    Err(PayloadError::NoWheel { path: path.to_owned(), member: "*.dist-info/WHEEL".into() })
                }
                (None, form) => Ok(input(form, zipped::unpack(path, &archive, scratch, progress)?)),
            }
        }
    }
}
