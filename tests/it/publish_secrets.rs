//! What a publish must not print, wherever it stands: in a URL, in a slip of the command line, in the answers of a server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::bench::{Bench, bench};
use crate::support::index::{Fault, response};
use crate::support::publish::TOKEN;
use crate::support::{run, text};

/// Longer than any name of a person; some indexes take a token in place of a user name.
const LONG_USER: &str = "user-token-open-sesame";

impl Bench {
    /// The same addresses with something before their host.
    fn with_userinfo(&self, upload: &str, index: &str) -> [String; 2] {
        let with = |userinfo: &str, path: &str| {
            let address = match userinfo {
                "" => self.index.address.clone(),
                userinfo => self.index.address.replacen("://", &format!("://{userinfo}@"), 1),
            };
            format!("{address}{path}")
        };
        [with(upload, "/legacy/"), with(index, "/simple/")]
    }
}

#[test]
fn no_part_of_a_token_is_left_where_a_long_answer_is_cut() {
    for lead in [560, 590, 599] {
        let words = format!("{} {TOKEN} and more", "x".repeat(lead));
        for body in [words.clone(), format!(r#"{{"errors":[{{"message":"{words}"}}]}}"#), format!("<p>{words}</p>")] {
            let bench = bench();
            bench.index.faults([Fault::answer("400 Bad Request", "", &body)]);
            let said = text(&bench.run(&["--receipt", "receipt.json"]));
            let receipt = std::fs::read_to_string(bench.path("receipt.json")).unwrap();
            assert!(said.contains("xxx") && receipt.contains("xxx"), "{said}");
            assert!(!said.contains("pypi-t") && !receipt.contains("pypi-t"), "{said}\n{receipt}");
        }
    }
}

#[test]
fn a_user_name_that_can_be_a_token_is_sent_and_never_shown() {
    let bench = bench();
    let words = format!("{LONG_USER} may not upload; see http://{LONG_USER}@index.example/");
    bench.index.faults([Fault::answer("403 Forbidden", "", &words)]);
    let [upload, index] = bench.with_userinfo(LONG_USER, LONG_USER);
    let options = ["--upload-url", &upload, "--index-url", &index, "--allow-missing", "all"];
    let said = text(&run(&mut bench.verb("publish", &options)));
    assert!(said.contains("… may not upload") && !said.contains("sesame"), "{said}");
    let sent = STANDARD.encode(format!("{LONG_USER}:"));
    let seen = bench.index.state.seen.lock().unwrap();
    assert!(seen.readers.iter().any(|header| *header == format!("Basic {sent}")), "{:?}", seen.readers);
}

#[test]
fn what_an_index_repeats_of_its_url_is_not_shown() {
    let bench = bench();
    for project in ["openai-codex-cli-bin", "openai-codex-app-server-sdk"] {
        let words = format!("{} key=open-sesame and open%2Dsesame are none of ours", "x".repeat(570));
        bench.index.fixed(&format!("/simple/{project}/"), response("403 Forbidden", "", &words));
    }
    let [upload, index] = bench.with_userinfo("", "me:open-sesame");
    for index in [index.clone(), format!("{}/simple/?key=open-sesame", bench.index.address)] {
        let options = ["--upload-url", &upload, "--index-url", &index, "--allow-missing", "all"];
        let said = text(&run(&mut bench.verb("publish", &options)));
        assert!(said.contains("key=…") && !said.contains("open-ses") && !said.contains("open%2D"), "{said}");
    }
}

#[test]
fn a_slip_of_the_command_line_shows_no_secret() {
    let bench = bench();
    let [upload, _] = bench.with_userinfo("", "");
    for slip in [
        &["--token-stdin=sesame"][..],
        &["https://me:sesame@index.example/"],
        &["--index-url", "index.example/simple/?token=sesame"],
        &["--index-url", "https://index.example:port/?token=sesame"],
        &["--index-url", "https://me:sesame@index.example:port/#sesame"],
        &["--index-url", "ftp://me:sesame@index.example/?token=sesame"],
        &["--index-url", "http://sesame@index.example/?token=sesame"],
        &["--index", "https://me:sesame@index.example/"],
    ] {
        for format in ["text", "json"] {
            let output = run(bench.verb("publish", &["--upload-url", &upload, "--format", format]).args(slip));
            let said = text(&output);
            assert_eq!(output.status.code(), Some(2), "{slip:?}: {said}");
            assert!(!said.contains("sesame"), "{slip:?}: {said}");
        }
    }
}
