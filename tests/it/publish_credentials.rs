//! What allows an upload: trusted publishing with every error of its three calls, tokens that expire on the way, and the
//! token of the environment.

use relkit::error::{Exit, Explain as _};
use relkit::publish::error::PublishError;
use serde_json::json;

use crate::support::index::response;
use crate::support::publish::{TOKEN, bench};

#[test]
fn a_token_is_minted_for_each_project_and_everything_secret_is_masked() {
    let bench = bench();
    let run = bench.trusted().run();
    run.succeeded();
    assert_eq!((bench.index.minted(), bench.index.files().len()), (2, 5));
    // Identity, token, and the token as the header carries it, for each project.
    assert_eq!(run.masked.len(), 6, "{:?}", run.masked.len());
    let seen = bench.index.state.seen.lock().unwrap();
    let of = |kind: &str| seen.lines.iter().filter(|line| line.contains(kind)).count();
    assert_eq!((of("/_/oidc/audience"), of("/id-token"), of("/_/oidc/mint-token")), (1, 2, 2));
    // No secret goes anywhere before every check is through: the pages of the index come first.
    assert!(seen.lines[0].contains("/simple/acme-bin/") && seen.lines[1].contains("/simple/acme-sdk/"));
}

#[test]
fn an_expired_token_is_minted_again_with_a_new_identity() {
    let bench = bench();
    // Every token serves for one upload.
    *bench.index.state.uses.lock().unwrap() = Some(1);
    let renewed = bench.trusted().run();
    renewed.succeeded();
    assert_eq!(bench.index.files().len(), 5);
    // The SDK's first token is fresh: five files, five tokens.
    assert_eq!(bench.index.minted(), 5);
    assert!(renewed.events.iter().any(|event| event.contains("minting another")));
}

#[test]
fn a_refused_identity_is_explained_by_its_claims() {
    for (code, words) in [
        ("invalid-publisher", "valid token, but no corresponding publisher"),
        ("invalid-pending-publisher", "no pending publisher"),
        ("invalid-payload", "payload"),
        ("invalid-token", "token"),
        ("not-enabled", "not enabled"),
    ] {
        let bench = bench();
        *bench.index.state.claims.lock().unwrap() = json!({
            "sub": "repo:acme/acme:environment:release",
            "repository": "acme/acme",
            "workflow_ref": "acme/acme/.github/workflows/release.yml@refs/tags/v1",
            "job_workflow_ref": "acme/acme/.github/workflows/publish.yml@refs/tags/v1",
            "event_name": "push",
        });
        let body =
            json!({"message": "Token request failed", "errors": [{"code": code, "description": words}]}).to_string();
        bench.index.canned("/_/oidc/mint-token", [response("422 Unprocessable Entity", "", &body)]);
        let run = bench.trusted().run();
        let (error, hint) = (run.error(), run.error().hint().unwrap());
        assert!(matches!(error, PublishError::Credential(_)) && error.exit() == Exit::NotGood, "{error:?}");
        assert!(error.to_string().contains(words) && error.to_string().contains(code), "{error}");
        for part in ["repository: acme/acme", "job_workflow_ref: ", "top-level workflow file", "`acme-bin`", "pending"]
        {
            assert!(hint.contains(part), "{part} / {hint}");
        }
        assert!(bench.index.state.seen.lock().unwrap().authorizations.is_empty());
    }
}

#[test]
fn a_server_that_fails_for_a_moment_is_asked_again() {
    for path in ["/_/oidc/audience", "/id-token", "/_/oidc/mint-token"] {
        let bench = bench();
        bench.index.canned(
            path,
            [
                response("503 Service Unavailable", "", "<html>busy</html>"),
                response("500 Internal Server Error", "", ""),
            ],
        );
        bench.trusted().run().succeeded();
        bench.index.state.files.lock().unwrap().clear();
        bench.index.canned(path, vec![response("503 Service Unavailable", "", "<html><h1>busy</h1></html>"); 3]);
        let run = bench.trusted().run();
        assert!(run.error().to_string().contains("busy"), "{:?}", run.outcome);
        assert_eq!(run.error().exit(), Exit::Failed);
        assert!(bench.index.files().is_empty());
    }
}

#[test]
fn answers_that_are_none_are_told() {
    let minted = r#"{"success":true,"token":"minted-token"}"#;
    for (path, answer) in [
        ("/id-token", response("403 Forbidden", "", "request-secret is not allowed")),
        ("/id-token", response("200 OK", "", "<html>")),
        ("/_/oidc/mint-token", response("200 OK", "", "{}")),
        ("/_/oidc/mint-token", response("200 OK", "", r#"{"success":true,"token":""}"#)),
        ("/_/oidc/mint-token", response("404 Not Found", "", "")),
        // Of what goes on for so long no more is read.
        ("/_/oidc/mint-token", response("200 OK", "", &format!("{}{minted}", " ".repeat(1 << 20)))),
    ] {
        let bench = bench();
        bench.index.canned(path, [answer]);
        let run = bench.trusted().run();
        assert!(matches!(run.error(), PublishError::Credential(_)), "{path}: {:?}", run.outcome);
    }
}

#[test]
fn an_index_without_trusted_publishing_takes_the_token() {
    for audience in [
        response("404 Not Found", "", ""),
        response("405 Method Not Allowed", "", ""),
        response("403 Forbidden", "", r#"{"message":"Trusted publishing functionality not enabled"}"#),
        response("200 OK", "", "<html>welcome</html>"),
        response("302 Found", "Location: /login\r\n", ""),
    ] {
        let bench = bench();
        bench.index.canned("/_/oidc/audience", [audience.clone(), audience]);
        let mut job = bench.trusted();
        let run = job.run();
        assert!(run.error().to_string().contains("nothing allows an upload"), "{:?}", run.outcome);
        job.variables.push(("RELKIT_TOKEN".into(), TOKEN.into()));
        job.run().succeeded();
        assert_eq!(bench.index.minted(), 0);
    }
}

#[test]
fn gitlab_hands_its_identity_over_in_a_variable() {
    let bench = bench();
    bench.index.state.seen.lock().unwrap().identities.push("e30.e30.gitlab-identity".into());
    let mut job = bench.trusted();
    job.variables =
        vec![("GITLAB_CI".into(), "true".into()), ("SCRIPTED_INDEX_ID_TOKEN".into(), "e30.e30.gitlab-identity".into())];
    // Its one identity serves once, and the token that it gives for both projects.
    job.run().succeeded();
    assert_eq!((bench.index.minted(), bench.index.files().len()), (1, 5));
    bench.index.state.files.lock().unwrap().clear();
    assert!(job.run().error().to_string().contains("invalid-reuse-token"));
    // Without the variable the token of the environment serves.
    job.variables = vec![("GITLAB_CI".into(), "true".into()), ("RELKIT_TOKEN".into(), TOKEN.into())];
    job.run().succeeded();
}

#[test]
fn a_wrong_or_missing_token_is_told() {
    let bench = bench();
    let mut job = bench.trusted();
    job.variables = vec![("RELKIT_TOKEN".into(), "pypi-wrong".into())];
    let run = job.run();
    assert!(matches!(run.error(), PublishError::Unauthorised { .. }), "{:?}", run.outcome);
    job.variables = Vec::new();
    assert!(job.run().error().hint().unwrap().contains("RELKIT_TOKEN"));
}
