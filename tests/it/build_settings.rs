//! The build settings of a stage: what relkit's own build carries out gives the files that hatchling gives, and what it does
//! not carry out is refused by name.

mod mixtures;

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;

use crate::samples::binary::elf;
use crate::support::stages::edit;
use crate::support::{Tools, names, relkit, repository, run, set_mode, text, transcript, write_tree};

const HOOK: &str = include_str!("../../runtime-template/hatch_build.py");

const HEAD: &str = r#"[build-system]
requires = ["hatchling>=1.28"]
build-backend = "hatchling.build"

[project]
name = "demo-bin"
version = "1.2.3"
description = "A demo"
readme = "README.md"
requires-python = ">=3.10"
license = "MIT OR Unlicense"
license-files = ["LICENSE-*", "UNLICENSE"]
PROJECT
[tool.relkit]
distribution = "demo-bin"
module = "demo_bin"

[tool.relkit.stage]
kind = "runtime"
release-version = "1.2.3"
platform-tag = "manylinux_2_17_x86_64.musllinux_1_1_x86_64"
"#;

/// The settings that a stage of a general product has.
const GENERAL: &str = r#"
[tool.hatch.build]
ignore-vcs = true

[tool.hatch.build.targets.wheel]
packages = ["src/demo_bin"]
sbom-files = ["sboms/demo.cdx.json"]

[tool.hatch.build.targets.wheel.shared-scripts]
"scripts/demo" = "demo"
"scripts/helper.py" = "demo-helper"

[tool.hatch.build.targets.wheel.shared-data]
"data/share" = "share"

[tool.hatch.build.targets.wheel.hooks.custom]
path = "hatch_build.py"
"#;

const HOOKED: &str = "\n[tool.hatch.build.targets.wheel.hooks.custom]\npath = \"hatch_build.py\"\n";
const PACKAGES: &str = "[tool.hatch.build.targets.wheel]\npackages = [\"src/demo_bin\"]\n";

/// A stage with a file of every kind, and these rows of the project table and settings.
fn stage(directory: &Path, name: &str, project: &str, settings: &str) -> PathBuf {
    let stage = directory.join(name);
    let program = elf(2000);
    let pyproject = HEAD.replace("PROJECT", project) + settings;
    let files: [(&str, &[u8]); 32] = [
        ("pyproject.toml", pyproject.as_bytes()),
        ("hatch_build.py", HOOK.as_bytes()),
        ("README.md", b"# Demo\n"),
        ("LICENSE-MIT", b"MIT\n"),
        ("UNLICENSE", b"None\n"),
        ("extra.txt", b"extra\n"),
        ("src/demo_bin/__init__.py", b"def main():\n    return 0\n"),
        ("src/demo_bin/py.typed", b""),
        ("src/demo_bin/bin/demo", &program),
        ("src/demo_bin/bin/tool", b"#!/usr/bin/python3\n"),
        ("src/demo_bin/notes.txt", b"notes\n"),
        ("src/demo_bin/__pycache__/__init__.cpython-311.pyc", b"junk"),
        ("src/demo_bin/old.pyc", b"junk"),
        ("src/demo_bin/.DS_Store", b"junk"),
        ("src/demo_bin/.venv/lib/a.py", b"junk"),
        ("src/demo_bin/data/dist/a.txt", b"kept\n"),
        ("src/other/__init__.py", b""),
        ("scripts/demo", &program),
        ("scripts/helper.py", b"#!/usr/bin/env python3.11 -E\nprint(1)\n"),
        ("scripts/plain.sh", b"#!/bin/sh\nexec python\n"),
        ("scripts/more/one", b"#! /opt/pypy3/bin/pypy3.10\nx\n"),
        ("scripts/more/two.txt", b"\n#!python\n"),
        ("data/share/man/man1/demo.1", b".TH\n"),
        ("data/share/run.sh", b"#!/usr/bin/python\n"),
        ("data/share/__pycache__/a.py", b"junk"),
        ("data/share/b.pyo", b"junk"),
        ("data/share/.git/config", b"junk"),
        ("data/etc/demo.conf", b"a=1\n"),
        ("sboms/demo.cdx.json", b"{}\n"),
        ("sboms/more/demo.cdx.json", b"{\"a\": 1}\n"),
        ("sboms/rust.cyclonedx.json", b"{\"b\": 1}\n"),
        ("notes/dist/a.txt", b"x\n"),
    ];
    write_tree(&stage, &files);
    for executable in [
        "src/demo_bin/bin/demo",
        "scripts/demo",
        "scripts/helper.py",
        "scripts/plain.sh",
        "scripts/more/one",
        "scripts/more/two.txt",
        "data/share/run.sh",
    ] {
        set_mode(&stage.join(executable), 0o755);
    }
    stage
}

/// The wheel of a stage, or what relkit has against it.
fn build(stage: &Path) -> Result<PathBuf, String> {
    let out = stage.with_extension("dist");
    let output = run(relkit().arg("build").arg(stage).arg("--out-dir").arg(&out));
    let said = text(&output);
    match output.status.code() {
        Some(0) => Ok(out.join(names(&out).remove(0))),
        Some(1 | 2) if names(&out).is_empty() => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        _ => panic!("{said}"),
    }
}

/// What hatchling makes of the stages, and how its wheels differ from relkit's.
fn compare(tools: &Tools, pairs: &[(PathBuf, Option<PathBuf>)]) -> Vec<(String, Vec<String>)> {
    let mut input = String::new();
    for (stage, wheel) in pairs {
        let wheel = wheel.as_ref().map(|wheel| wheel.display().to_string()).unwrap_or_default();
        writeln!(input, "{}\t{wheel}", stage.display()).unwrap();
    }
    let list = pairs[0].0.with_file_name("pairs.txt");
    fs::write(&list, input).unwrap();
    let mut python = tools.python();
    python.arg("-B").arg(repository().join("tests/peers/hatchling_builds.py"));
    let output = run(python.env("PYTHONUTF8", "1").stdin(Stdio::from(fs::File::open(&list).unwrap())));
    assert!(output.status.success(), "{}", text(&output));
    let stdout = String::from_utf8(output.stdout).unwrap();
    let answer = |line: &str| {
        let answer: Value = serde_json::from_str(line).unwrap();
        let told = answer["differences"].as_array().unwrap().iter().map(|row| row.as_str().unwrap().to_owned());
        (answer["hatchling"].as_str().unwrap().to_owned(), told.collect())
    };
    let answers: Vec<_> = stdout.lines().map(answer).collect();
    assert_eq!(answers.len(), pairs.len());
    answers
}

#[test]
fn what_is_carried_out_gives_hatchlings_files() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let wheel = |rows: &str| format!("{PACKAGES}{rows}{HOOKED}");
    let general = |rows: &str| format!("\n{rows}\n{}", wheel(""));
    let cases = [
        ("a general product", GENERAL.to_owned()),
        ("several packages", wheel("").replace("\"src/demo_bin\"", "\"src/other\", \"./src//demo_bin/\"")),
        ("packages of all targets", format!("\n[tool.hatch.build]\npackages = [\"/src/demo_bin\"]\n{HOOKED}")),
        ("no setting at all", HOOKED.to_owned()),
        (
            "a file forced out of its package",
            wheel("force-include = { \"src/demo_bin/notes.txt\" = \"demo_bin/more/n.txt\" }"),
        ),
        (
            "a file forced to where it is",
            wheel("force-include = { \"src/demo_bin/notes.txt\" = \"src/demo_bin/notes.txt\" }"),
        ),
        ("a directory forced with what is excluded", wheel("force-include = { \"data\" = \"demo_bin/data/\" }")),
        ("a directory forced to the top", wheel("force-include = { \"notes\" = \"/\" }")),
        (
            "a file forced at the level of all targets",
            general("[tool.hatch.build.force-include]\n\"extra.txt\" = \"demo_bin/./x/../extra.txt\""),
        ),
        (
            "a target's own goes before",
            format!(
                "\n[tool.hatch.build.force-include]\n\"gone\" = \"a\"\n{}",
                wheel("force-include = { \"extra.txt\" = \"demo_bin/e\" }")
            ),
        ),
        ("forced into .data", wheel("force-include = { \"scripts\" = \"demo_bin-1.2.3.data/scripts\" }")),
        ("forced beside METADATA", wheel("force-include = { \"sboms\" = \"demo_bin-1.2.3.dist-info/sboms\" }")),
        ("a directory of scripts", wheel("shared-scripts = { \"scripts\" = \"/\" }")),
        ("scripts below a directory", wheel("shared-scripts = { \"scripts/more\" = \"sub\" }")),
        (
            "data at the top and below",
            wheel("shared-data = { \"data\" = \"/\", \"extra.txt\" = \"etc/demo/extra.txt\" }"),
        ),
        ("data that loses the packages' beginning", wheel("shared-data = { \"data/etc\" = \"src/etc\" }")),
        ("SBOMs", wheel("sbom-files = [\"sboms/demo.cdx.json\", \"sboms/rust.cyclonedx.json\"]")),
        (
            "an SBOM that is forced elsewhere too",
            wheel(
                "sbom-files = [\"sboms/demo.cdx.json\"]\nforce-include = { \"sboms/demo.cdx.json\" = \"demo_bin/sbom.json\" }",
            ),
        ),
        (
            "defaults",
            wheel(
                "include = []\nexclude = []\nartifacts = []\nonly-include = []\nsources = {}\nonly-packages = false\n\
                 reproducible = true\nstrict-naming = true\nversions = [\"standard\"]\nbypass-selection = false\n\
                 macos-max-compat = false\ndev-mode-dirs = []\ndev-mode-exact = false\nignore-vcs = false\n\
                 core-metadata-version = \"2.4\"\nskip-excluded-dirs = false\nextra-metadata = {}\n",
            ),
        ),
        (
            "settings of other tools of hatch",
            general(
                "[tool.hatch.envs.default]\ndependencies = [\"x\"]\n[tool.hatch.metadata]\nallow-direct-references = true\n[tool.hatch.version]\npath = \"x\"",
            ),
        ),
    ];
    let mut pairs = Vec::new();
    for (number, (what, settings)) in cases.iter().enumerate() {
        let stage = stage(directory.path(), &number.to_string(), "", settings);
        let wheel = build(&stage).unwrap_or_else(|said| panic!("{what}: {said}"));
        pairs.push((stage, Some(wheel)));
    }
    for ((what, _), (hatchling, differences)) in cases.iter().zip(compare(&tools, &pairs)) {
        assert_eq!((hatchling.as_str(), differences), ("built", Vec::new()), "{what}");
    }
}

#[test]
fn what_is_not_carried_out_is_refused_by_name() {
    let wheel = |rows: &str| format!("{PACKAGES}{rows}{HOOKED}");
    let cases = [
        (wheel("include = [\"src\"]"), "tool.hatch.build.targets.wheel.include"),
        (wheel("exclude = [\"*.txt\"]"), "tool.hatch.build.targets.wheel.exclude"),
        (wheel("only-include = [\"src\"]"), "tool.hatch.build.targets.wheel.only-include"),
        (wheel("sources = [\"lib\"]"), "tool.hatch.build.targets.wheel.sources"),
        (wheel("artifacts = [\"*.so\"]"), "tool.hatch.build.targets.wheel.artifacts"),
        (wheel("strict-naming = false"), "tool.hatch.build.targets.wheel.strict-naming"),
        (wheel("macos-max-compat = true"), "tool.hatch.build.targets.wheel.macos-max-compat"),
        (wheel("bypass-selection = true"), "tool.hatch.build.targets.wheel.bypass-selection"),
        (wheel("dev-mode-dirs = [\"src\"]"), "tool.hatch.build.targets.wheel.dev-mode-dirs"),
        (wheel("reproducible = false"), "tool.hatch.build.targets.wheel.reproducible"),
        (wheel("core-metadata-version = \"2.1\""), "tool.hatch.build.targets.wheel.core-metadata-version"),
        (wheel("only-packages = true"), "tool.hatch.build.targets.wheel.only-packages"),
        (wheel("extra-metadata = { \"extra.txt\" = \"a\" }"), "tool.hatch.build.targets.wheel.extra-metadata"),
        (wheel("shared_scripts = { \"scripts\" = \"/\" }"), "tool.hatch.build.targets.wheel.shared_scripts"),
        (wheel("shared-scripts = [\"scripts\"]"), "tool.hatch.build.targets.wheel.shared-scripts"),
        (wheel("shared-scripts = { \"scripts/demo\" = 1 }"), "tool.hatch.build.targets.wheel.shared-scripts"),
        (wheel("shared-scripts = { \"scripts/gone\" = \"gone\" }"), "`scripts/gone`"),
        (wheel("shared-scripts = { \"scripts/demo\" = \"../demo\" }"), "`../demo`"),
        (wheel("shared-data = { \"../x\" = \"x\" }"), "`../x`"),
        (wheel("shared-data = { \"/etc/passwd\" = \"x\" }"), "`/etc/passwd`"),
        (wheel("shared-data = { \"~/x\" = \"x\" }"), "`~/x`"),
        (wheel("shared-data = { \"extra.txt\" = \"/\" }"), "`extra.txt`"),
        (wheel("shared-data = { \"data\" = \"dist\" }"), "hatchling leaves `dist`"),
        (wheel("sbom-files = \"sboms/demo.cdx.json\""), "tool.hatch.build.targets.wheel.sbom-files"),
        (wheel("sbom-files = [\"sboms\"]"), "`sboms` is a directory"),
        (wheel("sbom-files = [\"sboms/gone.json\"]"), "`sboms/gone.json`"),
        (wheel("force-include = { \"hatch_build.py\" = \"demo_bin-1.2.3.dist-info/RECORD\" }"), "RECORD"),
        (wheel("").replace("[\"src/demo_bin\"]", "[]"), "tool.hatch.build.targets.wheel.packages"),
        (format!("\n[tool.hatch.build]\nexclude = [\"a\"]\n{}", wheel("")), "tool.hatch.build.exclude"),
        (format!("\n[tool.hatch.build]\nshared-scripts = {{}}\n{}", wheel("")), "tool.hatch.build.shared-scripts"),
        (format!("\n[tool.hatch.build]\nignore-vcs = 1\n{}", wheel("")), "tool.hatch.build.ignore-vcs"),
        (format!("\n[tool.hatch.build]\ndirectory = \"out\"\n{}", wheel("")), "tool.hatch.build.directory"),
        (format!("\n[tool.hatch.build.hooks.vcs]\nversion-file = \"a\"\n{}", wheel("")), "tool.hatch.build.hooks.vcs"),
        (
            format!("\n[tool.hatch.build.targets.custom]\npath = \"a\"\n{}", wheel("")),
            "tool.hatch.build.targets.custom",
        ),
        (
            format!("\n[tool.hatch.build.targets.sdist]\nexclude = [\"a\"]\n{}", wheel("")),
            "tool.hatch.build.targets.sdist.exclude",
        ),
        (wheel("").replace("hatch_build.py", "other.py"), "tool.hatch.build.targets.wheel.hooks.custom.path"),
        (wheel("") + "enable-by-default = false\n", "tool.hatch.build.targets.wheel.hooks.custom.enable-by-default"),
        ("\n[tool.hatch]\nbuild = 1\n".to_owned(), "tool.hatch.build"),
        (format!("\n[tool.hatch.metadata.hooks.custom]\n{}", wheel("")), "tool.hatch.metadata.hooks"),
        (
            "\n[tool.hatch.build.targets.wheel]\npackages = [\"src/other\"]\n".to_owned() + HOOKED,
            "src/demo_bin/__init__.py",
        ),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (number, (settings, words)) in cases.iter().enumerate() {
        let stage = stage(directory.path(), &number.to_string(), "", settings);
        let said = build(&stage).expect_err(words);
        assert!(said.contains(words) && said.contains("error: "), "{words}: {said}");
    }
    // Metadata too old for what the project says of its imports.
    let older = wheel("core-metadata-version = \"2.4\"");
    let imports = stage(directory.path(), "imports", "import-names = [\"demo_bin\"]", &older);
    let said = build(&imports).expect_err("imports");
    assert!(said.contains("wheel.core-metadata-version` leaves out `import-names`"), "{said}");
    // SBOMs, and a builder that does not know them.
    let sboms = stage(directory.path(), "sboms", "", &wheel("sbom-files = [\"sboms/demo.cdx.json\"]"));
    let project = fs::read_to_string(sboms.join("pyproject.toml")).unwrap();
    let line = project.lines().find(|line| line.starts_with("requires = ")).unwrap();
    for (required, is_known) in [
        ("hatchling", true),
        ("hatchling>=1.20", true),
        ("hatchling==1.28.1", true),
        ("Hatchling~=1.30", true),
        ("hatchling<1.28", false),
        ("hatchling==1.27.0", false),
        ("hatchling~=1.27.0", false),
        ("hatchling>=1.20,<1.28", false),
    ] {
        fs::write(sboms.join("pyproject.toml"), project.replace(line, &format!("requires = [\"{required}\"]")))
            .unwrap();
        let _ = fs::remove_dir_all(sboms.with_extension("dist"));
        match build(&sboms) {
            Ok(_) => assert!(is_known, "{required}"),
            Err(said) => assert!(!is_known && said.contains("`build-system.requires`"), "{required}: {said}"),
        }
    }
    // Another file with settings, and another builder.
    let stage = stage(directory.path(), "whole", "", GENERAL);
    let project = fs::read_to_string(stage.join("pyproject.toml")).unwrap();
    for (from, to, words) in [
        ("hatchling.build", "setuptools.build_meta", "`setuptools.build_meta`"),
        ("build-backend = \"hatchling.build\"\n", "", "build-system.build-backend"),
        ("build-backend", "backend-path = [\".\"]\nbuild-backend", "build-system.backend-path"),
    ] {
        fs::write(stage.join("pyproject.toml"), project.replacen(from, to, 1)).unwrap();
        let said = build(&stage).expect_err(words);
        assert!(said.contains(words), "{said}");
    }
    fs::write(stage.join("pyproject.toml"), project).unwrap();
    fs::write(stage.join("hatch.toml"), "[build.targets.wheel]\nexclude = [\"x\"]\n").unwrap();
    let said = build(&stage).unwrap_err();
    assert!(said.contains("hatch.toml`, line 2: `build.targets.wheel.exclude`"), "{said}");
}

#[test]
fn a_refused_setting_is_told_with_its_line() {
    let directory = tempfile::tempdir().unwrap();
    let settings = GENERAL.replace("sbom-files", "exclude = [\"*.txt\"]\nsbom-files");
    let stage = stage(directory.path(), "stage", "", &settings);
    let said = transcript(relkit().arg("build").arg(&stage), &[(&stage.display().to_string(), "STAGE")]);
    insta::assert_snapshot!(said);
}

#[test]
fn two_files_for_one_path_are_both_named() {
    let directory = tempfile::tempdir().unwrap();
    for (number, (row, one, other)) in [
        ("force-include = { \"extra.txt\" = \"demo_bin/py.typed\" }", "extra.txt", "src/demo_bin/py.typed"),
        (
            "sbom-files = [\"sboms/demo.cdx.json\", \"sboms/more/demo.cdx.json\"]",
            "sboms/demo.cdx.json",
            "sboms/more/demo.cdx.json",
        ),
        (
            "shared-scripts = { \"scripts/demo\" = \"x\", \"scripts/helper.py\" = \"x\" }",
            "scripts/demo",
            "scripts/helper.py",
        ),
    ]
    .iter()
    .enumerate()
    {
        let stage = stage(directory.path(), &number.to_string(), "", &format!("{PACKAGES}{row}{HOOKED}"));
        let said = build(&stage).unwrap_err();
        assert!(said.contains(&format!("{one}`")) && said.contains(&format!("{other}`")), "{said}");
    }
}

#[test]
fn what_version_control_ignores_is_no_silent_difference() {
    let directory = tempfile::tempdir().unwrap();
    let heeded = GENERAL.replace("ignore-vcs = true", "");
    let stage = stage(directory.path(), "stage", "", &heeded);
    fs::create_dir(directory.path().join(".git")).unwrap();
    fs::write(directory.path().join(".gitignore"), "target/\n").unwrap();
    build(&stage).unwrap();
    fs::remove_dir_all(stage.with_extension("dist")).unwrap();
    fs::write(directory.path().join(".gitignore"), "bin/\n").unwrap();
    let said = build(&stage).unwrap_err();
    assert!(
        said.contains("src/demo_bin/bin/demo`") && said.contains(".gitignore") && said.contains("ignore-vcs"),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_script_that_lost_its_execute_bit_is_told_and_restored() {
    let directory = tempfile::tempdir().unwrap();
    let stage = stage(directory.path(), "stage", "", GENERAL);
    let kept = fs::read(build(&stage).unwrap()).unwrap();
    set_mode(&stage.join("scripts/demo"), 0o644);
    let output = run(relkit().arg("build").arg(&stage).arg("--out-dir").arg(stage.with_extension("dist")));
    let said = text(&output);
    assert!(
        output.status.success() && said.contains("`scripts/demo`") && said.contains("lost its execute bit"),
        "{said}"
    );
    assert!(fs::read(build(&stage).unwrap()).unwrap() == kept);
}

#[test]
fn the_metadata_say_what_hatchlings_say() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let rich = r#"
keywords = ["search", "grep", "text", "grep files"]
classifiers = [
    "Typing :: Typed",
    "Programming Language :: Rust",
    "Programming Language :: Python :: 3.14",
    "Programming Language :: Python :: 3.9",
    "Development Status :: 5 - Production/Stable",
]
authors = [
    { name = "A. Author", email = "a@example.org" },
    { name = "Jürgen Müller, \"JM\" (he)" , email = "jm@example.org" },
    { name = "Only a Name" },
    { email = "only@example.org" },
]
maintainers = [{ name = "O'Neil; Team [x]", email = "team@example.org" }, { name = "Übermensch" }]
dependencies = ["pydantic[email] >= 2.12, < 3", "tomli ; python_version < '3.11'"]
gui-scripts = { demo-gui = "demo_bin:main" }
scripts = { "demo-bin" = "demo_bin:main", "a.demo" = "demo_bin.__init__:main" }

[project.urls]
Source = "https://example.org/source?a=b&c"
Homepage = "https://example.org/"
"Bug Tracker" = "https://example.org/bugs#open"

[project.entry-points."pytest11"]
demo = "demo_bin"
[project.entry-points."a.b"]
z = "demo_bin:main"
a = "demo_bin:main"

[project.optional-dependencies]
fast_io = ["uvloop; sys_platform != 'win32' or python_version > '3.12'", "orjson>=3"]
empty = []
"#;
    type Case<'a> = (&'a str, String, &'a [(&'a str, &'a str)]);
    let cases: [Case<'_>; 6] = [
        ("a rich table", rich.to_owned(), &[]),
        (
            "what is imported",
            "import-names = [\"demo_bin\", \"_demo;private\"]\nimport-namespaces = [\"ns\"]\n".into(),
            &[],
        ),
        ("an empty list of people", "authors = []\nkeywords = []\nurls = {}\n".into(), &[]),
        (
            "licence files in directories",
            String::new(),
            &[("\"UNLICENSE\"]", "\"UNLICENSE\", \"licences/*.txt\", \"licences/[ab]\"]")],
        ),
        (
            "a readme in the table",
            String::new(),
            &[("\"README.md\"", "{ text = \"A *demo*\\n\", content-type = \"text/x-rst\" }")],
        ),
        (
            "a licence text",
            String::new(),
            &[
                ("\"MIT OR Unlicense\"", "{ text = \"Mine\\nalone\" }"),
                ("license-files = [\"LICENSE-*\", \"UNLICENSE\"]", ""),
            ],
        ),
    ];
    let mut pairs = Vec::new();
    for (number, (what, project, edits)) in cases.iter().enumerate() {
        let stage = stage(directory.path(), &number.to_string(), project, GENERAL);
        for (from, to) in *edits {
            edit(&stage, from, to);
        }
        write_tree(&stage, &[("licences/one.txt", b"1\n"), ("licences/a", b"2\n"), ("licences/c", b"3\n")]);
        // Lines end as they do in a checkout on Windows.
        fs::write(stage.join("README.md"), "\u{feff}# Über\r\n\r\ntext  \r\n").unwrap();
        let wheel = build(&stage).unwrap_or_else(|said| panic!("{what}: {said}"));
        pairs.push((stage, Some(wheel)));
    }
    for ((what, ..), (hatchling, differences)) in cases.iter().zip(compare(&tools, &pairs)) {
        assert_eq!((hatchling.as_str(), differences), ("built", Vec::new()), "{what}");
    }
    for (row, words) in [
        ("import-names = [\"a b\"]", "project.import-names"),
        ("import-names = [\"a;public\"]", "project.import-names"),
        ("import-names = [\"a\"]\nimport-namespaces = [\"a\"]", "project.import-namespaces"),
    ] {
        let stage = stage(directory.path(), "refused", &format!("{row}\n"), GENERAL);
        let said = build(&stage).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}
