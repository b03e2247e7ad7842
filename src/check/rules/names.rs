//! Rules about file names and tags (PEP 427, 425, 440, 503, 600, 625, 656, and the tags that indexes take).

use std::collections::BTreeSet;

use crate::binary::Objection;
use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::check::subject::sdist::SdistSubject;
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::target::{Architecture, LegacyManylinux, PlatformTag};
use crate::wheel::wheel_file::Root;

const fn rule(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    check: fn(&WheelSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Names, severity, documentation, check: Check::Wheel(check) }
}

const fn both(
    name: &'static str,
    severity: Severity,
    documentation: Documentation,
    wheel: fn(&WheelSubject, &mut Findings),
    sdist: fn(&SdistSubject, &mut Findings),
) -> Rule {
    Rule { name, family: Family::Names, severity, documentation, check: Check::Both(wheel, sdist) }
}

pub(crate) static RULES: &[Rule] = &[
    both(
        "name-parse",
        Severity::Error,
        Documentation {
            what: "A wheel is named `NAME-VERSION(-BUILD)-PYTHON-ABI-PLATFORM.whl`, a source distribution `NAME-VERSION.tar.gz`.",
            why: "Installers read name, version and tags off the file name and refuse or pass over a file they cannot read.",
            fix: "Rename the file as its builder named it, or build it again",
        },
        |wheel, found| {
            if let Err(error) = &wheel.name {
                found.whole(error.to_string());
            }
        },
        |sdist, found| {
            if let Err(error) = &sdist.name {
                found.whole(error.to_string());
            }
        },
    ),
    both(
        "name-normal",
        Severity::Error,
        Documentation {
            what: "Name and version stand in the file name in their normal form: lower case, `_` for `-` and `.`, and PEP 440's normal version.",
            why: "Indexes refuse every other form, and some uploaders leave such a file out without failing.",
            fix: "Build with a builder that normalises file names, or rename the file and its dist-info directory",
        },
        |wheel, found| {
            if let Ok(name) = &wheel.name
                && !name.is_normal()
            {
                let version = name.pep440().map(|version| version.to_string()).unwrap_or_default();
                found.whole(format!(
                    "the normal form of `{}` is `{}-{version}`",
                    name.stem(),
                    name.distribution.escaped()
                ));
            }
        },
        |sdist, found| {
            if let Ok(name) = &sdist.name
                && !name.is_normal()
            {
                let version = name.pep440().map(|version| version.to_string()).unwrap_or_default();
                found.whole(format!(
                    "the normal form of `{}` is `{}-{version}`",
                    name.stem(),
                    name.distribution.escaped()
                ));
            }
        },
    ),
    both(
        "local-version",
        Severity::Error,
        Documentation {
            what: "The version has no local part (`+something`).",
            why: "Local versions are for one's own machines; indexes refuse them.",
            fix: "Set a public version, such as a post-release",
        },
        |wheel, found| {
            let version = wheel.name.as_ref().ok().and_then(|name| name.pep440());
            if version.as_ref().is_some_and(|version| version.is_local()) {
                found.whole("the version has a local part");
            }
        },
        |sdist, found| {
            let version = sdist.name.as_ref().ok().and_then(|name| name.pep440());
            if version.as_ref().is_some_and(|version| version.is_local()) {
                found.whole("the version has a local part");
            }
        },
    ),
    rule(
        "tag-known",
        Severity::Error,
        Documentation {
            what: "Every platform tag is one that some installer knows, and the Python tags are those of an implementation.",
            why: "A misspelt tag is valid and matches no machine, so nobody can install the wheel.",
            fix: "Correct the tag, such as `manylinux_2_17_x86_64`, `musllinux_1_1_aarch64`, `macosx_11_0_arm64` or `win_amd64`",
        },
        known,
    ),
    rule(
        "tag-linux-bare",
        Severity::Error,
        Documentation {
            what: "No platform tag is `linux_*`.",
            why: "It promises nothing beyond the machine it was built on; indexes refuse it (`linux_armv7l` aside).",
            fix: "Tag the wheel by the libc it needs: `manylinux_X_Y_*` or `musllinux_X_Y_*`",
        },
        |wheel, found| {
            for tag in wheel.platforms() {
                if let PlatformTag::Linux(architecture) = tag {
                    let severity =
                        if architecture == Architecture::Armv7 { Severity::Warning } else { Severity::Error };
                    found.with(severity, None, format!("`{tag}` says nothing about the libc that the wheel needs"));
                }
            }
        },
    ),
    rule(
        "tag-index",
        Severity::Error,
        Documentation {
            what: "Every platform tag is one that the public index takes: macOS from 11 on with minor version 0 and a version that exists, and no BSD or Solaris.",
            why: "The upload is refused, after others of the set have gone through.",
            fix: "Use a tag that the index takes: macOS tags from 11 on end in `_0`",
        },
        index,
    ),
    rule(
        "tag-set-sorted",
        Severity::Warning,
        Documentation {
            what: "The tags of a compressed set are sorted, and none stands twice.",
            why: "PEP 425 asks for sorted sets; two names for one set make two files of one build.",
            fix: "Sort the tags of the set in the file name",
        },
        |wheel, found| {
            if let Ok(name) = &wheel.name
                && !name.tags.is_sorted()
            {
                found.whole(format!("`{}` is not sorted, or has a tag twice", name.tags));
            }
        },
    ),
    rule(
        "tag-legacy-alias",
        Severity::Warning,
        Documentation {
            what: "A `manylinux_2_17`, `_2_12` or `_2_5` tag comes with its elder name `manylinux2014`, `2010` or `1`, and the reverse.",
            why: "`pip download --platform manylinux2014_x86_64` does not find a wheel that carries the new name alone, and old tools do not know it.",
            fix: "Add the other name of the tag to the wheel's platform tags",
        },
        alias,
    ),
    rule(
        "tag-too-narrow",
        Severity::Warning,
        Documentation {
            what: "A wheel without extension modules is tagged `py3-none-PLATFORM`.",
            why: "A tag such as `cp311-cp311` keeps every other Python from installing a program that needs none in particular.",
            fix: "Tag the wheel `py3-none-PLATFORM`",
        },
        narrow,
    ),
    rule(
        "tag-python",
        Severity::Error,
        Documentation {
            what: "Some Python that `Requires-Python` allows takes one of the Python and ABI tags of a runtime's wheel, on any platform.",
            why: "Tags such as `py2-none` or `py3-abi3` can be valid and match no Python at all, so nobody can install the wheel.",
            fix: "Tag the wheel `py3-none-PLATFORM`",
        },
        python,
    ),
    rule(
        "tag-any-native",
        Severity::Error,
        Documentation {
            what: "A wheel tagged `any` holds no native code.",
            why: "Every machine installs it, and all but one kind cannot run it.",
            fix: "Tag the wheel with the platform that its binaries are for",
        },
        |wheel, found| {
            for (_, member, objection) in &wheel.objections {
                if matches!(objection, Objection::NativeCode) {
                    found.member(member, objection.to_string());
                }
            }
        },
    ),
    rule(
        "wheel-file",
        Severity::Error,
        Documentation {
            what: "The dist-info directory has a WHEEL file that can be read.",
            why: "Without it an installer does not know how to unpack the wheel, and refuses it.",
            fix: "Build the wheel again with a standard builder",
        },
        |wheel, found| {
            let Some(member) = wheel.dist_info_member("WHEEL") else { return };
            match &wheel.wheel_file {
                None if wheel.archive.find(&member).is_none() => found.whole(format!("there is no `{member}`")),
                None => wheel.unread(&member).into_iter().for_each(|why| found.member(&member, why)),
                Some(Err(error)) => found.member(&member, sentence(error)),
                Some(Ok(_)) => {}
            }
        },
    ),
    rule(
        "wheel-version",
        Severity::Error,
        Documentation {
            what: "`Wheel-Version`, spelled so, is 1.0; a newer minor version is a warning.",
            why: "Installers refuse a major version that they do not know and warn at a newer minor one.",
            fix: "Write `Wheel-Version: 1.0`",
        },
        |wheel, found| {
            let (Some(file), Some(member)) = (wheel.good_wheel_file(), wheel.dist_info_member("WHEEL")) else { return };
            let spelled = file.fields().iter().find(|(key, _)| key.eq_ignore_ascii_case("Wheel-Version"));
            if let Some((key, _)) = spelled
                && key != "Wheel-Version"
            {
                found.member(&member, format!("`{key}` is not spelled `Wheel-Version`, and uv does not find it"));
            }
            match file.wheel_version() {
                Ok((1, 0)) => {}
                Ok((1, minor)) => found.with(Severity::Warning, Some(&member), format!("`Wheel-Version` is 1.{minor}")),
                Ok((major, minor)) => found.member(&member, format!("`Wheel-Version` is {major}.{minor}")),
                Err(error) => found.member(&member, error.to_string()),
            }
        },
    ),
    rule(
        "wheel-purelib",
        Severity::Error,
        Documentation {
            what: "`Root-Is-Purelib` is there, and `false` where the wheel holds native code.",
            why: "Native code would be installed where files shared between architectures belong.",
            fix: "Write `Root-Is-Purelib: false` for a wheel with binaries, `true` for pure Python",
        },
        |wheel, found| {
            let (Some(file), Some(member)) = (wheel.good_wheel_file(), wheel.dist_info_member("WHEEL")) else { return };
            let native = !wheel.inventory.binaries().is_empty();
            let any = wheel.platforms() == [PlatformTag::Any];
            match file.root() {
                Err(error) => found.member(&member, error.to_string()),
                Ok(Root::Purelib) if native => {
                    found.member(&member, "`Root-Is-Purelib` is true and the wheel holds native code")
                }
                Ok(Root::Platlib) if !native && any => {
                    found.with(
                        Severity::Warning,
                        Some(&member),
                        "`Root-Is-Purelib` is false and the wheel is pure Python",
                    );
                }
                Ok(_) => {}
            }
        },
    ),
    rule(
        "tag-wheel-match",
        Severity::Error,
        Documentation {
            what: "WHEEL has one `Tag` line for every tag that the file name's set expands to, and no other.",
            why: "Installers choose by the file name and verify by WHEEL; where they differ, some refuse and some do not.",
            fix: "Write one expanded tag per `Tag` line, or name the file by the tags in WHEEL",
        },
        tag_lines,
    ),
    rule(
        "build-match",
        Severity::Error,
        Documentation {
            what: "The build tag of the file name is the `Build` of WHEEL, or both are absent.",
            why: "The build tag decides between two wheels of one version; two answers make two orders.",
            fix: "Give the file name and WHEEL the same build tag",
        },
        |wheel, found| {
            let (Some(file), Ok(name)) = (wheel.good_wheel_file(), &wheel.name) else { return };
            let (named, stated) = (name.build.as_ref().map(|build| build.as_str()), file.build());
            if named != stated {
                let show = |build: Option<&str>| build.map_or_else(|| "none".to_owned(), |build| format!("`{build}`"));
                found.whole(format!("the build tag is {} in the file name and {} in WHEEL", show(named), show(stated)));
            }
        },
    ),
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

fn known(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    for tag in &name.tags.platform {
        if let Err(error) = tag.parse::<PlatformTag>() {
            found.whole(error.to_string());
        }
    }
    for tag in &name.tags.python {
        if !is_python(tag) {
            found.whole(format!("`{tag}` is not the Python tag of an implementation"));
        }
    }
    for tag in &name.tags.abi {
        if !is_abi(tag) {
            found.whole(format!("`{tag}` is not the ABI tag of an implementation"));
        }
    }
}

/// The newest minor version of Python 3 that is known here.
const NEWEST: u64 = 15;

fn python(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    if !super::contents::is_runtime(wheel) {
        return;
    }
    let required = wheel.good_metadata().and_then(|metadata| metadata.requires_python().ok().flatten());
    let allowed = |minor: u64| {
        let patches = || (0..=30).map(|patch| pep440_rs::Version::new([3, minor, patch]));
        required.as_ref().is_none_or(|required| patches().any(|version| required.contains(&version)))
    };
    let pythons: Vec<u64> = (0..=NEWEST).filter(|minor| allowed(*minor)).collect();
    let taken = name
        .tags
        .python
        .iter()
        .any(|python| name.tags.abi.iter().any(|abi| pythons.iter().any(|minor| takes(*minor, python, abi))));
    // Tags that no implementation has are another rule's.
    let known = name.tags.python.iter().all(|tag| is_python(tag)) && name.tags.abi.iter().all(|tag| is_abi(tag));
    if !taken && known {
        let required = required.map(|required| format!(" that `Requires-Python: {required}` allows"));
        found.whole(format!("no Python{} takes `{}`", required.unwrap_or_default(), name.tags));
    }
}

/// Whether Python 3 of this minor version takes a wheel with these two tags, in any implementation (PEP 425).
fn takes(minor: u64, python: &str, abi: &str) -> bool {
    let digits = python.trim_start_matches(|letter: char| letter.is_ascii_lowercase());
    let implementation = &python[..python.len() - digits.len()];
    let Some(version) = digits.strip_prefix('3').map(|rest| rest.trim_start_matches('_')) else { return false };
    let stated: Option<u64> = if version.is_empty() { None } else { Some(version.parse().unwrap_or(u64::MAX)) };
    let exactly = stated == Some(minor);
    let at_least = stated.is_some_and(|stated| stated <= minor);
    match (implementation, abi) {
        ("py", "none") => stated.is_none() || at_least,
        ("py", _) => false,
        // Every PyPy takes `pp3`; no CPython takes `cp3`.
        ("pp", "none") => exactly || stated.is_none(),
        (_, "none") => exactly,
        ("cp", "abi3" | "abi3t") => at_least && stated >= Some(2),
        (_, "abi3" | "abi3t") => false,
        ("cp", abi) => exactly && abi.trim_end_matches(|flag: char| flag.is_ascii_lowercase()) == python,
        (_, _) => exactly,
    }
}

fn index(wheel: &WheelSubject, found: &mut Findings) {
    for tag in wheel.platforms() {
        match &tag {
            PlatformTag::Macos { major, minor, .. } if *major >= 11 => {
                // macOS numbers skip from 15 to 26; later ones have come yearly.
                if *minor != 0 {
                    found.whole(format!("`{tag}` has a minor version, and indexes take `macosx_{major}_0_*` only"));
                } else if (16..=25).contains(major) {
                    found.whole(format!("`{tag}` names a version of macOS that does not exist"));
                } else if *major > 26 {
                    found.with(
                        Severity::Warning,
                        None,
                        format!("`{tag}` names a version of macOS that is not known here"),
                    );
                }
            }
            PlatformTag::Macos { major, .. } if *major < 10 => {
                found.whole(format!("`{tag}` names a version of macOS that does not exist"));
            }
            PlatformTag::Other(text)
                if ["freebsd", "openbsd", "netbsd", "solaris", "dragonfly", "aix"]
                    .iter()
                    .any(|name| text.starts_with(name)) =>
            {
                found.whole(format!("indexes take no wheels for `{tag}`"));
            }
            _ => {}
        }
    }
}

fn alias(wheel: &WheelSubject, found: &mut Findings) {
    let tags: BTreeSet<PlatformTag> = wheel.platforms().into_iter().collect();
    for tag in &tags {
        let missing = match tag {
            PlatformTag::ManylinuxLegacy { .. } => Some(tag.canonical()),
            PlatformTag::Manylinux { major, minor, architecture } => {
                let aliases =
                    [LegacyManylinux::Manylinux1, LegacyManylinux::Manylinux2010, LegacyManylinux::Manylinux2014];
                let alias = aliases.into_iter().find(|alias| alias.glibc() == (*major, *minor));
                // The eldest two were defined for x86 alone.
                let x86 = matches!(architecture, Architecture::X86_64 | Architecture::I686);
                alias
                    .filter(|alias| *alias == LegacyManylinux::Manylinux2014 || x86)
                    .map(|alias| PlatformTag::ManylinuxLegacy { alias, architecture: *architecture })
            }
            _ => None,
        };
        if let Some(missing) = missing.filter(|missing| !tags.contains(missing)) {
            found.whole(format!("`{tag}` stands without `{missing}`"));
        }
    }
}

fn narrow(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    let extension = |path: &str| {
        let file = path.rsplit('/').next().unwrap_or(path);
        file.ends_with(".pyd") || file.ends_with(".abi3.so") || file.contains(".cpython-") || file.contains(".pypy")
    };
    let imports = wheel.files().any(|(member, _)| {
        extension(&member.name)
            || member.name.ends_with(".so") && !name.tags.python.iter().all(|tag| tag.starts_with("py"))
    });
    let general = name.tags.python.iter().any(|tag| tag == "py3" || tag == "py2");
    if !general && !imports {
        found.whole(format!("`{}` names an interpreter, and the wheel has no extension module", name.tags));
    }
}

fn tag_lines(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(file), Ok(name)) = (wheel.good_wheel_file(), &wheel.name) else { return };
    let Some(member) = wheel.dist_info_member("WHEEL") else { return };
    let expected = name.tags.expand();
    let mut stated = BTreeSet::new();
    let mut wrong = false;
    for tag in file.tags() {
        match tag {
            Ok(tag) => {
                if stated.contains(&tag) {
                    found.with(Severity::Warning, Some(&member), format!("`Tag: {tag}` stands twice"));
                }
                stated.insert(tag);
            }
            Err(error) => {
                wrong = true;
                found.member(&member, sentence(&error));
            }
        }
    }
    if wrong {
        return;
    }
    for tag in expected.difference(&stated) {
        found.member(&member, format!("the file name has `{tag}`, WHEEL has no such line"));
    }
    for tag in stated.difference(&expected) {
        found.member(&member, format!("WHEEL has `Tag: {tag}`, the file name does not"));
    }
}
