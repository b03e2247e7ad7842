//! The `pyproject.toml` of a new runtime template.

use std::fmt::Write as _;

use super::names;
use super::question::Stream;
use super::seen::SurveyedPayload;
use super::survey::Survey;
use crate::console::text::named;
use crate::stage::license_pattern;
use crate::target::{Architecture, Host, PlatformTag, System, TargetTriple};
use crate::version::PublicVersion;
use crate::wheel::filename::Claim;
use crate::wheel::name::DistributionName;

/// What the table says of a product.
#[derive(Debug)]
pub(super) struct Named {
    pub distribution: DistributionName,
    pub module: String,
    pub license: Option<String>,
    pub repository: Option<String>,
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn list(texts: &[String]) -> String {
    let texts: Vec<_> = texts.iter().map(|text| quoted(text)).collect();
    format!("[{}]", texts.join(", "))
}

const HEAD: &str = "\
# A product of relkit: filled in by `relkit stage-runtime`, never built as it stands. docs/products.md of relkit says what
# each key of [tool.relkit] holds.

[build-system]
requires = [\"hatchling>=1.28\"]
build-backend = \"hatchling.build\"
";

const TAIL: &str = "
# Findings that a release accepts: still shown, with the reason, and no longer failing.
# [[tool.relkit.accept]]
# rule = \"macho-minos\"
# target = \"x86_64-apple-darwin\"
# reason = \"why\"

# Where `relkit publish --index NAME` goes.
# [[tool.relkit.index]]
# name = \"test\"
# upload-url = \"https://upload.example/legacy/\"
# index-url = \"https://index.example/simple/\"

[tool.hatch.build]
# A `bin/` in the ignore file of the repository around a stage must not leave the payload out.
ignore-vcs = true

[tool.hatch.build.targets.wheel]
packages = [\"src/module\"]

[tool.hatch.build.targets.wheel.hooks.custom]
path = \"hatch_build.py\"

[tool.hatch.build.targets.sdist.hooks.custom]
path = \"hatch_build.py\"
";

/// The table of a product whose payloads told this.
pub(super) fn runtime(named: &Named, findings: &Survey) -> String {
    let program = findings.executables.first().map_or("", String::as_str);
    let licences: Vec<_> = findings.beside.licences.iter().map(|(path, _)| license_pattern(path)).collect();
    let mut text = project(named, program, &licences);
    text += &table_names(named, &findings.executables);
    let version = findings.version();
    let _ = writeln!(text, "command = \"{}\"", findings.command);
    text += &aliases(&named.distribution, &findings.executables);
    let supports = supports(&findings.rows);
    if !supports.is_empty() {
        text +=
            "# Platform families that a release promises to serve; `verify` warns where one of them gets no wheel.\n";
        let _ = writeln!(text, "supports = {}", list(&supports));
    }
    if !findings.beside.rules.is_empty() {
        text += "# What else of a payload is shipped, and where.\nfiles = [\n";
        for (from, to) in &findings.beside.rules {
            let _ = writeln!(text, "    {{ from = {}, to = {} }},", quoted(from), quoted(to));
        }
        text += "]\n";
    }
    text += &smoke(findings);
    text += "\n# One row per wheel of a release. `also` names further tags that the same wheel carries where its binaries are\n\
             # honest under them; `archive` is what upstream calls the artefact ({version}, {tag} and {triple} are filled in).\n";
    for row in &findings.rows {
        let archive = archive(row, version.as_ref());
        text += &target(&row.triple, &row.platform_tag, &row.also, archive.as_deref());
    }
    text + TAIL
}

/// The table of a product of which nothing is known yet: everything that must be looked at is said.
pub(super) fn skeleton(named: &Named, executables: &[String]) -> String {
    let program = executables.first().map_or("", String::as_str);
    let mut text = project(named, program, &[]) + &table_names(named, executables);
    text += "\
# How the program gets on PATH: \"scripts\" (the program itself), \"launcher\" (an entry point starts it; for programs that
# need files beside them), \"none\".
command = \"scripts\"
";
    text += &aliases(&named.distribution, executables);
    text += "\
# Platform families that a release promises to serve; `verify` warns where one of them gets no wheel.
supports = [\"linux-glibc\", \"linux-musl\", \"macos\", \"windows\"]
# What else of a payload is shipped, and where.
# files = [
#     { from = \"LICENSE*\", to = \"licenses\" },
#     { from = \"doc/*.1\", to = \"share/man/man1/\" },
# ]

[tool.relkit.smoke]
# How the program is asked for its version, and a pattern whose group is the version.
";
    let pattern = format!("^{} (\\S+)", regex::escape(program));
    let _ = writeln!(text, "version = {{ args = [\"--version\"], pattern = {} }}", quoted(&pattern));
    text += "
# What the program is tried with.
# [[tool.relkit.smoke.command]]
# args = [\"--help\"]
# stdout = \"Usage\"

# One row per wheel of a release: leave out what upstream does not build. `relkit inspect` on a real executable says which
# tags it can honestly carry, and `relkit init --from PAYLOAD...` writes these rows from them.
";
    for (triple, tag, also) in SIX {
        let (Ok(triple), Ok(tag)) = (triple.parse(), tag.parse()) else { continue };
        let also: Vec<PlatformTag> = also.iter().filter_map(|tag| tag.parse().ok()).collect();
        text += &target(&triple, &tag, &also, None);
    }
    text + TAIL
}

/// The platforms that most programs are built for.
const SIX: [(&str, &str, &[&str]); 6] = [
    ("aarch64-apple-darwin", "macosx_11_0_arm64", &[]),
    ("x86_64-apple-darwin", "macosx_10_12_x86_64", &[]),
    ("aarch64-unknown-linux-musl", "musllinux_1_1_aarch64", &["manylinux_2_17_aarch64"]),
    ("x86_64-unknown-linux-musl", "musllinux_1_1_x86_64", &["manylinux_2_17_x86_64"]),
    ("aarch64-pc-windows-msvc", "win_arm64", &[]),
    ("x86_64-pc-windows-msvc", "win_amd64", &[]),
];

fn project(named: &Named, program: &str, licences: &[String]) -> String {
    let mut text = HEAD.to_owned();
    let description = format!("The {program} program, packaged for Python: one wheel for each platform");
    let _ = write!(
        text,
        "
[project]
name = \"filled-in-by-stage-runtime\"
version = \"0\"
description = {}
readme = \"README.md\"
requires-python = \">=3.10\"
",
        quoted(&description)
    );
    match &named.license {
        Some(license) => {
            let _ = writeln!(text, "license = {}", quoted(license));
        }
        None => text += "# The licence of the program, as an SPDX expression: `MIT OR Apache-2.0`.\n# license = \"\"\n",
    }
    let _ = writeln!(text, "# The payload's own licence files are added.\nlicense-files = {}", list(licences));
    let _ = writeln!(text, "keywords = [{}]", quoted(program));
    text += "classifiers = [\n    \"Environment :: Console\",\n    \"Programming Language :: Python :: 3\",\n]\n";
    match &named.repository {
        Some(repository) => {
            let _ = writeln!(text, "\n[project.urls]\nRepository = {}", quoted(repository));
        }
        None => text += "\n# [project.urls]\n# Repository = \"https://host/owner/repository\"\n",
    }
    text
}

fn table_names(named: &Named, executables: &[String]) -> String {
    let mut text = "\n[tool.relkit]\n".to_owned();
    let _ =
        writeln!(text, "distribution = {}\nmodule = {}", quoted(named.distribution.as_str()), quoted(&named.module));
    match executables {
        [one] => {
            let _ = writeln!(text, "executable = {}", quoted(one));
        }
        several => {
            text += "# The first is the program; the others are shipped where a payload has them.\n";
            let _ = writeln!(text, "executables = {}", list(several));
        }
    }
    text += "\
# The tags of a release: the first is written, all are read.
release-tags = [\"v{version}\", \"{version}\"]
# Where upstream publishes its artefacts, and their digests; `relkit fetch --target` and `relkit release --download` use it.
";
    let host = named.repository.as_deref().map_or("https://host/owner/repository", |text| text.trim_end_matches('/'));
    let _ = writeln!(text, "# source = \"{host}/releases/download/{{tag}}/{{archive}}\"");
    let _ = writeln!(text, "# checksums = \"{host}/releases/download/{{tag}}/SHA256SUMS\"");
    text
}

fn smoke(findings: &Survey) -> String {
    let mut text = "\n[tool.relkit.smoke]\n".to_owned();
    match (&findings.question, &findings.untold) {
        (Some(question), _) => {
            let arguments = list(&question.arguments);
            let pattern = question.pattern.as_ref().map(|pattern| format!(", pattern = {}", quoted(pattern)));
            let pattern = pattern.unwrap_or_default();
            let exit = if question.exit == 0 { String::new() } else { format!(", exit = {}", question.exit) };
            let _ = writeln!(text, "version = {{ args = {arguments}{exit}{pattern} }}");
        }
        (None, Some(untold)) => {
            let argument = quoted(untold.argument);
            text += "# It says no version that can be recognised; where it does, a pattern whose group is the version finds it.\n";
            let _ = writeln!(text, "version = {{ args = [{argument}], pattern = false }}");
        }
        (None, None) => text += "# version = { args = [\"--version\"], pattern = '^name (\\S+)' }\n",
    }
    match &findings.first_command {
        Some((arguments, stream, word)) => {
            let stream = match stream {
                Stream::Stdout => "stdout",
                Stream::Stderr => "stderr",
            };
            text += "\n# What the program is tried with: add what it is for (`files`, `stdin`, `stdout`, `stderr`, `exit`, `timeout`).\n";
            let (arguments, word) = (list(arguments), quoted(word));
            let _ = writeln!(text, "[[tool.relkit.smoke.command]]\nargs = {arguments}\n{stream} = {word}");
        }
        None => text += "\n# [[tool.relkit.smoke.command]]\n# args = [\"--help\"]\n# stdout = \"Usage\"\n",
    }
    text
}

fn target(triple: &TargetTriple, tag: &PlatformTag, also: &[PlatformTag], archive: Option<&str>) -> String {
    let mut text = format!("\n[[tool.relkit.target]]\ntriple = \"{triple}\"\nplatform-tag = \"{tag}\"\n");
    if !also.is_empty() {
        let also: Vec<_> = also.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "also = {}", list(&also));
    }
    let _ = writeln!(text, "runner = \"{}\"", runner(triple));
    if let Some(archive) = archive {
        let _ = writeln!(text, "archive = {}", quoted(archive));
    }
    text
}

/// The names that installers of commands look for, as the distribution is spelled and as an index spells it.
fn aliases(distribution: &DistributionName, executables: &[String]) -> String {
    let mut names = vec![distribution.to_string()];
    // Two names that differ in case are one file on some systems.
    if !distribution.normalized().eq_ignore_ascii_case(distribution.as_str()) {
        names.push(distribution.normalized());
    }
    names.retain(|name| !executables.contains(name));
    if names.is_empty() {
        return String::new();
    }
    let comment = format!("# So that `uvx {distribution}` and `pipx run {distribution}` find a command.\n");
    format!("{comment}aliases = {}\n", list(&names))
}

/// The runner of GitHub that runs a target's executables, or that an emulator is installed on.
fn runner(triple: &TargetTriple) -> &'static str {
    let systems = [System::Linux, System::Macos, System::Windows];
    let arm = systems.into_iter().any(|system| triple.runs_on(Host::new(system, Architecture::Aarch64)));
    match (triple.is_macos(), triple.is_windows(), arm) {
        (true, _, true) => "macos-15",
        (true, _, false) => "macos-15-intel",
        (_, true, true) => "windows-11-arm",
        (_, true, false) => "windows-2025",
        (_, _, true) => "ubuntu-24.04-arm",
        _ => "ubuntu-24.04",
    }
}

/// What upstream calls the artefact, with what changes from release to release in braces; a lone name is taken as it is, and
/// a directory is none.
fn archive(row: &SurveyedPayload, version: Option<&PublicVersion>) -> Option<String> {
    let name = row.file_name.clone();
    if row.is_directory || name.contains(['{', '}']) || Claim::of(&name) == Some(Claim::Wheel) || name.is_empty() {
        return None;
    }
    let name = name.replace(&row.triple.to_string(), "{triple}");
    Some(match version.and_then(|version| names::spelled(&name, version)) {
        Some(place) => format!("{}{{version}}{}", &name[..place.start], &name[place.end..]),
        None => name,
    })
}

/// What there is to say of names that stay as they are, though the version in them changes.
pub(super) fn archive_note(findings: &Survey) -> Option<String> {
    let version = findings.version();
    let archives = findings.rows.iter().filter_map(|row| archive(row, version.as_ref()));
    let literal: Vec<_> = archives.filter(|name| !name.contains("{version}") && names::has_version(name)).collect();
    if literal.is_empty() {
        return None;
    }
    let names = named(literal.iter().map(String::as_str));
    Some(format!(
        "`archive` is {names}, with a version in it that is not the release's: write it with {{version}} or {{tag}}"
    ))
}

/// The families that have a wheel on both of the usual architectures.
fn supports(rows: &[SurveyedPayload]) -> Vec<String> {
    let is_of = |family: &str, tag: &PlatformTag| match tag {
        PlatformTag::Manylinux { .. } => family == "linux-glibc",
        PlatformTag::Musllinux { .. } => family == "linux-musl",
        PlatformTag::Macos { .. } => family == "macos",
        PlatformTag::Windows(_) => family == "windows",
        _ => false,
    };
    let has = |architecture: &str, family: &str| {
        rows.iter()
            .flat_map(|row| std::iter::once(&row.platform_tag).chain(&row.also))
            .any(|tag| is_of(family, tag) && tag.architectures().iter().any(|own| own.to_string() == architecture))
    };
    let families = ["linux-glibc", "linux-musl", "macos", "windows"].into_iter();
    families.filter(|family| has("x86_64", family) && has("aarch64", family)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_that_is_looked_for_is_an_alias() {
        for (distribution, executable, names) in [
            ("rg-bin", "rg", "\"rg-bin\"]"),
            ("Rip_Grep.Bin", "rg", "\"Rip_Grep.Bin\", \"rip-grep-bin\"]"),
            ("My-Tool", "tool", "\"My-Tool\"]"),
            ("my_tool", "my_tool", "[\"my-tool\"]"),
        ] {
            let text = aliases(&distribution.parse().unwrap(), &[executable.to_owned()]);
            assert!(text.ends_with(&format!("{names}\n")), "{text}");
        }
        assert_eq!(aliases(&"uv".parse().unwrap(), &["uv".to_owned()]), "");
    }
}
