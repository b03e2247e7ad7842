//! The SDK's types from the pinned runtime's own schema: schema ─▶ model ─▶ Python text, without any Python.
//!
//! `generate()` asks a runtime for its JSON Schema (draft-07) and returns every file of the SDK's `generated` package;
//! [`write()`] puts them in place and [`check()`] says whether they are there already.

mod annotation;
mod build;
mod classes;
mod client_methods;
mod conform;
pub(crate) mod constant;
mod directions;
mod disk;
pub(crate) mod drift;
mod drift_report;
mod emit;
mod error;
mod exposed;
mod fixed_client;
mod fixed_methods;
mod generate;
mod heads;
mod imports;
mod keywords;
mod literals;
mod messages;
mod method_bodies;
mod model;
mod names;
mod order;
mod overrides;
mod parameters;
mod pointer;
mod public_methods;
mod python;
mod registry;
mod report;
mod root;
mod schema;
mod signatures;
mod source;
mod twins;
mod unions;

pub use disk::{FileDifference, check, write};
pub use error::TypegenError;
pub(crate) use generate::generate;
pub use generate::{Generated, from_schema};
pub(crate) use report::{PackageState, Report};
pub use schema::{Mode, Schema};
pub use source::SchemaOrigin;
pub(crate) use source::{Obtained, Options, obtain};
