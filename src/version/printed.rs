//! Where a version stands in what a program prints about itself, for programs of which nobody has said how they do it.

use super::public::PublicVersion;

/// What stands behind the numbers of a version that is not released yet, where it has no number of its own.
const UNRELEASED: [&str; 9] = ["alpha", "beta", "rc", "pre", "preview", "dev", "nightly", "snapshot", "canary"];

/// The first version in a text, and its line: the first word with dots on any line, else a number that is a word of the
/// first line.
pub(crate) fn printed(text: &str) -> Option<(&str, &str)> {
    by_lines(text, Begins::Word).or_else(|| {
        let line = text.lines().find(|line| !line.trim().is_empty())?;
        let words = line.split_whitespace().map(|word| word.trim_matches([',', ';', ':', '(', ')']));
        let mut numbers = words.map(|word| word.strip_prefix('v').unwrap_or(word));
        let number = numbers.find(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()))?;
        Some((number, line))
    })
}

/// The first version of two numbers or more in a text, and its line; where it is no word, behind letters: `go1.22.3`.
pub(crate) fn printed_dotted(text: &str) -> Option<(&str, &str)> {
    by_lines(text, Begins::Word).or_else(|| by_lines(text, Begins::Anywhere))
}

/// What may stand before a version.
#[derive(Debug, Clone, Copy)]
enum Begins {
    /// Nothing that makes a word with it, but a `v`.
    Word,
    /// Letters.
    Anywhere,
}

fn by_lines(text: &str, begins: Begins) -> Option<(&str, &str)> {
    text.lines().find_map(|line| Some((dotted(line, begins)?, line)))
}

/// The first version of two numbers or more in a line, without the `v` before it and the build after it.
fn dotted(line: &str, begins: Begins) -> Option<&str> {
    let mut from = 0;
    while let Some(start) = start(line, from, begins) {
        let rest = &line[start..];
        let end = rest.find(|end: char| !(end.is_ascii_alphanumeric() || ".-_".contains(end))).unwrap_or(rest.len());
        let token = rest[..end].trim_end_matches(['.', '-', '_']);
        let numbers = numbers(token);
        if !token[..numbers].contains('.') {
            // `3g` of `ntfs-3g-1.2`, or a date.
            from = start + token.bytes().take_while(u8::is_ascii_digit).count();
            continue;
        }
        match version(token, numbers) {
            Some(version) => return Some(version),
            None => from = start + token.len(),
        }
    }
    None
}

/// Where the next number stands that may begin a version, at or after `from`.
fn start(line: &str, from: usize, begins: Begins) -> Option<usize> {
    let joins = |before: Option<char>| {
        before.is_some_and(|before| match begins {
            Begins::Word => before.is_alphanumeric() || before == '.',
            Begins::Anywhere => before.is_numeric() || before == '.',
        })
    };
    let digits = line[from..].char_indices().filter(|(_, character)| character.is_ascii_digit());
    digits.map(|(at, _)| from + at).find(|at| {
        let mut before = line[..*at].chars().rev();
        match before.next() {
            Some('v' | 'V') => !joins(before.next()),
            last => !joins(last),
        }
    })
}

/// How much of the start of a text is numbers with dots between them.
fn numbers(text: &str) -> usize {
    let mut end = 0;
    for part in text.split('.') {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return end;
        }
        end += usize::from(end > 0) + digits;
        if digits < part.len() {
            return end;
        }
    }
    end
}

/// As much of a word that begins with so many bytes of numbers as is a version; what is no part of it begins at a sign.
fn version(token: &str, numbers: usize) -> Option<&str> {
    let signs = token.match_indices(['.', '-', '_']).map(|(at, _)| at).filter(|at| *at >= numbers);
    let ends: Vec<_> = signs.chain([token.len()]).collect();
    let reads = |end: &&usize| token[..**end].to_ascii_lowercase().parse::<PublicVersion>().is_ok();
    let end = *ends.iter().rev().find(reads)?;
    // `1.0.0-beta` is not 1.0.0, although no version says which beta it is.
    let next = token[end..].trim_start_matches(['.', '-', '_']).split(['.', '-', '_']).next().unwrap_or_default();
    let unreleased = UNRELEASED.iter().any(|word| next.eq_ignore_ascii_case(word));
    Some(if unreleased { token } else { &token[..end] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Option<&str> {
        printed(text).map(|(version, _)| version)
    }

    #[test]
    fn what_real_programs_print() {
        for (text, version) in [
            ("v3.14.1\n", "3.14.1"),
            ("ripgrep 15.2.0 (rev e89fff89ac)\n\nfeatures:+pcre2\n", "15.2.0"),
            ("1.13.2.git.kitware.jobserver-pipe-1\n", "1.13.2"),
            ("ShellCheck - shell script analysis tool\nversion: 0.11.0\nlicense: GPL 3\n", "0.11.0"),
            ("Version: 1.89.0\n", "1.89.0"),
            ("uv 0.13.9 (x86_64-unknown-linux-gnu)\n", "0.13.9"),
            ("deno 2.9.8 (stable, release, x86_64-unknown-linux-gnu)\nv8 14.1\n", "2.9.8"),
            ("Haskell Dockerfile Linter 2.15.1\n", "2.15.1"),
            ("3.54.0+pypi\n", "3.54.0"),
            ("gh version 2.103.3 (2026-10-26)\nhttps://example.invalid/v2.103.3\n", "2.103.3"),
            ("v2.11.7 h1:yj0Y4f=\n", "2.11.7"),
            ("hugo v0.168.0-e27a9f1b+extended+withdeploy linux/amd64 BuildDate=unknown\n", "0.168.0"),
            ("v1.5.6 (Variegata) 069cc9f9b5\n", "1.5.6"),
            ("\x1b[1mclang-format\x1b[0m version 23.1.5\n", "23.1.5"),
            ("jq-1.8.1\n", "1.8.1"),
            ("Docker version 24.0.5, build ced0996\n", "24.0.5"),
            ("GNU bash, version 5.2.15(1)-release (x86_64-pc-linux-gnu)\n", "5.2.15"),
            ("heroku/8.1.9 linux-x64 node-v16.19.0\n", "8.1.9"),
            ("version.BuildInfo{Version:\"v3.12.0\", GitCommit:\"c9f5\"}\n", "3.12.0"),
            ("tool 1.2.3-5-gabcdef\n", "1.2.3"),
            ("zig 0.17.1-dev.123+abc\n", "0.17.1-dev.123"),
            ("codex-cli 0.137.0-alpha.4\n", "0.137.0-alpha.4"),
            ("tool 1.0RC1.\n", "1.0RC1"),
            ("tool 1.2.3-SNAPSHOT\n", "1.2.3-SNAPSHOT"),
            ("tool 1.2.3-beta (x)\n", "1.2.3-beta"),
            ("ntfs-3g 2022.10.3 integrated FUSE 28\n", "2022.10.3"),
            ("built 2026-10-26 as 1.4\n", "1.4"),
            ("x86_64 build\n1.2.3.4\n", "1.2.3.4"),
            ("less 590 (GNU regular expressions)\nCopyright\n", "590"),
            ("tool v15\n", "15"),
        ] {
            assert_eq!(found(text), Some(version), "{text:?}");
        }
        for text in ["", "usage: tool\n", "OpenSSL 1.1.1w\n", "sha256 x86_64\n", "a\nless 590\n", "go1.2.3\n"] {
            assert_eq!(found(text), None, "{text:?}");
        }
        assert_eq!(printed("a\nb 1.2 c\n"), Some(("1.2", "b 1.2 c")));
        let (word, behind) = ("go1.22 of\ntool 1.2\n", "go version go1.22.3 linux/amd64\n");
        assert_eq!(printed_dotted(word), Some(("1.2", "tool 1.2")));
        assert_eq!(printed_dotted(behind).map(|(version, _)| version), Some("1.22.3"));
        assert_eq!(printed_dotted("less 590 (x86_64)\n"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[0-9a-zé.v+_ -]{0,24}", other: String) {
            for text in [text, other] {
                for (version, line) in [printed(&text), printed_dotted(&text)].into_iter().flatten() {
                    proptest::prop_assert!(line.contains(version) && text.contains(line));
                }
            }
        }
    }
}
