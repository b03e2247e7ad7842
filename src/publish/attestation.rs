//! Attestations beside a distribution (PEP 740): their structure, and that each is about exactly these bytes. Signatures
//! are left to the index, which knows the publisher that they must be of.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Sha256Digest;
use crate::fs::{self, FsError};
use crate::wheel::attestation::{self, Statement, decoded};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// How the predicate type of a publish attestation ends; its host is that of the index's documentation.
const PUBLISH: &str = "/attestations/publish/v1";

/// What is asked of attestations; only `publish` sends them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Attestations {
    /// Those that are there are checked; `publish` sends them by trusted publishing: nothing else takes them.
    Auto,
    /// Every file must have one; `publish` sends them however it uploads.
    Require,
    /// They are not looked at.
    Off,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlannedAttestation {
    /// The file that holds it.
    pub(super) name: String,
    pub(super) sha256: Sha256Digest,
    /// What it says about the distribution.
    pub(super) predicate_type: String,
}

/// The attestations of `file` in `dist`, by name. What is wrong with them is told in `problems`, one sentence each.
pub(super) fn beside(
    dist: &Path,
    file: &str,
    sha256: Sha256Digest,
    problems: &mut Vec<String>,
) -> Result<Vec<PlannedAttestation>, FsError> {
    let mut planned: Vec<PlannedAttestation> = Vec::new();
    for name in attestation::beside(dist, file)? {
        let path = dist.join(&name);
        let bytes = fs::read(&path)?;
        match predicate_type(&bytes, file, sha256) {
            Ok(predicate_type) => {
                if let Some(twin) = planned.iter().find(|other| other.predicate_type == predicate_type) {
                    problems.push(format!(
                        "`{name}` says the same kind of thing as `{}`; the index takes one of each",
                        twin.name
                    ));
                }
                planned.push(PlannedAttestation { name, sha256: Sha256Digest::of(&bytes), predicate_type });
            }
            Err(why) => problems.push(format!("`{name}` {why}")),
        }
    }
    Ok(planned)
}

/// The form field of these attestations: a JSON array of the objects as they stand; `None` where a file changed.
pub(super) fn field(dist: &Path, planned: &[PlannedAttestation]) -> Result<Option<String>, FsError> {
    let mut objects = Vec::new();
    for attestation in planned {
        let path = dist.join(&attestation.name);
        let bytes = fs::read(&path)?;
        match serde_json::from_slice::<Value>(&bytes) {
            Ok(value) if Sha256Digest::of(&bytes) == attestation.sha256 => objects.push(value),
            _ => return Ok(None),
        }
    }
    Ok(Some(Value::Array(objects).to_string()))
}

/// Checks the attestations that an index has of a file, as it hands them out; the error says what is wrong with them.
pub(super) fn of_provenance(bytes: &[u8], file: &str, sha256: Sha256Digest) -> Result<(), String> {
    let object: Value = serde_json::from_slice(bytes).map_err(|error| format!("they are not JSON: {error}"))?;
    let bundles = object.get("attestation_bundles").and_then(Value::as_array);
    let all = bundles.into_iter().flatten().filter_map(|bundle| bundle.get("attestations")?.as_array()).flatten();
    let mut count = 0;
    for attestation in all {
        count += 1;
        predicate_type(attestation.to_string().as_bytes(), file, sha256).map_err(|why| format!("one {why}"))?;
    }
    if count == 0 { Err("there is none among them".to_owned()) } else { Ok(()) }
}

/// Checks one attestation; the error says what is wrong with it, as the end of a sentence about its file.
fn predicate_type(bytes: &[u8], file: &str, sha256: Sha256Digest) -> Result<String, String> {
    let object: Value = serde_json::from_slice(bytes).map_err(|error| format!("is not JSON: {error}"))?;
    if object.get("mediaType").is_some() {
        return Err("is a Sigstore bundle; the index takes the attestation form of PEP 740".into());
    }
    if object.get("version").and_then(Value::as_u64) != Some(1) {
        return Err("is not an attestation of version 1".into());
    }
    let material = object.get("verification_material").ok_or("has no `verification_material`")?;
    decoded(material, "certificate")?;
    let entries = material.get("transparency_entries").and_then(Value::as_array);
    if entries.is_none_or(Vec::is_empty) {
        return Err("has no `transparency_entries`".into());
    }
    let envelope = object.get("envelope").ok_or("has no `envelope`")?;
    decoded(envelope, "signature")?;
    let statement = Statement::of(&object)?;
    if statement.text("_type") != STATEMENT {
        return Err("holds something other than an in-toto statement of version 1".into());
    }
    let (name, digest) = statement.subject()?;
    if name != file {
        return Err(format!("is about `{name}`, not `{file}`"));
    }
    if digest.parse() != Ok(sha256) {
        return Err(format!("is about other bytes of `{file}`: SHA-256 {digest}, not {sha256}"));
    }
    let (kind, predicate) = (statement.text("predicateType"), statement.predicate());
    match kind {
        PROVENANCE => {}
        _ if kind.ends_with(PUBLISH) => {
            if !predicate.is_null() && predicate.as_object().is_none_or(|object| !object.is_empty()) {
                return Err("is a publish attestation whose predicate is not empty".into());
            }
        }
        _ => return Err(format!("says something that no index takes: predicate type `{kind}`")),
    }
    Ok(kind.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const FILE: &str = "a-1-py3-none-any.whl";

    fn attestation(change: impl FnOnce(&mut Value, &mut Value)) -> Vec<u8> {
        let mut statement = json!({
            "_type": STATEMENT,
            "subject": [{"name": FILE, "digest": {"sha256": Sha256Digest::of(b"wheel").to_string()}}],
            "predicateType": format!("https://index.example{PUBLISH}"),
            "predicate": null,
        });
        let mut object = json!({
            "version": 1,
            "verification_material": {"certificate": "AAAA", "transparency_entries": [{}]},
            "envelope": {"signature": "AAAA"},
        });
        change(&mut object, &mut statement);
        if object["envelope"].is_object() && object["envelope"].get("statement").is_none() {
            object["envelope"]["statement"] = json!(STANDARD.encode(statement.to_string()));
        }
        object.to_string().into_bytes()
    }

    #[test]
    fn a_good_one_passes_and_every_fault_is_told() {
        let judged = |bytes: &[u8]| predicate_type(bytes, FILE, Sha256Digest::of(b"wheel"));
        assert!(judged(&attestation(|_, _| {})).unwrap().ends_with(PUBLISH));
        assert_eq!(
            judged(&attestation(|_, statement| statement["predicateType"] = json!(PROVENANCE))).unwrap(),
            PROVENANCE
        );
        type Change = fn(&mut Value, &mut Value);
        let faults: [(Change, &str); 13] = [
            (|object, _| object["version"] = json!(2), "version 1"),
            (|object, _| object["mediaType"] = json!("x"), "Sigstore bundle"),
            (|object, _| object["verification_material"] = json!({}), "no `certificate`"),
            (|object, _| object["verification_material"]["certificate"] = json!("%"), "not Base64"),
            (|object, _| object["verification_material"]["transparency_entries"] = json!([]), "transparency_entries"),
            (|object, _| object["envelope"] = json!({}), "no `signature`"),
            (|object, _| object["envelope"]["statement"] = json!("AAAA"), "not JSON"),
            (|_, statement| statement["_type"] = json!("x"), "in-toto"),
            (|_, statement| statement["subject"] = json!([]), "0 subjects"),
            (|_, statement| statement["subject"][0]["name"] = json!("b.whl"), "about `b.whl`"),
            (|_, statement| statement["subject"][0]["digest"]["sha256"] = json!("00"), "other bytes"),
            (|_, statement| statement["predicateType"] = json!("x"), "no index takes"),
            (|_, statement| statement["predicate"] = json!({"a": 1}), "not empty"),
        ];
        for (fault, words) in faults {
            let why = judged(&attestation(fault)).unwrap_err();
            assert!(why.contains(words), "{why} / {words}");
        }
        assert!(judged(b"[").is_err() && judged(b"[]").is_err());
    }

    #[test]
    fn one_of_each_kind_beside_a_file() {
        let directory = tempfile::tempdir().unwrap();
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(format!("{FILE}{name}")), bytes).unwrap();
        let look = || {
            let mut problems = Vec::new();
            (beside(directory.path(), FILE, Sha256Digest::of(b"wheel"), &mut problems).unwrap(), problems)
        };
        write(".publish.attestation", &attestation(|_, _| {}));
        write(".slsa.attestation", &attestation(|_, statement| statement["predicateType"] = json!(PROVENANCE)));
        let (planned, problems) = look();
        assert_eq!((planned.len(), problems.len()), (2, 0));
        assert!(field(directory.path(), &planned).unwrap().unwrap().starts_with("[{"));
        write(".again.attestation", &attestation(|_, _| {}));
        assert_eq!(look().1.len(), 1);
        write(".publish.attestation", b"{}");
        assert_eq!(field(directory.path(), &planned).unwrap(), None);
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = predicate_type(&bytes, FILE, Sha256Digest::of(b""));
        }
    }
}
