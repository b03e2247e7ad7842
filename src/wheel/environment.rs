//! What of an environment is no wheel's own: what Python, `venv` and installers keep there (PEP 405, the PyPA specification
//! "Recording installed projects", and the schemes of `sysconfig`). `.data/data` is installed over it without a question.

/// What a file at `path`, from the root of the environment, would stand in the place of; on any system.
pub(crate) fn owner(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    let parts: Vec<_> = path.split('/').collect();
    if parts.iter().any(|part| part.ends_with(".dist-info") || part.ends_with(".egg-info")) {
        return Some("the metadata of a distribution, which installers keep");
    }
    if is_directory(&path) {
        return Some(DIRECTORY);
    }
    // Debian's Python keeps what is installed below `local`.
    let below = if let ["local", below @ ..] = &parts[..] { below } else { &parts[..] };
    match below {
        ["pyvenv.cfg"] => Some("the file that makes a directory a virtual environment"),
        ["conda-meta", ..] => Some("conda's record of what is installed"),
        ["bin" | "scripts", name] if is_own_command(name) || is_installer(name) => Some(COMMAND),
        // On Windows Python's own lies at the root, where it is no virtual environment.
        [name] if name.strip_suffix(".exe").is_some_and(is_python) => Some(COMMAND),
        ["dlls", _, ..] => Some("Python's own libraries"),
        ["lib" | "lib64", "site-packages" | "dist-packages", ..] => Some("the packages of others"),
        ["lib" | "lib64", python, ..] if is_python(python) => Some("Python's own modules, and the packages of others"),
        ["include", python, _, ..] if is_python(python) => Some("Python's own headers"),
        _ => None,
    }
}

/// Whether a path that has an owner lies among packages, where the owner may be the wheel itself.
pub(crate) fn is_among_packages(path: &str) -> bool {
    let mut parts = path.split('/');
    let is_metadata =
        |part: &str| [".dist-info", ".egg-info"].iter().any(|end| part.to_ascii_lowercase().ends_with(end));
    parts.any(|part| matches!(part, "site-packages" | "dist-packages")) && !parts.any(is_metadata)
}

/// What a file in the place of a directory takes away.
const DIRECTORY: &str = "a directory that environments have";
const COMMAND: &str = "a program of the environment itself";

/// Whether environments have a directory at `path`: those of the schemes of `sysconfig`, and those of the Filesystem
/// Hierarchy Standard that many distributions install files to.
pub(crate) fn is_directory(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    let path = path.strip_prefix("local/").unwrap_or(&path);
    match path.split('/').collect::<Vec<_>>()[..] {
        ["bin" | "scripts" | "lib" | "lib64" | "include" | "share" | "etc" | "local" | "dlls" | "library"] => true,
        ["share", "man" | "doc" | "info" | "locale" | "applications" | "icons" | "jupyter" | "licenses"] => true,
        ["share", "bash-completion" | "zsh" | "fish"] | ["lib" | "lib64" | "share", "pkgconfig" | "cmake"] => true,
        ["share", "bash-completion", "completions"] | ["share", "zsh", "site-functions"] => true,
        ["share", "fish", "vendor_completions.d"] | ["etc", "jupyter"] => true,
        ["share", "man", section] => section.strip_prefix("man").is_some_and(|section| {
            section.starts_with(|first: char| first.is_ascii_digit() || first == 'n') && section.len() <= 2
        }),
        _ => false,
    }
}

/// Whether a command is Python's or the environment's own: the interpreter, or a script that activates the environment.
pub(crate) fn is_own_command(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".exe").unwrap_or(&name);
    is_python(stem) || matches!(stem.split('.').next(), Some("activate" | "deactivate"))
}

/// Whether a command is `pip`'s own, or what setuptools once put beside it.
pub(crate) fn is_installer(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".exe").unwrap_or(&name);
    let is_version = |rest: &str| rest.chars().all(|sign| sign.is_ascii_digit() || sign == '.');
    stem.strip_prefix("pip").is_some_and(is_version)
        || stem.strip_prefix("easy_install").is_some_and(|rest| is_version(rest.trim_start_matches('-')))
}

/// `python`, `python3.12`, `python3.13t` of free-threaded builds, `pythonw`, `pypy3.10`.
fn is_python(name: &str) -> bool {
    let Some(rest) = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy")) else { return false };
    let version = rest.strip_suffix(['t', 'd']).filter(|version| !version.is_empty()).unwrap_or(rest);
    rest == "w" || version.chars().all(|sign| sign.is_ascii_digit() || sign == '.')
}

/// The command that an installer writes to that path, or a file of the wheel is; by the name that it has on every system.
pub(crate) fn command(path: &str) -> Option<String> {
    let (directory, name) = path.split_once('/')?;
    let is_on_path =
        ["bin", "scripts"].iter().any(|known| directory.eq_ignore_ascii_case(known)) && !name.contains('/');
    let name = name.to_ascii_lowercase();
    let stem = name.strip_suffix(".exe").or_else(|| name.strip_suffix("-script.py")).unwrap_or(&name);
    is_on_path.then(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_environments_keep_is_nobody_elses() {
        for path in [
            "pyvenv.cfg",
            "bin/python",
            "bin/python3.12",
            "Scripts/pythonw.exe",
            "Scripts/pip3.exe",
            "bin/activate.fish",
            "lib/python3.12/site-packages/pip/__init__.py",
            "lib/python3.12/json.py",
            "Lib/site-packages/x.py",
            "x-1.dist-info/RECORD",
            "bin/python3.13t",
            "lib/python3.13t/site-packages/x.py",
            "lib/pypy3.10/x.py",
            "local/lib/python3.12/dist-packages/x.py",
            "include/python3.12/Python.h",
            "python.exe",
            "pythonw.exe",
            "DLLs/x.dll",
            "share",
            "share/man",
            "share/man/man1",
            "lib",
            "bin",
            "Scripts",
            "etc",
            "local/bin",
        ] {
            assert!(owner(path).is_some(), "{path}");
        }
        for path in [
            "share/pyvenv.cfg",
            "bin/python-zig",
            "bin/pipx",
            "lib/libz.so",
            "lib/python-x/y",
            "bin/a/python",
            "",
            "python",
            "share/man/man1/x.1",
            "share/man/manual",
            "share/x",
            "bin/pythont",
            "bin/activate-x",
            "local/share/x",
        ] {
            assert_eq!(owner(path), None, "{path}");
        }
        for (path, name) in [
            ("bin/rg", Some("rg")),
            ("Scripts/RG.exe", Some("rg")),
            ("Scripts/rg-script.py", Some("rg")),
            ("share/rg", None),
            ("bin/a/rg", None),
            ("rg", None),
        ] {
            assert_eq!(command(path).as_deref(), name, "{path}");
        }
    }
}
