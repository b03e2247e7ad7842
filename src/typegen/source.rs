//! Where the schema comes from: a runtime executable, a runtime wheel for this machine, or a directory of schema files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::TypegenError;
use super::schema::Schema;

/// What to generate from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The runtime or its schema.
    pub source: Source,
    /// The version to record where the source does not say it.
    pub version: Option<String>,
    /// The import package of the SDK, whose modules the generated ones import.
    pub module: String,
}

/// A runtime or its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The runtime's executable, for this machine.
    Executable(PathBuf),
    /// A directory that the runtime's `generate-json-schema` wrote.
    Directory(PathBuf),
}

/// A schema and what is recorded about it.
pub(super) struct Found {
    pub schema: Schema,
    pub version: String,
    pub mode: &'static str,
}

/// The mode in which the runtime writes its schema: without methods and fields that it calls experimental.
const MODE: &str = "stable";

pub(super) fn obtain(request: &Request) -> Result<Found, TypegenError> {
    match &request.source {
        Source::Directory(path) => {
            let version = request.version.clone().unwrap_or_else(|| "unknown".into());
            Ok(Found { schema: Schema::load(path)?, version, mode: MODE })
        }
        Source::Executable(program) => {
            let version = version_of(program)?;
            let out = scratch(program)?;
            run(program, &["app-server", "generate-json-schema", "--out"], Some(out.path()))?;
            Ok(Found { schema: Schema::load(out.path())?, version, mode: MODE })
        }
    }
}

fn scratch(program: &Path) -> Result<tempfile::TempDir, TypegenError> {
    tempfile::tempdir().map_err(|source| TypegenError::Start { program: program.to_owned(), source })
}

fn version_of(program: &Path) -> Result<String, TypegenError> {
    let text = run(program, &["--version"], None)?;
    let version = text.split_whitespace().last().unwrap_or_default();
    if !version.starts_with(|first: char| first.is_ascii_digit()) {
        let why = format!("`--version` says `{}`", text.trim());
        return Err(TypegenError::Runtime { program: program.to_owned(), why });
    }
    Ok(version.to_owned())
}

/// Runs the executable in a home of its own and returns its standard output.
fn run(program: &Path, arguments: &[&str], out: Option<&Path>) -> Result<String, TypegenError> {
    let home = scratch(program)?;
    let mut command = Command::new(program);
    command.args(arguments).args(out).env("CODEX_HOME", home.path());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output =
        command.output().map_err(|source| TypegenError::Start { program: program.to_owned(), source })?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let tail = text.trim().lines().last().unwrap_or_default();
        let why = format!("{}: {tail}", output.status);
        return Err(TypegenError::Runtime { program: program.to_owned(), why });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
