//! The HTML report in a real browser: nothing overflows on a desktop, a phone or paper, and nothing is asked from elsewhere.

use std::fs;
use std::process::Command;

use relkit::error::Outcome;
use relkit::report::{CoverageRow, FileRow, FindingRow, ProblemRow, Release, StepRow, TargetRow};

use crate::support::{run, text};

/// A release with everything that a page can show, in names as long as real ones.
fn sample() -> Release {
    let step = |name: &str, outcome, detail: &str| StepRow {
        name: name.into(),
        outcome,
        detail: detail.into(),
        milliseconds: 12_345,
    };
    let wheel = "openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl";
    let targets =
        ["aarch64-apple-darwin", "x86_64-unknown-linux-musl", "aarch64-pc-windows-msvc"].map(|target| TargetRow {
            target: target.into(),
            platform_tag: "manylinux_2_17_x86_64.musllinux_1_1_x86_64".into(),
            steps: vec![
                step(
                    "stage",
                    Outcome::Warned,
                    "`bin/codex` does not keep the promise of `macosx_10_9_x86_64`: its code needs macOS 10.12",
                ),
                step("inspect", Outcome::Passed, "ELF x86_64, static-pie"),
                step("build", Outcome::Passed, "125.8 MB"),
                step("check", Outcome::Failed, "3 errors, 12 warnings, 1 accepted finding"),
                step("smoke", Outcome::Skipped, "this machine cannot run it; `windows-11-arm` can"),
            ],
            payload_bytes: 341_270_320,
            wheel: Some(wheel.into()),
            wheel_bytes: 125_800_000,
            contents: vec![
                ("codex_cli_bin/bin/codex".into(), 296_865_480),
                ("codex_cli_bin/codex-resources/codex-windows-sandbox-setup-with-a-long-name.exe".into(), 4_000_000),
            ],
        });
    let finding = |error, accepted: Option<&str>| FindingRow {
        file: wheel.into(),
        error,
        rule: "macho-minos".into(),
        member: Some("codex_cli_bin/codex-resources/libexec/a-helper-of-the-runtime".into()),
        message: "its x86_64 code needs macOS 10.12, and the tag promises 10.9 (`macosx_10_9_x86_64`)".into(),
        help: "Tag the wheel with the version that the file needs".into(),
        accepted: accepted.map(str::to_owned),
    };
    Release {
        schema_version: 1,
        outcome: Outcome::Failed,
        distribution: "openai-codex-cli-bin".parse().unwrap(),
        sdk_distribution: Some("openai-codex-app-server-sdk".parse().unwrap()),
        version: "0.163.0a1.post2".parse().unwrap(),
        release_tag: "rust-v0.163.0-alpha.1.2".into(),
        targets: targets.into(),
        files: vec![FileRow {
            name: wheel.into(),
            bytes: 125_800_000,
            sha256: "0123456789abcdef".repeat(4).parse().unwrap(),
        }],
        coverage: vec![
            CoverageRow { name: "Debian 12, x86_64 (glibc 2.36)".into(), wheel: Some(wheel.into()) },
            CoverageRow { name: "macOS 15, Apple silicon, x86_64 Python (Rosetta)".into(), wheel: None },
        ],
        findings: vec![finding(true, None), finding(false, None), finding(true, Some("the published promise"))],
        problems: vec![ProblemRow {
            code: "set-targets".into(),
            message: "there is no wheel for `x86_64-unknown-linux-musl` (`manylinux_2_17_x86_64.musllinux_1_1_x86_64`)"
                .into(),
            help: "build it, or publish without it on purpose with `--allow-missing x86_64-unknown-linux-musl`".into(),
        }],
        warnings: vec![ProblemRow {
            code: "family-uncovered".into(),
            message: "no glibc Linux on aarch64 gets a wheel, such as Debian 12; the product promises to serve it"
                .into(),
            help: "build the wheel without `--platform-tag`".into(),
        }],
    }
}

fn browser() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(works)
}

/// Shows the page in frames of several widths, unfolds everything, and writes down what sticks out and what was fetched.
const MEASURE: &str = r#"<!doctype html><meta charset="utf-8"><body><script>
const page = PAGE;
const widths = [1280, 768, 390, 320];
const results = [];
for (const width of widths) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:3000px;border:0`;
  frame.onload = () => {
    const inner = frame.contentDocument;
    for (const part of inner.querySelectorAll("details")) part.open = true;
    const out = [...inner.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > width + 1);
    const names = out.slice(0, 3).map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 30));
    const fetched = frame.contentWindow.performance.getEntriesByType("resource").length;
    const height = inner.body.getBoundingClientRect().height > 500 ? "shown" : "EMPTY";
    const root = inner.documentElement;
    const fits = root.scrollWidth <= root.clientWidth ? "fits" : `${root.scrollWidth} wide`;
    results.push(`${width}: ${fits}, ${fetched} fetched, ${height} ${names}`);
    if (results.length === widths.length) document.body.setAttribute("data-results", results.sort().join("|"));
  };
  frame.srcdoc = page;
  document.body.append(frame);
}
</script>"#;

#[test]
fn the_page_fits_every_screen_and_fetches_nothing() {
    let Some(browser) = browser() else { return eprintln!("skipped: there is no Chromium here") };
    let directory = tempfile::tempdir().unwrap();
    let page = serde_json::to_string(&sample().html()).unwrap().replace("</", "<\\/");
    let file = directory.path().join("measure.html");
    fs::write(&file, MEASURE.replace("PAGE", &page)).unwrap();
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]);
    command.args([
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=10000",
        "--timeout=60000",
        "--dump-dom",
    ]);
    command.arg(format!("--user-data-dir={}", directory.path().join("profile").display()));
    let output = run(command.arg(format!("file://{}", file.display())));
    let dom = String::from_utf8_lossy(&output.stdout);
    let Some(results) = dom.split("data-results=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
        panic!("the page was not measured: {}", text(&output));
    };
    let expected = ["1280", "320", "390", "768"].map(|width| format!("{width}: fits, 0 fetched, shown "));
    assert_eq!(results.split('|').collect::<Vec<_>>(), expected);
}
