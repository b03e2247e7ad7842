//! The whole line on the published payloads of six platforms: six wheels from the six executables under the six tags, one
//! from the package directory of each Linux architecture; installers and checkers as judges, both SDKs as users.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::line::{Line, SIX, leave_out_others, wheel_name};
use crate::support::{
    self, Tools, isolated, package_directory, published_wheel, relkit, run, scratch, skip, succeed, text,
};

const NATIVE: bool = cfg!(all(target_os = "linux", target_arch = "x86_64"));

#[test]
fn the_release_of_six_platforms_passes_and_reports() {
    let Some(line) = Line::made() else { return };
    for (published, tag) in SIX {
        assert!(line.wheel(tag).is_file(), "{published}");
    }
    let stdout = line.stdout();
    assert!(stdout.contains("openai-codex-cli-bin 0.163.0 passed: 6 runtime wheels, 0 errors"), "{stdout}");
    let report = fs::read_to_string(line.file("report.html")).unwrap();
    let summary = fs::read_to_string(line.file("summary.md")).unwrap();
    for fact in ["x86_64-apple-darwin", "macosx_10_9_x86_64", "rust-v0.163.0", "macho-minos"] {
        assert!(report.contains(fact) && summary.contains(fact), "{fact}");
    }
    for said in [&stdout, &summary.replace('\\', ""), &report] {
        assert!(said.contains("no glibc Linux on x86_64 gets a wheel"), "{said}");
    }
    let mut verify = relkit();
    verify.arg("verify").arg(line.dist()).args(["--codex-version", "0.163.0", "--format", "json"]);
    verify.args(leave_out_others());
    let report: Value = serde_json::from_str(&succeed(&mut verify)).unwrap();
    assert_eq!(report["problems"], json!([]));
    // Under these six tags no glibc Linux installs anything.
    let uncovered = report["warnings"].as_array().unwrap().iter().filter(|row| row["code"] == "set-coverage");
    let uncovered: Vec<_> = uncovered.map(|row| row["message"].as_str().unwrap()).collect();
    assert_eq!(uncovered.len(), 2, "{uncovered:?}");
    assert!(uncovered.iter().all(|message| message.contains("glibc Linux")), "{uncovered:?}");
    let coverage = run(relkit().arg("coverage").arg(line.dist()).args(["--require", "debian-12-x86_64"]));
    assert_eq!(coverage.status.code(), Some(1), "{}", text(&coverage));
    // With receipts asked for, the wheels that only ran elsewhere are missing theirs.
    let output = run(verify.arg("--receipts").arg(line.file("release/receipts")));
    assert_eq!(output.status.code(), Some(1));
    let report = support::json(&output);
    let missing = report["problems"].as_array().unwrap().iter().filter(|row| row["code"] == "receipt-missing").count();
    assert_eq!(missing, if NATIVE { 5 } else { 6 }, "{:#}", report["problems"]);
}

/// pip, uv and installer put the wheel down, and nothing that looks at it has anything to say.
fn judge(tools: &Tools, wheel: &Path) {
    let directory = scratch();
    let at = |name: &str| directory.path().join(name);
    let name = wheel.file_name().unwrap().to_str().unwrap();
    let tag = name.trim_end_matches(".whl").rsplit('-').next().unwrap().split('.').next().unwrap();
    let mut pip = tools.pip("download");
    pip.args(["--no-deps", "--no-index", "--only-binary=:all:", "--implementation=py", "--python-version=3.11"]);
    pip.args(["--platform", tag, "openai-codex-cli-bin==0.163.0", "--find-links"]).arg(wheel.parent().unwrap());
    succeed(pip.arg("--dest").arg(at("pip")));
    assert!(at("pip").join(name).is_file(), "pip takes another wheel than {name}");
    let platform = match tag {
        "macosx_11_0_arm64" => "aarch64-apple-darwin",
        "macosx_10_9_x86_64" => "x86_64-apple-darwin",
        "win_arm64" => "aarch64-pc-windows-msvc",
        "win_amd64" => "x86_64-pc-windows-msvc",
        "musllinux_1_1_aarch64" => "aarch64-unknown-linux-musl",
        "musllinux_1_1_x86_64" => "x86_64-unknown-linux-musl",
        "manylinux2014_aarch64" => "aarch64-manylinux2014",
        _ => "x86_64-manylinux2014",
    };
    tools.place_by_uv(wheel, &at("uv"), &["--python-platform", platform]);
    tools.place_by_installer(wheel, &at("installer"));
    tools.check(wheel);
}

#[test]
fn every_judge_takes_a_wheel_of_each_system() {
    let (Some(line), Some(tools)) = (Line::made(), Tools::of_wheels()) else { return };
    for wheel in [line.wheel("macosx_11_0_arm64"), line.wheel("win_amd64"), line.package("x86_64")] {
        judge(&tools, &wheel);
    }
    tools.check(&line.sdk());
}

#[test]
#[ignore = "long: the other five wheels before five judges; every_judge_takes_a_wheel_of_each_system is the short form"]
fn every_judge_takes_every_wheel() {
    let (Some(line), Some(tools)) = (Line::made(), Tools::of_wheels()) else { return };
    let wheels =
        SIX.map(|(_, tag)| line.wheel(tag)).into_iter().chain(["x86_64", "aarch64"].map(|one| line.package(one)));
    wheels.for_each(|wheel| judge(&tools, &wheel));
}

#[test]
fn what_installers_put_down_runs() {
    if !NATIVE {
        return eprintln!("skipped: this machine does not run the x86_64 Linux executable");
    }
    let (Some(line), Some(tools)) = (Line::made(), Tools::of_wheels()) else { return };
    let directory = scratch();
    let at = |name: &str| -> PathBuf { directory.path().join(name) };
    let wheel = line.package("x86_64");
    let mut pip = tools.pip("install");
    succeed(pip.args(["--no-deps", "--no-index", "--no-compile", "--target"]).arg(at("pip")).arg(&wheel));
    tools.place_by_uv(&wheel, &at("uv"), &[]);
    let mut installer = tools.module("installer");
    succeed(installer.args(["--prefix", "/p", "--destdir"]).arg(at("installer")).arg(&wheel));
    let installed = relkit::fs::walk(&at("installer")).unwrap();
    let installed = installed.iter().find(|file| file.relative.ends_with("codex_cli_bin/bin/codex")).unwrap();
    let inside = |name: &str| at(name).join("codex_cli_bin/bin/codex");
    for executable in [inside("pip"), inside("uv"), installed.path.clone()] {
        let version = succeed(Command::new(&executable).arg("--version").env("CODEX_HOME", directory.path()));
        assert_eq!(version, "codex-cli 0.163.0\n", "{}", executable.display());
    }

    // Both SDKs complete a turn: the published one on our wheel, ours on the published wheel and on ours.
    let mut pip = tools.module("pip");
    pip.args(["install", "-q", "--disable-pip-version-check", "--no-deps", "--target"]).arg(at("published-sdk"));
    let fetched = run(pip.args(["openai-codex==0.163.0", "packaging>=26.2"]));
    if !fetched.status.success() {
        return skip(&format!("the published SDK cannot be installed: {}", text(&fetched)));
    }
    let Some(published) = published_wheel("manylinux_2_17_x86_64") else { return };
    tools.place_by_uv(&line.sdk(), &at("our-sdk"), &[]);
    tools.place_by_uv(&published, &at("published"), &[]);
    let ours = support::quickstart();
    let theirs = "from openai_codex import Codex\nwith Codex() as codex:\n    print(codex.thread_start().run('Hello').final_response)\n";
    for (name, sdk, program, runtime) in [
        ("published SDK on our wheel", "published-sdk", theirs, "uv"),
        ("our SDK on our wheel", "our-sdk", &ours, "pip"),
        ("our SDK on the published wheel", "our-sdk", &ours, "published"),
    ] {
        let (sdk, runtime, work) = (at(sdk), at(runtime), at(&name.replace(' ', "-")));
        support::turn(&tools.path("python"), program, &[&sdk, &runtime], &runtime, &work);
    }
}

#[test]
fn a_stage_is_built_to_the_same_bytes_everywhere() {
    let Some(line) = Line::made() else { return };
    let Some(package) = package_directory("win_arm64") else { return };
    let directory = scratch();
    let reference = fs::read(line.wheel("win_arm64")).unwrap();
    for (jobs, mask, place) in [("1", "077", "one"), ("4", "002", "other/deeper")] {
        let place = directory.path().join(place);
        fs::create_dir_all(&place).unwrap();
        let script = format!(
            "umask {mask} && \"$RELKIT\" stage-runtime stage \"$PAYLOAD\" --codex-version 0.163.0 --platform-tag win_arm64 \
             && \"$RELKIT\" build stage --jobs {jobs} --compression fast"
        );
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(&place);
        succeed(
            isolated(&mut shell)
                .env("RELKIT", env!("CARGO_BIN_EXE_relkit"))
                .env("PAYLOAD", package.join("bin/codex.exe")),
        );
        assert!(fs::read(place.join("dist").join(wheel_name("win_arm64"))).unwrap() == reference, "{jobs} jobs");
    }
}
