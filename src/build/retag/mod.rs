//! The same wheel under another platform tag (PEP 425, "Binary distribution format"): its name, the `Tag` lines of WHEEL and
//! RECORD are written anew, and what every other member is compressed to is copied as it is. A tag whose promise a binary
//! does not keep is refused; all wheels are read and judged before the first is written.

mod error;
mod plan;
mod report;
mod tags;
mod write;

use std::path::PathBuf;

use crate::console::Progress;
use crate::error::{Exit, Explain as _};

pub(crate) use error::RetagError;
pub use plan::{Options, Wanted};
pub(crate) use report::{Report, RetagProblem, Retagged};

/// Retags wheels: all of them, or none where there are refusals, which are returned beside the report.
///
/// # Errors
/// When a file cannot be read or written; no wheel has got its name then.
pub fn retag(
    paths: &[PathBuf],
    options: &Options,
    progress: &Progress,
) -> Result<(Report, Vec<RetagError>), RetagError> {
    let (mut report, mut plans, mut refused) = (Report::default(), Vec::new(), Vec::new());
    for path in paths {
        match plan::of(path, &options.wanted) {
            Ok(plan) => plans.push(plan),
            Err(error) if error.exit() == Exit::NotGood => {
                report.problems.push(RetagProblem::of(path, &error));
                refused.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    if options.wanted == Wanted::Honest {
        plan::no_tag_twice(&mut plans);
    }
    plan::no_name_twice(&plans)?;
    if refused.is_empty() {
        progress.set_length(plans.iter().map(plan::Plan::size).sum());
        report.wheels = write::all(plans, options, progress)?;
    }
    Ok((report, refused))
}
