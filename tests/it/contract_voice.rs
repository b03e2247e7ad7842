//! What every command says, where it says it, and the exit code: results alone on standard output, everything else on
//! standard error, whole transcripts compared.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::samples::wheel::linux;
use crate::support::line::SIX;
use crate::support::{relkit, repository, run, succeed, text, transcript};

/// A wheel whose name does not fit beside a platform in 80 columns.
const LONG: &str = "a_rather_long_name_of_a_distribution-1.0-py3-none-win_amd64.whl";

/// A directory with a text file, an empty file, a text file named like a wheel, and nothing else.
fn corner() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("words"), "words\n").unwrap();
    fs::write(directory.path().join("empty"), "").unwrap();
    fs::write(directory.path().join("demo-1.0-py3-none-any.whl"), "words\n").unwrap();
    fs::create_dir(directory.path().join("directory")).unwrap();
    directory
}

#[test]
fn transcripts_of_what_goes_wrong() {
    let corner = corner();
    let cases: [(&str, &[&str]); 28] = [
        ("unknown command", &["bogus"]),
        ("missing argument", &["check"]),
        ("unknown flag", &["matrix", "--bogus"]),
        ("quiet and verbose", &["matrix", "--quiet", "--verbose"]),
        ("stage-sdk version", &["stage-sdk", "out", "--codex-version", "latest"]),
        ("stage-sdk own version", &["stage-sdk", "out", "--codex-version", "0.163.0", "--sdk-version", "0.164.0"]),
        ("stage-sdk template", &["stage-sdk", "out", "--codex-version", "0.163.0", "--template", "missing"]),
        ("stage-sdk over a directory", &["stage-sdk", ".", "--codex-version", "0.163.0"]),
        ("stage-runtime missing", &["stage-runtime", "out", "missing", "--codex-version", "0.163.0"]),
        ("stage-runtime words", &["stage-runtime", "out", "words", "--codex-version", "0.163.0"]),
        ("stage-runtime empty", &["stage-runtime", "out", "empty", "--codex-version", "0.163.0"]),
        ("stage-runtime directory", &["stage-runtime", "out", "directory", "--codex-version", "0.163.0"]),
        (
            "stage-runtime tag",
            &["stage-runtime", "out", "words", "--codex-version", "0.163.0", "--platform-tag", "Linux x86"],
        ),
        ("build missing", &["build", "missing"]),
        ("build no stage", &["build", "directory"]),
        ("inspect missing", &["inspect", "missing"]),
        ("inspect words", &["inspect", "words"]),
        ("check missing", &["check", "missing"]),
        ("check words", &["check", "words"]),
        ("check no wheel", &["check", "demo-1.0-py3-none-any.whl"]),
        ("check nothing", &["check", "directory"]),
        ("rule unknown", &["rule", "macho-minus"]),
        ("coverage unknown", &["coverage", "no-tag"]),
        ("smoke missing", &["smoke", "missing"]),
        ("smoke words", &["smoke", "words"]),
        ("verify missing", &["verify", "missing", "--codex-version", "0.163.0"]),
        ("verify empty", &["verify", "directory", "--codex-version", "0.163.0"]),
        ("release payload", &["release", "--codex-version", "0.163.0", "--out-dir", "out", "--payload", "missing"]),
    ];
    let mut all = String::new();
    for (name, arguments) in cases {
        let mut command = relkit();
        command.args(arguments).current_dir(corner.path());
        let place = corner.path().to_string_lossy().into_owned();
        let said = transcript(&mut command, &[(&place, "[corner]")]);
        all += &format!("==== {name}: relkit {}\n{said}\n", arguments.join(" "));
        assert!(!corner.path().join("out").exists(), "{name} left something behind");
    }
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r" +\d+ ms", " [time]");
    settings.add_filter(r"(linux|macos)-(x86_64|aarch64)", "[platform]");
    settings.bind(|| insta::assert_snapshot!("what_goes_wrong", all));
    assert_eq!(fs::read_dir(corner.path()).unwrap().count(), 4);
}

#[test]
fn transcripts_of_what_goes_right() {
    let coverage = [&["coverage"][..], &SIX.map(|(_, tag)| tag)].concat();
    let mut all = String::new();
    for arguments in [&["matrix"][..], &["matrix", "--format", "github"], &["rule", "macho-minos"], &coverage] {
        all += &format!("==== relkit {}\n{}\n", arguments.join(" "), transcript(relkit().args(arguments), &[]));
    }
    insta::assert_snapshot!("what_goes_right", all);
}

#[test]
fn help_and_pages_come_with_examples() {
    for name in [
        "stage-sdk",
        "stage-runtime",
        "build",
        "retag",
        "inspect",
        "check",
        "rule",
        "coverage",
        "smoke",
        "verify",
        "publish",
        "matrix",
        "generate-types",
        "release",
        "demo",
        "fetch",
        "completions",
        "man",
    ] {
        let output = run(relkit().args([name, "--help"]));
        let help = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
        assert!(help.contains("Usage: relkit ") && help.contains("Example"), "{help}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let output = run(relkit().args(["completions", shell]));
        assert!(output.status.success() && output.stdout.len() > 1000 && output.stderr.is_empty(), "{shell}");
    }
    let pages = tempfile::tempdir().unwrap();
    assert!(run(relkit().args(["man", "--out-dir"]).arg(pages.path())).status.success());
    assert!(pages.path().join("relkit-stage-runtime.1").is_file());
    for page in fs::read_dir(pages.path()).unwrap() {
        let page = fs::read_to_string(page.unwrap().path()).unwrap();
        for section in ["EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES"] {
            assert_eq!(page.matches(&format!(".SH {section}\n")).count(), 1, "{section}\n{page}");
        }
    }
    // An example is copied from a page of eighty columns, where it is set in by seven.
    for page in fs::read_dir(pages.path()).unwrap() {
        let page = fs::read_to_string(page.unwrap().path()).unwrap();
        let examples = page.split(".SH EXAMPLES\n").nth(1).and_then(|rest| rest.split(".fi\n").next()).unwrap();
        let plain = examples.replace("\\e", "\\").replace("\\-", "-");
        let long: Vec<_> = plain.lines().filter(|line| line.chars().count() > 73).collect();
        assert!(long.is_empty(), "{long:?}");
        assert!(!page.contains("relkit\\-help"), "{page}");
    }
    // The long help says what the page says.
    let help = String::from_utf8(run(relkit().args(["help", "verify"])).stdout).unwrap();
    for section in ["Example", "Exit status:", "Environment:", "Files:"] {
        assert!(help.contains(section), "{section}\n{help}");
    }
    let script = String::from_utf8(run(relkit().args(["completions", "bash"])).stdout).unwrap();
    for value in ["macho-minos", "binary", "x86_64-unknown-linux-musl", "aarch64-apple-darwin", "debian-12-x86_64"] {
        assert!(script.contains(value), "{value}");
    }
    let completions = |product: &Path| {
        let output = run(relkit().args(["completions", "bash", "--product"]).arg(product));
        (output.status.code(), String::from_utf8_lossy(&output.stdout).contains("aarch64-pc-windows-msvc"))
    };
    assert_eq!(completions(repository()), (Some(0), true));
    assert_eq!(completions(&repository().join("products/shfmt")), (Some(0), false));
}

/// What bash is offered for the word behind the ones given; nothing where it takes files.
fn offered_by_bash(words: &[&str]) -> Vec<String> {
    let line = words.join(" ");
    let script = format!(
        "source <({} completions bash); COMP_WORDS=({line} ''); COMP_CWORD={}; _relkit relkit '' {}; echo \"${{COMPREPLY[@]}}\"",
        env!("CARGO_BIN_EXE_relkit"),
        words.len(),
        words[words.len() - 1],
    );
    let said = succeed(Command::new("bash").args(["-c", &script]).current_dir(repository()));
    said.split_whitespace().map(str::to_owned).collect()
}

#[test]
#[cfg(unix)]
fn bash_completes_files_where_a_command_takes_them() {
    for command in ["check", "build", "stage-runtime", "publish", "retag", "inspect"] {
        assert_eq!(offered_by_bash(&["relkit", command]), [""; 0], "{command}");
    }
    let offered = |words: &[&str], word: &str| offered_by_bash(words).iter().any(|one| one == word);
    assert!(offered(&["relkit"], "check") && offered(&["relkit", "rule"], "elf-pie"));
    assert!(offered(&["relkit", "matrix"], "--format") && offered(&["relkit", "check", "--select"], "binary"));
}

#[test]
fn a_slip_in_the_name_of_a_command_is_understood_in_front_of_help_too() {
    for arguments in [&["chek"][..], &["help", "chek"]] {
        let said = run(relkit().args(arguments));
        assert!(said.status.code() == Some(2) && text(&said).contains("'check'"), "{}", text(&said));
    }
}

#[test]
fn what_other_tools_call_an_option_and_a_slip_in_a_value_are_understood() {
    let corner = corner();
    succeed(relkit().args(["init", "product", "--name", "a", "--license", "MIT"]).current_dir(corner.path()));
    for (arguments, meant) in [
        (&["check", "words", "--json"][..], "'--format=json'"),
        (&["build", "directory", "--output", "x"], "'--out-dir'"),
        (&["verify", "directory", "--version", "1"], "'--release-version'"),
        (&["check", "wrods"], "`words`"),
        (&["build", "drectory"], "`directory`"),
        (&["stage-runtime", "out", "wrods", "--codex-version", "0.163.0"], "`words`"),
        (&["matrix", "--product", "drectory"], "`directory`"),
        (&["smoke", "wrods"], "`words`"),
        (&["coverage", "win_amd46"], "`win_amd64`"),
        (&["coverage", "drectory"], "`directory`"),
        (
            &["stage-runtime", "out", "words", "--codex-version", "1", "--platform-tag", "macosx_11_0_amr64"],
            "`macosx_11_0_arm64`",
        ),
        (&["verify", "directory", "--codex-version", "0.163.0", "--allow-missing", "al"], "`all`"),
        (&["check", "words", "--foramt", "json"], "'--format'"),
        (&["matrix", "--product", "product/runtime-template/src"], "`product`"),
        (&["check", "words", "--format", "jsno"], "'json'"),
        (&["check", "words", "--no-color"], "'--color=never'"),
        (&["check", "words", "--quite"], "'--quiet'"),
        (&["upload", "directory"], "'publish'"),
        (&["stage", "directory"], "'stage-runtime', 'stage-sdk'"),
        (&["publsh"], "'publish'"),
    ] {
        let said = run(relkit().args(arguments).current_dir(corner.path()));
        let text = text(&said);
        assert!(said.status.code() == Some(2) && text.contains(meant), "{arguments:?}: {text}");
        assert!(text.contains("did you mean") || text.contains("tip: "), "{arguments:?}: {text}");
    }
}

/// What was typed leads on, be it right or not.
#[test]
fn what_comes_next_is_said() {
    let corner = corner();
    fs::create_dir(corner.path().join("dist")).unwrap();
    let wheel = "dist/demo-1.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.whl";
    fs::write(corner.path().join(wheel), linux().build()).unwrap();
    let publish = "publish dist --codex-version 0.163.0 --upload-url https://upload.example/legacy/";
    for (line, words) in [
        ("release --release-version 1 --out-dir out", "--payload <[TAG=]PAYLOAD>... (or --download)"),
        ("release --help", "<--payload <[TAG=]PAYLOAD>...|--download>"),
        ("check dist --select archive", "next: relkit coverage dist"),
        (publish, "hint: `relkit rule unknown-file` says more"),
    ] {
        let said = text(&run(relkit().args(line.split(' ')).current_dir(corner.path())));
        assert!(said.contains(words), "{line}: {said}");
    }
}

/// A suggestion that is far from what was typed leads astray.
#[test]
fn what_is_like_nothing_is_taken_for_nothing() {
    let corner = corner();
    for arguments in [
        &["nope"][..],
        &["help", "nope"],
        &["check", "words", "--nope"],
        &["check", "words", "--format", "nope"],
        &["completions", "nope"],
        &["rule", "nope"],
        &["check", "words", "--select", "foo"],
        &["coverage", "nope"],
        &["coverage", "any", "--require", "nope"],
        &["fetch", "--target", "nope", "--codex-version", "1", "--out", "x"],
        &["publish", "directory", "--codex-version", "1", "--index", "nope"],
    ] {
        let said = run(relkit().args(arguments).current_dir(corner.path()));
        let text = text(&said);
        assert_eq!(said.status.code(), Some(2), "{arguments:?}: {text}");
        assert!(!text.contains("did you mean") && !text.contains("similar"), "{arguments:?}: {text}");
    }
}

/// What would be left unused is refused; a slip of order, and a value that looks like an option, are told.
#[test]
fn no_option_is_passed_over() {
    let corner = tempfile::tempdir().unwrap();
    let release = ["release", "--codex-version", "0.163.0", "--out-dir", "out", "--payload", "x"];
    for (arguments, words) in [
        ([&release[..], &["--no-digest"]].concat(), "cannot be used with"),
        ([&release[..], &["--checksums", "sums"]].concat(), "cannot be used with"),
        ([&release[..], &["--download-dir", "there"]].concat(), "cannot be used with"),
        (vec!["fetch", "https://h.example/x", "--out", "x", "--platform-tag", "win_amd64"], "cannot be used with"),
        (vec!["--format", "json", "check", "x"], "'--format' stands behind the command: 'relkit check --format'"),
        (vec!["--jobs=2", "build", "x"], "'--jobs' stands behind the command: 'relkit build --jobs'"),
        (vec!["build", "x", "--out-dir", "--x"], "use '--out-dir=--x'"),
        (vec!["smoke", "x", "--timeout", "-1"], "use '--timeout=-1'"),
        (vec!["retag", "--honest", "--out-dir", "-out", "x"], "use '--out-dir=-out'"),
        (vec!["--codex-version", "1", "release", "x"], "'--codex-version' stands behind the command"),
    ] {
        let said = run(relkit().args(&arguments).current_dir(corner.path()));
        let text = text(&said);
        assert_eq!((said.status.code(), text.contains(words)), (Some(2), true), "{arguments:?}: {text}");
    }
}

#[test]
fn colour_and_volume_are_the_users_choice() {
    let plain = |arguments: &[&str]| run(relkit().env_remove("NO_COLOR").args(arguments));
    let escape = |bytes: &[u8]| bytes.contains(&0x1b);
    let arguments = ["check", "/missing"];
    assert!(!escape(&plain(&arguments).stderr), "no colour where nobody looks");
    let always = plain(&["--color", "always", "check", "/missing"]);
    assert!(escape(&always.stderr), "{}", text(&always));
    assert!(!escape(&plain(&["--color", "never", "check", "/missing"]).stderr));
    // A slip and a page of help are of no command, and have colour by the same option.
    assert!(escape(&plain(&["--color", "always", "chek"]).stderr) && !escape(&plain(&["chek"]).stderr));
    assert!(
        escape(&plain(&["check", "--color=always", "--help"]).stdout) && !escape(&plain(&["check", "--help"]).stdout)
    );
    let directory = tempfile::tempdir().unwrap();
    let stage = |flags: &[&str]| {
        let output = run(relkit()
            .args(["stage-sdk", "--force", "--codex-version", "0.163.0"])
            .args(flags)
            .arg(directory.path().join("out")));
        assert!(output.status.success() && output.stdout.is_empty(), "{}", text(&output));
        String::from_utf8(output.stderr).unwrap()
    };
    let said = stage(&[]);
    assert!(said.lines().count() == 2 && said.contains("\nnext: relkit build "), "{said}");
    assert_eq!(stage(&["--quiet"]), "");
    // A failure is said all the same.
    let quiet = run(relkit().args(["--quiet", "check", "/missing"]));
    assert!(String::from_utf8_lossy(&quiet.stderr).starts_with("error: cannot read `/missing`"), "{}", text(&quiet));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "\"$RELKIT\" rule | head -n 1"]).env("RELKIT", env!("CARGO_BIN_EXE_relkit"));
    let output = run(&mut shell);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", text(&output));
}

#[test]
fn names_from_outside_drive_no_terminal_and_add_no_line() {
    let directory = tempfile::tempdir().unwrap();
    let name = "a\u{1b}[31m\u{9b}2J\u{202e}\nhint: forged";
    let wheel = format!("{name}-1.0-py3-none-any.whl");
    fs::write(directory.path().join(name), "words\n").unwrap();
    fs::create_dir(directory.path().join("dist")).unwrap();
    for wheel in [wheel.clone(), format!("dist/{wheel}")] {
        fs::write(directory.path().join(wheel), "words\n").unwrap();
    }
    let release = ["release", "--codex-version", "0.163.0", "--out-dir", "out", "--payload", name];
    for arguments in [
        &["inspect", name, &wheel][..],
        &["inspect", name, &wheel, "--format", "json"],
        &["check", "dist"],
        &["check", "dist", "--format", "json"],
        &["check", "dist", "--format", "github"],
        &["check", name],
        &["rule", name],
        &["coverage", "dist"],
        &["coverage", name],
        &["smoke", name],
        &["smoke", name, "--format", "github"],
        &["smoke", &wheel, "--format", "json"],
        &["stage-runtime", "out", name, "--codex-version", "0.163.0"],
        &["stage-sdk", "out", "--codex-version", name],
        &["build", name],
        &["matrix", "--template", name],
        &["verify", "dist", "--codex-version", "0.163.0"],
        &["verify", "dist", "--codex-version", "0.163.0", "--format", "json"],
        &["verify", "dist", "--codex-version", "0.163.0", "--format", "github"],
        &["generate-types", "--schema-dir", name, "--sdk", name],
        &release,
        &[&release[..], &["--format", "json"]].concat(),
    ] {
        let output = run(relkit().args(arguments).current_dir(directory.path()));
        for said in [&output.stdout, &output.stderr] {
            let said = String::from_utf8(said.clone()).unwrap();
            let hidden = |character: char| character.is_control() && character != '\n' || character == '\u{202e}';
            assert!(!said.contains(hidden), "{arguments:?}: {said:?}");
            let forged = ["\nhint: forged", "%0Ahint: forged"].iter().any(|words| said.contains(words));
            assert!(!forged, "{arguments:?}: {said}");
        }
    }
}

#[test]
fn results_fit_the_terminal_and_have_colour_where_it_is_asked_for() {
    let corner = corner();
    let wheel = linux().renamed(LONG);
    fs::write(corner.path().join(LONG), wheel.build()).unwrap();
    let cases: [&[&str]; 6] = [
        &["matrix"],
        &["check", "demo-1.0-py3-none-any.whl"],
        &["verify", "directory", "--codex-version", "0.163.0", "--allow-missing", "all"],
        &["inspect", "words"],
        &["rule", "zip-crc"],
        &["coverage", LONG],
    ];
    for (columns, color) in [("80", "never"), ("80", "always"), ("120", "never"), ("120", "always")] {
        let mut all = String::new();
        for arguments in cases {
            let mut command = relkit();
            command.args(["--color", color]).args(arguments).current_dir(corner.path()).env("COLUMNS", columns);
            let said = run(&mut command);
            let shown = String::from_utf8(said.stdout).unwrap();
            if color == "always" && arguments[0] != "matrix" && said.status.code() != Some(2) {
                assert!(shown.contains('\u{1b}'), "{arguments:?} has no colour: {shown}");
            }
            if ["matrix", "coverage"].contains(&arguments[0]) {
                let width = shown.lines().map(|line| line.chars().count()).max().unwrap();
                assert!(width <= columns.parse().unwrap(), "{width}\n{shown}");
            }
            all += &format!("==== relkit {}\n{}\n", arguments.join(" "), shown.replace('\u{1b}', "␛"));
        }
        insta::assert_snapshot!(format!("results_{columns}_{color}"), all);
    }
}
