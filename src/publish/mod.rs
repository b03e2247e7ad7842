//! Step 8: everything that speaks HTTP to the world. Fetching release artefacts, and publishing a verified release.

pub mod answer;
pub mod attestation;
mod body;
pub mod claims;
pub mod credentials;
pub mod error;
pub mod event;
pub mod form;
pub mod index;
pub mod plan;
pub mod receipt;
mod report;
pub mod run;
pub mod survey;
pub mod upload;
mod visible;
pub mod wait;

pub(crate) use report::{DryRun, KeptBack};
