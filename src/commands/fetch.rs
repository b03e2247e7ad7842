//! `relkit fetch`: a release artefact, whole or absent.

use std::time::Duration;

use serde_json::json;

use crate::cli::{Fetch, ReportFormat};
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure};
use crate::fetch::{Options, fetch};
use crate::fs::portable;

/// Runs the command.
pub fn run(arguments: &Fetch, console: &Console) -> Result<Exit, Failure> {
    let expected = arguments.expected.sha256.as_deref().map(super::digest).transpose()?;
    let options = Options {
        url: arguments.url.clone(),
        out: arguments.out.clone(),
        expected,
        silence: Duration::from_secs(arguments.timeout),
    };
    let progress = console.progress("Fetching", 0);
    let fetched = fetch(&options, &progress);
    progress.finish();
    let fetched = fetched?;
    match arguments.format {
        ReportFormat::Json => console.json(&json!({
            "schema_version": 1,
            "path": portable(&fetched.path),
            "bytes": fetched.bytes,
            "sha256": fetched.sha256,
            "transferred": fetched.transferred,
        })),
        ReportFormat::Text => {
            let verb = if fetched.transferred == 0 && fetched.bytes > 0 { "Kept" } else { "Fetched" };
            let size = human_bytes(fetched.bytes);
            console.status(verb, format_args!("{} ({size}, sha256 {})", fetched.path.display(), fetched.sha256));
        }
    }
    Ok(Exit::Good)
}
