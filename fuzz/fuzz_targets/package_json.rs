//! codex-package.json of strangers, as the rules read it inside a wheel.
#![no_main]

use std::io::{Cursor, Write as _};
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
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let written = writer
        .start_file("codex_cli_bin/codex-package.json", zip::write::SimpleFileOptions::default())
        .and_then(|()| Ok(writer.write_all(bytes)?))
        .and_then(|()| writer.finish());
    let Ok(archive) = written else { return };
    let selection = Selection::all();
    let request = Options { paths: &[], selection: &selection, runtime: &runtime, sdk: &sdk, release: None };
    let name = Path::new("openai_codex_cli_bin-0.163.0-py3-none-win_amd64.whl");
    let _ = check_archive(Archive::from_bytes(name, archive.into_inner()), &request);
});
