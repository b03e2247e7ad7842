//! The settings that hatchling knows at each level, and which of their values change nothing.

use toml::{Table, Value};

use super::error::Why;
use crate::error::nearest;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SettingsLevel {
    /// `[tool.hatch.build]`, for all targets.
    Build,
    Wheel,
    Sdist,
}

pub(super) enum SettingsVerdict {
    CarriedOut,
    /// Refused but for these values, which are what hatchling does without the key.
    Defaults(Vec<Value>),
    Unknown(Why),
}

const CARRIED_OUT: [(SettingsLevel, &[&str]); 3] = [
    (SettingsLevel::Build, &["packages", "force-include", "ignore-vcs", "hooks", "targets"]),
    (
        SettingsLevel::Wheel,
        &["packages", "force-include", "ignore-vcs", "hooks", "shared-scripts", "shared-data", "sbom-files"],
    ),
    (SettingsLevel::Sdist, &["include", "ignore-vcs", "hooks"]),
];

/// Settings of every level.
const COMMON: [&str; 21] = [
    "include",
    "exclude",
    "artifacts",
    "only-include",
    "dev-mode-dirs",
    "dependencies",
    "require-runtime-features",
    "sources",
    "only-packages",
    "skip-excluded-dirs",
    "dev-mode-exact",
    "require-runtime-dependencies",
    "reproducible",
    "strict-naming",
    "directory",
    "packages",
    "force-include",
    "ignore-vcs",
    "hooks",
    "versions",
    "core-metadata-version",
];

const OF_WHEELS: [&str; 6] =
    ["shared-scripts", "shared-data", "sbom-files", "extra-metadata", "macos-max-compat", "bypass-selection"];

pub(super) fn verdict(level: SettingsLevel, key: &str) -> SettingsVerdict {
    if CARRIED_OUT.iter().any(|(at, keys)| *at == level && keys.contains(&key)) {
        return SettingsVerdict::CarriedOut;
    }
    let of_targets = matches!(key, "versions" | "core-metadata-version");
    let known = match level {
        SettingsLevel::Build => COMMON.contains(&key) && !of_targets,
        SettingsLevel::Wheel => COMMON.contains(&key) || OF_WHEELS.contains(&key),
        SettingsLevel::Sdist => COMMON.contains(&key) || key == "support-legacy",
    };
    if known { SettingsVerdict::Defaults(defaults(key)) } else { SettingsVerdict::Unknown(unknown(level, key)) }
}

/// The values that say what hatchling does anyway.
fn defaults(key: &str) -> Vec<Value> {
    let (nothing, none) = (Value::Array(Vec::new()), Value::Table(Table::new()));
    match key {
        "only-packages"
        | "skip-excluded-dirs"
        | "dev-mode-exact"
        | "require-runtime-dependencies"
        | "macos-max-compat"
        | "bypass-selection"
        | "support-legacy" => vec![Value::Boolean(false)],
        "reproducible" | "strict-naming" => vec![Value::Boolean(true)],
        "directory" => vec![Value::String("dist".into())],
        "sources" => vec![nothing, none],
        "extra-metadata" | "force-include" => vec![none],
        "versions" => vec![nothing, Value::Array(vec![Value::String("standard".into())])],
        // Which of the two is the default depends on hatchling's version; they differ in a field that is only written on request.
        "core-metadata-version" => ["2.4", "2.5"].map(|version| Value::String(version.into())).into(),
        _ => vec![nothing],
    }
}

fn unknown(level: SettingsLevel, key: &str) -> Why {
    if level != SettingsLevel::Wheel && OF_WHEELS.contains(&key) {
        return Why::OfWheels;
    }
    let keys = COMMON.iter().chain(&OF_WHEELS).copied().chain(["targets"]);
    Why::Unknown { nearest: nearest(key, keys) }
}
