//! A directory of its own for what is only looked at.

use crate::fs::{FsError, Scratch};

pub(super) fn scratch() -> Result<Scratch, FsError> {
    Scratch::create("relkit-init-")
}
