//! The HTML report in a real browser: nothing overflows on a desktop, a phone or paper, and nothing is asked from elsewhere.

use std::fs;
use std::process::Command;

use relkit::error::Outcome;
use relkit::fs::walk;
use relkit::report::{
    ChangeRow, Changes, CoverageRow, Difference, FileRow, FindingRow, ProblemRow, ReleaseReport, SbomRow, StepRow,
    TargetRow,
};

use crate::samples::binary::mac;
use crate::support::{relkit, run, text};

/// A release with everything that a page can show, in names as long as real ones.
fn sample() -> ReleaseReport {
    let step = |name: &str, outcome, detail: &str| StepRow {
        name: name.into(),
        outcome,
        detail: detail.into(),
        milliseconds: 12_345,
        help: None,
    };
    let wheel = "openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl";
    let targets =
        ["aarch64-apple-darwin", "x86_64-unknown-linux-musl", "aarch64-pc-windows-msvc"].map(|target| TargetRow {
            payload: target.into(),
            target: target.parse().ok(),
            platform_tag: "manylinux_2_17_x86_64.musllinux_1_1_x86_64".parse().ok(),
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
            reservations: Vec::new(),
            missing_loader: None,
            wheel: wheel.parse().ok(),
            wheel_bytes: 125_800_000,
            contents: vec![
                ("codex_cli_bin/bin/codex".into(), 296_865_480),
                ("codex_cli_bin/codex-resources/codex-windows-sandbox-setup-with-a-long-name.exe".into(), 4_000_000),
                ("a".repeat(120), 1000),
                ("b.txt".into(), 900),
                ("c.txt".into(), 800),
                ("d.txt".into(), 700),
            ],
            why: Some("`manylinux_2_17_x86_64`: the product lists it for `x86_64-unknown-linux-musl`, and all its 4 binaries keep its promise".into()),
            wider: Some("`manylinux_2_31_x86_64` is out: `codex` needs `GLIBC_2.34` for `__libc_start_main` and others, and the tag promises glibc 2.31".into()),
            smoke: ["unpack", "version", "entry-point"].map(|name| step(name, Outcome::Passed, "openai_codex_cli_bin/bin/codex says `0.163.0`")).into(),
            sboms: vec![SbomRow {
                file: "codex.cdx.json".into(),
                components: Some(900),
                names: (0..60).map(|number| format!("a-crate-with-a-long-name-{number} 1.{number}.0")).collect(),
            }],
        });
    let payload = "a_payload_of_another_release-0.154.0-py3-none-manylinux_2_17_x86_64.whl";
    let mut targets = Vec::from(targets);
    targets[0].reservations = vec!["`bin/codex` does not keep the promise of `macosx_10_9_x86_64`".into()];
    targets.push(TargetRow {
        payload: payload.into(),
        steps: vec![step("stage", Outcome::Failed, &format!("`{payload}` is version 0.154.0, not 0.163.0"))],
        ..TargetRow::default()
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
    ReleaseReport {
        schema_version: 1,
        outcome: Outcome::Failed,
        distribution: "openai-codex-cli-bin".parse().unwrap(),
        sdk_distribution: Some("openai-codex-app-server-sdk".parse().unwrap()),
        version: "0.163.0a1.post2".parse().unwrap(),
        release_tag: "rust-v0.163.0-alpha.1.2".into(),
        date: Some("2026-05-01".into()),
        targets,
        left_out: vec!["x86_64-pc-windows-msvc".parse().unwrap()],
        files: vec![FileRow {
            name: wheel.into(),
            bytes: 125_800_000,
            sha256: "0123456789abcdef".repeat(4).parse().unwrap(),
        }],
        coverage: vec![
            CoverageRow { name: "Debian 12, x86_64 (glibc 2.36)".into(), wheel: Some(wheel.into()), by_choice: None },
            CoverageRow { name: "Windows 11, x86_64".into(), wheel: None, by_choice: Some("left out on purpose".into()) },
            CoverageRow { name: "macOS 15, Apple silicon, x86_64 Python (Rosetta)".into(), wheel: None, by_choice: None },
        ],
        findings: vec![finding(true, None), finding(false, None), finding(true, Some("the published promise"))],
        problems: vec![ProblemRow {
            of_file: None,
            code: "set-targets".into(),
            message: "there is no wheel for `x86_64-unknown-linux-musl` (`manylinux_2_17_x86_64.musllinux_1_1_x86_64`)"
                .into(),
            help: "build it, or publish without it on purpose with `--allow-missing x86_64-unknown-linux-musl`".into(),
            accepted: None,
        }],
        warnings: vec![ProblemRow {
            of_file: None,
            code: "set-coverage".into(),
            message: "no glibc Linux on aarch64 gets a wheel, such as Debian 12; the product promises to serve it"
                .into(),
            help: "build the wheel without `--platform-tag`".into(),
            accepted: None,
        }],
        changes: Some(Changes {
            against: "0.162.0".into(),
            distributions: vec![
                ChangeRow {
                    name: wheel.parse().ok(),
                    before: wheel.replace("163", "162").parse().ok(),
                    bytes: 125_800_000,
                    bytes_before: 120_000_000,
                    tags: Difference { added: vec!["manylinux_2_17_x86_64".into()], removed: vec![] },
                    files: Difference { added: vec!["c/".repeat(60)], removed: vec!["codex_cli_bin/bin/old".into()] },
                    dependencies: Difference { added: vec!["tokio 1.50.0".into()], removed: vec!["tokio 1.49.0".into()] },
                },
                ChangeRow { before: wheel.replace("163", "162").parse().ok(), bytes_before: 1, ..ChangeRow::default() },
            ],
        }),
        next: Some("relkit publish release/dist --release-version 0.163.0a1 --allow-missing x86_64-pc-windows-msvc --upload-url URL".into()),
    }
}

fn browser() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(works)
}

/// What a reader with other eyes or ears would miss, as a list of faults; `inner` is the document.
const FAULTS: &str = r#"
function faults(inner) {
  const faults = [], view = inner.defaultView;
  const parse = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const linear = [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * linear[0] + .7152 * linear[1] + .0722 * linear[2];
  };
  const behind = element => {
    for (; element; element = element.parentElement) {
      const color = parse(view.getComputedStyle(element).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const walker = inner.createTreeWalker(inner.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.textContent.trim()) continue;
    const element = node.parentElement;
    const pair = [light(parse(view.getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + .05) / (pair[1] + .05);
    if (contrast < 4.5) faults.push(`contrast ${contrast.toFixed(2)}: ${node.textContent.slice(0, 30)}`);
  }
  let level = 0;
  for (const heading of inner.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1) faults.push(`h${next} after h${level}: ${heading.textContent}`);
    level = next;
  }
  if (inner.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  for (const header of inner.querySelectorAll("th")) if (!header.scope) faults.push(`th without scope: ${header.textContent}`);
  for (const table of inner.querySelectorAll("table")) if (!table.querySelector("tbody th")) faults.push("row without header");
  if (!inner.documentElement.lang) faults.push("no lang");
  for (const landmark of ["header", "main", "footer"]) {
    if (inner.querySelectorAll(`body > ${landmark}`).length !== 1) faults.push(`not one ${landmark}`);
  }
  if (!inner.title) faults.push("no title");
  const ids = [...inner.querySelectorAll("[id]")].map(e => e.id);
  if (new Set(ids).size !== ids.length) faults.push("an id stands twice");
  for (const link of inner.querySelectorAll("a")) if (!inner.getElementById(link.hash.slice(1))) faults.push(`dead ${link.hash}`);
  for (const part of inner.querySelectorAll("[aria-labelledby]")) {
    if (!inner.getElementById(part.getAttribute("aria-labelledby"))) faults.push("a label that is not there");
  }
  for (const list of inner.querySelectorAll("ul")) {
    if ([...list.children].some(e => e.tagName !== "LI")) faults.push("a list with more than items");
  }
  return faults;
}
"#;

/// Shows the page in frames of several widths, unfolds everything, and writes down what sticks out and what was fetched.
const MEASURE: &str = r#"<!doctype html><meta charset="utf-8"><body><script>
FAULTS
const page = PAGE;
const said = [];
addEventListener("error", event => said.push(event.message));
console.error = console.warn = (...words) => said.push(words.join(" "));
const widths = [WIDTHS];
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
    const scheme = frame.contentWindow.matchMedia("(prefers-color-scheme:dark)").matches ? "dark" : "light";
    results.push(`${width} ${scheme}: ${fits}, ${fetched} fetched, ${height} ${names}${faults(inner)}${said}`);
    if (results.length === widths.length) document.body.setAttribute("data-results", results.sort().join("|"));
  };
  frame.srcdoc = page;
  document.body.append(frame);
}
</script>"#;

fn measured(page: &str, widths: &str, scheme: &str) -> Option<Vec<String>> {
    let browser = browser()?;
    let directory = tempfile::tempdir().unwrap();
    let page = serde_json::to_string(page).unwrap().replace("</", "<\\/");
    let file = directory.path().join("measure.html");
    let measure = MEASURE.replace("FAULTS", FAULTS).replace("WIDTHS", widths).replace("PAGE", &page);
    fs::write(&file, measure).unwrap();
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]);
    command.args([
        "--host-resolver-rules=MAP * ~NOTFOUND",
        "--virtual-time-budget=10000",
        "--timeout=60000",
        "--dump-dom",
    ]);
    // 0 is dark, 1 is light.
    command.arg(format!("--blink-settings=preferredColorScheme={}", u8::from(scheme == "light")));
    command.arg(format!("--user-data-dir={}", directory.path().join("profile").display()));
    let output = run(command.arg(format!("file://{}", file.display())));
    let dom = String::from_utf8_lossy(&output.stdout);
    let Some(results) = dom.split("data-results=\"").nth(1).and_then(|rest| rest.split('"').next()) else {
        panic!("the page was not measured: {}", text(&output));
    };
    Some(results.split('|').map(str::to_owned).collect())
}

#[test]
fn the_page_fits_every_screen_and_every_reader_and_fetches_nothing() {
    for scheme in ["light", "dark"] {
        let results = measured(&sample().html(), "1280, 920, 768, 390, 320", scheme);
        let Some(results) = results else { return eprintln!("skipped: there is no Chromium here") };
        let expected =
            ["1280", "320", "390", "768", "920"].map(|width| format!("{width} {scheme}: fits, 0 fetched, shown "));
        assert_eq!(results, expected);
    }
}

/// Paper is narrow, and what sticks out of it is cut off: A4 and Letter, with the margins of a browser and without.
#[test]
fn the_page_fits_paper() {
    let page = sample().html();
    assert!(page.contains("@media print {") && page.contains("@media screen and"), "{page}");
    // A frame is a screen: what is for paper is taken for it, and what is for screens is not.
    let printed = page.replace("@media print {", "@media all {").replace("@media screen and", "@media print and");
    for scheme in ["light", "dark"] {
        let Some(results) = measured(&printed, "816, 794, 718", scheme) else {
            return eprintln!("skipped: there is no Chromium here");
        };
        let expected = ["718", "794", "816"].map(|width| format!("{width} {scheme}: fits, 0 fetched, shown "));
        assert_eq!(results, expected);
    }
}

/// What a failed release names next mends it, or has the page of what is wrong.
#[test]
fn what_is_named_next_mends_what_failed() {
    let directory = tempfile::tempdir().unwrap();
    let here = |name: &str| directory.path().join(name);
    fs::create_dir(here("old")).unwrap();
    fs::write(here("codex"), mac(0x0100_000c, 11, 0).build()).unwrap();
    fs::write(here("old/codex"), mac(0x0100_000c, 12, 0).build()).unwrap();
    fs::write(here("words"), "words\n").unwrap();
    let release = |arguments: &[&str]| {
        let mut command = relkit();
        command.args(["release", "--codex-version", "0.163.0", "--out-dir", "out", "--force"]).args(arguments);
        let output = run(command.current_dir(directory.path()));
        let next = text(&output).lines().find_map(|line| line.strip_prefix("next: relkit ").map(str::to_owned));
        (output.status.code(), next.unwrap_or_else(|| panic!("{}", text(&output))))
    };
    let follow = |next: &str| run(relkit().args(next.split(' ')).current_dir(directory.path()));
    // Only targets are missing, which may be meant.
    let (code, next) = release(&["--payload", "codex"]);
    assert!(code == Some(1) && next.starts_with("verify out/dist ") && !next.contains("=all"), "{next}");
    assert!(next.contains("--allow-missing x86_64-apple-darwin,") && !next.contains("aarch64-apple-darwin"), "{next}");
    let said = follow(&next);
    assert!(said.status.success() && text(&said).contains("next: relkit publish out/dist "), "{}", text(&said));
    // A tag that is not honest.
    let (code, next) = release(&["--payload", "macosx_11_0_arm64=old/codex", "--allow-missing", "all"]);
    assert!(code == Some(1) && next.starts_with("retag out/dist/openai_codex_cli_bin-0.163.0-"), "{next}");
    assert!(follow(&next).status.success(), "{next}");
    // A payload that is none.
    let (code, next) = release(&["--payload", "words", "--allow-missing", "all"]);
    assert_eq!((code, next.as_str()), (Some(1), "rule set-targets"));
    // One that is not there ends the run before the others are built.
    let output = run(relkit()
        .args(["release", "--codex-version", "0.163.0", "--out-dir", "new", "--payload", "codex", "missing"])
        .current_dir(directory.path()));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output).contains("cannot stage `missing`") && !text(&output).contains("Staged"), "{}", text(&output));
}

#[test]
fn a_release_is_held_against_an_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let output = run(relkit().current_dir(root).args(["demo", "--out-dir", "old", "--report", "demo.html"]));
    assert!(output.status.success(), "{}", text(&output));
    let page = fs::read_to_string(root.join("demo.html")).unwrap();
    for fact in
        ["pip install openai-codex-app-server-sdk==", "left out on purpose", "relkit publish old/dist", "handshake"]
    {
        assert!(page.contains(fact), "{fact}");
    }
    assert!(!page.contains("<dt>Date</dt>") && !page.contains("Changed since"));
    assert_eq!(page.matches("read off the binaries, and its binary keeps").count(), 1, "why this tag");

    let wheel = walk(&root.join("old/program/dist")).unwrap().remove(0).path;
    let release = |more: &[&str]| {
        let mut command = relkit();
        command.current_dir(root).env("SOURCE_DATE_EPOCH", "1750000000").args([
            "release",
            "--release-version",
            "0.1.0",
        ]);
        command.args(["--product", "old/program/product", "--out-dir", "new", "--report", "new.html", "--force"]);
        run(command.arg("--payload").arg(&wheel).args(more))
    };
    let output = release(&["--against", "old/program/dist", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["date"], "2025-06-15");
    assert_eq!(report["changes"]["against"], "0.1.0");
    let distributions = report["changes"]["distributions"].as_array().unwrap();
    assert_eq!(distributions.len(), 1, "{distributions:?}");
    assert_eq!(distributions[0]["before"].as_str(), wheel.file_name().unwrap().to_str());
    let page = fs::read_to_string(root.join("new.html")).unwrap();
    assert!(page.contains("Changed since 0.1.0") && page.contains("<time datetime=\"2025-06-15\">"), "{page}");

    fs::create_dir(root.join("empty")).unwrap();
    for against in ["empty", "absent"] {
        let output = release(&["--against", against]);
        assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    }
}
