//! Rules about WHEEL (PEP 427): that it is there, what it says of itself, and that the file name says the same.

use std::collections::BTreeSet;

use super::dist_info::present;
use super::names::shipped_as_data;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::scheme::Scheme;
use crate::target::PlatformTag;
use crate::wheel::wheel_file::{Root, WheelFile};

rule!(WHEEL_FILE = "wheel-file", Error, Wheel(wheel_file);
    what: "The dist-info directory has a WHEEL file that can be read.",
    why: "Without it an installer does not know how to unpack the wheel, and refuses it.",
    fix: "Build the wheel again with a standard builder";
    because: [Installer("a wheel without it is refused")]);

fn wheel_file(wheel: &WheelSubject, found: &mut Findings) {
    match &wheel.wheel_file {
        None => present(wheel, "WHEEL", found),
        Some(Err(error)) => found.member(&wheel.dist_info_member("WHEEL").unwrap_or_default(), sentence(error)),
        Some(Ok(_)) => {}
    }
}

rule!(WHEEL_VERSION = "wheel-version", Error, Wheel(wheel_version);
    what: "`Wheel-Version`, spelled so, is 1.0; a newer minor version, and a third number, is a warning.",
    why: "Installers refuse a major version that they do not know and warn at a newer minor one.",
    fix: "Write `Wheel-Version: 1.0`";
    because: [Installer("another major version is refused"), Habit("a newer minor version is taken with a warning")]);

fn wheel_version(wheel: &WheelSubject, found: &mut Findings) {
    let Some(file) = inside(wheel, found) else { return };
    let spelled = file.fields().iter().find(|(key, _)| key.eq_ignore_ascii_case("Wheel-Version"));
    if let Some((key, _)) = spelled.filter(|(key, _)| *key != "Wheel-Version") {
        found.whole(format!("`{key}` is not spelled `Wheel-Version`, and uv does not find it"));
    }
    match file.wheel_version() {
        Ok((1, 0)) => {}
        Ok((1, minor)) => found.with(Severity::Warning, None, format!("`Wheel-Version` is 1.{minor}")),
        Ok((major, minor)) => found.whole(format!("`Wheel-Version` is {major}.{minor}")),
        Err(error) => {
            let text = file.fields().get("Wheel-Version").unwrap_or_default();
            let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
            // Installers look at the first number alone.
            let is_taken = text.split('.').count() == 3 && text.starts_with("1.") && text.split('.').all(is_number);
            found.with(if is_taken { Severity::Warning } else { Severity::Error }, None, error.to_string());
        }
    }
}

rule!(WHEEL_PURELIB = "wheel-purelib", Error, Wheel(wheel_purelib);
    what: "`Root-Is-Purelib` is there, and `false` where native code lies among the packages; none lies in `.data/purelib`. Programs in `.data/scripts` are not among the packages.",
    why: "Native code would be installed where files shared between architectures belong.",
    fix: "Write `Root-Is-Purelib: false` for a wheel with binaries, `true` for pure Python";
    because: [Promise("the file says that there is no native code"), Habit("platform directories hold pure code as well, and are taken where the field is absent or says neither")]);

fn wheel_purelib(wheel: &WheelSubject, found: &mut Findings) {
    let Some(file) = inside(wheel, found) else { return };
    let binaries = wheel.inventory.binaries().iter();
    let data = shipped_as_data(wheel);
    let mut natives = binaries.map(|(member, _)| member.as_str()).filter(|member| !data.contains(member));
    let native = natives.clone().next().is_some();
    // Only what lies at the root goes where the field says; scripts, data and `platlib` have places of their own.
    let scheme = |member: &str| wheel.scheme(member).0;
    let of_root = natives.clone().find(|member| matches!(scheme(member), Scheme::Root | Scheme::Purelib));
    if let Some(member) = natives.find(|member| scheme(member) == Scheme::Purelib) {
        let message = "native code lies in `.data/purelib`, which is for pure Python";
        let help = "Move the file to `.data/platlib`, or to the root of a wheel that says `Root-Is-Purelib: false`";
        found.advise(Severity::Error, Some(member), message, help);
        return;
    }
    let any = wheel.platforms() == [PlatformTag::Any];
    match file.root() {
        // What does not say `true` is installed as if it said `false`.
        Err(error) => found.with(Severity::Warning, None, error.to_string()),
        Ok(Root::Purelib) if of_root.is_some() => {
            let such = of_root.map(|member| format!(", such as `{member}`")).unwrap_or_default();
            let message = format!("`Root-Is-Purelib` is true and the wheel holds native code{such}");
            found.advise(Severity::Error, None, message, "Write `Root-Is-Purelib: false`");
        }
        Ok(Root::Platlib) if !native && any => {
            let message = "`Root-Is-Purelib` is false and the wheel is pure Python";
            found.advise(Severity::Warning, None, message, "Write `Root-Is-Purelib: true`");
        }
        Ok(_) => {}
    }
}

rule!(TAG_WHEEL_MATCH = "tag-wheel-match", Error, Wheel(tag_wheel_match);
    what: "WHEEL has one `Tag` line for every tag that the file name's set expands to, and no other.",
    why: "Installers choose by the file name and verify by WHEEL; where they differ, some refuse and some do not.",
    fix: "Write one expanded tag per `Tag` line, or name the file by the tags in WHEEL";
    because: [Promise("WHEEL and the file name say different things about the machines that the wheel is for"), Habit("the same tags in another form are the same tags")]);

/// More than any file name stands for.
const MAX_TAGS: usize = 10_000;

fn tag_wheel_match(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(file), Ok(name)) = (inside(wheel, found), &wheel.name) else { return };
    let (expected, mut stated, mut wrong) = (name.tags.expand(), BTreeSet::new(), false);
    for tag in file.tags() {
        match tag {
            Ok(tag) if stated.contains(&tag) => {
                found.with(Severity::Warning, None, format!("`Tag: {tag}` stands twice"));
            }
            Ok(tag) => _ = stated.insert(tag),
            Err(error) => match error.tag_set() {
                Some(tags) if tags.len() > MAX_TAGS => {
                    wrong = true;
                    found.whole(format!("a `Tag` line stands for {} tags", tags.len()));
                }
                Some(tags) => {
                    let message = format!("a `Tag` line holds the set `{tags}`, not one tag");
                    found.with(Severity::Warning, None, message);
                    stated.extend(tags.expand());
                }
                None => {
                    wrong = true;
                    found.whole(sentence(&error));
                }
            },
        }
    }
    if wrong {
        return;
    }
    for tag in expected.difference(&stated) {
        found.whole(format!("the file name has `{tag}`, WHEEL has no such line"));
    }
    for tag in stated.difference(&expected) {
        found.whole(format!("WHEEL has `Tag: {tag}`, the file name does not"));
    }
}

rule!(BUILD_MATCH = "build-match", Error, Wheel(build_match);
    what: "The build tag of the file name is the `Build` of WHEEL, or both are absent.",
    why: "The build tag decides between two wheels of one version; two answers make two orders.",
    fix: "Give the file name and WHEEL the same build tag";
    because: [Promise("WHEEL and the file name state two build tags")]);

fn build_match(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(file), Ok(name)) = (wheel.good_wheel_file(), &wheel.name) else { return };
    let (named, stated) = (name.build.as_ref().map(|build| build.as_str()), file.build());
    if named != stated {
        let show = |build: Option<&str>| build.map_or_else(|| "none".to_owned(), |build| format!("`{build}`"));
        found.whole(format!("the build tag is {} in the file name and {} in WHEEL", show(named), show(stated)));
    }
}

pub(crate) static RULES: &[&Rule] = &[&WHEEL_FILE, &WHEEL_VERSION, &WHEEL_PURELIB, &TAG_WHEEL_MATCH, &BUILD_MATCH];

/// WHEEL, where it can be read; findings about the whole are then about it.
fn inside<'a>(wheel: &'a WheelSubject, found: &mut Findings) -> Option<&'a WheelFile> {
    found.inside = wheel.dist_info_member("WHEEL");
    wheel.good_wheel_file()
}
