//! Publishers that are killed, and publishers that send much: what the index ends up with, and what memory that takes.
//! The publisher is this very executable, started again.

use std::fs;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use crate::support::index::ScriptedIndex;
use crate::support::publish::{Job, assert_complete, dist, files, wheel};
use crate::support::{as_process, kills, read_json};

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

fn start(dist: &Path, index: &ScriptedIndex) -> Child {
    let mut publisher = as_process("publish_killed::publisher");
    publisher.env("RELKIT_TEST_PUBLISHER_DIST", dist).env("RELKIT_TEST_PUBLISHER_INDEX", &index.address);
    publisher.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn a_killed_publish_goes_on_where_it_was() {
    kill_publishers(12);
}

#[test]
#[ignore = "long: 100 moments; a_killed_publish_goes_on_where_it_was is the short form"]
fn a_publish_killed_at_many_moments_goes_on_where_it_was() {
    kill_publishers(100);
}

fn kill_publishers(rounds: u32) {
    let rounds = kills(rounds);
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
        if round == 0 {
            // Once for certain when a part is up: the index takes its time for each file.
            while index.files().is_empty() && child.try_wait().unwrap().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
        } else {
            std::thread::sleep(Duration::from_millis(u64::from(round * 37 % 400)));
        }
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        killed += u32::from(!ended.success());
        let up = index.files().len();
        in_the_middle += u32::from(!ended.success() && 0 < up && up < planned.len());
        // A receipt is whole at every moment.
        let receipt = path.with_file_name("receipt.json");
        if receipt.exists() {
            read_json(&receipt);
        }
        let output = start(&path, &index).wait_with_output().unwrap();
        assert!(output.status.success(), "round {round}: {}", String::from_utf8_lossy(&output.stderr));
        assert_complete(&index, &path);
    }
    eprintln!("{killed} of {rounds} were killed, {in_the_middle} with a part of the files up");
    assert!(in_the_middle > 0, "no publisher was killed in the middle");
}

#[test]
fn a_large_file_takes_little_memory() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dist");
    fs::create_dir(&path).unwrap();
    wheel(&path, "acme-bin", "win_amd64", &[], vec![7; 300 << 20]);
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
