//! Independent tools judge what `relkit build` writes: the installers, the upload checks, and hatchling as the builder it must
//! agree with.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::stages::{runtime, sdk};
use crate::support::{REAL_VERSION, Tools, names, package_directory, relkit, succeed};

/// What a distribution holds, without the lines that name its writer: members with their modes and bytes, and the
/// metadata as sets of lines. Two wheels that print the same install the same.
const DESCRIBE: &str = r#"
import hashlib, re, sys, tarfile, zipfile
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
def metadata(text):
    head, _, body = text.partition("\n\n")
    lines = []
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        if key == "Requires-Dist": value = str(Requirement(value))
        if key == "Requires-Python": value = str(SpecifierSet(value))
        if key not in ("Metadata-Version", "Generator"): lines.append(f"{key}: {value}")
    return sorted(lines), body
path = sys.argv[1]
if path.endswith(".whl"):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        for info in sorted(archive.infolist(), key=lambda info: info.filename):
            name, data = info.filename, archive.read(info)
            # Other writers leave the file type of generated files out, and on Windows see no execute bits.
            mode = 0 if sys.platform == "win32" else (info.external_attr >> 16) & 0o777
            if name.endswith(("/METADATA", "/WHEEL")): data = metadata(data.decode())
            if name.endswith("/RECORD"): data = sorted(line.split(",")[0] for line in data.decode().splitlines())
            if isinstance(data, bytes) and len(data) > 1 << 16: data = hashlib.sha256(data).hexdigest()
            print(name, oct(mode), data)
else:
    with tarfile.open(path) as archive:
        for info in sorted(archive.getmembers(), key=lambda info: info.name):
            data = archive.extractfile(info).read()
            print(info.name, oct(info.mode & 0o777), metadata(data.decode()) if info.name.endswith("PKG-INFO") else data)
"#;

pub fn describe(tools: &Tools, distribution: &Path) -> BTreeSet<String> {
    let text = succeed(tools.python().args(["-c", DESCRIBE]).arg(distribution));
    text.lines().map(str::to_owned).collect()
}

fn build(stages: &[&Path], out: &Path) -> Vec<PathBuf> {
    succeed(relkit().arg("build").args(stages).arg("--out-dir").arg(out));
    names(out).iter().map(|name| out.join(name)).collect()
}

/// Every installer takes the wheel and every check passes it; returns where pip put it.
fn judge(tools: &Tools, wheel: &Path, directory: &Path) -> PathBuf {
    let tag = wheel.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap();
    let by_pip = directory.join("pip");
    let mut pip = tools.pip("install");
    pip.args(["--no-deps", "--no-index", "--only-binary=:all:", "--implementation=py", "--python-version=3.11"]);
    pip.arg(format!("--platform={}", tag.split('.').next().unwrap()));
    succeed(pip.arg("--target").arg(&by_pip).arg(wheel));
    tools.place_by_uv(wheel, &directory.join("uv"), &[]);
    tools.place_by_installer(wheel, &directory.join("installer"));
    tools.check(wheel);
    by_pip
}

#[test]
fn independent_tools_take_a_runtime_and_an_sdk() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let (runtime, sdk) = (runtime(directory.path(), 3), sdk(directory.path()));
    for (number, file) in build(&[&runtime, &sdk], &directory.path().join("dist")).iter().enumerate() {
        if file.extension().is_some_and(|extension| extension == "whl") {
            judge(&tools, file, &directory.path().join(number.to_string()));
        } else {
            tools.check(file);
        }
    }
}

#[test]
#[ignore = "long: environments of their own; build_settings holds the same files against hatchling's"]
fn hatchling_builds_the_same_from_the_same_stage() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    for (stage, flags) in
        [(runtime(directory.path(), 1), &["--wheel"][..]), (sdk(directory.path()), &["--wheel", "--sdist"])]
    {
        let ours = build(&[&stage], &directory.path().join("ours").join(stage.file_name().unwrap()));
        let theirs = directory.path().join("theirs").join(stage.file_name().unwrap());
        succeed(&mut tools.build(&stage, flags, &theirs));
        assert_eq!(names(&theirs).len(), ours.len());
        for file in &ours {
            let tags = |name: &str| name.split('.').map(str::to_owned).collect::<BTreeSet<_>>();
            let name = file.file_name().unwrap().to_str().unwrap();
            let same = names(&theirs).into_iter().find(|other| tags(other) == tags(name));
            let same = theirs.join(same.unwrap_or_else(|| panic!("{name} is not in {:?}", names(&theirs))));
            assert_eq!(describe(&tools, file), describe(&tools, &same), "{name}");
        }
    }
}

#[test]
fn the_source_distribution_builds_back_into_the_wheel() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let stage = sdk(directory.path());
    let built = build(&[&stage], &directory.path().join("dist"));
    let back = directory.path().join("back");
    let mut pip = tools.pip("wheel");
    pip.args(["--no-deps", "--no-index", "--no-build-isolation", "-w"]);
    succeed(pip.arg(&back).arg(&built[1]));
    let name = names(&back).remove(0);
    assert_eq!(Some(name.as_str()), built[0].file_name().and_then(|name| name.to_str()));
    assert_eq!(describe(&tools, &back.join(&name)), describe(&tools, &built[0]));
}

#[test]
#[ignore = "long: a large wheel before five judges; line_real::every_judge_takes_a_wheel_of_each_system is the short form"]
fn independent_tools_take_the_real_payload() {
    let Some(package) = package_directory("manylinux_2_17_x86_64") else { return };
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let stage = runtime(directory.path(), 0);
    let module = stage.join("src/demo_bin");
    for file in relkit::fs::walk(&package).unwrap() {
        let runs = file.relative.contains('/');
        let mode = if runs { relkit::fs::Mode::Executable } else { relkit::fs::Mode::Data };
        relkit::fs::copy(&file.path, &module.join(&file.relative), mode).unwrap();
    }
    let wheel = build(&[&stage], &directory.path().join("dist")).remove(0);
    let installed = judge(&tools, &wheel, directory.path());
    assert!(fs::read(installed.join("demo_bin/bin/codex")).unwrap() == fs::read(package.join("bin/codex")).unwrap());
    if cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        let version = succeed(Command::new(installed.join("demo_bin/bin/codex")).arg("--version"));
        assert!(version.contains(REAL_VERSION), "{version}");
    }
}
