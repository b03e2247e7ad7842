//! What a rule may look at: every byte of a distribution read once, every failure to parse kept as a value.

pub(crate) mod audit;
pub(crate) mod embedded;
pub(crate) mod release;
pub(crate) mod scan;
pub(crate) mod sdist;
pub(crate) mod summary;
pub(crate) mod wheel;
