//! Staged trees become distributions: a runtime a wheel, an SDK a wheel and a source distribution.

mod container;
mod dependencies;
mod error;
mod hatch;
mod ignored;
mod imports;
mod output;
mod paths;
mod people;
mod pipeline;
mod project_table;
mod readme;
pub mod retag;
mod sdist;
mod selection;
mod shebang;
pub(crate) mod source;
pub(crate) mod staged;
mod strategy;
mod table;
mod tree;
mod warnings;
mod wheel_files;
mod worker;
pub mod writer;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::{Value, json};

use self::error::StageError;
use self::output::{Options, WriteError, Written, portable_path};
pub(crate) use self::project_table::license_expression;
use self::source::{Member, MemberSource};
use self::staged::Staged;
use self::writer::Contents;
use crate::console::{Progress, Shown};
use crate::digest::Sha256Digest;
use crate::error::{Exit, Explain};
use crate::fs::{Mode, Walked};
use crate::wheel::info;

/// A distribution that was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Built {
    #[serde(serialize_with = "portable_path")]
    pub(crate) path: PathBuf,
    pub(crate) size: u64,
    /// `None` where the options omit it.
    pub(crate) sha256: Option<Sha256Digest>,
    /// How long it took; serialised as milliseconds.
    #[serde(rename = "milliseconds", serialize_with = "milliseconds")]
    pub(crate) elapsed: Duration,
}

impl Shown for Vec<Built> {
    fn json(&self) -> Value {
        json!({ "schema_version": 1, "files": self })
    }
}

fn milliseconds<S: serde::Serializer>(elapsed: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}

/// A build that did not happen; what was there before under the names of its outputs is still there.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error(transparent)]
    Stage(#[from] StageError),
    #[error("`{}` and `{}` both give `{name}`", one.display(), other.display())]
    Collision { one: PathBuf, other: PathBuf, name: String },
    #[error("cannot build `{name}`")]
    Write {
        name: String,
        #[source]
        source: WriteError,
    },
}

impl Explain for BuildError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Stage(error) => error.hint(),
            Self::Collision { .. } => Some("give each stage once".into()),
            Self::Write { source, .. } => source.hint(),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Stage(error) => error.exit(),
            Self::Collision { .. } => Exit::Failed,
            Self::Write { source, .. } => source.exit(),
        }
    }
}

/// Reads every stage before anything is built, so that a wrong one is found at once.
pub fn read_stages(directories: &[PathBuf]) -> Result<Vec<Staged>, BuildError> {
    let mut names: BTreeMap<String, &Path> = BTreeMap::new();
    let mut stages = Vec::new();
    for directory in directories {
        let staged = Staged::read(directory)?;
        let name = staged.wheel_name().to_string();
        if let Some(one) = names.insert(name.clone(), directory) {
            return Err(BuildError::Collision { one: one.to_owned(), other: directory.clone(), name });
        }
        stages.push(staged);
    }
    Ok(stages)
}

/// Builds the distributions of a stage into `out_dir`: its wheel, and for an SDK its source distribution after it.
///
/// A file of the same name is replaced once the new one is complete. `progress` is advanced by the bytes of the wheel's
/// files, of which there are `Staged::payload_size`.
pub fn build(
    staged: &Staged,
    out_dir: &Path,
    options: &Options,
    progress: &Progress,
) -> Result<Vec<Built>, BuildError> {
    let name = staged.wheel_name();
    progress.message(&name.to_string());
    let mut built =
        vec![timed(out_dir, name.to_string(), |path| writer::write(path, &contents(staged), options, progress))?];
    if let Some(name) = staged.sdist_name() {
        built.push(timed(out_dir, name.to_string(), |path| {
            sdist::write(path, &name, &sources(staged), options, &Progress::hidden())
        })?);
    }
    Ok(built)
}

fn timed(
    out_dir: &Path,
    name: String,
    write: impl FnOnce(&Path) -> Result<Written, WriteError>,
) -> Result<Built, BuildError> {
    let start = Instant::now();
    let path = out_dir.join(&name);
    let Written { size, sha256 } = write(&path).map_err(|source| BuildError::Write { name, source })?;
    Ok(Built { path, size, sha256, elapsed: start.elapsed() })
}

fn contents(staged: &Staged) -> Contents {
    let mut dist_info = vec![text("METADATA", staged.metadata.to_string())];
    if !staged.project.entry_points.entries.is_empty() {
        dist_info.push(text("entry_points.txt", staged.project.entry_points.to_string()));
    }
    for (path, file) in &staged.licenses {
        dist_info.push(Member { mode: Mode::Data, ..member(&format!("{}{path}", info::LICENCES), file) });
    }
    dist_info.extend(staged.beside.iter().cloned());
    let members = staged.members.clone();
    Contents { name: staged.wheel_name(), root: staged.root(), members, dist_info }
}

fn sources(staged: &Staged) -> Vec<Member> {
    let mut members: Vec<_> = staged.sources.iter().map(|(path, file)| member(path, file)).collect();
    members.push(text("PKG-INFO", staged.metadata.to_string()));
    members
}

fn member(path: &str, file: &Walked) -> Member {
    let source = MemberSource::File { path: file.path.clone(), size: file.size };
    Member { path: path.to_owned(), mode: file.mode, source }
}

fn text(path: &str, text: String) -> Member {
    Member { path: path.to_owned(), mode: Mode::Data, source: MemberSource::Bytes(text.into_bytes()) }
}
