//! Rules about the paths and types of a wheel's entries: what every system can unpack, and to one place only.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization as _;

use super::archive::defects;
use crate::check::rule::{Documentation, Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::wheel::reader::unsafe_path;
use crate::zip::archive::DefectKind as Kind;

static PATH_RELATIVE: Rule = rule(
    "path-relative",
    Severity::Error,
    Documentation {
        what: "Paths are relative and made of plain parts: no `..`, no leading `/`, no drive, no backslash, no control character and none that cannot be seen (zero width, direction, private use), no empty part.",
        why: "Such a path leaves the directory it is unpacked to, or names another file on another system; installers refuse, drop or rename it.",
        fix: "Give the file a plain relative path joined by `/`",
    },
    path_relative,
);

fn path_relative(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        if let Some(why) = unsafe_path(&member.name) {
            found.member(&member.name, why);
        } else if member.name.chars().any(char::is_control) {
            found.member(&member.name, "the path has a control character");
        } else if let Some(unseen) = member.name.chars().find(|character| is_unseen(*character)) {
            let point = u32::from(unseen);
            found.member(&member.name, format!("the path has the character U+{point:04X}, which cannot be seen"));
        }
    }
}

/// Whether a character has no look of its own: of the Unicode categories Cf, Co, Zl and Zp, or a noncharacter.
fn is_unseen(character: char) -> bool {
    matches!(u32::from(character),
        0xad | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f | 0x890..=0x891 | 0x8e2 | 0x180e
        | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
        | 0xe000..=0xf8ff | 0xfdd0..=0xfdef | 0xfeff | 0xfff0..=0xfffb
        | 0x110bd | 0x110cd | 0x13430..=0x1343f | 0x1bca0..=0x1bca3 | 0x1d173..=0x1d17a
        | 0xe0000..=0xe00ff | 0xe01f0..=0xe0fff | 0xf0000..=0x10_ffff)
        || u32::from(character) & 0xfffe == 0xfffe
}

static PATH_UTF8: Rule = rule(
    "path-utf8",
    Severity::Error,
    Documentation {
        what: "Names are UTF-8, and those that are not ASCII carry the UTF-8 flag (bit 11).",
        why: "Without the flag readers take the name for code page 437 and unpack it under another name.",
        fix: "Write names as UTF-8 with flag bit 11, or use ASCII names",
    },
    |wheel, found| defects(wheel, found, &[Kind::NameEncoding], &[]),
);

static PATH_COLLISION: Rule = rule(
    "path-collision",
    Severity::Error,
    Documentation {
        what: "No two paths are the same once case and Unicode form are ignored, and no file is also a directory.",
        why: "On macOS and Windows one file overwrites the other; a file in the place of a directory stops the installation.",
        fix: "Rename one of the files",
    },
    path_collision,
);

/// Directories and files as a tree, so that long paths cost no more than their length.
fn path_collision(wheel: &WheelSubject, found: &mut Findings) {
    // By the number of the directory above and the folded name: its own number, and the path that it was first seen as.
    let mut directories: HashMap<(usize, String), (usize, &str)> = HashMap::new();
    let mut files: HashMap<(usize, String), &str> = HashMap::new();
    let mut order = Vec::new();
    for member in wheel.archive.members() {
        let path = member.name.trim_end_matches('/');
        let mut above = 0;
        let ends = path.match_indices('/').map(|(at, _)| at).chain(member.is_directory().then_some(path.len()));
        let mut start = 0;
        for end in ends {
            let (directory, next) = (&path[..end], directories.len() + 1);
            let (number, other) = directories.entry((above, folded(&path[start..end]))).or_insert((next, directory));
            if *other != directory && end < path.len() {
                let both = format!("`{directory}` and `{other}`");
                let message = format!("{both} are one directory where case or Unicode form do not count");
                found.member(&member.name, message);
            }
            (above, start) = (*number, end + 1);
        }
        if member.is_directory() {
            continue;
        }
        let key = (above, folded(&path[start..]));
        match files.get(&key) {
            // Equal names are another rule's.
            Some(other) if *other != path => {
                let message = format!("`{other}` has the same path where case or Unicode form do not count");
                found.member(&member.name, message);
            }
            Some(_) => {}
            None => {
                files.insert(key.clone(), path);
                order.push((key, path));
            }
        }
    }
    for (key, file) in order {
        if directories.contains_key(&key) {
            found.member(file, "the path is both a file and a directory");
        }
    }
}

fn folded(path: &str) -> String {
    // Twice, because folding can leave a form that is not composed, and composing one that is not folded.
    let once: String = path.nfc().flat_map(char::to_lowercase).collect();
    once.to_uppercase().to_lowercase().nfc().collect()
}

static PATH_WINDOWS: Rule = rule(
    "path-windows",
    Severity::Error,
    Documentation {
        what: "Paths can be written on Windows: none of `<>:\"|?*`, no part that ends in a dot or space; a reserved device name or a path of more than 240 characters is a warning.",
        why: "The wheel cannot be installed there, or its files cannot be removed again.",
        fix: "Rename the file to something that every system can write",
    },
    path_windows,
);

fn path_windows(wheel: &WheelSubject, found: &mut Findings) {
    const RESERVED: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
    for member in wheel.archive.members() {
        // Backslashes and drives are another rule's.
        if unsafe_path(&member.name).is_some() {
            continue;
        }
        let path = member.name.trim_end_matches('/');
        if let Some(bad) = path.chars().find(|character| "<>:\"|?*".contains(*character)) {
            found.member(&member.name, format!("the path has a `{bad}`"));
        } else if path.split('/').any(|part| part.ends_with(['.', ' '])) {
            found.member(&member.name, "a part of the path ends in a dot or a space");
        }
        let device = path.split('/').find(|part| {
            let stem = part.split('.').next().unwrap_or(part).trim_end().to_lowercase();
            let numbered = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
            RESERVED.contains(&stem.as_str()) || numbered.is_some_and(|rest| matches!(rest.as_bytes(), [b'1'..=b'9']))
        });
        if let Some(device) = device {
            found.with(Severity::Warning, Some(&member.name), format!("`{device}` is the name of a device on Windows"));
        }
        let length = path.encode_utf16().count();
        if length > 240 {
            found.with(Severity::Warning, Some(&member.name), format!("the path has {length} characters"));
        }
    }
}

static ENTRY_TYPE: Rule = rule(
    "entry-type",
    Severity::Error,
    Documentation {
        what: "Every entry is a regular file.",
        why: "Installers write a symbolic link as a file that holds the link's target, and know nothing of FIFOs and devices.",
        fix: "Put the file itself into the wheel in place of the link",
    },
    entry_type,
);

fn entry_type(wheel: &WheelSubject, found: &mut Findings) {
    for member in wheel.archive.members() {
        let kind = member.unix_mode() & 0o170_000;
        if member.is_special() {
            let what = match kind {
                0o120_000 => "a symbolic link",
                0o010_000 => "a FIFO",
                0o140_000 => "a socket",
                _ => "a device",
            };
            found.member(&member.name, format!("the entry is {what} by its mode {:#o}", member.unix_mode()));
        } else if kind != 0 && (kind == 0o040_000) != member.is_directory() {
            found.member(&member.name, "the entry is a file by its name and a directory by its mode, or the reverse");
        }
    }
}

pub(crate) static RULES: &[&Rule] = &[&PATH_RELATIVE, &PATH_UTF8, &PATH_COLLISION, &PATH_WINDOWS, &ENTRY_TYPE];
