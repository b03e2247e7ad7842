//! A product out of its payloads: `init` writes the templates with their tables, a README and the release workflow, and
//! `workflow` the last of them alone. Nothing that was there is replaced unless that is asked for.

mod error;
mod kind;
mod names;
mod sdk;
mod survey;
mod tables;
mod workflow;
mod write;

use std::path::PathBuf;

pub use error::ScaffoldError;
pub(crate) use workflow::{Repository, workflow};
pub(crate) use write::{place_in, repository_root, scaffold};

use crate::fs::Existing;

/// What a product is made from.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// The directory of the product.
    pub directory: PathBuf,
    /// Real payloads; without any, a skeleton is written.
    pub payloads: Vec<PathBuf>,
    /// The distribution, the executables (the program first) and the import package, where they are named.
    pub name: Option<String>,
    pub executables: Vec<String>,
    pub module: Option<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// The address of the product's repository.
    pub repository: Option<String>,
    pub with_sdk: bool,
    pub existing: Existing,
}
