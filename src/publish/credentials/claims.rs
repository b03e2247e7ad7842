//! What a CI job's identity claims (a JSON Web Token, RFC 7519, read without verifying it), and what that says about a
//! refusal by trusted publishing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::wheel::name::DistributionName;

/// The claims that an index compares with its registered publishers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims(BTreeMap<&'static str, String>);

const SHOWN_CLAIMS: [&str; 12] = [
    "sub",
    "repository",
    "repository_owner",
    "repository_owner_id",
    "workflow_ref",
    "job_workflow_ref",
    "ref",
    "environment",
    "event_name",
    "namespace_path",
    "project_path",
    "ci_config_ref_uri",
];

impl Claims {
    /// The claims in the payload of a JSON Web Token, unverified; none where it is not one.
    pub(super) fn of(identity: &str) -> Self {
        let payload = identity.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let claims: Option<Value> = payload.and_then(|payload| serde_json::from_slice(&payload).ok());
        let claims = claims.unwrap_or_default();
        let known = SHOWN_CLAIMS.into_iter().filter_map(|name| Some((name, claims.get(name)?.as_str()?.to_owned())));
        Self(known.collect())
    }

    /// Whether the upload runs in a reusable workflow, whose identity is not that of the workflow that called it.
    fn is_reusable_workflow(&self) -> bool {
        match (self.0.get("workflow_ref"), self.0.get("job_workflow_ref")) {
            (Some(caller), Some(called)) => caller != called,
            _ => false,
        }
    }

    pub(super) fn advice(&self, project: &DistributionName) -> String {
        let mut text = format!("compare these claims with the trusted publisher registered for `{project}`:");
        for (name, value) in &self.0 {
            text += &format!("\n  {name}: {value}");
        }
        if self.is_reusable_workflow() {
            text += "\nthe job runs in a reusable workflow: the index compares `job_workflow_ref`, which names the called \
                     file; move the publish job into the top-level workflow file";
        }
        if self.0.get("event_name").is_some_and(|event| event == "pull_request_target") {
            text += "\nthe index takes nothing from `pull_request_target`";
        }
        text += "\na project that does not exist yet needs a pending publisher, and one workflow and environment can be \
                 pending for one project only: create the runtime's project first, or use two environments";
        text
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn identity(claims: &Value) -> String {
        format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn the_reusable_workflow_trap_is_explained() {
        let acme = "acme".parse().unwrap();
        let trap = json!({"workflow_ref": "o/r/.github/workflows/a.yml@x", "job_workflow_ref": "o/r/.github/workflows/b.yml@x"});
        let claims = Claims::of(&identity(&trap));
        assert!(claims.is_reusable_workflow());
        assert!(claims.advice(&acme).contains("top-level workflow file"));
        let plain = json!({"workflow_ref": "a", "job_workflow_ref": "a", "jti": "secret"});
        let claims = Claims::of(&identity(&plain));
        assert!(!claims.is_reusable_workflow() && !claims.advice(&acme).contains("secret"));
        assert_eq!(Claims::of("not a token"), Claims::default());
    }
}
