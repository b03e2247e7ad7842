//! `relkit release` and `relkit demo`: the whole line at once.

use super::{build, stage, templates};
use crate::cli;
use crate::console::{Console, Shown as _};
use crate::error::{Exit, Failure};
use crate::fs::write_whole;
use crate::product::RuntimeProject;
use crate::release::{Demo, Demonstrated, Options, Payload, release};
use crate::smoke::Runner;
use crate::target::TargetTriple;
use crate::version::CodexVersion;
use crate::zip::deflate::Compression;

pub(super) fn run(arguments: &cli::Release, console: &Console) -> Result<Exit, Failure> {
    let codex: CodexVersion = arguments.codex_version.parse()?;
    let runtime = templates::runtime(arguments.runtime_template.as_deref())?;
    let options = Options {
        codex,
        sdk_version: stage::sdk_version(codex, arguments.sdk_version.as_deref())?,
        payloads: arguments.payload.iter().map(|text| Payload::typed(text)).collect(),
        out_dir: arguments.out_dir.clone(),
        existing: stage::existing(arguments.force),
        written: [&arguments.report, &arguments.summary].into_iter().flatten().cloned().collect(),
        runtime_template: arguments.runtime_template.clone(),
        sdk: templates::sdk(arguments.sdk_template.as_deref())?,
        sdk_template: arguments.sdk_template.clone(),
        build: build::options(arguments.compression, arguments.jobs)?,
        level: arguments.level,
        runners: arguments.runner.iter().map(|text| runner(text, &runtime)).collect::<Result<_, _>>()?,
        allow_missing: templates::targets(&arguments.allow_missing, &runtime)?,
        runtime,
    };
    let release = release(&options, console)?;
    if let Some(path) = &arguments.report {
        write_whole(path, release.html().as_bytes())?;
        console.status("Wrote", format_args!("the report to {}", path.display()));
    }
    if let Some(path) = &arguments.summary {
        write_whole(path, release.markdown().as_bytes())?;
    }
    console.show(&release, arguments.output.format);
    Ok(release.outcome.exit())
}

pub(super) fn demo(arguments: &cli::Demo, console: &Console) -> Result<Exit, Failure> {
    let (runtime, sdk) = (templates::runtime(None)?, templates::sdk(None)?);
    let (build, existing) = (build::options(Compression::Fast, None)?, stage::existing(arguments.force));
    let demo = Demo::prepare(runtime, sdk, build, arguments.out_dir.as_deref(), existing)?;
    let release = release(&demo.options, console)?;
    console.show(&Demonstrated(&release), arguments.output.format);
    if let Some(kept) = &arguments.out_dir {
        console.status("Kept", format_args!("stages, distributions and receipts in {}", kept.display()));
    }
    Ok(release.outcome.exit())
}

/// `TARGET=CMD`.
fn runner(text: &str, runtime: &RuntimeProject) -> Result<(TargetTriple, Runner), Failure> {
    let (target, command) = text.split_once('=').ok_or_else(|| {
        Failure::new(Exit::Failed, format!("`{text}` names no target"))
            .with_hint("write the target before the command, as in `aarch64-unknown-linux-musl=qemu-aarch64-static`")
    })?;
    Ok((templates::target(target, runtime)?, command.parse()?))
}
