//! Zip framing from strangers: the walk over the records, and the data of every member it finds.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use relkit::zip::archive::{Archive, Limits};

fuzz_target!(|bytes: &[u8]| {
    let archive = Archive::from_bytes(Path::new("a.whl"), bytes.to_vec());
    let archive = archive.with_limits(Limits { member: 1 << 20, total: 8 << 20, ..Limits::default() });
    for member in archive.members() {
        let _ = archive.copy_to(member, &mut std::io::sink());
    }
});
