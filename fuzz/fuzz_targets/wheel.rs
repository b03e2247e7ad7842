//! Whole wheels from strangers: framing, every member, every rule.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use relkit::check::{Options, Selection, check_archive};
use relkit::product::{RuntimeProject, SdkProject};
use relkit::zip::archive::Archive;

const RUNTIME: &str = include_str!("../../runtime-template/pyproject.toml");
const SDK: &str = include_str!("../../sdk-template/pyproject.toml");

fuzz_target!(|bytes: &[u8]| {
    let (Ok(runtime), Ok(sdk)) = (RuntimeProject::from_pyproject(RUNTIME, "r"), SdkProject::from_pyproject(SDK, "s")) else {
        panic!("the templates are sound");
    };
    let selection = Selection::all();
    let request = Options { paths: &[], selection: &selection, runtime: &runtime, sdk: &sdk, release: None };
    let name = Path::new("openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_17_x86_64.whl");
    let _ = check_archive(Archive::from_bytes(name, bytes.to_vec()), &request);
});
