//! What the package that a payload comes in says of itself: METADATA of a wheel, `package.json` of npm's. A packaging may have
//! another licence than its program, so what it says is a hint and nothing more.

use std::path::Path;

use serde_json::Value;

use crate::build::license_expression;
use crate::fs::read;
use crate::payload::Surveyed;
use crate::wheel::filename::Claim;
use crate::wheel::reader::Wheel;

/// The description of a package of npm, at its top.
const PACKAGE: &str = "package.json";

/// A description that is longer is none, in bytes.
const MAX_PACKAGE: u64 = 1 << 20;

/// What a package says of itself.
#[derive(Debug, Default)]
pub(super) struct Described {
    /// The licence, as SPDX writes it.
    pub license: Option<String>,
    /// Whether it is a package of npm for some platforms: `package.json` is npm's then, and not the program's.
    pub is_platform_package: bool,
}

impl Described {
    pub(super) fn of(path: &Path, file_name: &str, files: &[Surveyed]) -> Self {
        if Claim::of(file_name) == Some(Claim::Wheel) {
            let wheel = Wheel::open(path).ok();
            let fields = wheel.as_ref().map(|wheel| wheel.metadata().fields());
            let stated =
                ["License-Expression", "License"].into_iter().find_map(|key| license(fields?.stated(key).next()?));
            return Self { license: stated, is_platform_package: false };
        }
        files.iter().find(|file| *file.path == *PACKAGE).and_then(package).map_or_else(Self::default, |package| Self {
            license: package.get("license").and_then(Value::as_str).and_then(license),
            // npm, "package.json": `os` and `cpu` say where a package may be installed.
            is_platform_package: ["os", "cpu"].iter().any(|key| package.get(key).is_some_and(Value::is_array)),
        })
    }

    /// Whether a file of the payload is of the package manager, and no program reads it.
    pub(super) fn is_of_manager(&self, path: &str) -> bool {
        self.is_platform_package && path == PACKAGE
    }
}

fn license(text: &str) -> Option<String> {
    license_expression(text.trim()).ok()
}

fn package(file: &Surveyed) -> Option<Value> {
    let is_small = std::fs::metadata(&file.source).is_ok_and(|metadata| metadata.len() <= MAX_PACKAGE);
    if !is_small {
        return None;
    }
    serde_json::from_slice(&read(&file.source).ok()?).ok()
}
