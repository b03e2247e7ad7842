//! `relkit check`, `relkit rule` and `relkit coverage`: findings about distributions, the rules behind them, and who can
//! install the wheels.

use super::published::{self, Fetched};
use super::written::Written;
use super::{next, product};
use crate::check::coverage::{Coverage, Sources};
use crate::check::pages::{Pages, RuleIndex};
use crate::check::{Attested, Options, Selection, check, find_rules};
use crate::cli;
use crate::console::{Console, OutputForm, Shown as _};
use crate::digest::FileDigest;
use crate::error::{Exit, Failure};
use crate::fs::{portable, write_json};
use crate::publish::attestation::Attestations;
use crate::publish::audit::{PublishedRelease, Taken};
use crate::publish::receipt::sent_with_attestations;

pub(super) fn run(arguments: &cli::Check, console: &Console) -> Result<Exit, Failure> {
    let written = Written::default().input("--manifest", arguments.manifest.as_ref());
    let written = written.input("--publish-receipt", arguments.publish_receipt.as_ref());
    let written = written.file("--receipt", arguments.receipt.as_ref());
    // What is checked is never written over; a receipt beside it is no part of a release.
    let written = arguments.paths.iter().fold(written, |written, path| written.input("FILE_OR_DIR", Some(path)));
    written.must_be_apart()?;
    let product = product::with_templates(&arguments.product, arguments.template.as_deref(), None)?;
    let selection = Selection::of(&arguments.select, &arguments.ignore)?;
    let fetched = published(arguments, console)?;
    let paths = fetched.as_ref().map_or_else(|| arguments.paths.clone(), Fetched::paths);
    let is_told = arguments.output.format == OutputForm::Json || arguments.receipt.is_some();
    let options = Options {
        digest: if is_told { FileDigest::Computed } else { FileDigest::Omitted },
        paths: &paths,
        selection: &selection,
        runtime: &product.runtime,
        sdk: product.sdk_project(),
        release: None,
        index: fetched.as_ref().map(|fetched| &fetched.audit),
    };
    let mut report = console.with_spinner("Checking", |progress| check(&options, progress))?;
    if let Some(fetched) = &fetched {
        report.files.iter_mut().for_each(|file| file.path = fetched.shown(&file.path));
    }
    if let Some(path) = &arguments.receipt {
        write_json(path, &report.json())?;
    }
    console.show(&report, arguments.output.format);
    // Whose template stands alone is of no product that another command finds.
    let clean = Some(&product).filter(|_| arguments.template.is_none());
    let next = clean.and_then(|product| next::of_clean(&report, product));
    let next = next.or_else(|| next::of_clean_wheels(&report, &arguments.paths));
    next::say(next, arguments.output.format, console);
    Ok(report.exit())
}

/// The published releases that are named instead of files.
fn published(arguments: &cli::Check, console: &Console) -> Result<Option<Fetched>, Failure> {
    let releases = published::named(&arguments.paths)?;
    if releases.is_empty() {
        let given = [("--manifest", &arguments.manifest), ("--publish-receipt", &arguments.publish_receipt)];
        return match given.iter().find(|(_, path)| path.is_some()) {
            Some((option, _)) => {
                let message = format!("`{option}` is for published releases, and files are named");
                Err(Failure::new(Exit::Failed, message).with_hint("`relkit verify` holds files against a release"))
            }
            None => published::no_bare_name(&arguments.paths, &arguments.index).map(|()| None),
        };
    }
    let mut fetched = published::fetch(releases, &arguments.index, Taken::All, arguments.attestations, console)?;
    if let Some(manifest) = &arguments.manifest {
        fetched.hold_against(manifest)?;
    }
    if let Some(receipt) = arguments.publish_receipt.as_ref().filter(|_| fetched.audit.attested != Attested::Always) {
        fetched.audit.attested = Attested::AsSent(sent_with_attestations(receipt)?);
    }
    Ok(Some(fetched))
}

pub(super) fn rule(arguments: &cli::Rule, console: &Console) -> Result<Exit, Failure> {
    match &arguments.name {
        Some(name) => console.show(&Pages(find_rules(name)?), arguments.output.format),
        None => console.show(&RuleIndex, arguments.output.format),
    }
    Ok(Exit::Good)
}

pub(super) fn coverage(arguments: &cli::Coverage, console: &Console) -> Result<Exit, Failure> {
    let releases = published::named(&arguments.sources)?;
    let sources = match releases.is_empty() {
        true => Sources::read(&arguments.sources)?,
        false => published_wheels(releases, arguments, console)?,
    };
    let mut coverage = Coverage { problems: sources.problems, ..Coverage::of(&sources.candidates) };
    coverage.require(&arguments.require)?;
    console.show(&coverage, arguments.output.format);
    next::say(next::of_coverage(&coverage, &arguments.sources), arguments.output.format, console);
    Ok(coverage.exit())
}

/// The wheels of published releases. One that is yanked is named, and serves those who pin its version.
fn published_wheels(
    releases: Vec<PublishedRelease>,
    arguments: &cli::Coverage,
    console: &Console,
) -> Result<Sources, Failure> {
    let fetched = published::fetch(releases, &arguments.index, Taken::Wheels, Attestations::Off, console)?;
    let paths: Vec<_> = fetched.paths().into_iter().map(Into::into).collect();
    let mut sources = Sources::read(&paths)?;
    for problem in &mut sources.problems {
        problem.path = portable(&fetched.shown(problem.path.as_ref()));
    }
    sources.hold_against(&fetched.audit);
    for file in &fetched.audit.files {
        if let Some(because) = file.yanked_because() {
            let (name, index) = (&file.name, &fetched.audit.index);
            console.warning(format_args!("`{name}` is yanked at {index}{because}: only who pins its version gets it"));
        }
    }
    Ok(sources)
}
