//! The [tool.relkit] tables of templates.
#![no_main]

use libfuzzer_sys::fuzz_target;
use relkit::product::{RuntimeProject, SdkProject};

fuzz_target!(|text: &str| {
    let _ = (RuntimeProject::from_pyproject(text, "pyproject.toml"), SdkProject::from_pyproject(text, "pyproject.toml"));
});
