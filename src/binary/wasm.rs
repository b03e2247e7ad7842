//! Code for WebAssembly in wheels: modules that CPython imports under Emscripten, by the suffixes of its platform (PEP 776, PEP
//! 783). They are told by their first bytes and their names; nothing of them is read.

use super::bystander::ends_as_library;
use super::magic::Magic;
use crate::member_path::file_name;
use crate::scheme::{self, Scheme};
use crate::target::PlatformTag;

/// Whether the file of a wheel that begins so is such a module. One that ends in `.wasm` is data: whoever runs it has an engine
/// of its own, on every system.
pub(crate) fn is_module(path: &str, head: &[u8]) -> bool {
    Magic::of(head) == Magic::WebAssembly
        && ends_as_library(file_name(path))
        && matches!(scheme::of_any(path).0, Scheme::Root | Scheme::Purelib | Scheme::Platlib)
}

/// Whether a tag is of a system that runs WebAssembly: `pyodide_2025_0_wasm32`, `pyemscripten_2026_0_wasm32`, `wasi_0_0_0_wasm32`.
pub(super) fn runs_on(tag: &PlatformTag) -> bool {
    matches!(tag, PlatformTag::Other(text) if text.ends_with("_wasm32") || text.ends_with("_wasm64"))
}
