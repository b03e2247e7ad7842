//! The table of a product when it is wrong: every fault is told with its key, file and line by every command that reads the
//! product, with exit code 2, and nothing is written.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use proptest::prelude::*;
use regex::Regex;
use relkit::error::{Exit, Failure};
use relkit::product::{Product, ProductChoice, RuntimeProject};
use toml::Value;

use crate::support::{names, relkit, repository, run, succeed, text, tree, write_tree};

/// A table that uses every key.
const TABLE: &str = r#"[project]
name = "filled-in-by-stage-runtime"
version = "0"

[tool.relkit]
distribution = "acme-tool"
module = "acme_tool"
executables = ["acme", "acme-helper"]
release-tags = ["v{version}", "{version}"]
source = "https://host.example/acme/releases/{tag}/{archive}"
checksums = "https://host.example/acme/releases/{tag}/SHA256SUMS"
command = "scripts"
aliases = ["acme-tool"]
supports = ["linux-glibc", "linux-musl", "macos", "windows"]
files = [
    { from = "LICENSE-*", to = "licenses" },
    { from = "doc/acme.1", to = "share/man/man1/" },
]

[tool.relkit.smoke]
level = "command"
version = { args = ["--version"], pattern = '^acme (\S+)' }

[[tool.relkit.smoke.command]]
args = ["word", "text.txt"]
executable = "acme-helper"
files = { "text.txt" = "a word\n" }
stdin = "words"
stdout = "word"
stderr = "^$"
exit = 0
timeout = 10

[[tool.relkit.target]]
triple = "x86_64-unknown-linux-musl"
platform-tag = "musllinux_1_1_x86_64"
also = ["manylinux_2_17_x86_64"]
runner = "ubuntu-24.04"
archive = "acme-{version}-{triple}.tar.gz"

[[tool.relkit.target]]
triple = "aarch64-apple-darwin"
platform-tag = "macosx_11_0_arm64"
runner = "macos-15"
archive = "acme-{version}-{triple}.tar.gz"

[[tool.relkit.accept]]
rule = "elf-pie"
target = "x86_64-unknown-linux-musl"
reason = "it is known"

[[tool.relkit.index]]
name = "test"
upload-url = "https://upload.example/legacy/"
index-url = "https://index.example/simple/"
"#;

fn write_product(directory: &Path, table: &str) {
    write_tree(
        directory,
        &[("runtime-template/pyproject.toml", table), ("runtime-template/src/module/__init__.py", "")],
    );
}

/// What stands in the table, what stands there instead, the line that is named and words of the sentence.
const FAULTS: &[(&str, &str, usize, &str)] = &[
    // Unknown keys, at every level.
    ("executables =", "executabels =", 8, "did you mean `executables`?"),
    ("release-tags =", "release_tags =", 9, "did you mean `release-tags`?"),
    ("from = \"LICENSE-*\"", "form = \"LICENSE-*\"", 16, "did you mean `from`?"),
    ("level = \"command\"", "levle = \"command\"", 21, "did you mean `level`?"),
    ("args = [\"--version\"]", "argz = [\"--version\"]", 22, "did you mean `args`?"),
    ("stdin = \"words\"", "sdtin = \"words\"", 28, "did you mean `stdin`?"),
    ("triple = \"aarch64", "tripel = \"aarch64", 42, "did you mean `triple`?"),
    ("reason =", "raeson =", 50, "did you mean `reason`?"),
    ("index-url =", "index_url =", 55, "did you mean `index-url`?"),
    ("supports =", "qqq = 1\nsupports =", 14, "`qqq` is no key there"),
    // Tables that nothing reads.
    ("[tool.relkit]\n", "[tool.relki]\n", 5, "nothing reads `tool.relki`; did you mean `tool.relkit`?"),
    ("[tool.relkit]\n", "[tools.relkit]\n", 5, "nothing reads `tools.relkit`; did you mean `tool.relkit`?"),
    ("[tool.relkit.smoke]", "[tool.relkit.smok]", 20, "did you mean `smoke`?"),
    ("[[tool.relkit.smoke.command]]", "[[tool.relkit.smoke.comand]]", 24, "did you mean `command`?"),
    ("[[tool.relkit.accept]]", "[[tool.relkit.acept]]", 47, "did you mean `accept`?"),
    // Wrong types and values.
    ("distribution = \"acme-tool\"", "distribution = 1", 6, "invalid type: integer `1`, expected a string"),
    ("distribution = \"acme-tool\"", "distribution = \"-acme\"", 6, "tool.relkit.distribution"),
    ("distribution = \"acme-tool\"\n", "", 5, "missing field `distribution`"),
    ("module = \"acme_tool\"", "module = \"acme-tool\"", 7, "`acme-tool` is not the name of an import package"),
    ("module = \"acme_tool\"", "module = \"class\"", 7, "`class` is not the name of an import package"),
    ("module = \"acme_tool\"", "module = \"trace\"", 7, "`trace` is a module of Python's own"),
    ("executables =", "executable = \"acme\"\nexecutables =", 9, "`executable` stands beside it"),
    ("executables = [\"acme\", \"acme-helper\"]\n", "", 5, "it is missing, and so is `executables`"),
    ("executables = [\"acme\", \"acme-helper\"]", "executables = []", 8, "it names none"),
    ("\"acme\", \"acme-helper\"", "\"acme\", \"ACME\"", 8, "`ACME` stands there twice"),
    ("\"acme\", \"acme-helper\"", "\"acme\", \"bin/helper\"", 8, "`bin/helper` is not the file name of an executable"),
    ("\"acme\", \"acme-helper\"", "\"acme.exe\", \"acme-helper\"", 8, "without `.exe`"),
    ("[\"v{version}\", \"{version}\"]", "[]", 9, "tool.relkit.release-tags"),
    ("[\"v{version}\", \"{version}\"]", "[\"release\"]", 9, "tool.relkit.release-tags"),
    ("[\"v{version}\", \"{version}\"]", "[\"{version}-{version}\"]", 9, "tool.relkit.release-tags"),
    ("https://host.example/acme/releases/{tag}/{archive}", "https://{tag}/x", 10, "is not the URL of files on a host"),
    (
        "https://host.example/acme/releases/{tag}/{archive}",
        "file:///{archive}",
        10,
        "is not the URL of files on a host",
    ),
    ("/{tag}/{archive}\"", "/{tga}/{archive}\"", 10, "`{tga}` is no part of a release"),
    ("/{tag}/SHA256SUMS", "/{tag/SHA256SUMS", 11, "has an open brace"),
    ("command = \"scripts\"", "command = \"script\"", 12, "did you mean `scripts`?"),
    ("command = \"scripts\"", "command = \"none\"", 13, "there is no command"),
    ("aliases = [\"acme-tool\"]", "aliases = [\"acme\"]", 13, "`acme` is an executable's own name"),
    ("aliases = [\"acme-tool\"]", "aliases = [\"x\", \"X\"]", 13, "`X` stands there twice"),
    ("\"windows\"]", "\"window\"]", 14, "did you mean `windows`?"),
    ("from = \"doc/acme.1\"", "from = \"../acme.1\"", 17, "no pattern of paths below the top of the payload"),
    ("from = \"doc/acme.1\"", "from = \"doc/[\"", 17, "tool.relkit.files[1].from"),
    ("to = \"share/man/man1/\"", "to = \"../man/\"", 17, "tool.relkit.files[1].to"),
    ("to = \"share/man/man1/\"", "to = \"/usr/share/\"", 17, "tool.relkit.files[1].to"),
    ("to = \"share/man/man1/\"", "to = \"share\\\\man\"", 17, "tool.relkit.files[1].to"),
    ("to = \"share/man/man1/\"", "to = \"package/../x\"", 17, "tool.relkit.files[1].to"),
    ("to = \"share/man/man1/\"", "to = \"bin/acme-tool\"", 17, "is the place of the command `acme-tool` of this wheel"),
    ("to = \"share/man/man1/\"", "to = \"bin/acme\"", 17, "is the place of the command `acme` of this wheel"),
    ("to = \"share/man/man1/\"", "to = \"Scripts/ACME.exe\"", 17, "is the place of the command `acme`"),
    ("to = \"share/man/man1/\"", "to = \"share/man/man1\"", 17, "end it in a slash, `share/man/man1/`"),
    ("to = \"share/man/man1/\"", "to = \"share\"", 17, "end it in a slash, `share/`"),
    ("to = \"share/man/man1/\"", "to = \"Lib\"", 17, "end it in a slash, `Lib/`"),
    ("to = \"share/man/man1/\"", "to = \"package/__init__.py\"", 17, "the module that the template itself has"),
    ("aliases = [\"acme-tool\"]", "aliases = [\"python3\"]", 13, "`python3` is a command of the environment itself"),
    ("aliases = [\"acme-tool\"]", "aliases = [\"activate.fish\"]", 13, "a command of the environment itself"),
    ("\"acme\", \"acme-helper\"", "\"acme\", \"python3.13t\"", 8, "a command of the environment itself"),
    ("to = \"share/man/man1/\"", "to = \"pyvenv.cfg\"", 17, "a virtual environment"),
    ("to = \"share/man/man1/\"", "to = \"lib/python3.12/site-packages/\"", 17, "the packages of others"),
    ("to = \"share/man/man1/\"", "to = \"bin/python\"", 17, "a program of the environment itself"),
    ("to = \"share/man/man1/\"", "to = \"acme_tool-1.dist-info/RECORD\"", 17, "the metadata of a distribution"),
    (
        "{ from = \"doc/acme.1\", to = \"share/man/man1/\" },",
        "{ from = \"a\", to = \"share/x\" },\n{ from = \"b\", to = \"share/x\" },",
        18,
        "`share/x` is where the row of `a` goes already",
    ),
    (
        "{ from = \"doc/acme.1\", to = \"share/man/man1/\" },",
        "{ from = \"a/x.1\", to = \"share/\" },\n{ from = \"b/x.1\", to = \"share/X.1\" },",
        18,
        "`share/x.1` has the same path where case",
    ),
    ("'^acme (\\S+)'", "'^acme (\\S+'", 22, "tool.relkit.smoke.version.pattern"),
    ("'^acme (\\S+)'", "'acme'", 22, "write it in parentheses, `^acme (\\S+)`"),
    ("level = \"command\"", "level = \"all\"", 21, "`all` is no value there"),
    ("executable = \"acme-helper\"", "executable = \"other\"", 26, "`other` is none of the product's executables"),
    ("\"text.txt\" =", "\"../text.txt\" =", 27, "tool.relkit.smoke.command[0].files"),
    ("stdout = \"word\"", "stdout = \"(\"", 29, "tool.relkit.smoke.command[0].stdout"),
    ("timeout = 10", "timeout = 0", 32, "0 is not a number of seconds"),
    ("timeout = 10", "timeout = -1", 32, "invalid value: integer `-1`"),
    ("timeout = 10", "timeout = 0.5", 32, "`tool.relkit.smoke.command[0].timeout`"),
    ("[\"v{version}\", \"{version}\"]", "\"v{version}\"", 9, "`tool.relkit.release-tags`"),
    ("exit = 0", "exit = \"0\"", 31, "invalid type: string"),
    ("exit = 0", "exit = 256", 31, "no program ends with 256"),
    ("exit = 0", "exit = -1", 31, "no program ends with -1"),
    ("triple = \"aarch64-apple-darwin\"", "triple = \"aarch64 darwin\"", 42, "tool.relkit.target[1].triple"),
    ("\"macosx_11_0_arm64\"", "\"macosx_11_0_x86_64\"", 43, "`macosx_11_0_x86_64` is no tag of `aarch64-apple-darwin`"),
    ("\"macosx_11_0_arm64\"", "\"freebsd_14_0_amd64\"", 43, "is of a platform that relkit has no rules for"),
    ("\"macosx_11_0_arm64\"", "\"macosx_11_0_arm64.macosx_12_0_arm64\"", 43, "`also = [\"macosx_12_0_arm64\"]`"),
    ("aarch64-apple-darwin", "universal2-apple-darwin", 42, "`aarch64-apple-darwin` or `x86_64-apple-darwin`"),
    ("\"macosx_11_0_arm64\"", "\"mac\"", 43, "tool.relkit.target[1].platform-tag"),
    ("also = [\"manylinux_2_17_x86_64\"]", "also = [\"win_amd64\"]", 37, "is no tag of"),
    (
        "also = [\"manylinux_2_17_x86_64\"]",
        "also = [\"manylinux_2_17_x86_64\", \"manylinux_2_17_x86_64\"]",
        37,
        "`manylinux_2_17_x86_64` is a tag of this target already",
    ),
    ("\"acme\", \"acme-helper\"", "\"Grüße\", \"acme-helper\"", 8, "an executable: ASCII letters, digits"),
    (
        "triple = \"aarch64-apple-darwin\"\nplatform-tag = \"macosx_11_0_arm64\"",
        "triple = \"x86_64-unknown-linux-gnu\"\nplatform-tag = \"manylinux2014_x86_64\"",
        43,
        "no tag stands on two wheels",
    ),
    (
        "runner = \"macos-15\"\narchive = \"acme-{version}-{triple}.tar.gz\"",
        "runner = \"macos-15\"",
        41,
        "it has no `archive`, which `source` names",
    ),
    ("aarch64-apple-darwin", "aarch64-aple-darwin", 42, "did you mean `aarch64-apple-darwin`?"),
    (
        "x86_64-unknown-linux-musl\"\np",
        "x86_64-unkown-linux-musl\"\np",
        35,
        "did you mean `x86_64-unknown-linux-musl`?",
    ),
    (
        "x86_64-unknown-linux-musl\"\np",
        "x86_64-unknown-linux-gnu\"\np",
        36,
        "did you mean `x86_64-unknown-linux-musl`?",
    ),
    (
        "x86_64-unknown-linux-musl\"\np",
        "arm64e-apple-darwin\"\np",
        35,
        "`arm64e-apple-darwin` is a target that relkit does not know",
    ),
    ("runner = \"macos-15\"", "runner = \" \"", 44, "` ` is not the label of a runner"),
    ("runner = \"macos-15\"", "runner = []", 44, "it names no label of a runner"),
    ("runner = \"macos-15\"", "runner = 15", 44, "expected the label of a runner, or a list of labels"),
    ("runner = \"macos-15\"", "runner = [\"self-hosted\", \"a]: b\"]", 44, "`a]: b` is not the label of a runner"),
    (
        "runner = \"macos-15\"",
        "runner = \"[self-hosted, linux]\"",
        44,
        "several are a list, `[\"self-hosted\", \"linux\"]`",
    ),
    ("runner = \"macos-15\"", "runner = \"${{ x }}\"", 44, "is not the label of a runner"),
    ("runner = \"macos-15\"", "runner = \"a\\nb\"", 44, "`a\\nb` is not the label of a runner"),
    ("runner = \"macos-15\"", "runner = \"ubuntu-24-04\"", 44, "differ in signs alone"),
    (
        "target = \"x86_64-unknown-linux-musl\"",
        "target = \"i686-pc-windows-msvc\"",
        49,
        "is not a target of this template",
    ),
    (
        "target = \"x86_64-unknown-linux-musl\"",
        "target = \"x86_64-unknown-linux-mulse\"",
        49,
        "did you mean `x86_64-unknown-linux-musl`?",
    ),
    ("reason = \"it is known\"", "reason = \"  \"", 50, "this one is empty"),
    ("https://upload.example/legacy/", "upload.example", 54, "tool.relkit.index[0].upload-url"),
    ("https://upload.example/legacy/", "ftp://upload.example", 54, "it is not the URL of a server"),
    ("name = \"test\"", "name = \"\"", 53, "is empty, no line of text, or stands there twice"),
    ("name = \"test\"", "name = \"a\\nb\"", 53, "`a\\nb` is empty, no line of text"),
    // What TOML lets a key or value hold adds no line to an error.
    ("supports =", "\"qqq\\nhint: b\" = 1\nsupports =", 14, "unknown field `qqq\\nhint: b`, expected one of"),
    ("supports =", "\"qqq\\nhint: b\" = 1\nsupports =", 14, "hint: `qqq\\nhint: b` is no key there"),
    ("level = \"command\"", "level = \"x\\ny\"", 21, "unknown variant `x\\ny`"),
    ("level = \"command\"", "level = \"x\\ny\"", 21, "hint: `x\\ny` is no value there"),
    ("command = \"scripts\"", "command = \"\\u202e\\n\"", 12, "unknown variant `\\u{202e}\\n`"),
    ("module = \"acme_tool\"", "module = \"a\\nb\"", 7, "`a\\nb` is not the name of an import package"),
    // What is no TOML.
    ("module = \"acme_tool\"", "module = \"acme_tool", 7, "TOML parse error"),
    ("module =", "distribution =", 7, "duplicate key"),
];

#[test]
fn each_fault_has_its_sentence() {
    RuntimeProject::from_pyproject(TABLE, "pyproject.toml").unwrap();
    let mut wrong = Vec::new();
    for (from, to, line, words) in FAULTS {
        assert!(TABLE.contains(from), "{from}");
        let table = TABLE.replacen(from, to, 1);
        let Err(error) = RuntimeProject::from_pyproject(&table, "runtime-template/pyproject.toml") else {
            wrong.push(format!("{to:?} is taken"));
            continue;
        };
        let failure = Failure::from(error);
        let told = failure.render();
        let good = failure.exit == Exit::Failed
            && told.contains("runtime-template/pyproject.toml")
            && told.contains(&format!("line {line}"))
            && told.contains(words)
            && told.contains("hint: ");
        if !good {
            wrong.push(format!("{to:?} (line {line}, {words}): {told}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// A level that would try nothing is no level.
#[test]
fn a_level_without_commands_is_refused() {
    let (start, rest) = TABLE.split_once("[[tool.relkit.smoke.command]]").unwrap();
    let (_, end) = rest.split_once("[[tool.relkit.target]]").unwrap();
    let table = format!("{start}[[tool.relkit.target]]{end}");
    let told = Failure::from(RuntimeProject::from_pyproject(&table, "the/pyproject.toml").unwrap_err()).render();
    assert!(told.contains("line 21: tool.relkit.smoke.level") && told.contains("nothing but the version"), "{told}");
    RuntimeProject::from_pyproject(&table.replace("level = \"command\"\n", ""), "pyproject.toml").unwrap();
}

#[test]
fn every_command_that_reads_a_product_refuses_a_bad_table_and_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let commands: &[&[&str]] = &[
        &["matrix"],
        &["workflow"],
        &["workflow", "--out", "out.yml"],
        &["completions", "bash"],
        &["stage-runtime", "out", "payload", "--release-version", "1.0"],
        &["stage-sdk", "out", "--release-version", "1.0"],
        &["check", "dist"],
        &["smoke", "payload"],
        &["smoke", "payload", "--receipt", "receipt.json"],
        &["verify", "dist", "--release-version", "1.0", "--manifest", "manifest.json"],
        &["publish", "dist", "--release-version", "1.0", "--upload-url", "http://127.0.0.1:9/", "--plan", "plan.json"],
        &["publish", "dist", "--release-version", "1.0", "--index", "test", "--dry-run"],
        &["release", "--release-version", "1.0", "--payload", "payload", "--out-dir", "out", "--report", "report.html"],
        &["release", "--release-version", "1.0", "--download", "--out-dir", "out"],
        &["fetch", "--target", "x86_64-unknown-linux-musl", "--release-version", "1.0", "--out", "out"],
    ];
    for (from, to, line, key) in [
        ("executables =", "executabels =", 8, "executabels"),
        ("to = \"share/man/man1/\"", "to = \"../man/\"", 17, "tool.relkit.files[1].to"),
        ("module = \"acme_tool\"", "module = \"acme_tool", 7, "acme_tool"),
    ] {
        write_product(&root.join("product"), &TABLE.replacen(from, to, 1));
        write_tree(root, &[("payload", "#!/bin/sh\n"), ("dist/acme_tool-1.0-py3-none-any.whl", "")]);
        let before = tree(root);
        for command in commands {
            for by_option in [true, false] {
                let mut relkit = relkit();
                relkit.args(*command);
                // Found from where one stands, or named.
                if by_option {
                    relkit.args(["--product", "product"]).current_dir(root);
                } else {
                    relkit.args(["--product", "."]).current_dir(root.join("product"));
                }
                let output = run(&mut relkit);
                let said = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_eq!(output.status.code(), Some(2), "{command:?}: {}", text(&output));
                assert!(output.stdout.is_empty(), "{command:?}: {}", text(&output));
                for word in ["runtime-template/pyproject.toml", &format!("line {line}"), key, "hint: "] {
                    assert!(said.contains(word), "{command:?}: no `{word}` in {said}");
                }
                assert_eq!(tree(root), before, "{command:?}");
            }
        }
    }
}

/// The places of a table, each as a way down to it.
fn places(value: &Value, way: &[String], found: &mut Vec<Vec<String>>) {
    let mut each = |key: String, value: &Value| {
        let way = [way, &[key]].concat();
        found.push(way.clone());
        places(value, &way, found);
    };
    match value {
        Value::Table(table) => table.iter().for_each(|(key, value)| each(key.clone(), value)),
        Value::Array(values) => values.iter().enumerate().for_each(|(index, value)| each(index.to_string(), value)),
        _ => {}
    }
}

fn at<'a>(value: &'a mut Value, way: &[String]) -> &'a mut Value {
    way.iter().fold(value, |value, key| match value {
        Value::Table(table) => table.get_mut(key).unwrap(),
        Value::Array(values) => &mut values[key.parse::<usize>().unwrap()],
        _ => panic!("{key}"),
    })
}

#[derive(Debug, Clone)]
enum Change {
    Delete,
    Rename(String),
    Replace(Value),
    Add(String, Value),
    Twice,
    Deep(usize),
}

fn wild() -> impl Strategy<Value = Value> {
    let texts = prop_oneof![
        ".{0,12}",
        "[a-z{}/.:*\\[\\]()\\\\-]{0,16}",
        Just("\u{0}".to_owned()),
        Just("a\u{202e}b\u{1b}[31m\n".to_owned()),
        Just("../".repeat(40)),
        Just("x".repeat(70_000)),
        Just("(a*)*{1000}{1000}".to_owned()),
        Just("{version}".to_owned()),
    ];
    let leaf = prop_oneof![
        4 => texts.prop_map(Value::String),
        1 => any::<i64>().prop_map(Value::Integer),
        1 => any::<bool>().prop_map(Value::Boolean),
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), any::<f64>()].prop_map(Value::Float),
        1 => Just(Value::Datetime("1979-05-27T07:32:00Z".parse().unwrap())),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z-]{0,6}", inner, 0..4)
                .prop_map(|table| Value::Table(table.into_iter().collect())),
        ]
    })
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        2 => Just(Change::Delete),
        2 => "[a-z_-]{1,12}".prop_map(Change::Rename),
        6 => wild().prop_map(Change::Replace),
        2 => ("[a-z-]{1,8}", wild()).prop_map(|(key, value)| Change::Add(key, value)),
        1 => Just(Change::Twice),
        1 => (1usize..70).prop_map(Change::Deep),
    ]
}

fn apply(root: &mut Value, way: &[String], change: &Change) {
    let Some((key, above)) = way.split_last() else { return };
    match change {
        Change::Replace(value) => *at(root, way) = value.clone(),
        Change::Deep(depth) => {
            let mut value = Value::Integer(1);
            for _ in 0..*depth {
                value = Value::Array(vec![value]);
            }
            *at(root, way) = value;
        }
        Change::Add(key, value) => {
            if let Value::Table(table) = at(root, way) {
                table.insert(key.clone(), value.clone());
            }
        }
        Change::Delete | Change::Rename(_) | Change::Twice => match (at(root, above), change) {
            (Value::Table(table), Change::Delete) => drop(table.remove(key)),
            (Value::Table(table), Change::Rename(name)) => {
                let value = table.remove(key).unwrap();
                table.insert(name.clone(), value);
            }
            (Value::Array(values), Change::Delete) => drop(values.remove(key.parse::<usize>().unwrap())),
            (Value::Array(values), Change::Twice) => {
                let value = values[key.parse::<usize>().unwrap()].clone();
                values.push(value);
            }
            _ => {}
        },
    }
}

/// A product, or an error that says in which file, at which line, and about which key.
fn holds(table: &str) -> Result<(), String> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"line \d+").unwrap());
    let Err(error) = RuntimeProject::from_pyproject(table, "the/pyproject.toml") else { return Ok(()) };
    let failure = Failure::from(error);
    let told = failure.render();
    let names_key = told.contains("tool.relkit") || told.contains('`');
    let shown = !told.chars().any(|character| character.is_control() && character != '\n' || character == '\u{202e}');
    match failure.exit == Exit::Failed
        && told.contains("the/pyproject.toml")
        && LINE.is_match(&told)
        && names_key
        && shown
    {
        true => Ok(()),
        false => Err(told),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn a_mutated_table_is_a_product_or_a_clear_error(
        changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..4),
    ) {
        let mut root: Value = Value::Table(TABLE.parse().unwrap());
        for (index, change) in changes {
            let mut found = Vec::new();
            places(&root, &[], &mut found);
            let relkit: Vec<_> = found.into_iter().filter(|way| way.len() > 2 && way[1] == "relkit").collect();
            if !relkit.is_empty() {
                apply(&mut root, &relkit[index.index(relkit.len())], &change);
            }
        }
        let table = toml::to_string(&root).unwrap();
        prop_assert!(holds(&table).is_ok(), "{table}\n{}", holds(&table).unwrap_err());
    }

    #[test]
    fn a_mutated_text_is_a_product_or_a_clear_error(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0usize..30, ".{0,6}|\\[+|\"\"\"|= *|\n"), 1..4),
    ) {
        let mut table = TABLE.to_owned();
        for (index, length, text) in edits {
            let start = index.index(table.len() + 1);
            let end = (start + length).min(table.len());
            if table.is_char_boundary(start) && table.is_char_boundary(end) {
                table.replace_range(start..end, &text);
            }
        }
        prop_assert!(holds(&table).is_ok(), "{table}\n{}", holds(&table).unwrap_err());
    }
}

#[test]
fn what_is_deeply_nested_or_no_text_is_refused() {
    for (open, close) in [("[", "]"), ("{a=", "}")] {
        let value = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        for table in [
            format!("{TABLE}\n[tool.other]\nx = {value}\n"),
            TABLE.replace("aliases = [\"acme-tool\"]", &format!("aliases = {value}")),
        ] {
            // Where it stands is not said: the parser gives up.
            let told =
                Failure::from(RuntimeProject::from_pyproject(&table, "the/pyproject.toml").unwrap_err()).render();
            assert!(told.contains("the/pyproject.toml") && told.contains("recurs"), "{told}");
        }
    }
    let dotted = format!("[tool.{}relkit]\n", "a.".repeat(20_000));
    assert!(RuntimeProject::from_pyproject(&dotted, "the/pyproject.toml").is_err());
    let directory = tempfile::tempdir().unwrap();
    for bytes in [&b"\xff\xfe[tool.relkit]"[..], b"", b"\xef\xbb\xbf", b"[tool]\n", b"[tool.relkit]\n", &[0; 1000]] {
        write_tree(directory.path(), &[("runtime-template/pyproject.toml", bytes)]);
        let choice = ProductChoice { product: Some(directory.path()), ..ProductChoice::default() };
        let failure = Failure::from(Product::find(choice, directory.path()).unwrap_err());
        assert_eq!(failure.exit, Exit::Failed);
        assert!(failure.render().contains("pyproject.toml"), "{}", failure.render());
    }
}

/// The product that is meant: named, the nearest upward, or the built-in one.
#[test]
fn the_nearest_product_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().canonicalize().unwrap();
    let product = |place: &str, name: &str| {
        write_product(&root.join(place), &TABLE.replace("\"acme-tool\"\nmodule", &format!("\"{name}\"\nmodule")));
    };
    product("outer", "outer-tool");
    product("outer/inner", "inner-tool");
    // Not a product: a project of somebody else's that has a directory of that name.
    write_tree(&root, &[("outer/inner/other/runtime-template/pyproject.toml", "[project]\nname = \"x\"\n")]);
    fs::create_dir_all(root.join("outer/inner/other/deep")).unwrap();
    fs::create_dir_all(root.join("outer/beside")).unwrap();
    write_tree(&root, &[("outer/dist/other_tool-1.0-py3-none-any.whl", "")]);
    let of = |place: &str, arguments: &[&str]| {
        let mut verify = relkit();
        verify.args(["verify", "--release-version", "1.0", "--format", "json"]).arg(root.join("outer/dist"));
        let output = run(verify.args(arguments).current_dir(root.join(place)));
        let report = crate::support::json(&output);
        report["product"].as_str().unwrap_or_else(|| panic!("{}", text(&output))).to_owned()
    };
    assert_eq!(of("outer", &[]), "outer-tool");
    assert_eq!(of("outer/beside", &[]), "outer-tool");
    assert_eq!(of("outer/inner", &[]), "inner-tool");
    assert_eq!(of("outer/inner/other/deep", &[]), "inner-tool");
    assert_eq!(of("outer/inner/runtime-template", &[]), "inner-tool");
    assert_eq!(of("outer/inner", &["--product", ".."]), "outer-tool");
    assert_eq!(of(".", &[]), "openai-codex-cli-bin");
    // A broken product nearby is not passed over, nor one whose table is misspelt throughout.
    write_product(&root.join("outer/inner/other"), &TABLE.replace("tool.relkit", "tool.rellkit"));
    let output = run(relkit().arg("matrix").current_dir(root.join("outer/inner/other/deep")));
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("line 5: tool.rellkit"), "{said}");
    write_product(&root.join("outer/inner/other"), "[tool.relkit]\nexecutabel = 1\n");
    let output = run(relkit().arg("matrix").current_dir(root.join("outer/inner/other/deep")));
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    for (place, words) in [
        ("none", "No such file"),
        ("outer/beside", "is no product"),
        ("outer/dist/other_tool-1.0-py3-none-any.whl", ""),
    ] {
        let output = run(relkit().arg("matrix").arg("--product").arg(root.join(place)));
        assert!(output.status.code() == Some(2) && text(&output).contains(words), "{place}: {}", text(&output));
    }
}

/// An SDK serves the runtime that it names, and no other.
#[test]
fn an_sdk_of_another_product_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    write_product(&root.join("product"), TABLE);
    let codex = repository().join("sdk-template");
    for command in ["matrix", "workflow"] {
        succeed(relkit().args([command, "--product", "product"]).current_dir(root));
    }
    let mut release = relkit();
    release.args([
        "release",
        "--release-version",
        "1.0",
        "--payload",
        "none",
        "--out-dir",
        "out",
        "--product",
        "product",
    ]);
    let output = run(release.arg("--sdk-template").arg(&codex).current_dir(root));
    let said = text(&output);
    assert!(output.status.code() == Some(2) && said.contains("is the SDK of another product"), "{said}");
    assert!(said.contains("`openai-codex-cli-bin`") && said.contains("`acme-tool`"), "{said}");
    // A product without one says so.
    let output =
        run(relkit().args(["stage-sdk", "out", "--release-version", "1.0", "--product", "product"]).current_dir(root));
    assert!(output.status.code() == Some(2) && text(&output).contains("SDK"), "{}", text(&output));
    write_tree(
        &root.join("product/sdk-template"),
        &[("pyproject.toml", fs::read(codex.join("pyproject.toml")).unwrap())],
    );
    for command in [
        &["matrix"][..],
        &["stage-sdk", "out", "--release-version", "1.0"],
        &["verify", "dist", "--release-version", "1.0"],
    ] {
        let output = run(relkit().args(command).args(["--product", "product"]).current_dir(root));
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", text(&output));
        assert!(text(&output).contains("is the SDK of another product"), "{command:?}: {}", text(&output));
    }
    assert_eq!(names(root), ["product"]);
}
