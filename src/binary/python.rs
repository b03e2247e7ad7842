//! The libraries of Python's interpreters on Windows, by their names. CPython's are `python3.dll` for the stable ABI and
//! `python312.dll` for one version, with `t` for free-threaded builds and `_d` for debug builds (PEP 384, PEP 703).

/// A library that a Python installation brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum PythonLibrary {
    /// The stable ABI of CPython: every version of 3 has it.
    Stable,
    /// One version of CPython.
    Version { major: u32, minor: u32, is_free_threaded: bool },
    /// Another interpreter, or one of CPython's that is named as on POSIX.
    Other,
}

impl PythonLibrary {
    /// The library that a DLL of this name is, in any case of letters.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let stem = name.strip_suffix(".dll").unwrap_or(&name);
        if stem == "python-native" || is_pypy(stem) {
            return Some(Self::Other);
        }
        let of_posix = stem.strip_prefix("libpython");
        if of_posix.is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit())) {
            return Some(Self::Other);
        }
        let rest = stem.strip_prefix("python")?;
        let rest = rest.strip_suffix("_d").unwrap_or(rest);
        let (digits, is_free_threaded) = match rest.strip_suffix('t') {
            Some(digits) => (digits, true),
            None => (rest, false),
        };
        let is_number = digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let (major, minor) = digits.split_at_checked(1).filter(|_| is_number)?;
        match minor {
            "" if major == "3" => Some(Self::Stable),
            _ => Some(Self::Version { major: major.parse().ok()?, minor: minor.parse().ok()?, is_free_threaded }),
        }
    }
}

/// `libpypy3.11-c.dll`.
fn is_pypy(stem: &str) -> bool {
    let version = stem.strip_prefix("libpypy").and_then(|rest| rest.strip_suffix("-c"));
    version.is_some_and(|version| version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Whether Python on Windows imports the file of this name.
pub(crate) fn is_extension_module(name: &str) -> bool {
    name.len() > 4 && name.as_bytes()[name.len() - 4..].eq_ignore_ascii_case(b".pyd")
}

/// Whether Python looks a function of this name up to start some module (`PyInit_NAME`, PEP 3121, and `PyModExport_NAME`, PEP
/// 793, with another letter for names beyond ASCII, PEP 489).
pub(super) fn is_module_start(function: &[u8]) -> bool {
    let rest = function.strip_prefix(b"PyInit").or_else(|| function.strip_prefix(b"PyModExport"));
    rest.is_some_and(|rest| rest.starts_with(b"_") || rest.starts_with(b"U_"))
}

/// Whether one of these functions starts the module of this name. How names beyond ASCII are written there is not looked
/// into.
pub(crate) fn starts_module(functions: &[String], module: &str) -> bool {
    functions.iter().any(|function| match function.split_once('_') {
        Some((kind, name)) if module.is_ascii() => name == module && !kind.ends_with('U'),
        Some((kind, _)) => kind.ends_with('U'),
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_started_by_the_function_of_its_name() {
        for (function, module, starts) in [
            ("PyInit_a", "a", true),
            ("PyInit__a_b", "_a_b", true),
            ("PyModExport_a", "a", true),
            ("PyInit_a", "b", false),
            ("PyInit_A", "a", false),
            ("PyInit_", "a", false),
            ("PyInitU_eck_u9a", "\u{e9}ck", true),
            ("PyInit_eck", "\u{e9}ck", false),
            ("PyInitU_a", "a", false),
        ] {
            assert!(is_module_start(function.as_bytes()), "{function}");
            assert_eq!(starts_module(&[function.to_owned()], module), starts, "{function} {module}");
        }
        for function in ["PyInit", "PyInitialize_a", "PyImport_a", "_PyInit_a", "PyModExports_a", "Py_Init", ""] {
            assert!(!is_module_start(function.as_bytes()), "{function}");
        }
    }

    #[test]
    fn libraries_of_interpreters_are_known_by_name() {
        let version = |major, minor, is_free_threaded| PythonLibrary::Version { major, minor, is_free_threaded };
        for (name, expected) in [
            ("python3.dll", PythonLibrary::Stable),
            ("PYTHON3.DLL", PythonLibrary::Stable),
            ("python3t.dll", PythonLibrary::Stable),
            ("python3_d.dll", PythonLibrary::Stable),
            ("python312.dll", version(3, 12, false)),
            ("Python39.dll", version(3, 9, false)),
            ("python27.dll", version(2, 7, false)),
            ("python313t.dll", version(3, 13, true)),
            ("python314t_d.dll", version(3, 14, true)),
            ("libpypy3.11-c.dll", PythonLibrary::Other),
            ("python-native.dll", PythonLibrary::Other),
            ("libpython3.12.dll", PythonLibrary::Other),
        ] {
            assert_eq!(PythonLibrary::of(name), Some(expected), "{name}");
        }
        for name in
            ["python.dll", "pythoncom312.dll", "pywintypes312.dll", "python312x.dll", "python99999999999.dll", ""]
        {
            assert_eq!(PythonLibrary::of(name), None, "{name}");
        }
    }
}
