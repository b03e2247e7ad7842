//! Step 6, the gate before a publish: a dist directory and its receipts under every rule of `check`, held against the
//! release that is expected. All problems at once; what comes out is the release, whose JSON is the manifest.

mod manifest;
mod release;
mod report;
mod upload;
mod verify;

pub use crate::check::Role;
pub(crate) use crate::check::{FailedStep, Half, Published, PublishedFile};
pub(crate) use manifest::must_be_of_manifest;
pub use manifest::{ManifestError, differences, read_manifest};
pub use release::{FindingRecord, Problem, Release, ReleaseFile};
pub(crate) use report::Verdict;
pub(crate) use upload::UploadCommand;
pub(crate) use verify::is_of_gate;
pub use verify::{Options, ReleasePart, verify};
