//! `relkit generate-types` on real runtimes, judged by pydantic, mypy, pyright, ruff and datamodel-code-generator.
//! The older runtimes' wheels lie where the other real input lies; what is missing is skipped, unless it is required.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::support::stages::built_in;
use crate::support::{judges, payload_directory, relkit, run, skip, succeed, target_directory, text};
use relkit::typegen::{self, Schema, SchemaOrigin};

/// The real runtimes, the SDK's own first.
const VERSIONS: [&str; 4] = ["0.163.0", "0.154.0", "0.144.4", "0.133.0"];

const JUDGES: &[&str] =
    &["pydantic>=2.12,<3", "mypy>=1.15", "pyright>=1.1.390", "ruff>=0.9", "datamodel-code-generator>=0.30"];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The types of a product that is named go into its own SDK, and into no nearer one.
#[test]
fn the_tree_is_that_of_the_product() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    for name in ["one", "other"] {
        succeed(relkit().current_dir(root).args(["init", name, "--name", name, "--license", "MIT", "--sdk"]));
    }
    let told = |here: &str, options: &[&str]| {
        let mut command = relkit();
        command.args(["generate-types", "--schema-dir", "missing"]).args(options);
        text(&run(command.current_dir(root.join(here))))
    };
    for (here, options, tree) in [
        ("one", &[][..], "`sdk-template/pyproject.toml`"),
        ("one/.github", &[], "/one/sdk-template/pyproject.toml`"),
        ("one", &["--product", "../other"], "`../other/sdk-template/pyproject.toml`"),
        ("one", &["--product", "../other", "--sdk", "sdk-template"], "`sdk-template/pyproject.toml`"),
    ] {
        let said = told(here, options);
        assert!(said.contains(tree), "{here} {options:?}: {said}");
    }
}

/// The wheel of a runtime that this machine can run.
fn wheel(version: &str) -> Option<PathBuf> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        skip("the runtimes of this test are for Linux on x86_64");
        return None;
    }
    let prefix = format!("openai_codex_cli_bin-{version}-py3-none-");
    let found =
        fs::read_dir(payload_directory()).into_iter().flatten().flatten().map(|entry| entry.path()).find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with(&prefix) && name.contains("linux") && name.ends_with("x86_64.whl")
        });
    if found.is_none() {
        skip(&format!("no wheel of runtime {version} is in `{}`", payload_directory().display()));
    }
    found
}

/// The schema directory of a runtime, written once under `target/` by the runtime itself.
fn schema_directory(version: &str) -> Option<PathBuf> {
    let directory = target_directory().join("schemas").join(version);
    if directory.join("complete").is_file() {
        return Some(directory.join("schema"));
    }
    let wheel = wheel(version)?;
    // Tests run side by side: each writes a directory of its own, and the first to finish gives it its name.
    let parent = directory.parent().unwrap();
    fs::create_dir_all(parent).unwrap();
    let fresh = tempfile::tempdir_in(parent).unwrap();
    write_schema(&wheel, &fresh.path().join("schema"), &[]);
    fs::write(fresh.path().join("complete"), "").unwrap();
    if fs::rename(fresh.path(), &directory).is_ok() {
        let _moved = fresh.keep();
    }
    assert!(directory.join("complete").is_file(), "`{}` is in the way", directory.display());
    Some(directory.join("schema"))
}

/// Has the runtime in a wheel write its schema.
fn write_schema(wheel: &Path, directory: &Path, flags: &[&str]) {
    let unpacked = tempfile::tempdir().unwrap();
    relkit::wheel::reader::Wheel::open(wheel).unwrap().unpack(unpacked.path()).unwrap();
    let program = unpacked.path().join("codex_cli_bin/bin/codex");
    relkit::fs::set_mode(&program, relkit::fs::Mode::Executable).unwrap();
    let mut command = Command::new(program);
    command.args(["app-server", "generate-json-schema"]).args(flags).arg("--out").arg(directory);
    succeed(command.env("CODEX_HOME", unpacked.path()));
}

/// An SDK tree with the package generated for a runtime, and nothing of the checked-in one.
fn sdk_for(schema: &Path, root: &Path) {
    copy_python(&repository().join("sdk-template/src"), &root.join("src"));
    fs::copy(repository().join("sdk-template/pyproject.toml"), root.join("pyproject.toml")).unwrap();
    succeed(relkit().args(["generate-types", "--schema-dir"]).arg(schema).arg("--sdk").arg(root));
}

fn copy_python(from: &Path, to: &Path) {
    for file in relkit::fs::walk(from).unwrap() {
        let kept = file.relative.ends_with(".py") || file.relative.ends_with("py.typed");
        if kept && !file.relative.contains("/generated/") {
            let target = to.join(&file.relative);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(&file.path, target).unwrap();
        }
    }
}

#[test]
fn the_pinned_runtime_gives_a_package_that_judges_accept() {
    judge_packages_of(&VERSIONS[..1]);
}

#[test]
#[ignore = "long: the older runtimes; the_pinned_runtime_gives_a_package_that_judges_accept is the short form"]
fn every_older_runtime_gives_a_package_that_judges_accept() {
    judge_packages_of(&VERSIONS[1..]);
}

fn judge_packages_of(versions: &[&str]) {
    for version in versions {
        let Some(schema) = schema_directory(version) else { continue };
        let Some(bin) = judges("typegen", JUDGES) else { return };
        let sdk = tempfile::tempdir().unwrap();
        sdk_for(&schema, sdk.path());
        let generated = sdk.path().join("src/codex_app_server/generated");
        let mut round_trips = Command::new(bin.join("python"));
        round_trips.arg(repository().join("tests/typegen/judge.py")).arg(&schema).arg(sdk.path().join("src"));
        println!("{version}: {}", succeed(&mut round_trips));
        let base = sdk.path().join("src/codex_app_server/_base.py");
        for arguments in [["check", "--no-cache"], ["format", "--check"]] {
            succeed(Command::new(bin.join("ruff")).args(arguments).args([&generated, &base]).current_dir(&sdk));
        }
        let mut mypy = Command::new(bin.join("mypy"));
        // Other modules of the SDK are followed for their types and judged by the SDK's own tests.
        mypy.args(["--strict", "--python-version", "3.10", "--follow-imports", "silent", "--cache-dir"]);
        succeed(mypy.arg(sdk.path().join("cache")).args([&generated, &base]).current_dir(&sdk));
        let mut pyright = Command::new(bin.join("pyright"));
        pyright.arg("--pythonpath").arg(bin.join("python")).args(["--pythonversion", "3.10"]);
        succeed(pyright.args([&generated, &base]).current_dir(&sdk));
    }
}

#[test]
fn the_models_agree_with_datamodel_code_generator_and_come_much_faster() {
    let Some(schema) = schema_directory(VERSIONS[0]) else { return };
    let Some(bin) = judges("typegen", JUDGES) else { return };
    let directory = tempfile::tempdir().unwrap();
    let (theirs, sdk) = (directory.path().join("models.py"), directory.path().join("sdk"));
    fs::create_dir(&sdk).unwrap();
    sdk_for(&schema, &sdk);
    let bundle = "codex_app_server_protocol.v2.schemas.json";
    let alone = directory.path().join("alone");
    fs::create_dir(&alone).unwrap();
    fs::copy(schema.join(bundle), alone.join(bundle)).unwrap();

    let mut peer = Command::new(bin.join("datamodel-codegen"));
    peer.arg("--input").arg(alone.join(bundle)).arg("--output").arg(&theirs);
    peer.args(["--input-file-type", "jsonschema", "--output-model-type", "pydantic_v2.BaseModel"]);
    peer.args(["--target-python-version", "3.11", "--snake-case-field", "--allow-population-by-field-name"]);
    peer.args(["--use-title-as-name", "--use-annotated", "--use-union-operator", "--disable-timestamp"]);
    let start = Instant::now();
    succeed(&mut peer);
    let their_time = start.elapsed();
    // One run of theirs takes seconds; ours is so short that whatever else the machine does would decide.
    let ours = || {
        let start = Instant::now();
        let schema = Schema::load(&alone).unwrap();
        let generated = typegen::from_schema(&schema, VERSIONS[0], "codex_app_server").unwrap();
        assert!(generated.files["v2_all.py"].contains("ThreadItem"));
        start.elapsed()
    };
    let our_time = [(); 5].map(|()| ours()).into_iter().min().unwrap();
    let factor = their_time.as_secs_f64() / our_time.as_secs_f64();
    println!("datamodel-code-generator {their_time:?}, relkit {our_time:?}: {factor:.0} times faster");

    let mut agreement = Command::new(bin.join("python"));
    agreement.arg(repository().join("tests/typegen/agreement.py")).arg(&theirs).arg(sdk.join("src"));
    println!("{}", succeed(&mut agreement));
}

#[test]
fn the_checked_in_package_is_that_of_the_pinned_runtime_from_every_source() {
    let Some(schema) = schema_directory(VERSIONS[0]) else { return };
    let Some(wheel) = wheel(VERSIONS[0]) else { return };
    let sdk = repository().join("sdk-template");
    succeed(relkit().args(["generate-types", "--check", "--schema-dir"]).arg(&schema).arg("--sdk").arg(&sdk));
    succeed(relkit().args(["generate-types", "--check", "--wheel"]).arg(&wheel).arg("--sdk").arg(&sdk));
}

#[test]
fn check_fails_when_one_character_changes_and_generating_mends_it() {
    let Some(schema) = schema_directory(VERSIONS[0]) else { return };
    let sdk = tempfile::tempdir().unwrap();
    sdk_for(&schema, sdk.path());
    let generate = |check: bool| {
        let mut command = relkit();
        command.args(["generate-types", "--schema-dir"]).arg(&schema).arg("--sdk").arg(sdk.path());
        if check {
            command.arg("--check");
        }
        command
    };
    succeed(&mut generate(true));
    let core = sdk.path().join("src/codex_app_server/generated/core.py");
    let good = fs::read_to_string(&core).unwrap();
    fs::write(&core, good.replacen("agentMessage", "agentMassage", 1)).unwrap();
    fs::write(core.with_file_name("leftover.py"), "").unwrap();
    let stale = run(&mut generate(true));
    assert_eq!(stale.status.code(), Some(1), "{}", text(&stale));
    let shown = String::from_utf8_lossy(&stale.stdout).into_owned();
    assert!(shown.contains("core.py:") && shown.contains("agentMassage") && shown.contains("leftover.py"), "{shown}");
    assert!(shown.ends_with('\n'), "{shown}");
    for start in ["core.py:", "leftover.py:"] {
        assert_eq!(shown.lines().filter(|line| line.contains(start) && !line.starts_with(' ')).count(), 1, "{shown}");
    }
    assert!(!shown.lines().any(|line| line.contains("core.py:") && line.contains("leftover.py:")), "{shown}");
    assert_eq!(fs::read_to_string(&core).unwrap(), good.replacen("agentMessage", "agentMassage", 1), "nothing written");
    succeed(&mut generate(false));
    assert_eq!(fs::read_to_string(&core).unwrap(), good);
    assert!(!core.with_file_name("leftover.py").exists());
}

#[test]
fn check_sees_any_byte_of_any_file() {
    let Some(schema) = schema_directory(VERSIONS[0]) else { return };
    let schema = Schema::load(&schema).unwrap();
    let generated = typegen::from_schema(&schema, VERSIONS[0], "codex_app_server").unwrap();
    let directory = tempfile::tempdir().unwrap();
    typegen::write(&generated, directory.path()).unwrap();
    assert_eq!(typegen::check(&generated, directory.path()).unwrap(), []);
    for (name, text) in &generated.files {
        let path = directory.path().join(name);
        for place in [0, text.len() / 3, text.len() / 2, text.len() - 1] {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = if bytes[place] == b' ' { b'_' } else { b' ' };
            fs::write(&path, bytes).unwrap();
            let found = typegen::check(&generated, directory.path()).unwrap();
            assert_eq!(found.iter().map(|one| &one.path).collect::<Vec<_>>(), [&path], "byte {place}");
        }
        fs::write(&path, text).unwrap();
    }
    assert_eq!(typegen::check(&generated, directory.path()).unwrap(), []);
}

#[test]
fn a_schema_with_experimental_parts_is_told_and_works() {
    let Some(wheel) = wheel(VERSIONS[0]) else { return };
    let directory = tempfile::tempdir().unwrap();
    let experimental = directory.path().join("schema");
    write_schema(&wheel, &experimental, &["--experimental"]);
    let sdk = directory.path().join("sdk");
    fs::create_dir(&sdk).unwrap();
    sdk_for(&experimental, &sdk);
    let package = fs::read_to_string(sdk.join("src/codex_app_server/generated/__init__.py")).unwrap();
    assert!(package.contains("SCHEMA_MODE = \"experimental\""), "{package}");
    let Some(bin) = judges("typegen", JUDGES) else { return };
    let mut judge = Command::new(bin.join("python"));
    succeed(judge.arg(repository().join("tests/typegen/judge.py")).arg(&experimental).arg(sdk.join("src")));
    let stable = schema_directory(VERSIONS[0]).unwrap();
    assert_eq!(Schema::load(&stable).unwrap().mode(), typegen::Mode::Stable);
    let mut mixed = relkit();
    mixed.args(["generate-types", "--schema-dir"]).arg(&experimental).arg("--against").arg(&stable);
    let output = run(&mut mixed);
    assert!(String::from_utf8_lossy(&output.stderr).contains("is stable and that of"), "{}", text(&output));
}

/// What the protocol's history says about 0.144.4 to 0.163.0, written down by hand from the release differences.
const KNOWN_CHANGES: &[(&str, &str, bool)] = &[
    ("method-removed", "thread/rollback", true),
    ("type-removed", "ThreadRollbackParams", true),
    ("type-removed", "ThreadRollbackResponse", true),
    ("field-added", "TurnStartParams.serviceTierForTurn", false),
    ("field-added", "TurnStartParams.toolOutput", false),
    ("field-added", "TurnStartParams.turnTrigger", false),
    ("field-added", "TurnStartParams.disabledPluginIds", false),
    ("field-added", "TurnStartParams.parentTurnId", false),
    ("field-added", "TurnStartParams.rootTurnId", false),
    ("field-added", "ThreadForkParams.excludeTurns", false),
    ("field-added", "ThreadResumeParams.excludeTurns", false),
    ("field-added", "ThreadListParams.excludedThreadIds", false),
    ("field-added", "ThreadListParams.originators", false),
    ("field-added", "ThreadListParams.sectionId", false),
    ("field-added", "Thread.section", false),
    ("field-added", "Thread.originator", false),
    ("field-added", "Thread.model", false),
    ("field-added", "Thread.projectId", false),
    ("field-added", "ThreadStartResponse.disabledPluginIds", false),
    ("field-added", "Turn.rootTurnId", false),
    ("field-added", "AgentMessageThreadItem.delivery", false),
    ("field-added", "AgentMessageThreadItem.questions", false),
];

/// What came with an earlier release than those compared, so it is no change between them.
const OLDER_CHANGES: &[&str] = &[
    "Thread.extra",
    "Thread.parentThreadId",
    "Thread.recencyAt",
    "ThreadForkParams.lastTurnId",
    "ThreadStartResponse.multiAgentMode",
    "TurnStartParams.clientUserMessageId",
    "UserMessageThreadItem.clientId",
];

/// Parameters of the core of the protocol; nothing that they ask for has changed since 0.131.
const CORE_PARAMS: &[&str] = &[
    "InitializeParams",
    "ThreadStartParams",
    "ThreadResumeParams",
    "ThreadForkParams",
    "ThreadReadParams",
    "ThreadListParams",
    "ThreadArchiveParams",
    "ThreadSetNameParams",
    "ThreadCompactStartParams",
    "TurnStartParams",
    "TurnSteerParams",
    "TurnInterruptParams",
    "ModelListParams",
];

#[test]
fn the_drift_report_agrees_with_the_list_made_by_hand() {
    let (Some(old), Some(new)) = (schema_directory("0.144.4"), schema_directory("0.163.0")) else { return };
    let mut command = relkit();
    command.args(["generate-types", "--format", "json", "--schema-dir"]).arg(&new).arg("--against").arg(&old);
    let report: serde_json::Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    assert_eq!(report["schema_version"], 1);
    let changes = report["changes"].as_array().unwrap();
    for (kind, subject, breaking) in KNOWN_CHANGES {
        let found = changes.iter().find(|change| change["kind"] == *kind && change["subject"] == *subject);
        let found = found.unwrap_or_else(|| panic!("{kind} {subject} is not reported"));
        assert_eq!(found["breaking"], *breaking, "{subject}");
    }
    let subject = |change: &serde_json::Value| change["subject"].as_str().unwrap().to_owned();
    for change in changes {
        assert!(!OLDER_CHANGES.contains(&subject(change).as_str()), "{change}");
        let owner = subject(change).split('.').next().unwrap().to_owned();
        assert!(!CORE_PARAMS.contains(&owner.as_str()) || change["breaking"] == false, "{change}");
    }
    let removed = changes.iter().filter(|change| change["kind"] == "method-removed").map(subject);
    assert_eq!(removed.collect::<Vec<_>>(), ["thread/rollback"]);
    let count = |kind: &str| changes.iter().filter(|change| change["kind"] == kind).count();
    // 87 and 105 methods, one of them removed; 68 and 85 notifications, none removed; ten server requests in both.
    assert_eq!((count("method-added"), count("method-removed")), (19, 1));
    assert_eq!((count("notification-added"), count("notification-removed")), (17, 0));
    assert_eq!((count("server-request-added"), count("server-request-removed")), (0, 0));
    let stated = report["breaking"].as_u64().unwrap();
    assert_eq!(stated, changes.iter().filter(|change| change["breaking"] == true).count() as u64);

    let mut same = relkit();
    same.args(["generate-types", "--schema-dir"]).arg(&new).arg("--against").arg(&new);
    let said = succeed(&mut same);
    assert!(said.contains("0 breaking, 0 not breaking") && said.ends_with('\n'), "{said:?}");
    let mut markdown = relkit();
    markdown.args(["generate-types", "--format", "markdown", "--schema-dir"]).arg(&new).arg("--against").arg(&old);
    let notes = succeed(&mut markdown);
    assert!(notes.contains("#### Breaking (") && notes.contains("- `thread/rollback`\n"), "{notes}");
    assert!(notes.ends_with('\n') && !notes.ends_with("\n\n"), "{notes}");
}

/// A schema that no runtime has yet: types that refer to themselves and to each other.
#[test]
fn recursive_types_work() {
    let Some(schema) = schema_directory(VERSIONS[0]) else { return };
    let Some(bin) = judges("typegen", JUDGES) else { return };
    let directory = tempfile::tempdir().unwrap();
    let bundle = "codex_app_server_protocol.schemas.json";
    let mut value: serde_json::Value = serde_json::from_str(&fs::read_to_string(schema.join(bundle)).unwrap()).unwrap();
    let added = serde_json::json!({
        "Tree": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/definitions/Tree"}, "default": []},
            "parent": {"anyOf": [{"$ref": "#/definitions/Tree"}, {"type": "null"}]}}},
        "Ping": {"type": "object", "properties": {"pong": {"$ref": "#/definitions/Pong"}}},
        "Pong": {"type": "object", "properties": {"ping": {"$ref": "#/definitions/Ping"}}},
        "Expression": {"oneOf": [
            {"type": "object", "title": "LiteralExpression", "required": ["type", "value"], "properties": {
                "type": {"enum": ["literal"], "type": "string"}, "value": {"type": "integer"}}},
            {"type": "object", "title": "SumExpression", "required": ["type", "terms"], "properties": {
                "type": {"enum": ["sum"], "type": "string"},
                "terms": {"type": "array", "items": {"$ref": "#/definitions/Expression"}}}}]},
    });
    for (name, definition) in added.as_object().unwrap() {
        value["definitions"][name] = definition.clone();
    }
    let changed = directory.path().join("schema");
    fs::create_dir(&changed).unwrap();
    fs::write(changed.join(bundle), value.to_string()).unwrap();
    let sdk = directory.path().join("sdk");
    fs::create_dir(&sdk).unwrap();
    sdk_for(&changed, &sdk);
    let mut judge = Command::new(bin.join("python"));
    succeed(judge.arg(repository().join("tests/typegen/judge.py")).arg(&changed).arg(sdk.join("src")));
    let program = "import sys; sys.path.insert(0, sys.argv[1])\n\
        from codex_app_server.generated.v2_all import Expression, Tree\n\
        tree = Tree.model_validate({'name': 'a', 'children': [{'name': 'b', 'children': [{'name': 'c'}]}]})\n\
        assert type(tree.children[0].children[0]) is Tree\n\
        sum = {'type': 'sum', 'terms': [{'type': 'literal', 'value': 1}, {'type': 'new'}]}\n\
        terms = Expression.model_validate(sum).root.terms\n\
        assert [type(term.root).__name__ for term in terms] == ['LiteralExpression', 'UnknownExpression']\n";
    succeed(Command::new(bin.join("python")).args(["-c", program]).arg(sdk.join("src")));
    let generated = sdk.join("src/codex_app_server/generated");
    for arguments in [["check", "--no-cache"], ["format", "--check"]] {
        succeed(Command::new(bin.join("ruff")).args(arguments).arg(&generated).current_dir(&sdk));
    }
    let mut mypy = Command::new(bin.join("mypy"));
    mypy.args(["--strict", "--python-version", "3.10", "--follow-imports", "silent", "--cache-dir"]);
    succeed(mypy.arg(sdk.join("cache")).arg(&generated).current_dir(&sdk));
}

#[test]
fn what_has_no_model_is_refused_by_its_pointer() {
    let Some(schema) = schema_directory(VERSIONS[0]) else { return };
    let bundle = "codex_app_server_protocol.v2.schemas.json";
    let whole: serde_json::Value = serde_json::from_str(&fs::read_to_string(schema.join(bundle)).unwrap()).unwrap();
    let try_with = |name: &str, definition: serde_json::Value| {
        let directory = tempfile::tempdir().unwrap();
        let mut changed = whole.clone();
        changed["definitions"][name] = definition;
        fs::write(directory.path().join(bundle), changed.to_string()).unwrap();
        let sdk = repository().join("sdk-template");
        let mut command = relkit();
        let output = run(command
            .args(["generate-types", "--check", "--schema-dir"])
            .arg(directory.path())
            .arg("--sdk")
            .arg(sdk));
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, said) = try_with("Odd", serde_json::json!({"type": "array", "items": [{"type": "string"}]}));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("#/definitions/Odd/items"), "{said}");
    let (code, said) = try_with("ThreadListParams", serde_json::json!({"type": "object", "properties": {}}));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("thread_list") && said.contains("ThreadListParams.archived"), "{said}");
}

#[test]
fn a_source_that_is_none_is_an_error_with_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let sdk = repository().join("sdk-template");
    let broken = directory.path().join("broken.whl");
    fs::write(&broken, b"not a wheel").unwrap();
    let missing = directory.path().join("missing");
    for (flag, path) in [("--schema-dir", directory.path()), ("--codex-bin", &missing), ("--wheel", &broken)] {
        let mut command = relkit();
        let output = run(command.args(["generate-types", "--check", flag]).arg(path).arg("--sdk").arg(&sdk));
        assert!(matches!(output.status.code(), Some(1 | 2)), "{flag}: {}", text(&output));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        assert!(said.starts_with("error: ") && said.contains(&name), "{flag}: {said}");
    }
    assert_eq!(
        SchemaOrigin::of_path(directory.path(), &built_in().runtime),
        SchemaOrigin::Directory(directory.path().to_owned())
    );
}
