//! `relkit release` and `relkit demo`: the whole line at once, and what came of it as a table.

mod line;

use std::path::{Path, PathBuf};

use crate::cli::{self, ReportFormat};
use crate::console::Console;
use crate::console::text::{human_bytes, table};
use crate::error::{Exit, Failure, Outcome};
use crate::fs::{FsError, Scratch, write_whole};
use crate::product::RuntimeProject;
use crate::report;
use crate::smoke::{Level, stand_in};
use crate::stage::Template;
use crate::target::{PlatformTagSet, TargetTriple};
use crate::version::CodexVersion;
use line::{GivenPayload, Request, release, runs_here};

/// Runs `release`.
pub fn run(arguments: &cli::Release, console: &Console) -> Result<Exit, Failure> {
    let codex: CodexVersion = arguments.codex_version.parse()?;
    let runtime = super::runtime_project(arguments.runtime_template.as_deref())?;
    let request = Request {
        codex,
        sdk_version: match &arguments.sdk_version {
            Some(text) => codex.sdk_version(text)?,
            None => codex.into(),
        },
        payloads: arguments.payload.iter().map(|text| given(text)).collect(),
        out_dir: arguments.out_dir.clone(),
        existing: super::stage::existing(arguments.force),
        runtime_template: arguments.runtime_template.clone(),
        sdk: super::sdk_project(arguments.sdk_template.as_deref())?,
        sdk_template: arguments.sdk_template.clone(),
        options: super::build::options(arguments.compression, arguments.jobs)?,
        level: arguments.level,
        runners: arguments.runner.iter().map(|text| runner(text, &runtime)).collect::<Result<_, _>>()?,
        allow_missing: super::targets(&arguments.allow_missing, &runtime)?,
        runtime,
    };
    if arguments.force {
        let written: Vec<&Path> =
            [&arguments.report, &arguments.summary].into_iter().flatten().map(PathBuf::as_path).collect();
        keep_the_work_of_others(&request.out_dir, &written)?;
    }
    let release = release(&request, console)?;
    if let Some(path) = &arguments.report {
        write_whole(path, release.html().as_bytes())?;
        console.status("Wrote", format_args!("the report to {}", path.display()));
    }
    if let Some(path) = &arguments.summary {
        write_whole(path, release.markdown().as_bytes())?;
    }
    show(&release, arguments.format, console);
    Ok(exit(&release))
}

/// Runs `demo`: the line on relkit itself, playing the runtime.
pub fn demo(arguments: &cli::Demo, console: &Console) -> Result<Exit, Failure> {
    let runtime = super::runtime_project(None)?;
    let sdk = super::sdk_project(None)?;
    let codex = template_version()?;
    let target = runtime.targets.iter().find(|target| runs_here(&target.triple)).ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            "the demonstration runs the stand-in, and no target of the template runs on this machine",
        )
    })?;
    let scratch = Scratch::create("relkit-demo-").map_err(FsError::write(&std::env::temp_dir()))?;
    let payload = scratch.path().join("payload");
    stand_in::write_package(&payload, &runtime.executable, &codex, &target.triple)?;
    let out_dir = arguments.out_dir.clone().unwrap_or_else(|| scratch.path().join("demo"));
    let absent = runtime.targets.iter().map(|row| row.triple.clone()).filter(|triple| *triple != target.triple);
    let request = Request {
        codex,
        sdk_version: codex.into(),
        payloads: vec![GivenPayload { platform_tag: None, path: payload }],
        out_dir: out_dir.clone(),
        existing: super::stage::existing(arguments.force),
        allow_missing: absent.collect(),
        runtime_template: None,
        sdk,
        sdk_template: None,
        options: super::build::options(cli::CompressionPreset::Fast, None)?,
        level: Level::Turn,
        runners: Vec::new(),
        runtime,
    };
    if arguments.force {
        keep_the_work_of_others(&request.out_dir, &[])?;
    }
    let release = release(&request, console)?;
    show(&release, arguments.format, console);
    if let Some(kept) = &arguments.out_dir {
        console.status("Kept", format_args!("stages, distributions and receipts in {}", kept.display()));
    }
    if release.outcome != Outcome::Failed && arguments.format == ReportFormat::Text {
        console.result(next_steps(&codex, &release));
    }
    Ok(exit(&release))
}

/// What a release makes in its output directory, and all that `--force` replaces.
const MADE: [&str; 3] = ["stage", "dist", "receipts"];

/// Refuses to replace a directory that holds anything else than an earlier release and the files that this one writes there.
fn keep_the_work_of_others(out_dir: &Path, written: &[&Path]) -> Result<(), Failure> {
    let entries = match std::fs::read_dir(out_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(FsError::read(out_dir)(error).into()),
    };
    for entry in entries {
        let name = entry.map_err(FsError::read(out_dir))?.file_name();
        let is_written = written.contains(&out_dir.join(&name).as_path());
        if !is_written && !MADE.iter().any(|made| name == *made) {
            let (shown, name) = (out_dir.display(), Path::new(&name).display());
            let failure = Failure::new(Exit::Failed, format!("`{shown}` holds `{name}`, which no release made"));
            return Err(Failure {
                hint: Some("give a directory of its own: `--force` replaces the whole of it".into()),
                ..failure
            });
        }
    }
    Ok(())
}

fn next_steps(codex: &CodexVersion, release: &report::Release) -> String {
    let wheel = release.targets.iter().find_map(|row| row.wheel.as_deref()).unwrap_or("WHEEL");
    format!(
        "\nThat was the whole line on a stand-in. With a real binary, package directory, archive or wheel:\n\n\
         \x20 relkit release --codex-version {tag} --out-dir release --payload PATH --report report.html\n\n\
         or step by step:\n\n\
         \x20 relkit stage-runtime stage/runtime PATH --codex-version {tag}\n\
         \x20 relkit stage-sdk stage/sdk --codex-version {tag}\n\
         \x20 relkit build stage/runtime stage/sdk --out-dir dist\n\
         \x20 relkit check dist\n\
         \x20 relkit smoke dist/{wheel} --receipt receipts/here.json\n\
         \x20 relkit verify dist --codex-version {tag} --receipts receipts\n",
        tag = codex.release_tag()
    )
}

/// The version that the SDK template is at: the one that its types were made from.
fn template_version() -> Result<CodexVersion, Failure> {
    let template = Template::sdk(None)?;
    let pyproject: toml::Table = toml::from_str(template.pyproject()?)
        .map_err(|error| Failure::new(Exit::Failed, format!("the built-in SDK template cannot be read: {error}")))?;
    let version = pyproject.get("project").and_then(|project| project.get("version")?.as_str()).unwrap_or_default();
    Ok(version.parse()?)
}

/// `[TAG=]PAYLOAD`: what stands before `=` is a tag only if it reads as one, for a path may hold `=` too.
fn given(text: &str) -> GivenPayload {
    if let Some((tag, path)) = text.split_once('=')
        && let Ok(tag) = tag.parse::<PlatformTagSet>()
    {
        return GivenPayload { platform_tag: Some(tag), path: PathBuf::from(path) };
    }
    GivenPayload { platform_tag: None, path: PathBuf::from(text) }
}

fn runner(text: &str, runtime: &RuntimeProject) -> Result<(TargetTriple, crate::smoke::Runner), Failure> {
    let (target, command) = text.split_once('=').ok_or_else(|| {
        Failure::new(Exit::Failed, format!("`{text}` names no target"))
            .with_hint("write the target before the command, as in `aarch64-unknown-linux-musl=qemu-aarch64-static`")
    })?;
    Ok((super::target(target, runtime)?, command.parse()?))
}

fn show(release: &report::Release, format: ReportFormat, console: &Console) {
    if format == ReportFormat::Json {
        console.json(release);
        return;
    }
    let cells: Vec<[String; 7]> = release
        .targets
        .iter()
        .map(|row| {
            let cell = |name: &str| {
                let step = row.steps.iter().find(|step| step.name == name);
                step.map_or_else(String::new, |step| format!("{} {}", step.outcome.sign(), step.outcome.word()))
            };
            let size = if row.wheel_bytes == 0 { String::new() } else { human_bytes(row.wheel_bytes) };
            let target = row.target.clone();
            [target, cell("stage"), cell("inspect"), cell("build"), cell("check"), cell("smoke"), size]
        })
        .collect();
    let head = ["target", "stage", "inspect", "build", "check", "smoke", "wheel"].map(str::to_owned);
    console.result(table(&head, &cells));
    for problem in &release.problems {
        console.result(format_args!("\nproblem: {} ({})\n  {}\n", problem.message, problem.code, problem.help));
    }
    for warning in &release.warnings {
        console.result(format_args!("\nwarning: {} ({})\n  {}\n", warning.message, warning.code, warning.help));
    }
    for (text, count) in warnings(release) {
        let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
        console.result(format_args!("\nwarning: {text}{times}\n"));
    }
    let (name, version) = (&release.distribution, &release.version);
    console.result(format_args!("\n{name} {version} {}: {}\n", release.outcome.word(), release.summary()));
}

/// Every rule that warns, with the first of its findings and how many there are.
fn warnings(release: &report::Release) -> Vec<(String, usize)> {
    let mut rules: Vec<(&str, String, usize)> = Vec::new();
    for finding in release.findings.iter().filter(|finding| !finding.error && finding.accepted.is_none()) {
        match rules.iter_mut().find(|(rule, ..)| *rule == finding.rule) {
            Some((.., count)) => *count += 1,
            None => {
                let member = finding.member.as_ref().map(|member| format!("`{member}`: ")).unwrap_or_default();
                let text = format!("{member}{} ({})\n  in `{}`", finding.message, finding.rule, finding.file);
                rules.push((&finding.rule, text, 1));
            }
        }
    }
    rules.into_iter().map(|(_, text, count)| (text, count)).collect()
}

fn exit(release: &report::Release) -> Exit {
    if release.outcome == Outcome::Failed { Exit::NotGood } else { Exit::Good }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_before_a_payload_is_told_from_a_path() {
        let tagged = given("macosx_11_0_arm64=mac/codex");
        assert_eq!(tagged.platform_tag.unwrap().to_string(), "macosx_11_0_arm64");
        assert_eq!(tagged.path, Path::new("mac/codex"));
        assert_eq!(given("odd=name/codex").path, Path::new("odd=name/codex"));
        assert_eq!(given("win_amd64=a=b.zip").path, Path::new("a=b.zip"));
    }
}
