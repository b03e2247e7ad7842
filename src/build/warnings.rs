//! What is worth a warning about a stage that is built all the same: `check` has the last word.

use super::source::MemberSource;
use super::staged::{StageKind, Staged};
use crate::binary::Inventory;
use crate::stage::{StageWarning, TagOrigin, TagReason};

impl Staged {
    pub(crate) fn warnings(&self, inventory: Option<&Inventory>) -> Vec<String> {
        let restored = self.restored.iter().map(|path| {
            format!(
                "`{path}` of `{}` has lost its execute bit; the wheel carries it executable, as it was staged",
                self.directory.display()
            )
        });
        let untagged = (!self.is_tagged).then(|| {
            format!(
                "`{}` has no build hook `hatch_build.py`: a PEP 517 front end would tag its wheel `any`",
                self.directory.display()
            )
        });
        restored.chain(untagged).chain(self.broken_promises(inventory)).collect()
    }

    /// The binaries of a runtime. What cannot be read as a binary is left to `check`.
    pub(crate) fn inventory(&self) -> Option<Inventory> {
        let StageKind::Runtime(_) = &self.kind else { return None };
        let files = self.members.iter().filter_map(|member| match &member.source {
            MemberSource::File { path, .. } => Some((member.path.clone(), path.clone())),
            MemberSource::Bytes(_) => None,
        });
        Inventory::of_files(files).ok()
    }

    /// Why the wheel carries its tags, as far as the stage knows.
    pub(crate) fn tag_reason(&self, inventory: &Inventory) -> Option<TagReason> {
        let StageKind::Runtime(platforms) = &self.kind else { return None };
        let is_whole = inventory.damaged().is_empty() && !inventory.binaries().is_empty();
        is_whole.then(|| TagReason::of(platforms, TagOrigin::Staged, inventory))
    }

    /// What the binaries say against the tag that they were given. The tag is obeyed.
    fn broken_promises(&self, inventory: Option<&Inventory>) -> Vec<String> {
        let (StageKind::Runtime(platforms), Some(inventory)) = (&self.kind, inventory) else { return Vec::new() };
        let mut warnings = Vec::new();
        for tag in platforms.tags() {
            let broken = inventory.objections(tag).into_iter().filter(|(_, objection)| objection.breaks_promise());
            warnings.extend(broken.map(|(member, objection)| StageWarning::of(member, tag, objection).to_string()));
        }
        warnings
    }
}
