use super::*;
use proptest::prelude::*;

const HEAD: &str =
    "# top\n[build-system]\nbuild-backend = \"hatchling.build\" # why\n\n[project]\nname = \"x\" # name\n";

fn project() -> SdkProject {
    SdkProject {
        distribution: name("acme-sdk"),
        module: "acme".into(),
        runtime_distribution: name("acme-cli-bin"),
        runtime_module: "acme_cli_bin".into(),
    }
}

fn name(text: &str) -> DistributionName {
    text.parse().unwrap()
}

fn version(text: &str) -> ReleaseVersion {
    ReleaseVersion::named(text, &[]).unwrap()
}

fn staged(project_table: &str) -> Result<String, StageError> {
    sdk(
        &format!("{HEAD}{project_table}"),
        "pyproject.toml",
        &project(),
        Some(&name("old-cli-bin")),
        &version("0.163.0"),
        version("0.163.0").distribution(),
    )
}

fn parsed(text: &str) -> toml::Table {
    text.parse().unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn dependencies(text: &str) -> Vec<String> {
    let table = parsed(text);
    table["project"]["dependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn any_requirement_of_the_runtime_becomes_the_pin() {
    for old in [
        "acme-cli-bin",
        "  Acme_CLI.-bin  >= 1 , <2",
        "acme-cli-bin\\t!=1",
        "acme-cli-bin===1.0",
        "acme_cli_bin[extra,other]~=1.0",
        "acme-cli-bin[extra] ~= 1.0 ; python_version < '3.12'",
        "acme-cli-bin @ file:///tmp/a.whl",
        "acme-cli-bin@https://example.invalid/a.whl ; sys_platform == 'linux'",
        "acme-cli-bin(==1.0)",
        "old-cli-bin==0.1",
    ] {
        let text =
            staged(&format!("dependencies = [\"pydantic>=2\", \"{old}\", \"acme--cli_bin!=3\", \"x\"]\n")).unwrap();
        assert_eq!(dependencies(&text), ["pydantic>=2", "acme-cli-bin==0.163.0", "x"], "{old}");
    }
    let others = ["acme-cli-bin-extra", "acme-cli", "xacme-cli-bin", "codex[acme-cli-bin]", "-acme-cli-bin"];
    for other in others.into_iter().chain(["pydantic>=2; extra == 'acme-cli-bin'", "file:///acme-cli-bin"]) {
        let text = staged(&format!("dependencies = [\"{other}\"]\n")).unwrap();
        assert_eq!(dependencies(&text), [other, "acme-cli-bin==0.163.0"]);
    }
}

#[test]
fn a_missing_requirement_is_added() {
    for table in ["", "dependencies = []\n", "dependencies = [ ]\n"] {
        assert_eq!(dependencies(&staged(table).unwrap()), ["acme-cli-bin==0.163.0"], "{table}");
    }
    let lines = "dependencies = [\n    \"a\", # about a\n    \"b\" # about b\n    # the end\n]\n";
    let text = staged(lines).unwrap();
    assert_eq!(dependencies(&text), ["a", "b", "acme-cli-bin==0.163.0"]);
    for comment in ["# about a", "# about b", "# the end"] {
        assert!(text.contains(comment), "{text}");
    }
    assert!(text.contains("\n    \"acme-cli-bin==0.163.0\",\n]"), "{text}");
}

#[test]
fn comments_and_order_stay() {
    let text = staged(
        "version = \"0\" # version\n# before\ndependencies = [\n    \"old-cli-bin\", # pin\n    # about b\n    \"b\",\n    # again\n    \"acme-cli-bin>1\", # twice\n    # last\n    \"c\",\n]\n\n[tool.x] # tail\na = 1\n",
    )
    .unwrap();
    assert_eq!(dependencies(&text), ["acme-cli-bin==0.163.0", "b", "c"]);
    let marks =
        ["# top", "# why", "# name", "# version", "# before", "# pin", "# about b", "# again", "# last", "# tail"];
    let places: Vec<_> = marks.iter().map(|mark| text.find(mark).unwrap_or_else(|| panic!("{mark}\n{text}"))).collect();
    assert!(places.is_sorted(), "{text}");
    assert!(text.contains("version = \"0.163.0\" # version") && text.contains("name = \"acme-sdk\" # name"), "{text}");
}

#[test]
fn extras_do_not_weaken_the_pin() {
    let text = staged("[project.optional-dependencies]\nrun = [\"acme-cli-bin\", \"y\"]\n").unwrap();
    let table = parsed(&text);
    assert_eq!(table["project"]["optional-dependencies"]["run"].as_array().unwrap().len(), 1, "{text}");
}

#[test]
fn dynamic_fields_become_static() {
    let text = staged("dynamic = [\"version\", \"readme\"]\n").unwrap();
    let dynamic = &parsed(&text)["project"]["dynamic"];
    assert_eq!(dynamic.as_array().unwrap().len(), 1);
    assert!(
        !parsed(&staged("dynamic = [\"version\"]\n").unwrap())["project"].as_table().unwrap().contains_key("dynamic")
    );
    assert!(matches!(staged("dynamic = [\"dependencies\"]\n"), Err(StageError::DynamicDependencies { .. })));
}

#[test]
fn what_cannot_be_edited_is_named() {
    for table in
        ["dependencies = \"x\"\n", "dependencies = [1]\n", "dynamic = 1\n", "optional-dependencies = [\"x\"]\n"]
    {
        assert!(matches!(staged(table), Err(StageError::Type { .. })), "{table}");
    }
    assert!(matches!(staged("["), Err(StageError::Toml { .. })));
}

#[test]
fn a_second_stage_replaces_the_first() {
    let once = staged("").unwrap();
    let twice =
        sdk(&once, "pyproject.toml", &project(), None, &version("0.164.0"), version("0.163.0").distribution()).unwrap();
    assert_eq!(dependencies(&twice), ["acme-cli-bin==0.164.0"]);
    assert_eq!(twice.matches("[tool.relkit.stage]").count(), 1, "{twice}");
    assert_eq!(parsed(&twice)["tool"]["relkit"]["stage"]["release-version"].as_str(), Some("0.164.0"));
}

#[test]
fn the_runtime_template_is_edited() {
    let text = include_str!("../../../runtime-template/pyproject.toml");
    let project = RuntimeProject::from_pyproject(text, "x").unwrap();
    let tags = "musllinux_1_1_x86_64.manylinux_2_17_x86_64".parse().unwrap();
    let run = vec!["bin/codex".to_owned(), "codex-path/rg".to_owned()];
    let shipped = Shipped { run, ..Shipped::default() };
    let staged = runtime(text, "x", &project, &version("0.116.0a1"), &tags, &shipped).unwrap();
    let table = parsed(&staged);
    assert_eq!(table["project"]["name"].as_str(), Some("openai-codex-cli-bin"));
    assert_eq!(table["project"]["version"].as_str(), Some("0.116.0a1"));
    let stage = &table["tool"]["relkit"]["stage"];
    assert_eq!(stage["kind"].as_str(), Some("runtime"));
    assert_eq!(stage["platform-tag"].as_str(), Some("manylinux_2_17_x86_64.musllinux_1_1_x86_64"));
    assert_eq!(stage["executables"].as_array().unwrap()[1].as_str(), Some("codex-path/rg"));
    assert_eq!(table["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"][0].as_str(), Some("src/codex_cli_bin"));
    assert_eq!(table["tool"]["hatch"]["build"]["ignore-vcs"].as_bool(), Some(true));
    assert_eq!(RuntimeProject::from_pyproject(&staged, "x").unwrap(), project);
    for comment in text.lines().filter(|line| line.starts_with('#')) {
        assert!(staged.contains(comment), "{comment}");
    }
}

proptest! {
    #[test]
    fn any_list_ends_with_one_pin(
        items in proptest::collection::vec("(acme-cli-bin|Acme\\.Cli_Bin|old-cli-bin|b|c)(==1|\\[x\\]| ; os_name == 'b')?", 0..6),
        separator in prop::sample::select(vec![", ", ",\n    ", ", # note\n    "]),
        comma in "(,)?",
        end in "(\n| # end\n)?",
    ) {
        let quoted: Vec<_> = items.iter().map(|item| format!("\"{item}\"")).collect();
        let comma = if items.is_empty() { "" } else { comma.as_str() };
        let list = format!("dependencies = [{}{comma}{end}]\n", quoted.join(separator));
        let text = staged(&list).unwrap();
        let found = dependencies(&text);
        let others = |items: &[String]| items.iter().filter(|item| item.starts_with(['b', 'c'])).cloned().collect::<Vec<_>>();
        prop_assert_eq!(others(&found), others(&items));
        prop_assert_eq!(found.iter().filter(|item| *item == "acme-cli-bin==0.163.0").count(), 1);
        prop_assert_eq!(found.len(), others(&items).len() + 1);
        prop_assert_eq!(text.matches("# note").count(), list.matches("# note").count(), "{}", text);
        prop_assert_eq!(text.matches("# end").count(), list.matches("# end").count(), "{}", text);
    }
}
