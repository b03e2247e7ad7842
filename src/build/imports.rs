//! What a project says that users import (PEP 794), as fields of core metadata 2.5.

use std::collections::BTreeSet;

use super::table::ProjectTable;
use crate::wheel::import_name::ImportName;

/// The key of the project table, the field and its value.
pub(super) type Field = (&'static str, &'static str, String);

/// The fields that say what is imported; an empty list of names is one field without a value.
pub(super) fn imports(table: &ProjectTable) -> Result<Vec<Field>, (&'static str, String)> {
    let lists = [
        ("import-names", "Import-Name", &table.import_names),
        ("import-namespaces", "Import-Namespace", &table.import_namespaces),
    ];
    let mut fields = Vec::new();
    let mut seen = BTreeSet::new();
    for (key, field, names) in lists {
        for stated in names.iter().flatten() {
            let name: ImportName =
                stated.parse().map_err(|error| (key, format!("`{stated}` is no name to import: {error}")))?;
            if !seen.insert(name.name.clone()) {
                return Err((key, format!("`{}` stands twice", name.name)));
            }
            fields.push((key, field, name.to_string()));
        }
    }
    if table.import_names.as_ref().is_some_and(Vec::is_empty) && fields.is_empty() {
        fields.push(("import-names", "Import-Name", String::new()));
    }
    Ok(fields)
}
