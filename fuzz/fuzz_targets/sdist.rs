//! Source distributions from strangers.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use relkit::check::SdistSubject;

fuzz_target!(|bytes: &[u8]| {
    let _ = SdistSubject::of(Path::new("demo-1.0.tar.gz"), bytes);
});
