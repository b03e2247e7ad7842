//! The line itself: payload by payload, then the set.

use std::path::Path;
use std::time::{Duration, Instant};

use super::options::{Options, Payload};
use super::target::{ReleaseRun, tell_reservations};
use super::{choice, rows};
use crate::check;
use crate::check::coverage::{Candidate, Coverage, Sources};
use crate::console::Console;
use crate::error::{Exit, Failure, Outcome};
use crate::fs::{Existing, FsError, PendingDirectory};
use crate::gate::{self, Half, Role};
use crate::report::{FileRow, FindingRow, ReleaseReport, StepRow, TargetRow};
use crate::smoke;
use crate::stage::{self, stage_sdk};
use crate::version::PublicVersion;
use crate::wheel::filename::{FileNameError, WheelFileName};

/// Carries the line out. A payload that is not good fails its own target and the release, not the run.
///
/// # Errors
/// When something cannot be carried out at all; the output directory is then as it was before.
pub(crate) fn release(options: &Options, console: &Console) -> Result<ReleaseReport, Failure> {
    options.keep_the_work_of_others()?;
    // What is not there at all ends the run before the payloads before it are built.
    for Payload { path, .. } in &options.payloads {
        let read = std::fs::metadata(path).map_err(|error| Failure::from(FsError::read(path)(error)));
        read.map_err(|failure| failure.while_doing(format!("cannot stage `{}`", path.display())))?;
    }
    let pending = PendingDirectory::create(&options.out_dir, options.existing)?;
    let release = carry_out(options, pending.path(), console)?;
    pending.commit()?;
    Ok(release)
}

/// The line, in an empty directory that gets its name when all is done.
pub(super) fn carry_out(options: &Options, root: &Path, console: &Console) -> Result<ReleaseReport, Failure> {
    let place = ReleaseRun { options, console, root };
    let mut targets: Vec<TargetRow> = Vec::new();
    for payload in &options.payloads {
        let row = place.target(payload, targets.len() + 1).inspect_err(|_| tell_reservations(&targets, console))?;
        if let Some(name) = &row.wheel
            && let Some(other) = targets.iter().position(|other| other.wheel.as_ref() == Some(name))
        {
            let (one, other) = (options.payloads[other].path.display(), payload.path.display());
            return Err(Failure::new(Exit::Failed, format!("`{one}` and `{other}` give the same wheel, `{name}`"))
                .with_hint("give one payload for each platform tag"));
        }
        targets.push(row);
    }
    tell_reservations(&targets, console);
    if let Some(sdk) = options.product.sdk.as_ref().filter(|_| options.only != Some(Half::Runtime)) {
        let staged = stage_sdk(&stage::sdk::Options {
            sdk,
            out: place.root.join("stage/sdk"),
            release: options.version.clone(),
            version: options.sdk_version.clone(),
            existing: Existing::Refuse,
        })?;
        place.build(&staged.out, &sdk.template)?;
    }
    place.judge(targets)
}

/// How long the check of a wheel took.
fn took(checked: &check::Report, wheel: &WheelFileName) -> Duration {
    let wheel = wheel.to_string();
    let of = checked.files.iter().find(|file| file.path.file_name().is_some_and(|name| *name == *wheel));
    of.map_or(Duration::ZERO, |file| file.took)
}

impl ReleaseRun<'_> {
    /// Smoke, check and verify; they look at the finished wheels only.
    fn judge(&self, mut targets: Vec<TargetRow>) -> Result<ReleaseReport, Failure> {
        let dist = self.dist();
        // Where no payload was good there is no wheel, and the verdict says so.
        std::fs::create_dir_all(&dist).map_err(FsError::write(&dist))?;
        let Options { product, version, allow_missing, .. } = self.options;
        let (runtime, sdk) = (&product.runtime, product.sdk_project());
        for row in &mut targets {
            if let Some(wheel) = &row.wheel {
                let (step, smoke) = self.smoke(wheel, row)?.unzip();
                row.steps.extend(step);
                row.smoke = smoke.unwrap_or_default();
            }
        }
        let failed: Vec<_> = targets.iter().flat_map(rows::failed_steps).collect();
        let part = self.options.part();
        let dist = &dist;
        let options =
            gate::Options { dist, version, receipts: None, allow_missing, runtime, sdk, part, failed: &failed };
        let (verdict, mut checked) =
            self.console.with_spinner("Checking", |progress| gate::verify(&options, progress))?;
        let files = checked.files.iter().filter(|file| file.is_distribution);
        let findings: Vec<_> = files.flat_map(rows::findings).filter(|row| !gate::is_of_gate(&row.rule)).collect();
        for row in &mut targets {
            if let Some(wheel) = &row.wheel {
                // As the line has it: what is wrong with a wheel, then whether its program runs.
                let at = row.steps.iter().position(|step| step.name == "smoke").unwrap_or(row.steps.len());
                row.steps.insert(at, rows::checked(wheel, &findings, took(&checked, wheel)));
            }
        }
        // Where they are when the release is whole, and a command can name them.
        let place = self.options.out_dir.join("dist");
        for file in &mut checked.files {
            file.path = file.path.file_name().map_or_else(|| file.path.clone(), |name| place.join(name));
        }
        self.summary(&verdict, &checked, findings, targets)
    }

    /// What to do about a program that says another version than the release's.
    fn meant(&self, report: &smoke::Report) -> Option<String> {
        let released = self.options.version.program();
        let said: PublicVersion = report.version.as_deref()?.parse().ok()?;
        let is_other = !self.options.product.runtime.smoke.is_packaging(released, &said);
        is_other.then(|| {
            format!(
                "Give `--release-version {said}` if that is the release that is meant, else the payload of {released}"
            )
        })
    }

    /// Runs the wheel where this machine can, and says why not where it cannot.
    fn smoke(&self, wheel: &WheelFileName, row: &TargetRow) -> Result<Option<(StepRow, Vec<StepRow>)>, Failure> {
        let target =
            self.options.product.runtime.targets.iter().find(|known| Some(&known.triple) == row.target.as_ref());
        let Some(target) = target else { return Ok(None) };
        let runner = self.options.runners.iter().find(|(triple, _)| *triple == target.triple);
        let obstacle = match (runner, &row.missing_loader) {
            (Some(_), _) => None,
            _ if !target.triple.runs_here() => Some(format!("this machine cannot run it; `{}` can", target.runner)),
            (None, loader) => loader.as_ref().map(|loader| format!("this machine cannot run it: it has no `{loader}`")),
        };
        if let Some(detail) = obstacle {
            return Ok(Some((rows::step("smoke", Outcome::Skipped, detail, Duration::ZERO), Vec::new())));
        }
        let options = smoke::Options {
            subject: &self.dist().join(wheel.to_string()),
            project: &self.options.product.runtime,
            level: self.options.level,
            expected: Some(smoke::ExpectedVersion {
                version: self.options.version.program().clone(),
                source: "the release",
            }),
            runner: runner.map(|(_, runner)| runner.clone()),
            timeout: None,
        };
        let started = Instant::now();
        let report = self.console.with_spinner("Testing", |progress| smoke::smoke(&options, progress))?;
        report.write_receipt(&self.root.join("receipts").join(format!("{wheel}.json")))?;
        let (verb, outcome, detail) = match report.failed_step() {
            Some(failed) => ("Failed", Outcome::Failed, format!("{}: {}", failed.name, failed.detail)),
            None => ("Tested", Outcome::Passed, format!("level {} on {}", report.level, report.platform)),
        };
        self.console.status(verb, format_args!("{wheel}: {detail}"));
        let steps = report.steps.iter().map(rows::of_smoke).collect();
        let help = report.failed_step().and_then(|_| self.meant(&report));
        Ok(Some((StepRow { help, ..rows::step("smoke", outcome, detail, started.elapsed()) }, steps)))
    }

    fn summary(
        &self,
        verdict: &gate::Release,
        checked: &check::Report,
        findings: Vec<FindingRow>,
        targets: Vec<TargetRow>,
    ) -> Result<ReleaseReport, Failure> {
        let Options { product, version, only, .. } = self.options;
        let runtime = &product.runtime;
        let sdk = product.sdk_project().filter(|_| *only != Some(Half::Runtime));
        let made = verdict.files.iter().filter(|file| file.role == Role::RuntimeWheel);
        let made: Vec<_> = made.map(|file| self.dist().join(&file.name).into_os_string()).collect();
        // An index may list names that no installer takes.
        let is_wheel = |name: &&String| name.parse::<WheelFileName>().is_ok();
        let published = verdict.published.iter().map(|file| &file.name).filter(is_wheel);
        let published = published.map(|name| Ok(Candidate::of_wheel(&name.parse()?, name)));
        let published = published.collect::<Result<Vec<_>, FileNameError>>()?;
        // What the metadata of the wheels require of Python counts, as it does for installers.
        let candidates = [Sources::read(&made)?.candidates, published].concat();
        let is_unseen = *only == Some(Half::Sdk) && verdict.published.is_empty();
        let left_out = choice::left_out(self.options, &targets);
        let platforms = choice::platforms(Coverage::of(&candidates), self.options, &left_out);
        let coverage = if is_unseen { Vec::new() } else { platforms };
        let problems: Vec<_> = verdict.problems.iter().map(rows::problem).collect();
        let files = verdict.files.iter().map(|file| FileRow {
            name: file.name.clone(),
            bytes: file.bytes,
            sha256: file.sha256,
        });
        // What is found in files stands on its own.
        let is_of_set = |warning: &&gate::Problem| warning.file.is_none() || gate::is_of_gate(&warning.code);
        let warnings: Vec<_> = verdict.warnings.iter().filter(is_of_set).map(rows::problem).collect();
        let outcome = if problems.is_empty() { Outcome::Passed } else { Outcome::Failed };
        Ok(ReleaseReport {
            schema_version: 1,
            outcome,
            distribution: sdk
                .filter(|_| *only == Some(Half::Sdk))
                .map_or(&runtime.distribution, |sdk| &sdk.distribution)
                .clone(),
            sdk_distribution: sdk.map(|sdk| sdk.distribution.clone()),
            version: version.distribution().clone(),
            release_tag: version.tag().to_owned(),
            date: choice::day(self.options.build.date),
            next: Some(choice::next(self.options, &targets, verdict, checked)),
            left_out,
            targets: rows::in_order(&runtime.targets, targets),
            files: files.collect(),
            coverage,
            findings,
            changes: self.options.against.as_ref().map(|earlier| earlier.changes(&self.dist())).transpose()?,
            problems,
            warnings,
        })
    }
}
