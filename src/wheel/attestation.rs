//! Attestations (PEP 740): which distribution each lies beside, and the statement that it holds. What an index asks of
//! them besides is of `publish/`.

use std::collections::BTreeMap;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::fs::FsError;

/// What an attestation says, taken out of its envelope.
#[derive(Debug)]
pub(crate) struct Statement(Value);

impl Statement {
    /// Reads the statement of an attestation; the error is the end of a sentence about its file.
    pub(crate) fn of(attestation: &Value) -> Result<Self, String> {
        let envelope = attestation.get("envelope").ok_or("has no `envelope`")?;
        let bytes = decoded(envelope, "statement")?;
        let read = serde_json::from_slice(&bytes);
        read.map(Self).map_err(|error| format!("holds a statement that is not JSON: {error}"))
    }

    /// A text of the statement; empty where there is none.
    pub(crate) fn text(&self, key: &str) -> &str {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn predicate(&self) -> &Value {
        self.0.get("predicate").unwrap_or(&Value::Null)
    }

    /// The name and the SHA-256 of the one file that it is about, each empty where it is not told; the error is the end of
    /// a sentence about its file.
    pub(crate) fn subject(&self) -> Result<(&str, &str), String> {
        let subject = match self.0.get("subject").and_then(Value::as_array).map(Vec::as_slice) {
            Some([subject]) => subject,
            several => return Err(format!("has {} subjects; one is asked for", several.map_or(0, <[_]>::len))),
        };
        let text = |pointer: &str| subject.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        Ok((text("/name"), text("/digest/sha256")))
    }
}

/// The bytes of a Base64 field; the error is the end of a sentence about its file.
pub(crate) fn decoded(object: &Value, name: &str) -> Result<Vec<u8>, String> {
    let text = object.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| format!("has no `{name}`"))?;
    STANDARD.decode(text).map_err(|_| format!("has a `{name}` that is not Base64"))
}

/// The file that an attestation is beside: `NAME.attestation` and `NAME.KIND.attestation` attest `NAME`.
pub(crate) fn subject(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".attestation")?;
    Some(stem.rsplit_once('.').filter(|(_, kind)| !matches!(*kind, "whl" | "gz")).map_or(stem, |(subject, _)| subject))
}

/// The names of the attestations in a directory, sorted, by the file that they are beside.
pub(crate) fn listed(directory: &Path) -> Result<BTreeMap<String, Vec<String>>, FsError> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(directory).map_err(FsError::read(directory))? {
        let name = entry.map_err(FsError::read(directory))?.file_name().to_string_lossy().into_owned();
        if let Some(subject) = subject(&name) {
            found.entry(subject.to_owned()).or_default().push(name);
        }
    }
    found.values_mut().for_each(|names| names.sort());
    Ok(found)
}

/// The names of the attestations that lie beside a file in a directory, sorted.
pub(crate) fn beside(directory: &Path, file: &str) -> Result<Vec<String>, FsError> {
    Ok(listed(directory)?.remove(file).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attestations_are_beside_their_subject() {
        assert_eq!(subject("a-1.whl.publish.attestation"), Some("a-1.whl"));
        assert_eq!(subject("a-1.whl.attestation"), Some("a-1.whl"));
        assert_eq!(subject("a-1.tar.gz.slsa.attestation"), Some("a-1.tar.gz"));
        assert_eq!(subject("a-1.whl.a.b.attestation"), Some("a-1.whl.a"));
        assert_eq!(subject("a-1.whl"), None);
    }
}
