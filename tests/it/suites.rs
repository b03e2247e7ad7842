//! The wheels in the test suites of other tools that read wheels, out of their source distributions: how the suite judges
//! each, and the rules that call it wrong here. Where the two differ, the row says why.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use relkit::check::{Selection, Severity};

use crate::support::check::report_on;
use crate::support::source_of;

/// A wheel below the directory of its suite, the rules with errors, and how the suite judges it, or why not so here.
type Row = (&'static str, &'static [&'static str], &'static str);

const BARE: &[&str] = &["tag-linux-bare"];
const OLD_BARE: &[&str] = &["requires-dist", "tag-linux-bare"];
const OLD: &[&str] = &["meta-version"];

#[rustfmt::skip]
const SUITES: &[(&str, &str, &[Row])] = &[
    ("auditwheel==6.8.2", "tests/bundled-wheels/", &[
        ("android/spam-0.1.0-cp313-cp313-android_24_arm64_v8a.whl", &["elf-needed"], "repaired there by bringing libc++_shared.so along"),
        ("cffi-1.5.0-cp27-none-linux_x86_64.whl", &["elf-runpath", "meta-version", "tag-linux-bare"], "libffi is external there; `linux_x86_64` promises no libraries at all, and no index takes it"),
        ("fpewheel-0.0.0-cp35-cp35m-linux_x86_64.whl", &["meta-version", "tag-linux-bare"], "kept at `linux_x86_64` there for `PyFPE_jbuf`, which Pythons before 3.7 may lack; not looked for here"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_aarch64.whl", BARE, "no index takes the tag: input to repair there"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_armv5l.whl", &["tag-known"], "an architecture without a policy there"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_armv7l.whl", &[], "input to repair there; the index takes this one"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_i686.whl", BARE, "input to repair there"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_mips64.whl", &["elf-execstack", "extension-suffix", "tag-known", "tag-wheel-match"], "an architecture without a policy there; renamed by hand, so that WHEEL says another Python"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_ppc64le.whl", BARE, "input to repair there"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_riscv64.whl", BARE, "input to repair there"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_s390x.whl", BARE, "input to repair there"),
        ("glibc/testsimple-0.0.1-cp313-cp313-linux_x86_64.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp310-cp310-linux_x86_64.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_aarch64.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_armv6l.whl", &[], "input to repair there; the index takes this one"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_armv7l.whl", &[], "input to repair there; the index takes this one"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_i686.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_ppc64le.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_riscv64.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_s390x.whl", BARE, "input to repair there"),
        ("musllinux_1_2/testsimple-0.0.1-cp312-cp312-linux_x86_64.whl", BARE, "input to repair there"),
        ("plumbum-1.6.8-py2.py3-none-any.whl", &[], "refused there for being pure, which is no fault"),
        ("python_mscl-67.0.1.0-cp313-cp313-manylinux2014_aarch64.whl", &["elf-needed", "manylinux-floor"], "retagged manylinux_2_31 there, and libpython removed from what it needs"),
        ("python_snappy-0.5.2-pp260-pypy_41-linux_x86_64.whl", BARE, "libsnappy is external there; the tag promises no libraries"),
        ("testzlib-0.0.1-cp310-cp310-linux_x86_64.whl", BARE, "input to repair there"),
    ]),
    ("check-wheel-contents==0.6.3", "test/data/wheels/", &[
        ("MPC2860-0.3-py3-none-any.whl", &["name-normal", "pe-imports", "tag-any-native"], "a double file there (a warning here); it has not seen the Windows libraries under `any`"),
        ("NLPTriples-0.1.7-py3-none-any.whl", &["distinfo-name", "name-normal"], "good there; the index refuses the name today, and looks for METADATA below the name of the file"),
        ("bad_purelib_line-1.0.0-py3-none-any.whl", &["meta-version"], "bad there for the line of WHEEL, too; installers take what does not say `true` for `false`, a warning here"),
        ("badname-1.0.whl", &["name-parse", "zip-readable"], "bad there too"),
        ("bcrypt-3.1.7-cp38-cp38-win_amd64.whl", &[], "good there too"),
        ("empty_purelib_line-1.0.0-py3-none-any.whl", &["meta-version"], "bad there for the line of WHEEL, too; installers take what does not say `true` for `false`, a warning here"),
        ("mxnet_coreml_converter-0.1.0a7-cp27-cp27m-macosx_10_7_x86_64.whl", OLD, "good there; metadata 2.0 was never accepted, and the index refuses it"),
        ("no_purelib_line-1.0.0-py3-none-any.whl", &["meta-version"], "bad there for the line of WHEEL, too; installers take what does not say `true` for `false`, a warning here"),
        ("no_record-1.0.0-py3-none-any.whl", &["meta-version", "record-present"], "bad there too"),
        ("no_wheel_file-1.0.0-py3-none-any.whl", &["meta-version", "wheel-file"], "bad there too"),
        ("physlearn-1.2.2-py3-none-any.whl", &[], "`build/` and double files there: installed all the same, warnings here"),
        ("ttyrec2video-0.1.0.dev1-py3-none-any.whl", &[], "good there too"),
        ("whatodo-0.1.0a4-py3-none-any.whl", OLD, "bytecode and `src/` there: installed all the same, warnings here"),
    ]),
    ("delocate==0.13.0", "delocate/tests/data/", &[
        ("fakepkg1-1.0-cp37-abi3-macosx_10_9_universal2.whl", &["macho-dylibs"], "repaired there by bringing the library along"),
        ("fakepkg2-1.0-py3-none-any.whl", &[], "pure, nothing to repair there"),
        ("fakepkg_namespace-1.0-cp37-abi3-macosx_10_9_universal2.whl", &["macho-arch", "macho-dylibs"], "repaired there; half of the universal build is missing"),
        ("fakepkg_rpath-1.0-cp37-abi3-macosx_10_9_universal2.whl", &["macho-arch", "macho-dylibs"], "repaired there; half of the universal build is missing"),
        ("fakepkg_toplevel-1.0-cp37-abi3-macosx_10_9_universal2.whl", &["macho-arch", "macho-dylibs"], "repaired there; half of the universal build is missing"),
    ]),
    ("distlib==0.4.4", "tests/", &[
        ("bad_wheels/dummy-0.1-py27-none-any.whl", &["meta-present", "record-hash", "record-size", "wheel-version"], "bad there too"),
        ("dummy-0.1-py27-none-any.whl", &["wheel-version"], "good there; pip refuses version 2.0 of the format"),
        ("evilpkg-1.0-py3-none-any.whl", &["path-relative"], "refused there too"),
        ("fake_archives/subdir/config-0.3.7-py27-none-any.whl", &["zip-readable"], "an empty file, listed there by its name alone"),
        ("minimext-0.1-cp27-none-linux_x86_64.whl", OLD_BARE, "good there; no index takes the tag, nor `Provides-Dist: minimext (0.1)`, which is no requirement"),
        ("minimext-0.1-cp32-cp32mu-linux_x86_64.whl", OLD_BARE, "good there; no index takes the tag, nor `Provides-Dist: minimext (0.1)`, which is no requirement"),
        ("minimext-0.1-cp33-cp33m-linux_x86_64.whl", OLD_BARE, "good there; no index takes the tag, nor `Provides-Dist: minimext (0.1)`, which is no requirement"),
        ("valid_wheel-0.0.1-py3-none-any.whl", &[], "good there too"),
    ]),
    ("wheel==0.48.0", "tests/testdata/", &[
        ("test-1.0-py2.py3-none-any.whl", &["meta-version", "mode-exec", "pe-imports", "script-shebang", "tag-any-native"], "unpacked there only; its shell script ends its first line in a carriage return, and its extension module is for Windows and Python 3.2 alone"),
    ]),
    ("wheel-inspect==1.8.0", "test/data/", &[
        ("bad-wheels/digest_mismatch-1.0.0-py3-none-any.whl", &["meta-version", "record-hash"], "bad there too"),
        ("bad-wheels/extra_file-1.0.0-py3-none-any.whl", &["meta-version", "record-complete"], "bad there too"),
        ("bad-wheels/missing_file-1.0.0-py3-none-any.whl", &["meta-version", "record-complete"], "bad there too"),
        ("bad-wheels/no_record-1.0.0-py3-none-any.whl", &["meta-version", "record-present"], "bad there too"),
        ("bad-wheels/null_entry-1.0.0-py3-none-any.whl", &["meta-version", "record-hash"], "bad there too"),
        ("bad-wheels/size_mismatch-1.0.0-py3-none-any.whl", &["meta-version", "record-size"], "bad there too"),
        ("wheels/NLPTriples-0.1.7-py3-none-any.whl", &["distinfo-name", "name-normal"], "good there; the index refuses the name today"),
        ("wheels/SQLAlchemy_Fixture_Factory-1.0.0-py2.py3-none-any.whl", &["meta-version", "name-normal"], "good there; the index refuses both today"),
        ("wheels/appr-0.7.4-py2.py3-none-any.whl", &["description", "meta-version"], "good there; the index refuses metadata 2.0, and docutils the indent in line 153 of its description"),
        ("wheels/digest_mismatch-1.0.0-py3-none-any.whl", &["meta-version", "record-hash"], "bad there too"),
        ("wheels/dirs_in_record-1.0.0-py3-none-any.whl", &["meta-version", "record-complete"], "good there; the index holds the rows against the files, and directories are none"),
        ("wheels/dist_info_mismatch-0.1.0-py3-none-any.whl", &["distinfo-name", "meta-name", "meta-ver", "meta-version"], "bad there too"),
        ("wheels/gitgud2-2.1-py2.py3-none-any.whl", &[], "good there too"),
        ("wheels/missing_dir_in_record-1.0.0-py3-none-any.whl", &["meta-version", "record-complete"], "bad there too"),
        ("wheels/multilint-2.4.0-py2.py3-none-any.whl", &[], "good there too"),
        ("wheels/osx_tags-0.1.3-py3-none-any.whl", OLD, "good there; the index refuses metadata 2.0"),
        ("wheels/pytest_venv-0.2-py2.py3-none-any.whl", OLD, "good there; the index refuses metadata 2.0"),
        ("wheels/qypi-0.4.1-py3-none-any.whl", OLD, "good there; the index refuses metadata 2.0"),
        ("wheels/setuptools-36.0.1-py2.py3-none-any.whl", OLD, "good there; the index refuses metadata 2.0"),
        ("wheels/txtble-0.11.0.dev1-py2.py3-none-any.whl", &[], "good there too"),
        ("wheels/zope.interface-4.4.1-cp27-cp27mu-manylinux1_x86_64.whl", &["meta-version", "name-normal"], "good there; the index refuses both today"),
    ]),
];

/// The wheels of a source distribution, by their path below its one directory.
fn wheels_of(source: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut archive = tar::Archive::new(GzDecoder::new(fs::File::open(source).unwrap()));
    let mut wheels = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        if path.ends_with(".whl") {
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            wheels.insert(path.split_once('/').unwrap().1.to_owned(), bytes);
        }
    }
    wheels
}

/// The rules with errors.
fn errors_of(name: &str, bytes: &[u8]) -> BTreeSet<&'static str> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name.rsplit('/').next().unwrap());
    fs::write(&path, bytes).unwrap();
    let report = report_on(&[path], &Selection::all());
    let findings = report.files.iter().flat_map(|file| &file.findings);
    findings.filter(|finding| finding.severity == Severity::Error).map(|finding| finding.rule).collect()
}

#[test]
fn the_wheels_of_other_tools_suites_are_judged_as_there() {
    let mut wrong = Vec::new();
    for (requirement, below, rows) in SUITES {
        let Some(source) = source_of(requirement) else { continue };
        let wheels = wheels_of(&source);
        let listed: BTreeSet<_> = rows.iter().map(|(name, ..)| format!("{below}{name}")).collect();
        assert_eq!(wheels.keys().cloned().collect::<BTreeSet<_>>(), listed, "{requirement}");
        for (name, expected, why) in *rows {
            let found = errors_of(name, &wheels[&format!("{below}{name}")]);
            if found != expected.iter().copied().collect() {
                wrong.push(format!("{requirement} {name} ({why}): {found:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
