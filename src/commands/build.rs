//! `relkit build`: wheels from staged trees, and a source distribution from an SDK's.

use super::next;
use crate::build::writer::Options;
use crate::build::{build, read_stages};
use crate::cli::Build;
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure};
use crate::stage::TagReason;
use crate::zip::deflate::Compression;
use crate::zip::writer::SourceDate;

pub(super) fn run(arguments: &Build, console: &Console) -> Result<Exit, Failure> {
    let options = options(arguments.compression, arguments.jobs)?;
    let mut built = Vec::new();
    for staged in read_stages(&arguments.stages)? {
        let inventory = staged.inventory();
        for warning in staged.warnings(inventory.as_ref()) {
            console.warning(warning);
        }
        let bar = |progress: &_| build(&staged, &arguments.out_dir, &options, progress);
        for one in console.with_bar("Building", staged.payload_size(), bar)? {
            let (size, seconds) = (human_bytes(one.size), one.elapsed.as_secs_f64());
            console.status("Built", format_args!("{} ({size}, {seconds:.1} s)", one.path.display()));
            built.push(one);
        }
        let reason = inventory.and_then(|inventory| staged.tag_reason(&inventory));
        reason.iter().flat_map(TagReason::lines).for_each(|line| console.status("Tag", line));
    }
    console.show(&built, arguments.output.format);
    let paths: Vec<_> = built.iter().map(|one| one.path.as_path()).collect();
    next::say(next::of_distributions(&paths), arguments.output.format, console);
    Ok(Exit::Good)
}

/// How to write, from what was typed and `SOURCE_DATE_EPOCH`.
pub(super) fn options(compression: Compression, jobs: Option<u16>) -> Result<Options, Failure> {
    let date = match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) => text.to_string_lossy().parse()?,
        None => SourceDate::DEFAULT,
    };
    let jobs = jobs.and_then(|jobs| usize::from(jobs).try_into().ok()).unwrap_or(Options::default().jobs);
    Ok(Options { compression, jobs, date })
}
