//! `relkit retag`: the same wheels under other platform tags.

use super::{build, next, stage};
use crate::build::retag::{Options, Retagged, Wanted, retag};
use crate::cli::Retag;
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure};
use crate::zip::deflate::Compression;

pub(super) fn run(arguments: &Retag, console: &Console) -> Result<Exit, Failure> {
    let options = Options {
        wanted: match &arguments.choice.platform_tag {
            Some(tags) => Wanted::Tags(tags.parse()?),
            None => Wanted::Honest,
        },
        out_dir: arguments.out_dir.clone(),
        existing: stage::existing(arguments.force),
        write: build::options(Compression::Default, None)?,
    };
    let (report, refused) =
        console.with_bar("Retagging", 0, |progress| retag(&arguments.wheels, &options, progress))?;
    for error in refused {
        console.failure(&error.into());
    }
    for wheel in &report.wheels {
        let name = wheel.path.file_name().unwrap_or_default().display();
        for warning in &wheel.warnings {
            console.warning(format_args!("`{name}`: {warning}"));
        }
        tell(wheel, console);
    }
    console.show(&report, arguments.output.format);
    let paths: Vec<_> = report.wheels.iter().map(|wheel| wheel.path.as_path()).collect();
    next::say(next::of_distributions(&paths), arguments.output.format, console);
    Ok(report.exit())
}

fn tell(wheel: &Retagged, console: &Console) {
    let (path, size) = (wheel.path.display(), human_bytes(wheel.size));
    if wheel.changed {
        console.status("Retagged", format_args!("{path} ({size}), which was `{}`", wheel.tags_before.join(".")));
    } else {
        console.status("Wrote", format_args!("{path} ({size}), under the tags that it had"));
    }
}
