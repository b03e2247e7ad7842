//! Step 8: everything that speaks HTTP to the world. Fetching release artefacts, and publishing a verified release.

pub mod fetch;
pub mod http;
