//! The release that a user names: a tag in one of the product's forms or a public version, and the packaging revision
//! above it. Both spellings name one release.

use std::fmt;

use super::public::PublicVersion;
use super::tag_form::TagForm;
use crate::error::Explain;

/// A release of a program, and the version of its distributions, as which it displays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseVersion {
    program: PublicVersion,
    distribution: PublicVersion,
    spelled: String,
    tag: String,
}

/// A text that names no release of a product.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no release of the product: it is neither a release tag nor a public version")]
pub struct ReleaseVersionError {
    text: String,
    forms: Vec<TagForm>,
}

impl Explain for ReleaseVersionError {
    fn hint(&self) -> Option<String> {
        let tags: Vec<_> = self.forms.iter().map(|form| format!("`{}`", form.write("1.2.3"))).collect();
        let tags = tags.join(", ");
        Some(format!(
            "accepted are a release tag ({tags}) and a public PEP 440 version (`1.2.3`, `15`, `1.2.3rc1`, `1.0.post1`)"
        ))
    }
}

/// A revision of a version that can have none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is a post-release, and has no revision of its own")]
pub(crate) struct RevisionError(PublicVersion);

impl Explain for RevisionError {
    fn hint(&self) -> Option<String> {
        Some("name the next post-release as the release itself, without `--revision`".into())
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be the version of an SDK for the runtime {runtime}")]
pub struct SdkVersionError {
    text: String,
    runtime: PublicVersion,
}

impl Explain for SdkVersionError {
    fn hint(&self) -> Option<String> {
        let runtime = &self.runtime;
        Some(match runtime.is_post_release() {
            false => format!("use `{runtime}`, or a post-release of it such as `{runtime}.post1`"),
            true => format!("use `{runtime}`: a post-release has no post-release of its own"),
        })
    }
}

impl ReleaseVersion {
    /// The release that `text` names, where tags have one of `forms`, of which the first is written.
    pub fn named(text: &str, forms: &[TagForm]) -> Result<Self, ReleaseVersionError> {
        let refused = || ReleaseVersionError { text: text.to_owned(), forms: forms.to_vec() };
        let tagged = forms.iter().filter_map(|form| form.read(text));
        // A form without anything around the version reads versions too; so it comes after those that read less.
        let in_tag = tagged.filter(|inside| inside.len() < text.len());
        // Large letters are no spelling of their own.
        let lower = |inside: &str| Some((inside.to_ascii_lowercase(), PublicVersion::typed(inside)?));
        let as_it_is = |inside: &str| Some((inside.to_owned(), inside.parse::<PublicVersion>().ok()?));
        let read = |inside: &&str| as_it_is(inside).or_else(|| lower(inside));
        let (spelled, program) = in_tag.chain([text]).find_map(|inside| read(&inside)).ok_or_else(refused)?;
        let normal = spelled == program.to_string();
        let spelled = if normal { program.semver() } else { spelled.trim_start_matches('v').to_owned() };
        let tag = forms.first().map_or_else(|| spelled.clone(), |form| form.write(&spelled));
        Ok(Self { distribution: program.clone(), program, spelled, tag })
    }

    /// The same program packaged again: every distribution is the post-release with that number.
    pub(crate) fn revised(self, revision: u64) -> Result<Self, RevisionError> {
        if self.program.is_post_release() {
            return Err(RevisionError(self.program));
        }
        Ok(Self { distribution: self.program.post(revision), ..self })
    }

    /// Whether `text`, which it was read from, spells a further number behind that of a pre-release, as which PEP 440 knows
    /// none: `1.2.3-beta.2.3` is `1.2.3b2.post3`.
    pub(crate) fn is_respin(&self, text: &str) -> bool {
        self.program.is_post_release()
            && self.program.version().is_pre()
            && !["post", "rev"].iter().any(|word| text.contains(word))
    }

    /// Whether its spelling leaves out a number or a word, as PEP 440 allows: `1.0a` is `1.0a0`, and `1.0-1` is `1.0.post1`.
    pub(crate) fn leaves_out(&self) -> bool {
        self.spelled.parse::<PublicVersion>().is_err()
    }

    /// What the program says of itself.
    pub fn program(&self) -> &PublicVersion {
        &self.program
    }

    /// What every distribution of the release is.
    pub(crate) fn distribution(&self) -> &PublicVersion {
        &self.distribution
    }

    /// The number of the packaging revision, where the release is one.
    pub(crate) fn revision(&self) -> Option<u64> {
        self.distribution.version().post().filter(|_| self.distribution != self.program)
    }

    /// As upstream's tag spells it: `0.116.0-alpha.1`, `2026.01.05`.
    pub(crate) fn spelled(&self) -> &str {
        &self.spelled
    }

    /// The tag of the release: `rust-v0.116.0-alpha.1`.
    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// The version of the SDK that `text` asks for: that of its runtime, or a post-release of it.
    pub fn sdk_version(&self, text: &str) -> Result<PublicVersion, SdkVersionError> {
        let runtime = &self.distribution;
        let refused = || SdkVersionError { text: text.to_owned(), runtime: runtime.clone() };
        let version: PublicVersion = text.parse().map_err(|_| refused())?;
        is_of_runtime(&version, runtime).then_some(version).ok_or_else(refused)
    }
}

/// Whether an SDK of that version may pin that runtime: it is the same, or a post-release of it.
pub(crate) fn is_of_runtime(sdk: &PublicVersion, runtime: &PublicVersion) -> bool {
    sdk == runtime || sdk.version().post().is_some_and(|post| !runtime.is_post_release() && *sdk == runtime.post(post))
}

impl fmt::Display for ReleaseVersion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.distribution.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forms(texts: &[&str]) -> Vec<TagForm> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn a_tag_and_a_version_name_one_release() {
        let codex = forms(&["rust-v{version}", "v{version}", "{version}"]);
        for (text, version, tag) in [
            ("rust-v0.116.0-alpha.1", "0.116.0a1", "rust-v0.116.0-alpha.1"),
            ("v0.116.0-alpha.1", "0.116.0a1", "rust-v0.116.0-alpha.1"),
            ("0.116.0a1", "0.116.0a1", "rust-v0.116.0-alpha.1"),
            ("0.154.0-alpha.1.2", "0.154.0a1.post2", "rust-v0.154.0-alpha.1.2"),
            ("0.154.0a1.post2", "0.154.0a1.post2", "rust-v0.154.0-alpha.1.2"),
            ("rust-v0.163.0", "0.163.0", "rust-v0.163.0"),
        ] {
            let release = ReleaseVersion::named(text, &codex).unwrap();
            assert_eq!((release.to_string().as_str(), release.tag()), (version, tag), "{text}");
        }
        for (text, form, tag) in [
            ("15.2.0", "{version}", "15.2.0"),
            ("jq-1.8.1", "jq-{version}", "jq-1.8.1"),
            ("v2026.01.05", "v{version}", "v2026.01.05"),
            ("cli/v2.3.0", "cli/v{version}", "cli/v2.3.0"),
            ("1.2", "v{version}", "v1.2"),
            // As upstream spells it, where that is more than large letters.
            ("v1.0a", "v{version}", "v1.0a"),
            ("1.0A1", "v{version}", "v1.0a1"),
            ("V1.0", "v{version}", "v1.0"),
            ("rel-1.0-1", "rel-{version}", "rel-1.0-1"),
        ] {
            assert_eq!(ReleaseVersion::named(text, &forms(&[form])).unwrap().tag(), tag);
        }
        let is_respin = |text: &str| ReleaseVersion::named(text, &codex).unwrap().is_respin(text);
        assert!(is_respin("1.2.3-beta.2.3") && is_respin("rust-v0.154.0-alpha.1.2"));
        assert!(!is_respin("1.2.3b2.post3") && !is_respin("1.2.3-beta.2") && !is_respin("1.2.3.post1"));
        let leaves_out = |text: &str| ReleaseVersion::named(text, &codex).unwrap().leaves_out();
        assert!(["1.0a", "v1.0-1", "1.0.post", "rust-v0.116.0-alpha"].into_iter().all(leaves_out));
        assert!(!["1.0A1", "V1.0", "2026.01.05", "0.154.0-alpha.1.2", "1.2.3.post1"].into_iter().any(leaves_out));
        let error = ReleaseVersion::named("nightly", &codex).unwrap_err();
        assert!(error.hint().unwrap().contains("`rust-v1.2.3`"), "{error:?}");
    }

    #[test]
    fn a_revision_is_of_the_packaging_alone() {
        let release = ReleaseVersion::named("v3.14.1", &TagForm::usual()).unwrap().revised(2).unwrap();
        let said = (release.to_string(), release.program().to_string(), release.tag().to_owned());
        assert_eq!(said, ("3.14.1.post2".into(), "3.14.1".into(), "v3.14.1".into()));
        let post = ReleaseVersion::named("1.0.post1", &TagForm::usual()).unwrap();
        assert_eq!((release.revision(), post.revision()), (Some(2), None));
        assert!(post.revised(1).is_err());
    }

    #[test]
    fn an_sdk_is_its_runtime_or_a_post_release_of_it() {
        let release = ReleaseVersion::named("0.163.0", &TagForm::usual()).unwrap();
        assert_eq!(release.sdk_version("0.163.0.post1").unwrap().to_string(), "0.163.0.post1");
        assert_eq!(release.sdk_version("0.163.0").unwrap().to_string(), "0.163.0");
        for text in
            ["0.163.1", "0.163.0.post", "0.163.0.dev1", "0.163.0a1", "", "0.163.0.post1.post2", "0.163.0.post1.dev2"]
        {
            assert!(release.sdk_version(text).is_err(), "{text}");
        }
        let respin = ReleaseVersion::named("0.154.0a1.post2", &TagForm::usual()).unwrap();
        assert!(respin.sdk_version("0.154.0a1.post3").is_err());
    }

    proptest! {
        #[test]
        fn tag_and_version_are_inverse(version in r"[1-9][0-9]?(\.[1-9][0-9]?){0,3}((a|b|rc)[0-9])?(\.post[0-9])?(\.dev[0-9])?") {
            let forms = forms(&["rust-v{version}", "{version}"]);
            let release = ReleaseVersion::named(&version, &forms).unwrap();
            prop_assert_eq!(release.program().to_string(), version);
            prop_assert_eq!(ReleaseVersion::named(release.tag(), &forms), Ok(release));
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = ReleaseVersion::named(&text, &TagForm::usual());
        }
    }
}
