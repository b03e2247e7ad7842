//! `relkit build`: wheels from staged trees, and a source distribution from an SDK's.

use serde_json::json;

use crate::cli::{Build, CompressionPreset, ReportFormat};
use crate::console::{Console, human_bytes};
use crate::error::{Exit, Failure};
use crate::wheel::build::{build, read_stages};
use crate::wheel::deflate::Compression;
use crate::wheel::writer::Options;
use crate::wheel::zip::SourceDate;

/// Runs the command.
pub fn run(arguments: &Build, console: &Console) -> Result<Exit, Failure> {
    let options = options(arguments.compression, arguments.jobs)?;
    let mut built = Vec::new();
    for staged in read_stages(&arguments.stages)? {
        let progress = console.progress("Building", staged.payload_size());
        let found = build(&staged, &arguments.out_dir, &options, &progress);
        progress.finish();
        for one in found? {
            let (size, seconds) = (human_bytes(one.size), one.elapsed.as_secs_f64());
            console.status("Built", format_args!("{} ({size}, {seconds:.1} s)", one.path.display()));
            built.push(one);
        }
    }
    if arguments.format == ReportFormat::Json {
        console.json(&json!({ "schema_version": 1, "files": built }));
    }
    Ok(Exit::Good)
}

/// How to write, from what was typed and `SOURCE_DATE_EPOCH`.
pub fn options(preset: CompressionPreset, jobs: Option<u16>) -> Result<Options, Failure> {
    let compression = match preset {
        CompressionPreset::Store => Compression::Store,
        CompressionPreset::Fast => Compression::Fast,
        CompressionPreset::Default => Compression::Default,
        CompressionPreset::Best => Compression::Best,
    };
    let date = match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) => text.to_string_lossy().parse()?,
        None => SourceDate::DEFAULT,
    };
    let defaults = Options::default();
    let jobs = jobs.and_then(|jobs| usize::from(jobs).try_into().ok()).unwrap_or(defaults.jobs);
    Ok(Options { compression, jobs, date })
}
