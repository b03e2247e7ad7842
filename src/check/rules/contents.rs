//! Rules about the files of a wheel one by one: modes, leftovers, what is installed where.

use std::collections::BTreeSet;

use crate::binary::Format;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::escapes;
use crate::payload::{DESCRIPTOR, Package};
use crate::zip::archive::Member;

rule!(MODE_EXEC = "mode-exec", Error, Wheel(mode_exec);
    what: "Every program has an execute bit in the archive; a mode other than 0755, or a Windows program without one, is a warning.",
    why: "Installers make a file executable only where the archive says so; without it the program cannot be started.",
    fix: "Write the entry with mode 0100755");

fn mode_exec(wheel: &WheelSubject, found: &mut Findings) {
    let (binaries, entries) = (wheel.binaries(), entries(wheel));
    for (member, _) in wheel.files() {
        let facts = binaries.get(member.name.as_str());
        let is_program = facts.is_some_and(|facts| facts.is_executable()) || entries.contains(&member.name);
        // Installers make scripts executable whatever their mode.
        if !is_program || member.name.contains(".data/scripts/") {
            continue;
        }
        let (mode, is_windows) = (member.unix_mode(), facts.is_some_and(|facts| facts.format == Format::Pe));
        let (severity, message) = if mode & 0o111 == 0 {
            let severity = if is_windows { Severity::Warning } else { Severity::Error };
            (severity, format!("the file is a program and has the mode {mode:#o}"))
        } else if mode & 0o170_000 == 0o100_000 && mode & 0o777 != 0o755 && mode & 0o7002 == 0 {
            (Severity::Warning, format!("the program has the mode {mode:#o}, not 0o100755"))
        } else {
            continue;
        };
        found.with(severity, Some(&member.name), message);
    }
}

rule!(MODE_IFREG = "mode-ifreg", Error, Wheel(mode_ifreg);
    what: "A mode with execute bits also says that the entry is a regular file (0100000).",
    why: "Some installers look at the type before the bits, and install the file without them.",
    fix: "Write the entry with mode 0100755, not 0755");

fn mode_ifreg(wheel: &WheelSubject, found: &mut Findings) {
    for (member, _) in wheel.files() {
        let mode = member.unix_mode();
        if mode & 0o170_000 == 0 && mode & 0o111 != 0 {
            found.member(&member.name, format!("the mode {mode:#o} has execute bits and no file type"));
        }
    }
}

rule!(MODE_SAFE = "mode-safe", Error, Wheel(mode_safe);
    what: "No mode is setuid, setgid, sticky or world-writable, or forbids its owner to read.",
    why: "Some unpackers set the mode as it stands: anybody could change the program, or nobody read it.",
    fix: "Write files with mode 0100644 and programs with 0100755");

fn mode_safe(wheel: &WheelSubject, found: &mut Findings) {
    for (member, _) in wheel.files().filter(|(member, _)| !member.is_special()) {
        let mode = member.unix_mode();
        let what = match mode {
            0 => continue,
            _ if mode & 0o7000 != 0 => "is setuid, setgid or sticky",
            _ if mode & 0o002 != 0 => "lets everybody write",
            _ if mode & 0o400 == 0 && mode & 0o111 == 0 => "does not let its owner read",
            _ => continue,
        };
        found.member(&member.name, format!("the mode {mode:#o} {what}"));
    }
}

rule!(NO_BYTECODE = "no-bytecode", Error, Wheel(no_bytecode);
    what: "There is no compiled bytecode: no `.pyc`, no `.pyo`, no `__pycache__`.",
    why: "It belongs to one interpreter, can differ from its source, and installers write their own.",
    fix: "Exclude `__pycache__` from the build and build from a clean tree");

fn no_bytecode(wheel: &WheelSubject, found: &mut Findings) {
    let is_it = |path: &&str| is_bytecode(path) || path.split('/').any(|part| part == "__pycache__");
    found.each(paths(wheel).filter(is_it), BYTECODE);
}

rule!(NO_JUNK = "no-junk", Error, Wheel(no_junk);
    what: "There are no leftovers of tools and no secrets: `.DS_Store`, `.git`, `.env`, editor backups, private keys.",
    why: "They tell everybody about the machine that built the wheel, and a secret in a published wheel is public for good.",
    fix: "Exclude the file from the build; revoke a secret that has been published");

fn no_junk(wheel: &WheelSubject, found: &mut Findings) {
    const PARTS: &str = ".gitignore .gitattributes .idea .vscode thumbs.db desktop.ini";
    const KEYS: &str = "id_rsa id_dsa id_ecdsa id_ed25519 .netrc .pypirc .npmrc .htpasswd credentials.json";
    const EXTENSIONS: [&str; 11] = ["swp", "swo", "orig", "rej", "bak", "tmp", "p12", "pfx", "jks", "pdb", "dwp"];
    let is_left = |part: &&str| {
        is_among(LEFTOVERS, part) || is_among(PARTS, part) || part.starts_with(".env.") || part.ends_with(".dsym")
    };
    for (member, scanned) in wheel.files() {
        let lower = member.name.to_lowercase();
        let file = file_name(&lower);
        if let Some(part) = lower.split('/').find(is_left) {
            found.member(&member.name, format!("`{part}` is a leftover of a tool"));
        } else if is_among(KEYS, file) || has_private_key(&scanned.head) {
            found.member(&member.name, "the file holds a secret");
        } else if file.ends_with('~') || file.starts_with("._") || has_extension(file, &EXTENSIONS) {
            found.member(&member.name, "the file is a leftover of a tool");
        }
    }
}

fn has_private_key(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"-----BEGIN ") && String::from_utf8_lossy(line).contains("PRIVATE KEY")
}

rule!(NO_PTH = "no-pth", Error, Wheel(no_pth);
    what: "No `.pth` file is installed.",
    why: "Python runs the lines of a `.pth` file at every start, whether or not the package is used.",
    fix: "Remove the file");

fn no_pth(wheel: &WheelSubject, found: &mut Findings) {
    let pths = paths(wheel).filter(|path| is_pth(installed(wheel, path)));
    found.each(pths, "the file runs at every start of Python");
}

rule!(ONE_TOPLEVEL = "one-toplevel", Error, Wheel(one_toplevel);
    what: "At most one package or module lies at the top, `NAME.libs` with bundled libraries aside.",
    why: "A second one, `tests` most often, is installed for everybody and collides with other distributions'.",
    fix: "Move the files into the package, or exclude them from the build");

fn one_toplevel(wheel: &WheelSubject, found: &mut Findings) {
    let mut tops = BTreeSet::new();
    let own = wheel.file_name.split('-').next().unwrap_or_default();
    for path in paths(wheel).filter(|path| escapes(path).is_none()) {
        let path = installed(wheel, path);
        let top = path.split('/').next().unwrap_or(path);
        // Where `auditwheel` and its like put the libraries that they bundle.
        let is_bundled = |top: &str| top.strip_suffix(".libs").is_some_and(|name| name.eq_ignore_ascii_case(own));
        let is_info = top.ends_with(".dist-info") || top.ends_with(".data");
        if is_info || is_pth(path) || path.contains('/') && is_bundled(top) {
            continue;
        }
        // An extension module's platform suffix is no part of its name; stubs belong to their package.
        let name = if path.contains('/') { top } else { top.split('.').next().unwrap_or(top) };
        tops.insert(name.strip_suffix("-stubs").unwrap_or(name));
    }
    several(&tops, "packages or modules").into_iter().for_each(|message| found.whole(message));
}

pub(crate) static RULES: &[&Rule] =
    &[&MODE_EXEC, &MODE_IFREG, &MODE_SAFE, &NO_BYTECODE, &NO_JUNK, &NO_PTH, &ONE_TOPLEVEL];

pub(super) const BYTECODE: &str = "the file is compiled bytecode";
/// Parts of paths that tools leave behind, in lower case.
pub(super) const LEFTOVERS: &str =
    ".ds_store .env .git .hg .mypy_cache .pytest_cache .ruff_cache .svn .venv __macosx node_modules";

/// Whether a word is one of those between the spaces of `words`.
pub(super) fn is_among(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// What is said of several entries at the top.
pub(super) fn several(tops: &BTreeSet<&str>, what: &str) -> Option<String> {
    let names: Vec<_> = tops.iter().take(6).map(|top| format!("`{top}`")).collect();
    (tops.len() > 1).then(|| format!("there are {} {what} at the top: {}", tops.len(), names.join(", ")))
}

/// The paths of all files.
pub(super) fn paths(wheel: &WheelSubject) -> impl Iterator<Item = &str> {
    wheel.files().map(|(member, _)| member.name.as_str())
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

pub(super) fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let extension = file_name(path).rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

pub(super) fn is_bytecode(path: &str) -> bool {
    has_extension(path, &["pyc", "pyo"])
}

/// Whether Python runs the file, by its path as installed.
fn is_pth(path: &str) -> bool {
    has_extension(path, &["pth"]) && !path.contains('/')
}

/// Where a file is installed, relative to the packages: the path without `.data/purelib/` and its like.
pub(super) fn installed<'a>(wheel: &WheelSubject, path: &'a str) -> &'a str {
    let Ok(name) = &wheel.name else { return path };
    let data = format!("{}.data/", name.stem());
    let rest = path.strip_prefix(data.as_str());
    rest.and_then(|rest| rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/"))).unwrap_or(path)
}

/// The `codex-package.json` files, with what is relative to their directory.
pub(super) fn packages(wheel: &WheelSubject) -> impl Iterator<Item = (&Member, &Scanned, &str)> {
    wheel.files().filter_map(|(member, scanned)| {
        let directory = member.name.strip_suffix(DESCRIPTOR)?;
        (directory.is_empty() || directory.ends_with('/')).then_some((member, scanned, directory))
    })
}

/// The paths of the entry points that the package descriptions name.
pub(super) fn entries(wheel: &WheelSubject) -> BTreeSet<String> {
    let named = packages(wheel).filter_map(|(_, scanned, directory)| {
        Some(format!("{directory}{}", Package::texts(scanned.text.as_deref()?).entrypoint?))
    });
    named.collect()
}
