//! One payload on its way to a wheel: staged, inspected, built.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::contents;
use super::options::{Options, Payload};
use super::rows::step;
use super::template_fault::of_template;
use crate::binary::missing_loader;
use crate::build::{build, read_stages};
use crate::console::Console;
use crate::console::text::{human_bytes, plural, quoted};
use crate::error::{Exit, Failure, Outcome};
use crate::fs::Existing;
use crate::product::Template;
use crate::report::{StepRow, TargetRow, reservations};
use crate::stage::{self, StageWarning, StagedRuntime, stage_runtime};
use crate::wheel::reader::Wheel;

/// Where the line works, and who is told.
pub(super) struct ReleaseRun<'a> {
    pub(crate) options: &'a Options,
    pub(crate) console: &'a Console,
    pub(crate) root: &'a Path,
}

/// Says what payloads were staged with reservations for.
pub(super) fn tell_reservations(targets: &[TargetRow], console: &Console) {
    reservations(targets).into_iter().for_each(|sentence| console.warning(sentence));
}

impl ReleaseRun<'_> {
    pub(super) fn dist(&self) -> PathBuf {
        self.root.join("dist")
    }

    /// Takes the payload as far as it goes: one that is not good fails here, what cannot be read ends the run.
    pub(super) fn target(&self, payload: &Payload, number: usize) -> Result<TargetRow, Failure> {
        let name = payload.path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut row = TargetRow { payload: name, platform_tag: payload.platform_tag.clone(), ..TargetRow::default() };
        if let Some(staged) = self.stage(payload, number, &mut row)? {
            row.steps.push(inspect(&staged));
            self.runtime_wheel(&staged, &mut row)?;
        }
        Ok(row)
    }

    fn stage(&self, payload: &Payload, number: usize, row: &mut TargetRow) -> Result<Option<StagedRuntime>, Failure> {
        let options = stage::runtime::Options {
            product: &self.options.product,
            out: self.root.join("stage").join(format!("runtime-{number}")),
            payload: payload.path.clone(),
            release: self.options.version.clone(),
            platform_tag: payload.platform_tag.clone(),
            target: payload.target.clone(),
            existing: Existing::Refuse,
        };
        let (started, shown) = (Instant::now(), payload.path.display());
        let staged = self.console.with_bar("Staging", 0, |progress| stage_runtime(&options, progress));
        let staged = match staged.map_err(Failure::from) {
            Ok(staged) => staged,
            Err(failure) if failure.exit == Exit::NotGood => {
                // A page is read where the payload is not.
                let detail = failure.sentence().replace(&format!("`{shown}`"), &format!("`{}`", row.payload));
                // What is wrong is said once, with the problems.
                self.console.status("Failed", format_args!("{shown}: no stage can be made of it"));
                let failed = step("stage", Outcome::Failed, detail, started.elapsed());
                row.steps.push(StepRow { help: failure.hint, ..failed });
                return Ok(None);
            }
            Err(failure) => return Err(failure.while_doing(format!("cannot stage `{shown}`"))),
        };
        row.target.clone_from(&staged.target);
        row.platform_tag = Some(staged.platform_tag.clone());
        row.payload_bytes = staged.bytes;
        let loader = staged.inventory.get(&staged.entrypoint).and_then(missing_loader);
        row.missing_loader = loader.map(str::to_owned);
        (row.why, row.wider) = (Some(staged.reason.why.clone()), staged.reason.wider.clone());
        row.reservations = StageWarning::sentences(&staged.warnings);
        let size = format!("{} in {}", human_bytes(staged.bytes), plural(staged.files, "file"));
        // What payloads have in common is said once, beside the steps.
        let (outcome, detail) = match row.reservations.len() {
            0 => (Outcome::Passed, size),
            count => (Outcome::Warned, format!("{size}; {}", plural(count, "warning"))),
        };
        row.steps.push(step("stage", outcome, detail, started.elapsed()));
        self.console.status("Staged", format_args!("{shown} for {}", staged.platform_tag));
        staged.reason.lines().for_each(|line| self.console.status("Tag", line));
        Ok(Some(staged))
    }

    fn runtime_wheel(&self, staged: &StagedRuntime, row: &mut TargetRow) -> Result<(), Failure> {
        let started = Instant::now();
        let paths = self.build(&staged.out, &self.options.product.runtime_template)?;
        let Some(path) = paths.first() else { return Ok(()) };
        row.wheel_bytes = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let wheel = Wheel::open(path)?;
        row.wheel = Some(wheel.name().clone());
        row.sboms = contents::sboms(&wheel)?;
        row.contents = wheel.files().map(|member| (member.name.clone(), member.size)).collect();
        row.contents.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        row.steps.push(step("build", Outcome::Passed, human_bytes(row.wheel_bytes), started.elapsed()));
        Ok(())
    }

    /// Builds a stage that was made of that template; the distributions that came of it.
    pub(super) fn build(&self, stage: &Path, template: &Template) -> Result<Vec<PathBuf>, Failure> {
        let mut paths = Vec::new();
        let read = read_stages(&[stage.to_owned()]);
        for staged in read.map_err(|error| of_template(error.into(), stage, template))? {
            let bar = |progress: &_| build(&staged, &self.dist(), &self.options.build, progress);
            for one in self.console.with_bar("Building", staged.payload_size(), bar)? {
                let name = one.path.file_name().unwrap_or_default().to_string_lossy();
                self.console.status("Built", format_args!("{name} ({})", human_bytes(one.size)));
                paths.push(one.path);
            }
        }
        Ok(paths)
    }
}

/// What the binaries are, and whether the wheel's tags are honest.
fn inspect(staged: &StagedRuntime) -> StepRow {
    let started = Instant::now();
    let inventory = &staged.inventory;
    let what = inventory.get(&staged.entrypoint).map_or_else(String::new, |facts| {
        let linkage = facts.slices.first().map(|slice| slice.linkage.to_string()).unwrap_or_default();
        format!("{} {}, {linkage}", facts.format, facts.machines())
    });
    let dishonest: Vec<_> = staged.platform_tag.tags().iter().filter(|tag| !inventory.honours(tag)).cloned().collect();
    let (outcome, detail) = if dishonest.is_empty() {
        (Outcome::Passed, what)
    } else {
        let honest = match &inventory.honest_tags()[..] {
            [] => "no tag is honest".to_owned(),
            [tag] => format!("honest is `{tag}`"),
            tags => format!("honest are {}", quoted(tags)),
        };
        (Outcome::Warned, format!("{what}; {honest}, not {}", quoted(&dishonest)))
    };
    step("inspect", outcome, detail, started.elapsed())
}
