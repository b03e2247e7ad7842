//! Extension modules by their names: Python imports only those whose suffix is one of its own
//! (`importlib.machinery.EXTENSION_SUFFIXES`: PEP 3149, PEP 384).

use std::collections::BTreeMap;

use super::contents::installed;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::wheel::WheelSubject;
use crate::wheel::tag::TagSet;

rule!(EXTENSION_SUFFIX = "extension-suffix", Error, Wheel(extension_suffix);
    what: "In a wheel for certain versions of CPython every extension module has a suffix that one of them looks for, such as `.cpython-312-x86_64-linux-gnu.so`, `.cp312-win_amd64.pyd`, `.abi3.so` or `.so` alone; one among others that have is a warning.",
    why: "Python passes over a file with another version's suffix, and the import fails.",
    fix: "Build the module with the Python that the wheel's tag names";
    because: [Promise("no Python that the tags name imports the module"), Habit("a module for another Python may lie beside those for this one")]);

fn extension_suffix(wheel: &WheelSubject, found: &mut Findings) {
    let Ok(name) = &wheel.name else { return };
    let Some(pythons) = Pythons::of(&name.tags) else { return };
    let mut modules: BTreeMap<&str, Module<'_>> = BTreeMap::new();
    for (member, _) in wheel.files() {
        let path = installed(wheel, &member.name);
        let Some((module, suffix)) = module(path) else { continue };
        let place = modules.entry(module).or_insert(Module { file: &member.name, suffix, is_taken: false });
        place.is_taken |= pythons.take(suffix);
    }
    let has_good = modules.values().any(|module| module.is_taken);
    let severity = if has_good { Severity::Warning } else { Severity::Error };
    for module in modules.values().filter(|module| !module.is_taken) {
        let message = format!("no Python of `{}` looks for the suffix `{}`", name.tags, module.suffix);
        found.with(severity, Some(module.file), message);
    }
}

/// A module under all its suffixes.
struct Module<'a> {
    file: &'a str,
    suffix: &'a str,
    is_taken: bool,
}

/// The path of an extension module without its suffix, and the suffix; a library that is linked to may look like one.
pub(super) fn module(path: &str) -> Option<(&str, &str)> {
    let file = path.rfind('/').map_or(0, |slash| slash + 1);
    let dot = file + path[file..].find('.')?;
    let suffix = &path[dot..];
    let is_native = suffix.ends_with(".so") || suffix.ends_with(".pyd");
    (is_native && (is_for_all(suffix) || version(suffix).is_some())).then_some((&path[..dot], suffix))
}

/// Whether every CPython of the system looks for the suffix.
fn is_for_all(suffix: &str) -> bool {
    matches!(suffix, ".so" | ".abi3.so" | ".pyd")
}

/// `312`, `313t` or `37m` of a suffix that names a CPython; empty of one that names another interpreter.
fn version(suffix: &str) -> Option<&str> {
    let middle = suffix.strip_prefix('.')?.rsplit_once('.')?.0;
    let version = match middle.strip_prefix("cpython-").or_else(|| middle.strip_prefix("cp")) {
        Some(rest) => rest.split('-').next().unwrap_or(rest),
        None if middle.starts_with("pypy") || middle.starts_with("graalpy") => "",
        None => return None,
    };
    let is_version = |text: &str| text.is_empty() || text.starts_with(|first: char| first.is_ascii_digit());
    is_version(version).then_some(version)
}

/// The versions of CPython that a wheel is for, as suffixes name them.
struct Pythons {
    exactly: Vec<String>,
    /// Where the ABI is the stable one: the lowest minor version.
    from: Option<u32>,
}

impl Pythons {
    /// None where the wheel is also for other interpreters, or for every Python.
    fn of(tags: &TagSet) -> Option<Self> {
        let minor = |tag: &String| tag.strip_prefix("cp3").and_then(|minor| minor.parse::<u32>().ok());
        let minors = tags.python.iter().map(minor).collect::<Option<Vec<_>>>()?;
        let is_stable = tags.abi.iter().any(|abi| abi.starts_with("abi3") || abi == "none");
        let exactly = tags.abi.iter().filter_map(|abi| abi.strip_prefix("cp")).map(str::to_owned);
        let exactly = exactly.chain(minors.iter().map(|minor| format!("3{minor}")).filter(|_| is_stable));
        Some(Self { exactly: exactly.collect(), from: minors.iter().min().copied().filter(|_| is_stable) })
    }

    fn take(&self, suffix: &str) -> bool {
        let Some(version) = version(suffix) else { return is_for_all(suffix) };
        let digits = version.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let minor = || digits.strip_prefix('3').and_then(|minor| minor.parse::<u32>().ok());
        let later = self.from.is_some_and(|from| minor().is_some_and(|minor| minor >= from));
        // Debug and pymalloc flags (`d`, `m`, `u`) are of one version; a free-threaded build (`t`) is another Python.
        let same = |own: &String| {
            let own_digits = own.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
            own_digits == digits && own.ends_with('t') == version.ends_with('t')
        };
        later || self.exactly.iter().any(same)
    }
}

pub(crate) static RULES: &[&Rule] = &[&EXTENSION_SUFFIX];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_are_held_against_tags() {
        let takes = |tags: &str, path: &str| {
            let pythons = Pythons::of(&tags.parse().unwrap())?;
            Some(pythons.take(module(path)?.1))
        };
        for (tags, path, expected) in [
            ("cp312-cp312-win_amd64", "a/b.cp312-win_amd64.pyd", Some(true)),
            ("cp312-cp312-win_amd64", "a/b.cp311-win_amd64.pyd", Some(false)),
            ("cp312-cp312-any", "a/b.cpython-312-x86_64-linux-gnu.so", Some(true)),
            ("cp312-cp312-any", "a/b.cpython-312-darwin.so", Some(true)),
            ("cp312-cp312-any", "a/b.cpython-313t-darwin.so", Some(false)),
            ("cp313-cp313t-any", "a/b.cpython-313t-darwin.so", Some(true)),
            ("cp313-cp313t-any", "a/b.cpython-313-darwin.so", Some(false)),
            ("cp313-cp313-any", "a/b.pypy310-pp73-x86_64-linux-gnu.so", Some(false)),
            ("cp37-cp37m-any", "a/b.cpython-37m-x86_64-linux-gnu.so", Some(true)),
            ("cp38-abi3-any", "a/b.cpython-39-darwin.so", Some(true)),
            ("cp39-abi3-any", "a/b.cpython-38-darwin.so", Some(false)),
            ("cp311.cp312-cp311.cp312-any", "a/b.cpython-311-darwin.so", Some(true)),
            ("cp312-cp312-any", "a/b.abi3.so", Some(true)),
            ("cp312-cp312-any", "a/b.so", Some(true)),
            // Nothing is said of these.
            ("cp312-cp312-any", "a/libb.so.1", None),
            ("cp312-cp312-any", "a/libb.2.so", None),
            ("py3-none-any", "a/b.cpython-311-darwin.so", None),
            ("cp312.pp310-cp312.pypy310_pp73-any", "a/b.cpython-311-darwin.so", None),
        ] {
            assert_eq!(takes(tags, path), expected, "{tags} {path}");
        }
    }
}
