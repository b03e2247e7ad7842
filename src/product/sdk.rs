//! The SDK distribution of a product, and the runtime that it pins.

use serde::Deserialize;

use super::error::ProductError;
use super::table::Origin;
use crate::toml_text::TomlText;
use crate::wheel::name::DistributionName;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkProject {
    pub(crate) distribution: DistributionName,
    /// The import package.
    pub(crate) module: String,
    /// The distribution that is pinned.
    pub(crate) runtime_distribution: DistributionName,
    pub(crate) runtime_module: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SdkTable {
    distribution: String,
    module: String,
    runtime_distribution: String,
    runtime_module: String,
    /// Written into a staged tree; of no concern to a template.
    #[serde(default, rename = "stage")]
    _stage: Option<toml::Table>,
}

impl SdkProject {
    /// Reads the table from the text of a `pyproject.toml`; `name` names the file in errors.
    pub fn from_pyproject(text: &str, name: &str) -> Result<Self, ProductError> {
        let toml = TomlText::new(text);
        let origin = Origin { name, toml: &toml };
        let table: SdkTable = origin.table()?;
        Ok(Self {
            distribution: origin.parse("distribution", &table.distribution)?,
            runtime_distribution: origin.parse("runtime-distribution", &table.runtime_distribution)?,
            module: origin.module("module", table.module)?,
            runtime_module: origin.module("runtime-module", table.runtime_module)?,
        })
    }
}
