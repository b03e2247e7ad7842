//! What of an environment is no wheel's own: what Python, `venv` and installers keep there (PEP 405, the PyPA specification
//! "Recording installed projects", and the schemes of `sysconfig`). `.data/data` is installed over it without a question.

/// What a file at `path`, from the root of the environment, would stand in the place of; on any system.
pub(crate) fn owner(path: &str) -> Option<&'static str> {
    let path = path.to_ascii_lowercase();
    let parts: Vec<_> = path.split('/').collect();
    if parts.iter().any(|part| part.ends_with(".dist-info") || part.ends_with(".egg-info")) {
        return Some("the metadata of a distribution, which installers keep");
    }
    match parts[..] {
        ["pyvenv.cfg"] => Some("the file that makes a directory a virtual environment"),
        ["conda-meta", ..] => Some("conda's record of what is installed"),
        ["bin" | "scripts", name] if is_of_environment(name) => Some("a program of the environment itself"),
        ["lib" | "lib64", "site-packages" | "dist-packages", ..] => Some("the packages of others"),
        ["lib" | "lib64", python, ..] if is_python(python) => Some("Python's own modules, and the packages of others"),
        _ => None,
    }
}

/// Whether a program is Python, pip or a script that activates the environment.
fn is_of_environment(name: &str) -> bool {
    let stem = name.strip_suffix(".exe").unwrap_or(name);
    is_python(stem) || is_python(&stem.replacen("pip", "python", 1)) || stem.split('.').next() == Some("activate")
}

/// `python`, `python3.12`, `pythonw`.
fn is_python(name: &str) -> bool {
    let digits = |rest: &str| rest.chars().all(|character| character.is_ascii_digit() || character == '.');
    name.strip_prefix("python").is_some_and(|rest| rest == "w" || digits(rest))
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
        ] {
            assert!(owner(path).is_some(), "{path}");
        }
        for path in
            ["share/pyvenv.cfg", "bin/python-zig", "bin/pipx", "lib/libz.so", "lib/python-x/y", "bin/a/python", ""]
        {
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
