//! The runtime distribution of a product: its names, what is shipped of a payload and how it gets on PATH, where upstream
//! publishes it, and which findings are accepted.

use std::collections::BTreeSet;
use std::fmt;

use serde::Deserialize;
use url::Url;

use super::destinations;
use super::error::ProductError;
use super::files::{self, FileRule};
use super::place::KeyPosition;
use super::smoke::{self, Smoke};
use super::table::Origin;
use super::target::{self, RowsByTag, Target, Text};
use crate::error::{meant, nearest};
use crate::target::{PlatformTag, TargetTriple};
use crate::toml_text::TomlText;
use crate::version::{ReleaseVersion, ReleaseVersionError, TagForm};
use crate::wheel::name::DistributionName;

/// How a row of what is accepted names the SDK, and the release.
const SDK: &str = "sdk";
const RELEASE: &str = "release";

#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeProject {
    pub distribution: DistributionName,
    /// The import package that carries the payload.
    pub(crate) module: String,
    /// The file names of the executables, without `.exe`. The first is the program: every payload has it.
    pub(crate) executables: Vec<String>,
    /// The forms of the tags of a release; the first is written, all are read.
    pub(crate) release_tags: Vec<TagForm>,
    /// Where upstream's artefacts are.
    pub source: Option<Text>,
    /// Where the digests of upstream's artefacts are.
    pub checksums: Option<Text>,
    pub(crate) command: Command,
    /// Further names of the command.
    pub aliases: Vec<String>,
    /// What else of a payload is shipped.
    pub files: Vec<FileRule>,
    pub smoke: Smoke,
    /// The platform families that a release promises to serve.
    pub(crate) supports: Vec<PlatformFamily>,
    /// One row per wheel of a release, in the template's order.
    pub targets: Vec<Target>,
    pub accepted: Vec<Accepted>,
    /// The indexes that are published to by name.
    pub(crate) indexes: Vec<Index>,
    /// The row that each tag stands in, by the tag's canonical name.
    rows_by_tag: RowsByTag,
}

/// How the program gets on PATH.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Command {
    /// The program itself is a script of the wheel.
    Scripts,
    /// An entry point starts the program, which lies in the import package.
    Launcher,
    /// Not at all; the program lies in the import package.
    #[default]
    None,
}

impl fmt::Display for Command {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Scripts => "scripts",
            Self::Launcher => "launcher",
            Self::None => "none",
        })
    }
}

/// A family of platforms that a wheel set serves or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum PlatformFamily {
    LinuxGlibc,
    LinuxMusl,
    Macos,
    Windows,
}

/// A finding that a release accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    pub rule: String,
    pub of: AcceptedOf,
    /// Shown with the finding, as one line.
    pub reason: String,
    /// Where the rule is named; none of one that stands in no table.
    pub at: Option<KeyPosition>,
}

/// What a finding is of, and what a row accepts it of: exactly this, and of nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AcceptedOf {
    /// The wheel of a target, or that there is none.
    Target(TargetTriple),
    /// The SDK's distributions, or that there are none.
    Sdk,
    /// The release as a whole, and what lies in its directory and is neither the SDK's nor a target's.
    Release,
}

impl Accepted {
    /// The refusal of a row of a table, where there is no such rule among all.
    pub(crate) fn unknown_among(&self, rules: &[&str]) -> Option<ProductError> {
        let at = self.at.clone().filter(|_| !rules.contains(&self.rule.as_str()))?;
        let meant = meant(nearest(&self.rule, rules.iter().copied()));
        let source = format!("`{}` is no rule that `relkit rule` lists{meant}", self.rule).into();
        Some(ProductError::Value { at, source })
    }
}

/// An index that a product is published to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) upload_url: Url,
    pub(crate) index_url: Option<Url>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuntimeTable {
    distribution: String,
    module: String,
    executable: Option<String>,
    executables: Option<Vec<String>>,
    release_tags: Option<Vec<String>>,
    source: Option<String>,
    checksums: Option<String>,
    #[serde(default)]
    command: Command,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    files: Vec<files::FilesTable>,
    #[serde(default)]
    smoke: smoke::SmokeTable,
    #[serde(default)]
    supports: Vec<PlatformFamily>,
    target: Vec<target::TargetTable>,
    #[serde(default)]
    accept: Vec<AcceptRow>,
    #[serde(default)]
    index: Vec<IndexRow>,
    /// Written into a staged tree; of no concern to a template.
    #[serde(default, rename = "stage")]
    _stage: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AcceptRow {
    rule: String,
    target: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct IndexRow {
    name: String,
    upload_url: String,
    index_url: Option<String>,
}

impl RuntimeProject {
    /// Reads the table from the text of a `pyproject.toml`; `name` names the file in errors.
    pub fn from_pyproject(text: &str, name: &str) -> Result<Self, ProductError> {
        let toml = TomlText::new(text);
        let origin = Origin { name, toml: &toml };
        let table: RuntimeTable = origin.table()?;
        let key = if table.executables.is_some() { "executables" } else { "executable" };
        let executables = executables(table.executable, table.executables, origin)?;
        if table.command != Command::None {
            destinations::check_commands(key, &executables, origin)?;
        }
        let (targets, rows_by_tag) = target::read(table.target, origin)?;
        let rows = table.accept.into_iter().enumerate();
        let accepted = rows.map(|(index, row)| row.read(index, &targets, origin)).collect::<Result<_, _>>()?;
        let rows = table.files.into_iter().enumerate();
        let files = rows.map(|(index, row)| row.read(index, origin)).collect::<Result<_, _>>()?;
        let forms = |forms: Vec<String>| forms.iter().map(|form| origin.parse("release-tags", form)).collect();
        let release_tags: Vec<TagForm> = table.release_tags.map_or_else(|| Ok(TagForm::usual()), forms)?;
        if release_tags.is_empty() {
            return Err(
                origin.refused("release-tags", "there is none, and the tag of a release is written in the first")
            );
        }
        let smoke = table.smoke.read(&executables, origin)?;
        if targets.iter().any(|row| !row.triple.is_windows()) {
            smoke.check_exits(origin)?;
        }
        let project = Self {
            distribution: origin.parse("distribution", &table.distribution)?,
            module: origin.module("module", table.module)?,
            aliases: aliases(table.aliases, table.command, &executables, origin)?,
            smoke,
            executables,
            release_tags,
            source: address("source", table.source, &["version", "tag", "triple", "archive"], origin)?,
            checksums: address("checksums", table.checksums, &["version", "tag", "triple", "archive"], origin)?,
            command: table.command,
            files,
            supports: table.supports,
            rows_by_tag,
            targets,
            accepted,
            indexes: indexes(table.index, origin)?,
        };
        if let Some(index) =
            project.targets.iter().position(|row| row.archive.is_none()).filter(|_| project.needs_archives())
        {
            let why = "it has no `archive`, which `source` names";
            return Err(origin.refused(&format!("target[{index}]"), why));
        }
        destinations::check(&project.files, &project.commands(), origin)?;
        Ok(project)
    }

    fn needs_archives(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.to_string().contains("{archive}"))
    }

    /// The file name of the program, without `.exe`.
    pub(crate) fn executable(&self) -> &str {
        // invariant: a table without an executable is refused.
        self.executables.first().map_or("", String::as_str)
    }

    /// The names that installers put on PATH.
    fn commands(&self) -> Vec<&str> {
        let executables = self.executables.iter().filter(|_| self.command != Command::None);
        executables.chain(&self.aliases).map(String::as_str).collect()
    }

    /// What a file at `path`, from the root of the environment, would stand in the place of.
    pub(crate) fn replaced_by(&self, path: &str) -> Option<String> {
        destinations::replaced(path, &self.commands())
    }

    /// The release that a tag or version names.
    pub fn release(&self, text: &str) -> Result<ReleaseVersion, ReleaseVersionError> {
        ReleaseVersion::named(text, &self.release_tags)
    }

    /// Whether the program is an app server, whose packages carry a descriptor.
    pub(crate) fn is_app_server(&self) -> bool {
        self.smoke.is_of_app_server()
    }

    /// The rows whose wheel carries `tag`: by name, else where a nearby floor (macosx_10_12 for macosx_10_9) still means
    /// the same build.
    pub(crate) fn target_of_tag(&self, tag: &PlatformTag) -> Option<&Target> {
        let exact = self.rows_by_tag.get(&tag.canonical()).and_then(|row| self.targets.get(*row));
        let near = || self.targets.iter().filter(|target| target.triple.matches(tag));
        // A tag of glibc is meant for the build on glibc, where there is one.
        exact.or_else(|| near().find(|target| target.triple.is_musl() == tag.is_musllinux())).or_else(|| near().next())
    }

    /// Whether a tag is that of another row's wheel.
    pub(crate) fn is_of_another(&self, tag: &PlatformTag, row: &Target) -> bool {
        self.targets.iter().any(|other| other != row && other.tags().any(|own| own.canonical() == tag.canonical()))
    }
}

fn executables(
    one: Option<String>,
    several: Option<Vec<String>>,
    origin: Origin<'_>,
) -> Result<Vec<String>, ProductError> {
    let (key, names) = match (one, several) {
        (Some(name), None) => ("executable", vec![name]),
        (None, Some(names)) => ("executables", names),
        (Some(_), Some(_)) => {
            return Err(origin.refused("executables", "`executable` stands beside it: one of them says it"));
        }
        (None, None) => return Err(origin.refused("executable", "it is missing, and so is `executables`")),
    };
    if names.is_empty() {
        return Err(origin.refused(key, "it names none"));
    }
    let names: Vec<_> = names.into_iter().map(|name| origin.file_name(key, name)).collect::<Result<_, _>>()?;
    unique(key, names, origin)
}

/// Names that no file system takes for one.
fn unique(key: &str, names: Vec<String>, origin: Origin<'_>) -> Result<Vec<String>, ProductError> {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(name.to_ascii_lowercase())) {
        Some(name) => Err(origin.refused(key, format!("`{name}` stands there twice"))),
        None => Ok(names),
    }
}

fn aliases(
    names: Vec<String>,
    command: Command,
    executables: &[String],
    origin: Origin<'_>,
) -> Result<Vec<String>, ProductError> {
    let key = "aliases";
    if command == Command::None && !names.is_empty() {
        return Err(origin.refused(key, "there is no command, since `command` is \"none\""));
    }
    let names: Vec<_> = names.into_iter().map(|name| origin.file_name(key, name)).collect::<Result<_, _>>()?;
    if let Some(name) = names.iter().find(|name| executables.iter().any(|own| own.eq_ignore_ascii_case(name))) {
        return Err(origin.refused(key, format!("`{name}` is an executable's own name")));
    }
    destinations::check_commands(key, &names, origin)?;
    unique(key, names, origin)
}

/// The address of a file of a release. What stands in braces is no part of a URL, and cannot change its host.
fn address(key: &str, text: Option<String>, parts: &[&str], origin: Origin<'_>) -> Result<Option<Text>, ProductError> {
    let Some(text) = text else { return Ok(None) };
    let relative = key == "checksums" && !text.contains("://");
    let sample = text.replace(['{', '}'], "x");
    let host_is_plain = text.split('/').nth(2).is_some_and(|host| !host.contains('{'));
    match Url::parse(&sample) {
        _ if relative => {}
        Ok(url) if matches!(url.scheme(), "https" | "http") && host_is_plain => {}
        _ => return Err(origin.refused(key, format!("`{text}` is not the URL of files on a host"))),
    }
    Text::new(text, parts).map(Some).map_err(|why| origin.refused(key, why))
}

fn indexes(rows: Vec<IndexRow>, origin: Origin<'_>) -> Result<Vec<Index>, ProductError> {
    let mut indexes: Vec<Index> = Vec::new();
    for (index, row) in rows.into_iter().enumerate() {
        let key = |name: &str| format!("index[{index}].{name}");
        let url = |name: &str, text: String| -> Result<Url, ProductError> {
            let url: Url = origin.parse(&key(name), &text)?;
            match url.scheme() {
                "https" | "http" if url.has_host() => Ok(url),
                _ => Err(origin.refused(&key(name), "it is not the URL of a server")),
            }
        };
        if row.name.trim().is_empty()
            || row.name.contains(char::is_control)
            || indexes.iter().any(|other| other.name == row.name)
        {
            return Err(origin
                .refused(&key("name"), format!("`{}` is empty, no line of text, or stands there twice", row.name)));
        }
        indexes.push(Index {
            upload_url: url("upload-url", row.upload_url)?,
            index_url: row.index_url.map(|text| url("index-url", text)).transpose()?,
            name: row.name,
        });
    }
    Ok(indexes)
}

impl AcceptRow {
    fn read(self, index: usize, targets: &[Target], origin: Origin<'_>) -> Result<Accepted, ProductError> {
        let key = |name: &str| format!("accept[{index}].{name}");
        let row = || targets.iter().find(|row| row.triple.to_string() == self.target);
        let of = match self.target.as_str() {
            SDK => AcceptedOf::Sdk,
            RELEASE => AcceptedOf::Release,
            _ => AcceptedOf::Target(row().map(|row| row.triple.clone()).ok_or_else(|| {
                let known = targets.iter().map(|row| row.triple.to_string()).chain([SDK, RELEASE].map(str::to_owned));
                let known: Vec<_> = known.collect();
                let meant = meant(nearest(&self.target, known.iter().map(String::as_str)));
                let why = format!(
                    "`{}` is not a target of this template{meant}; what is of no target is accepted by `{SDK}` or `{RELEASE}`",
                    self.target
                );
                origin.refused(&key("target"), why)
            })?),
        };
        // One line, as which it is shown.
        let reason = self.reason.split_whitespace().collect::<Vec<_>>().join(" ");
        if reason.is_empty() {
            return Err(origin.refused(&key("reason"), "a finding is accepted for a reason, and this one is empty"));
        }
        Ok(Accepted { rule: self.rule, of, reason, at: Some(origin.place(&key("rule"))) })
    }
}
