//! `relkit matrix`: the targets of the runtime template, for people, programs and GitHub Actions.

use super::templates;
use crate::cli;
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::product::Matrix;

pub(super) fn run(arguments: &cli::Matrix, console: &Console) -> Result<Exit, Failure> {
    let project = templates::runtime(arguments.template.as_deref())?;
    console.show(&Matrix(&project), arguments.format);
    Ok(Exit::Good)
}
