//! The form of a payload that is a file, told by its first bytes; of its name only `.whl` counts.

use std::path::Path;

use super::error::PayloadError;
use super::tarball;
use crate::binary::Magic;
use crate::console::text::named;
use crate::member_path::{MemberPath, parent};
use crate::wheel::filename::Claim;

/// The names of files at the top of a payload that are read as payloads themselves, where there are any.
pub(crate) fn packed<'a>(files: impl IntoIterator<Item = (&'a MemberPath, Magic)>) -> Option<String> {
    let is_packed = |magic| matches!(magic, Magic::Gzip | Magic::Xz | Magic::Zstandard | Magic::Zip | Magic::Tar);
    let packed = files.into_iter().filter(|(path, magic)| parent(path).is_empty() && is_packed(*magic));
    let names: Vec<_> = packed.map(|(path, _)| &**path).collect();
    (!names.is_empty()).then(|| named(names))
}

/// The form in which a payload is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadForm {
    Executable,
    /// One executable in a `.gz`, `.xz` or `.zst`.
    Compressed,
    /// A package directory, or any other that holds the program.
    Directory,
    /// Compressed or not.
    Tar,
    Zip,
    /// A published wheel.
    Wheel,
}

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    Executable,
    Compressed(Compression),
    Tar,
    Zip(PayloadForm),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Xz,
    Zstandard,
}

/// How a payload that begins with these bytes is read. Zip archives are told from wheels when their members are listed.
pub(super) fn reading(path: &Path, head: &[u8]) -> Result<Reading, PayloadError> {
    if head.is_empty() {
        return Err(PayloadError::Empty { path: path.to_owned() });
    }
    match Magic::of(head) {
        Magic::Gzip => Ok(Reading::Compressed(Compression::Gzip)),
        Magic::Xz => Ok(Reading::Compressed(Compression::Xz)),
        Magic::Zstandard => Ok(Reading::Compressed(Compression::Zstandard)),
        Magic::Zip => {
            let wheel = Claim::of_path(path) == Some(Claim::Wheel);
            Ok(Reading::Zip(if wheel { PayloadForm::Wheel } else { PayloadForm::Zip }))
        }
        magic if magic.format().is_some() => Ok(Reading::Executable),
        _ if tarball::is_tar(head) => Ok(Reading::Tar),
        magic => Err(PayloadError::NotExecutable { path: path.to_owned(), what: magic.described() }),
    }
}
