//! `relkit matrix`: the targets of a product, for people, programs and GitHub Actions.

use super::product;
use crate::cli;
use crate::console::Console;
use crate::error::{Exit, Failure};
use crate::product::Matrix;

pub(super) fn run(arguments: &cli::Matrix, console: &Console) -> Result<Exit, Failure> {
    let product = product::with_templates(&arguments.product, arguments.template.as_deref(), None)?;
    console.show(&Matrix(&product.runtime), arguments.format);
    Ok(Exit::Good)
}
