//! What is shipped: a runtime template and, where there is one, an SDK template, with the `[tool.relkit]` table of each:
//! every name, target, tag, runner and accepted finding of a product. Nothing else in relkit repeats them, and nothing is
//! run here.

mod destinations;
mod error;
mod files;
mod matrix;
mod named;
mod place;
mod runner;
mod runtime;
mod sdk;
mod smoke;
mod table;
mod target;
mod template;

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) use error::ProductError;
pub(crate) use files::{Destination, FileRule, LICENCES, Naming};
pub(crate) use matrix::Matrix;
pub(crate) use named::NamedError;
pub(crate) use place::KeyPosition;
pub(crate) use runner::RunsOn;
pub use runtime::{Accepted, AcceptedOf, RuntimeProject};
pub(crate) use runtime::{Command, PlatformFamily};
pub use sdk::SdkProject;
pub use smoke::Level;
pub(crate) use smoke::{Smoke, SmokeCommand, VersionQuestion};
use table::has_table;
pub(crate) use table::is_of_python;
pub use target::Target;
pub(crate) use target::Text;
pub(crate) use template::PYPROJECT;
pub use template::Template;

use crate::console::text::shell_path;
use crate::fs::{FsError, read_table};

/// The directory of a product's runtime template, and of its SDK template.
const RUNTIME_TEMPLATE: &str = "runtime-template";
const SDK_TEMPLATE: &str = "sdk-template";

/// A product: its templates and their tables.
#[derive(Debug, Clone)]
pub struct Product {
    pub runtime: RuntimeProject,
    pub(crate) runtime_template: Template,
    /// Most products have no SDK.
    pub sdk: Option<Sdk>,
    /// Where it is; none of the built-in one, and of templates that are named alone.
    pub(crate) directory: Option<PathBuf>,
}

/// The SDK of a product.
#[derive(Debug, Clone)]
pub struct Sdk {
    pub(crate) project: SdkProject,
    pub(crate) template: Template,
}

/// What a user says of the product that is meant.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProductChoice<'a> {
    /// The directory of a product.
    pub product: Option<&'a Path>,
    /// A runtime template alone; without an SDK template beside it, a product without an SDK.
    pub runtime_template: Option<&'a Path>,
    /// An SDK template other than the product's.
    pub sdk_template: Option<&'a Path>,
}

impl Product {
    /// The option that names it, with a blank before it; nothing where it has no directory of its own.
    pub(crate) fn option(&self) -> String {
        self.directory.as_deref().map(|path| format!(" --product {}", shell_path(path))).unwrap_or_default()
    }

    /// The product that is chosen: by directory or template, else the nearest from `directory` upward, else the built-in
    /// one.
    ///
    /// # Errors
    /// Where a template cannot be read or its table cannot be used, or where the SDK is another product's.
    pub fn find(choice: ProductChoice<'_>, directory: &Path) -> Result<Self, ProductError> {
        if let Some(template) = choice.runtime_template {
            let sdk = choice.sdk_template.map(|path| Template::sdk(Some(path))).transpose()?;
            return Self::of(Template::runtime(Some(template))?, sdk);
        }
        let product = match choice.product {
            Some(product) => Some(product.to_owned()),
            None => nearest(directory)?,
        };
        let sdk = |own: Option<PathBuf>| match (choice.sdk_template, own) {
            (Some(path), _) => Template::sdk(Some(path)).map(Some),
            // Whatever has its name is meant to be one.
            (None, Some(path)) if fs::symlink_metadata(&path).is_ok() => Template::sdk(Some(&path)).map(Some),
            (None, Some(_)) => Ok(None),
            (None, None) => Template::sdk(None).map(Some),
        };
        match product {
            None => Self::of(Template::runtime(None)?, sdk(None)?),
            Some(product) => {
                let runtime = product.join(RUNTIME_TEMPLATE);
                if fs::symlink_metadata(runtime.join(PYPROJECT)).is_err() {
                    fs::metadata(&product).map_err(FsError::read(&product))?;
                    return Err(ProductError::NotAProduct { directory: product });
                }
                let found = Self::of(Template::runtime(Some(&runtime))?, sdk(Some(product.join(SDK_TEMPLATE)))?)?;
                Ok(Self { directory: Some(product), ..found })
            }
        }
    }

    /// The built-in product, Codex.
    pub fn built_in() -> Result<Self, ProductError> {
        Self::of(Template::runtime(None)?, Some(Template::sdk(None)?))
    }

    fn of(runtime_template: Template, sdk: Option<Template>) -> Result<Self, ProductError> {
        let origin = runtime_template.pyproject_origin();
        let runtime = RuntimeProject::from_pyproject(runtime_template.pyproject()?, &origin)?;
        let sdk = sdk.map(Sdk::of).transpose()?;
        if let Some(Sdk { project, template }) = &sdk {
            let mixed = |key, pinned: &str, own: &str| {
                let (pinned, own) = (pinned.to_owned(), own.to_owned());
                Err(ProductError::Mixed { sdk: template.pyproject_origin(), runtime: origin.clone(), key, pinned, own })
            };
            if !project.runtime_distribution.is_same(&runtime.distribution) {
                let (pinned, own) = (project.runtime_distribution.as_str(), runtime.distribution.as_str());
                return mixed("runtime-distribution", pinned, own);
            }
            if project.runtime_module != runtime.module {
                return mixed("runtime-module", &project.runtime_module, &runtime.module);
            }
        }
        Ok(Self { runtime, runtime_template, sdk, directory: None })
    }

    /// The SDK of a product that must have one.
    ///
    /// # Errors
    /// Where it has none.
    pub(crate) fn named_sdk(&self) -> Result<&Sdk, NamedError> {
        self.sdk.as_ref().ok_or_else(|| NamedError::Sdk(self.runtime.distribution.clone()))
    }

    /// The table of the SDK.
    pub(crate) fn sdk_project(&self) -> Option<&SdkProject> {
        self.sdk.as_ref().map(|sdk| &sdk.project)
    }
}

impl Sdk {
    /// The SDK of a template that is named alone.
    pub fn read(template: &Path) -> Result<Self, ProductError> {
        Self::of(Template::sdk(Some(template))?)
    }

    fn of(template: Template) -> Result<Self, ProductError> {
        let project = SdkProject::from_pyproject(template.pyproject()?, &template.pyproject_origin())?;
        Ok(Self { project, template })
    }
}

/// The nearest directory from `start` upward that holds a product. Only the table makes a directory one; a file that is
/// there and cannot be read is not passed over.
fn nearest(start: &Path) -> Result<Option<PathBuf>, ProductError> {
    for directory in start.ancestors() {
        let path = directory.join(RUNTIME_TEMPLATE).join(PYPROJECT);
        if fs::symlink_metadata(&path).is_err() {
            continue;
        }
        let text = read_table(&path)?;
        if has_table(text.trim_start_matches('\u{feff}')) {
            return Ok(Some(directory.to_owned()));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNTIME: &str = include_str!("../../runtime-template/pyproject.toml");
    const SDK: &str = include_str!("../../sdk-template/pyproject.toml");

    #[test]
    fn the_templates_own_tables_are_read() {
        let project = RuntimeProject::from_pyproject(RUNTIME, "pyproject.toml").unwrap();
        // The contract's six in their order, beside whatever else the template lists.
        let contract = [
            "macosx_11_0_arm64",
            "macosx_10_9_x86_64",
            "musllinux_1_1_aarch64",
            "musllinux_1_1_x86_64",
            "win_arm64",
            "win_amd64",
        ];
        let mut tags: Vec<_> = project.targets.iter().map(|target| target.platform_tag.to_string()).collect();
        tags.retain(|tag| contract.contains(&tag.as_str()));
        assert_eq!(tags, contract);
        let sdk = SdkProject::from_pyproject(SDK, "pyproject.toml").unwrap();
        assert_eq!((sdk.runtime_distribution, sdk.runtime_module), (project.distribution, project.module));
    }

    #[test]
    fn every_key_is_on_the_page_of_products() {
        let page = include_str!("../../docs/products.md");
        let error = RuntimeProject::from_pyproject("[tool.relkit]\nunknown = 1\n", "x").unwrap_err();
        let message = crate::error::sentence(&error);
        let (_, known) = message.split_once("expected one of ").unwrap();
        let keys: Vec<_> = known.split('`').skip(1).step_by(2).filter(|key| *key != "stage").collect();
        assert!(keys.len() > 10, "{message}");
        for key in keys {
            assert!(page.contains(&format!("`{key}`")), "docs/products.md says nothing of `{key}`");
        }
    }

    #[test]
    fn a_wrong_value_is_named_by_its_key() {
        let before = RUNTIME.split("platform-tag = \"win_amd64\"").next().unwrap();
        let key =
            format!("tool.relkit.target[{}].platform-tag", before.matches("\n[[tool.relkit.target]]").count() - 1);
        for (from, to, words) in [
            ("platform-tag = \"win_amd64\"", "platform-tag = \"win64\"", key.as_str()),
            ("platform-tag = \"win_amd64\"", "platform-tag = \"win_arm64\"", key.as_str()),
            (
                "triple = \"x86_64-pc-windows-msvc\"",
                "triple = \"sparc64-unknown-linux-gnu\"",
                "no platform tag that relkit knows",
            ),
            ("triple = \"x86_64-pc-windows-msvc\"", "triple = \"i686-pc-windows-msvc\"", "`i686-pc-windows-msvc`"),
            ("module = \"codex_cli_bin\"", "module = \"codex-cli-bin\"", "tool.relkit.module"),
            ("executable = \"codex\"", "executable = \"../codex\"", "tool.relkit.executable"),
            ("target = \"x86_64-apple-darwin\"", "target = \"i686-pc-windows-msvc\"", "tool.relkit.accept[0].target"),
        ] {
            assert!(RUNTIME.contains(from), "{from}");
            let error = RuntimeProject::from_pyproject(&RUNTIME.replace(from, to), "pyproject.toml").unwrap_err();
            let told = crate::error::chain(&error).join(": ");
            assert!(told.contains(words), "{told}");
        }
    }

    #[test]
    fn a_finding_is_accepted_of_a_target_the_sdk_or_the_release() {
        let named = |name: &str| RUNTIME.replace("target = \"x86_64-apple-darwin\"", &format!("target = \"{name}\""));
        for (name, expected) in [
            ("sdk", AcceptedOf::Sdk),
            ("release", AcceptedOf::Release),
            ("win-arm64", AcceptedOf::Release),
            ("aarch64-apple-darwin", AcceptedOf::Target("aarch64-apple-darwin".parse().unwrap())),
        ] {
            match RuntimeProject::from_pyproject(&named(name), "pyproject.toml") {
                Ok(project) => assert_eq!(project.accepted[0].of, expected),
                Err(error) => {
                    let told = crate::error::chain(&error).join(": ");
                    assert!(name == "win-arm64" && told.contains("accepted by `sdk` or `release`"), "{told}");
                }
            }
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
