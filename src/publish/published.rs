//! The runtime of a release as an index has it: what the SDK is held against where it is released alone.

use std::collections::BTreeMap;
use std::time::Duration;

use super::index::{Index, IndexError, is_of_release};
use super::survey::patiently;
use crate::console::text::because;
use crate::gate::{Published, PublishedFile};
use crate::version::PublicVersion;
use crate::wheel::name::DistributionName;

/// The longest file that is fetched because the index tells no SHA-256 of it, in bytes.
const MAX_FETCHED: u64 = 1 << 30;

impl Index {
    /// What it lists of a release of the runtime. After a passing failure it is asked again, at first after about `pause`.
    pub(crate) fn published(
        &self,
        runtime: &DistributionName,
        version: &PublicVersion,
        pause: Duration,
    ) -> Result<Published, IndexError> {
        let text = version.to_string();
        let page = patiently(pause, || self.page(runtime, &text))?;
        if !page.found && page.elsewhere.is_none() {
            patiently(pause, || self.must_exist())?;
        }
        let mut objections = Vec::new();
        if let Some(there) = &page.elsewhere {
            objections.push(format!(
                "the page of `{runtime}` leads to `{there}`: what another index has is not this index's, and does not count"
            ));
        }
        if let Some(status) = page.status.as_ref().filter(|status| status.word == "quarantined") {
            objections.push(format!("the index calls `{runtime}` {}{}", status.word, because(&status.reason)));
        }
        for (name, listed) in page.files.iter().filter(|(name, _)| is_of_release(name, runtime, &text)) {
            if let Some((one, other)) = listed.sha256.zip(listed.disputed) {
                objections.push(format!(
                    "its page lists `{name}` twice, with other bytes each time (SHA-256 {one} and {other})"
                ));
            }
        }
        let of_release = page.files.iter().filter(|(name, _)| is_of_release(name, runtime, &text));
        let files = of_release.map(|(name, listed)| PublishedFile {
            name: name.clone(),
            sha256: listed.sha256.or_else(|| self.digest(listed, MAX_FETCHED)),
            yanked: listed.yanked.clone(),
        });
        Ok(Published { index: self.shown(), files: files.collect(), objections, beside: BTreeMap::new() })
    }
}
