//! What a wheel holds that a release's page shows: its SBOMs, with how much they list.

use serde_json::Value;

use crate::report::SbomRow;
use crate::wheel::reader::{MAX_TEXT, Wheel, WheelError};

/// The components that are named, of as many as there may be.
const MAX_NAMED: usize = 2000;

/// Every file in `.dist-info/sboms/`, in the order of the archive.
pub(super) fn sboms(wheel: &Wheel) -> Result<Vec<SbomRow>, WheelError> {
    let directory = format!("{}/sboms/", wheel.dist_info());
    let mut rows = Vec::new();
    for member in wheel.files() {
        let Some(file) = member.name.strip_prefix(&directory) else { continue };
        let components = match member.size <= MAX_TEXT {
            true => components(&wheel.read(member, MAX_TEXT)?),
            false => None,
        };
        let named = components.iter().flatten().take(MAX_NAMED).cloned().collect();
        rows.push(SbomRow { file: file.to_owned(), components: components.map(|all| all.len()), names: named });
    }
    Ok(rows)
}

/// `NAME VERSION` of every component of a CycloneDX document, or package of an SPDX one.
pub(super) fn components(document: &[u8]) -> Option<Vec<String>> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let (rows, version) = match document.get("spdxVersion") {
        Some(_) => (document.get("packages"), "versionInfo"),
        None => (document.get("components"), "version"),
    };
    // A document without the list lists none.
    let Some(rows) = rows else { return Some(Vec::new()) };
    let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let named = |row: &Value| format!("{} {}", text(row, "name"), text(row, version)).trim().to_owned();
    Some(rows.as_array()?.iter().map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_of_both_formats_are_named() {
        let names = |text: &str| components(text.as_bytes());
        assert_eq!(names(r#"{"components":[{"name":"a","version":"1"},{"name":"b"}]}"#).unwrap(), ["a 1", "b"]);
        assert_eq!(
            names(r#"{"spdxVersion":"SPDX-2.3","packages":[{"name":"a","versionInfo":"1"}]}"#).unwrap(),
            ["a 1"]
        );
        assert_eq!(names("{}"), Some(Vec::new()));
        assert_eq!(names("["), None);
        assert_eq!(names(r#"{"components":1}"#), None);
    }
}
