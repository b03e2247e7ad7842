//! The release manifest, read back: what `verify --manifest` wrote must be what is published.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::release::{Release, ReleaseFile, SCHEMA_VERSION};
use crate::error::{Exit, Explain, Failure};
use crate::fs::{self, FsError, JsonError, from_json};

/// A manifest that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error(transparent)]
    Read(#[from] FsError),
    #[error("`{}` is not a release manifest", path.display())]
    Parse {
        path: PathBuf,
        #[source]
        source: JsonError,
    },
}

impl Explain for ManifestError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read(error) => error.hint(),
            Self::Parse { .. } => Some("write it with `relkit verify --manifest FILE`, by this relkit".into()),
        }
    }
}

pub fn read_manifest(path: &Path) -> Result<Release, ManifestError> {
    from_json(&fs::read(path)?, SCHEMA_VERSION).map_err(|source| ManifestError::Parse { path: path.to_owned(), source })
}

/// Refuses a release that is not the one of the manifest.
pub(crate) fn must_be_of_manifest(path: &Path, release: &Release) -> Result<(), Failure> {
    let differences = differences(&read_manifest(path)?, release);
    if differences.is_empty() {
        return Ok(());
    }
    let mut failure = Failure::new(Exit::NotGood, format!("the release is not that of `{}`", path.display()));
    failure.chain.extend(differences);
    Err(failure.with_hint(
        "publish the very files that were verified, or write the manifest again with `relkit verify --manifest`",
    ))
}

/// How a release differs from its manifest, one sentence each; none where both are the same files.
pub fn differences(manifest: &Release, release: &Release) -> Vec<String> {
    let mut differences = Vec::new();
    if !manifest.product.is_same(&release.product) {
        let (then, now) = (&manifest.product, &release.product);
        differences.push(format!("the manifest is of the product `{then}`, the release of `{now}`"));
    }
    if manifest.release_version != release.release_version {
        let (then, now) = (&manifest.release_version, &release.release_version);
        differences.push(format!("the manifest is of version {then}, the release of {now}"));
    }
    let (before, after) = (by_name(&manifest.files), by_name(&release.files));
    // The manifest of a whole release serves each of its halves.
    for then in manifest.files.iter().filter(|then| release.has(then.role)) {
        match after.get(then.name.as_str()) {
            None => differences.push(format!("`{}` is gone", then.name)),
            Some(now) if (now.sha256, now.bytes) != (then.sha256, then.bytes) => {
                differences
                    .push(format!("`{}` changed: its SHA-256 was {}, and is {}", then.name, then.sha256, now.sha256));
            }
            Some(_) => {}
        }
    }
    for now in &release.files {
        if !before.contains_key(now.name.as_str()) {
            differences.push(format!("`{}` is new", now.name));
        }
    }
    differences
}

/// The first of each name.
fn by_name(files: &[ReleaseFile]) -> HashMap<&str, &ReleaseFile> {
    files.iter().rev().map(|file| (file.name.as_str(), file)).collect()
}
