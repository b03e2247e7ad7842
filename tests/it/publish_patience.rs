//! How long a publish waits for an index that is busy, and that nothing makes it wait for ever.

use std::fs;
use std::time::{Duration, Instant, SystemTime};

use relkit::error::Explain as _;
use relkit::publish::error::PublishError;

use crate::support::index::{Fault, response};
use crate::support::publish::{Bench, bench, wheel};

#[test]
fn a_busy_index_is_given_the_time_that_it_asks_for() {
    for (status, is_date) in [("429 Too Many Requests", false), ("503 Service Unavailable", true)] {
        let bench = bench();
        // The fraction of a second is lost in a date.
        let later = SystemTime::now() + Duration::from_secs(4);
        let asked = if is_date { httpdate::fmt_http_date(later) } else { "2".to_owned() };
        let busy = response(status, &format!("Retry-After: {asked}\r\n"), "slow down");
        bench.index.canned("/simple/acme-bin/", [busy]);
        let started = Instant::now();
        bench.job().run().succeeded();
        bench.assert_complete();
        assert!(started.elapsed() >= Duration::from_secs(2), "{status} {asked}: {:?}", started.elapsed());
    }
    // Nobody waits for an hour: it is said how long it would be.
    let bench = bench();
    bench.index.fixed("/simple/acme-bin/", response("429 Too Many Requests", "Retry-After: 3600\r\n", "slow down"));
    let run = bench.job().run();
    assert!(run.error().to_string().contains("429 Too Many Requests: slow down"), "{:?}", run.outcome);
    let hint = run.error().hint().unwrap();
    assert!(hint.contains("later") && hint.contains("3600 s"), "{hint}");
    assert_eq!(bench.index.asked("/simple/acme-bin/"), 1);
}

/// A runtime wheel that is much larger than what sockets hold.
fn large(bench: &Bench) {
    fs::remove_dir_all(&bench.dist).unwrap();
    fs::create_dir(&bench.dist).unwrap();
    wheel(&bench.dist, "acme-bin", "win_amd64", &[], vec![7; 24 << 20]);
}

#[test]
fn a_login_page_that_comes_before_the_file_is_sent_is_an_answer() {
    let bench = bench();
    large(&bench);
    let login = "<html><title>Sign in</title><form><input type=password></form></html>";
    bench.index.faults(vec![Fault::answer("200 OK", "", login).early(4096); 6]);
    let run = bench.job().run();
    assert!(matches!(run.error(), PublishError::Refused { .. }), "{:?}\n{:?}", run.outcome, run.events);
    // The connection is closed with bytes unread: it may have to be asked once more, carefully.
    assert!(run.attempts("win_amd64") <= 2, "{:?}", run.events);
}
