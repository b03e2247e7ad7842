//! `inspect`, `retag` and `check` are of one mind about platform tags: what `retag` writes and `inspect` calls honest, no rule
//! about tags calls an error, and what `retag` refuses some rule does.

use std::path::Path;

use relkit::build;
use relkit::build::retag::{Options, Wanted};
use relkit::build::writer::Options as WriteOptions;
use relkit::check::Finding;
use relkit::check::inspection::inspect;
use relkit::console::Progress;
use relkit::fs::Existing;

use crate::check_rules;
use crate::samples::binary::{
    AMD64, ElfSample, MachSample, PeSample, glibc_elf, mac as mac_sample, static_elf, static_pie, windows_program,
};
use crate::samples::wheel::{Sample, linux, linux_with, mac, tagged, windows};
use crate::support::check::{E, findings, findings_of};
use crate::support::{names, relkit, run, scratch, text, write};

/// The rules that a binary breaks by the platform tag that it is under.
const RULES: [&str; 23] = [
    "android-api",
    "binary-format",
    "binary-system",
    "elf-arch",
    "elf-interp",
    "elf-isa",
    "elf-needed",
    "elf-pages",
    "elf-tls",
    "macho-arch",
    "macho-dylibs",
    "macho-minos",
    "macho-no-minos",
    "manylinux-blacklist",
    "manylinux-floor",
    "manylinux-libc",
    "musllinux-floor",
    "musllinux-libc",
    "pe-arch",
    "pe-imports",
    "tag-any-native",
    "tag-known",
    "tag-python",
];

fn is_of_tags(rule: &str) -> bool {
    RULES.contains(&rule)
}

/// What no tag of a platform mends, nor makes worse: tags of macOS and Windows promise nothing of libraries that come from
/// elsewhere.
fn is_of_no_tag(message: &str) -> bool {
    let is_missed = message.starts_with("pe-imports: ") || message.starts_with("macho-dylibs: ");
    if is_missed && message.contains("which neither") && !message.contains("needs `/") {
        return true;
    }
    ["not every Python", "is not the ABI tag", "is not the Python tag", "tag-python"]
        .iter()
        .any(|it| message.contains(it))
}

/// Why the wheel is not written under these tags; what cannot be read says nothing of tags.
fn retag(wheel: &Path, out: &Path, wanted: Wanted) -> Option<String> {
    let options =
        Options { wanted, out_dir: out.to_owned(), existing: Existing::Refuse, write: WriteOptions::default() };
    let (_, refused) = build::retag::retag(&[wheel.to_owned()], &options, &Progress::hidden()).ok()?;
    refused.first().map(ToString::to_string)
}

/// Beside the cases of the rules: kinds that only one of the three might see.
fn more() -> Vec<Sample> {
    let module = |imports: &'static [&'static str]| {
        PeSample { machine: 0x8664, imports, is_library: true, ..PeSample::default() }.build()
    };
    let of_windows = |tags: &str, imports: &'static [&'static str]| {
        let sample = windows(windows_program()).and("codex_cli_bin/_native.pyd", module(imports), 0o100755);
        sample.renamed(&format!("openai_codex_cli_bin-0.163.0-{tags}-win_amd64.whl"))
    };
    let requires = |sample: Sample, name: &str| {
        sample.metadata("Requires-Python", &format!("Requires-Dist: {name}\nRequires-Python"))
    };
    let needs = |library: &'static str| ElfSample { needed: vec!["libc.so.6", library], ..glibc_elf() }.build();
    let module_beside = |code: &str| {
        let library = ElfSample { kind: 3, flags_1: 0, soname: Some("libown.so"), ..static_pie(62) };
        let module = ElfSample { kind: 3, needed: vec!["libc.so.6", "libown.so"], interpreter: None, ..glibc_elf() };
        linux_with(glibc_elf().build())
            .and("codex_cli_bin/_native.abi3.so", module.build(), 0o100755)
            .and("codex_cli_bin/deep/libown.so", library.build(), 0o100755)
            .and("codex_cli_bin/more.py", code, 0o100644)
            .renamed("openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_28_x86_64.whl")
    };
    let pure = |tags: &str| {
        linux().edit(|sample| sample.entries.truncate(1)).renamed(&format!("openai_codex_cli_bin-0.163.0-{tags}.whl"))
    };
    let elder = MachSample { signed: true, ..mac_sample(0x0100_0007, 10, 2) };
    vec![
        of_windows("cp312-cp312", &["python312.dll"]),
        of_windows("cp312-cp312", &["nowhere.dll"]),
        of_windows("cp312-cp312", &["MSVCP140.dll"]),
        requires(of_windows("cp312-cp312", &["tbb12.dll"]), "tbb"),
        requires(of_windows("cp312-cp312", &["tbb12.dll"]), "numpy"),
        requires(linux_with(needs("libtbb.so.12")), "tbb"),
        linux_with(needs("libnowhere.so.1")),
        mac(MachSample { dylibs: vec![("@rpath/libnowhere.dylib", false)], ..mac_sample(0x0100_000c, 11, 0) }.build()),
        mac(elder.build()).renamed("openai_codex_cli_bin-0.163.0-py3-none-macosx_10_9_x86_64.whl"),
        module_beside("import os\n"),
        module_beside("import ctypes\n"),
        pure("py3-none-linux_x86_64"),
        pure("cp312-cp312-manylinux_2_28_x86_64"),
        pure("cp39-abi3-win_amd64"),
        tagged(&["any"], windows_program()),
    ]
}

#[test]
fn no_rule_calls_an_error_what_is_called_honest() {
    let (mut written, mut refused, mut unlike) = (0, 0, Vec::new());
    for sample in check_rules::cases().into_iter().map(|(_, _, sample)| sample).chain(more()) {
        let directory = scratch();
        let wheel = write(directory.path(), &sample.file_name, sample.build());
        let errors = |found: Vec<Finding>| -> Vec<String> {
            let errors = found.into_iter().filter(|it| it.severity == E && is_of_tags(it.rule));
            errors.map(|it| format!("{}: {}", it.rule, it.message)).collect()
        };
        let own = errors(findings(&sample));
        let platforms = sample.file_name.trim_end_matches(".whl").rsplit('-').next().unwrap_or_default();
        let out = directory.path().join("own");
        let said = platforms.parse().ok().and_then(|tags| retag(&wheel, &out, Wanted::Tags(tags))).unwrap_or_default();
        let is_written = !names(&out).is_empty();
        // A tag that nobody takes is written where it was asked for, with a warning.
        let of_platform = own.iter().filter(|it| !is_of_no_tag(it) && !it.starts_with("tag-known"));
        if is_written && of_platform.clone().next().is_some() {
            unlike.push(format!("{} is kept, and check says {own:?}", sample.file_name));
        }
        if said.contains("cannot be tagged") && own.is_empty() {
            unlike.push(format!("{} is refused, and check says nothing: {said}", sample.file_name));
        }
        let honest = directory.path().join("honest");
        retag(&wheel, &honest, Wanted::Honest);
        let shown = inspect(std::slice::from_ref(&wheel)).unwrap();
        let tags = shown.wheels.first().map(|wheel| wheel.honest_tags.clone()).unwrap_or_default();
        if names(&honest).is_empty() {
            refused += usize::from(tags.is_empty());
            continue;
        }
        // An archive that is a bomb is not read by `inspect`.
        if shown.wheels.is_empty() {
            continue;
        }
        written += 1;
        let left = errors(findings_of(&honest));
        let had_a_python = !own.iter().any(|it| it.starts_with("tag-python"));
        if left.iter().any(|it| !is_of_no_tag(it) || it.starts_with("tag-python") && had_a_python) {
            unlike.push(format!("{} became {:?}, and check says {left:?}", sample.file_name, names(&honest)));
        }
        // Both choose from the same tags, of static programs `inspect` lower ones too, and `retag` keeps a lower floor.
        let chosen = names(&honest).concat();
        if !tags.iter().any(|tag| chosen.contains(&tag.to_string())) {
            unlike.push(format!("{} became {chosen}, and inspect says {tags:?}", sample.file_name));
        }
    }
    assert!(written > 100 && refused > 10, "{written} {refused}");
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
}

/// What the rules say of a tag alone, whatever a wheel holds, `retag` says when it writes it.
#[test]
fn a_tag_that_rules_speak_of_is_written_with_a_warning() {
    let arm = |machine, class64| linux_with(ElfSample { machine, class64, ..static_elf() }.build());
    let intel = || mac(mac_sample(AMD64, 10, 9).build());
    for (sample, tag, rule) in [
        (linux(), "linux_x86_64", Some("tag-linux-bare")),
        (arm(40, false), "linux_armv7l", Some("tag-linux-bare")),
        (linux(), "manylinux_2_99_x86_64", Some("tag-known")),
        (linux(), "musllinux_1_9_x86_64", Some("tag-known")),
        (linux(), "manylinux_3_0_x86_64", Some("tag-known")),
        (arm(183, true), "manylinux2010_aarch64", Some("tag-index")),
        (intel(), "macosx_12_3_x86_64", Some("tag-index")),
        (intel(), "macosx_17_0_x86_64", Some("tag-index")),
        (intel(), "macosx_99_0_x86_64", Some("tag-index")),
        (intel(), "macosx_10_17_x86_64", Some("tag-known")),
        (linux(), "manylinux_2_28_x86_64", None),
        (intel(), "macosx_10_9_x86_64", None),
        (windows(windows_program()), "win_amd64", None),
    ] {
        let directory = scratch();
        let wheel = write(directory.path(), &sample.file_name, sample.build());
        let out = directory.path().join("out");
        let mut retag = relkit();
        let said = text(&run(retag.arg("retag").arg(wheel).args(["--platform-tag", tag, "--out-dir"]).arg(&out)));
        let rules = ["tag-linux-bare", "tag-index", "tag-known"];
        let found: Vec<_> = findings_of(&out).into_iter().filter(|it| rules.contains(&it.rule)).collect();
        assert_eq!(found.first().map(|it| it.rule), rule, "{tag}: {found:?}");
        assert_eq!(said.contains("warning"), rule.is_some(), "{tag}: {said}");
        let is_said = |message: &str| said.split_whitespace().collect::<Vec<_>>().join(" ").contains(message);
        assert!(found.first().is_none_or(|it| is_said(&it.message)), "{tag}: {said} {found:?}");
    }
}
