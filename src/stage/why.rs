//! Why a wheel carries its platform tags, and what would widen them: the sentences of `stage-runtime`, `build` and
//! `release`. What rules the next tag out is said as `inspect` says it.

use crate::binary::Inventory;
use crate::console::text::quoted;
use crate::target::{PlatformTagSet, TargetTriple};

/// Where the tags of a wheel come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagOrigin<'a> {
    /// They were typed.
    Asked,
    /// The product's row of this target lists them all.
    Listed(&'a TargetTriple),
    /// They were read off the binaries.
    Read,
    /// The stage says so, and not whence.
    Staged,
}

/// Two sentences about the tags of a wheel, without full stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TagReason {
    pub(crate) why: String,
    /// The tag that more machines would take, and what is in its way; none where no tag is wider.
    pub(crate) wider: Option<String>,
}

impl TagReason {
    pub(crate) fn of(tags: &PlatformTagSet, origin: TagOrigin<'_>, inventory: &Inventory) -> Self {
        let named = quoted(tags.tags());
        let is_honest = tags.tags().iter().all(|tag| inventory.honours(tag));
        let whose = match inventory.binaries().len() {
            1 => "its binary keeps".to_owned(),
            count => format!("all its {count} binaries keep"),
        };
        let kept = match (is_honest, tags.tags().len()) {
            (true, 1) => format!("{whose} its promise"),
            (true, _) => format!("{whose} their promises"),
            (false, _) => "not every binary keeps that promise".to_owned(),
        };
        let why = match origin {
            TagOrigin::Asked => format!("{named}: asked for, and {kept}"),
            TagOrigin::Listed(target) => {
                let them = if tags.tags().len() == 1 { "it" } else { "them" };
                format!("{named}: the product lists {them} for `{target}`, and {kept}")
            }
            TagOrigin::Read => format!("{named}: read off the binaries, and {kept}"),
            TagOrigin::Staged => format!("{named}: as it was staged, and {kept}"),
        };
        Self { why, wider: wider(tags, inventory) }
    }

    /// Both sentences.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        [Some(self.why.as_str()), self.wider.as_deref()].into_iter().flatten()
    }
}

/// An honest tag with a lower floor than the chosen one, or what rules out the tag that comes next.
fn wider(tags: &PlatformTagSet, inventory: &Inventory) -> Option<String> {
    let lower: Vec<_> = inventory
        .lowest_honest_tags()
        .into_iter()
        .filter(|honest| *honest == honest.canonical())
        .filter(|honest| tags.tags().iter().any(|tag| honest.is_lower_than(tag)))
        .filter(|honest| !tags.tags().iter().any(|tag| tag.canonical() == *honest || tag.is_lower_than(honest)))
        .collect();
    if lower.is_empty() {
        return inventory.next_tag().map(|next| next.to_string());
    }
    Some(format!("{} would be honest too, and more machines take it", quoted(&lower)))
}
