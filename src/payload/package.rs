//! `codex-package.json`, the descriptor at the root of a package directory: layout version, program version, target,
//! entry point and the two directories beside `bin/`. Keys that are not known are kept as they are.

use serde::{Deserialize, Serialize};

use crate::fs::from_object;
use crate::member_path::MemberPath;

pub(crate) const DESCRIPTOR: &str = "codex-package.json";

/// The only one there is so far.
const LAYOUT: u64 = 1;

/// The directory that a path makes a package directory, without a slash at its end: that of its descriptor.
pub(crate) fn package_of(path: &str) -> Option<&str> {
    let directory = path.strip_suffix(DESCRIPTOR)?;
    if directory.is_empty() { Some("") } else { directory.strip_suffix('/') }
}

/// What a package descriptor says. A key that is absent is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Package {
    #[serde(default = "default_layout")]
    pub(crate) layout_version: u64,
    /// The version of the program, in its own spelling: `0.163.0-alpha.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// Which program of the product it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) variant: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) entrypoint: Option<String>,
    /// The directory of helpers and data.
    #[serde(default = "default_resources")]
    pub(crate) resources_dir: String,
    /// The directory of tools that the program puts on its PATH.
    #[serde(default = "default_path")]
    pub(crate) path_dir: String,
}

fn default_layout() -> u64 {
    LAYOUT
}

fn default_resources() -> String {
    "codex-resources".into()
}

fn default_path() -> String {
    "codex-path".into()
}

impl Default for Package {
    fn default() -> Self {
        Self {
            layout_version: LAYOUT,
            version: None,
            target: None,
            variant: None,
            entrypoint: None,
            resources_dir: default_resources(),
            path_dir: default_path(),
        }
    }
}

impl Package {
    /// The largest descriptor that is read, in bytes.
    pub(crate) const MAX_SIZE: u64 = 64 << 10;

    /// What the known keys with texts say, whatever else is wrong with a descriptor.
    pub(crate) fn texts(bytes: &[u8]) -> Self {
        let value: serde_json::Value = serde_json::from_slice(bytes).unwrap_or_default();
        let text = |key| value.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
        Self {
            version: text("version"),
            target: text("target"),
            variant: text("variant"),
            entrypoint: text("entrypoint"),
            ..Self::default()
        }
    }

    /// Reads a descriptor; the error completes the sentence "`codex-package.json` ...".
    ///
    /// # Errors
    /// Where the bytes are no JSON object, a known key has a value of the wrong type, the layout is another one, or a path
    /// leads out of the package.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let package: Self = from_object(bytes).map_err(|error| format!("cannot be used: {error}"))?;
        if package.layout_version != LAYOUT {
            return Err(format!("states layoutVersion {}, and only {LAYOUT} is known", package.layout_version));
        }
        let paths = [
            ("entrypoint", package.entrypoint.as_deref()),
            ("resourcesDir", Some(package.resources_dir.as_str())),
            ("pathDir", Some(package.path_dir.as_str())),
        ];
        for (key, path) in paths {
            let Some(path) = path else { continue };
            path.parse::<MemberPath>().map_err(|why| format!("states `{path}` as {key}: {why}"))?;
        }
        Ok(package)
    }

    pub(crate) fn to_json(&self) -> String {
        // invariant: strings and a number always serialise.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_it_writes_it_reads() {
        let package = Package {
            version: Some("0.163.0-alpha.1".into()),
            target: Some("x86_64-unknown-linux-musl".into()),
            variant: Some("codex".into()),
            entrypoint: Some("bin/codex".into()),
            ..Package::default()
        };
        assert_eq!(Package::parse(package.to_json().as_bytes()), Ok(package));
    }

    #[test]
    fn a_package_lies_where_its_descriptor_does() {
        for (path, package) in [
            ("codex-package.json", Some("")),
            ("m/codex-package.json", Some("m")),
            ("m/n/codex-package.json", Some("m/n")),
            ("m/not-codex-package.json", None),
            ("m/bin/codex", None),
        ] {
            assert_eq!(package_of(path), package, "{path}");
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, words) in [
            ("", "cannot be used"),
            ("[]", "cannot be used: invalid type: sequence, expected an object"),
            ("[\"not a manifest!", "at line 1 column 17"),
            ("{\n \"version\": 1}", "at line 2 column 13"),
            ("{\"a\": 1,\n}", "at line 2 column 1"),
            ("{\"layoutVersion\": 2}", "layoutVersion 2"),
            ("{\"entrypoint\": \"../codex\"}", "states `../codex` as entrypoint: the path has a `..` part"),
            ("{\"entrypoint\": \"bin\\\\codex\"}", "as entrypoint: the path has a backslash"),
            ("{\"pathDir\": \"/usr/bin\"}", "as pathDir: the path is absolute"),
            ("{\"resourcesDir\": \"\"}", "as resourcesDir: the path is empty"),
        ] {
            let error = Package::parse(text.as_bytes()).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_answered(bytes: Vec<u8>, text in "\\{(\"(layoutVersion|entrypoint|x)\": ?[0-9\"/.a]{0,4},?){0,3}\\}") {
            let _ = Package::parse(&bytes);
            let _ = (Package::parse(text.as_bytes()), Package::texts(text.as_bytes()));
        }
    }
}
