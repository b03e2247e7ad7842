//! Files that a release has beside its artefacts, as a pattern of a shell names them with the others: by their names.

use std::path::Path;

use crate::wheel::sbom::is_sbom_name;

/// Digests, signatures, lists of parts, and packages of systems.
const ENDINGS: [&str; 24] = [
    ".sha1",
    ".sha256",
    ".sha512",
    ".sha256sum",
    ".sha512sum",
    ".md5",
    ".asc",
    ".sig",
    ".minisig",
    ".pem",
    ".crt",
    ".sigstore",
    ".sigstore.json",
    ".intoto.jsonl",
    ".attestation.json",
    ".sbom",
    ".sbom.json",
    ".spdx",
    ".deb",
    ".rpm",
    ".apk",
    ".msi",
    ".dmg",
    ".pkg",
];

/// How the names of lists of checksums begin and end, without `.txt`.
const LISTS: [&str; 6] = ["sha256sums", "sha512sums", "sha1sums", "md5sums", "shasums256", "checksums"];

/// How the names of archives of sources end, without their ending.
const SOURCES: [&str; 3] = ["src", "source", "sources"];

/// Whether a file is called as none is that a program comes in.
pub(crate) fn is_beside_payloads(path: &Path) -> bool {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase()) else { return false };
    if path.is_dir() {
        return false;
    }
    let plain = name.strip_suffix(".txt").unwrap_or(&name);
    let is_list = LISTS
        .iter()
        .any(|list| plain.strip_suffix(list).is_some_and(|rest| rest.is_empty() || rest.ends_with(['-', '_', '.'])));
    let archive =
        [".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".zip"].iter().find_map(|end| name.strip_suffix(end));
    let is_source =
        archive.is_some_and(|stem| SOURCES.iter().any(|word| stem.rsplit(['-', '_', '.']).next() == Some(word)));
    is_list || is_source || is_sbom_name(&name) || ENDINGS.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_releases() {
        for name in [
            "tool-1.2.3-x64.tar.gz.sha256",
            "tool.asc",
            "tool.cdx.json",
            "tool.SPDX.json",
            "SHA256SUMS",
            "SHA256SUMS.asc",
            "tool_1.2.3_checksums.txt",
            "checksums.txt",
            "tool_1.2.3_amd64.deb",
            "tool-1.2.3-src.tar.gz",
            "source.zip",
        ] {
            assert!(is_beside_payloads(Path::new(name)), "{name}");
        }
        for name in [
            "tool",
            "tool.gz",
            "tool-1.2.3-x64.tar.gz",
            "tool-1.2.3-py3-none-any.whl",
            "tool.exe",
            "checksums-linux",
            "src",
            "resource.zip",
        ] {
            assert!(!is_beside_payloads(Path::new(name)), "{name}");
        }
    }
}
