//! The line on relkit itself, which plays the runtime.

use std::path::Path;

use serde_json::Value;

use super::line::runs_here;
use super::options::{Options, Payload};
use crate::build::writer;
use crate::console::Shown;
use crate::error::{Exit, Failure, Outcome};
use crate::fs::{Existing, FsError, Scratch};
use crate::product::{Level, Product};
use crate::report::Release;
use crate::smoke::stand_in;

/// What the demonstration releases; its payload goes when this is dropped.
pub(crate) struct Demo {
    pub options: Options,
    _scratch: Scratch,
}

impl Demo {
    /// Writes the payload. Without a directory to keep the release in, that goes too.
    pub(crate) fn prepare(
        product: Product,
        build: writer::Options,
        out_dir: Option<&Path>,
        existing: Existing,
    ) -> Result<Self, Failure> {
        let runtime = &product.runtime;
        let version = runtime.release(&template_version(&product)?)?;
        let target = runtime.targets.iter().find(|target| runs_here(&target.triple)).ok_or_else(|| {
            let why = "the demonstration runs the stand-in, and no target of the template runs on this machine";
            Failure::new(Exit::Failed, why)
        })?;
        let scratch = Scratch::create("relkit-demo-").map_err(FsError::write(&std::env::temp_dir()))?;
        let payload = scratch.path().join("payload");
        stand_in::write_package(&payload, runtime.executable(), version.program(), &target.triple)?;
        let triples = runtime.targets.iter().map(|row| &row.triple);
        let options = Options {
            sdk_version: version.distribution().clone(),
            version,
            payloads: vec![Payload { platform_tag: None, path: payload, target: None }],
            out_dir: out_dir.map_or_else(|| scratch.path().join("demo"), Path::to_owned),
            existing,
            written: Vec::new(),
            allow_missing: triples.filter(|triple| **triple != target.triple).cloned().collect(),
            build,
            level: Level::Turn,
            runners: Vec::new(),
            product,
        };
        Ok(Self { options, _scratch: scratch })
    }
}

/// The version that the SDK template is at: the one that its types were made from.
fn template_version(product: &Product) -> Result<String, Failure> {
    let text = product.sdk.as_ref().map(|sdk| sdk.template.pyproject()).transpose()?.unwrap_or_default();
    let pyproject: toml::Table = toml::from_str(text)
        .map_err(|error| Failure::new(Exit::Failed, format!("the built-in SDK template cannot be read: {error}")))?;
    let version = pyproject.get("project").and_then(|project| project.get("version")?.as_str());
    Ok(version.unwrap_or_default().to_owned())
}

/// A release of the demonstration, with what to do next.
pub(crate) struct Demonstrated<'a>(pub &'a Release);

impl Shown for Demonstrated<'_> {
    fn text(&self) -> String {
        let Release { outcome, release_tag: tag, targets, .. } = self.0;
        if *outcome == Outcome::Failed {
            return self.0.text();
        }
        let wheel = targets.iter().find_map(|row| row.wheel.as_deref()).unwrap_or("WHEEL");
        self.0.text()
            + &format!(
                "\nThat was the whole line on a stand-in. With a real binary, package directory, archive or wheel:\n\n\
                 \x20 relkit release --codex-version {tag} --out-dir release --payload PATH --report report.html\n\n\
                 or step by step:\n\n\
                 \x20 relkit stage-runtime stage/runtime PATH --codex-version {tag}\n\
                 \x20 relkit stage-sdk stage/sdk --codex-version {tag}\n\
                 \x20 relkit build stage/runtime stage/sdk --out-dir dist\n\
                 \x20 relkit check dist\n\
                 \x20 relkit smoke dist/{wheel} --receipt receipts/here.json\n\
                 \x20 relkit verify dist --codex-version {tag} --receipts receipts\n"
            )
    }

    fn json(&self) -> Value {
        self.0.json()
    }
}
