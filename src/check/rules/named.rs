//! Files that by their names are compiled code and by their bytes are not. Python imports an extension module by its suffix
//! alone, before it looks for source (`importlib.machinery.EXTENSION_SUFFIXES`), and the loader refuses what it finds there.

use std::collections::HashSet;

use super::contents::installed;
use super::extensions::module;
use super::payload::is_lfs_pointer;
use crate::binary::{Magic, ends_as_library, is_among_tests};
use crate::check::finding::Severity;
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::file_name;

/// How the files begin that GNU ld takes for a library and reads as text ("Implicit Linker Scripts").
const LINKER_SCRIPTS: [&[u8]; 4] = [b"/* GNU ld script", b"INPUT(", b"GROUP(", b"OUTPUT_FORMAT("];

/// A file that is not what its name says.
pub(super) struct Misnamed<'a> {
    pub(super) member: &'a str,
    /// An error where Python would import it; a library is asked for by somebody, and that file says what it misses.
    pub(super) severity: Severity,
    pub(super) message: String,
}

/// The files with names of modules and libraries that do not even begin as binaries. Empty ones and the pointers of Git LFS
/// have rules of their own.
pub(super) fn misnamed(wheel: &WheelSubject) -> Vec<Misnamed<'_>> {
    let systems = Systems::of(wheel);
    // What is judged by its tags already.
    let judged: HashSet<&str> = wheel.objections.iter().map(|(_, member, _)| member.as_str()).collect();
    let mut found = Vec::new();
    for (member, scanned) in wheel.files().filter(|(member, scanned)| member.size > 0 && scanned.error.is_none()) {
        let (name, head) = (member.name.as_str(), scanned.head.as_slice());
        let path = installed(wheel, name);
        let magic = Magic::of(head);
        let is_pointer = is_lfs_pointer(head);
        if magic.format().is_some()
            || judged.contains(name)
            || is_pointer
            || !has_name_of_code(file_name(path))
            || systems.may_load(magic, path)
        {
            continue;
        }
        let is_script = LINKER_SCRIPTS.iter().any(|begun| head.starts_with(begun));
        let what = if is_script { "a linker script" } else { magic.described() };
        let is_imported = !is_script && !is_among_tests(path) && systems.import(path);
        let (severity, message) = match is_imported {
            true => (
                Severity::Error,
                format!("the file has the name of an extension module and is {what}, so that the import fails"),
            ),
            false => (Severity::Warning, format!("the file has the name of a library and is {what}")),
        };
        found.push(Misnamed { member: name, severity, message });
    }
    found
}

/// Whether compiled code is called so. `ld.so.8` is a page of a manual.
fn has_name_of_code(file: &str) -> bool {
    let lower = file.to_ascii_lowercase();
    let is_versioned = lower.starts_with("lib") && lower.contains(".so.");
    !file.starts_with('.') && (ends_as_library(file) || is_versioned)
}

/// The systems that a wheel is for, as far as they differ in what they import.
struct Systems {
    windows: bool,
    unix: bool,
    any: bool,
}

impl Systems {
    fn of(wheel: &WheelSubject) -> Self {
        const UNIX: [&str; 6] = ["linux", "manylinux", "musllinux", "macosx", "android", "ios"];
        let tags = wheel.name.as_ref().map(|name| name.tags.platform.as_slice()).unwrap_or_default();
        let has = |begun: &str| tags.iter().any(|tag| tag.starts_with(begun));
        Self { windows: has("win"), unix: UNIX.iter().any(|begun| has(begun)), any: tags.is_empty() || has("any") }
    }

    /// Whether a system may load what is no ELF, Mach-O or PE file: WebAssembly has modules with such names, AIX has XCOFF.
    fn may_load(&self, magic: Magic, path: &str) -> bool {
        !(self.windows || self.unix || self.any) || magic == Magic::WebAssembly && path.contains("wasm")
    }

    /// Whether Python imports the file by its name on one of them. A plain `.so` may be data of a pure wheel, and one that
    /// begins with `lib` is loaded by name.
    fn import(&self, path: &str) -> bool {
        let Some((stem, suffix)) = module(path).filter(|(stem, _)| stem.split('/').all(is_identifier)) else {
            return false;
        };
        match suffix {
            ".so" => self.unix && !file_name(stem).starts_with("lib"),
            _ if suffix.ends_with(".pyd") => self.windows || self.any,
            _ => self.unix || self.any,
        }
    }
}

/// Whether Python code can name a package or module so.
fn is_identifier(part: &str) -> bool {
    let is_begun = part.starts_with(|first: char| first == '_' || first.is_alphabetic());
    is_begun && part.chars().all(|letter| letter == '_' || letter.is_alphanumeric())
}
