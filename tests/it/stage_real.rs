//! Stages made from the published payloads of six platforms, in every form that a release gives them.

use std::fs;
use std::process::Command;

use relkit::console::Progress;
use relkit::stage::{self, StageError, StageWarning, stage_runtime};

use crate::support::line::executable;
use crate::support::stages::{request, stage, told};
use crate::support::{digest, mode, package_directory, paths, published_wheel, scratch, tree};

/// Published tag, the template's tag, and the tags that the lone executable honestly has.
const EXECUTABLES: [(&str, &str, &str); 6] = [
    ("macosx_11_0_arm64", "macosx_11_0_arm64", "macosx_11_0_arm64"),
    ("macosx_10_9_x86_64", "macosx_10_9_x86_64", "macosx_10_12_x86_64"),
    (
        "musllinux_1_1_aarch64",
        "musllinux_1_1_aarch64",
        "manylinux2014_aarch64.manylinux_2_17_aarch64.musllinux_1_1_aarch64",
    ),
    ("musllinux_1_1_x86_64", "musllinux_1_1_x86_64", "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64"),
    ("win_arm64", "win_arm64", "win_arm64"),
    ("win_amd64", "win_amd64", "win_amd64"),
];

/// Published tag and the tags of the whole package. The ripgrep of Linux on aarch64 is linked against glibc.
const PACKAGES: [(&str, &str); 8] = [
    ("macosx_11_0_arm64", "macosx_11_0_arm64"),
    ("macosx_10_9_x86_64", "macosx_10_12_x86_64"),
    ("manylinux_2_17_aarch64", "manylinux2014_aarch64.manylinux_2_17_aarch64"),
    ("manylinux_2_17_x86_64", "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64"),
    ("musllinux_1_1_aarch64", "manylinux_2_28_aarch64"),
    ("musllinux_1_1_x86_64", "manylinux_2_28_x86_64"),
    ("win_arm64", "win_arm64"),
    ("win_amd64", "win_amd64"),
];

#[test]
fn six_executables_give_six_stages_with_six_tags() {
    for (published, tag, honest) in EXECUTABLES {
        let Some(package) = package_directory(published) else { return };
        let directory = scratch();
        let out = directory.path().join("out");
        // A release names its executables by target, not by what they are called in the end.
        let payload = directory.path().join(format!("codex-{published}"));
        fs::copy(executable(&package), &payload).unwrap();
        let given = stage::runtime::Options { platform_tag: Some(tag.parse().unwrap()), ..request(&out, &payload) };
        let staged = stage_runtime(&given, &Progress::hidden()).unwrap_or_else(|error| panic!("{}", told(error).0));
        assert_eq!(staged.platform_tag.to_string(), tag);
        let floor = tag == "macosx_10_9_x86_64";
        let dishonest = staged.warnings.iter().any(|warning| matches!(warning, StageWarning::Dishonest { .. }));
        assert_eq!(dishonest, floor, "{tag}: {:?}", staged.warnings);
        let placed = executable(&out.join("src/codex_cli_bin"));
        assert_eq!(digest(&placed), digest(&payload));
        assert!(cfg!(not(unix)) || mode(&placed) == 0o755);
        fs::remove_dir_all(&out).unwrap();

        let staged = stage(&out, &payload).unwrap_or_else(|error| panic!("{}", told(error).0));
        assert_eq!(staged.platform_tag.to_string(), honest);
        fs::remove_dir_all(&out).unwrap();

        for (_, other, _) in EXECUTABLES.iter().filter(|(other, _, _)| *other != published) {
            let wrong =
                stage::runtime::Options { platform_tag: Some(other.parse().unwrap()), ..request(&out, &payload) };
            let error = stage_runtime(&wrong, &Progress::hidden()).unwrap_err();
            assert!(matches!(error, StageError::WrongMachine { .. }), "{published} as {other}");
            let text = told(error).0;
            let first = honest.split('.').next_back().unwrap();
            assert!(text.contains(&format!("`{first}`")), "{text}");
            assert!(!out.exists());
        }
    }
}

#[test]
fn a_published_wheel_and_its_package_directory_give_one_stage() {
    // One of each system, and both that are not what their names say.
    assert_one_stage(&[PACKAGES[1], PACKAGES[2], PACKAGES[5], PACKAGES[6]]);
}

#[test]
#[ignore = "long: the other four; a_published_wheel_and_its_package_directory_give_one_stage is the short form"]
fn every_published_wheel_and_its_package_directory_give_one_stage() {
    assert_one_stage(&PACKAGES);
}

fn assert_one_stage(packages: &[(&str, &str)]) {
    for &(published, honest) in packages {
        let Some(package) = package_directory(published) else { return };
        let Some(wheel) = published_wheel(published) else { return };
        let directory = scratch();
        let (one, other) = (directory.path().join("one"), directory.path().join("other"));
        let staged = stage(&one, &wheel).unwrap_or_else(|error| panic!("{published}: {}", told(error).0));
        assert_eq!(staged.platform_tag.to_string(), honest, "{published}: {:?}", staged.warnings);
        stage(&other, &package).unwrap();
        assert_eq!(paths(&one), paths(&other));
        let module = one.join("src/codex_cli_bin");
        assert_eq!(
            paths(&module).into_iter().filter(|path| !path.ends_with(".py") && path != "py.typed").collect::<Vec<_>>(),
            paths(&package)
        );
        for path in paths(&package) {
            assert_eq!(digest(&module.join(&path)), digest(&package.join(&path)), "{path}");
            if cfg!(unix) {
                let run = ["bin/", "codex-path/"].iter().any(|place| path.starts_with(place));
                let helper = path.starts_with("codex-resources/")
                    && (path.contains("/lib/")
                        || path.contains("/bin/")
                        || path.ends_with("bwrap")
                        || path.ends_with(".exe"));
                let expected = if run || helper { 0o755 } else { 0o644 };
                assert_eq!(mode(&module.join(&path)), expected, "{published}: {path}");
                assert_eq!(mode(&other.join("src/codex_cli_bin").join(&path)), expected, "{published}: {path}");
            }
        }
    }
}

#[test]
fn archives_of_a_real_package_give_the_stage_of_the_package() {
    let Some(package) = package_directory("win_arm64") else { return };
    let directory = scratch();
    let reference = directory.path().join("reference");
    stage(&reference, &package).unwrap();
    let reference = tree(&reference);
    let parent = package.parent().unwrap();
    let name = package.file_name().unwrap();
    for (archive, compressor, members, at) in [
        ("flat.tar.gz", "gzip -1", std::ffi::OsStr::new("."), package.as_path()),
        ("folder.tar.zst", "zstd -1 -q", name, parent),
    ] {
        let path = directory.path().join(archive);
        let mut tar = Command::new("tar");
        tar.arg("-C").arg(at).args(["-I", compressor, "-cf"]).arg(&path).arg(members);
        if !tar.output().is_ok_and(|output| output.status.success()) {
            eprintln!("skipped: `tar -I '{compressor}'` does not work here");
            continue;
        }
        let out = directory.path().join("out");
        stage(&out, &path).unwrap_or_else(|error| panic!("{archive}: {}", told(error).0));
        assert_eq!(tree(&out), reference, "{archive}");
        fs::remove_dir_all(&out).unwrap();
        // Cut anywhere, it is refused.
        let half = fs::metadata(&path).unwrap().len() / 2;
        fs::File::options().write(true).open(&path).unwrap().set_len(half).unwrap();
        let (text, _) = told(stage(&out, &path).unwrap_err());
        assert!(text.contains("damaged"), "{text}");
        fs::remove_file(&path).unwrap();
    }
}
