//! What a finding says to do mends what it is about, where one rule finds several things.

use crate::samples::dependencies::{MODULES, elf_with, go_inline};
use crate::samples::wheel::{DATA, INFO, Sample, linux, linux_program, linux_with};
use crate::support::check::findings;

fn named(name: &str) -> Sample {
    linux().renamed(name)
}

#[test]
fn a_finding_says_what_mends_it() {
    let key = "-----BEGIN RSA PRIVATE KEY-----\n";
    let leftover = |path: &str, text: &str| linux().and(&format!("codex_cli_bin/{path}"), text, 0o100644);
    let unsorted =
        "openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.manylinux_2_17_x86_64.manylinux2014_x86_64.whl";
    let sorted =
        "openai_codex_cli_bin-0.163.0-py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl";
    let twice = "openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.musllinux_1_1_x86_64.whl";
    let once = "openai_codex_cli_bin-0.163.0-py3-none-musllinux_1_1_x86_64.whl";
    let points = format!("{INFO}/entry_points.txt");
    let revoke = "Exclude the file from the build; revoke a secret that has been published";
    let exclude = "Exclude the file from the build";
    // The rule, the wheel, what its finding says, and what it says to do.
    let cases: [(&str, Sample, &str, String); 18] = [
        ("tag-set-sorted", named(unsorted), "is not sorted", format!("Rename the file to `{sorted}`")),
        ("tag-set-sorted", named(twice), "has a tag twice", format!("Rename the file to `{once}`")),
        (
            "sbom",
            linux().and("codex_cli_bin/bin/helper", linux_program(), 0o100755),
            "holds 2 binaries",
            "Add a CycloneDX".into(),
        ),
        (
            "sbom",
            linux_with(elf_with(".go.buildinfo", &go_inline("go1.25.1", MODULES))),
            "the file lists",
            "Stage the program".into(),
        ),
        (
            "wheel-purelib",
            linux().edit(|sample| sample.wheel = sample.wheel.replace("false", "true")),
            "native code, such as `codex_cli_bin/bin/",
            "Write `Root-Is-Purelib: false`".into(),
        ),
        (
            "wheel-purelib",
            linux().and(&format!("{DATA}/purelib/codex_cli_bin/more"), linux_program(), 0o100755),
            "lies in `.data/purelib`",
            "Move the file to `.data/platlib`".into(),
        ),
        (
            "command-name",
            linux().and(&points, "[console_scripts]\ncodex = codex_cli_bin:main\n", 0o100644),
            "there is `codex`",
            "Add the name".into(),
        ),
        ("no-junk", leftover(".DS_Store", "x"), "leftover", revoke.into()),
        ("no-junk", leftover(".git/config", "x"), "leftover", revoke.into()),
        ("no-junk", leftover(".env", "TOKEN=x"), "leftover", revoke.into()),
        ("no-junk", leftover("tests/.env", "TOKEN=x"), "leftover", revoke.into()),
        ("no-junk", leftover(".env.local", "TOKEN=x"), "leftover", revoke.into()),
        ("no-junk", leftover("key", key), "secret", revoke.into()),
        ("no-junk", leftover("tests/key.pem", key), "secret", revoke.into()),
        ("no-junk", leftover("Template.pfx", "x"), "leftover", revoke.into()),
        ("no-junk", leftover(".gitignore", "x"), "leftover", exclude.into()),
        ("no-junk", leftover("a.js.orig", "x"), "leftover", exclude.into()),
        ("no-junk", leftover("node_modules/.bin/x", "x"), "leftover", exclude.into()),
    ];
    for (rule, sample, said, help) in cases {
        let all = findings(&sample);
        let found: Vec<_> = all.iter().filter(|finding| finding.rule == rule).collect();
        let [found] = found[..] else { panic!("{rule}, {said}: {all:?}") };
        assert!(found.message.contains(said), "{rule}: {found:?}");
        let told = serde_json::to_value(found).unwrap()["help"].as_str().unwrap().to_owned();
        let is_whole = [revoke, exclude].contains(&help.as_str());
        assert!(if is_whole { told == help } else { told.starts_with(&help) }, "{rule}, {said}: {told}");
    }
}
