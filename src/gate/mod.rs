//! Step 7, the gate before a publish: the set is complete, every file is of one version, the SDK pins exactly that
//! runtime, every distribution is clean, and every wheel was run where receipts are asked for. All problems at once.

mod dist;
mod manifest;
mod pin;
mod receipts;
pub mod release;
mod report;
mod runtime;
mod sdk;
mod verify;

pub use manifest::{ManifestError, differences, read_manifest};
pub use release::{FindingRecord, Problem, ReceiptRecord, Release, ReleaseFile, Role};
pub(crate) use report::Verdict;
pub use verify::{GateError, Request, rules, verify};
