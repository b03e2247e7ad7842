//! What a link or an image of a text leads to.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkKind {
    Link,
    Image,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct LinkDestination {
    pub(crate) kind: LinkKind,
    pub(crate) url: String,
}

impl LinkDestination {
    pub(super) fn link(url: impl Into<String>) -> Self {
        Self { kind: LinkKind::Link, url: url.into() }
    }

    pub(super) fn image(url: impl Into<String>) -> Self {
        Self { kind: LinkKind::Image, url: url.into() }
    }

    /// Whether it needs the address of the text that it stands in (RFC 3986), and is not just a place in it.
    pub(super) fn is_relative(&self) -> bool {
        let url = self.url.trim();
        let scheme = url.split_once(':').is_some_and(|(scheme, _)| {
            scheme.starts_with(|first: char| first.is_ascii_alphabetic())
                && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter))
        });
        !(url.is_empty() || url.starts_with('#') || url.starts_with("//") || scheme)
    }
}
