//! Why a build setting is refused.

use std::path::PathBuf;

/// A setting of a stage that relkit does not build by.
#[derive(Debug, thiserror::Error)]
#[error("`{}`{}: `{key}` {why}", path.display(), line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct SettingError {
    pub(crate) path: PathBuf,
    pub(crate) line: Option<usize>,
    /// As a dotted path.
    pub(crate) key: String,
    pub(super) why: Why,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
    #[error("is a setting that relkit's own build does not carry out")]
    NotCarriedOut,
    #[error("is no setting that hatchling knows there")]
    Unknown { nearest: Option<&'static str> },
    #[error("is a setting of wheels, which hatchling does not look for there")]
    OfWheels,
    #[error("is not {0}")]
    Type(&'static str),
    #[error("would change the source distribution too")]
    Moved,
    #[error("names no package")]
    NoPackage,
    #[error("is missing, and hatchling would not take the import package by itself")]
    Missing,
    #[error("is missing, so a front end would take setuptools for the builder")]
    NoBackend,
    #[error("is `{0}`, and relkit builds what hatchling builds")]
    Backend(String),
    #[error("leaves out `import-names` and `import-namespaces`")]
    WithoutImports,
    #[error("takes a hatchling before 1.28, which knows no `sbom-files`")]
    Before28,
    /// What TOML or a path has against it.
    #[error("cannot be used: {0}")]
    Text(String),
}

impl SettingError {
    pub(crate) fn hint(&self) -> Option<String> {
        Some(match &self.why {
            Why::NotCarriedOut => {
                "remove it; `packages`, `force-include`, `shared-scripts`, `shared-data` and `sbom-files` say what a wheel \
                 holds, and both builders carry them out"
                    .into()
            }
            Why::Unknown { nearest: Some(nearest) } => format!("did you mean `{nearest}`?"),
            Why::Unknown { nearest: None } => "remove it".into(),
            Why::OfWheels | Why::Moved => "write it below [tool.hatch.build.targets.wheel]".into(),
            Why::NoPackage | Why::Missing => "name the import package, such as `packages = [\"src/NAME\"]`".into(),
            Why::NoBackend | Why::Backend(_) => {
                "write `requires = [\"hatchling>=1.28\"]` and `build-backend = \"hatchling.build\"` below [build-system]"
                    .into()
            }
            Why::WithoutImports => "write \"2.5\", or remove one of them".into(),
            Why::Before28 => "write `requires = [\"hatchling>=1.28\"]` below [build-system]".into(),
            Why::Type(_) | Why::Text(_) => return None,
        })
    }
}
