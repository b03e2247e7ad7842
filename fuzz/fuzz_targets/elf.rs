//! ELF files from strangers: facts, objections and tags of anything that begins as one, without a panic or a hang.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relkit::binary::{Inventory, read};

fuzz_target!(|bytes: &[u8]| {
    let mut file = bytes.to_vec();
    let magic = b"\x7fELF";
    if file.len() >= magic.len() {
        file[..magic.len()].copy_from_slice(&magic[..]);
    }
    if let Ok(facts) = read(&file) {
        let inventory = Inventory::new(vec![("bin/program".into(), facts)]);
        for tag in inventory.honest_tags() {
            assert!(inventory.honours(&tag));
        }
    }
});
