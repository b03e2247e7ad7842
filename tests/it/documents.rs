//! Every command line that people read, run as it stands: in documents, in `--help`, and in what relkit prints as a next step.
//! `world` is where they run; a line that is neither run there nor on the list of those that are not fails.

mod commands;
mod pages;
mod world;

use std::fs;
use std::path::Path;

use clap::CommandFactory as _;
use regex::Regex;
use relkit::fs::walk;

use crate::samples::binary::static_elf;
use crate::samples::wheel::linux;
use crate::support::{relkit, repository, run, text};
use world::Base;

/// Lines that are not run, by what they begin with, and why.
const NOT_RUN: [(&str, &str); 14] = [
    ("cargo run --release -- demo", "the workflow on GitHub does, and `demo` is run below"),
    ("cargo install --path .", "it changes the user's directories; the workflows do it"),
    ("cargo test", "it runs this"),
    ("for tag in macosx_11_0_arm64", "`.ci/run` does"),
    ("rustup target add", "it changes the toolchain"),
    ("cargo clippy --all-targets --target", "it needs the standard library of another system"),
    ("CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUNNER=", "it needs Wine"),
    ("pip install", "it needs an index that has the distribution; `own_products` installs it"),
    ("python -m", "it needs the distribution installed; `own_products` does that"),
    ("relkit check ripgrep-bin==", "it needs an index that hands files out; `publish_audit` has one"),
    ("relkit coverage ripgrep-bin==", "likewise"),
    ("relkit generate-types", "it needs the real runtime; `typegen` runs all three"),
    ("relkit smoke linux-arm.whl --runner", "it needs an emulator; `smoke_real` has one"),
    ("relkit smoke dist/openai_codex_cli_bin-0.163.0-py3-none-win_amd64.whl", "it needs Windows; other wheels are run"),
];

fn why_not(line: &str) -> Option<&'static str> {
    NOT_RUN.iter().find(|(start, _)| line.starts_with(start)).map(|(_, why)| *why)
}

/// A command line of a document, and what it is said to print.
struct Line {
    command: String,
    prints: Vec<String>,
}

/// The lines of the `console` blocks of a page; a line that ends in a backslash goes on.
fn lines_of(page: &str) -> Vec<Line> {
    let block = Regex::new(r"(?ms)^```console\n(.*?)^```$").unwrap();
    let mut lines: Vec<Line> = Vec::new();
    for block in block.captures_iter(page) {
        let mut goes_on = false;
        for text in block[1].lines() {
            match (text.strip_prefix("$ "), goes_on) {
                (Some(command), false) => lines.push(Line { command: command.to_owned(), prints: Vec::new() }),
                (_, true) => {
                    let line = lines.last_mut().unwrap();
                    line.command += &format!("\n{text}");
                }
                (None, false) => lines.last_mut().unwrap().prints.push(text.to_owned()),
            }
            // A loop of the shell ends with `done`.
            let command = &lines.last().unwrap().command;
            let in_loop = command.starts_with("for ") && !command.trim_end().ends_with("done");
            goes_on = in_loop || text.ends_with('\\');
        }
    }
    lines
}

/// What is needed before the lines of a page, since the page does not say it again.
fn before(page: &str) -> &'static [&'static str] {
    match page {
        "docs/releasing.md" => &world::RELEASED,
        _ => &[],
    }
}

fn pages() -> Vec<String> {
    let root = repository();
    let mut pages =
        vec!["README.md".to_owned(), "sdk-template/README.md".to_owned(), "runtime-template/README.md".to_owned()];
    for directory in ["docs", "products", "src/scaffold"] {
        let found = walk(&root.join(directory)).unwrap().into_iter().filter(|file| file.relative.ends_with(".md"));
        pages.extend(found.map(|file| format!("{directory}/{}", file.relative)));
    }
    pages
}

#[test]
fn every_command_line_of_the_documents_is_run() {
    let Some(base) = Base::made() else { return };
    let mut count = 0;
    for page in pages() {
        let text = fs::read_to_string(repository().join(&page)).unwrap();
        // Templates of pages are read where they have been filled in.
        let lines = lines_of(&text);
        if lines.is_empty() || page == "src/scaffold/template/PRODUCT.md" {
            continue;
        }
        let world = base.world(&page);
        before(&page).iter().for_each(|line| drop(world.run(line)));
        for Line { command, prints } in lines {
            let command = world.named(&command);
            if why_not(&command).is_some() {
                continue;
            }
            count += 1;
            let said = world.run(&command);
            for line in prints {
                assert!(said.contains(&line), "{page}: `{command}` does not print `{line}`\n{said}");
            }
        }
    }
    assert!(count > 25, "{count}");
}

#[test]
#[ignore = "long: some fifty command lines; every_command_line_of_the_documents_is_run is the short form"]
fn every_example_of_help_is_run() {
    let Some(base) = Base::made() else { return };
    let made = base.world("help");
    world::RELEASED.iter().for_each(|line| drop(made.run(line)));
    made.run("relkit init ripgrep --from downloads/ripgrep-15.2.0-* --name ripgrep-bin --license MIT");
    made.publishes("ripgrep");
    let commands = relkit::cli::Cli::command();
    let mut examples = 0;
    for command in commands.get_subcommands() {
        let name = command.get_name();
        // As it is written: `--help` breaks long lines where the terminal ends.
        let after = command.get_after_help().unwrap().to_string();
        let joined = after.replace("\\\n", "");
        for line in joined.lines().filter_map(|line| line.strip_prefix("  ")) {
            examples += 1;
            if why_not(line).is_some() {
                continue;
            }
            let world = made.again();
            match name {
                // What these write is there already.
                "stage-sdk" | "stage-runtime" | "build" => fs::remove_dir_all(world.path("dist")).unwrap(),
                _ => {}
            }
            if name.starts_with("stage-") {
                fs::remove_dir_all(world.path("stage")).unwrap();
            }
            if line.contains("--download ") || line.contains("--target ") || name == "workflow" {
                world.run(&format!("cd ripgrep && {line}"));
            } else if name == "init" {
                fs::remove_dir_all(world.path("ripgrep")).unwrap();
                fs::create_dir(world.path("new")).unwrap();
                let directory = if line.contains("init .") { "new" } else { "." };
                world.run(&format!("cd {directory} && {line}"));
            } else {
                world.run(line);
            }
        }
    }
    assert!(examples > 25, "{examples}");
}

#[test]
#[ignore = "long: whole lines of release; every_command_line_of_the_documents_is_run is the short form"]
fn what_relkit_prints_as_next_steps_is_run() {
    let Some(base) = Base::made() else { return };
    // The demonstration with what it kept, and without: then it begins by keeping it.
    for line in ["relkit demo --out-dir kept", "relkit demo"] {
        let world = base.world("next");
        let said = world.run(line);
        // A newcomer could do nothing about a warning.
        assert!(
            !said.contains("warning:") && !said.contains("warned") && said.matches(" passed: ").count() == 2,
            "{said}"
        );
        let next: Vec<_> = said.lines().filter(|line| line.starts_with("  relkit ")).collect();
        assert!(next.len() > 7, "{said}");
        next.iter().for_each(|line| drop(world.run(line.trim())));
        // What is not kept cannot be published.
        let uploads: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("next: ")).collect();
        assert_eq!(uploads.len(), if line.contains("kept") { 2 } else { 0 }, "{said}");
        for upload in uploads {
            assert!(upload.contains(" --receipts kept/"), "{said}");
            world.run(&format!("{} --dry-run", upload.replace(" URL", " https://index.invalid/legacy/")));
        }
    }
    // A product and its page.
    let world = base.world("next");
    let said = world.run("relkit init tool --from downloads/mytool --license MIT");
    let next: Vec<_> =
        said.lines().filter_map(|line| line.strip_prefix("  relkit")).map(|rest| format!("relkit{rest}")).collect();
    assert_eq!(next.len(), 2, "{said}");
    next.iter().for_each(|line| drop(world.run(line)));
    let page = fs::read_to_string(world.path("tool/README.md")).unwrap();
    let lines = lines_of(&page);
    assert_eq!(lines.len(), 4, "{page}");
    for line in lines {
        world.run(&format!("cd tool && {}", line.command.replace("PAYLOAD...", "../downloads/mytool")));
    }
    // A skeleton names its version and payload as what they are.
    let world = base.world("next");
    let said = world.run("relkit init tool --name mytool-bin --executable relkit");
    let release = said.lines().find(|line| line.starts_with("  relkit release")).unwrap();
    world.run(&format!("{} --allow-missing all", release.trim().replace("VERSION", env!("CARGO_PKG_VERSION"))));
}

/// From an artefact of upstream's to the upload, by what each command says in its last line.
#[test]
fn the_line_goes_on_with_what_each_command_names_next() {
    let Some(base) = Base::made() else { return };
    let world = base.world("next");
    let next = |said: &str| {
        let named: Vec<_> = said.lines().filter_map(|line| line.strip_prefix("next: ")).map(str::to_owned).collect();
        assert_eq!(named.len(), 1, "{said}");
        named[0].clone()
    };
    world.run("relkit init ripgrep --from downloads/ripgrep-15.2.0-* --name ripgrep-bin --license MIT");
    world.publishes("ripgrep");
    let mut line =
        "cd ripgrep && relkit fetch --target x86_64-unknown-linux-musl --release-version 15.2.0 --out new/".to_owned();
    let steps = ["stage-runtime", "build", "check", "smoke", "verify", "publish"];
    for step in steps {
        // The other targets are built elsewhere.
        let more = match step {
            // What is only to be known ends the line at its page.
            "smoke" => " --ignore elf-pie",
            "publish" => " --allow-missing all",
            _ => "",
        };
        let whole = line + more;
        let said = next(&world.run(&whole));
        assert!(said.starts_with(&format!("relkit {step} ")), "{step} after {whole}: {said}");
        line = format!("cd ripgrep && {said}");
    }
    let index = "https://index.example/simple/";
    let upload = format!("{} --index-url {index}", line.replace(" URL", " https://upload.example/legacy/"));
    let said = next(&world.run(&format!("{upload} --dry-run")));
    assert!(said.starts_with("relkit publish ") && !said.contains("--dry-run"), "{said}");
    let said = next(&world.run(&format!("cd ripgrep && {said}")));
    assert!(said.starts_with("relkit check ripgrep-bin==15.2.0 --index-url "), "{said}");
    // The rest of the line, and what begins it.
    for (line, command) in [
        ("relkit stage-sdk stage/sdk --codex-version 0.163.0", "relkit build stage/sdk"),
        ("relkit build stage/sdk --out-dir 'a b'", "relkit check 'a b/"),
        (
            "relkit retag ripgrep_bin-*-win_amd64.whl --honest --out-dir honest",
            "relkit check honest/ripgrep_bin-15.2.0-",
        ),
        ("git init --quiet . && relkit workflow --product ripgrep --out release.yml", "git add release.yml"),
        ("relkit inspect ripgrep_bin-*-win_amd64.whl", "relkit check ripgrep_bin-15.2.0-"),
    ] {
        let said = next(&world.run(line));
        assert!(said.starts_with(command), "{line}: {said}");
        world.run(&said);
    }
}

/// After what failed, too, where it is clear; and nothing where it is not.
#[test]
fn what_fails_names_what_comes_next_or_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: Vec<u8>| fs::write(directory.path().join(name), bytes).unwrap();
    let name = "demo-1.0-py3-none-manylinux_2_17_x86_64.whl";
    write(name, linux().renamed(name).build());
    let broken = "openai_codex_cli_bin-1.0-py3-none-musllinux_1_1_x86_64.whl";
    write(broken, b"PK\x03\x04 and no more".to_vec());
    write("program", static_elf().build());
    write("codex", static_elf().build());
    write("words.txt", b"words\n".to_vec());
    for (line, command) in [
        (format!("inspect {name}"), Some(format!("relkit check {name}"))),
        ("inspect program".to_owned(), Some("relkit init program-product --from program".to_owned())),
        // The product that is built in needs no other, and what is no program makes none.
        ("inspect codex".to_owned(), None),
        ("inspect words.txt".to_owned(), None),
        (format!("inspect {name} words.txt"), None),
        (format!("coverage {name} --require windows-x86_64"), Some(format!("relkit inspect {name}"))),
        ("coverage . --require windows-x86_64".to_owned(), None),
        ("coverage win_amd64 --require debian-12-x86_64".to_owned(), None),
        (format!("coverage {name}"), None),
        (format!("smoke {name}"), Some(format!("relkit smoke {name} --product DIR"))),
        (format!("smoke {broken}"), Some(format!("relkit check {broken}"))),
        ("smoke words.txt".to_owned(), None),
    ] {
        let output = run(relkit().args(line.split(' ')).current_dir(directory.path()));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let named = said.lines().find_map(|line| line.strip_prefix("next: ")).map(str::to_owned);
        assert_eq!(named, command, "{line}: {}", text(&output));
    }
}

/// Commands and flags that texts of ours name in passing are there.
#[test]
fn what_is_named_in_passing_is_there() {
    let commands = relkit::cli::Cli::command();
    let mention = Regex::new(r"`relkit ([a-z][a-z-]*)([^`\n]*)`").unwrap();
    let flag = Regex::new(r"(^|[ (])--([a-z][a-z-]*)").unwrap();
    let mut named = 0;
    let sources = walk(&repository().join("src")).unwrap().into_iter().map(|file| format!("src/{}", file.relative));
    for path in sources.chain(pages()) {
        let Ok(text) = fs::read_to_string(repository().join(&path)) else { continue };
        for found in mention.captures_iter(&text) {
            let name = &found[1];
            let command = commands.find_subcommand(name).unwrap_or_else(|| panic!("{path}: {}", &found[0]));
            for flag in flag.captures_iter(&found[2]) {
                let known = ["help", "quiet", "verbose", "color"].contains(&&flag[2])
                    || command.get_arguments().any(|argument| {
                        argument.get_long_and_visible_aliases().is_some_and(|names| names.contains(&&flag[2]))
                    });
                assert!(known, "{path}: {} has no --{}", &found[0], &flag[2]);
            }
            named += 1;
        }
    }
    assert!(named > 80, "{named}");
}

/// Links between the documents lead somewhere.
#[test]
fn links_between_documents_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").unwrap();
    let own = Regex::new(r"\]\(#([^)]*)\)").unwrap();
    let heading = Regex::new(r"(?m)^#+ (.*)$").unwrap();
    for page in pages().into_iter().filter(|page| !page.contains("template/")) {
        let path = repository().join(&page);
        let text = fs::read_to_string(&path).unwrap();
        for found in link.captures_iter(&text) {
            // The site has the documents alone, so what lies beside them is linked where the repository is.
            let own = ["blob", "tree"].map(|kind| format!("{}/{kind}/main/", env!("CARGO_PKG_REPOSITORY")));
            let target = match own.iter().find_map(|own| found[1].strip_prefix(own)) {
                Some(beside) => repository().join(beside),
                None if found[1].contains("://") => continue,
                None => path.parent().unwrap_or(Path::new("")).join(&found[1]),
            };
            assert!(target.exists(), "{page}: {}", &found[1]);
        }
        let keep = |text: &str| -> String {
            let kept = text.to_lowercase().replace(' ', "-");
            kept.chars().filter(|character| character.is_alphanumeric() || "-_".contains(*character)).collect()
        };
        let anchors: Vec<_> = heading.captures_iter(&text).map(|found| keep(&found[1])).collect();
        for found in own.captures_iter(&text) {
            assert!(anchors.iter().any(|anchor| *anchor == found[1]), "{page}: #{}: {anchors:?}", &found[1]);
        }
    }
}

#[test]
fn every_dependency_has_its_note() {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(repository().join("Cargo.toml")).unwrap()).unwrap();
    let page = fs::read_to_string(repository().join("docs/dependencies.md")).unwrap();
    let rows =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next()).collect::<Vec<_>>().join(",");
    let mut noted: Vec<_> = rows.split([',', '`', ' ']).filter(|name| !name.is_empty()).collect();
    noted.sort_unstable();
    let mut named: Vec<_> = manifest["dependencies"].as_table().unwrap().keys().map(String::as_str).collect();
    named.sort_unstable();
    assert_eq!(noted, named);
}
