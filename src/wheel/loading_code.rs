//! Whether Python code of a wheel may load libraries, so that a module finds what its own paths do not lead to: a loader takes
//! what is loaded already (ld.so(8), dyld(1), "Dynamic-link library search order").

use crate::zip::archive::Archive;

/// What the code says that does so: of Python and cffi, and last of torch and tensorflow and of Python's own importers.
const LOADERS: [&str; 11] = [
    "ctypes",
    "cffi",
    "dlopen",
    "CDLL",
    "RTLD_",
    "LD_LIBRARY_PATH",
    "load_library",
    "load_op_library",
    "load_dynamic",
    "ExtensionFileLoader",
    "spec_from_file_location",
];

/// Python files up to this many bytes are read; of larger ones anything may be so.
pub(crate) const MAX_SOURCE: u64 = 4 << 20;

/// Whether this text of a Python file does; of what was not read anything may be so.
pub(crate) fn may_load(text: Option<&[u8]>) -> bool {
    text.is_none_or(|text| {
        let text = String::from_utf8_lossy(text);
        LOADERS.iter().any(|word| text.contains(word))
    })
}

/// Whether some Python file of an archive does.
pub(crate) fn any_may_load(archive: &Archive) -> bool {
    let mut sources = archive.members().iter().filter(|member| member.name.ends_with(".py"));
    sources.any(|member| may_load(archive.read(member, MAX_SOURCE).ok().as_deref()))
}
