//! The files of attestations (PEP 740), as far as their names tell: which distribution each lies beside.

/// The file that an attestation is beside: `NAME.attestation` and `NAME.KIND.attestation` attest `NAME`.
pub(crate) fn subject(name: &str) -> Option<&str> {
    let stem = name.strip_suffix(".attestation")?;
    Some(stem.rsplit_once('.').filter(|(_, kind)| !matches!(*kind, "whl" | "gz")).map_or(stem, |(subject, _)| subject))
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
