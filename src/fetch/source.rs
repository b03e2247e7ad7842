//! Where upstream publishes the artefacts of a product's release, and what each is held against.

use std::path::Path;

use percent_encoding::percent_decode_str;
use url::Url;

use super::error::FetchError;
use super::expected::Expected;
use super::list::{ListError, ListPlace, Lists};
use super::name::file_name;
use crate::digest::Sha256Digest;
use crate::error::Explain;
use crate::http::{self, HttpError};
use crate::product::{RuntimeProject, Target, Text};
use crate::version::ReleaseVersion;
use crate::wheel::name::DistributionName;

/// An artefact of a release.
#[derive(Debug, Clone)]
pub(crate) struct Artefact {
    pub(crate) url: Url,
    /// Its file name.
    pub(crate) name: String,
    /// Its path, as far as a list of checksums may know it.
    pub(crate) path: String,
    /// The targets whose wheels it becomes.
    pub(crate) rows: Vec<Target>,
    /// The list that the product names.
    pub(crate) checksums: Option<ListPlace>,
}

/// What an artefact is held against.
#[derive(Debug, Clone)]
pub(crate) enum Digests {
    /// The list that the product names.
    OfProduct,
    Given(Sha256Digest),
    Listed(ListPlace),
    /// Whatever bytes arrive are taken.
    Unchecked,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("`{distribution}` does not say where upstream's artefacts are")]
    NoSource { distribution: DistributionName },
    #[error("`{key}` of `{distribution}` gives no URL for `{archive}`")]
    Url { distribution: DistributionName, key: &'static str, archive: String, source: HttpError },
    #[error("cannot use the artefact `{archive}` of `{distribution}`")]
    Name { distribution: DistributionName, archive: String, source: FetchError },
}

impl Explain for SourceError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::NoSource { .. } => "write `source` into the [tool.relkit] table of its runtime template, as in \
                 `source = \"https://host/owner/repo/releases/download/{tag}/{archive}\"`; a product without one takes files that \
                 are here already (`relkit fetch URL`, `relkit release --payload FILE`)"
                .into(),
            Self::Url { source, .. } => return source.hint(),
            Self::Name { .. } => "an artefact's name is that of one file; write `archive` without what is not".into(),
        })
    }
}

/// Why there is no digest to hold an artefact against.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DigestsError {
    #[error("nothing says which digest `{name}` must have")]
    Unsaid { name: String },
    #[error(transparent)]
    List(#[from] ListError),
}

impl Explain for DigestsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unsaid { .. } => Some(
                "give its SHA-256 or a list (`--checksums URL_OR_FILE`), or write `checksums` into the product's table; \
                 `--no-digest` takes whatever bytes arrive"
                    .into(),
            ),
            Self::List(error) => error.hint(),
        }
    }
}

impl DigestsError {
    /// Whether it can follow from the artefact's absence.
    pub(crate) fn may_be_absence(&self) -> bool {
        matches!(self, Self::List(error) if error.may_be_absence())
    }
}

/// The artefacts of these targets, in their order; targets that share one stand with it.
pub(crate) fn artefacts<'a>(
    project: &RuntimeProject,
    release: &ReleaseVersion,
    rows: impl IntoIterator<Item = &'a Target>,
) -> Result<Vec<Artefact>, SourceError> {
    let distribution = || project.distribution.clone();
    let source = project.source.as_ref().ok_or_else(|| SourceError::NoSource { distribution: distribution() })?;
    let mut artefacts: Vec<Artefact> = Vec::new();
    for row in rows {
        let archive = row.archive.as_ref().map(|text| text.filled(release, &row.triple, ""));
        let filled = source.filled_url(release, &row.triple, archive.as_deref().unwrap_or_default());
        let refused = |key| {
            let archive = archive.clone().unwrap_or_else(|| row.triple.to_string());
            move |source| SourceError::Url { distribution: distribution(), key, archive, source }
        };
        let url = http::parse_url(&filled).map_err(refused("source"))?;
        if let Some(known) = artefacts.iter_mut().find(|known| known.url == url) {
            known.rows.push(row.clone());
            continue;
        }
        let path = percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
        // Some hosts serve a file below its name, as in `…/NAME/download`.
        let path = match &archive {
            Some(archive) if !path.ends_with(archive.as_str()) => archive.clone(),
            _ => path,
        };
        let last = path.rsplit('/').next().unwrap_or_default();
        let unnamed = |source| SourceError::Name { distribution: distribution(), archive: path.clone(), source };
        let name = file_name(last).map_err(unnamed)?;
        let place = |text: &Text| {
            // A list that is named without a host lies beside the artefact.
            let archive = if text.to_string().contains("://") { archive.as_deref().unwrap_or(&name) } else { &name };
            let listed = url.join(&text.filled_url(release, &row.triple, archive));
            let listed = listed.map_err(|source| HttpError::Url { text: text.to_string(), source });
            listed.map(|url| ListPlace::Url(url.into())).map_err(refused("checksums"))
        };
        let checksums = project.checksums.as_ref().map(place).transpose()?;
        artefacts.push(Artefact { url, name, path, rows: vec![row.clone()], checksums });
    }
    Ok(artefacts)
}

impl Digests {
    /// The digests that an artefact must have; none where any bytes will do.
    pub(crate) fn of(&self, artefact: &Artefact, lists: &mut Lists) -> Result<Option<Expected>, DigestsError> {
        let place = match self {
            Self::Unchecked => return Ok(None),
            Self::Given(digest) => return Ok(Some((*digest).into())),
            Self::Listed(place) => Some(place),
            Self::OfProduct => artefact.checksums.as_ref(),
        };
        let place = place.ok_or_else(|| DigestsError::Unsaid { name: artefact.name.clone() })?;
        Ok(Some(lists.expected(place, &artefact.path)?))
    }
}

impl Artefact {
    /// An artefact of no product.
    pub(crate) fn at(url: Url, path: &Path) -> Self {
        let decoded = percent_decode_str(url.path()).decode_utf8_lossy().into_owned();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { url, name, path: decoded, rows: Vec::new(), checksums: None }
    }
}
