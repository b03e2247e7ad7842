//! The form of a payload that is a file, told by its first bytes; of its name only `.whl` counts.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::error::PayloadError;
use crate::binary::Magic;
use crate::fs::FsError;

/// The form in which a payload is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Executable,
    /// A package directory, or one that holds a lone executable.
    Directory,
    TarGz,
    TarZst,
    Zip,
    /// A published runtime wheel.
    Wheel,
}

/// The form of a payload that is a file. Zip archives are told from wheels when their members are listed.
pub(super) fn of_file(path: &Path, mut file: &File) -> Result<Form, PayloadError> {
    let head = head(&mut file, Magic::HEAD).map_err(FsError::read(path))?;
    io::Seek::rewind(&mut file).map_err(FsError::read(path))?;
    if head.is_empty() {
        return Err(PayloadError::Empty { path: path.to_owned() });
    }
    match Magic::of(&head) {
        Magic::Gzip => Ok(Form::TarGz),
        Magic::Zstandard => Ok(Form::TarZst),
        Magic::Zip => {
            let wheel = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("whl"));
            Ok(if wheel { Form::Wheel } else { Form::Zip })
        }
        magic if magic.format().is_some() => Ok(Form::Executable),
        magic => Err(PayloadError::NotExecutable { path: path.to_owned(), what: magic.described() }),
    }
}

/// Up to `count` bytes from the start.
pub(super) fn head(reader: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(count);
    reader.take(count as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
