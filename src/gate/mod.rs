//! Step 7, the gate before a publish: the set is complete, every file is of one version, the SDK pins exactly that
//! runtime, every distribution is clean, and every wheel was run where receipts are asked for. All problems at once.

pub mod release;

pub use release::{FindingRecord, Outcome, Problem, ReceiptRecord, Release, ReleaseFile, Role};
