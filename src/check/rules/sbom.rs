//! Rules about SBOMs (PEP 770): that there is one where a program says what it was built from, and that what claims to be
//! one is one.

use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::plural;
use crate::wheel::info;
use crate::wheel::sbom::{SbomName, validate};
use crate::zip::archive::Member;

rule!(SBOM = "sbom", Warning, Wheel(sbom);
    what: "A wheel whose programs carry lists of their dependencies (cargo-auditable, Go build information), or that bundles further binaries, says what is in them in `.dist-info/sboms/` (PEP 770).",
    why: "Scanners see only the distribution's own name, so a vulnerable library or program inside stays unseen.",
    fix: "Stage the program with relkit, which makes CycloneDX of the lists, or add a CycloneDX or SPDX document of what is bundled";
    because: [Habit("nothing fails without an SBOM")]);

fn sbom(wheel: &WheelSubject, found: &mut Findings) {
    if sboms(wheel).next().is_some() {
        return;
    }
    let mut listed = false;
    for (member, facts) in wheel.inventory.binaries() {
        match &facts.dependencies {
            Some(Ok(list)) if list.dependencies.is_empty() => continue,
            Some(Ok(list)) => {
                let count = plural(list.dependencies.len(), "dependency");
                found.member(member, format!("the file lists {count} ({}), and the wheel has no SBOM", list.origin));
            }
            Some(Err(error)) => found.member(member, format!("{error}, and the wheel has no SBOM")),
            None => continue,
        }
        listed = true;
    }
    let bundled = wheel.inventory.binaries().len();
    if bundled > 1 && !listed {
        // None of them has a list from which one could be made.
        let help = "Add a CycloneDX or SPDX document of what is bundled to `.dist-info/sboms/`; relkit takes it there from \
                    beside the program (`*.cdx.json`, `*.spdx.json`)";
        found.advise(Severity::Warning, None, format!("the wheel holds {bundled} binaries and no SBOM"), help);
    }
}

rule!(SBOM_VALID = "sbom-valid", Error, Wheel(sbom_valid);
    what: "A file in `.dist-info/sboms/` that is called `*.cdx.json` or `*.cyclonedx.json` is a CycloneDX document, one called `*.spdx.json` or `*.spdx.sbom.json` an SPDX document; parts of it that the format asks for and that are missing, repeated or lead nowhere are a warning.",
    why: "Scanners choose the reader by the name and pass over what they cannot read, as if the wheel had no SBOM.",
    fix: "Make the document again with its tool, and give it the name of its format";
    because: [Promise("the name of the file states a format that it does not have"), Habit("scanners read what they can")]);

fn sbom_valid(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned) in sboms(wheel) {
        let Some(name) = SbomName::parse(&member.name) else { continue };
        let Some(text) = &scanned.text else {
            if let Some(why) = wheel.unread(&member.name) {
                found.with(Severity::Warning, Some(&member.name), why);
            }
            continue;
        };
        match validate(name.format, text) {
            Err(error) => found.member(&member.name, error.to_string()),
            Ok(flaws) => {
                flaws.into_iter().for_each(|flaw| found.with(Severity::Warning, Some(&member.name), flaw));
            }
        }
    }
}

/// Every file in the directory for SBOMs.
fn sboms(wheel: &WheelSubject) -> impl Iterator<Item = (&Member, &Scanned)> {
    let directory = wheel.dist_info_member(info::SBOMS);
    wheel.files().filter(move |(member, _)| {
        directory.as_ref().is_some_and(|directory| member.name.starts_with(directory.as_str()))
    })
}

pub(crate) static RULES: &[&Rule] = &[&SBOM, &SBOM_VALID];
