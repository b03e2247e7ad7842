//! The rows of a product's targets: one per wheel of a release.

use std::collections::{HashMap, HashSet};
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::error::ProductError;
use super::runner::RunsOn;
use super::table::Origin;
use crate::error::meant;
use crate::target::{PlatformTag, TargetTriple, is_target, nearest_target};
use crate::version::ReleaseVersion;

/// A platform that a release has a wheel for. Two rows may have one triple, as glibc and musl builds of one program that
/// are both static do; no tag stands in two rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    pub triple: TargetTriple,
    pub platform_tag: PlatformTag,
    /// Further tags that its wheel carries where they are honest.
    pub also: Vec<PlatformTag>,
    /// The GitHub runner that can run the binary.
    pub(crate) runner: RunsOn,
    /// What upstream calls the artefact of a release.
    pub archive: Option<Text>,
}

impl Target {
    /// The tag of the wheel, then its further tags.
    pub(crate) fn tags(&self) -> impl Iterator<Item = &PlatformTag> {
        std::iter::once(&self.platform_tag).chain(&self.also)
    }

    /// Whether a tag is one of its wheel's, under any of the tag's names.
    pub(crate) fn has(&self, tag: &PlatformTag) -> bool {
        self.tags().any(|own| own.canonical() == tag.canonical())
    }
}

/// What is written encoded in the path of a URL; the slashes of a tag or an archive's name part it as any other do.
const PART: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'+').remove(b'/');

/// A text with the parts of a release in braces: `{version}`, `{tag}`, `{triple}`, `{archive}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text(String);

impl Text {
    /// The text as it is read from a key, where each part is one of `known`.
    pub(super) fn new(text: String, known: &[&str]) -> Result<Self, String> {
        let mut rest = text.as_str();
        while let Some((_, after)) = rest.split_once('{') {
            let Some((part, after)) = after.split_once('}') else { return Err(format!("`{text}` has an open brace")) };
            if !known.contains(&part) {
                let known: Vec<_> = known.iter().map(|part| format!("`{{{part}}}`")).collect();
                return Err(format!("`{{{part}}}` is no part of a release; known here are {}", known.join(", ")));
            }
            rest = after;
        }
        Ok(Self(text))
    }

    /// The text for a release and target; `archive` is the name of the target's artefact.
    pub(crate) fn filled(&self, release: &ReleaseVersion, triple: &TargetTriple, archive: &str) -> String {
        self.with_parts(release, triple, archive, str::to_owned)
    }

    /// The same as a URL, in which no part means anything but itself.
    pub(crate) fn filled_url(&self, release: &ReleaseVersion, triple: &TargetTriple, archive: &str) -> String {
        self.with_parts(release, triple, archive, |part| utf8_percent_encode(part, PART).to_string())
    }

    fn with_parts(
        &self,
        release: &ReleaseVersion,
        triple: &TargetTriple,
        archive: &str,
        written: impl Fn(&str) -> String,
    ) -> String {
        let parts = [
            ("{version}", release.spelled().to_owned()),
            ("{tag}", release.tag().to_owned()),
            ("{triple}", triple.to_string()),
            ("{archive}", archive.to_owned()),
        ];
        parts.iter().fold(self.0.clone(), |text, (part, value)| text.replace(part, &written(value)))
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TargetTable {
    triple: String,
    platform_tag: String,
    #[serde(default)]
    also: Vec<String>,
    runner: RunsOn,
    archive: Option<String>,
}

impl TargetTable {
    fn read(self, index: usize, origin: Origin<'_>) -> Result<Target, ProductError> {
        let key = |name: &str| format!("target[{index}].{name}");
        let archive = |text: String| {
            let named = !text.is_empty() && !text.contains(['\\', '\0']) && !text.starts_with('/');
            let read =
                if named { Text::new(text, &["version", "tag", "triple"]) } else { Err("it names no file".into()) };
            read.map_err(|why| origin.refused(&key("archive"), why))
        };
        let target = Target {
            triple: triple(&key("triple"), &self.triple, origin)?,
            platform_tag: platform_tag(&key("platform-tag"), &self.platform_tag, origin)?,
            also: self.also.iter().map(|tag| origin.parse(&key("also"), tag)).collect::<Result<_, _>>()?,
            runner: self.runner,
            archive: self.archive.map(archive).transpose()?,
        };
        for (name, tags) in [("platform-tag", std::slice::from_ref(&target.platform_tag)), ("also", &target.also)] {
            if let Some(tag) = tags.iter().find(|tag| !target.triple.matches(tag)) {
                return Err(origin.refused(&key(name), target.triple.mismatch(tag)));
            }
        }
        if target.platform_tag.is_musllinux() && target.triple.is_linux() && !target.triple.is_musl() {
            let tag = &target.platform_tag;
            let meant = meant(TargetTriple::of_tag(tag));
            let why = format!("`{tag}` is for builds on musl, and `{}` is none{meant}", target.triple);
            return Err(origin.refused(&key("platform-tag"), why));
        }
        let mut seen = HashSet::new();
        if let Some(tag) = target.tags().find(|tag| !seen.insert(*tag)) {
            return Err(origin.refused(&key("also"), format!("`{tag}` is a tag of this target already")));
        }
        if let Some(why) = target.runner.fault() {
            return Err(origin.refused(&key("runner"), why));
        }
        Ok(target)
    }
}

/// The one tag of a row; of a compressed set (PEP 425) all but the first stand in `also`.
fn platform_tag(key: &str, text: &str, origin: Origin<'_>) -> Result<PlatformTag, ProductError> {
    if let Some((first, others)) = text.split_once('.')
        && text.split('.').all(|tag| tag.parse::<PlatformTag>().is_ok())
    {
        let others: Vec<_> = others.split('.').map(|tag| format!("\"{tag}\"")).collect();
        let others = others.join(", ");
        let why = format!("`{text}` is several tags: write `platform-tag = \"{first}\"` and `also = [{others}]`");
        return Err(origin.refused(key, why));
    }
    origin.parse(key, text)
}

/// A triple that a compiler has builds for; any other is taken for a misspelt one.
fn triple(key: &str, text: &str, origin: Origin<'_>) -> Result<TargetTriple, ProductError> {
    match text.parse() {
        Ok(triple) if is_target(text) => Ok(triple),
        _ if text.starts_with("universal2-") => {
            let why = "has builds for two architectures, and a triple names one: a row with a tag of universal2 has \
                       `aarch64-apple-darwin` or `x86_64-apple-darwin` as its triple";
            Err(origin.refused(key, format!("`{text}` {why}")))
        }
        // The compiler has it, and nothing here can read what its builds are for.
        _ if is_target(text) => {
            let why = "is a target that relkit does not know: it has no platform tag of its own";
            Err(origin.refused(key, format!("`{text}` {why}")))
        }
        _ => {
            let meant = meant(nearest_target(text));
            Err(origin.refused(key, format!("`{text}` is no target of Rust's compiler{meant}")))
        }
    }
}

/// The place of the target whose wheel carries a tag, by the tag's canonical form.
pub(super) type RowsByTag = HashMap<PlatformTag, usize>;

/// The targets of a product; no tag may be that of two wheels.
pub(super) fn read(rows: Vec<TargetTable>, origin: Origin<'_>) -> Result<(Vec<Target>, RowsByTag), ProductError> {
    let mut targets: Vec<Target> = Vec::new();
    let mut taken = RowsByTag::new();
    for (index, row) in rows.into_iter().enumerate() {
        let target = row.read(index, origin)?;
        for (tag, name) in target.tags().zip(std::iter::once("platform-tag").chain(std::iter::repeat("also"))) {
            if let Some(row) = taken.get(&tag.canonical()) {
                let other = &targets[*row].triple;
                let why = format!("`{tag}` is a tag of `{other}` already, and no tag stands on two wheels");
                return Err(origin.refused(&format!("target[{index}].{name}"), why));
            }
        }
        let is_alike = |other: &&Target| other.runner != target.runner && other.runner.key() == target.runner.key();
        if let Some(other) = targets.iter().find(is_alike) {
            let why = format!(
                "`{}` and `{}` differ in signs alone, and a workflow takes them for one",
                target.runner, other.runner
            );
            return Err(origin.refused(&format!("target[{index}].runner"), why));
        }
        taken.extend(target.tags().map(|tag| (tag.canonical(), targets.len())));
        targets.push(target);
    }
    match targets.is_empty() {
        true => Err(origin.refused("target", "there is none: a release has a wheel for one target at least")),
        false => Ok((targets, taken)),
    }
}
