//! `relkit release` and `relkit demo`: the whole line at once.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::written::Written;
use super::{build, payloads as given, product, stage, verify};
use crate::cli;
use crate::console::{Console, Shown as _};
use crate::error::{Exit, Failure};
use crate::fetch::Digests;
use crate::fs::{PendingDirectory, append, write_whole};
use crate::gate::{Half, Published};
use crate::product::{Product, RuntimeProject};
use crate::release::{DemoOptions, Download, Earlier, MADE, Options, PROGRAM, Payload, demonstrate, release};
use crate::smoke::Runner;
use crate::target::TargetTriple;
use crate::version::ReleaseVersion;
use crate::zip::deflate::Compression;

pub(super) fn run(arguments: &cli::Release, console: &Console) -> Result<Exit, Failure> {
    let payloads = arguments.payloads.payload.iter().map(|text| Payload::typed(text));
    let payloads = payloads.collect::<Result<Vec<_>, _>>()?;
    must_be_apart(arguments, &payloads)?;
    let (runtime_template, sdk_template) = (arguments.runtime_template.as_deref(), arguments.sdk_template.as_deref());
    let product = product::with_templates(&arguments.product, runtime_template, sdk_template)?;
    let (runtime, version) = (&product.runtime, product::release(&arguments.release, &product.runtime, console)?);
    let allow_missing = runtime.named_targets(&arguments.allow_missing)?;
    let published = half(arguments, &product, &version)?;
    let payloads = match arguments.payloads.download {
        true => {
            // What would end the run in the end ends it before anything is fetched.
            PendingDirectory::create(&arguments.out_dir, stage::existing(arguments.force))?;
            download(arguments, runtime, &version, &allow_missing).payloads(console)?
        }
        false => given::payloads(&payloads, untagged, console),
    };
    let options = Options {
        sdk_version: product::sdk_version(&version, arguments.sdk_version.as_deref())?,
        version,
        payloads,
        out_dir: arguments.out_dir.clone(),
        existing: stage::existing(arguments.force),
        written: [&arguments.report, &arguments.summary].into_iter().flatten().cloned().collect(),
        build: build::options(arguments.compression, arguments.jobs)?,
        level: arguments.level.unwrap_or(runtime.smoke.level),
        runners: arguments.runner.iter().map(|text| runner(text, runtime)).collect::<Result<_, _>>()?,
        allow_missing,
        only: arguments.only,
        published,
        against: arguments.against.as_deref().map(Earlier::read).transpose()?,
        product,
    };
    let release = release(&options, console)?;
    if let Some(path) = &arguments.report {
        write_whole(path, release.html().as_bytes())?;
        console.status("Wrote", format_args!("the report to {}", path.display()));
    }
    if let Some(path) = &arguments.summary {
        append(path, release.markdown().as_bytes())?;
    }
    console.show(&release, arguments.output.format);
    Ok(release.outcome.exit())
}

/// The path of a payload whose tag is not typed before it.
fn untagged(payload: &Payload) -> Option<&Path> {
    payload.platform_tag.is_none().then_some(&payload.path)
}

/// A page may lie in the output directory, and in none that the next command or the next run reads.
fn must_be_apart(arguments: &cli::Release, payloads: &[Payload]) -> Result<(), Failure> {
    let made = made(&arguments.out_dir);
    let mut written = beside(&made).input("--out-dir", Some(&arguments.out_dir));
    for Payload { path, .. } in payloads {
        written = match path.is_dir() {
            true => written.directory(path, "the payload"),
            false => written.input("--payload", Some(path)),
        };
    }
    if let Some(earlier) = &arguments.against {
        written = written.directory(earlier, "the earlier release");
    }
    written.file("--report", arguments.report.as_ref()).file("--summary", arguments.summary.as_ref()).must_be_apart()
}

fn made(out_dir: &Path) -> Vec<(PathBuf, &'static str)> {
    MADE.iter().map(|(name, content)| (out_dir.join(name), *content)).collect()
}

fn beside<'a>(made: &'a [(PathBuf, &'static str)]) -> Written<'a> {
    made.iter().fold(Written::default(), |written, (path, content)| written.directory(path, content))
}

/// What a half of a release needs beside its payloads: of the SDK alone the runtime that the index has, if one is named.
fn half(arguments: &cli::Release, product: &Product, version: &ReleaseVersion) -> Result<Option<Published>, Failure> {
    let has_payloads = arguments.payloads.download || !arguments.payloads.payload.is_empty();
    let slip = |message: &str, hint: &str| Err(Failure::new(Exit::Failed, message).with_hint(hint));
    match arguments.only {
        Some(Half::Sdk) if has_payloads => {
            slip("the SDK alone is made without payloads", "leave `--payload` and `--download` out, or `--only sdk`")
        }
        Some(Half::Runtime) if !has_payloads => slip(
            "the runtime is made from payloads, and none is given",
            "name them with `--payload`, or give `--download`",
        ),
        Some(Half::Sdk) => {
            product.named_sdk()?;
            let index = arguments.index.reader(&product.runtime)?;
            index.map(|index| verify::published(product, version, &index)).transpose()
        }
        _ => Ok(None),
    }
}

fn download<'a>(
    arguments: &cli::Release,
    project: &'a RuntimeProject,
    version: &'a ReleaseVersion,
    allow_missing: &'a [TargetTriple],
) -> Download<'a> {
    let beside = || {
        let mut name = arguments.out_dir.components().as_path().as_os_str().to_owned();
        name.push("-downloads");
        PathBuf::from(name)
    };
    Download {
        project,
        version,
        digests: match &arguments.checksums {
            Some(place) => Digests::Listed(place.as_str().into()),
            None if arguments.no_digest => Digests::Unchecked,
            None => Digests::OfProduct,
        },
        directory: arguments.download_dir.clone().unwrap_or_else(beside),
        allow_missing,
        silence: Duration::from_secs(arguments.timeout),
    }
}

pub(super) fn demo(arguments: &cli::Demo, console: &Console) -> Result<Exit, Failure> {
    let root = arguments.out_dir.clone();
    let program = root.iter().map(|root| (root.join(PROGRAM), "the second release"));
    let made: Vec<_> = root.iter().flat_map(|root| made(root)).chain(program).collect();
    beside(&made).input("--out-dir", root.as_ref()).file("--report", arguments.report.as_ref()).must_be_apart()?;
    let options = DemoOptions {
        out_dir: arguments.out_dir.clone(),
        existing: stage::existing(arguments.force),
        build: build::options(Compression::Fast, None)?,
        written: arguments.report.iter().cloned().collect(),
    };
    let shown = demonstrate(&options, console)?;
    if let Some(path) = &arguments.report {
        write_whole(path, shown.html().as_bytes())?;
        console.status("Wrote", format_args!("the report to {}", path.display()));
    }
    console.show(&shown, arguments.output.format);
    if let Some(kept) = &arguments.out_dir {
        console.status("Kept", format_args!("products, stages, distributions and receipts in {}", kept.display()));
    }
    Ok(shown.outcome().exit())
}

/// `TARGET=CMD`.
fn runner(text: &str, runtime: &RuntimeProject) -> Result<(TargetTriple, Runner), Failure> {
    let (target, command) = text.split_once('=').ok_or_else(|| {
        Failure::new(Exit::Failed, format!("`{text}` names no target"))
            .with_hint("write the target before the command, as in `aarch64-unknown-linux-musl=qemu-aarch64-static`")
    })?;
    Ok((runtime.named_target(target)?, command.parse()?))
}
