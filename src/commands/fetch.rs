//! `relkit fetch`: a release artefact, whole or absent.

use std::time::Duration;

use crate::cli::Fetch;
use crate::console::text::human_bytes;
use crate::console::{Console, Form};
use crate::error::{Exit, Failure};
use crate::fetch::{Options, fetch};

pub(super) fn run(arguments: &Fetch, console: &Console) -> Result<Exit, Failure> {
    let options = Options {
        url: arguments.url.clone(),
        out: arguments.out.clone(),
        expected: arguments.expected.sha256.as_deref().map(str::parse).transpose()?,
        silence: Duration::from_secs(arguments.timeout),
    };
    let fetched = console.with_bar("Fetching", 0, |progress| fetch(&options, progress))?;
    if arguments.output.format == Form::Text {
        let verb = if fetched.transferred == 0 && fetched.bytes > 0 { "Kept" } else { "Fetched" };
        let size = human_bytes(fetched.bytes);
        console.status(verb, format_args!("{} ({size}, sha256 {})", fetched.path.display(), fetched.sha256));
    }
    console.show(&fetched, arguments.output.format);
    Ok(Exit::Good)
}
