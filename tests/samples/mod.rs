//! Files made byte by byte for tests: programs, archives, wheels. The unit tests of the crate and the integration tests
//! include this directory; it knows neither and nothing of relkit.

pub mod archive;
pub mod binary;
pub mod dependencies;
pub mod wheel;
