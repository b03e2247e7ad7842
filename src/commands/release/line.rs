//! The whole line on one machine: every payload staged, inspected and built, the set checked, what this machine can run
//! smoke-tested, the release verified. What happened becomes one value, [`report::Release`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::build::writer::Options;
use crate::build::{build, read_stages};
use crate::check;
use crate::check::coverage::{Candidate, Choice, Coverage};
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure, Outcome};
use crate::fs::{Existing, PendingDirectory};
use crate::gate::{self, Problem, Role};
use crate::product::{RuntimeProject, SdkProject, Target};
use crate::report::{self, CoverageRow, FileRow, FindingRow, ProblemRow, StepRow, TargetRow};
use crate::smoke::{self, Level, Runner};
use crate::stage::{RuntimeRequest, SdkRequest, StagedRuntime, stage_runtime, stage_sdk};
use crate::target::{Architecture, PlatformTagSet, TargetTriple};
use crate::version::{CodexVersion, SdkVersion};
use crate::wheel::filename::FileNameError;
use crate::wheel::reader::Wheel;

/// A payload, and the platform tag that it was given.
#[derive(Debug, Clone)]
pub struct GivenPayload {
    /// The tag; without one it is read off the binaries.
    pub platform_tag: Option<PlatformTagSet>,
    /// The file or directory.
    pub path: PathBuf,
}

/// What is released.
#[derive(Debug)]
pub struct Request {
    /// The version of the runtime.
    pub codex: CodexVersion,
    /// The version of the SDK.
    pub sdk_version: SdkVersion,
    /// The payloads.
    pub payloads: Vec<GivenPayload>,
    /// Where stages, distributions and receipts go.
    pub out_dir: PathBuf,
    /// What becomes of an output directory that is not empty.
    pub existing: Existing,
    /// The runtime, and its template where it is not the built-in one.
    pub runtime: RuntimeProject,
    /// The directory of the runtime template.
    pub runtime_template: Option<PathBuf>,
    /// The SDK.
    pub sdk: SdkProject,
    /// The directory of the SDK template.
    pub sdk_template: Option<PathBuf>,
    /// How wheels are written.
    pub options: Options,
    /// How far the smoke tests go.
    pub level: Level,
    /// Programs that run the executables of a target.
    pub runners: Vec<(TargetTriple, Runner)>,
    /// Targets that may be absent.
    pub allow_missing: Vec<TargetTriple>,
}

/// Carries the line out. A payload that is not good fails its own target and the release, not the run.
///
/// # Errors
/// When something cannot be carried out at all; the output directory is then as it was before.
pub fn release(request: &Request, console: &Console) -> Result<report::Release, Failure> {
    let pending = PendingDirectory::create(&request.out_dir, request.existing)?;
    let root = pending.path().to_owned();
    let mut line = Line { request, console, root: &root, rows: Vec::new() };
    for payload in &request.payloads {
        line.payload(payload)?;
    }
    line.sdk()?;
    let release = line.judge()?;
    pending.commit()?;
    Ok(release)
}

struct Line<'a> {
    request: &'a Request,
    console: &'a Console,
    root: &'a Path,
    rows: Vec<TargetRow>,
}

impl Line<'_> {
    fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    fn payload(&mut self, payload: &GivenPayload) -> Result<(), Failure> {
        let name = payload.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut row = TargetRow {
            target: name,
            platform_tag: payload.platform_tag.as_ref().map(ToString::to_string).unwrap_or_default(),
            steps: Vec::new(),
            payload_bytes: 0,
            wheel: None,
            wheel_bytes: 0,
            contents: Vec::new(),
        };
        if let Some(staged) = self.stage(payload, &mut row)? {
            inspect(&staged, &mut row);
            self.build(&staged, &mut row)?;
        }
        self.rows.push(row);
        Ok(())
    }

    fn stage(&self, payload: &GivenPayload, row: &mut TargetRow) -> Result<Option<StagedRuntime>, Failure> {
        let request = RuntimeRequest {
            out: self.root.join("stage").join(format!("runtime-{}", self.rows.len() + 1)),
            payload: payload.path.clone(),
            codex_version: self.request.codex,
            platform_tag: payload.platform_tag.clone(),
            template: self.request.runtime_template.clone(),
            existing: Existing::Refuse,
        };
        let started = Instant::now();
        let progress = self.console.progress("Staging", 0);
        let staged = stage_runtime(&request, &progress);
        progress.finish();
        match staged.map_err(Failure::from) {
            Ok(staged) => {
                if let Some(target) = &staged.target {
                    row.target = target.to_string();
                }
                row.platform_tag = staged.platform_tag.to_string();
                row.payload_bytes = staged.bytes;
                for warning in &staged.warnings {
                    self.console.warning(warning);
                }
                let detail = staged.warnings.first().map_or_else(
                    || {
                        format!(
                            "{} in {} file{}",
                            human_bytes(staged.bytes),
                            staged.files,
                            if staged.files == 1 { "" } else { "s" }
                        )
                    },
                    ToString::to_string,
                );
                let outcome = if staged.warnings.is_empty() { Outcome::Passed } else { Outcome::Warned };
                row.steps.push(step("stage", outcome, detail, started.elapsed()));
                self.console.status("Staged", format_args!("{} for {}", payload.path.display(), staged.platform_tag));
                Ok(Some(staged))
            }
            // A payload that is not good is the release's failure; what cannot be read is the run's.
            Err(failure) if failure.exit == Exit::NotGood => {
                self.console.warning(format_args!("{}: {}", payload.path.display(), failure.chain.join(": ")));
                row.steps.push(step("stage", Outcome::Failed, failure.chain.join(": "), started.elapsed()));
                Ok(None)
            }
            Err(failure) => Err(failure.while_doing(format!("cannot stage `{}`", payload.path.display()))),
        }
    }

    fn build(&self, staged: &StagedRuntime, row: &mut TargetRow) -> Result<(), Failure> {
        let started = Instant::now();
        let paths = self.build_stage(&staged.out)?;
        let Some(path) = paths.first() else { return Ok(()) };
        let wheel = Wheel::open(path)?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if self.rows.iter().any(|other| other.wheel == name) {
            let name = name.unwrap_or_default();
            return Err(Failure::new(Exit::Failed, format!("two payloads give the same wheel, `{name}`"))
                .with_hint("give one payload for each platform tag"));
        }
        row.wheel_bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        row.wheel = name;
        row.contents = wheel.files().map(|member| (member.name.clone(), member.size)).collect();
        row.contents.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        row.steps.push(step("build", Outcome::Passed, human_bytes(row.wheel_bytes), started.elapsed()));
        Ok(())
    }

    fn build_stage(&self, stage: &Path) -> Result<Vec<PathBuf>, Failure> {
        let mut paths = Vec::new();
        for staged in read_stages(&[stage.to_owned()])? {
            let progress = self.console.progress("Building", staged.payload_size());
            let built = build(&staged, &self.dist(), &self.request.options, &progress);
            progress.finish();
            for one in built? {
                let name = one.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                self.console.status("Built", format_args!("{name} ({})", human_bytes(one.size)));
                paths.push(one.path);
            }
        }
        Ok(paths)
    }

    fn sdk(&self) -> Result<(), Failure> {
        let request = SdkRequest {
            out: self.root.join("stage/sdk"),
            codex_version: self.request.codex,
            sdk_version: self.request.sdk_version,
            template: self.request.sdk_template.clone(),
            existing: Existing::Refuse,
        };
        let staged = stage_sdk(&request)?;
        self.build_stage(&staged.out).map(|_| ())
    }

    /// Check, smoke and verify; they look at the finished wheels only.
    fn judge(&mut self) -> Result<report::Release, Failure> {
        let dist = self.dist();
        let (runtime, sdk) = (&self.request.runtime, &self.request.sdk);
        let started = Instant::now();
        let spinner = self.console.spinner("Checking");
        let allow_missing = &self.request.allow_missing;
        let options =
            gate::Options { dist: &dist, codex: self.request.codex, receipts: None, allow_missing, runtime, sdk };
        let verified = gate::verify(&options);
        spinner.finish();
        let (verdict, checked) = verified?;
        let elapsed = started.elapsed();
        for row in &mut self.rows {
            let Some(wheel) = &row.wheel else { continue };
            let of_wheel =
                checked.files.iter().filter(|file| file.path.file_name().is_some_and(|name| name == wheel.as_str()));
            let (mut errors, mut accepted, mut warnings) = (0, 0, 0);
            for finding in of_wheel.flat_map(|file| &file.findings).filter(|finding| !of_gate(finding.rule)) {
                match (finding.severity, &finding.accepted) {
                    (_, Some(_)) => accepted += 1,
                    (check::Severity::Error, None) => errors += 1,
                    (check::Severity::Warning, None) => warnings += 1,
                }
            }
            let outcome = match (errors, warnings + accepted) {
                (0, 0) => Outcome::Passed,
                (0, _) => Outcome::Warned,
                _ => Outcome::Failed,
            };
            let counts = [(errors, "error"), (warnings, "warning"), (accepted, "accepted finding")];
            let counts = counts.iter().filter(|(count, _)| *count > 0);
            let counts: Vec<_> =
                counts.map(|(count, word)| format!("{count} {word}{}", if *count == 1 { "" } else { "s" })).collect();
            let detail = if counts.is_empty() { "no finding".to_owned() } else { counts.join(", ") };
            row.steps.push(step("check", outcome, detail, elapsed));
        }
        for index in 0..self.rows.len() {
            let step = self.smoke(&self.rows[index])?;
            self.rows[index].steps.extend(step);
        }
        self.summarise(&verdict, &checked)
    }

    /// Runs the wheel where this machine can, and says why not where it cannot.
    fn smoke(&self, row: &TargetRow) -> Result<Option<StepRow>, Failure> {
        let Some(wheel) = &row.wheel else { return Ok(None) };
        let target = self.request.runtime.targets.iter().find(|target| target.triple.to_string() == row.target);
        let Some(target) = target else { return Ok(None) };
        let runner = self.request.runners.iter().find(|(triple, _)| *triple == target.triple);
        if runner.is_none() && !runs_here(&target.triple) {
            let detail = format!("this machine cannot run it; `{}` can", target.runner);
            return Ok(Some(step("smoke", Outcome::Skipped, detail, Duration::ZERO)));
        }
        let subject = self.dist().join(wheel);
        let request = smoke::Request {
            subject: &subject,
            project: &self.request.runtime,
            level: self.request.level,
            expect_version: Some(self.request.codex),
            runner: runner.map(|(_, runner)| runner.clone()),
            timeout: None,
        };
        let started = Instant::now();
        let spinner = self.console.spinner("Testing");
        let report = smoke::smoke(&request, &spinner);
        spinner.finish();
        let report = report?;
        report.write_receipt(&self.root.join("receipts").join(format!("{wheel}.json")))?;
        let (outcome, detail) = match report.failed_step() {
            Some(failed) => (Outcome::Failed, format!("{}: {}", failed.name, failed.detail)),
            None => (Outcome::Passed, format!("level {} on {}", report.level, report.platform)),
        };
        self.console.status(if report.passed() { "Tested" } else { "Failed" }, format_args!("{wheel}: {detail}"));
        Ok(Some(step("smoke", outcome, detail, started.elapsed())))
    }

    fn summarise(&self, verdict: &gate::Release, checked: &check::Report) -> Result<report::Release, Failure> {
        let request = self.request;
        let wheels = verdict.files.iter().filter(|file| file.role == Role::RuntimeWheel);
        let candidates = wheels.map(|file| Ok(Candidate::of_wheel(&file.name.parse()?, &file.name)));
        let coverage = Coverage::of(&candidates.collect::<Result<Vec<_>, FileNameError>>()?);
        // What a step failed at comes first: an incomplete set is what follows from it.
        let mut problems: Vec<ProblemRow> = Vec::new();
        for row in &self.rows {
            for step in row.steps.iter().filter(|step| step.outcome == Outcome::Failed && step.name != "check") {
                let help = match step.name.as_str() {
                    "stage" => "give another payload; `relkit inspect` says what a file is",
                    _ => "fix the executable, or the payload around it; `relkit smoke` on the wheel tells more",
                };
                problems.push(ProblemRow {
                    code: format!("{}-failed", step.name),
                    message: format!("`{}`: {}", row.target, step.detail),
                    help: help.to_owned(),
                });
            }
        }
        problems.extend(verdict.problems.iter().map(problem));
        let files = verdict.files.iter().map(|file| FileRow {
            name: file.name.clone(),
            bytes: file.bytes,
            sha256: file.sha256.to_string(),
        });
        // What files and sets are found by stands on its own.
        let warnings = verdict.warnings.iter().filter(|warning| of_gate(&warning.code));
        Ok(report::Release {
            schema_version: 1,
            outcome: if problems.is_empty() { Outcome::Passed } else { Outcome::Failed },
            distribution: request.runtime.distribution.clone(),
            sdk_distribution: request.sdk.distribution.clone(),
            version: request.codex.to_string(),
            release_tag: request.codex.release_tag(),
            targets: in_order(&request.runtime.targets, self.rows.clone()),
            files: files.collect(),
            coverage: coverage.platforms.into_iter().map(platform).collect(),
            findings: checked.files.iter().filter(|file| file.sha256.is_some()).flat_map(findings).collect(),
            problems,
            warnings: warnings.map(problem).collect(),
        })
    }
}

/// What the binaries are, and whether the wheel's tags are honest.
fn inspect(staged: &StagedRuntime, row: &mut TargetRow) {
    let started = Instant::now();
    let honest = staged.inventory.honest_tags();
    let dishonest: Vec<_> = staged
        .platform_tag
        .tags()
        .iter()
        .filter(|tag| !staged.inventory.honours(tag))
        .map(|tag| format!("`{tag}`"))
        .collect();
    let entry = staged.inventory.binaries().iter().find(|(path, _)| path.ends_with(&staged.entrypoint));
    let what = entry.map_or_else(String::new, |(_, facts)| {
        let linkage = facts.slices.first().map(|slice| slice.linkage.to_string()).unwrap_or_default();
        format!("{} {}, {linkage}", facts.format, facts.architecture())
    });
    let honest = honest.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ");
    let (outcome, detail) = if dishonest.is_empty() {
        (Outcome::Passed, what)
    } else {
        (Outcome::Warned, format!("{what}; honest are {honest}, not {}", dishonest.join(", ")))
    };
    row.steps.push(step("inspect", outcome, detail, started.elapsed()));
}

fn step(name: &str, outcome: Outcome, detail: String, elapsed: Duration) -> StepRow {
    let milliseconds = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    StepRow { name: name.to_owned(), outcome, detail, milliseconds }
}

fn platform(choice: Choice) -> CoverageRow {
    CoverageRow { name: choice.title.to_owned(), wheel: choice.wheel }
}

fn problem(problem: &Problem) -> ProblemRow {
    ProblemRow { code: problem.code.clone(), message: problem.message.clone(), help: problem.help.clone() }
}

/// Whether a rule judges releases alone.
fn of_gate(rule: &str) -> bool {
    let is_gate = |family| matches!(family, check::Family::Release | check::Family::Receipt);
    check::rules().any(|other| other.name == rule && is_gate(other.family))
}

fn findings(file: &check::FileReport) -> Vec<FindingRow> {
    let name = file.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let row = |finding: &check::Finding| FindingRow {
        file: name.clone(),
        error: finding.severity == check::Severity::Error,
        rule: finding.rule.to_owned(),
        member: finding.member.clone(),
        message: finding.message.clone(),
        help: finding.help.clone(),
        accepted: finding.accepted.clone(),
    };
    file.findings.iter().filter(|finding| !of_gate(finding.rule)).map(row).collect()
}

/// The rows in the template's order, and those of no target last.
fn in_order(targets: &[Target], rows: Vec<TargetRow>) -> Vec<TargetRow> {
    let mut places: BTreeMap<usize, Vec<TargetRow>> = BTreeMap::new();
    for row in rows {
        let place = targets.iter().position(|target| target.triple.to_string() == row.target);
        places.entry(place.unwrap_or(usize::MAX)).or_default().push(row);
    }
    places.into_values().flatten().collect()
}

/// Whether this machine runs executables of a target by itself.
pub fn runs_here(triple: &TargetTriple) -> bool {
    let system = match std::env::consts::OS {
        "linux" => triple.is_linux(),
        "macos" => triple.is_macos(),
        "windows" => triple.is_windows(),
        _ => false,
    };
    let here = match std::env::consts::ARCH {
        "x86_64" => Some(Architecture::X86_64),
        "aarch64" => Some(Architecture::Aarch64),
        _ => None,
    };
    system && here.is_some() && here == triple.architecture()
}
