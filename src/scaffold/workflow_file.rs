//! Where a workflow is written: over one that relkit wrote, and over nothing else unless that is asked for.

use std::io::Read as _;
use std::path::Path;

use super::error::ScaffoldError;
use crate::fs::{Existing, FsError, Place, open_regular, place, write_whole};

/// How a workflow says who wrote it, among its first lines.
const SIGNATURE: &str = "\n# Written by `relkit workflow`.";
/// What stands before the names of its projects.
const PUBLISHER: &str = "trusted publisher of `";
/// How much of a file is looked at, in bytes.
const MAX_HEAD: u64 = 1 << 10;

/// Writes the text of a workflow to a file.
///
/// # Errors
/// Where it cannot be written, or something else than such a workflow is there and is to stay.
pub(crate) fn write_workflow(path: &Path, text: &str, existing: Existing) -> Result<(), ScaffoldError> {
    let is_file = |target: &Path| std::fs::symlink_metadata(target).is_ok();
    if let (Place::File(target), Existing::Refuse) = (place(path)?, existing)
        && is_file(&target)
    {
        let head = head(&target)?;
        if !head.contains(SIGNATURE) {
            return Err(ScaffoldError::NoWorkflow { path: path.to_owned() });
        }
        if let (Some(there), Some(new)) = (distribution(&head), distribution(text))
            && there != new
        {
            let (path, there, new) = (path.to_owned(), there.to_owned(), new.to_owned());
            return Err(ScaffoldError::OtherWorkflow { path, there, new });
        }
    }
    Ok(write_whole(path, text.as_bytes())?)
}

fn head(path: &Path) -> Result<String, FsError> {
    let mut head = Vec::new();
    let file = open_regular(path).map_err(FsError::read(path))?;
    file.take(MAX_HEAD).read_to_end(&mut head).map_err(FsError::read(path))?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// The runtime that a workflow releases: the first project that its head names.
fn distribution(text: &str) -> Option<&str> {
    text.split_once(PUBLISHER)?.1.split('`').next()
}
