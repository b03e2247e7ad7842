//! Members and archives beyond 4 GiB, which need the zip64 fields. The payload is a sparse file, so it takes no disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use crate::support::stages::runtime;
use crate::support::{names, relkit, succeed};

const SIZE: u64 = (4 << 30) + 12_345;

/// Builds a runtime whose payload is mostly a hole, reads every member back, and returns the size of the wheel.
fn build_and_read(directory: &Path, compression: &str) -> u64 {
    let stage = runtime(directory, 0);
    let path = stage.join("src/demo_bin/codex-resources/payload");
    let mut payload = OpenOptions::new().write(true).open(&path).unwrap();
    payload.set_len(SIZE).unwrap();
    payload.seek(SeekFrom::Start(SIZE - 4)).unwrap();
    payload.write_all(b"last").unwrap();
    // Sorted after the payload, so that its offset is large in a stored archive.
    fs::write(stage.join("src/demo_bin/z"), b"after").unwrap();
    let out = directory.join("dist");
    succeed(relkit().arg("build").arg(&stage).arg("--out-dir").arg(&out).args(["--compression", compression]));
    let wheel = out.join(names(&out).remove(0));
    let mut archive = zip::ZipArchive::new(File::open(&wheel).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut member = archive.by_index(index).unwrap();
        let size = member.size();
        // Reading to the end also verifies the CRC.
        assert_eq!(io::copy(&mut member, &mut io::sink()).unwrap(), size);
    }
    assert_eq!(archive.by_name("demo_bin/codex-resources/payload").unwrap().size(), SIZE);
    assert_eq!(archive.by_name("demo_bin/z").unwrap().size(), 5);
    fs::metadata(&wheel).unwrap().len()
}

#[test]
#[ignore = "long: 4 GiB through deflate; the units of `zip` write and read its records small"]
fn a_member_beyond_4_gib_in_a_small_archive() {
    let directory = tempfile::tempdir().unwrap();
    assert!(build_and_read(directory.path(), "fast") < 64 << 20);
}

#[test]
#[ignore = "long: writes 4 GiB to the temporary directory"]
fn an_archive_beyond_4_gib() {
    let directory = tempfile::tempdir().unwrap();
    assert!(build_and_read(directory.path(), "store") > SIZE);
}
