//! The fuzz targets of relkit; `targets` says what they do.

pub mod targets;

#[path = "../tests/samples/mod.rs"]
#[allow(dead_code, reason = "a part of it is used")]
mod samples;

/// Feeds the target of this name.
pub fn parse(name: &str, bytes: &[u8]) {
    let target = targets::TARGETS.iter().find(|target| target.name == name);
    (target.unwrap_or_else(|| panic!("there is no target `{name}`")).parse)(bytes);
}
