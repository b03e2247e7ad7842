//! What a project says that users import (PEP 794), as fields of core metadata 2.5.

use std::collections::BTreeSet;

use super::table::Table;

/// The key of the project table, the field and its value.
pub(super) type Field = (&'static str, &'static str, String);

/// The fields that say what is imported; an empty list of names is one field without a value.
pub(super) fn imports(table: &Table) -> Result<Vec<Field>, (&'static str, String)> {
    let lists = [
        ("import-names", "Import-Name", &table.import_names),
        ("import-namespaces", "Import-Namespace", &table.import_namespaces),
    ];
    let mut fields = Vec::new();
    let mut seen = BTreeSet::new();
    for (key, field, names) in lists {
        for stated in names.iter().flatten() {
            let (name, private) = match stated.split_once(';') {
                Some((name, word)) if word.trim() == "private" => (name.trim(), "; private"),
                Some(_) => return Err((key, format!("`{stated}` is no name to import"))),
                None => (stated.as_str(), ""),
            };
            let is_identifier = |part: &str| {
                let letters = part.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
                letters && part.starts_with(|first: char| !first.is_numeric())
            };
            if !name.split('.').all(is_identifier) {
                return Err((key, format!("`{stated}` is no name to import")));
            }
            if !seen.insert(name.to_owned()) {
                return Err((key, format!("`{name}` stands twice")));
            }
            fields.push((key, field, format!("{name}{private}")));
        }
    }
    if table.import_names.as_ref().is_some_and(Vec::is_empty) && fields.is_empty() {
        fields.push(("import-names", "Import-Name", String::new()));
    }
    Ok(fields)
}
