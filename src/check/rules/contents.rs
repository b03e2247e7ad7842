//! Rules about what a wheel carries: modes, leftovers, the package description of a runtime, sizes.

use std::collections::BTreeSet;

use crate::binary::{Format, Kind, Magic};
use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::check::subject::scan::Scanned;
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::escapes;
use crate::payload::{DESCRIPTOR, Package};
use crate::target::{PlatformTag, TargetTriple};
use crate::version::CodexVersion;
use crate::zip::archive::Member;

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Contents, severity, documentation, check: Check::Wheel(check) }
}

/// How every Git LFS pointer begins.
const LFS_POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";

pub(crate) static RULES: &[Rule] = &[
    rule(
        "mode-exec",
        Severity::Error,
        Documentation {
            what: "Every program has an execute bit in the archive; a mode other than 0755, or a Windows program without one, is a warning.",
            why: "Installers make a file executable only where the archive says so; without it the program cannot be started.",
            fix: "Write the entry with mode 0100755",
        },
        executable,
    ),
    rule(
        "mode-ifreg",
        Severity::Error,
        Documentation {
            what: "A mode with execute bits also says that the entry is a regular file (0100000).",
            why: "Some installers look at the type before the bits, and install the file without them.",
            fix: "Write the entry with mode 0100755, not 0755",
        },
        |wheel, found| {
            for (member, _) in wheel.files() {
                let mode = member.unix_mode();
                if mode & 0o170_000 == 0 && mode & 0o111 != 0 {
                    found.member(&member.name, format!("the mode {mode:#o} has execute bits and no file type"));
                }
            }
        },
    ),
    rule(
        "mode-safe",
        Severity::Error,
        Documentation {
            what: "No mode is setuid, setgid, sticky or world-writable, or forbids its owner to read.",
            why: "Some unpackers set the mode as it stands: anybody could change the program, or nobody read it.",
            fix: "Write files with mode 0100644 and programs with 0100755",
        },
        |wheel, found| {
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
        },
    ),
    rule(
        "no-bytecode",
        Severity::Error,
        Documentation {
            what: "There is no compiled bytecode: no `.pyc`, no `.pyo`, no `__pycache__`.",
            why: "It belongs to one interpreter, can differ from its source, and installers write their own.",
            fix: "Exclude `__pycache__` from the build and build from a clean tree",
        },
        |wheel, found| {
            for (member, _) in wheel.files() {
                let cached = member.name.split('/').any(|part| part == "__pycache__");
                if cached || has_extension(&member.name, &["pyc", "pyo"]) {
                    found.member(&member.name, "the file is compiled bytecode");
                }
            }
        },
    ),
    rule(
        "no-junk",
        Severity::Error,
        Documentation {
            what: "There are no leftovers of tools and no secrets: `.DS_Store`, `.git`, `.env`, editor backups, private keys.",
            why: "They tell strangers about the machine that built the wheel, and a secret in a published wheel is public for good.",
            fix: "Exclude the file from the build; revoke a secret that has been published",
        },
        junk,
    ),
    rule(
        "no-pth",
        Severity::Error,
        Documentation {
            what: "No `.pth` file is installed.",
            why: "Python runs the lines of a `.pth` file at every start, whether or not the package is used.",
            fix: "Remove the file",
        },
        |wheel, found| {
            for (member, _) in wheel.files() {
                let top = installed(wheel, &member.name);
                if has_extension(&member.name, &["pth"]) && !top.contains('/') {
                    found.member(&member.name, "the file runs at every start of Python");
                }
            }
        },
    ),
    rule(
        "one-toplevel",
        Severity::Error,
        Documentation {
            what: "At most one package or module lies at the top, `NAME.libs` with bundled libraries aside.",
            why: "A second one, `tests` most often, is installed for everybody and collides with other distributions'.",
            fix: "Move the files into the package, or exclude them from the build",
        },
        top_level,
    ),
    rule(
        "payload-json",
        Severity::Error,
        Documentation {
            what: "`codex-package.json` has the known layout and no path that leaves the package, and states the version of the wheel, a target that its tags are for, and an entry point that is there.",
            why: "The program looks itself up by this file; a wrong one belongs to another build.",
            fix: "Stage the payload of this release and target again",
        },
        payload_json,
    ),
    rule(
        "payload-executable",
        Severity::Error,
        Documentation {
            what: "A wheel of the runtime holds its executable: a program (no script, no library) of the format that the tag's system runs, called `.exe` on Windows and nowhere else.",
            why: "The wheel installs, and there is no program that could be started.",
            fix: "Stage the runtime with its payload, the compiled program itself, and build it again",
        },
        payload_executable,
    ),
    rule(
        "lfs-pointer",
        Severity::Error,
        Documentation {
            what: "No file is the pointer of a Git LFS object.",
            why: "The file itself was never fetched; the wheel holds three lines of text in its place.",
            fix: "Run `git lfs pull` before the build",
        },
        |wheel, found| {
            for (member, scanned) in wheel.files() {
                if scanned.head.starts_with(LFS_POINTER) {
                    found.member(&member.name, "the file is a Git LFS pointer");
                }
            }
        },
    ),
    rule(
        "payload-empty",
        Severity::Error,
        Documentation {
            what: "No program or library is empty.",
            why: "A copy failed, and the program cannot be started.",
            fix: "Stage the payload again and look for errors of the copy",
        },
        |wheel, found| {
            let entries = entries(wheel);
            for (member, scanned) in wheel.files() {
                let library = has_extension(&member.name, &["so", "dylib", "dll", "exe", "pyd"]);
                if member.size == 0
                    && scanned.error.is_none()
                    && (library || member.is_executable() || entries.contains(&member.name))
                {
                    found.member(&member.name, "the file is empty");
                }
            }
        },
    ),
    rule(
        "size-limit",
        Severity::Warning,
        Documentation {
            what: "The wheel has at most 100 MiB.",
            why: "The public index refuses larger files unless the project's limit has been raised.",
            fix: "Ask the index for a higher limit before the first upload, or make the payload smaller",
        },
        |wheel, found| {
            let size = wheel.archive.size();
            if size > 100 << 20 {
                found.whole(format!("the wheel has {:.1} MiB", size as f64 / f64::from(1 << 20)));
            }
        },
    ),
];

/// The runtime's executable: under the name that the tagged systems start it by, and a program of theirs.
fn payload_executable(wheel: &WheelSubject, found: &mut Findings) {
    if !is_runtime(wheel) || !wheel.is_readable() {
        return;
    }
    let (file, windows_file) = (wheel.runtime.executable.clone(), format!("{}.exe", wheel.runtime.executable));
    let last = |member: &Member| member.name.rsplit('/').next().unwrap_or_default().to_owned();
    let called: Vec<_> = wheel.files().filter(|(member, _)| [&file, &windows_file].contains(&&last(member))).collect();
    let place = format!("{}/bin/", wheel.runtime.module);
    let is_placed = |member: &Member| member.name.strip_prefix(&place).is_some_and(|rest| !rest.contains('/'));
    // Where the import package has it, that one is started, whatever else has its name.
    let placed: Vec<_> = called.iter().copied().filter(|(member, _)| is_placed(member)).collect();
    let candidates = if placed.is_empty() { called } else { placed };
    if candidates.is_empty() {
        return found.whole(format!("there is no `{file}` in the wheel"));
    }
    let platforms = wheel.platforms();
    let mut names = BTreeSet::new();
    for tag in &platforms {
        match tag {
            PlatformTag::Windows(_) => names.insert(windows_file.as_str()),
            PlatformTag::Any | PlatformTag::Other(_) => continue,
            _ => names.insert(file.as_str()),
        };
    }
    for name in names.iter().filter(|name| !candidates.iter().any(|(member, _)| last(member) == **name)) {
        let (member, _) = candidates[0];
        found.member(
            &member.name,
            format!("the executable is not called `{name}`, by which the tag's systems start it"),
        );
    }
    for (member, scanned) in
        candidates.iter().filter(|(member, _)| names.is_empty() || names.contains(last(member).as_str()))
    {
        if let Some(why) = no_program(wheel, member, scanned) {
            found.member(&member.name, why);
        }
    }
}

/// Why a file is no program; none where it is one, and where other rules say what is wrong with it.
fn no_program(wheel: &WheelSubject, member: &Member, scanned: &Scanned) -> Option<String> {
    if let Some(facts) = wheel.binaries().get(member.name.as_str()) {
        let library = facts.slices.iter().any(|slice| slice.kind != Kind::Executable);
        return library.then(|| format!("the runtime's executable is a library ({}), not a program", facts.format));
    }
    let damaged = scanned.error.is_some() || scanned.binary.is_some();
    if damaged || member.size == 0 || scanned.head.starts_with(LFS_POINTER) {
        return None;
    }
    let what = if Magic::of(&scanned.head) == Magic::Script { "a script" } else { "neither ELF, Mach-O nor PE" };
    Some(format!("the runtime's executable is {what}, not a compiled program"))
}

/// Whether a wheel is one of the runtime of the template.
pub(crate) fn is_runtime(wheel: &WheelSubject) -> bool {
    let same = |name: &crate::wheel::name::DistributionName| {
        wheel.runtime.distribution.parse().is_ok_and(|runtime| name.is_same(&runtime))
    };
    wheel.name.as_ref().is_ok_and(|name| same(&name.distribution))
}

fn has_extension(path: &str, extensions: &[&str]) -> bool {
    let file = path.rsplit('/').next().unwrap_or(path);
    let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    extension.is_some_and(|extension| extensions.contains(&extension.as_str()))
}

/// Where a file is installed, relative to the packages: the path without `.data/purelib/` and its like.
fn installed<'a>(wheel: &WheelSubject, path: &'a str) -> &'a str {
    let Ok(name) = &wheel.name else { return path };
    let data = format!("{}.data/", name.stem());
    let rest = path.strip_prefix(data.as_str());
    rest.and_then(|rest| rest.strip_prefix("purelib/").or_else(|| rest.strip_prefix("platlib/"))).unwrap_or(path)
}

/// The `codex-package.json` files, with what is relative to their directory.
fn packages(wheel: &WheelSubject) -> impl Iterator<Item = (&Member, &Scanned, &str)> {
    wheel.files().filter_map(|(member, scanned)| {
        let directory = member.name.strip_suffix(DESCRIPTOR)?;
        (directory.is_empty() || directory.ends_with('/')).then_some((member, scanned, directory))
    })
}

/// The paths of the entry points that the package descriptions name.
fn entries(wheel: &WheelSubject) -> BTreeSet<String> {
    let named = packages(wheel).filter_map(|(_, scanned, directory)| {
        Some(format!("{directory}{}", Package::texts(scanned.text.as_deref()?).entrypoint?))
    });
    named.collect()
}

fn executable(wheel: &WheelSubject, found: &mut Findings) {
    let (binaries, entries) = (wheel.binaries(), entries(wheel));
    for (member, _) in wheel.files() {
        let facts = binaries.get(member.name.as_str());
        let program = facts.is_some_and(|facts| facts.is_executable());
        // Installers make scripts executable whatever their mode.
        if !(program || entries.contains(&member.name)) || member.name.contains(".data/scripts/") {
            continue;
        }
        let mode = member.unix_mode();
        let windows = facts.is_some_and(|facts| facts.format == Format::Pe);
        if mode & 0o111 == 0 {
            let severity = if windows { Severity::Warning } else { Severity::Error };
            found.with(severity, Some(&member.name), format!("the file is a program and has the mode {mode:#o}"));
        } else if mode & 0o170_000 == 0o100_000 && mode & 0o777 != 0o755 && mode & 0o7002 == 0 {
            found.with(
                Severity::Warning,
                Some(&member.name),
                format!("the program has the mode {mode:#o}, not 0o100755"),
            );
        }
    }
}

fn junk(wheel: &WheelSubject, found: &mut Findings) {
    const PARTS: [&str; 17] = [
        ".ds_store",
        ".git",
        ".gitignore",
        ".gitattributes",
        ".hg",
        ".svn",
        ".idea",
        ".vscode",
        "__macosx",
        ".env",
        "thumbs.db",
        "desktop.ini",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".venv",
        "node_modules",
    ];
    const KEYS: [&str; 9] =
        ["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".netrc", ".pypirc", ".npmrc", ".htpasswd", "credentials.json"];
    const EXTENSIONS: [&str; 11] = ["swp", "swo", "orig", "rej", "bak", "tmp", "p12", "pfx", "jks", "pdb", "dwp"];
    for (member, scanned) in wheel.files() {
        let lower = member.name.to_lowercase();
        let file = lower.rsplit('/').next().unwrap_or(&lower);
        if let Some(part) =
            lower.split('/').find(|part| PARTS.contains(part) || part.starts_with(".env.") || part.ends_with(".dsym"))
        {
            found.member(&member.name, format!("`{part}` is a leftover of a tool"));
        } else if KEYS.contains(&file) || scanned.head.starts_with(b"-----BEGIN ") && has_private_key(&scanned.head) {
            found.member(&member.name, "the file holds a secret");
        } else if file.ends_with('~') || file.starts_with("._") || has_extension(file, &EXTENSIONS) {
            found.member(&member.name, "the file is a leftover of a tool");
        }
    }
}

fn has_private_key(head: &[u8]) -> bool {
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(line).contains("PRIVATE KEY")
}

fn top_level(wheel: &WheelSubject, found: &mut Findings) {
    let mut tops = BTreeSet::new();
    let own = wheel.file_name.split('-').next().unwrap_or_default();
    for (member, _) in wheel.files().filter(|(member, _)| escapes(&member.name).is_none()) {
        let path = installed(wheel, &member.name);
        let top = path.split('/').next().unwrap_or(path);
        // Where `auditwheel` and its like put the libraries that they bundle.
        if path.contains('/') && top.strip_suffix(".libs").is_some_and(|name| name.eq_ignore_ascii_case(own)) {
            continue;
        }
        if top.ends_with(".dist-info") || top.ends_with(".data") || has_extension(path, &["pth"]) && !path.contains('/')
        {
            continue;
        }
        // An extension module's platform suffix is no part of its name; stubs belong to their package.
        let name = if path.contains('/') { top } else { top.split('.').next().unwrap_or(top) };
        tops.insert(name.strip_suffix("-stubs").unwrap_or(name).to_owned());
    }
    if tops.len() > 1 {
        let names: Vec<_> = tops.iter().take(6).map(|top| format!("`{top}`")).collect();
        found.whole(format!("there are {} packages or modules at the top: {}", tops.len(), names.join(", ")));
    }
}

/// Whether an entry point is the file that the runtime's callers start.
fn starts(wheel: &WheelSubject, entry: &str) -> bool {
    let rest = entry.strip_prefix("bin/").and_then(|rest| rest.strip_prefix(wheel.runtime.executable.as_str()));
    rest.is_some_and(|end| matches!(end, "" | ".exe"))
}

fn payload_json(wheel: &WheelSubject, found: &mut Findings) {
    for (member, scanned, directory) in packages(wheel) {
        let name = member.name.as_str();
        let Some(text) = &scanned.text else {
            if scanned.error.is_none() {
                found.member(name, "the file is too large to be a package description");
            }
            continue;
        };
        let package = match Package::parse(text) {
            Ok(package) => package,
            Err(why) => {
                found.member(name, format!("it {why}"));
                continue;
            }
        };
        let expected = wheel.name.as_ref().ok().and_then(|name| name.pep440());
        match (&package.version, expected) {
            (None, _) => found.member(name, "it states no version"),
            (Some(version), Some(expected)) if !same_version(version, &expected) => {
                found.member(name, format!("it states version `{version}`, the wheel is `{expected}`"));
            }
            _ => {}
        }
        match package.target.as_deref().map(|target| (target, target.parse::<TargetTriple>())) {
            None => found.member(name, "it states no target"),
            Some((target, Err(_))) => found.member(name, format!("`{target}` is not a target triple")),
            Some((target, Ok(triple))) => {
                let foreign = wheel
                    .platforms()
                    .into_iter()
                    .find(|tag| !matches!(tag, PlatformTag::Any | PlatformTag::Other(_)) && !triple.matches(tag));
                if let Some(tag) = foreign {
                    found.member(name, format!("it is for `{target}`, and the wheel is tagged `{tag}`"));
                }
            }
        }
        match &package.entrypoint {
            None => found.member(name, "it states no entry point"),
            Some(entry) if wheel.file(&format!("{directory}{entry}")).is_none() => {
                found.member(name, format!("its entry point `{entry}` is not in the wheel"));
            }
            Some(entry) if is_runtime(wheel) && !starts(wheel, entry) => {
                let executable = &wheel.runtime.executable;
                found.member(name, format!("its entry point is `{entry}`, and `bin/{executable}` is what is started"));
            }
            Some(_) => {}
        }
    }
}

/// Whether a version in either spelling is that of the wheel (or one that the wheel is a post-release of).
fn same_version(stated: &str, wheel: &pep440_rs::Version) -> bool {
    let spelled =
        stated.parse::<CodexVersion>().map(|version| version.to_string()).unwrap_or_else(|_| stated.to_owned());
    spelled.parse::<pep440_rs::Version>().is_ok_and(|version| version == *wheel)
}
