//! `relkit build`: wheels from staged trees, and a source distribution from an SDK's.

use std::fs::File;
use std::path::Path;

use serde_json::json;

use crate::binary::{self, Inventory, Magic};
use crate::build::staged::{StageKind, Staged};
use crate::build::writer::Options;
use crate::build::{build, read_stages};
use crate::cli::{Build, CompressionPreset, ReportFormat};
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure};
use crate::stage::StageWarning;
use crate::zip::archive::map;
use crate::zip::deflate::Compression;
use crate::zip::writer::SourceDate;

/// Runs the command.
pub fn run(arguments: &Build, console: &Console) -> Result<Exit, Failure> {
    let options = options(arguments.compression, arguments.jobs)?;
    let mut built = Vec::new();
    for staged in read_stages(&arguments.stages)? {
        for path in &staged.restored {
            console.warning(format_args!(
                "`{path}` of `{}` has lost its execute bit; the wheel carries it executable, as it was staged",
                staged.directory.display()
            ));
        }
        for warning in broken_promises(&staged) {
            console.warning(warning);
        }
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

/// What the binaries of a stage say against the tag that it was given. The tag is obeyed; what cannot be read as a binary
/// is left to `check`.
fn broken_promises(staged: &Staged) -> Vec<StageWarning> {
    let StageKind::Runtime(platforms) = &staged.kind else { return Vec::new() };
    let facts = |path: &Path| {
        let map = map(&File::open(path).ok()?).ok()?;
        Magic::of(&map).format()?;
        binary::read(&map).ok()
    };
    let found = staged.package.iter().filter_map(|(name, file)| Some((name.clone(), facts(&file.path)?)));
    let inventory = Inventory::new(found.collect());
    let mut warnings = Vec::new();
    for tag in platforms.tags() {
        for (member, objection) in inventory.objections(tag).into_iter().filter(|(_, found)| found.breaks_promise()) {
            let (member, objection) = (member.to_owned(), objection.to_string());
            warnings.push(StageWarning::Dishonest { member, tag: tag.clone(), objection });
        }
    }
    warnings
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
