//! Rules about a published release: what an index says of its files, against their bytes and against what was to be
//! published. They find nothing where no index is asked.

use crate::check::finding::Owner;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::audit::{Audit, Provenance};

rule!(INDEX_DIGEST = "index-digest", Error, Index(index_digest);
    what: "Every file of a published release has the SHA-256 that the index's page tells, and that of the manifest where one is given; one of which the page tells none is a warning.",
    why: "Installers refuse a file whose digest is another, and other bytes than those that were verified are another release.",
    fix: "Find out who changed the file; publish the release again in another version";
    because: [Installer("it refuses a file of another digest"), Habit("an index need not tell a SHA-256")]);

fn index_digest(audit: &Audit, found: &mut Findings) {
    for file in &audit.files {
        let (index, name) = (&audit.index, &file.name);
        let mut put = |message: String, help: Option<&str>| {
            let finding = found.finding(message);
            let finding = match help {
                Some(help) => finding.with_help(help).with_severity(Severity::Warning),
                None => finding,
            };
            found.put(Owner::Path(name.clone()), finding);
        };
        let Ok(fetched) = file.fetched else { continue };
        match file.listed {
            Some(listed) if listed != fetched => {
                put(format!("`{index}` tells the SHA-256 {listed} of `{name}`, and its bytes have {fetched}"), None);
            }
            Some(_) => {}
            None => put(
                format!("`{index}` tells no SHA-256 of `{name}`"),
                Some("Hold the files against a manifest (`--manifest`), or use an index that tells it"),
            ),
        }
        let planned = audit.manifest.iter().flatten().find(|(planned, _)| planned == name);
        if let Some((_, planned)) = planned.filter(|(_, planned)| *planned != fetched) {
            put(format!("`{name}` has the SHA-256 {fetched}, not {planned} of the manifest"), None);
        }
    }
}

rule!(INDEX_FILES = "index-files", Error, Index(index_files);
    what: "Every file that the index lists of a release can be fetched from it, the page is the index's own, and where a manifest is given the index lists its files and no other.",
    why: "Users of a missing file's platform cannot install the release; a file that nobody planned is installed all the same.",
    fix: "Run the same `relkit publish` again: what is up is skipped by its digest";
    because: [Installer("what is not there cannot be installed"), Promise("a release is the files of its manifest")]);

fn index_files(audit: &Audit, found: &mut Findings) {
    let index = &audit.index;
    for objection in &audit.objections {
        found.put(Owner::Whole, found.finding(objection.clone()).with_help("Ask those who run the index"));
    }
    for file in &audit.files {
        let name = &file.name;
        if let Err(why) = &file.fetched {
            let message = format!("`{name}` cannot be had from `{index}`: {why}");
            let finding = found
                .finding(message)
                .with_help("Ask those who run the index: it lists a file that nobody can install");
            found.put(Owner::Path(name.clone()), finding);
        }
        if audit.manifest.as_ref().is_some_and(|planned| planned.iter().all(|(planned, _)| planned != name)) {
            let message = format!("`{index}` has `{name}`, which is not in the manifest");
            found.put(Owner::Path(name.clone()), found.finding(message).with_help("Find out who published it"));
        }
    }
    for (name, _) in audit.manifest.iter().flatten() {
        if audit.files.iter().all(|file| file.name != *name) {
            found.whole(format!("`{index}` does not list `{name}`"));
        }
    }
}

rule!(INDEX_YANKED = "index-yanked", Warning, Index(index_yanked);
    what: "No file of a published release is yanked; where a manifest is given it is an error.",
    why: "Installers pass a yanked file over, or warn of it.",
    fix: "Release another version, or take the yank back at the index";
    because: [Habit("who yanks a file means it"), Installer("an installer passes a yanked file over, or warns of it")]);

fn index_yanked(audit: &Audit, found: &mut Findings) {
    let severity = if audit.manifest.is_some() { Severity::Error } else { Severity::Warning };
    for file in &audit.files {
        let (index, name) = (&audit.index, &file.name);
        if let Some(because) = file.yanked_because() {
            let finding = found.finding(format!("`{name}` is yanked at `{index}`{because}"));
            found.put(Owner::Path(name.clone()), finding.with_severity(severity));
        }
    }
}

rule!(INDEX_ATTESTATION = "index-attestation", Error, Index(index_attestation);
    what: "The attestations that an index has of a file (PEP 740) are about this file and its bytes; where attestations are asked for, every file has one, or every file that was sent with one. Their signatures are not judged here.",
    why: "Who asks for provenance refuses the file.",
    fix: "An attestation is sent with its file alone: release another version, with attestations beside its files";
    because: [Promise("an attestation is about the file that it stands with")]);

fn index_attestation(audit: &Audit, found: &mut Findings) {
    for file in &audit.files {
        let (index, name) = (&audit.index, &file.name);
        let message = match &file.provenance {
            Provenance::Good => continue,
            Provenance::Absent if !audit.attested.is_asked_of(name) => continue,
            Provenance::Absent => format!("`{index}` has no attestation of `{name}`"),
            Provenance::Bad(why) => format!("the attestations that `{index}` has of `{name}` are not good: {why}"),
        };
        found.put(Owner::Path(name.clone()), found.finding(message));
    }
}

pub(crate) static RULES: &[&Rule] = &[&INDEX_DIGEST, &INDEX_FILES, &INDEX_YANKED, &INDEX_ATTESTATION];
