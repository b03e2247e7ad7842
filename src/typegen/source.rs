//! Where the schema comes from: a runtime executable, a runtime wheel for this machine, or a directory of schema files.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::TypegenError;
use super::schema::Schema;
use crate::console::text::visible;
use crate::fs::{FsError, Mode, Scratch, set_mode, walk};
use crate::member_path::{child, file_name, parent};
use crate::payload::{Package, WheelProgram};
use crate::product::RuntimeProject;
use crate::scheme;
use crate::version::{PublicVersion, printed};
use crate::wheel::filename::Claim;
use crate::wheel::reader::Wheel;
use crate::zip::archive::Member;
use relkit_client::process::{Invocation, Want};

/// What the names of temporary directories begin with.
const SCRATCH: &str = "relkit-types-";

/// What to generate from, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// The runtime or its schema.
    pub(crate) source: SchemaOrigin,
    /// The version to record where the source does not say it: a directory of schema files never does.
    pub(crate) version: Option<String>,
    /// The import package of the SDK, whose modules the generated ones import.
    pub(crate) module: String,
}

/// A runtime or its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaOrigin {
    /// The runtime's executable, for this machine.
    Executable(PathBuf),
    /// A runtime wheel for this machine.
    Wheel {
        /// The wheel.
        path: PathBuf,
        /// The import package of the product.
        module: String,
        /// The file name of the executable, without `.exe`, where the wheel's descriptor does not name it.
        executable: String,
    },
    /// A directory that the runtime's `generate-json-schema` wrote.
    Directory(PathBuf),
}

impl SchemaOrigin {
    /// What a path is: a directory of schema files, a wheel by its name, else an executable.
    #[must_use]
    pub fn of_path(path: &Path, project: &RuntimeProject) -> Self {
        if path.is_dir() {
            Self::Directory(path.to_owned())
        } else if Claim::of_path(path) == Some(Claim::Wheel) {
            Self::of_wheel(path, project)
        } else {
            Self::Executable(path.to_owned())
        }
    }

    /// A wheel of the product's runtime.
    pub(crate) fn of_wheel(path: &Path, project: &RuntimeProject) -> Self {
        let (module, executable) = (project.module.clone(), project.executable().to_owned());
        Self::Wheel { path: path.to_owned(), module, executable }
    }

    /// The path that was given.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Executable(path) | Self::Wheel { path, .. } | Self::Directory(path) => path,
        }
    }
}

pub(crate) struct Obtained {
    pub(crate) schema: Schema,
    /// The runtime's version in the form of PEP 440; none where the source does not say it.
    pub(crate) version: Option<String>,
}

/// How long a runtime may take to say its version or to write its schema. It takes a fraction of a second.
const DEADLINE: Duration = Duration::from_secs(60);

/// Bytes of standard output; a version is a line.
const MAX_OUTPUT: usize = 1 << 20;

/// Asks the source for its schema.
pub(crate) fn obtain(source: &SchemaOrigin) -> Result<Obtained, TypegenError> {
    match source {
        SchemaOrigin::Directory(path) => Ok(Obtained { schema: Schema::load(path)?, version: None }),
        SchemaOrigin::Executable(program) => ask(program, program),
        SchemaOrigin::Wheel { path, module, executable } => {
            let wheel = Wheel::open(path)?;
            let member = entry_executable(&wheel, module, executable)
                .ok_or_else(|| TypegenError::NoExecutable { path: path.clone(), executable: executable.clone() })?;
            let directory = Scratch::create(SCRATCH)?;
            let program = directory.path().join(file_name(&member.name));
            let mut file = File::create(&program).map_err(FsError::write(&program))?;
            wheel.copy_to(member, &mut file)?;
            drop(file);
            set_mode(&program, Mode::Executable)?;
            ask(&program, path)
        }
    }
}

/// The executable that a wheel is for: what its descriptor names, else the file called `executable` that stands nearest to
/// where a runtime has it, else the only file of an import package's `bin/`. A product of another name is found without its
/// template.
fn entry_executable<'a>(wheel: &'a Wheel, module: &str, executable: &str) -> Option<&'a Member> {
    let program = WheelProgram::in_package(module, executable);
    for descriptor in program.descriptors(wheel.files().map(|member| member.name.as_str())) {
        let bytes = wheel.find(descriptor).and_then(|member| wheel.read(member, Package::MAX_SIZE).ok());
        let entrypoint = bytes.and_then(|bytes| Package::parse(&bytes).ok()?.entrypoint);
        let member = entrypoint.and_then(|entrypoint| wheel.find(&child(parent(descriptor), &entrypoint)));
        if member.is_some() {
            return member;
        }
    }
    let stem = wheel.name().stem();
    let standing = |member: &Member| program.standing(scheme::of(&stem, &member.name));
    let named = wheel.files().filter_map(|member| Some((standing(member)?, member)));
    let named = named.min_by_key(|(standing, member)| (*standing, member.name.matches('/').count(), &member.name));
    named.map(|(_, member)| member).or_else(|| {
        let mut candidates = wheel.files().filter(|member| {
            let (scheme, path) = scheme::of(&stem, &member.name);
            scheme.is_of_packages() && matches!(path.split('/').collect::<Vec<_>>()[..], [_, "bin", _])
        });
        candidates.next().filter(|_| candidates.next().is_none())
    })
}

/// Asks an executable; `origin` is what the user named, for errors.
fn ask(program: &Path, origin: &Path) -> Result<Obtained, TypegenError> {
    let refuse = |why: String| TypegenError::Runtime { program: origin.to_owned(), why, want: None };
    let said = run(program, origin, &["--version"], None)?;
    let version = printed(&said).and_then(|(version, _)| PublicVersion::said(version));
    let version =
        version.ok_or_else(|| refuse(format!("`--version` says `{}`, which names no version", said.trim())))?;
    let out = Scratch::create(SCRATCH)?;
    run(program, origin, &["app-server", "generate-json-schema", "--out"], Some(out.path()))?;
    let schema = Schema::load(out.path()).map_err(|error| match error {
        // The directory is ours, and gone when this is read.
        TypegenError::NoSchema { .. } => {
            let there = walk(out.path()).unwrap_or_default();
            let wrote = there.first().map_or_else(
                || "no file".to_owned(),
                |first| format!("`{}`, and no `.json` file", visible(&first.relative)),
            );
            refuse(format!("`app-server generate-json-schema` wrote {wrote}"))
        }
        TypegenError::Fs(FsError::Read { path, source }) if path != out.path() && path.starts_with(out.path()) => {
            let name = path.strip_prefix(out.path()).unwrap_or(&path).to_string_lossy().into_owned();
            refuse(format!(
                "`app-server generate-json-schema` wrote `{}`, which cannot be read: {source}",
                visible(&name)
            ))
        }
        other => other,
    })?;
    Ok(Obtained { schema, version: Some(version.to_string()) })
}

/// Runs the executable in a home of its own and returns its standard output.
fn run(program: &Path, origin: &Path, arguments: &[&str], out: Option<&Path>) -> Result<String, TypegenError> {
    let home = Scratch::create(SCRATCH)?;
    let program = std::path::absolute(program).map_err(FsError::read(program))?;
    let invocation = Invocation::new(program)
        .arguments(arguments.iter().copied())
        .arguments(out)
        .variable("CODEX_HOME", home.path())
        .directory(home.path());
    let finished = invocation
        .run(DEADLINE, MAX_OUTPUT)
        .map_err(|source| TypegenError::Process { program: origin.to_owned(), source })?;
    if !finished.ending.is_success() {
        let tail = finished.stderr_tail.trim().lines().last().unwrap_or_default().to_owned();
        let why = if tail.is_empty() { finished.ending.to_string() } else { format!("{}: {tail}", finished.ending) };
        let want = Want::said_in(&finished.stderr_tail).map(|want| want.hint);
        return Err(TypegenError::Runtime { program: origin.to_owned(), why, want });
    }
    Ok(String::from_utf8_lossy(&finished.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::source;
    use crate::build::writer::{self, Contents, Options};
    use crate::console::Progress;
    use crate::wheel::wheel_file::Root;

    fn found(files: &[(&str, &str)]) -> Option<String> {
        let member = |path: &str, text: &str| writer::Member {
            path: path.into(),
            mode: Mode::Data,
            source: source::MemberSource::Bytes(text.into()),
        };
        let name = "mytool_bin-1.2.3-py3-none-win_amd64.whl";
        let contents = Contents {
            name: name.parse().unwrap(),
            root: Root::Platlib,
            members: files.iter().map(|(path, text)| member(path, text)).collect(),
            dist_info: vec![member("METADATA", "Metadata-Version: 2.4\nName: mytool-bin\nVersion: 1.2.3\n")],
        };
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        writer::write(&path, &contents, &Options::default(), &Progress::hidden()).unwrap();
        let wheel = Wheel::open(&path).unwrap();
        entry_executable(&wheel, "codex_cli_bin", "codex").map(|member| member.name.clone())
    }

    #[test]
    fn the_executable_of_a_renamed_product_is_found() {
        let descriptor = r#"{"layoutVersion": 1, "entrypoint": "bin/mytool"}"#;
        let (tool, host, init) = (("m/bin/mytool", "x"), ("m/bin/host", "x"), ("m/__init__.py", ""));
        let json = |text| ("m/codex-package.json", text);
        assert_eq!(found(&[init, tool, host, json(descriptor)]).as_deref(), Some("m/bin/mytool"));
        assert_eq!(found(&[init, tool, json("{}")]).as_deref(), Some("m/bin/mytool"));
        assert_eq!(found(&[init, tool]).as_deref(), Some("m/bin/mytool"));
        assert_eq!(found(&[init, tool, ("m/bin/codex.exe", "x")]).as_deref(), Some("m/bin/codex.exe"));
        let script = "mytool_bin-1.2.3.data/scripts/codex";
        assert_eq!(found(&[init, tool, (script, "x")]).as_deref(), Some(script));
        assert_eq!(found(&[init, tool, host]), None);
        assert_eq!(found(&[init]), None);
    }
}
