//! What a product is made from, as a user says it.

use std::path::PathBuf;

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
