//! The room as a whole on small files built here: facts, objections, honest tags, and hostile input.
#![allow(clippy::unwrap_used)]

mod appended;
mod apple;
mod bystander;
mod choice;
mod elf;
mod fat;
mod hostile;
mod libc;
mod loading;
mod sound;
mod sparse;
mod symbols;
mod windows;

use proptest::prelude::*;

use super::bundled::{BundledLibraries, Reach};
use super::facts::{Needed, UndefinedSymbol};
use super::objection::{Absence, Strength};
use super::*;
use crate::error::{Exit, Explain as _};
use crate::samples::binary::{
    AMD64, ARM64, ElfSample, MachSample, PeSample, SampleHash, SampleLayout, fat, glibc_elf, mac, pe, static_elf,
};
use crate::target::{Architecture, OsVersion, PlatformTag};

fn facts(bytes: &[u8]) -> Facts {
    read(bytes).unwrap()
}

fn objections_to(bytes: &[u8], tag: &str) -> Vec<Objection> {
    super::promise::objections(&facts(bytes), &tag.parse().unwrap(), "bin/program", &BundledLibraries::default())
}

fn honest(bytes: &[u8]) -> Vec<String> {
    inventory(&[("bin/program", bytes.to_vec())]).honest_tags().iter().map(ToString::to_string).collect()
}

fn inventory(members: &[(&str, Vec<u8>)]) -> Inventory {
    Inventory::new(members.iter().map(|(member, bytes)| ((*member).to_owned(), facts(bytes))).collect())
}

fn tags(texts: &[&str]) -> Vec<PlatformTag> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn musl_library() -> ElfSample {
    ElfSample {
        kind: 3,
        soname: Some("libx.so"),
        needed: vec!["libc.musl-x86_64.so.1"],
        undefined: vec![("memcpy", false), ("strlen", false)],
        ..static_elf()
    }
}

fn seed_rows() -> Vec<Vec<PlatformTag>> {
    vec![
        tags(&["macosx_11_0_arm64"]),
        tags(&["macosx_10_9_x86_64"]),
        tags(&["musllinux_1_1_aarch64", "manylinux_2_17_aarch64"]),
        tags(&["musllinux_1_1_x86_64", "manylinux_2_17_x86_64"]),
        tags(&["win_arm64"]),
        tags(&["win_amd64"]),
    ]
}
