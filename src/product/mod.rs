//! The `[tool.relkit]` tables of the two templates: every name, target, tag, runner and accepted finding of a product.
//! Nothing else in relkit repeats them.

mod error;
mod matrix;
mod runtime;
mod sdk;
mod table;

pub use error::ProjectError;
pub(crate) use matrix::Matrix;
pub use runtime::{Accepted, PlatformFamily, RuntimeProject, Target};
pub use sdk::SdkProject;

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
