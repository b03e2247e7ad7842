//! What a file beside a program is, by its path: a licence, a manual page, a completion, a document, or something that the
//! program may need.

use crate::binary::is_library_name;
use crate::product;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AccompanyingFile {
    Licence,
    /// With the directory below the root of an environment that `man` looks into.
    Manual(String),
    /// With the path at which the shell looks for it.
    Completion(String),
    /// For people; nobody starts or reads it by itself.
    Document,
    Other,
}

const DOCUMENTS: [&str; 12] = [
    "readme",
    "changelog",
    "changes",
    "history",
    "news",
    "authors",
    "contributors",
    "contributing",
    "install",
    "todo",
    "security",
    "maintainers",
];
const DOCUMENT_ENDINGS: [&str; 14] = [
    ".md", ".txt", ".rst", ".adoc", ".html", ".pdf", ".sig", ".asc", ".sha256", ".sha512", ".minisig", ".pem", ".ps1",
    ".1.md",
];

/// What describes a package to its manager, or pins what it was built of: no program that is native reads its own.
const DESCRIPTIONS: [&str; 5] = ["cargo.toml", "cargo.lock", "go.mod", "go.sum", "package-lock.json"];

/// Files of a program, whatever they are about: `license.js` checks licences.
const CODE: [&str; 16] = [
    ".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".lua", ".go", ".rs", ".c", ".h", ".so", ".dll", ".exe", ".dylib",
    ".map",
];

/// Directories whose files programs read where they lie, whatever they are called: `lib/tool/LICENSE`, `node_modules/x/x.1`.
const OF_PROGRAMS: [&str; 5] = ["lib", "lib32", "lib64", "libexec", "node_modules"];

/// What may lie in `share/` and is not some program's own.
const OF_ALL: [&str; 9] =
    ["man", "doc", "docs", "licenses", "licences", "bash-completion", "zsh", "fish", "completions"];

const LICENCES: [&str; 3] = ["licenses", "licences", "license"];

/// Directories of manual pages and of documents.
const MANUALS: [&str; 6] = ["", "man", "manual", "manpages", "doc", "docs"];

const COMPLETIONS: [&str; 11] = [
    "complete",
    "completion",
    "completions",
    "autocomplete",
    "bash_completion.d",
    "site-functions",
    "bash-completion",
    "vendor_completions.d",
    "zsh",
    "bash",
    "fish",
];

/// What the file at `path` of a payload is; the first of the executables is the program.
pub(super) fn of(path: &str, executables: &[String]) -> AccompanyingFile {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let folded = directory.to_ascii_lowercase();
    let parts: Vec<&str> = folded.split('/').collect();
    let in_directory = |names: &[&str]| parts.iter().any(|part| names.contains(part));
    let of_program = of_a_program(&parts);
    // The licences of a wheel lie in directories called after those of what they are about.
    let licences = parts.iter().position(|part| LICENCES.contains(part));
    let is_among_licences = licences.is_some_and(|at| of_program.is_none_or(|program| at < program));
    let is_code = CODE.iter().any(|end| lower.ends_with(end));
    if is_among_licences && !is_code {
        return AccompanyingFile::Licence;
    }
    if of_program.is_some() {
        return AccompanyingFile::Other;
    }
    if !is_code && is_licence(&lower) {
        return AccompanyingFile::Licence;
    }
    if let Some(directory) = manual(directory, &parts, &lower, executables) {
        return AccompanyingFile::Manual(directory);
    }
    if let Some(path) = completion(&parts, &lower, executables) {
        return AccompanyingFile::Completion(path);
    }
    let document = lower.starts_with('.')
        || DOCUMENTS.iter().any(|start| lower.starts_with(start))
        || DOCUMENT_ENDINGS.iter().any(|end| lower.ends_with(end))
        || DESCRIPTIONS.contains(&lower.as_str())
        || in_directory(&["doc", "docs", "examples"])
        || in_directory(&COMPLETIONS);
    if document { AccompanyingFile::Document } else { AccompanyingFile::Other }
}

/// The part of a directory from which on files are some program's own.
fn of_a_program(parts: &[&str]) -> Option<usize> {
    let is_own = |(at, part): (usize, &&str)| {
        OF_PROGRAMS.contains(part) || at > 0 && parts[at - 1] == "share" && !OF_ALL.contains(part)
    };
    parts.iter().enumerate().position(is_own)
}

/// The directory in which `man` looks for a page: one that lies where pages lie, or is of one of the executables.
fn manual(directory: &str, parts: &[&str], lower: &str, executables: &[String]) -> Option<String> {
    let (name, section) = manual_section(lower)?;
    let is_section = |part: &str| part.strip_prefix("man").is_some_and(|rest| rest.starts_with(section));
    let above = match parts {
        [above @ .., last] if is_section(last) => above,
        all => all,
    };
    let translated = match above {
        // As it is written: `pt_BR`.
        [.., "man", language] if is_language(language) => directory.split('/').nth(above.len() - 1),
        _ => None,
    };
    let last = above.last().copied().unwrap_or_default();
    let is_of = |executable: &String| {
        let rest = name.strip_prefix(&executable.to_ascii_lowercase());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
    };
    let is_page =
        translated.is_some() || above.len() < parts.len() || MANUALS.contains(&last) || executables.iter().any(is_of);
    let language = translated.map(|language| format!("{language}/")).unwrap_or_default();
    is_page.then(|| format!("share/man/{language}man{section}/"))
}

/// `de`, `pt_br`, `zh_cn.utf-8`.
fn is_language(part: &str) -> bool {
    let word = part.split(['_', '.', '@']).next().unwrap_or_default();
    (2..=3).contains(&word.len()) && word != "man" && word.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn is_licence(lower: &str) -> bool {
    const WORDS: [&str; 7] = ["license", "licence", "copying", "unlicense", "notice", "copyright", "lizenz"];
    // `THIRD-PARTY-NOTICES.txt`, `ThirdPartyLicenses.html`, `3rdpartylicenses.txt`.
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let of_others = plain.strip_prefix("thirdparty").or_else(|| plain.strip_prefix("3rdparty"));
    WORDS.iter().any(|word| lower.starts_with(word) || of_others.is_some_and(|rest| rest.starts_with(word)))
        || lower.ends_with("-license")
        || lower.ends_with(".license")
}

/// The name and section of `rg.1`, `git-lfs.1.gz`; a version at the end of a library's name is none.
fn manual_section(lower: &str) -> Option<(&str, char)> {
    let stem = lower.strip_suffix(".gz").unwrap_or(lower);
    let (name, section) = stem.rsplit_once('.')?;
    let mut characters = section.chars();
    let section = characters.next().filter(|section| ('1'..='9').contains(section) && characters.next().is_none())?;
    let is_name = !name.is_empty()
        && !is_library_name(name)
        && !name.ends_with(|last: char| last.is_ascii_digit() && name.contains('.'));
    is_name.then_some((name, section))
}

/// The path at which a shell looks for the completion of one of the executables; one that names none is of the first.
fn completion(parts: &[&str], lower: &str, executables: &[String]) -> Option<String> {
    let (first, others) = executables.split_first()?;
    let of_first = completion_of(first, parts, lower, |stem| stem.is_empty() || stem == "completion");
    of_first.or_else(|| others.iter().find_map(|other| completion_of(other, parts, lower, |_| false)))
}

/// The same for one executable, `is_unnamed` being what may stand in place of its name.
fn completion_of(executable: &str, parts: &[&str], lower: &str, is_unnamed: impl Fn(&str) -> bool) -> Option<String> {
    let in_directory = parts.iter().any(|part| COMPLETIONS.contains(part));
    let of_shell = |shell: &str| parts.last().is_some_and(|last| *last == shell);
    let called = |ending: &str| {
        lower.strip_suffix(ending).map(|stem| stem.trim_start_matches('_').trim_end_matches(['-', '_', '.']))
    };
    let bash = || format!("share/bash-completion/completions/{executable}");
    let zsh = || format!("share/zsh/site-functions/_{executable}");
    let fish = || format!("share/fish/vendor_completions.d/{executable}.fish");
    let name = executable.to_ascii_lowercase();
    let is_named = |stem: Option<&str>| stem.is_some_and(|stem| stem == name || is_unnamed(stem));
    if is_named(called(".bash")) || in_directory && is_named(called(".bash-completion")) {
        return Some(bash());
    }
    if is_named(called(".fish")) {
        return Some(fish());
    }
    if is_named(called(".zsh")) {
        return Some(zsh());
    }
    if !in_directory {
        return None;
    }
    if lower.strip_prefix('_') == Some(&name) {
        return Some(zsh());
    }
    (lower == name && (of_shell("bash_completion.d") || of_shell("bash") || of_shell("completions"))).then(bash)
}

/// A destination as a rule of `files` writes it.
pub(super) fn destination(kind: &AccompanyingFile) -> Option<String> {
    match kind {
        AccompanyingFile::Licence => Some(product::LICENCES.to_owned()),
        AccompanyingFile::Manual(directory) => Some(directory.clone()),
        AccompanyingFile::Completion(path) => Some(path.clone()),
        AccompanyingFile::Document | AccompanyingFile::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_real_releases() {
        let manual = |section| AccompanyingFile::Manual(format!("share/man/man{section}/"));
        let completion = |path: &str| AccompanyingFile::Completion(path.into());
        for (path, program, kind) in [
            ("LICENSE-MIT", "rg", AccompanyingFile::Licence),
            ("UNLICENSE", "rg", AccompanyingFile::Licence),
            ("licenses/zlib.txt", "rg", AccompanyingFile::Licence),
            ("doc/rg.1", "rg", manual(1)),
            ("man/tool.software.1", "tool", manual(1)),
            ("share/man/man1/gh-repo.1", "gh", manual(1)),
            ("just.1", "just", manual(1)),
            ("complete/rg.bash", "rg", completion("share/bash-completion/completions/rg")),
            ("complete/_rg", "rg", completion("share/zsh/site-functions/_rg")),
            ("complete/rg.fish", "rg", completion("share/fish/vendor_completions.d/rg.fish")),
            ("completions/just.zsh", "just", completion("share/zsh/site-functions/_just")),
            ("completion/bash/task.bash", "task", completion("share/bash-completion/completions/task")),
            ("completion/zsh/_task", "task", completion("share/zsh/site-functions/_task")),
            ("etc/bash_completion.d/buf", "buf", completion("share/bash-completion/completions/buf")),
            ("complete/_rg.ps1", "rg", AccompanyingFile::Document),
            ("README.md", "rg", AccompanyingFile::Document),
            ("doc/GUIDE.md", "rg", AccompanyingFile::Document),
            ("Cargo.lock", "just", AccompanyingFile::Document),
            ("package.json", "pi", AccompanyingFile::Other),
            ("lib/libz.so.1", "tool", AccompanyingFile::Other),
            ("share/cmake/Modules/x.cmake", "cmake", AccompanyingFile::Other),
            ("data/words", "tool", AccompanyingFile::Other),
            ("lib/license.js", "node", AccompanyingFile::Other),
            ("licenses/check.py", "tool", AccompanyingFile::Other),
            ("ThirdPartyNoticeText.txt", "tool", AccompanyingFile::Licence),
            ("THIRD-PARTY-LICENSES.html", "tool", AccompanyingFile::Licence),
            ("licenses/zlib.txt", "tool", AccompanyingFile::Licence),
        ] {
            assert_eq!(of(path, &[program.to_owned()]), kind, "{path}");
        }
    }
}
