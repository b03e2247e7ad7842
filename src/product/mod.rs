//! The `[tool.relkit]` tables of the two templates: every name, target, tag, runner and accepted finding of a product.
//! Nothing else in relkit repeats them.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::console::Shown;
use crate::console::text::{table, visible_json};
use crate::error::{Exit, Explain};
use crate::target::{PlatformTag, TargetTriple};

/// What relkit must know about a runtime distribution.
#[derive(Debug, Clone, PartialEq)]
pub struct RuntimeProject {
    /// The name of the distribution, as indexes show it.
    pub distribution: String,
    /// The import package that carries the payload.
    pub module: String,
    /// The file name of the entry executable, without `.exe`.
    pub executable: String,
    /// The platform families that a release promises to serve.
    pub supports: Vec<PlatformFamily>,
    /// One row per wheel of a release, in the template's order.
    pub targets: Vec<Target>,
    /// The findings that a release accepts.
    pub accepted: Vec<Accepted>,
}

/// A family of platforms that a wheel set serves or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlatformFamily {
    /// Linux distributions on glibc.
    LinuxGlibc,
    /// Linux distributions on musl.
    LinuxMusl,
    /// macOS, both architectures.
    Macos,
    /// Windows, both architectures.
    Windows,
}

/// A platform that a release has a wheel for.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// The target triple of the build.
    pub triple: TargetTriple,
    /// The platform tag of its wheel.
    pub platform_tag: PlatformTag,
    /// Further tags that its wheel carries where they are honest.
    pub also: Vec<PlatformTag>,
    /// The label of the GitHub runner that can run the binary.
    pub runner: String,
}

/// A finding that a release accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The name of the rule.
    pub rule: String,
    /// The target whose wheel may have the finding.
    pub target: TargetTriple,
    /// Why it is accepted; shown with the finding.
    pub reason: String,
}

/// What relkit must know about an SDK distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SdkProject {
    /// The name of the distribution.
    pub distribution: String,
    /// The import package.
    pub module: String,
    /// The distribution that is pinned.
    pub runtime_distribution: String,
    /// The import package of the pinned distribution.
    pub runtime_module: String,
}

/// A `pyproject.toml` whose `[tool.relkit]` table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// The file is not TOML, or the table is missing a key, has an unknown one or one of the wrong type.
    #[error("`{origin}` has no usable [tool.relkit] table")]
    Table {
        /// The file.
        origin: String,
        /// What the parser says, with line and column.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value of the table is not what its key says.
    #[error("`{origin}`: {key}")]
    Value {
        /// The file.
        origin: String,
        /// The key, as a dotted path.
        key: String,
        /// Why the value is refused.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Explain for ProjectError {
    fn hint(&self) -> Option<String> {
        Some("compare the [tool.relkit] table with that of the built-in template".into())
    }

    fn exit(&self) -> Exit {
        Exit::Failed
    }
}

#[derive(Deserialize)]
struct Pyproject<T> {
    tool: Tool<T>,
}

#[derive(Deserialize)]
struct Tool<T> {
    relkit: T,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RuntimeTable {
    distribution: String,
    module: String,
    executable: String,
    #[serde(default)]
    supports: Vec<PlatformFamily>,
    target: Vec<TargetRow>,
    #[serde(default)]
    accept: Vec<AcceptRow>,
    /// Written into a staged tree; of no concern to a template.
    #[serde(default, rename = "stage")]
    _stage: Option<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct TargetRow {
    triple: String,
    platform_tag: String,
    #[serde(default)]
    also: Vec<String>,
    runner: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct AcceptRow {
    rule: String,
    target: String,
    reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct SdkTable {
    distribution: String,
    module: String,
    runtime_distribution: String,
    runtime_module: String,
    /// Written into a staged tree; of no concern to a template.
    #[serde(default, rename = "stage")]
    _stage: Option<toml::Table>,
}

impl RuntimeProject {
    /// Reads the table from the text of a `pyproject.toml`; `origin` names the file in errors.
    ///
    /// # Errors
    /// When the table is missing or a key or value in it is wrong.
    pub fn from_pyproject(text: &str, origin: &str) -> Result<Self, ProjectError> {
        let table: RuntimeTable = read_table(text, origin)?;
        let reader = Reader { origin };
        reader.distribution("tool.relkit.distribution", &table.distribution)?;
        reader.module("tool.relkit.module", &table.module)?;
        reader.file_name("tool.relkit.executable", &table.executable)?;
        let mut targets = Vec::new();
        for (index, row) in table.target.iter().enumerate() {
            let key = |name: &str| format!("tool.relkit.target[{index}].{name}");
            let target = Target {
                triple: reader.parse(key("triple"), &row.triple)?,
                platform_tag: reader.parse(key("platform-tag"), &row.platform_tag)?,
                also: row.also.iter().map(|tag| reader.parse(key("also"), tag)).collect::<Result<_, _>>()?,
                runner: row.runner.clone(),
            };
            if let Some(tag) = target.tags().find(|tag| !target.triple.matches(tag)) {
                return Err(reader.value(key("platform-tag"), format!("`{tag}` is no tag of `{}`", target.triple)));
            }
            targets.push(target);
        }
        let mut accepted = Vec::new();
        for (index, row) in table.accept.iter().enumerate() {
            let key = |name: &str| format!("tool.relkit.accept[{index}].{name}");
            let target: TargetTriple = reader.parse(key("target"), &row.target)?;
            if !targets.iter().any(|row| row.triple == target) {
                return Err(reader.value(key("target"), format!("`{target}` is not a target of this template")));
            }
            if row.reason.trim().is_empty() {
                return Err(reader.value(key("reason"), "a finding is accepted for a reason, and this one is empty"));
            }
            accepted.push(Accepted { rule: row.rule.clone(), target, reason: row.reason.clone() });
        }
        Ok(Self {
            distribution: table.distribution,
            module: table.module,
            executable: table.executable,
            supports: table.supports,
            targets,
            accepted,
        })
    }

    /// The row whose wheel carries `tag`, as its tag or as one of its further tags.
    #[must_use]
    pub fn target_of_tag(&self, tag: &PlatformTag) -> Option<&Target> {
        let exact = self.targets.iter().find(|target| target.tags().any(|own| own.canonical() == tag.canonical()));
        // A nearby floor (macosx_10_12 for macosx_10_9) still names the same build.
        exact.or_else(|| self.targets.iter().find(|target| target.triple.matches(tag)))
    }
}

impl Target {
    /// The tag of the wheel, then its further tags.
    pub fn tags(&self) -> impl Iterator<Item = &PlatformTag> {
        std::iter::once(&self.platform_tag).chain(&self.also)
    }
}

/// The targets of a product, as the matrix of a workflow.
pub(crate) struct Matrix<'a>(pub &'a RuntimeProject);

impl Matrix<'_> {
    fn executable(&self, target: &Target) -> String {
        target.triple.executable_name(&self.0.executable)
    }

    fn rows(&self) -> Vec<Value> {
        let row = |target: &Target| {
            json!({
                "target": target.triple,
                "platform_tag": target.platform_tag,
                "runner": target.runner,
                "executable": self.executable(target),
            })
        };
        self.0.targets.iter().map(row).collect()
    }
}

impl Shown for Matrix<'_> {
    fn text(&self) -> String {
        let row = |target: &Target| {
            let tags: Vec<_> = target.tags().map(ToString::to_string).collect();
            [target.triple.to_string(), tags.join(" + "), target.runner.clone(), self.executable(target)]
        };
        table(["target", "platform tag", "runner", "executable"], self.0.targets.iter().map(row))
    }

    fn json(&self) -> Value {
        json!({ "schema_version": 1, "include": self.rows() })
    }

    /// One line, fit for `$GITHUB_OUTPUT`.
    fn annotations(&self) -> String {
        visible_json(&format!("{}\n", json!({ "include": self.rows() })))
    }
}

impl SdkProject {
    /// Reads the table from the text of a `pyproject.toml`; `origin` names the file in errors.
    ///
    /// # Errors
    /// When the table is missing or a key or value in it is wrong.
    pub fn from_pyproject(text: &str, origin: &str) -> Result<Self, ProjectError> {
        let table: SdkTable = read_table(text, origin)?;
        let reader = Reader { origin };
        reader.distribution("tool.relkit.distribution", &table.distribution)?;
        reader.distribution("tool.relkit.runtime-distribution", &table.runtime_distribution)?;
        reader.module("tool.relkit.module", &table.module)?;
        reader.module("tool.relkit.runtime-module", &table.runtime_module)?;
        Ok(Self {
            distribution: table.distribution,
            module: table.module,
            runtime_distribution: table.runtime_distribution,
            runtime_module: table.runtime_module,
        })
    }
}

fn read_table<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, ProjectError> {
    let parsed: Result<Pyproject<T>, _> = toml::from_str(text);
    parsed
        .map(|file| file.tool.relkit)
        .map_err(|source| ProjectError::Table { origin: origin.to_owned(), source: Box::new(source) })
}

/// Checks values and names the file and key where one is refused.
struct Reader<'a> {
    origin: &'a str,
}

impl Reader<'_> {
    fn value(
        &self,
        key: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ProjectError {
        ProjectError::Value { origin: self.origin.to_owned(), key: key.into(), source: source.into() }
    }

    fn parse<T>(&self, key: String, text: &str) -> Result<T, ProjectError>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        text.parse().map_err(|error| self.value(key, error))
    }

    /// PEP 508 names: letters, digits, `-`, `_`, `.`, with a letter or digit at both ends.
    fn distribution(&self, key: &str, name: &str) -> Result<(), ProjectError> {
        let ends = |end: Option<char>| end.is_some_and(|end| end.is_ascii_alphanumeric());
        let inner = name.chars().all(|character| character.is_ascii_alphanumeric() || "-_.".contains(character));
        if inner && ends(name.chars().next()) && ends(name.chars().last()) {
            return Ok(());
        }
        Err(self.value(key, format!("`{name}` is not the name of a distribution")))
    }

    fn module(&self, key: &str, name: &str) -> Result<(), ProjectError> {
        let start = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        if start && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_') {
            return Ok(());
        }
        Err(self.value(key, format!("`{name}` is not the name of an import package")))
    }

    fn file_name(&self, key: &str, name: &str) -> Result<(), ProjectError> {
        let plain = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
        if !name.is_empty() && !name.starts_with('.') && name.chars().all(plain) && !name.ends_with(".exe") {
            return Ok(());
        }
        Err(self.value(key, format!("`{name}` is not the file name of an executable (without `.exe`)")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNTIME: &str = include_str!("../../runtime-template/pyproject.toml");
    const SDK: &str = include_str!("../../sdk-template/pyproject.toml");

    #[test]
    fn the_templates_own_tables_are_read() {
        let project = RuntimeProject::from_pyproject(RUNTIME, "pyproject.toml").unwrap();
        let tags: Vec<_> = project.targets.iter().map(|target| target.platform_tag.to_string()).collect();
        assert_eq!(
            tags,
            [
                "macosx_11_0_arm64",
                "macosx_10_9_x86_64",
                "musllinux_1_1_aarch64",
                "musllinux_1_1_x86_64",
                "win_arm64",
                "win_amd64"
            ]
        );
        let sdk = SdkProject::from_pyproject(SDK, "pyproject.toml").unwrap();
        assert_eq!((sdk.runtime_distribution, sdk.runtime_module), (project.distribution, project.module));
    }

    #[test]
    fn a_wrong_value_is_named_by_its_key() {
        for (from, to, words) in [
            ("platform-tag = \"win_amd64\"", "platform-tag = \"win64\"", "tool.relkit.target[5].platform-tag"),
            ("platform-tag = \"win_amd64\"", "platform-tag = \"win_arm64\"", "tool.relkit.target[5].platform-tag"),
            ("module = \"codex_cli_bin\"", "module = \"codex-cli-bin\"", "tool.relkit.module"),
            ("executable = \"codex\"", "executable = \"../codex\"", "tool.relkit.executable"),
            ("target = \"x86_64-apple-darwin\"", "target = \"i686-pc-windows-msvc\"", "tool.relkit.accept[0].target"),
        ] {
            assert!(RUNTIME.contains(from), "{from}");
            let error = RuntimeProject::from_pyproject(&RUNTIME.replace(from, to), "pyproject.toml").unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[test]
    fn a_nearby_floor_names_the_same_target() {
        let project = RuntimeProject::from_pyproject(RUNTIME, "pyproject.toml").unwrap();
        let target = |tag: &str| project.target_of_tag(&tag.parse().unwrap()).map(|target| target.triple.to_string());
        assert_eq!(target("macosx_10_12_x86_64").as_deref(), Some("x86_64-apple-darwin"));
        assert_eq!(target("manylinux2014_aarch64").as_deref(), Some("aarch64-unknown-linux-musl"));
        assert_eq!(target("win32"), None);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "(\\[tool\\.relkit\\]\n)?(distribution = \"[a-z.-]{0,5}\"\n)?.{0,80}") {
            let _ = RuntimeProject::from_pyproject(&text, "pyproject.toml");
            let _ = SdkProject::from_pyproject(&text, "pyproject.toml");
        }
    }
}
