//! Rules about file names and tags (PEP 427, 425, 440, 503, 600, 625, 656, and the tags that indexes take).

use std::collections::{BTreeSet, HashSet};

use pep440_rs::Version;

use super::payload::is_runtime;
use crate::binary::Objection;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::sdist::SdistSubject;
use crate::check::subject::wheel::WheelSubject;
use crate::member_path::file_name;
use crate::target::PlatformTag;
use crate::wheel::filename::{FileNameError, WheelFileName};
use crate::wheel::name::DistributionName;

rule!(NAME_PARSE = "name-parse", Error, Both(name_parse_of_wheel, name_parse_of_sdist);
    what: "A wheel is named `NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl`, a source distribution `NAME-VERSION.tar.gz`.",
    why: "Installers read name, version and tags off the file name and refuse or pass over a file they cannot read.",
    fix: "Rename the file as its builder named it, or build it again";
    because: [Installer("the file is refused or passed over")]);

fn name_parse_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    name_parse(wheel.name.as_ref().err(), found)
}

fn name_parse_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    name_parse(sdist.name.as_ref().err(), found)
}

fn name_parse(error: Option<&FileNameError>, found: &mut Findings) {
    error.into_iter().for_each(|error| found.whole(error.of_named()));
}

rule!(NAME_NORMAL = "name-normal", Error, Both(name_normal_of_wheel, name_normal_of_sdist);
    what: "Name and version stand in the file name in their normal form: lower case, `_` for `-` and `.`, and PEP 440's normal version.",
    why: "Indexes refuse every other form, and some uploaders leave such a file out without failing.",
    fix: "Build with a builder that normalises file names, or rename the file and its dist-info directory";
    because: [Index("name and version must stand in their normal form, and uv leaves such a file out of an upload")]);

fn name_normal_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    if let Some(name) = wheel.name.as_ref().ok().filter(|name| !name.is_normal()) {
        name_normal(&name.stem(), &name.distribution, name.pep440(), found);
    }
}

fn name_normal_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    if let Some(name) = sdist.name.as_ref().ok().filter(|name| !name.is_normal()) {
        name_normal(&name.stem(), &name.distribution, name.pep440(), found);
    }
}

fn name_normal(stem: &str, name: &DistributionName, version: Option<Version>, found: &mut Findings) {
    let (name, version) = (name.escaped(), version.map(|version| version.to_string()).unwrap_or_default());
    found.whole(format!("the normal form of `{stem}` is `{name}-{version}`"));
}

rule!(LOCAL_VERSION = "local-version", Error, Both(local_version_of_wheel, local_version_of_sdist);
    what: "The version has no local part (`+something`).",
    why: "Local versions are for one's own machines; indexes refuse them.",
    fix: "Set a public version, such as a post-release";
    because: [Index("local versions are refused")]);

fn local_version_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    local_version(wheel.name.as_ref().ok().and_then(|name| name.pep440()), found)
}

fn local_version_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    local_version(sdist.name.as_ref().ok().and_then(|name| name.pep440()), found)
}

fn local_version(version: Option<Version>, found: &mut Findings) {
    if version.is_some_and(|version| version.is_local()) {
        found.whole("the version has a local part");
    }
}

rule!(TAG_KNOWN = "tag-known", Error, Wheel(tag_known);
    what: "Every platform tag is one that some installer takes on some machine, and the Python tags are those of an implementation. There is no glibc but 2 and no musl but 1, and installers have a lowest version for each system (`packaging.tags`): `manylinux_3_0`, `musllinux_2_0`, `manylinux_2_4` and `macosx_10_9_arm64` are nobody's. A version of glibc or musl that is not known here is a warning.",
    why: "A misspelt tag is valid and matches no machine, so nobody can install the wheel.",
    fix: "Correct the tag, such as `manylinux_2_17_x86_64`, `musllinux_1_1_aarch64`, `macosx_11_0_arm64` or `win_amd64`";
    because: [Installer("no machine takes the tag"), Habit("beside tags that are taken one of macOS for arm64 before 11 does no harm")]);

fn tag_known(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    for tag in &name.tags.platform {
        if let Err(error) = tag.parse::<PlatformTag>() {
            found.whole(error.to_string());
        }
    }
    let platforms = wheel.platforms();
    let is_of_no_use = platforms.iter().all(|tag| tag.taken_by_nobody().is_some());
    for tag in &platforms {
        if let Some(why) = tag.taken_by_nobody() {
            // Beside another tag it is of no use, and does no harm.
            let severity = if is_of_no_use { Severity::Error } else { Severity::Warning };
            found.with(severity, None, format!("no installer takes `{tag}`: {why}"));
        } else if let Some(libc) = tag.future_libc() {
            found.with(Severity::Warning, None, tag.unknown_version(libc));
        }
    }
    for tag in name.tags.python.iter().filter(|tag| !is_python(tag)) {
        found.whole(format!("`{tag}` is not the Python tag of an implementation"));
    }
    for tag in name.tags.abi.iter().filter(|tag| !is_abi(tag)) {
        found.whole(format!("`{tag}` is not the ABI tag of an implementation"));
    }
}

rule!(TAG_LINUX_BARE = "tag-linux-bare", Error, Wheel(tag_linux_bare);
    what: "No platform tag is `linux_*`.",
    why: "It promises nothing beyond the machine it was built on; indexes refuse it (`linux_armv6l` and `linux_armv7l` aside).",
    fix: "Tag the wheel by the libc it needs: `manylinux_X_Y_*` or `musllinux_X_Y_*`";
    because: [Index("`linux_*` is refused"), Habit("`linux_armv6l` and `linux_armv7l` are taken")]);

fn tag_linux_bare(wheel: &WheelSubject, found: &mut Findings) {
    for tag in wheel.platforms() {
        if let Some(is_taken) = tag.bare_linux() {
            found.with(if is_taken { Severity::Warning } else { Severity::Error }, None, tag.without_libc());
        }
    }
}

rule!(TAG_INDEX = "tag-index", Error, Wheel(tag_index);
    what: "Every platform tag is one that the public index takes: macOS from 11 on with minor version 0 and a version that exists, an elder manylinux tag on the architectures that it was defined for, no BSD, Solaris, Cygwin or LoongArch, and of WebAssembly `pyemscripten_*` alone.",
    why: "The upload is refused, after others of the set have gone through.",
    fix: "Use a tag that the index takes: macOS tags from 11 on end in `_0`";
    because: [Index("the tag is not among those that are taken"), Habit("a later system may exist by now")]);

fn tag_index(wheel: &WheelSubject, found: &mut Findings) {
    for tag in wheel.platforms() {
        if let Some((message, is_sure)) = tag.refused_by_index() {
            found.with(if is_sure { Severity::Error } else { Severity::Warning }, None, message);
        }
    }
}

rule!(TAG_SET_SORTED = "tag-set-sorted", Warning, Wheel(tag_set_sorted);
    what: "The tags of a compressed set are sorted, and none stands twice.",
    why: "PEP 425 asks for sorted sets; two names for one set make two files of one build.",
    fix: "Sort the tags of the set in the file name";
    because: [Habit("installers take tags in any order")]);

fn tag_set_sorted(wheel: &WheelSubject, found: &mut Findings) {
    if let Some(name) = wheel.name.as_ref().ok().filter(|name| !name.tags.is_sorted()) {
        let sorted = WheelFileName { tags: name.tags.sorted(), ..name.clone() };
        let message = format!("`{}` is not sorted, or has a tag twice", name.tags);
        found.advise(Severity::Warning, None, message, &format!("Rename the file to `{sorted}`"));
    }
}

rule!(TAG_LEGACY_ALIAS = "tag-legacy-alias", Warning, Wheel(tag_legacy_alias);
    what: "A `manylinux_2_17`, `_2_12` or `_2_5` tag comes with its elder name `manylinux2014`, `2010` or `1`, and the reverse.",
    why: "`pip download --platform manylinux2014_x86_64` does not find a wheel that carries the new name alone, and old tools do not know it.",
    fix: "Add the other name of the tag to the wheel's platform tags";
    because: [Habit("installers of today know both names")];
    remedy: Retag);

fn tag_legacy_alias(wheel: &WheelSubject, found: &mut Findings) {
    let tags: BTreeSet<PlatformTag> = wheel.platforms().into_iter().collect();
    for tag in &tags {
        let missing = match tag {
            PlatformTag::ManylinuxLegacy { .. } => Some(tag.canonical()),
            other => other.legacy_alias(),
        };
        if let Some(missing) = missing.filter(|missing| !tags.contains(missing)) {
            found.whole(format!("`{tag}` stands without `{missing}`"));
        }
    }
}

rule!(TAG_TOO_NARROW = "tag-too-narrow", Warning, Wheel(tag_too_narrow);
    what: "A wheel without extension modules is tagged `py3-none-PLATFORM`.",
    why: "A tag such as `cp311-cp311` keeps every other Python from installing a program that needs none in particular.",
    fix: "Tag the wheel `py3-none-PLATFORM`";
    because: [Habit("the wheel installs where its tag says")]);

fn tag_too_narrow(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    let by_python = name.tags.python.iter().any(|tag| !tag.starts_with("py"));
    let is_extension = |path: &str| {
        let file = file_name(path);
        let is_named = file.contains(".cpython-") || file.contains(".pypy");
        is_named || file.ends_with(".pyd") || file.ends_with(".abi3.so") || by_python && file.ends_with(".so")
    };
    let imports = wheel.files().any(|(member, _)| is_extension(&member.name));
    let general = name.tags.python.iter().any(|tag| tag == "py3" || tag == "py2");
    if !general && !imports {
        found.whole(format!("`{}` names an interpreter, and the wheel has no extension module", name.tags));
    }
}

rule!(TAG_PYTHON = "tag-python", Error, Wheel(tag_python);
    what: "Some Python that `Requires-Python` allows takes one of the Python and ABI tags of the wheel, on any platform; in a runtime's wheel Python 3 alone counts. No Python takes an ABI tag together with `any`.",
    why: "Tags such as `py3-abi3` or `cp313-cp313-any` are valid and match no Python at all, so nobody can install the wheel.",
    fix: "Tag the wheel `py3-none-PLATFORM`";
    because: [Installer("no Python takes the wheel")]);

fn tag_python(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    let required = wheel.good_metadata().and_then(|metadata| metadata.requires_python().ok().flatten());
    let allowed = |major: u64, minor: u64| {
        let patches = || (0..=30).map(|patch| Version::new([major, minor, patch]));
        required.as_ref().is_none_or(|required| patches().any(|version| required.contains(&version)))
    };
    let (python, abi) = (&name.tags.python, &name.tags.abi);
    // Installers know no tag that names an ABI and `any`.
    let is_for_any = name.tags.platform.iter().all(|tag| tag == "any");
    let abis = || abi.iter().filter(|abi| !is_for_any || *abi == "none");
    let all = || python.iter().flat_map(|python| abis().map(move |abi| (python, abi)));
    // Python 2 starts no program that is shipped today.
    let majors = if is_runtime(wheel) { 3..=3 } else { 2..=3 };
    let mut pythons = majors.flat_map(|major| (0..=MAX_MINOR).map(move |minor| (major, minor)));
    let taken = pythons
        .any(|(major, minor)| all().any(|(python, abi)| takes(major, minor, python, abi)) && allowed(major, minor));
    // Tags that no implementation has are another rule's.
    if !taken && python.iter().all(|tag| is_python(tag)) && abi.iter().all(|tag| is_abi(tag)) {
        let required = required.map(|required| format!(" that `Requires-Python: {required}` allows"));
        found.whole(format!("no Python{} takes `{}`", required.unwrap_or_default(), name.tags));
    }
}

/// The newest minor version of Python 3 that is judged: some that do not exist yet among them.
const MAX_MINOR: u64 = 20;

/// Whether a Python of this version takes a wheel with these two tags, in any implementation (PEP 425).
fn takes(major: u64, minor: u64, python: &str, abi: &str) -> bool {
    let digits = python.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let implementation = &python[..python.len() - digits.len()];
    let Some(version) = digits.strip_prefix(&major.to_string()).map(|rest| rest.trim_start_matches('_')) else {
        return false;
    };
    let stated: Option<u64> = if version.is_empty() { None } else { Some(version.parse().unwrap_or(u64::MAX)) };
    let exactly = stated == Some(minor);
    let at_least = stated.is_some_and(|stated| stated <= minor);
    match (implementation, abi) {
        ("py", "none") => stated.is_none() || at_least,
        ("py", _) => false,
        // Every PyPy takes `pp3`; no CPython takes `cp3`, but the installers of Python 2 did take `cp2`.
        ("cp", "none") if major == 2 => exactly || stated.is_none(),
        ("pp", "none") => exactly || stated.is_none() || is_of_pypy(stated),
        (_, "none") => exactly,
        ("cp", "abi3" | "abi3t") => major == 3 && at_least && stated >= Some(2),
        (_, "abi3" | "abi3t") => false,
        ("cp", abi) => exactly && abi.trim_end_matches(|flag: char| flag.is_ascii_lowercase()) == python,
        ("pp", _) => exactly || is_of_pypy(stated),
        (_, _) => exactly,
    }
}

/// Whether it is PyPy's own version behind Python's major one, as installers had it until 2020: `pp260` is PyPy 6.0.
fn is_of_pypy(stated: Option<u64>) -> bool {
    stated.is_some_and(|stated| stated > MAX_MINOR)
}

rule!(TAG_ANY_NATIVE = "tag-any-native", Error, Wheel(tag_any_native);
    what: "A wheel tagged `any` holds no native code; small starters for Windows that lie in it as data, as those of distlib and setuptools do, are a warning, and so are libraries of .NET, which its runtime loads where there is one, and files among tests that nothing imports or starts.",
    why: "Every machine installs it, and all but one kind cannot run it.",
    fix: "Tag the wheel with the platform that its binaries are for";
    because: [Promise("the tag says that every machine can use the wheel"), Habit("starters for Windows that Python code copies are data, and so is what tests read or the runtime of .NET loads")];
    remedy: Retag);

fn tag_any_native(wheel: &WheelSubject, found: &mut Findings) {
    let data = shipped_as_data(wheel);
    let is_code = |objection: &Objection| matches!(objection, Objection::NativeCode | Objection::WebAssembly { .. });
    let of_any = wheel.objections.iter().filter(|(tag, ..)| *tag == PlatformTag::Any);
    for (_, member, objection) in of_any.filter(|(.., objection)| is_code(objection)) {
        let severity = if data.contains(member.as_str()) { Severity::Warning } else { Severity::Error };
        found.with(severity, Some(member), objection.to_string());
    }
}

/// Binaries that are data, whatever the wheel's tags; the product's own program is none.
pub(super) fn shipped_as_data(wheel: &WheelSubject) -> HashSet<&str> {
    wheel.inventory.shipped_as_data(Some(&wheel.starter()))
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &NAME_PARSE, &NAME_NORMAL, &LOCAL_VERSION, &TAG_KNOWN, &TAG_LINUX_BARE, &TAG_INDEX, &TAG_SET_SORTED,
    &TAG_LEGACY_ALIAS, &TAG_TOO_NARROW, &TAG_PYTHON, &TAG_ANY_NATIVE,
];

/// What the Python tags of the implementations begin with.
const PYTHONS: [&str; 7] = ["py", "cp", "pp", "ip", "jy", "graalpy", "rp"];

fn is_python(tag: &str) -> bool {
    let digits = tag.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let implementation = &tag[..tag.len() - digits.len()];
    let numbered = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_');
    PYTHONS.contains(&implementation) && !digits.is_empty() && numbered
}

fn is_abi(tag: &str) -> bool {
    let prefixed = PYTHONS.iter().any(|python| *python != "py" && tag.starts_with(python)) || tag.starts_with("pypy");
    prefixed || matches!(tag, "none" | "abi3" | "abi3t")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_take_what_installers_of_theirs_take() {
        for (python, abi, expected) in [
            ("py3", "none", true),
            ("py313", "none", true),
            ("py2", "none", true),
            ("py4", "none", false),
            ("cp313", "none", true),
            ("cp3", "none", false),
            ("cp2", "none", true),
            ("pp3", "none", true),
            ("cp313", "cp313t", true),
            ("cp27", "cp27mu", true),
            ("cp314", "cp313", false),
            ("py3", "cp313", false),
            ("py3", "abi3", false),
            ("cp38", "abi3", true),
            ("cp31", "abi3", false),
            ("cp27", "abi3", false),
            ("graalpy311", "graalpy242_311_native", true),
            ("pp260", "pypy_41", true),
            ("pp371", "pypy3_71", true),
        ] {
            let mut pythons = [2, 3].into_iter().flat_map(|major| (0..=MAX_MINOR).map(move |minor| (major, minor)));
            assert_eq!(pythons.any(|(major, minor)| takes(major, minor, python, abi)), expected, "{python}-{abi}");
        }
    }
}
