//! The targets that Rust's compiler has names for, and which of them a misspelt one may mean.

use crate::error::nearest;

const NAMES: &str = include_str!("rust-targets.txt");

/// What stands for the maker of a machine where nobody has a name of his own.
const UNKNOWN: &str = "unknown";

/// A word that differs from another in no more letters is that one, misspelt.
const SLIP: usize = 2;

fn names() -> impl Iterator<Item = &'static str> + Clone {
    NAMES.lines().filter(|line| !line.starts_with('#')).flat_map(|line| line.split(' '))
}

/// Whether the compiler has a target of that name, or one but for the vendor: distributions of Linux put in their own
/// (`x86_64-alpine-linux-musl`).
pub(crate) fn is_target(text: &str) -> bool {
    names().any(|name| name == text) || is_of_vendor(text)
}

fn is_of_vendor(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let (Some(architecture), Some(vendor), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_plain = !vendor.is_empty() && vendor.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let is_slip = [UNKNOWN, "pc", "apple", "linux"].iter().any(|known| strsim::levenshtein(known, vendor) <= SLIP);
    let usual = format!("{architecture}-{UNKNOWN}-{rest}");
    is_plain && !is_slip && rest.starts_with("linux") && names().any(|name| name == usual)
}

/// The target that a text may mean which is none: other words for a machine, one without a vendor, or a slip.
pub(crate) fn nearest_target(text: &str) -> Option<&'static str> {
    let (machine, rest) = text.split_once('-').unwrap_or((text, ""));
    let machine = match machine {
        "arm64" => "aarch64",
        "amd64" | "x64" => "x86_64",
        other => other,
    };
    // As it stands, without a vendor, and with one of its own.
    let rests = [rest, rest.split_once('-').map_or("", |(_, system)| system)];
    let all = rests
        .into_iter()
        .flat_map(|rest| ["", "unknown-", "pc-", "apple-"].map(|vendor| format!("{machine}-{vendor}{rest}")));
    let whole = all.into_iter().find_map(|meant| names().find(|name| *name == meant));
    whole.or_else(|| nearest(text, names()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_targets_are_told_from_those_of_distributions() {
        for text in ["x86_64-unknown-linux-musl", "aarch64-apple-darwin", "riscv64gc-unknown-linux-gnu"] {
            assert!(is_target(text), "{text}");
        }
        for text in ["x86_64-alpine-linux-musl", "aarch64-redhat-linux-gnu"] {
            assert!(is_target(text), "{text}");
        }
        for (text, meant) in [
            ("x86_64-unkown-linux-musl", "x86_64-unknown-linux-musl"),
            ("x86_64-unknown-linux-mus", "x86_64-unknown-linux-musl"),
            ("x86_64-unknown-linux-gnus", "x86_64-unknown-linux-gnu"),
            ("x86-64-unknown-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("x86_64-pc-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("x86_64-linux-gnu", "x86_64-unknown-linux-gnu"),
            ("arm64-apple-darwin", "aarch64-apple-darwin"),
            ("amd64-linux-musl", "x86_64-unknown-linux-musl"),
            ("aarch64-aple-darwin", "aarch64-apple-darwin"),
            ("aarch64-darwin", "aarch64-apple-darwin"),
            ("x86_64-pc-windows-mscv", "x86_64-pc-windows-msvc"),
            ("x86_64-windows-msvc", "x86_64-pc-windows-msvc"),
            ("armv7-unknown-linux-gnueabi_hf", "armv7-unknown-linux-gnueabihf"),
        ] {
            assert!(!is_target(text), "{text}");
            assert_eq!(nearest_target(text), Some(meant), "{text}");
        }
        assert_eq!(nearest_target("q"), None);
        for text in ["", "-", "--", "a-b-linux", "x86_64--linux-musl"] {
            assert!(!is_target(text), "{text}");
        }
    }
}
