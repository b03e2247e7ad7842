//! Smoke receipts against the wheels of a release: a passing one for each, of exactly its bytes, from a machine of its own
//! platform or through a named runner.

use std::fs;
use std::path::Path;

use super::dist::Set;
use super::release::{ReceiptRecord, Role};
use super::verify::{Found, GateError, Request};
use crate::error::Outcome;
use crate::fs::{FsError, walk};
use crate::smoke::{Level, Report, SCHEMA_VERSION, Step};
use crate::target::TargetTriple;
use crate::version::CodexVersion;

/// The steps that `smoke` skips where the machine, the payload or the runner does not allow them.
const MAY_BE_SKIPPED: [&str; 3] = ["search-tool", "sandbox-helper", "command"];

/// Reads every receipt in the directory and holds them against the runtime wheels.
pub fn verify(directory: &Path, request: &Request<'_>, set: &mut Set, found: &mut Found) -> Result<(), GateError> {
    let receipts = read(directory, found)?;
    for entry in set.files.iter_mut().filter(|entry| entry.record.role == Role::RuntimeWheel) {
        let name = entry.record.name.clone();
        let digest = entry.record.sha256;
        // By the bytes, whatever the receipt calls them: a wrong name is then an objection of its own.
        let of_wheel =
            |receipt: &&(String, Report)| receipt.1.wheel.as_ref().is_some_and(|wheel| wheel.sha256 == digest);
        let own: Vec<_> = receipts.iter().filter(of_wheel).collect();
        entry.record.receipts = own.iter().map(|(file, report)| record(file, report)).collect();
        let triple = entry.record.target.as_deref().and_then(|triple| triple.parse::<TargetTriple>().ok());
        let mut objections = Vec::new();
        let good = own.iter().any(|(file, report)| match objection(report, &name, triple.as_ref(), request.codex) {
            None => {
                shallow(file, report, &name, found);
                true
            }
            Some(objection) => {
                objections.push((objection.0, format!("`{name}`: the receipt `{file}` {}", objection.1)));
                false
            }
        });
        if good {
            continue;
        }
        let help = format!("run `relkit smoke {name} --receipt FILE` on a machine of its platform, or with `--runner`");
        if objections.is_empty() {
            let other =
                receipts.iter().find(|(_, report)| report.wheel.as_ref().is_some_and(|wheel| wheel.name == name));
            let (code, message) = match other {
                Some((file, _)) => (
                    "receipt-hash",
                    format!("`{name}`: the receipt `{file}` is of other bytes than this wheel's {digest}"),
                ),
                None => ("receipt-missing", format!("`{name}` has no smoke receipt")),
            };
            found.problem(code, Some(&name), message, help);
        } else {
            for (code, message) in objections {
                found.problem(code, Some(&name), message, help.clone());
            }
        }
    }
    Ok(())
}

fn record(file: &str, report: &Report) -> ReceiptRecord {
    ReceiptRecord {
        file: file.to_owned(),
        outcome: if report.outcome == Outcome::Passed { "passed" } else { "failed" }.to_owned(),
        level: report.level.to_string(),
        platform: report.platform.clone(),
    }
}

/// Every smoke receipt in the directory. Receipts of other kinds are left alone; what is no receipt is a problem.
fn read(directory: &Path, found: &mut Found) -> Result<Vec<(String, Report)>, GateError> {
    let mut receipts = Vec::new();
    for file in walk(super::dist::directory(directory)?)? {
        if !file.relative.ends_with(".json") {
            continue;
        }
        let bytes = fs::read(&file.path).map_err(FsError::read(&file.path))?;
        let value: Result<serde_json::Value, _> = serde_json::from_slice(&bytes);
        let is_smoke =
            value.as_ref().map_or(true, |value| value.get("steps").is_some() || value.get("level").is_some());
        if !is_smoke {
            continue;
        }
        match value.and_then(serde_json::from_value::<Report>) {
            Ok(report) => receipts.push((file.relative, report)),
            Err(error) => found.problem(
                "receipt-unreadable",
                None,
                format!("`{}` is not a smoke receipt: {error}", file.path.display()),
                "remove it, or write it again with `relkit smoke --receipt`",
            ),
        }
    }
    Ok(receipts)
}

/// A test that stopped after `--version` counts, and is told: it has shown the least that there is.
fn shallow(file: &str, report: &Report, name: &str, found: &mut Found) {
    if report.level == Level::Version {
        found.warning(
            "receipt-level",
            Some(name),
            format!("`{name}`: the receipt `{file}` shows that the executable starts, and no more"),
            "run `relkit smoke` at the level `turn`, which is the default",
        );
    }
}

/// Why a receipt does not count for the wheel called `name`.
fn objection(
    report: &Report,
    name: &str,
    triple: Option<&TargetTriple>,
    codex: CodexVersion,
) -> Option<(&'static str, String)> {
    if report.schema_version != SCHEMA_VERSION {
        let stated = report.schema_version;
        return Some(("receipt-schema", format!("has schema_version {stated}, and {SCHEMA_VERSION} is understood")));
    }
    let of = report.wheel.as_ref().map_or("no wheel", |wheel| wheel.name.as_str());
    if of != name {
        return Some(("receipt-wheel", format!("says that it is of `{of}`")));
    }
    if report.outcome != Outcome::Passed || report.failed_step().is_some() {
        let step =
            report.failed_step().map_or_else(String::new, |step| format!(" at `{}`: {}", step.name, step.detail));
        return Some(("receipt-failed", format!("says that the smoke test failed{step}")));
    }
    let skipped = |step: &&Step| step.outcome == Outcome::Skipped;
    if let Some(step) = report.steps.iter().filter(skipped).find(|step| !MAY_BE_SKIPPED.contains(&step.name.as_str())) {
        return Some(("receipt-failed", format!("says that `{}` was skipped, which `smoke` never skips", step.name)));
    }
    if report.steps.iter().all(|step| step.outcome == Outcome::Skipped) {
        return Some(("receipt-failed", "says of no step that it passed".to_owned()));
    }
    match &report.version {
        Some(version) if version.parse::<CodexVersion>().ok() == Some(codex) => {}
        Some(version) => {
            return Some(("receipt-version", format!("says that the binary reported version {version}, not {codex}")));
        }
        None => return Some(("receipt-version", format!("does not say that the binary reported version {codex}"))),
    }
    match triple {
        Some(triple) if !ran_on(&report.platform, triple) => {
            Some(("receipt-platform", format!("is from `{}`, which is not `{triple}`", report.platform)))
        }
        _ => None,
    }
}

/// Whether a receipt's platform (`linux-x86_64`, or `linux-x86_64 via RUNNER`) can speak for a target.
fn ran_on(platform: &str, triple: &TargetTriple) -> bool {
    let (machine, runner) =
        platform.split_once(" via ").map_or((platform, None), |(machine, runner)| (machine, Some(runner)));
    if runner.is_some_and(|runner| !runner.trim().is_empty()) {
        return true;
    }
    let machine = machine.trim().to_ascii_lowercase();
    let Some((system, architecture)) = machine.split_once('-') else { return false };
    triple.runs_on(system, architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_speaks_for_its_own_platform() {
        let speaks = |platform: &str, triple: &str| ran_on(platform, &triple.parse().unwrap());
        assert!(speaks("linux-x86_64", "x86_64-unknown-linux-musl"));
        assert!(speaks("macos-aarch64", "aarch64-apple-darwin"));
        assert!(speaks("windows-x86_64", "x86_64-pc-windows-msvc"));
        assert!(speaks("linux-x86_64 via qemu-aarch64-static", "aarch64-unknown-linux-musl"));
        for (platform, triple) in [
            ("linux-x86_64", "aarch64-unknown-linux-musl"),
            ("linux-x86_64", "x86_64-pc-windows-msvc"),
            ("macos-aarch64", "x86_64-apple-darwin"),
            ("linux-x86_64 via ", "aarch64-unknown-linux-musl"),
            ("", "aarch64-unknown-linux-musl"),
            ("linux", "aarch64-unknown-linux-musl"),
        ] {
            assert!(!speaks(platform, triple), "{platform} {triple}");
        }
    }
}
