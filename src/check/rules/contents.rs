//! Rules about the files of a wheel one by one: modes, leftovers, what is installed where.

use std::collections::{BTreeMap, BTreeSet};

use crate::binary::{Format, Magic};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::console::text::{human_bytes, named};
use crate::member_path::{escapes, file_name};
use crate::payload::{DESCRIPTOR, Package, package_of};
use crate::scheme::{self, Scheme};
use crate::target::PlatformTag;
use crate::wheel::info;
use crate::zip::archive::Member;

rule!(MODE_EXEC = "mode-exec", Error, Wheel(mode_exec);
    what: "Every program has an execute bit in the archive; scripts of `.data/scripts` among them; a mode other than 0755, or a Windows program or one among tests without one, is a warning.",
    why: "Installers make a file executable only where the archive says so; without it the program cannot be started.",
    fix: "Write the entry with mode 0100755";
    because: [Promise("the program is installed without the right to be started"), Habit("installers reduce every mode to 0755 or 0644, and Windows knows none")]);

fn mode_exec(wheel: &WheelSubject, found: &mut Findings) {
    let (binaries, entries) = (wheel.binaries(), entries(wheel));
    let is_windows = |tag: &PlatformTag| matches!(tag, PlatformTag::Windows(_));
    let is_windows_only = wheel.platforms().iter().all(is_windows) && !wheel.platforms().is_empty();
    for (member, scanned) in wheel.files() {
        let facts = binaries.get(member.name.as_str());
        let is_program = facts.is_some_and(|facts| facts.is_executable()) || entries.contains(&member.name);
        let is_script = is_script(wheel, &member.name) && Magic::of(&scanned.head) == Magic::Script;
        if !(is_program || is_script) {
            continue;
        }
        let (mode, is_pe) = (member.unix_mode(), facts.is_some_and(|facts| facts.format == Format::Pe));
        // uv makes every script executable, pip only what is so in the archive.
        let (severity, message) = if mode & 0o111 == 0 {
            // On Windows the name alone makes a program.
            let is_harmless = is_pe || is_windows_only || is_test_data(wheel, &member.name);
            let severity = if is_harmless { Severity::Warning } else { Severity::Error };
            (severity, format!("the file is a program and has the mode {mode:#o}"))
        } else if mode & 0o170_000 == 0o100_000 && mode & 0o777 != 0o755 && mode & 0o7002 == 0 {
            (Severity::Warning, format!("the program has the mode {mode:#o}, not 0o100755"))
        } else {
            continue;
        };
        found.with(severity, Some(&member.name), message);
    }
}

/// What lies among tests, is never imported, and is not meant to be started.
pub(super) fn is_test_data(wheel: &WheelSubject, path: &str) -> bool {
    wheel.entry(path).is_some_and(|entry| entry.is_test_data(path))
}

rule!(MODE_IFREG = "mode-ifreg", Error, Wheel(mode_ifreg);
    what: "The mode of a program, with its execute bits, also says that the entry is a regular file (0100000); another file's is a warning.",
    why: "Some installers look at the type before the bits, and install the file without them.",
    fix: "Write the entry with mode 0100755, not 0755";
    because: [Promise("`pip` installs the program without the right to be started"), Habit("the file is no program")]);

fn mode_ifreg(wheel: &WheelSubject, found: &mut Findings) {
    let (binaries, entries) = (wheel.binaries(), entries(wheel));
    for (member, scanned) in wheel.files() {
        let mode = member.unix_mode();
        if mode & 0o170_000 == 0 && mode & 0o111 != 0 {
            let facts = binaries.get(member.name.as_str());
            let is_binary = facts.is_some_and(|facts| facts.is_executable() && facts.format != Format::Pe);
            let is_program = is_binary || entries.contains(&member.name) || Magic::of(&scanned.head) == Magic::Script;
            let severity = if is_program { Severity::Error } else { Severity::Warning };
            let message = format!("the mode {mode:#o} has execute bits and no file type");
            found.with(severity, Some(&member.name), message);
        }
    }
}

rule!(MODE_SAFE = "mode-safe", Error, Wheel(mode_safe);
    what: "No mode is setuid, setgid or sticky, or forbids its owner to read; one that lets everybody write is a warning.",
    why: "Some unpackers set the mode as it stands: anybody could change the program, or nobody read it.",
    fix: "Write files with mode 0100644 and programs with 0100755";
    because: [Promise("unpackers that keep modes make a program of another user, or a file that nobody reads"), Habit("installers mask it; Windows tools write 0666")]);

fn mode_safe(wheel: &WheelSubject, found: &mut Findings) {
    let mut world_writable = Vec::new();
    for (member, _) in wheel.files().filter(|(member, _)| !member.is_special()) {
        let mode = member.unix_mode();
        let what = match mode {
            0 => continue,
            _ if mode & 0o7000 != 0 => "is setuid, setgid or sticky",
            _ if mode & 0o002 != 0 => {
                world_writable.push((&member.name, mode));
                continue;
            }
            _ if mode & 0o400 == 0 && mode & 0o111 == 0 => "does not let its owner read",
            _ => continue,
        };
        found.member(&member.name, format!("the mode {mode:#o} {what}"));
    }
    let all = wheel.files().count();
    match world_writable.as_slice() {
        // Windows tools write 0666 everywhere: that is one finding, not one per file.
        [(first, mode), ..] if world_writable.len() * 2 > all && all > 2 => {
            let count = world_writable.len();
            let message = format!("{count} of {all} files let everybody write, such as `{first}` ({mode:#o})");
            found.with(Severity::Warning, None, message);
        }
        some => {
            for (name, mode) in some {
                found.with(Severity::Warning, Some(name), format!("the mode {mode:#o} lets everybody write"));
            }
        }
    }
}

rule!(NO_BYTECODE = "no-bytecode", Warning, Wheel(no_bytecode);
    what: "There is no compiled bytecode: no `.pyc`, no `.pyo`, no `__pycache__`.",
    why: "It belongs to one interpreter, can differ from its source, and installers write their own.",
    fix: "Exclude `__pycache__` from the build and build from a clean tree";
    because: [Habit("Python checks bytecode against its source, or was given nothing else")]);

fn no_bytecode(wheel: &WheelSubject, found: &mut Findings) {
    let is_it = |path: &&str| is_bytecode(path) || path.split('/').any(|part| part == "__pycache__");
    found.each(paths(wheel).filter(is_it), BYTECODE);
}

rule!(NO_JUNK = "no-junk", Warning, Wheel(no_junk);
    what: "There are no leftovers of tools; a `node_modules` is none where the wheel brings the program that reads it (`node`, `bun`, `deno`, `electron`). What is never wanted is an error: `.DS_Store` and its like, `.git` and other stores of version control, `.env`, private keys and files of credentials outside of tests and templates.",
    why: "They tell everybody about the machine that built the wheel, and a secret in a published wheel is public for good.",
    fix: "Exclude the file from the build; revoke a secret that has been published";
    because: [Habit("files that may be wanted, and do no harm"), Promise("a secret in it is one no more, and what describes a directory of the build machine is no part of the program")]);

fn no_junk(wheel: &WheelSubject, found: &mut Findings) {
    const PARTS: &str = ".gitignore .gitattributes .idea .vscode thumbs.db desktop.ini";
    const KEYS: &str = "id_rsa id_dsa id_ecdsa id_ed25519 .netrc .pypirc .npmrc .htpasswd credentials.json";
    const EXTENSIONS: [&str; 11] = ["swp", "swo", "orig", "rej", "bak", "tmp", "p12", "pfx", "jks", "pdb", "dwp"];
    let runs_javascript = runs_javascript(wheel);
    let is_left = |part: &&str| {
        is_among(LEFTOVERS, part) && !(runs_javascript && *part == NODE_MODULES)
            || is_among(PARTS, part)
            || part.starts_with(".env.")
            || part.ends_with(".dsym")
    };
    // Their rule is `debug-info`.
    let debug_symbols: BTreeSet<&str> = wheel.debug_symbols().collect();
    for (member, scanned) in wheel.files().filter(|(member, _)| !debug_symbols.contains(member.name.as_str())) {
        let lower = member.name.to_lowercase();
        let file = file_name(&lower);
        let is_sample = is_sample(&lower);
        let is_key = is_among(KEYS, file) && member.size > 0 || has_private_key(&scanned.head);
        let mut put = |is_unwanted: bool, message: String| {
            let severity = if is_unwanted { Severity::Error } else { Severity::Warning };
            // What may hold a secret asks for more.
            let is_secret = is_unwanted && !file.starts_with("._") || is_key || is_store(file);
            let is_secret = is_secret || lower.split('/').any(|part| part == ".env" || part.starts_with(".env."));
            match is_secret {
                true => found.with(severity, Some(&member.name), message),
                false => found.advise(severity, Some(&member.name), message, "Exclude the file from the build"),
            }
        };
        if let Some(part) = lower.split('/').find(|part| is_among(UNWANTED, part)) {
            put(part != ".env" || !is_sample, format!("`{part}` is a leftover of a tool"));
        } else if is_key {
            // `.npmrc` and `credentials.json` also hold settings, or are forms to fill in.
            put(!is_sample && !matches!(file, ".npmrc" | "credentials.json"), "the file holds a secret".to_owned());
        } else if let Some(part) = lower.split('/').find(is_left) {
            put(false, format!("`{part}` is a leftover of a tool"));
        } else if lower.contains("node_modules/.cache/") {
            put(false, "`node_modules/.cache` is a leftover of a tool".to_owned());
        } else if file.starts_with("._") && scanned.head.starts_with(&[0, 5, 22, 7]) {
            put(true, "the file is a leftover of a Mac's archiver".to_owned());
        } else if file.ends_with('~') || file.starts_with("._") || has_extension(file, &EXTENSIONS) {
            put(false, "the file is a leftover of a tool".to_owned());
        }
    }
}

/// Whether a wheel brings what runs JavaScript: its `node_modules`, in which programs for that look for all that they import,
/// are part of a program then (Node.js, "Loading from node_modules folders").
fn runs_javascript(wheel: &WheelSubject) -> bool {
    const RUNTIMES: &str = "node nodejs bun deno electron";
    let is_runtime = |path: &str| {
        let name = file_name(path).to_lowercase();
        let is_of_a_package = path.split('/').any(|part| part == NODE_MODULES);
        is_among(RUNTIMES, name.strip_suffix(".exe").unwrap_or(&name)) && !is_of_a_package
    };
    wheel.inventory.binaries().iter().any(|(path, facts)| is_runtime(path) && facts.is_executable())
}

/// Where packages for Node.js lie; beside the sources of a site or a tool, those that built it.
const NODE_MODULES: &str = "node_modules";

/// Whether a file is a store of keys.
fn is_store(file: &str) -> bool {
    has_extension(file, &["p12", "pfx", "jks"])
}

/// Whether a file, by its lower-case path, is one of tests, examples or templates: what looks like a secret there is none.
fn is_sample(path: &str) -> bool {
    const WORDS: [&str; 9] =
        ["test", "tests", "testing", "testdata", "example", "examples", "template", "templates", "fixtures"];
    // The package's own name, such as `demo`, says nothing of what lies in it, unless it is tests or examples as it stands.
    let (package, rest) = path.split_once('/').map_or(("", path), |(package, rest)| (package, rest));
    let mut words = rest.split(['/', '_', '-', '.']);
    let is_other =
        |word| matches!(word, "sample" | "samples" | "demo" | "dummy" | "badcert" | "mock" | "mocks" | "fake");
    let is_of_tests =
        |word| matches!(word, "fixture" | "selftest" | "unittest" | "unittests" | "snakeoil" | "insecure");
    WORDS.contains(&package) || words.any(|word| WORDS.contains(&word) || is_other(word) || is_of_tests(word))
}

fn has_private_key(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    line.starts_with(b"-----BEGIN ") && String::from_utf8_lossy(line).contains("PRIVATE KEY")
}

rule!(NO_PTH = "no-pth", Warning, Wheel(no_pth);
    what: "No `.pth` file is installed.",
    why: "Python runs the lines of a `.pth` file at every start, whether or not the package is used.",
    fix: "Remove the file";
    because: [Habit("namespace packages and coverage tools have no other way")]);

fn no_pth(wheel: &WheelSubject, found: &mut Findings) {
    let pths = paths(wheel).filter(|path| is_pth(installed(wheel, path)));
    found.each(pths, "the file runs at every start of Python");
}

rule!(ONE_TOPLEVEL = "one-toplevel", Warning, Wheel(one_toplevel);
    what: "At most one package or module lies at the top, directories of bundled libraries (`NAME.libs`, `.libs`, `.NAME.mesonpy.libs`) and private modules (`_name`) aside.",
    why: "A second one, `tests` most often, is installed for everybody and collides with other distributions'.",
    fix: "Move the files into the package, or exclude them from the build";
    because: [Habit("installers take any number of packages")]);

fn one_toplevel(wheel: &WheelSubject, found: &mut Findings) {
    let mut tops = BTreeSet::new();
    let own = wheel.file_name.split('-').next().unwrap_or_default();
    for path in paths(wheel).filter(|path| escapes(path).is_none()) {
        let path = installed(wheel, path);
        let top = path.split('/').next().unwrap_or(path);
        // Where `auditwheel` and its like put the libraries that they bundle.
        let is_bundled = |top: &str| {
            let name = top.strip_suffix(".libs");
            name.is_some_and(|name| name.eq_ignore_ascii_case(own) || name.is_empty() || name.starts_with('.'))
        };
        let is_info = info::stem(top).is_some() || scheme::stem(top).is_some();
        if is_info || is_pth(path) || top.starts_with('_') || path.contains('/') && is_bundled(top) {
            continue;
        }
        // An extension module's platform suffix is no part of its name; stubs belong to their package.
        let name = if path.contains('/') { top } else { top.split('.').next().unwrap_or(top) };
        tops.insert(name.strip_suffix("-stubs").unwrap_or(name));
    }
    several(&tops, "packages or modules").into_iter().for_each(|message| found.whole(message));
}

rule!(DUP_CONTENT = "dup-content", Warning, Wheel(dup_content);
    what: "No two files of 1 MiB or more are the same.",
    why: "Every copy is compressed, uploaded, downloaded and stored: a library under three names, say, where links were followed.",
    fix: "Keep one of them; let the others be found by the program, or start it by another name";
    because: [Habit("the copies only cost")]);

fn dup_content(wheel: &WheelSubject, found: &mut Findings) {
    let mut alike: BTreeMap<_, Vec<&Member>> = BTreeMap::new();
    for (member, scanned) in wheel.files().filter(|(member, _)| member.size >= MIN_COPY) {
        if let Some(digest) = &scanned.sha256 {
            alike.entry((std::cmp::Reverse(member.size), digest.0)).or_default().push(member);
        }
    }
    for members in alike.into_values() {
        let [first, copies @ ..] = members.as_slice() else { continue };
        for copy in copies {
            let (packed, size) = (human_bytes(copy.compressed_size), human_bytes(copy.size));
            let message = format!("the file is a copy of `{}`: {packed} of the wheel, {size} installed", first.name);
            found.member(&copy.name, message);
        }
    }
}

/// Copies of smaller files are not worth a word.
const MIN_COPY: u64 = 1 << 20;

pub(crate) static RULES: &[&Rule] =
    &[&MODE_EXEC, &MODE_IFREG, &MODE_SAFE, &NO_BYTECODE, &NO_JUNK, &NO_PTH, &ONE_TOPLEVEL, &DUP_CONTENT];

pub(super) const BYTECODE: &str = "the file is compiled bytecode";
/// Parts of paths that nobody wants in what is published, in lower case.
pub(super) const UNWANTED: &str = ".ds_store .env .git .hg .svn __macosx";
/// Parts of paths that tools leave behind, in lower case.
pub(super) const LEFTOVERS: &str = ".mypy_cache .pytest_cache .ruff_cache .venv node_modules";

/// Whether a word is one of those between the spaces of `words`.
pub(super) fn is_among(words: &str, word: &str) -> bool {
    words.split(' ').any(|known| known == word)
}

/// What is said of several entries at the top.
pub(super) fn several(tops: &BTreeSet<&str>, what: &str) -> Option<String> {
    (tops.len() > 1).then(|| format!("there are {} {what} at the top: {}", tops.len(), named(tops)))
}

/// The paths of all files.
pub(super) fn paths(wheel: &WheelSubject) -> impl Iterator<Item = &str> {
    wheel.files().map(|(member, _)| member.name.as_str())
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
    match wheel.scheme(path) {
        (scheme, path) if scheme.is_of_packages() => path,
        _ => path,
    }
}

/// Whether a member is installed as a command.
pub(super) fn is_script(wheel: &WheelSubject, member: &str) -> bool {
    wheel.scheme(member).0 == Scheme::Scripts
}

/// The `codex-package.json` files, with what is relative to their directory.
pub(super) fn packages(wheel: &WheelSubject) -> impl Iterator<Item = (&Member, &Scanned, &str)> {
    wheel.files().filter_map(|(member, scanned)| {
        package_of(&member.name)?;
        Some((member, scanned, &member.name[..member.name.len() - DESCRIPTOR.len()]))
    })
}

/// The paths of the entry points that the package descriptions name.
pub(super) fn entries(wheel: &WheelSubject) -> BTreeSet<String> {
    let named = packages(wheel).filter_map(|(_, scanned, directory)| {
        Some(format!("{directory}{}", Package::texts(scanned.text.as_deref()?).entrypoint?))
    });
    named.collect()
}
