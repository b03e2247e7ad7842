//! `relkit fetch`: release artefacts, each whole or absent.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::{next, product};
use crate::cli::{ExpectedDigest, Fetch};
use crate::console::text::{human_bytes, plural};
use crate::console::{Console, OutputForm, Shown};
use crate::error::{Exit, Failure};
use crate::fetch::{Artefact, Digests, Fetched, Lists, Options, artefacts, destination, fetch, is_directory};
use crate::http;
use crate::product::{Product, Target};
use crate::target::{PlatformTag, TargetTriple};
use crate::version::ReleaseVersion;

pub(super) fn run(arguments: &Fetch, console: &Console) -> Result<Exit, Failure> {
    let (wanted, of) = match &arguments.artefact.url {
        Some(url) => {
            let url = http::parse_url(url)?;
            let path = destination(&arguments.out, &url)?;
            (vec![(Artefact::at(url, &path), path)], None)
        }
        None => {
            let of = Wanted::of(arguments)?;
            (of.places(arguments, console)?, Some(of))
        }
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
    let paths: Vec<_> = all.iter().map(|one| one.path.clone()).collect();
    console.show(&Report(all), arguments.output.format);
    let command = match (&of, &paths[..]) {
        (Some(of), [path]) => Some(next::of_artefact(&of.triple.to_string(), path, &of.release, &of.product)),
        (None, [path]) => next::of_download(path),
        _ => None,
    };
    next::say(command, arguments.output.format, console);
    Ok(Exit::Good)
}

/// The target whose artefacts are wanted.
struct Wanted {
    product: Product,
    release: ReleaseVersion,
    triple: TargetTriple,
}

impl Wanted {
    fn of(arguments: &Fetch) -> Result<Self, Failure> {
        let product = product::find(&arguments.product)?;
        let release = product.runtime.release(arguments.release_version.as_deref().unwrap_or_default())?;
        let triple = product.runtime.named_target(arguments.artefact.target.as_deref().unwrap_or_default())?;
        Ok(Self { product, release, triple })
    }

    /// Its artefacts, and where each is written.
    fn places(&self, arguments: &Fetch, console: &Console) -> Result<Vec<(Artefact, PathBuf)>, Failure> {
        let Self { product: Product { runtime, .. }, release, triple } = self;
        let tag: Option<PlatformTag> = arguments.platform_tag.as_deref().map(str::parse).transpose()?;
        let is_wanted = |row: &&Target| row.triple == *triple && tag.as_ref().is_none_or(|tag| row.has(tag));
        let found = artefacts(runtime, release, runtime.targets.iter().filter(is_wanted))?;
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
