//! What is kept of a checked file: enough to hold it against the others of its release, without its bytes.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};

use pep440_rs::Version;
use serde::{Deserialize, Serialize};

use super::embedded::Mentions;
use super::sdist::SdistSubject;
use super::wheel::{WheelSubject, is_python_source};
use crate::check::coverage::Candidate;
use crate::digest::Sha256Digest;
use crate::error::sentence;
use crate::fs::digest_of;
use crate::payload::DESCRIPTOR;
use crate::product::{RuntimeProject, SdkProject, Target};
use crate::target::PlatformTag;
use crate::wheel::filename::Claim;
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::reader::admissible;

/// What a file is of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    RuntimeWheel,
    SdkWheel,
    SdkSdist,
}

#[derive(Debug, Clone)]
pub struct Summary {
    pub(crate) path: PathBuf,
    /// `None` where it was not asked for; see [`Summary::sha256`].
    pub(in crate::check) told_sha256: Option<Sha256Digest>,
    pub(crate) size: u64,
    /// By its name.
    pub(crate) role: Option<Role>,
    /// The name in the file name; none where that cannot be parsed.
    pub(crate) name: Option<DistributionName>,
    /// The version in the file name.
    pub(crate) version: Option<Version>,
    /// The same as it is spelled there.
    pub(crate) spelled_version: String,
    /// What installers see of a wheel.
    pub(crate) candidate: Option<Candidate>,
    pub(crate) platforms: Vec<PlatformTag>,
    /// METADATA or PKG-INFO, where it can be read.
    pub(crate) metadata: Option<Metadata>,
    /// Every file that could be unpacked, with its digest: of a wheel those outside of dist-info, of a source
    /// distribution those below its top directory and `src/`.
    pub(crate) files: BTreeMap<String, Sha256Digest>,
    /// Of every Python file of a wheel, the digest of its text with lines ended by LF.
    pub(crate) python: BTreeMap<String, Sha256Digest>,
    /// The digest of METADATA with lines ended by LF, and that of the file.
    pub(crate) metadata_digests: Option<[Sha256Digest; 2]>,
    /// Why no installer should take it; what it says of itself is then not to be relied on.
    pub(crate) refusal: Option<String>,
    /// What the runtime's executable says of its version, where that was asked for.
    pub(crate) mentions: Option<Mentions>,
    /// The text of the runtime's package description.
    pub(crate) package: Option<Vec<u8>>,
    /// The text of the head of the SDK's generated types.
    pub(crate) types: Option<Vec<u8>>,
    /// The text of a source distribution's pyproject.toml.
    pub(crate) pyproject: Option<Vec<u8>>,
}

impl Summary {
    /// The file's digest, for which it is read where that was not asked for; `None` where that cannot be done any more.
    pub(crate) fn sha256(&self) -> Option<Sha256Digest> {
        self.told_sha256.or_else(|| digest_of(&self.path).ok())
    }

    pub(crate) fn of_wheel(wheel: &mut WheelSubject, sdk: Option<&SdkProject>) -> Self {
        let name = wheel.name.as_ref().ok();
        let info = wheel.dist_info.as_ref().map(|directory| format!("{directory}/")).unwrap_or_default();
        let files = wheel.files().filter(|(member, _)| info.is_empty() || !member.name.starts_with(&info));
        let metadata_digests = wheel.file(&format!("{info}METADATA")).and_then(|(_, scanned)| {
            let whole = scanned.sha256?;
            Some([scanned.text.as_ref().map_or(whole, |text| with_plain_lines(text)), whole])
        });
        let text = |path: &str| wheel.file(path).and_then(|(_, scanned)| scanned.text.clone());
        let refusal = match admissible(&wheel.archive) {
            Err(error) => Some(sentence(&error)),
            Ok(_) => unusable(wheel, "METADATA", wheel.metadata.as_ref())
                .or_else(|| unusable(wheel, "WHEEL", wheel.wheel_file.as_ref()))
                .or_else(|| unusable(wheel, "RECORD", wheel.record.as_ref())),
        };
        Self {
            path: wheel.path.clone(),
            told_sha256: wheel.sha256,
            size: wheel.archive.size(),
            role: match name.map(|name| &name.distribution) {
                Some(name) if name.is_same(&wheel.runtime.distribution) => Some(Role::RuntimeWheel),
                Some(name) if sdk.is_some_and(|sdk| name.is_same(&sdk.distribution)) => Some(Role::SdkWheel),
                _ => None,
            },
            name: name.map(|name| name.distribution.clone()),
            version: name.and_then(|name| name.pep440()),
            spelled_version: name.map(|name| name.version.clone()).unwrap_or_default(),
            candidate: name.map(|name| Candidate::of_wheel(name, &wheel.file_name).requiring(wheel.good_metadata())),
            platforms: wheel.platforms(),
            metadata: wheel.good_metadata().cloned(),
            files: files.filter_map(|(member, scanned)| Some((member.name.clone(), scanned.sha256?))).collect(),
            python: wheel
                .files()
                .filter(|(member, _)| is_python_source(&member.name))
                .filter_map(|(member, scanned)| Some((member.name.clone(), with_plain_lines(scanned.text.as_ref()?))))
                .collect(),
            metadata_digests,
            refusal,
            package: text(&format!("{}/{DESCRIPTOR}", wheel.runtime.module)),
            types: sdk.and_then(|sdk| text(&types_path(sdk))),
            pyproject: None,
            mentions: wheel.mentions.take(),
        }
    }

    pub(crate) fn of_sdist(mut sdist: SdistSubject, runtime: &RuntimeProject, sdk: Option<&SdkProject>) -> Self {
        let refusal = sdist.usable_metadata().err().map(|error| sentence(&error));
        let below_src = |path: &str| path.strip_prefix("src/").unwrap_or(path).to_owned();
        let files = sdist.files().map(|(path, digest)| (below_src(path), digest)).collect();
        let name = sdist.name.ok();
        Self {
            path: sdist.path,
            told_sha256: Some(sdist.sha256),
            size: sdist.size,
            role: name
                .as_ref()
                .map(|name| &name.distribution)
                .filter(|name| !name.is_same(&runtime.distribution))
                .filter(|name| sdk.is_some_and(|sdk| name.is_same(&sdk.distribution)))
                .map(|_| Role::SdkSdist),
            version: name.as_ref().and_then(|name| name.pep440()),
            spelled_version: name.as_ref().map(|name| name.version.clone()).unwrap_or_default(),
            name: name.map(|name| name.distribution),
            candidate: None,
            platforms: Vec::new(),
            metadata: sdist.metadata.and_then(Result::ok),
            files,
            python: BTreeMap::new(),
            metadata_digests: None,
            refusal,
            mentions: None,
            package: None,
            types: sdist.texts.pop_first().map(|(_, text)| text),
            pyproject: sdist.pyproject,
        }
    }

    pub(crate) fn is_of(&self, distribution: &DistributionName) -> bool {
        self.name.as_ref().is_some_and(|name| name.is_same(distribution))
    }

    /// The targets of the runtime that a wheel of it serves.
    pub(crate) fn targets<'a>(&self, runtime: &'a RuntimeProject) -> Vec<&'a Target> {
        let own: &[PlatformTag] = if self.is_of(&runtime.distribution) { &self.platforms } else { &[] };
        let mut targets: Vec<&Target> = Vec::new();
        for target in own.iter().filter_map(|tag| runtime.target_of_tag(tag)) {
            if !targets.contains(&target) {
                targets.push(target);
            }
        }
        targets
    }

    /// Whether the file is a wheel for some platforms only.
    pub(crate) fn is_platform_wheel(&self) -> bool {
        !self.platforms.is_empty() && !self.platforms.contains(&PlatformTag::Any)
    }

    pub(crate) fn is_wheel(&self) -> bool {
        is_wheel(&self.path)
    }

    pub(crate) fn label(&self) -> String {
        self.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// Why a file of the dist-info directory cannot be relied on.
fn unusable<T, E: Error + 'static>(wheel: &WheelSubject, file: &str, read: Option<&Result<T, E>>) -> Option<String> {
    let member = wheel.dist_info_member(file)?;
    let why = match (read, wheel.file(&member)) {
        (Some(Ok(_)), _) => return None,
        (Some(Err(error)), _) => sentence(error),
        (None, None) => return Some(format!("it has no `{member}`")),
        (None, Some((_, scanned))) => {
            let damaged = scanned.error.as_ref().map(|error| sentence(error));
            damaged.or_else(|| wheel.unread(&member)).unwrap_or_else(|| "the file cannot be unpacked".to_owned())
        }
    };
    Some(format!("its `{member}` cannot be used: {why}"))
}

pub(crate) fn is_wheel(path: &Path) -> bool {
    Claim::of_path(path) == Some(Claim::Wheel)
}

/// Where an SDK's generated types say what they were generated from.
pub(crate) fn types_path(sdk: &SdkProject) -> String {
    format!("{}/generated/__init__.py", sdk.module)
}

/// The digest of a text with its lines ended by LF, as Python reads it.
fn with_plain_lines(text: &[u8]) -> Sha256Digest {
    let mut plain = Vec::with_capacity(text.len());
    for (index, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(index + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    Sha256Digest::of(&plain)
}
