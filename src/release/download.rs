//! The payloads of a release from where upstream publishes them.

use std::path::PathBuf;
use std::time::Duration;

use super::options::Payload;
use crate::console::Console;
use crate::console::text::human_bytes;
use crate::error::{Exit, Failure};
use crate::fetch::{Artefact, Digests, Fetched, Lists, Options, artefacts, fetch, is_absent};
use crate::product::RuntimeProject;
use crate::target::TargetTriple;
use crate::version::ReleaseVersion;

pub(crate) struct Download<'a> {
    pub(crate) project: &'a RuntimeProject,
    pub(crate) version: &'a ReleaseVersion,
    pub(crate) digests: Digests,
    /// Where the artefacts go; those that are there and right stay as they are.
    pub(crate) directory: PathBuf,
    /// Targets whose artefact may be absent.
    pub(crate) allow_missing: &'a [TargetTriple],
    /// How long a server may be silent.
    pub(crate) silence: Duration,
}

impl Download<'_> {
    /// Fetches what every target needs. An absent artefact of a target that may be missing is left out; anything else that
    /// goes wrong is an end, and what was fetched by then serves the next run.
    pub(crate) fn payloads(&self, console: &Console) -> Result<Vec<Payload>, Failure> {
        let mut lists = Lists::new(self.silence);
        let mut payloads = Vec::new();
        for artefact in artefacts(self.project, self.version, &self.project.targets)? {
            let Some(fetched) = self.one(&artefact, &mut lists, console)? else {
                for row in &artefact.rows {
                    console.status("Left out", format_args!("{}: there is no `{}`", row.triple, artefact.name));
                }
                continue;
            };
            let verb = if fetched.transferred == 0 && fetched.bytes > 0 { "Kept" } else { "Fetched" };
            let (size, sha256) = (human_bytes(fetched.bytes), fetched.sha256);
            console.status(verb, format_args!("{} ({size}, sha256 {sha256})", fetched.path.display()));
            payloads.extend(artefact.rows.into_iter().map(|row| Payload {
                platform_tag: None,
                path: fetched.path.clone(),
                target: Some(row),
            }));
        }
        if payloads.is_empty() {
            return Err(Failure::new(Exit::Failed, format!("no artefact of {} is there", self.version.tag()))
                .with_hint("check the release, and `source` and `archive` of the product"));
        }
        Ok(payloads)
    }

    fn one(&self, artefact: &Artefact, lists: &mut Lists, console: &Console) -> Result<Option<Fetched>, Failure> {
        let may_be_absent = artefact.rows.iter().all(|row| self.allow_missing.contains(&row.triple));
        let failed = |failure: Failure| {
            let targets: Vec<_> = artefact.rows.iter().map(|row| row.triple.to_string()).collect();
            failure.while_doing(format!("cannot take the artefact of {}", targets.join(" and ")))
        };
        let expected = match self.digests.of(artefact, lists) {
            Ok(expected) => expected,
            Err(error) if may_be_absent && error.may_be_absence() && is_absent(&artefact.url, self.silence)? => {
                return Ok(None);
            }
            Err(error) => return Err(failed(error.into())),
        };
        // Names of artefacts need not differ from target to target; tags do.
        let tag = artefact.rows.first().map(|row| row.platform_tag.to_string()).unwrap_or_default();
        let options = Options {
            url: artefact.url.clone(),
            path: self.directory.join(tag).join(&artefact.name),
            expected,
            silence: self.silence,
            limit: None,
        };
        match console.with_bar("Fetching", 0, |progress| fetch(&options, progress)) {
            Ok(fetched) => Ok(Some(fetched)),
            Err(error) if may_be_absent && error.is_absence() => Ok(None),
            Err(error) => Err(failed(error.into())),
        }
    }
}
