//! Template, names and payload become a stage: a source tree that any PEP 517 front end can build, written whole or not
//! at all. Edits of `pyproject.toml` live here alone.
//!
//! [`stage_runtime`] puts a payload into the runtime template and settles its platform tag; [`stage_sdk`] sets the
//! SDK's version and pins its runtime exactly.

mod error;
mod pending;
mod pyproject;
mod rename;
mod report;
pub mod runtime;
pub mod sdk;
mod shipped;
mod tags;
mod why;

pub use error::{StageError, StageWarning};
pub(crate) use pyproject::license_pattern;
pub(crate) use rename::holds_placeholder;
pub use runtime::{StagedRuntime, stage_runtime};
pub use sdk::{StagedSdk, stage_sdk};
pub(crate) use why::{TagOrigin, TagReason};
