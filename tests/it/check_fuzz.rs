//! Mutated input for every parser of strangers' bytes: whole wheels and source distributions under every rule, binaries,
//! and the small texts. Nothing may panic or run away. `RELKIT_FUZZ_ROUNDS` sets how many inputs each parser gets; the
//! seed is fixed, so a run can be repeated. docs/fuzzing.md says what has been run.

use crate::check_support;

use std::path::Path;

use crate::check_support::samples::{AMD64, ARM64, fat, glibc_elf, mac as mac_sample, pe, static_elf};
use crate::check_support::{linux, linux_program, mac, windows};
use relkit::check::{Options, SdistSubject, Selection, check_archive};
use relkit::product::{RuntimeProject, SdkProject};
use relkit::wheel::reader::Wheel;
use relkit::zip::archive::Archive;

const RUNTIME: &str = include_str!("../../runtime-template/pyproject.toml");
const SDK: &str = include_str!("../../sdk-template/pyproject.toml");

/// Inputs per parser in a test run; enough to notice what is badly broken.
const ROUNDS: u64 = 300;

fn rounds() -> u64 {
    std::env::var("RELKIT_FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(ROUNDS)
}

/// xorshift64*: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    /// A place in an input; half of them near its ends, where headers and directories are.
    fn place(&mut self, length: usize) -> usize {
        match self.below(4) {
            0 => self.below(length.min(256)),
            1 => length - 1 - self.below(length.min(700)),
            _ => self.below(length),
        }
    }

    fn mutate(&mut self, input: &[u8], other: &[u8]) -> Vec<u8> {
        const VALUES: [u64; 10] = [0, 1, 0x7f, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX, 0x504b_0506];
        let mut bytes = input.to_vec();
        for _ in 0..=self.below(6) {
            if bytes.is_empty() {
                bytes.push(0);
            }
            let at = self.place(bytes.len());
            match self.below(8) {
                0 => bytes[at] ^= 1 << self.below(8),
                1 => bytes[at] = self.next() as u8,
                2 | 3 => {
                    let (value, width) = (VALUES[self.below(VALUES.len())].to_le_bytes(), [1, 2, 4, 8][self.below(4)]);
                    bytes.iter_mut().skip(at).zip(&value[..width]).for_each(|(byte, value)| *byte = *value);
                }
                4 => bytes.truncate(at),
                5 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    bytes.drain(at..end);
                }
                6 => {
                    let end = (at + self.below(64)).min(bytes.len());
                    let copy = bytes[at..end].to_vec();
                    let to = self.place(bytes.len());
                    bytes.splice(to..to, copy);
                }
                _ if !other.is_empty() => {
                    let from = self.below(other.len());
                    let end = (from + self.below(64)).min(other.len());
                    bytes.splice(at..at, other[from..end].iter().copied());
                }
                _ => bytes.push(self.next() as u8),
            }
        }
        bytes
    }
}

/// Feeds mutations of the corpus to a parser.
fn fuzz(seed: u64, corpus: &[Vec<u8>], rounds: u64, mut parse: impl FnMut(&[u8])) {
    corpus.iter().for_each(|input| parse(input));
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ seed);
    for _ in 0..rounds {
        let (input, other) = (random.below(corpus.len()), random.below(corpus.len()));
        let bytes = random.mutate(&corpus[input], &corpus[other]);
        parse(&bytes);
    }
}

fn texts(corpus: &[&str]) -> Vec<Vec<u8>> {
    corpus.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn wheels() -> Vec<Vec<u8>> {
    let descriptors = linux().entries(|all| all.iter_mut().for_each(|entry| entry.descriptor = true));
    let stored = linux().entries(|all| all.iter_mut().for_each(|entry| entry.method = 0));
    vec![
        linux().build(),
        descriptors.build(),
        stored.build(),
        mac(mac_sample(ARM64, 11, 0).build()).build(),
        windows(pe(0x8664, &["KERNEL32.dll"], true)).build(),
    ]
}

#[test]
fn wheels_under_every_rule() {
    let runtime = RuntimeProject::from_pyproject(RUNTIME, "pyproject.toml").unwrap();
    let sdk = SdkProject::from_pyproject(SDK, "pyproject.toml").unwrap();
    let selection = Selection::all();
    let request = Options { paths: &[], selection: &selection, runtime: &runtime, sdk: &sdk, release: None };
    let name = linux().file_name;
    fuzz(1, &wheels(), rounds(), |bytes| {
        let (report, _) = check_archive(Archive::from_bytes(Path::new(&name), bytes.to_vec()), &request).unwrap();
        assert!(report.sha256.is_some());
    });
}

#[test]
fn wheels_read_by_installers() {
    let directory = tempfile::tempdir().unwrap();
    let name = linux().file_name;
    let mut round = 0;
    fuzz(2, &wheels(), rounds(), |bytes| {
        if let Ok(wheel) = Wheel::of(Archive::from_bytes(Path::new(&name), bytes.to_vec())) {
            round += 1;
            let target = directory.path().join(round.to_string());
            std::fs::create_dir(&target).unwrap();
            let _ = wheel.unpack(&target);
            std::fs::remove_dir_all(&target).unwrap();
        }
    });
    // Nothing was written beside the directories that were asked for.
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn source_distributions() {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, text) in [("demo-1.0/PKG-INFO", check_support::METADATA), ("demo-1.0/pyproject.toml", "[project]\n")] {
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let tar = builder.into_inner().unwrap();
    fuzz(3, &[tar], rounds(), |bytes| {
        use std::io::Write as _;
        // Behind an intact gzip stream, so that the tar reader is reached.
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        let _ = SdistSubject::of(Path::new("demo-1.0.tar.gz"), &encoder.finish().unwrap());
        let _ = SdistSubject::of(Path::new("demo-1.0.tar.gz"), &[&[0x1f, 0x8b], bytes].concat());
    });
}

#[test]
fn binaries() {
    let corpus = [
        linux_program(),
        static_elf().build(),
        glibc_elf().build(),
        mac_sample(ARM64, 11, 0).build(),
        fat(&[(AMD64, mac_sample(AMD64, 10, 12).build()), (ARM64, mac_sample(ARM64, 11, 0).build())]),
        pe(0x8664, &["KERNEL32.dll", "ADVAPI32.dll"], true),
    ];
    let tags = ["manylinux_2_17_x86_64", "musllinux_1_1_x86_64", "macosx_11_0_universal2", "win_amd64"]
        .map(|tag| tag.parse().unwrap());
    fuzz(4, &corpus, 4 * rounds(), |bytes| {
        if let Ok(facts) = relkit::binary::read(bytes) {
            let inventory = relkit::binary::Inventory::new(vec![("bin/a".into(), facts)]);
            tags.iter().for_each(|tag| drop(inventory.objections(tag)));
            let _ = inventory.honest_tags();
        }
    });
}

#[test]
fn small_texts() {
    use relkit::wheel::{entry_points::EntryPoints, metadata::Metadata, record::Record, wheel_file::WheelFile};
    fuzz(
        5,
        &texts(&["a/b.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\"a,b\",,\nx-1.dist-info/RECORD,,\n"]),
        rounds(),
        |bytes| {
            for row in Record::parse(bytes).map(|record| record.rows).unwrap_or_default() {
                let _ = (row.parsed_digest(), row.parsed_size());
            }
        },
    );
    fuzz(
        6,
        &texts(&["Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\nBuild: 1\n"]),
        rounds(),
        |bytes| {
            if let Ok(file) = WheelFile::parse(bytes) {
                let _ = (file.wheel_version(), file.root(), file.tags().count());
            }
        },
    );
    fuzz(
        7,
        &texts(&[
            check_support::METADATA,
            "Name: a\nRequires-Dist: b[c]>=1 ; python_version < '3.9' and extra == 'x'\n",
        ]),
        rounds(),
        |bytes| {
            if let Ok(metadata) = Metadata::parse(bytes) {
                let _ =
                    (metadata.name(), metadata.version(), metadata.requires_python(), metadata.license_expression());
                let _ = (metadata.requires_dist().count(), metadata.repeated().count());
            }
        },
    );
    fuzz(8, &texts(&["[console_scripts]\nx = a.b:c\n[gui_scripts]\ny = d:e [f]\n"]), rounds(), |bytes| {
        let _ = EntryPoints::parse(bytes);
    });
}

#[test]
fn names_tags_and_tables() {
    use relkit::wheel::filename::{SdistFileName, WheelFileName};
    use relkit::wheel::{requirement::Requirement, tag::TagSet};
    let names = texts(&[
        "openai_codex_cli_bin-0.163.0-1-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl",
        "demo-1.0.tar.gz",
    ]);
    fuzz(9, &names, 4 * rounds(), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let _ = (text.parse::<WheelFileName>().map(|name| name.is_normal()), text.parse::<SdistFileName>());
        let _ = (text.parse::<TagSet>(), text.parse::<relkit::target::PlatformTag>(), text.parse::<Requirement>());
        let _ = relkit::check::coverage::Candidate::of_tag(&text);
        let _ = (text.parse::<relkit::version::CodexVersion>(), text.parse::<relkit::target::TargetTriple>());
    });
    fuzz(10, &texts(&[RUNTIME, SDK]), rounds(), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let _ = (RuntimeProject::from_pyproject(&text, "p"), SdkProject::from_pyproject(&text, "p"));
    });
}

#[test]
fn package_descriptions() {
    let runtime = RuntimeProject::from_pyproject(RUNTIME, "pyproject.toml").unwrap();
    let sdk = SdkProject::from_pyproject(SDK, "pyproject.toml").unwrap();
    let selection = Selection::of(&["payload-json".into(), "mode-exec".into()], &[]).unwrap();
    let request = Options { paths: &[], selection: &selection, runtime: &runtime, sdk: &sdk, release: None };
    let corpus = [linux().entries[1].data.clone()];
    fuzz(11, &corpus, rounds(), |bytes| {
        let mut sample = linux();
        sample.entries[1].data = bytes.to_vec();
        let archive = Archive::from_bytes(Path::new(&sample.file_name), sample.build());
        check_archive(archive, &request).unwrap();
    });
}
