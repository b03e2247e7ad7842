//! `relkit inspect`: what executables, libraries and wheels are, and every platform tag that each can honestly carry.

use super::next;
use crate::check::inspection::inspect;
use crate::cli::Inspect;
use crate::console::Console;
use crate::error::{Exit, Failure};

pub(super) fn run(arguments: &Inspect, console: &Console) -> Result<Exit, Failure> {
    let report = inspect(&arguments.files)?;
    console.show(&report, arguments.output.format);
    next::say(next::of_inspection(&report, &arguments.files), arguments.output.format, console);
    Ok(report.exit())
}
