//! WHEEL files from strangers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relkit::wheel::wheel_file::WheelFile;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(file) = WheelFile::parse(bytes) {
        let _ = (file.wheel_version(), file.root(), file.build(), file.tags().count());
    }
});
