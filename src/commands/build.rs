//! `relkit build`: wheels from staged trees, and a source distribution from an SDK's.

use super::next;
use crate::build::writer::Options;
use crate::build::{Built, build, read_stages};
use crate::cli::Build;
use crate::console::text::{human_bytes, plural, visible};
use crate::console::{Console, OutputForm};
use crate::digest::FileDigest;
use crate::error::{Exit, Failure};
use crate::fs::say_on_interrupt;
use crate::stage::TagReason;
use crate::threads;
use crate::zip::deflate::Compression;
use crate::zip::writer::SourceDate;

pub(super) fn run(arguments: &Build, console: &Console) -> Result<Exit, Failure> {
    let digest = match arguments.output.format {
        OutputForm::Json => FileDigest::Computed,
        _ => FileDigest::Omitted,
    };
    let options = Options { digest, ..options(arguments.compression, arguments.jobs)? };
    let mut built = Vec::new();
    for staged in read_stages(&arguments.stages)? {
        let bar = |progress: &_| build(&staged, &arguments.out_dir, &options, progress);
        let building = || console.with_bar("Building", staged.payload_size(), bar);
        // What the binaries say is a warning only, so nothing waits for it.
        let (distributions, inventory) = threads::both(building, || staged.inventory());
        for warning in staged.warnings(inventory.as_ref()) {
            console.warning(warning);
        }
        for one in distributions? {
            let (size, seconds) = (human_bytes(one.size), one.elapsed.as_secs_f64());
            console.status("Built", format_args!("{} ({size}, {seconds:.1} s)", one.path.display()));
            built.push(one);
        }
        say_on_interrupt(Some(kept(&built)));
        let reason = inventory.and_then(|inventory| staged.tag_reason(&inventory));
        reason.iter().flat_map(TagReason::lines).for_each(|line| console.status("Tag", line));
    }
    say_on_interrupt(None);
    console.show(&built, arguments.output.format);
    let paths: Vec<_> = built.iter().map(|one| one.path.as_path()).collect();
    next::say(next::of_distributions(&paths), arguments.output.format, console);
    Ok(Exit::Good)
}

/// What an interrupt leaves while the next stage is built.
fn kept(built: &[Built]) -> String {
    let is = if built.len() == 1 { "is" } else { "are" };
    let all = plural(built.len(), "distribution");
    let mut words = format!("interrupted: {all} {is} kept, and what was begun after is removed");
    built.iter().for_each(|one| words += &format!("\n  built: {}", visible(&one.path.display().to_string())));
    words
}

/// How to write, from what was typed and `SOURCE_DATE_EPOCH`.
pub(super) fn options(compression: Compression, jobs: Option<u16>) -> Result<Options, Failure> {
    let date = match std::env::var_os("SOURCE_DATE_EPOCH") {
        Some(text) => text.to_string_lossy().parse()?,
        None => SourceDate::DEFAULT,
    };
    let jobs = jobs.and_then(|jobs| usize::from(jobs).try_into().ok()).unwrap_or(Options::default().jobs);
    Ok(Options { compression, jobs, date, digest: FileDigest::Omitted })
}
