//! Why a list that is there cannot be read.

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DependencyError {
    #[error("the list of cargo-auditable is not whole zlib data")]
    Compression,
    #[error("the list of cargo-auditable unpacks to more than {} times its size, or to more than {} MiB", Self::MAX_RATIO, Self::MAX_TEXT >> 20)]
    Bomb,
    #[error("the list of cargo-auditable has an unknown form at line {line}, column {column}")]
    Json { line: usize, column: usize },
    #[error("the list of cargo-auditable names more than one root package")]
    Roots,
    #[error("package {0} of the list of cargo-auditable depends on one that is not listed")]
    Index(usize),
    #[error("the build information of Go is cut short or leads outside of the program")]
    GoTruncated,
    #[error("the build information of Go does not say which version of Go it is from")]
    GoToolchain,
    #[error("the build information of Go has an unknown form at row {0}")]
    GoRow(usize),
}

impl DependencyError {
    /// Real lists take tens of kilobytes.
    pub(super) const MAX_TEXT: usize = 8 << 20;
    /// Real ones have 4 to 8; zlib's best is a thousand, with which a small wheel could ask for much memory.
    pub(super) const MAX_RATIO: usize = 100;
}
