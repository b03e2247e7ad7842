//! A minimal typed SDK: a package that finds the runtime and starts it.

use super::marks::filled;
use super::names;
use super::tables::Named;
use crate::wheel::name::DistributionName;

/// The names of the SDK, after those of its runtime.
#[derive(Debug)]
pub(super) struct SdkNames {
    pub distribution: DistributionName,
    pub module: String,
}

impl SdkNames {
    pub(super) fn of(runtime: &DistributionName) -> Self {
        let name = runtime.as_str();
        let base = ["-bin", "_bin", ".bin", "-cli"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
        // invariant: a name, with letters at its end, is a name.
        let distribution = format!("{base}-sdk").parse().unwrap_or_else(|_| runtime.clone());
        Self { module: names::module(distribution.as_str()), distribution }
    }
}

/// The files of the SDK's template, by their path in it.
pub(super) fn files(names: &SdkNames, named: &Named, program: &str) -> Vec<(String, String)> {
    let license = named.license.as_ref().map(|text| format!("license = {}\n", toml::Value::String(text.clone())));
    let urls = named.repository.as_ref();
    let urls = urls.map(|url| format!("\n[project.urls]\nRepository = {}\n", toml::Value::String(url.clone())));
    let values = [
        ("sdk-distribution", names.distribution.as_str()),
        ("sdk-module", &names.module),
        ("distribution", named.distribution.as_str()),
        ("module", &named.module),
        ("executable", program),
        ("license", license.as_deref().unwrap_or_default()),
        ("urls", urls.as_deref().unwrap_or_default()),
    ];
    let package = format!("src/{}", names.module);
    [
        ("pyproject.toml".to_owned(), include_str!("sdk/pyproject.toml")),
        ("README.md".to_owned(), include_str!("sdk/README.md")),
        (format!("{package}/__init__.py"), include_str!("sdk/__init__.py")),
        (format!("{package}/_names.py"), include_str!("sdk/_names.py")),
        (format!("{package}/py.typed"), ""),
    ]
    .map(|(path, text)| (path, filled(text, &values)))
    .into()
}
