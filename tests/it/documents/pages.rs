//! docs/products.md says what the code reads: every key of every table, an example that is read, tags as they are.

use std::fs;

use regex::Regex;
use relkit::product::{RuntimeProject, SdkProject};

use crate::support::repository;

fn page() -> String {
    fs::read_to_string(repository().join("docs/products.md")).unwrap()
}

/// A template's table that nothing is wrong with, but for what is written at a mark.
const WITH_MARKS: &str = r#"
[tool.relkit]
distribution = "a-bin"
module = "a_bin"
executable = "a"
files = [{ from = "x", to = "y/" }]
# top
[tool.relkit.smoke]
version = { args = ["-V"] }
# smoke
[[tool.relkit.smoke.command]]
args = []
# command
[[tool.relkit.target]]
triple = "x86_64-pc-windows-msvc"
platform-tag = "win_amd64"
runner = "windows-2025"
# target
[[tool.relkit.accept]]
rule = "debug-info"
target = "x86_64-pc-windows-msvc"
reason = "why"
# accept
[[tool.relkit.index]]
name = "a"
upload-url = "https://upload.example/legacy/"
# index
"#;

const SDK: &str = "[tool.relkit]\ndistribution = \"a\"\nmodule = \"a\"\nruntime-distribution = \"b\"\nruntime-module = \"b\"\n# top\n";

/// The keys that are known where one is not.
fn keys_at(from: &str, to: &str) -> Vec<String> {
    let read = |text: &str| match to.ends_with("sdk") {
        true => SdkProject::from_pyproject(text, "pyproject.toml").err(),
        false => RuntimeProject::from_pyproject(text, "pyproject.toml").err(),
    };
    let text = if to.ends_with("sdk") { SDK } else { WITH_MARKS };
    assert!(read(text).is_none() && text.contains(from), "{from}");
    let to = to.trim_end_matches("sdk");
    let error = read(&text.replacen(from, to, 1)).unwrap();
    let told = std::error::Error::source(&error).unwrap().to_string();
    let name = Regex::new("`([a-z-]+)`").unwrap();
    let (_, known) = told.split_once("expected ").unwrap_or_else(|| panic!("{told}"));
    name.captures_iter(known).map(|found| found[1].to_owned()).collect()
}

/// The keys in the table below a heading.
fn keys_below(page: &str, heading: &str) -> Vec<String> {
    let (_, rest) = page.split_once(&format!("\n### {heading}\n")).unwrap_or_else(|| panic!("{heading}"));
    let rows = rest.lines().take_while(|line| !line.starts_with("##")).filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn every_key_of_a_product_is_on_its_page() {
    let page = page();
    for (heading, from, to) in [
        ("[tool.relkit]", "# top", "zzz = 1"),
        ("A row of files", "to = \"y/\"", "to = \"y/\", zzz = 1"),
        ("[tool.relkit.smoke]", "# smoke", "zzz = 1"),
        ("smoke.version", "args = [\"-V\"]", "zzz = 1"),
        ("[[tool.relkit.smoke.command]]", "# command", "zzz = 1"),
        ("[[tool.relkit.target]]", "# target", "zzz = 1"),
        ("[[tool.relkit.accept]]", "# accept", "zzz = 1"),
        ("[[tool.relkit.index]]", "# index", "zzz = 1"),
        ("The SDK's table", "# top", "zzz = 1sdk"),
    ] {
        let (mut read, mut told) = (keys_at(from, to), keys_below(&page, heading));
        read.sort();
        told.sort();
        assert_eq!(told, read, "{heading}");
    }
}

#[test]
fn the_table_on_the_page_is_one() {
    let page = page();
    let block = Regex::new(r"(?ms)^```toml\n(.*?)^```$").unwrap();
    let blocks: Vec<_> = block.captures_iter(&page).map(|found| found[1].to_owned()).collect();
    assert_eq!(blocks.len(), 1);
    let project = RuntimeProject::from_pyproject(&blocks[0], "docs/products.md").unwrap();
    assert_eq!((project.targets.len(), project.smoke.commands.len(), project.files.len()), (2, 1, 3));
}
