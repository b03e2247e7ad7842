//! Publishers that are killed, and publishers that send much: what the index ends up with, and what memory that takes.
//! The publisher is this very executable, started again.

use crate::publish_support;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::publish_support::index::ScriptedIndex;
use crate::publish_support::{Job, dist, files};

/// Plays the publisher where the variables ask for it.
#[test]
fn publisher() {
    let Ok(dist) = std::env::var("RELKIT_TEST_PUBLISHER_DIST") else { return };
    let address = std::env::var("RELKIT_TEST_PUBLISHER_INDEX").unwrap();
    let state = ScriptedIndex::start().state;
    let index = ScriptedIndex { address, state };
    let receipt = Path::new(&dist).with_file_name("receipt.json");
    Job { receipt: Some(receipt), ..Job::new(Path::new(&dist), &index) }.run().succeeded();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap());
}

fn start(dist: &Path, index: &ScriptedIndex) -> std::process::Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "publish_killed::publisher", "--nocapture"])
        .env("RELKIT_TEST_PUBLISHER_DIST", dist)
        .env("RELKIT_TEST_PUBLISHER_INDEX", &index.address)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_publish_goes_on_where_it_was() {
    let rounds: u32 = std::env::var("RELKIT_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dist");
    dist(&path, "salt");
    let planned = files(&path);
    let (mut killed, mut in_the_middle) = (0, 0);
    for round in 0..rounds {
        let index = ScriptedIndex::start();
        index.lag(Duration::from_millis(30));
        // Every byte of the moments between the first and the last step gets its turn.
        let mut child = start(&path, &index);
        std::thread::sleep(Duration::from_millis(u64::from(round * 37 % 400)));
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        killed += u32::from(!ended.success());
        in_the_middle += u32::from(!index.files().is_empty() && index.files().len() < planned.len());
        // A receipt is whole at every moment.
        if let Ok(receipt) = fs::read(path.with_file_name("receipt.json")) {
            serde_json::from_slice::<serde_json::Value>(&receipt).unwrap();
        }
        let output = start(&path, &index).wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let stored = index.files();
        assert_eq!(stored.len(), planned.len(), "round {round}");
        for file in &planned {
            let found = stored.iter().find(|stored| stored.name == file.name).unwrap();
            assert_eq!(found.sha256, file.sha256.to_string());
        }
        for sdk in stored.iter().filter(|file| file.project == "acme-sdk") {
            assert_eq!(
                sdk.visible_before.iter().filter(|name| name.starts_with("acme_bin")).count(),
                3,
                "round {round}"
            );
        }
    }
    eprintln!("{killed} of {rounds} were killed, {in_the_middle} with a part of the files up");
    assert!(killed > 0);
}

#[test]
fn a_large_file_takes_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dist");
    fs::create_dir(&path).unwrap();
    publish_support::wheel(&path, "acme-bin", "win_amd64", &[], &vec![7; 300 << 20]);
    let index = ScriptedIndex::start();
    let output = start(&path, &index).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let line = text.lines().find(|line| line.contains("VmHWM")).unwrap();
    let kilobytes: u64 = line.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
    eprintln!("{kilobytes} kB for {} bytes", index.files()[0].bytes);
    assert!(kilobytes < 64 * 1024, "{line}");
    assert_eq!(index.files()[0].sha256, files(&path)[0].sha256.to_string());
}
