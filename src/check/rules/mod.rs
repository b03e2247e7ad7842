//! The rules, one file per family of them.

pub(crate) mod archive;
pub(crate) mod binary;
pub(crate) mod contents;
pub(crate) mod dist_info;
pub(crate) mod metadata;
pub(crate) mod names;
pub(crate) mod receipt;
pub(crate) mod record;
pub(crate) mod release;
pub(crate) mod sdist;
pub(crate) mod set;
