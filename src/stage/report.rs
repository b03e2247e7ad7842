//! What staging tells: a status line for people, JSON for programs.

use std::fmt;

use serde_json::{Value, json};

use super::runtime::StagedRuntime;
use super::sdk::StagedSdk;
use crate::console::Shown;
use crate::console::text::human_bytes;
use crate::fs::portable;

impl fmt::Display for StagedRuntime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, version, platform_tag, out, bytes, .. } = self;
        let (out, size) = (out.display(), human_bytes(*bytes));
        write!(formatter, "{} {version} for {platform_tag} in {out} ({size})", project.distribution)
    }
}

impl Shown for StagedRuntime {
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "kind": "runtime",
            "out": portable(&self.out),
            "distribution": self.project.distribution,
            "version": self.version.to_string(),
            "release_tag": self.version.tag(),
            "platform_tag": self.platform_tag.to_string(),
            "why": self.reason.why,
            "wider": self.reason.wider,
            "target": self.target,
            "entrypoint": self.entrypoint,
            "files": self.files,
            "bytes": self.bytes,
            "left_out": self.left_out.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "warnings": self.warnings.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for StagedSdk {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { project, version, pin, out, .. } = self;
        write!(formatter, "{} {version} pinned to {pin} in {}", project.distribution, out.display())
    }
}

impl Shown for StagedSdk {
    fn json(&self) -> Value {
        json!({
            "schema_version": 1,
            "kind": "sdk",
            "out": portable(&self.out),
            "distribution": self.project.distribution,
            "version": self.version.to_string(),
            "release_version": self.release.to_string(),
            "release_tag": self.release.tag(),
            "pin": self.pin,
        })
    }
}
