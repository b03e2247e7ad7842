//! What a file beside a program is, by its path: a licence, a manual page, a completion, a document, or something that the
//! program may need.

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
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

/// Files of a program, whatever they are about: `license.js` checks licences.
const CODE: [&str; 16] = [
    ".js", ".mjs", ".cjs", ".ts", ".py", ".rb", ".lua", ".go", ".rs", ".c", ".h", ".so", ".dll", ".exe", ".dylib",
    ".map",
];

/// What the file at `path` of a payload is; `program` is the name of the first executable.
pub(super) fn of(path: &str, program: &str) -> Kind {
    let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
    let lower = name.to_ascii_lowercase();
    let in_directory =
        |names: &[&str]| directory.split('/').any(|part| names.contains(&part.to_ascii_lowercase().as_str()));
    let is_code = CODE.iter().any(|end| lower.ends_with(end));
    if !is_code && (is_licence(&lower) || in_directory(&["licenses", "licences", "license"])) {
        return Kind::Licence;
    }
    if let Some(section) = manual_section(&lower) {
        return Kind::Manual(format!("share/man/man{section}/"));
    }
    let completions = in_directory(&[
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
    ]);
    if let Some(path) = completion(directory, &lower, name, program, completions) {
        return Kind::Completion(path);
    }
    let document = lower.starts_with('.')
        || DOCUMENTS.iter().any(|start| lower.starts_with(start))
        || DOCUMENT_ENDINGS.iter().any(|end| lower.ends_with(end))
        || ["cargo.toml", "cargo.lock", "go.mod", "go.sum"].contains(&lower.as_str())
        || in_directory(&["doc", "docs", "examples"])
        || completions;
    if document { Kind::Document } else { Kind::Other }
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

/// The section of `rg.1`, `git-lfs.1.gz`; a version at the end of a library's name is none.
fn manual_section(lower: &str) -> Option<char> {
    let stem = lower.strip_suffix(".gz").unwrap_or(lower);
    let (name, section) = stem.rsplit_once('.')?;
    let mut characters = section.chars();
    let section = characters.next().filter(|section| ('1'..='9').contains(section) && characters.next().is_none())?;
    let is_name = !name.is_empty()
        && !name.contains(".so")
        && !name.ends_with(|last: char| last.is_ascii_digit() && name.contains('.'));
    is_name.then_some(section)
}

fn completion(directory: &str, lower: &str, name: &str, program: &str, in_directory: bool) -> Option<String> {
    let of_shell = |shell: &str| directory.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(shell));
    let called = |ending: &str| {
        lower.strip_suffix(ending).map(|stem| stem.trim_start_matches('_').trim_end_matches(['-', '_', '.']))
    };
    let bash = || format!("share/bash-completion/completions/{program}");
    let zsh = || format!("share/zsh/site-functions/_{program}");
    let fish = || format!("share/fish/vendor_completions.d/{program}.fish");
    let program = program.to_ascii_lowercase();
    let is_named =
        |stem: Option<&str>| stem.is_some_and(|stem| stem == program || stem.is_empty() || stem == "completion");
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
    if name == format!("_{program}") {
        return Some(zsh());
    }
    (lower == program && (of_shell("bash_completion.d") || of_shell("bash") || of_shell("completions"))).then(bash)
}

/// A destination as a rule of `files` writes it.
pub(super) fn destination(kind: &Kind) -> Option<String> {
    match kind {
        Kind::Licence => Some("licenses".to_owned()),
        Kind::Manual(directory) => Some(directory.clone()),
        Kind::Completion(path) => Some(path.clone()),
        Kind::Document | Kind::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_real_releases() {
        let manual = |section| Kind::Manual(format!("share/man/man{section}/"));
        let completion = |path: &str| Kind::Completion(path.into());
        for (path, program, kind) in [
            ("LICENSE-MIT", "rg", Kind::Licence),
            ("UNLICENSE", "rg", Kind::Licence),
            ("licenses/zlib.txt", "rg", Kind::Licence),
            ("doc/rg.1", "rg", manual(1)),
            ("share/man/man1/gh-repo.1", "gh", manual(1)),
            ("just.1", "just", manual(1)),
            ("complete/rg.bash", "rg", completion("share/bash-completion/completions/rg")),
            ("complete/_rg", "rg", completion("share/zsh/site-functions/_rg")),
            ("complete/rg.fish", "rg", completion("share/fish/vendor_completions.d/rg.fish")),
            ("completions/just.zsh", "just", completion("share/zsh/site-functions/_just")),
            ("completion/bash/task.bash", "task", completion("share/bash-completion/completions/task")),
            ("completion/zsh/_task", "task", completion("share/zsh/site-functions/_task")),
            ("etc/bash_completion.d/buf", "buf", completion("share/bash-completion/completions/buf")),
            ("complete/_rg.ps1", "rg", Kind::Document),
            ("README.md", "rg", Kind::Document),
            ("doc/GUIDE.md", "rg", Kind::Document),
            ("Cargo.lock", "just", Kind::Document),
            ("lib/libz.so.1", "tool", Kind::Other),
            ("share/cmake/Modules/x.cmake", "cmake", Kind::Other),
            ("data/words", "tool", Kind::Other),
            ("lib/license.js", "node", Kind::Other),
            ("licenses/check.py", "tool", Kind::Other),
            ("ThirdPartyNoticeText.txt", "tool", Kind::Licence),
            ("THIRD-PARTY-LICENSES.html", "tool", Kind::Licence),
            ("licenses/zlib.txt", "tool", Kind::Licence),
        ] {
            assert_eq!(of(path, program), kind, "{path}");
        }
    }
}
