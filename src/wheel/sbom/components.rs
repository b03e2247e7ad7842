//! What an SBOM lists, for people to read; whether the document is sound is judged elsewhere.

use serde_json::Value;

/// `NAME VERSION` of every component of a CycloneDX document, or package of an SPDX one.
pub(crate) fn components(document: &[u8]) -> Option<Vec<String>> {
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
