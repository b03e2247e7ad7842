//! Payloads of small products, read and placed, so that a test can list what went where.

use std::path::{Path, PathBuf};

use relkit::console::Progress;
use relkit::error::{Exit, Failure};
use relkit::payload::{Payload, PayloadError, PayloadForm, WheelDirectory};
use relkit::product::RuntimeProject;

use super::{mode, scratch};
use crate::samples::archive::entry;
use crate::samples::wheel::{Sample, linux};

/// The table of a product that is called `demo-bin`, with these rows.
pub fn project(rows: &str) -> RuntimeProject {
    let text = format!(
        "[tool.relkit]\ndistribution = \"demo-bin\"\nmodule = \"demo_bin\"\n{rows}\n\
         [[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-musl\"\nplatform-tag = \"musllinux_1_1_x86_64\"\n\
         runner = \"ubuntu-24.04\"\n"
    );
    RuntimeProject::from_pyproject(&text, "pyproject.toml").unwrap_or_else(|error| panic!("{error:?}"))
}

/// A payload that was read and placed.
#[derive(Debug)]
pub struct Opened {
    pub directory: tempfile::TempDir,
    pub form: PayloadForm,
    /// Place and path of every file, with a `*` where it is to be run.
    pub files: Vec<String>,
    /// Those of the executables, the program first.
    pub executables: Vec<String>,
    pub ignored: Vec<String>,
    pub unmatched: Vec<String>,
    pub wheel_version: Option<String>,
}

impl Opened {
    pub fn bytes(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.directory.path().join("placed").join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }
}

fn directory(place: WheelDirectory) -> &'static str {
    match place {
        WheelDirectory::Package => "package",
        WheelDirectory::Scripts => "scripts",
        WheelDirectory::Data => "data",
        WheelDirectory::Licences => "licenses",
        WheelDirectory::Sboms => "sboms",
    }
}

/// Reads a payload and places it.
pub fn open(project: &RuntimeProject, payload: &Path) -> Result<Opened, PayloadError> {
    let target = scratch();
    let unpacked = target.path().join("unpacked");
    std::fs::create_dir(&unpacked).unwrap();
    let payload = Payload::open(payload, project, &unpacked, &Progress::hidden())?;
    let executables =
        payload.executables().map(|program| format!("{}/{}", directory(program.place), &*program.path)).collect();
    let texts = |paths: &[relkit::member_path::MemberPath]| paths.iter().map(ToString::to_string).collect();
    let (form, ignored, unmatched) =
        (payload.form, texts(&payload.ignored), payload.unmatched.iter().map(|rule| rule.from.clone()).collect());
    let (wheel_version, mut files) = (payload.wheel_version.clone(), Vec::new());
    for file in &payload.files {
        let run = if file.mode.bits() & 0o111 == 0 { "" } else { "*" };
        files.push((format!("{}/{}", directory(file.place), &*file.path), run));
    }
    let placed = target.path().join("placed");
    payload.place(|place| placed.join(directory(place)), &Progress::hidden()).unwrap();
    for (file, run) in &files {
        assert!(cfg!(not(unix)) || mode(&placed.join(file)) == if run.is_empty() { 0o644 } else { 0o755 }, "{file}");
    }
    let files = files.into_iter().map(|(file, run)| file + run).collect();
    Ok(Opened { directory: target, form, files, executables, ignored, unmatched, wheel_version })
}

/// Reads a payload that is refused; the error with its causes and hint.
#[track_caller]
pub fn refused(project: &RuntimeProject, payload: &Path) -> String {
    let failure = Failure::from(open(project, payload).expect_err("it is read"));
    assert_eq!(failure.exit, Exit::NotGood, "{}", failure.render());
    assert!(failure.render().contains("hint: "), "{}", failure.render());
    failure.render()
}

/// A wheel of a distribution with these members; `NAME` in a path stands for the name and version of its directories.
pub fn wheel(directory: &Path, name: &str, version: &str, members: &[(&str, Vec<u8>)]) -> PathBuf {
    let mut sample: Sample = linux();
    sample.info = format!("{name}-{version}.dist-info");
    let path = |path: &str| path.replace("NAME", &format!("{name}-{version}"));
    sample.entries = members.iter().map(|(name, bytes)| entry(&path(name), bytes.clone(), 0o100_644)).collect();
    super::write(directory, &format!("{name}-{version}-py3-none-any.whl"), sample.build())
}
