//! Why a `pyproject.toml` has no `[tool.relkit]` table that can be used.

use crate::error::Explain;

#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file is not TOML, or the table is missing a key, has an unknown one or one of the wrong type.
    #[error("`{origin}` has no usable [tool.relkit] table")]
    Table {
        origin: String,
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value of the table is not what its key says.
    #[error("`{origin}`: {key}")]
    Value {
        origin: String,
        /// As a dotted path.
        key: String,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Explain for ProjectError {
    fn hint(&self) -> Option<String> {
        Some("compare the [tool.relkit] table with that of the built-in template".into())
    }
}
