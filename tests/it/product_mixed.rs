//! Products of payloads that are not alike: what one of them has and another lacks, what programs need beside them, and
//! programs that do not answer.

use std::path::{Path, PathBuf};

use crate::product_launcher::probe;
use crate::samples::archive::{gzip, tar_of, zip_of};
use crate::samples::binary::windows_program;
use crate::support::products::{Made, members};
use crate::support::{scratch, write};

type Files<'a> = &'a [(&'a str, &'a str)];

/// An archive for Linux and one for Windows, with these files beside the program of each.
fn pair(directory: &Path, linux: Files<'_>, windows: Files<'_>) -> Option<[PathBuf; 2]> {
    let all = |program: (&'static str, Vec<u8>), files: Files<'_>| -> Vec<(String, Vec<u8>)> {
        let files = files.iter().map(|(path, text)| (path.to_string(), text.as_bytes().to_vec()));
        std::iter::once((program.0.to_owned(), program.1)).chain(files).collect()
    };
    let (linux, windows) = (all(("probe", probe()?), linux), all(("probe.exe", windows_program()), windows));
    let linux: Vec<_> = linux.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    let windows: Vec<_> = windows.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())).collect();
    Some([
        write(directory, "probe-1.2.3-x86_64-unknown-linux-gnu.tar.gz", gzip(&tar_of(&linux, ""))),
        write(directory, "probe-1.2.3-x86_64-pc-windows-msvc.zip", zip_of(&windows, "")),
    ])
}

/// The licences of a wheel, by path, and their texts.
fn licences(wheel: &Path) -> Vec<(String, String)> {
    let of = |(path, bytes): (String, Vec<u8>)| {
        Some((path.split_once("/licenses/")?.1.to_owned(), String::from_utf8(bytes).ok()?))
    };
    let mut found: Vec<_> = members(wheel).into_iter().filter_map(of).collect();
    found.sort();
    found
}

/// What `init` writes passes `release` on the payloads that it was written from, and every wheel has every licence.
#[test]
fn a_licence_that_one_payload_lacks_is_in_every_wheel() {
    let cases: &[(Files<'_>, Files<'_>, Files<'_>)] = &[
        // The others have more files, or nothing but the program.
        (&[("LICENSE", "MIT"), ("README.md", "x")], &[("README.md", "x")], &[("LICENSE", "MIT")]),
        (&[("LICENSE", "MIT")], &[], &[("LICENSE", "MIT")]),
        (&[], &[("LICENSE", "MIT"), ("doc/probe.1", ".TH")], &[("LICENSE", "MIT")]),
        // One is everywhere, and another is not.
        (
            &[("LICENSE-MIT", "MIT"), ("LICENSE-APACHE", "Apache")],
            &[("LICENSE-MIT", "MIT")],
            &[("LICENSE-APACHE", "Apache"), ("LICENSE-MIT", "MIT")],
        ),
        // The same text under two names, and two texts under one.
        (&[("LICENSE", "MIT\n")], &[("LICENSE.txt", "MIT\r\n")], &[("LICENSE", "MIT\n")]),
        (&[("LICENSE", "one")], &[("doc/LICENSE", "two")], &[("LICENSE", "one"), ("licenses/doc/LICENSE", "two")]),
        (&[("COPYING", "one")], &[("copying", "two")], &[("COPYING", "one"), ("licenses/copying", "two")]),
        // Letters that a pattern reads as something else.
        (&[("LICENSE[1]", "one")], &[("README", "x")], &[("LICENSE[1]", "one")]),
        // Manual pages and completions change no metadata.
        (&[("probe.1", ".TH"), ("complete/_probe", "#")], &[("README", "x")], &[]),
    ];
    for (linux, windows, expected) in cases {
        let directory = scratch();
        let Some(payloads) = pair(directory.path(), linux, windows) else { return };
        let made = Made::of(&payloads, &["--license", "MIT"], "1.2.3");
        let expected: Vec<_> = expected.iter().map(|(path, text)| (path.to_string(), text.to_string())).collect();
        assert_eq!(made.wheels().len(), 2);
        for wheel in made.wheels() {
            assert_eq!(licences(&wheel), expected, "{linux:?} {windows:?} {}", wheel.display());
        }
        let is_told = made.said.contains("went into runtime-template/");
        assert_eq!(is_told, !expected.is_empty(), "{}", made.said);
    }
}

/// What a template cannot carry is left to the maintainer, by name.
#[test]
fn a_licence_that_is_no_text_is_left_to_the_maintainer() {
    let directory = scratch();
    let Some(payloads) = pair(directory.path(), &[("LICENSE", "of @module@ itself")], &[("README", "x")]) else {
        return;
    };
    let made = Made::of(&payloads, &["--license", "MIT"], "1.2.3");
    assert!(
        made.said.contains("not every payload has `LICENSE`: put the licence into runtime-template/"),
        "{}",
        made.said
    );
}
