//! File names, tags, versions and requirements from strangers: what parses displays as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relkit::check::coverage::Candidate;
use relkit::target::{PlatformTag, TargetTriple};
use relkit::version::CodexVersion;
use relkit::wheel::filename::{SdistFileName, WheelFileName};
use relkit::wheel::requirement::Requirement;

fuzz_target!(|text: &str| {
    if let Ok(name) = text.parse::<WheelFileName>() {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(name) = text.parse::<SdistFileName>() {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(tag) = text.parse::<PlatformTag>() {
        assert_eq!(tag.to_string(), text);
    }
    let _ = (Candidate::of_tag(text), text.parse::<Requirement>());
    let _ = (text.parse::<CodexVersion>(), text.parse::<TargetTriple>());
});
