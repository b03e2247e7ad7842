//! METADATA files from strangers, every typed field.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relkit::wheel::metadata::Metadata;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(metadata) = Metadata::parse(bytes) {
        let _ = (metadata.metadata_version(), metadata.name(), metadata.version(), metadata.requires_python());
        let _ = (metadata.license_expression(), metadata.requires_dist().count(), metadata.repeated().count());
    }
});
