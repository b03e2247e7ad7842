//! Rules about the smoke receipts of a release: for every runtime wheel a passing one, of exactly its bytes, from a
//! machine of its own platform or through a named runner. They find nothing where no receipts are asked for.

use crate::check::finding::Owner;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::release::Set;
use crate::check::subject::summary::Role;
use crate::error::Outcome;
use crate::product::{Level, RuntimeProject};
use crate::smoke::{COMMAND, ENTRY_POINT, Report, SANDBOX_HELPER, SCHEMA_VERSION, SEARCH_TOOL, Step, command_step};
use crate::target::TargetTriple;
use crate::version::PublicVersion;

/// The steps that `smoke` skips where the machine, the payload or the runner does not allow them.
const MAY_BE_SKIPPED: [&str; 3] = [SEARCH_TOOL, SANDBOX_HELPER, ENTRY_POINT];

rule!(RECEIPT_MISSING = "receipt-missing", Error, Set(judge);
    what: "Every runtime wheel has a smoke receipt.",
    why: "Nobody has seen its executable run.",
    fix: "Run `relkit smoke WHEEL --receipt FILE` on a machine of its platform, or with `--runner`";
    because: [Promise("every wheel of the release has been run")]);

rule!(RECEIPT_HASH = "receipt-hash", Error, Set(judge);
    what: "The receipt of a wheel states the SHA-256 of its bytes.",
    why: "Another build was tested than the one that is published.",
    fix: "Test the wheel that is published, and build nothing afterwards";
    because: [Promise("the tested bytes are the published ones")]);

rule!(RECEIPT_WHEEL = "receipt-wheel", Error, Set(judge);
    what: "The receipt of a wheel's bytes states the wheel's name.",
    why: "A wheel that was renamed after its test promises other platforms than the tested one.",
    fix: "Test the wheel under the name that it is published by";
    because: [Promise("the tested wheel is the published one")]);

rule!(RECEIPT_SCHEMA = "receipt-schema", Error, Set(judge);
    what: "A receipt has the form that this relkit reads.",
    why: "What a later form means is not known here.",
    fix: "Test and verify with one version of relkit";
    because: [Promise("the receipt can be read")]);

rule!(RECEIPT_FAILED = "receipt-failed", Error, Set(judge);
    what: "The receipt of a wheel says that the test passed, in every step that is never skipped.",
    why: "The executable does not do what users start it for.",
    fix: "Run `relkit smoke` on the wheel: it shows the step and what the executable said";
    because: [Promise("the test passed")]);

rule!(RECEIPT_VERSION = "receipt-version", Error, Set(judge);
    what: "The receipt of a wheel says that its executable reported the version of the release.",
    why: "The wheel carries another program than its name says.",
    fix: "Stage the executable of the release";
    because: [Promise("the program is of the release")]);

rule!(RECEIPT_PLATFORM = "receipt-platform", Error, Set(judge);
    what: "The receipt of a wheel is from a machine of its platform, or through a named runner.",
    why: "That a program runs somewhere else says nothing of the machines that install it.",
    fix: "Run `relkit smoke` on a machine of the wheel's platform, or with `--runner`";
    because: [Promise("the wheel ran on its own platform")]);

rule!(RECEIPT_LEVEL = "receipt-level", Warning, Set(judge);
    what: "The receipt of a wheel is of the level that its product is tested at, with every command of the product.",
    why: "A program that prints its version can still fail at everything else.",
    fix: "Run `relkit smoke` without `--level`: the default is the product's own";
    because: [Habit("a test that stopped early is a test")]);

rule!(RECEIPT_UNREADABLE = "receipt-unreadable", Error, Set(judge);
    what: "Every file in the directory of receipts that looks like one can be read.",
    why: "It may be the receipt that a wheel is waiting for.",
    fix: "Remove it, or write it again with `relkit smoke --receipt`";
    because: [Promise("every receipt can be read")]);

pub(crate) static RULES: &[&Rule] = &[
    &RECEIPT_MISSING,
    &RECEIPT_HASH,
    &RECEIPT_WHEEL,
    &RECEIPT_SCHEMA,
    &RECEIPT_FAILED,
    &RECEIPT_VERSION,
    &RECEIPT_PLATFORM,
    &RECEIPT_LEVEL,
    &RECEIPT_UNREADABLE,
];

/// Holds the receipts against the runtime wheels, and tells what is the rule's own of all that is wrong.
fn judge(set: &Set<'_>, found: &mut Findings) {
    if found.rule == RECEIPT_FAILED.name {
        failed_tests(set, found);
    }
    let Some((expected, receipts)) = set.expected.and_then(|expected| Some((expected, expected.receipts?))) else {
        return;
    };
    if found.rule == RECEIPT_UNREADABLE.name {
        for (path, error) in &receipts.unreadable {
            found.whole(format!("`{}` is not a smoke receipt: {error}", path.display()));
        }
        return;
    }
    for (index, member) in set.of(Role::RuntimeWheel) {
        let name = member.label();
        let triple = set.target(member).map(|target| &target.triple);
        let mut put = |rule: &Rule, message: String| {
            if rule.name == found.rule {
                let finding = found.finding(message);
                let again = RECEIPT_MISSING.documentation.fix;
                let told = finding.severity == Severity::Warning;
                found.put(Owner::File(index), if told { finding } else { finding.with_help(again) });
            }
        };
        let mut objections = Vec::new();
        let mut good: Option<(&String, &Report)> = None;
        let Some(digest) = member.sha256() else { continue };
        for (file, report) in receipts.of(digest) {
            match objection(report, &name, triple, expected.version.program(), set.runtime) {
                // The one that shows most.
                None if good.is_none_or(|(_, other)| other.level < report.level) => good = Some((file, report)),
                None => {}
                Some((rule, why)) => objections.push((rule, format!("`{name}`: the receipt `{file}` {why}"))),
            }
        }
        let other = receipts.named(&name);
        match (good, other) {
            // A test that stopped early counts, and is told.
            (Some((file, report)), _) => {
                if let Some(why) = shortfall(report, set.runtime) {
                    put(&RECEIPT_LEVEL, format!("`{name}`: the receipt `{file}` {why}"));
                }
            }
            (None, _) if !objections.is_empty() => objections.into_iter().for_each(|(rule, why)| put(rule, why)),
            (None, Some((file, _))) => put(
                &RECEIPT_HASH,
                format!("`{name}`: the receipt `{file}` is of other bytes than this wheel's {digest}"),
            ),
            (None, None) => put(&RECEIPT_MISSING, format!("`{name}` has no smoke receipt")),
        }
    }
}

/// The wheels of which the run that made them tells that they failed, whatever their receipts say.
fn failed_tests(set: &Set<'_>, found: &mut Findings) {
    let failed = set.expected.into_iter().flat_map(|expected| expected.failed);
    for (wheel, failed) in failed.filter_map(|failed| Some((failed.wheel.as_ref()?, failed))) {
        let place = set.members.iter().position(|member| member.label() == wheel.to_string());
        let help = "Fix the executable or the payload around it, or say what it answers in [tool.relkit.smoke]; \
                    `relkit smoke` on the wheel tells more";
        let finding = found.finding(format!("`{}`: {}", failed.title, failed.detail));
        found.put(place.map_or(Owner::Whole, Owner::File), finding.with_help(failed.help.as_deref().unwrap_or(help)));
    }
}

/// Why a receipt does not count for the wheel called `name`, and whose rule it is to say so.
fn objection(
    report: &Report,
    name: &str,
    triple: Option<&TargetTriple>,
    expected: &PublicVersion,
    runtime: &RuntimeProject,
) -> Option<(&'static Rule, String)> {
    if report.schema_version != SCHEMA_VERSION {
        let stated = report.schema_version;
        return Some((&RECEIPT_SCHEMA, format!("has schema_version {stated}, and {SCHEMA_VERSION} is understood")));
    }
    let of = report.wheel.as_ref().map_or("no wheel", |wheel| wheel.name.as_str());
    if of != name {
        return Some((&RECEIPT_WHEEL, format!("says that it is of `{of}`")));
    }
    if report.outcome != Outcome::Passed || report.failed_step().is_some() {
        let step =
            report.failed_step().map_or_else(String::new, |step| format!(" at `{}`: {}", step.name, step.detail));
        return Some((&RECEIPT_FAILED, format!("says that the smoke test failed{step}")));
    }
    let mut skipped = report.steps.iter().filter(|step: &&Step| step.outcome == Outcome::Skipped);
    if let Some(step) = skipped.find(|step| !may_be_skipped(&step.name, runtime)) {
        return Some((&RECEIPT_FAILED, format!("says that `{}` was skipped, which `smoke` never skips", step.name)));
    }
    if report.steps.iter().all(|step| step.outcome == Outcome::Skipped) {
        return Some((&RECEIPT_FAILED, "says of no step that it passed".to_owned()));
    }
    match &report.version {
        Some(version) if version.parse().is_ok_and(|said| runtime.smoke.is_packaging(expected, &said)) => {}
        Some(version) => {
            return Some((
                &RECEIPT_VERSION,
                format!("says that the binary reported version {version}, not {expected}"),
            ));
        }
        None if !runtime.smoke.version.is_told => {}
        None => return Some((&RECEIPT_VERSION, format!("does not say that the binary reported version {expected}"))),
    }
    let triple = triple.filter(|triple| !speaks_for(report, triple))?;
    Some((&RECEIPT_PLATFORM, format!("is from `{}`, which is not `{triple}`", report.platform)))
}

/// What a good receipt does not show of all that the product is tested for.
fn shortfall(report: &Report, runtime: &RuntimeProject) -> Option<String> {
    let (level, wanted) = (report.level, runtime.smoke.level);
    if level < wanted {
        return Some(format!("is of the level {level}, and the product is tested at the level {wanted}"));
    }
    let commands = runtime.smoke.commands.len();
    let missing = (0..commands).find(|index| {
        let name = command_step(runtime, *index);
        !report.steps.iter().any(|step| step.name == name)
    })?;
    (wanted >= Level::Command).then(|| format!("has no step for command {} of the product", missing + 1))
}

/// Whether `smoke` skips a step anywhere: not a command, but for one of an executable that not every payload has.
fn may_be_skipped(step: &str, runtime: &RuntimeProject) -> bool {
    let commands = &runtime.smoke.commands;
    let is_of_another = |name: &String| name != runtime.executable();
    MAY_BE_SKIPPED.contains(&step)
        // An app server's own command, and the step of a product that has none.
        || (step == COMMAND && (commands.is_empty() || runtime.is_app_server()))
        || commands.iter().enumerate().any(|(index, command)| {
            command.executable.as_ref().is_some_and(is_of_another) && command_step(runtime, index) == step
        })
}

/// Whether a receipt, of the machine or the runner that it is from, can speak for a target.
fn speaks_for(report: &Report, triple: &TargetTriple) -> bool {
    let (machine, runner) = report.ran_on();
    if runner.is_some_and(|runner| !runner.trim().is_empty()) {
        return true;
    }
    machine.parse().is_ok_and(|host| triple.runs_on(host))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Sha256Digest;
    use crate::smoke::TestedWheel;

    fn product(table: &str) -> RuntimeProject {
        let text = format!(
            "[tool.relkit]\ndistribution = \"tool-bin\"\nmodule = \"tool_bin\"\nexecutables = [\"tool\", \"other\"]\n\
             {table}\n[[tool.relkit.target]]\ntriple = \"x86_64-unknown-linux-musl\"\n\
             platform-tag = \"musllinux_1_1_x86_64\"\nrunner = \"here\"\n"
        );
        RuntimeProject::from_pyproject(&text, "pyproject.toml").unwrap()
    }

    const COMMANDS: &str =
        "[[tool.relkit.smoke.command]]\nargs = [\"a\"]\n[[tool.relkit.smoke.command]]\nexecutable = \"other\"\n";

    fn receipt(level: Level, steps: &[(&str, Outcome)]) -> Report {
        let step = |(name, outcome): &(&str, Outcome)| Step {
            name: (*name).to_owned(),
            outcome: *outcome,
            milliseconds: 1,
            detail: String::new(),
        };
        Report {
            schema_version: SCHEMA_VERSION,
            product: "acme-bin".into(),
            outcome: Outcome::Passed,
            level,
            wheel: Some(TestedWheel { name: "w".into(), sha256: Sha256Digest::of(b"") }),
            version: Some("1.2.3".into()),
            platform: "linux-x86_64".into(),
            steps: steps.iter().map(step).collect(),
            stderr_tail: String::new(),
        }
    }

    #[test]
    fn what_is_skipped_is_the_products() {
        let (with, without) = (product(COMMANDS), product(""));
        assert!(may_be_skipped("entry-point", &with) && may_be_skipped("command 2", &with));
        assert!(may_be_skipped("command", &without));
        for step in ["command 1", "command", "command 3", "version", "unpack", ""] {
            assert!(!may_be_skipped(step, &with), "{step}");
        }
        assert!(!may_be_skipped("command 1", &without) && !may_be_skipped("version", &without));
    }

    #[test]
    fn a_receipt_shows_as_much_as_the_product_asks_for() {
        let (with, without) = (product(COMMANDS), product(""));
        let (version, one, two) =
            (("version", Outcome::Passed), ("command 1", Outcome::Passed), ("command 2", Outcome::Skipped));
        let whole = receipt(Level::Command, &[version, one, two]);
        assert_eq!((shortfall(&whole, &with), shortfall(&whole, &without)), (None, None));
        let short = receipt(Level::Version, &[version]);
        let why = "is of the level version, and the product is tested at the level command";
        assert_eq!((shortfall(&short, &with).as_deref(), shortfall(&short, &without)), (Some(why), None));
        let older = receipt(Level::Command, &[version, one]);
        assert_eq!(shortfall(&older, &with).as_deref(), Some("has no step for command 2 of the product"));
    }

    #[test]
    fn a_program_may_be_packaged_again() {
        let (report, runtime) = (receipt(Level::Version, &[("version", Outcome::Passed)]), product(""));
        let objected = |expected: &str| {
            objection(&report, "w", None, &expected.parse().unwrap(), &runtime).map(|(rule, _)| rule.name)
        };
        assert_eq!((objected("1.2.3"), objected("1.2.3.post1"), objected("1.2.3.1")), (None, None, None));
        assert_eq!(objected("1.2.4"), Some(RECEIPT_VERSION.name));
    }

    #[test]
    fn a_machine_speaks_for_its_own_platform() {
        let speaks = |platform: &str, triple: &str| {
            let report = Report { platform: platform.to_owned(), ..receipt(Level::Version, &[]) };
            speaks_for(&report, &triple.parse().unwrap())
        };
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
