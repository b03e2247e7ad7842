//! What people see: in a terminal of its own, drawn by `tests/terminal/screen.py`, and in the shells that complete words.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::samples::archive::noise;
use crate::samples::wheel::linux;
use crate::support::{isolated, python_command, relkit, repository, run, skip, stages, succeed, text};

/// The screen, or the bytes, of a terminal in which `relkit` ran; `None` where there is no Python to make one.
fn shown(columns: &str, form: &str, wait_for: &str, arguments: &[&str], here: &Path) -> Option<String> {
    shown_by("xterm-256color", columns, form, wait_for, arguments, here)
}

/// The same by a kind of terminal.
fn shown_by(kind: &str, columns: &str, form: &str, wait_for: &str, arguments: &[&str], here: &Path) -> Option<String> {
    let mut terminal = Command::new(python_command()?);
    terminal.arg(repository().join("tests/terminal/screen.py")).args([columns, form, wait_for]);
    terminal.arg(env!("CARGO_BIN_EXE_relkit")).args(arguments).current_dir(here);
    let output = run(isolated(terminal.env("TERM", kind)));
    assert!(output.status.success(), "{}", text(&output));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// A typed Ctrl-C is shown by the terminal behind the bar, which would be a line further where the bar takes the whole line.
#[test]
fn an_interrupt_wipes_the_bar() {
    let directory = tempfile::tempdir().unwrap();
    let stage = stages::runtime(directory.path(), 0);
    fs::write(stage.join("src/demo_bin/large"), noise(48 << 20)).unwrap();
    let stage = stage.to_str().unwrap();
    let arguments = ["build", stage, "--compression", "best", "--jobs", "1"];
    let Some(screen) = shown("80", "screen", "Building", &arguments, directory.path()) else { return };
    assert!(screen.starts_with("interrupted: ") && screen.ends_with("exit 130\n"), "{screen}");
    assert!(!screen.contains("Building") && !screen.contains("^C"), "{screen}");
}

#[test]
fn a_terminal_shows_lines_that_fit_and_colour_by_choice() {
    let corner = tempfile::tempdir().unwrap();
    let name = "a_rather_long_name_of_a_distribution-1.0-py3-none-win_amd64.whl";
    fs::write(corner.path().join(name), linux().renamed(name).build()).unwrap();
    fs::write(corner.path().join("demo-1.0-py3-none-any.whl"), "words\n").unwrap();
    fs::create_dir(corner.path().join("directory")).unwrap();
    // Wheels of another release and platform, and of names that no wheel has.
    fs::create_dir(corner.path().join("several")).unwrap();
    for version in ["0.162.0", "0.163.0"] {
        for platform in ["win_amd64", "macosx_11_0_arm64", "musllinux_1_1_x86_64"] {
            let name = format!("openai_codex_cli_bin-{version}-py3-none-{platform}.whl");
            let wheel = linux().renamed(&name).build();
            fs::write(corner.path().join("several").join(name), wheel).unwrap();
        }
    }
    for name in ["openai_codex_cli_bin-0.163.0.whl", "openai_codex_cli_bin.whl", "a-1-2-3.whl", "notes.txt"] {
        fs::write(corner.path().join("several").join(name), "words\n").unwrap();
    }
    let cases: [&[&str]; 7] = [
        &["check", "demo-1.0-py3-none-any.whl"],
        &["check", "several"],
        &["verify", "several", "--codex-version", "0.163.0", "--allow-missing", "all"],
        &["verify", "directory", "--codex-version", "0.163.0", "--allow-missing", "all"],
        &["coverage", name],
        &["check", "missing"],
        &["stage-sdk", "out", "--codex-version", "0.163.0", "--force"],
    ];
    for (columns, color) in [("80", "auto"), ("80", "never"), ("120", "auto"), ("120", "never")] {
        let mut all = String::new();
        for arguments in cases {
            let arguments = [&["--color", color], arguments].concat();
            let Some(screen) = shown(columns, "screen", "", &arguments, corner.path()) else { return };
            let bytes = shown(columns, "bytes", "", &arguments, corner.path()).unwrap();
            assert_eq!(bytes.contains("␛[1m"), color == "auto", "{arguments:?}: {bytes}");
            // A command that is copied goes on over the edge, and nothing else does.
            let plain: Vec<_> = bytes.split('\n').filter(|line| !line.contains('␛') && !line.contains('\r')).collect();
            for line in plain.iter().filter(|line| !["next: ", "fix: "].iter().any(|head| line.contains(head))) {
                assert!(line.chars().count() <= columns.parse().unwrap(), "{arguments:?}: {line}");
            }
            all += &format!("==== relkit {}\n{screen}\n", arguments.join(" "));
        }
        insta::assert_snapshot!(format!("screen_{columns}_{color}"), all);
    }
}

/// Nothing can be wiped off a dumb terminal, as that of an editor.
#[test]
fn nothing_is_drawn_on_a_dumb_terminal() {
    let corner = tempfile::tempdir().unwrap();
    fs::write(corner.path().join("demo-1.0-py3-none-any.whl"), linux().build()).unwrap();
    let arguments = ["check", "demo-1.0-py3-none-any.whl"];
    let Some(lively) = shown("80", "bytes", "", &arguments, corner.path()) else { return };
    let dumb = shown_by("dumb", "80", "bytes", "", &arguments, corner.path()).unwrap();
    assert!(lively.contains("Checking") && lively.contains('␛'), "{lively}");
    assert!(!dumb.contains("Checking") && !dumb.contains(['␛', '\u{1b}']) && dumb.contains("1 file checked"), "{dumb}");
}

/// A pipe has no width of its own: nothing is broken there. Where `COLUMNS` says one, every kind of line keeps to it but for
/// commands and what has no space to break at.
#[test]
fn lines_keep_to_the_width_that_is_told_and_to_none_in_a_pipe() {
    let corner = tempfile::tempdir().unwrap();
    fs::create_dir(corner.path().join("dist")).unwrap();
    fs::create_dir(corner.path().join("empty")).unwrap();
    for name in ["demo-1.0-py3-none-win_amd64.whl", "demo-1.0-py3-none-macosx_11_0_arm64.whl"] {
        fs::write(corner.path().join("dist").join(name), linux().renamed(name).build()).unwrap();
    }
    let one = "dist/demo-1.0-py3-none-win_amd64.whl";
    let verify = ["verify", "dist", "--release-version", "1.0", "--allow-missing", "all"];
    let publish = [&["publish"], &verify[1..], &["--upload-url", "https://upload.example/legacy/"]].concat();
    let cases: [&[&str]; 14] = [
        &["check", "dist"],
        &["check", one],
        &verify,
        &publish,
        &["coverage", "dist"],
        &["inspect", one],
        &["rule", "elf-pie"],
        &["rule"],
        &["matrix"],
        &["smoke", one],
        &["retag", one, "--honest", "--out-dir", "out"],
        &["release", "--release-version", "1.0", "--out-dir", "out", "--payload", "empty"],
        &["check", "missing"],
        &["stage-sdk", "out", "--codex-version", "0.163.0", "--force"],
    ];
    let said = |arguments: &[&str], columns: Option<&str>| {
        let mut command = relkit();
        command.args(arguments).current_dir(corner.path());
        columns.into_iter().for_each(|columns| _ = command.env("COLUMNS", columns));
        let output = run(&mut command);
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    // A refusal quotes what was typed, and no word of that begins a line of a log.
    for arguments in [&["nope"][..], &["check", "--nope"], &["uplaod", "dist"], &["check", "x", "--format", "jsno"]] {
        let refusal = said(arguments, None);
        assert!(refusal == said(arguments, Some("40")) && !refusal.contains("\n\n\n"), "{arguments:?}: {refusal}");
    }
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut longest = 0;
    for arguments in cases {
        let unbroken = said(arguments, None);
        longest = unbroken.lines().map(|line| line.chars().count()).max().unwrap_or(0).max(longest);
        for columns in [40, 60, 80, 120] {
            let broken = said(arguments, Some(&columns.to_string()));
            let commands = ["next: ", "fix: ", "page: ", "relkit ", "$ "];
            let is_free = |line: &&str| !commands.iter().any(|head| line.trim_start().starts_with(head));
            for line in broken.lines().filter(is_free).filter(|line| line.chars().count() > columns) {
                // What stands in backticks stays whole.
                let quoted = line.split('`').skip(1).step_by(2).map(|name| name.chars().count()).max().unwrap_or(0);
                let longest = words(line).iter().map(|word| word.chars().count()).max().unwrap_or(0).max(quoted);
                let lead = line.len() - line.trim_start().len();
                assert!(lead.max(6) + longest > columns, "{arguments:?} at {columns}: {line}");
            }
        }
    }
    assert!(longest > 120, "no case had anything to break: {longest}");
}

/// What fish offers for the last word of a line.
fn offered_by_fish(line: &str, product: &Path) -> Vec<String> {
    let script = format!("{} completions fish | source; complete -C '{line}'", env!("CARGO_BIN_EXE_relkit"));
    let said = succeed(Command::new("fish").args(["--no-config", "-c", &script]).current_dir(product));
    said.lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

/// The same of a shell that completes on a terminal alone.
fn offered_by(shell: &str, lines: &[&str], product: &Path) -> Option<Vec<String>> {
    let mut terminal = Command::new(python_command()?);
    let script = repository().join(format!("tests/terminal/{shell}.py"));
    terminal.arg(script).arg(env!("CARGO_BIN_EXE_relkit")).args(lines);
    let output = run(terminal.current_dir(product));
    assert!(output.status.success(), "{}", text(&output));
    Some(String::from_utf8_lossy(&output.stdout).split("\0").map(str::to_owned).collect())
}

/// A line, a word that is offered behind it, and one that is not.
const LINES: [(&str, &str, &str); 14] = [
    ("relkit ", "stage-runtime", "words.txt"),
    ("relkit rule ", "macho-minos", "words.txt"),
    ("relkit rule bin", "binary", "macho-minos"),
    ("relkit check --select ", "elf-pie", "words.txt"),
    ("relkit check --select binary,elf-", "elf-pie", "macho-minos"),
    ("relkit verify dist --allow-missing x86_64-apple-darwin,", "all", "words.txt"),
    ("relkit check --format ", "github", "words.txt"),
    ("relkit --color ", "never", "words.txt"),
    ("relkit fetch --target ", "aarch64-apple-darwin", "words.txt"),
    ("relkit stage-runtime out payload --platform-tag ", "win_amd64", "words.txt"),
    ("relkit publish dist --index ", "house", "words.txt"),
    ("relkit coverage --require ", "debian-12-x86_64", "words.txt"),
    ("relkit check ", "words.txt", "macho-minos"),
    ("relkit help re", "retag", "stage-runtime"),
];

/// A product with an index of its own.
fn product() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    succeed(Command::new("cp").arg("-r").arg(repository().join("runtime-template")).arg(root.path()));
    let table = root.path().join("runtime-template/pyproject.toml");
    let row = "\n[[tool.relkit.index]]\nname = \"house\"\nupload-url = \"https://index.example/legacy/\"\n";
    fs::write(&table, fs::read_to_string(&table).unwrap() + row).unwrap();
    fs::write(root.path().join("words.txt"), "").unwrap();
    root
}

fn is_there(shell: &str) -> bool {
    let is_there = Command::new(shell)
        .arg(if shell == "elvish" { "-version" } else { "--version" })
        .output()
        .is_ok_and(|said| said.status.success());
    if !is_there {
        skip(&format!("this machine has no {shell}"));
    }
    is_there
}

#[test]
fn fish_completes_every_kind_of_word() {
    if !is_there("fish") {
        return;
    }
    let product = product();
    for (line, word, other) in LINES {
        let offered = offered_by_fish(line, product.path());
        let has = |word: &str| offered.iter().any(|one| one == word || one.ends_with(&format!(",{word}")));
        assert!(has(word) && !has(other), "{line}: {offered:?}");
    }
}

#[test]
fn zsh_completes_every_kind_of_word() {
    if !is_there("zsh") {
        return;
    }
    let product = product();
    let Some(offered) = offered_by("zsh", &LINES.map(|(line, ..)| line), product.path()) else { return };
    for ((line, word, other), offered) in LINES.into_iter().zip(offered) {
        let has = |word: &str| offered.split_whitespace().any(|one| one == word);
        assert!(has(word) && !has(other), "{line}: {offered}");
    }
}

/// It takes those that begin as the word does by itself.
#[test]
fn elvish_completes_every_kind_of_word() {
    if !is_there("elvish") {
        return;
    }
    let product = product();
    let Some(offered) = offered_by("elvish", &LINES.map(|(line, ..)| line), product.path()) else { return };
    for ((line, word, other), offered) in LINES.into_iter().zip(offered) {
        let begun = line.rsplit([' ', ',']).next().unwrap();
        let has = |word: &str| {
            let is_it = |one: &str| one == word || one.ends_with(&format!(",{word}"));
            word.starts_with(begun) && offered.split_whitespace().any(is_it)
        };
        assert!(has(word) && !has(other), "{line}: {offered}");
    }
    // Behind a word that is none of relkit's, too.
    let lines = ["relkit check words.txt ", "relkit check words.txt --sel", "relkit fetch --sha256 "];
    let offered = offered_by("elvish", &lines, product.path()).unwrap();
    assert!(
        offered[0].contains("words.txt") && offered[1].contains("--select") && offered[2].trim().is_empty(),
        "{offered:?}"
    );
}

/// PowerShell is on few machines: a table with a key twice would be no table, and a place that is no key has no words.
#[test]
fn powershell_has_a_table_of_every_kind_of_word() {
    let product = product();
    let script = succeed(relkit().args(["completions", "powershell"]).current_dir(product.path()));
    let rows: Vec<_> = script.lines().filter_map(|line| line.trim().split_once(" = @('")).collect();
    let mut places: Vec<_> = rows.iter().map(|(place, _)| place).collect();
    places.sort();
    places.dedup();
    assert_eq!(places.len(), rows.len());
    for (place, word) in [
        ("relkit;rule", "macho-minos"),
        ("relkit;check;--select", "binary"),
        ("relkit;verify;--allow-missing", "all"),
        ("relkit;--color", "never"),
        ("relkit;check;--color", "never"),
        ("relkit;fetch;--target", "aarch64-apple-darwin"),
        ("relkit;stage-runtime;--platform-tag", "win_amd64"),
        ("relkit;publish;--index", "house"),
        ("relkit;coverage;--require", "debian-12-x86_64"),
    ] {
        let row = rows.iter().find(|(known, _)| *known == format!("'{place}'"));
        assert!(row.is_some_and(|(_, words)| format!("'{words}").contains(&format!("'{word}'"))), "{place}: {row:?}");
    }
    for path in ["relkit;check", "relkit;stage-runtime;--template", "relkit;fetch;--sha256", "relkit;release;-j"] {
        let others = script.lines().find(|line| line.starts_with("    $others = ")).unwrap();
        assert!(others.contains(&format!("'{path}'")), "{path}");
    }
    let pairs = |open: char, close: char| script.matches(open).count() == script.matches(close).count();
    assert!(pairs('{', '}') && pairs('[', ']'));
}
