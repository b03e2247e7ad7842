//! Text from outside in everything that relkit prints or writes: no name, value or answer drives a terminal, adds a line, gives
//! a command to a build service, or becomes markup.

use std::ffi::OsStr;
use std::fs;
use std::io::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::samples::archive::{TarMember, gzip, tar, zip_of};
use crate::samples::binary::{elf, glibc_elf};
use crate::samples::dependencies::{dep_v0, elf_with};
use crate::samples::wheel::{INFO, linux, linux_program, linux_with};
use crate::support::http::{Head, response, serve};
use crate::support::index::{Fault, ScriptedIndex};
use crate::support::{publish, relkit, run, set_mode, text, write, write_tree};

/// C0, C1, DEL, turned and ended lines, commands of build services, lines that would be ours, HTML and Markdown.
const HOSTILE: &str = "x\u{1b}]0;t\u{7}\u{1b}[31m\u{9b}2J\u{7f}\u{8}\u{b}\u{c}\u{202e}\u{2066}\u{61c}\u{2028}\u{2029}\u{85}\r::error::\
    forged\n::add-mask::forged\n  ::error::forged\n##[error]forged\nforged: a\n# forged\nhint: forged\n\n| forged | ``` `<img src=forged> \
    [forged](forged) ![forged](forged) ``````\n~~~\n* **forged**";

/// One line of it, as file names that are not to be absurd and lines of formats have it.
const LINE: &str = "x\u{1b}]0;t\u{7}\u{9b}2J\u{7f}\u{202e}\u{2028}\u{85}##[error]forged `<img src=forged> [forged](forged) ``` ::error::forged";

/// What fits into the header of a tar archive and into a directory.
const NAME: &str = "x\u{1b}[2J\u{9b}\u{202e}\n::error::forged\n##[a]\nforged: a\nhint: forged\n# forged\r";

fn is_hidden(character: char) -> bool {
    character.is_control() && character != '\n'
        || matches!(character,
            '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text of ours holds what only somebody else would have written.
#[track_caller]
fn assert_plain(what: &str, bytes: &[u8]) {
    let said = std::str::from_utf8(bytes).unwrap_or_else(|error| panic!("{what}: {error}"));
    assert!(!said.contains(is_hidden), "{what}: {said:?}");
    for line in said.lines() {
        let begun = line.trim_start();
        let is_ours = ["::error file=", "::error title=", "::warning file=", "::warning title=", "::notice title="];
        let is_ours = what.contains("github") && is_ours.iter().any(|start| line.starts_with(start));
        let commands = begun.starts_with("::") && !is_ours || line.contains("##[");
        let adds = ["forged: a", "# forged", "hint: forged", "| forged", "* **forged"]
            .iter()
            .any(|start| begun.starts_with(start));
        assert!(!commands && !adds, "{what}: {line:?} in {said}");
        if is_ours {
            assert!(!line.contains("%0Ahint: forged") && !line.contains("%0A::"), "{what}: {line:?}");
        }
    }
}

/// Whether Markdown has none of their markup.
#[track_caller]
fn assert_no_markup(what: &str, bytes: &[u8]) {
    assert_plain(what, bytes);
    let said = std::str::from_utf8(bytes).unwrap();
    let mut heading = false;
    for event in Parser::new_ext(said, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
        let forged = match &event {
            Event::Start(Tag::Heading { .. }) => {
                heading = true;
                false
            }
            Event::End(_) => {
                heading = false;
                false
            }
            Event::Text(text) => heading && text.trim() == "forged",
            Event::Html(html) | Event::InlineHtml(html) => html.contains("forged"),
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => &**dest_url == "forged",
            Event::Start(Tag::CodeBlock(_) | Tag::Strikethrough) => true,
            _ => false,
        };
        assert!(!forged, "{what}: {event:?} in {said}");
    }
}

/// Runs a command that may come to any end but a panic, and looks at all that it says.
#[track_caller]
fn hear(root: &Path, arguments: &[&OsStr]) -> Output {
    let mut command = relkit();
    command.current_dir(root).args(arguments).env("HOME", root);
    heard(&mut command)
}

#[track_caller]
fn heard(command: &mut Command) -> Output {
    let output = run(command);
    let what = format!("{:?}", command.get_args().collect::<Vec<_>>());
    assert!(output.status.code().is_some_and(|code| code <= 2), "{what}: {}", text(&output));
    assert_plain(&what, &output.stdout);
    assert_plain(&what, &output.stderr);
    output
}

macro_rules! say {
    ($root:expr, $($argument:expr),+ $(,)?) => {
        hear($root, &[$(AsRef::<OsStr>::as_ref(&$argument)),+])
    };
}

fn json_of(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Wheels that hold the text wherever something of theirs may be shown, and others that bear it as their name.
fn wheels(directory: &Path) -> Vec<PathBuf> {
    let json = json_of(HOSTILE);
    let listed = dep_v0(&format!(
        "{{\"packages\":[{{\"name\":{json},\"version\":\"1.0.0\",\"source\":{json},\"kind\":\"runtime\",\"root\":true}},\
         {{\"name\":\"b\",\"version\":\"1.0.0\",\"source\":{json}}}]}}"
    ));
    let mut needy = glibc_elf();
    (needy.interpreter, needy.runpath, needy.soname) = (Some(HOSTILE), Some(HOSTILE), Some(HOSTILE));
    needy.needed = vec![HOSTILE, "libc.so.6"];
    needy.undefined = vec![(HOSTILE, false)];
    needy.versions = vec![("libc.so.6", HOSTILE, false, vec![(HOSTILE, false)])];
    let folded = HOSTILE.replace('\n', "\n ");
    let field = |name: &str| linux().metadata(&format!("{name}: "), &format!("{name}: {folded}"));
    let info = |file: &str, value: &str| linux().and(&format!("{INFO}/{file}"), value, 0o100644);
    let mut odd = linux();
    odd.wheel = format!(
        "Wheel-Version: {LINE}\nGenerator: {LINE}\nRoot-Is-Purelib: {LINE}\nTag: {LINE}\n{LINE}: {LINE}\n{LINE}\n"
    );
    let mut package = linux();
    package.entries[1].data =
        format!("{{\"layoutVersion\":1,\"version\":{json},\"target\":{json},\"entrypoint\":{json},{json}:{json}}}")
            .into();
    let samples = [
        linux().and(HOSTILE, "x", 0o100644),
        linux().and(&format!("codex_cli_bin/{HOSTILE}"), linux_program(), 0o100755),
        linux_with(needy.build()),
        linux_with(elf_with(".dep-v0", &listed)),
        field("Name"),
        field("Version"),
        field("Summary"),
        field("License-Expression"),
        field("License-File"),
        field("Classifier"),
        field("Requires-Python"),
        field("Project-URL"),
        field("Description-Content-Type"),
        linux().metadata(
            "Summary: A program\n",
            &format!("Requires-Dist: {folded}\n{LINE}: {LINE}\n{LINE}\nSummary: A\n"),
        ),
        linux().metadata("# A program", &format!("[x]: <{HOSTILE}>\n![a]({LINE})")),
        linux().record(|record| format!("{record}\"{HOSTILE}\",{LINE},{LINE}\n{LINE}\n")),
        info("entry_points.txt", &format!("[{LINE}]\n{LINE} = {LINE}\n[console_scripts]\n{LINE} = {LINE}:{LINE}\n")),
        info(
            &format!("sboms/{LINE}.cdx.json"),
            &format!("{{\"bomFormat\":{json},\"specVersion\":{json},\"components\":{json}}}"),
        ),
        linux().and(&format!("codex_cli_bin/{LINE}.py"), format!("#!{HOSTILE}\n"), 0o100755),
        odd,
        package,
    ];
    let mut made = Vec::new();
    for (number, sample) in samples.iter().enumerate() {
        let folder = directory.join(number.to_string());
        fs::create_dir_all(&folder).unwrap();
        made.push(write(&folder, &sample.file_name, sample.build()));
    }
    let named = |name: String, bytes: &[u8]| {
        let path = directory.join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let (good, one_line) = (linux().build(), LINE.replace('/', ""));
    made.push(named(format!("{HOSTILE}-1.0-py3-none-any.whl").chars().take(120).collect::<String>() + ".whl", &good));
    made.push(named(format!("a-{one_line}-py3-none-any.whl"), &good));
    made.push(named(format!("a-1.0-py3-none-{one_line}.whl"), b"no zip"));
    made
}

fn sdists(directory: &Path) -> Vec<PathBuf> {
    let file = |name: &str, data: &str| TarMember::file(name, data);
    let info = format!(
        "Metadata-Version: 2.4\nName: {LINE}\nVersion: {LINE}\nRequires-Dist: {LINE}\nLicense-File: {LINE}\n{LINE}\n"
    );
    let members = [
        file("a-1.0/PKG-INFO", &info),
        file("a-1.0/pyproject.toml", &format!("[{LINE}\n")),
        file(&format!("a-1.0/{NAME}"), "x"),
        file(NAME, "x"),
        TarMember::special("a-1.0/link", tar::EntryType::Symlink, NAME),
    ];
    let bytes = gzip(&tar(&members));
    ["a-1.0.tar.gz".to_owned(), format!("a-{LINE}.tar.gz")].map(|name| write(directory, &name, &bytes)).into()
}

#[test]
fn of_distributions_and_programs() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let mut subjects = wheels(root);
    subjects.extend(sdists(root));
    for subject in &subjects {
        for format in ["text", "json", "github"] {
            say!(root, "check", subject, "--format", format, "--receipt", "receipt.json");
            if let Ok(receipt) = fs::read(root.join("receipt.json")) {
                assert_plain("receipt", &receipt);
            }
        }
        for format in ["text", "json"] {
            say!(root, "inspect", subject, "--format", format);
            say!(root, "coverage", subject, "--format", format);
        }
        say!(root, "retag", subject, "--platform-tag", "musllinux_1_1_x86_64", "--out-dir", "retagged");
        say!(root, "build", subject);
        say!(root, "smoke", subject, "--timeout", "5", "--format", "github");
    }
    let needy = root.join(LINE);
    let mut program = glibc_elf();
    program.needed = vec![HOSTILE];
    fs::write(&needy, program.build()).unwrap();
    set_mode(&needy, 0o755);
    for format in ["text", "json"] {
        say!(root, "inspect", needy, "--format", format);
        say!(root, "coverage", LINE, HOSTILE, "--format", format);
    }
    for command in ["check", "inspect", "build", "smoke", "rule", "workflow", "init", HOSTILE] {
        say!(root, command, HOSTILE);
        say!(root, command, format!("--{HOSTILE}"));
        say!(root, command, format!("--format={HOSTILE}"));
        say!(root, command, "--format=json", HOSTILE);
        say!(root, command, OsStr::from_bytes(b"a\xff\xfe\x9b\x1b[2J"));
    }
}

#[test]
fn of_programs_that_speak() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let words = write(root, "words", format!("{HOSTILE}\u{1b}[2J\n").as_bytes());
    let raw = write(root, "raw", b"codex \xff\xfe\x9b2J\x1b]0;t\x07 0.163.0\n::error::forged\n##[error]forged\n");
    for (number, source) in [words, raw].into_iter().enumerate() {
        for (end, exit) in [("out", 0), ("err", 3), ("both", 3)] {
            let name = format!("codex-{number}-{end}");
            let to = if end == "err" { "1>&2" } else { "" };
            let script = format!("#!/bin/sh\ncat '{0}' {to}\ncat '{0}' >&2\nexit {exit}\n", source.display());
            let program = write(root, &name, script);
            set_mode(&program, 0o755);
            for format in ["text", "json", "github"] {
                for level in ["version", "handshake"] {
                    say!(
                        root,
                        "smoke",
                        program,
                        "--level",
                        level,
                        "--format",
                        format,
                        "--timeout",
                        "5",
                        "--expect-version",
                        LINE,
                        "--receipt",
                        "smoke.json"
                    );
                    if let Ok(receipt) = fs::read(root.join("smoke.json")) {
                        assert_plain("receipt", &receipt);
                    }
                }
            }
            say!(root, "generate-types", "--codex-bin", program, "--sdk", root);
        }
    }
}

#[test]
fn of_releases_and_their_receipts() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir_all(root.join("receipts")).unwrap();
    let json = json_of(HOSTILE);
    wheels(&root.join("dist"));
    for entry in fs::read_dir(root.join("dist")).unwrap().flatten() {
        for below in fs::read_dir(entry.path()).into_iter().flatten().flatten() {
            let _ = fs::copy(below.path(), root.join("dist").join(below.file_name()));
        }
        if entry.path().is_dir() {
            fs::remove_dir_all(entry.path()).unwrap();
        }
    }
    fs::write(root.join("dist").join(LINE), "x").unwrap();
    let receipt = format!(
        "{{\"schema_version\":1,\"outcome\":\"failed\",\"level\":\"handshake\",\"wheel\":{{\"name\":{json},\"sha256\":\"{}\"}},\
         \"version\":{json},\"platform\":{json},\"steps\":[{{\"name\":{json},\"outcome\":\"failed\",\"milliseconds\":1,\
         \"detail\":{json}}}],\"stderr_tail\":{json}}}",
        "0".repeat(64)
    );
    let name = LINE.replace('/', "");
    write_tree(
        &root.join("receipts"),
        &[
            (&*format!("{name}.json"), receipt.clone()),
            ("broken.json", format!("{{\"schema_version\":{json}")),
            ("other.json", receipt.replace("\"failed\",\"level\":\"handshake\"", &format!("{json},\"level\":{json}"))),
        ],
    );
    for format in ["text", "json", "github"] {
        say!(
            root,
            "verify",
            "dist",
            "--codex-version",
            "0.163.0",
            "--receipts",
            "receipts",
            "--format",
            format,
            "--manifest",
            "manifest.json"
        );
        assert_plain("manifest", &fs::read(root.join("manifest.json")).unwrap_or_default());
    }
    say!(root, "publish", "dist", "--codex-version", "0.163.0", "--upload-url", "http://127.0.0.1:9/", "--dry-run");
    say!(root, "publish", "dist", "--codex-version", HOSTILE, "--upload-url", HOSTILE, "--dry-run");
    for plan in [format!("{{\"schema_version\":1,\"files\":{json},{json}:{json}}}"), json] {
        fs::write(root.join("plan.json"), plan).unwrap();
        say!(
            root,
            "publish",
            "dist",
            "--codex-version",
            "0.163.0",
            "--plan",
            "plan.json",
            "--receipt",
            "plan.json",
            "--upload-url",
            "http://127.0.0.1:9/"
        );
    }
}

#[test]
fn of_servers() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    publish::dist(&root.join("dist"), "x");
    let index = ScriptedIndex::start();
    let upload = format!("{}/legacy/", index.address);
    for body in [
        HOSTILE.to_owned(),
        format!("<title>{HOSTILE}</title><p>{HOSTILE}"),
        format!("{{\"message\":{}}}", json_of(HOSTILE)),
    ] {
        for format in ["text", "json"] {
            index.faults([Fault::answer("400 Bad\u{1b}[31m ::error::forged", "X-Odd: \u{9b}\r\n", &body)]);
            let mut command = relkit();
            command.current_dir(root).args(["publish", "dist", "--codex-version", "0.163.0", "--upload-url", &upload]);
            command.args(["--format", format, "--receipt", "receipt.json"]).env("RELKIT_TOKEN", publish::TOKEN);
            heard(&mut command);
            assert_plain("receipt", &fs::read(root.join("receipt.json")).unwrap_or_default());
        }
    }
    for (headers, body) in [
        (
            "Content-Type: text/html\r\n",
            format!(
                "<!doctype html><a href=\"{HOSTILE}\">{HOSTILE}</a><a href=\"../a-1.0-py3-none-any.whl#sha256={LINE}\">{LINE}</a>"
            ),
        ),
        (
            "Content-Type: application/vnd.pypi.simple.v1+json\r\n",
            format!(
                "{{\"meta\":{{\"api-version\":{0}}},\"name\":{0},\"files\":[{{\"filename\":{0},\"url\":{0},\"hashes\":{{{0}:{0}}}}}]}}",
                json_of(HOSTILE)
            ),
        ),
        ("Content-Type: \u{a0}##[error]\r\n", HOSTILE.to_owned()),
    ] {
        for status in ["200 OK", "404 \u{202e}##[error]forged"] {
            let (status, headers, body) = (status.to_owned(), headers.to_owned(), body.clone());
            let address = serve(move |mut stream| {
                Head::read(&mut stream)?;
                stream.write_all(response(&status, &headers, &body).as_bytes())
            });
            for format in ["text", "json"] {
                say!(root, "check", "a==1.0", "--index-url", address, "--format", format);
            }
            say!(root, "fetch", format!("{address}/{}", "x%1b%0a"), "--no-digest", "--out", "fetched");
            say!(root, "fetch", format!("{address}/x"), "--checksums", format!("{address}/list"), "--out", "fetched");
            fs::write(root.join("list"), HOSTILE).unwrap();
            say!(root, "fetch", format!("{address}/x"), "--checksums", "list", "--out", "fetched");
        }
    }
    let moved = serve(|mut stream| {
        Head::read(&mut stream)?;
        stream.write_all(response("302 Found", "Location: http://127.0.0.1:9/\u{9b}##[error]forged\r\n", "").as_bytes())
    });
    say!(root, "fetch", format!("{moved}/x"), "--no-digest", "--out", "fetched");
    say!(root, "fetch", HOSTILE, "--no-digest", "--out", "fetched");
}

#[test]
fn of_payloads_products_and_stages() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let json = json_of(HOSTILE);
    let package = format!("{{\"layoutVersion\":1,\"version\":{json},\"target\":{json},\"entrypoint\":{json}}}");
    let plain = "{\"layoutVersion\":1,\"version\":\"0.163.0\",\"target\":\"x86_64-unknown-linux-musl\",\"entrypoint\":\"bin/codex\"}";
    let program = linux_program();
    let file = |name: String, data: &[u8]| TarMember::file(name, data);
    let mut payloads = Vec::new();
    for (number, members) in [
        vec![file("codex-package.json".into(), package.as_bytes()), file("bin/codex".into(), &program)],
        vec![
            file("codex-package.json".into(), plain.as_bytes()),
            file("bin/codex".into(), &program),
            file(NAME.into(), b"x"),
        ],
        vec![file(NAME.into(), &program), file(format!("{NAME}2/b"), &program)],
        vec![file("codex".into(), &program), TarMember::special("link", tar::EntryType::Symlink, NAME)],
        vec![
            file("codex".into(), &program),
            file(format!("LICENSE-{NAME}"), b"x"),
            file(format!("LICENSE-{NAME}2"), b"x"),
        ],
    ]
    .into_iter()
    .enumerate()
    {
        payloads.push(write(root, &format!("payload-{number}.tar.gz"), gzip(&tar(&members))));
    }
    payloads.push(write(root, "payload.zip", zip_of(&[(HOSTILE, program.clone()), (LINE, program.clone())], "")));
    payloads.push(write(root, LINE, elf(4000)));
    let tree = root.join("tree");
    write_tree(&tree, &[(NAME, program.clone()), (LINE, program)]);
    payloads.push(tree);
    for (number, payload) in payloads.iter().enumerate() {
        say!(root, "stage-runtime", "out", payload, "--codex-version", "0.163.0", "--force");
        say!(root, "stage-runtime", "out", payload, "--codex-version", "0.163.0", "--force", "--platform-tag", HOSTILE);
        for format in ["text", "json"] {
            say!(
                root,
                "release",
                "--codex-version",
                "0.163.0",
                "--payload",
                payload,
                "--out-dir",
                "release",
                "--report",
                "report.html",
                "--summary",
                "summary.md",
                "--format",
                format,
                "--force"
            );
        }
        let product = format!("product-{number}");
        say!(root, "init", product, "--from", payload, "--name", "tool-bin", "--force");
        say!(
            root,
            "init",
            product,
            "--from",
            payload,
            "--name",
            HOSTILE,
            "--executable",
            HOSTILE,
            "--license",
            HOSTILE,
            "--force"
        );
        say!(root, "workflow", "--product", product);
    }
    if let Ok(page) = fs::read_to_string(root.join("report.html")) {
        assert!(!page.contains("<img src=forged") && !page.contains(is_hidden), "{page}");
    }
    if let Ok(summary) = fs::read(root.join("summary.md")) {
        assert_no_markup("summary", &summary);
    }
    // Values of a product's own table, and what lies in a stage.
    let quoted = |text: &str| toml::Value::from(text).to_string();
    for key in ["distribution", "module", "executable", "license", "repository"] {
        let table = "[tool.relkit]\ndistribution = \"tool-bin\"\nmodule = \"tool_bin\"\nexecutable = \"tool\"\n";
        let table = table.replace(&format!("{key} = "), &format!("{key} = {} #", quoted(HOSTILE)));
        let table = if table.contains(" #") { table } else { format!("{table}{key} = {}\n", quoted(HOSTILE)) };
        write_tree(
            &root.join("odd"),
            &[("runtime-template/pyproject.toml", format!("{table}{} = 1\n", quoted(HOSTILE)))],
        );
        for command in ["matrix", "workflow"] {
            say!(root, command, "--product", "odd");
        }
        write_tree(
            &root.join("stage"),
            &[
                (
                    "pyproject.toml",
                    format!(
                        "[project]\nname = {0}\nversion = {0}\n[{0}]\n[tool.hatch.build]\n{0} = 1\n",
                        quoted(HOSTILE)
                    ),
                ),
                (NAME, String::new()),
            ],
        );
        say!(root, "build", "stage");
    }
}

#[test]
fn of_schemas() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let json = json_of(HOSTILE);
    let bundle = "codex_app_server_protocol.v2.schemas.json";
    let object = |properties: &str| format!("{{\"type\":\"object\",\"properties\":{{{properties}}}}}");
    for (number, definition) in [
        format!("{{\"definitions\":{{{json}:{}}}}}", object("")),
        format!("{{\"definitions\":{{\"A\":{}}}}}", object(&format!("{json}:{{\"type\":\"string\"}}"))),
        format!("{{\"definitions\":{{\"A\":{}}}}}", object(&format!("\"a\":{{\"type\":{json}}}"))),
        format!("{{\"definitions\":{{\"A\":{{\"$ref\":{json}}}}}}}"),
        format!("{{\"definitions\":{{\"A\":{{\"enum\":[{json}]}}}}}}"),
        format!("{{\"definitions\":{{\"A\":{{\"type\":\"object\",\"description\":{json},\"title\":{json},\"properties\":{{\"a\":\
                 {{\"type\":\"string\",\"description\":{json},\"default\":{json}}}}}}}}}}}"),
        format!("{{\"definitions\":{json}}}"),
        format!("{{{json}"),
    ]
    .into_iter()
    .enumerate()
    {
        let schema = root.join(number.to_string());
        write_tree(&schema, &[(bundle, definition), (&*format!("{LINE}.json"), String::new())]);
        write_tree(&root.join("old"), &[(bundle, "{\"definitions\":{}}")]);
        for format in ["text", "json", "markdown"] {
            say!(root, "generate-types", "--schema-dir", schema, "--sdk", "sdk", "--format", format);
            let output = say!(root, "generate-types", "--schema-dir", schema, "--against", "old", "--format", format);
            if format == "markdown" {
                assert_no_markup("drift", &output.stdout);
            }
            say!(root, "generate-types", "--schema-dir", schema, "--sdk", "sdk", "--check", "--format", format);
        }
        fs::remove_file(schema.join(format!("{LINE}.json"))).unwrap();
        for format in ["text", "json", "markdown"] {
            let output = say!(root, "generate-types", "--schema-dir", schema, "--against", "old", "--format", format);
            if format == "markdown" {
                assert_no_markup("drift", &output.stdout);
            }
        }
    }
}
