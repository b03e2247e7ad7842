//! What a project requires (PEP 508), and what its extras add.

use super::table::{TableError, value};
use crate::wheel::requirement::{Requirement, RequirementSource};

pub(super) fn requirement(key: &str, text: &str) -> Result<Requirement, TableError> {
    let found: Requirement = text.parse().map_err(|error| value(key, error))?;
    if matches!(found.source, RequirementSource::Url(_)) {
        return Err(value(key, format!("`{text}` names an address, which package indexes refuse")));
    }
    Ok(found)
}
