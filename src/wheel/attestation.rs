//! The files of attestations (PEP 740), as far as their names tell: which distribution each lies beside.

use std::path::Path;

use crate::fs::FsError;

/// The file that an attestation is beside: `NAME.attestation` and `NAME.KIND.attestation` attest `NAME`.
pub(crate) fn subject(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".attestation")?;
    Some(stem.rsplit_once('.').filter(|(_, kind)| !matches!(*kind, "whl" | "gz")).map_or(stem, |(subject, _)| subject))
}

/// The names of the attestations that lie beside a file in a directory, sorted.
pub(crate) fn beside(directory: &Path, file: &str) -> Result<Vec<String>, FsError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(FsError::read(directory))? {
        let name = entry.map_err(FsError::read(directory))?.file_name().to_string_lossy().into_owned();
        if subject(&name) == Some(file) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
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
