//! `relkit fetch`: release artefacts, each whole or absent.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::product;
use crate::cli::{ExpectedDigest, Fetch};
use crate::console::text::{human_bytes, plural};
use crate::console::{Console, OutputForm, Shown};
use crate::error::{Exit, Failure};
use crate::fetch::{Artefact, Digests, Fetched, Lists, Options, artefacts, destination, fetch, is_directory};
use crate::http;
use crate::product::Target;
use crate::target::PlatformTag;

pub(super) fn run(arguments: &Fetch, console: &Console) -> Result<Exit, Failure> {
    let wanted = match &arguments.artefact.url {
        Some(url) => {
            let url = http::parse_url(url)?;
            let path = destination(&arguments.out, &url)?;
            vec![(Artefact::at(url, &path), path)]
        }
        None => of_product(arguments, console)?,
    };
    let (digests, silence) = (digests(&arguments.expected)?, Duration::from_secs(arguments.timeout));
    if let ([_, _, ..], Digests::Given(_)) = (&wanted[..], &digests) {
        let message = format!("`--sha256` is one digest, and the target has {} artefacts", wanted.len());
        return Err(Failure::new(Exit::Failed, message).with_hint("choose one of them with `--platform-tag TAG`"));
    }
    let mut lists = Lists::new(silence);
    let mut all = Vec::new();
    for (artefact, path) in wanted {
        let expected = digests.of(&artefact, &mut lists)?;
        let options = Options { url: artefact.url, path, expected, silence, limit: None };
        let fetched = console.with_bar("Fetching", 0, |progress| fetch(&options, progress))?;
        if arguments.output.format == OutputForm::Text {
            status(&fetched, console);
        }
        all.push(fetched);
    }
    console.show(&Report(all), arguments.output.format);
    Ok(Exit::Good)
}

/// The artefacts of a target, and where each is written.
fn of_product(arguments: &Fetch, console: &Console) -> Result<Vec<(Artefact, PathBuf)>, Failure> {
    let runtime = product::find(&arguments.product)?.runtime;
    let release = runtime.release(arguments.release_version.as_deref().unwrap_or_default())?;
    let triple = runtime.named_target(arguments.artefact.target.as_deref().unwrap_or_default())?;
    let tag: Option<PlatformTag> = arguments.platform_tag.as_deref().map(str::parse).transpose()?;
    let is_wanted = |row: &&Target| row.triple == triple && tag.as_ref().is_none_or(|tag| row.has(tag));
    let found = artefacts(&runtime, &release, runtime.targets.iter().filter(is_wanted))?;
    if let (Some(tag), []) = (&tag, &found[..]) {
        let message = format!("`{tag}` is no platform tag of `{triple}` in `{}`", runtime.distribution);
        return Err(Failure::new(Exit::Failed, message));
    }
    let (count, out) = (found.len(), &arguments.out);
    let mut places = Vec::new();
    for artefact in found {
        let into = is_directory(out);
        let path = if into { out.join(&artefact.name) } else { out.clone() };
        if places.iter().any(|(_, taken)| *taken == path) {
            let hint = if into { "choose one of them" } else { "name a directory, or choose one of them" };
            return Err(Failure::new(Exit::Failed, format!("`{triple}` has {count} artefacts, for one file here"))
                .with_hint(format!("{hint} with `--platform-tag TAG`")));
        }
        places.push((artefact, path));
    }
    if count > 1 && arguments.output.format == OutputForm::Text {
        console.status("Fetching", format_args!("{} of `{triple}`, one per wheel", plural(count, "artefact")));
    }
    Ok(places)
}

fn digests(expected: &ExpectedDigest) -> Result<Digests, Failure> {
    Ok(match expected {
        ExpectedDigest { sha256: Some(digest), .. } => Digests::Given(digest.parse()?),
        ExpectedDigest { checksums: Some(place), .. } => Digests::Listed(place.as_str().into()),
        ExpectedDigest { no_digest: true, .. } => Digests::Unchecked,
        _ => Digests::OfProduct,
    })
}

fn status(fetched: &Fetched, console: &Console) {
    let verb = if fetched.transferred == 0 && fetched.bytes > 0 { "Kept" } else { "Fetched" };
    let size = human_bytes(fetched.bytes);
    console.status(verb, format_args!("{} ({size}, sha256 {})", fetched.path.display(), fetched.sha256));
}

/// One artefact, or several with one after the other.
struct Report(Vec<Fetched>);

impl Shown for Report {
    fn json(&self) -> Value {
        match &self.0[..] {
            [one] => one.json(),
            several => json!({
                "schema_version": 1,
                "artefacts": several.iter().map(Shown::json).collect::<Vec<_>>(),
            }),
        }
    }
}
