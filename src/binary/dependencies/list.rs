//! A list of dependencies, whoever wrote it.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// What a program says that it was built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DependencyList {
    pub(crate) origin: ListOrigin,
    /// The package that the program itself is; a Go program that was not built as a module has none.
    pub(crate) root: Option<Root>,
    /// Everything else, in the order of the list.
    pub(crate) dependencies: Vec<Dependency>,
    /// The places of those that the program is known to need itself; for Go, which does not say who needs what, of all.
    pub(crate) direct: BTreeSet<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ListOrigin {
    CargoAuditable,
    Go {
        /// The version of the toolchain, such as `go1.25.1`.
        toolchain: String,
        target: GoTarget,
    },
}

/// What a Go program was built for, as far as it says so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct GoTarget {
    /// `GOOS`, such as `linux`.
    pub(crate) system: Option<String>,
    /// `GOARM`: the version of 32-bit Arm that it was built for.
    pub(crate) arm: Option<u8>,
}

impl fmt::Display for ListOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CargoAuditable => formatter.write_str("cargo-auditable"),
            Self::Go { toolchain, .. } => write!(formatter, "Go build information, {toolchain}"),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root {
    pub(crate) name: String,
    /// As the build saw it; often not the release's (`(devel)`, a pseudo-version).
    pub(crate) version: String,
}

/// A package or module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The name of a crate, the path of a Go module.
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) source: DependencySource,
    pub(crate) scope: Scope,
    /// The `h1:` sum of a Go module: a digest of its files' digests, not of a file.
    pub(crate) go_sum: Option<String>,
    /// The places in the list of what it needs.
    pub(crate) dependencies: BTreeSet<usize>,
}

/// Where a dependency came from; more than this no list says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum DependencySource {
    /// The registry that everybody uses: crates.io, the module proxies.
    Public,
    /// Another registry.
    Registry,
    Git,
    /// A directory of the build machine.
    Local,
    Other,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Scope {
    /// Build scripts, macros and what they need.
    Build,
    Runtime,
}

impl DependencyList {
    /// What one or the other has. The root is that of `self`.
    pub(super) fn united(mut self, other: Self) -> Self {
        let key = |it: &Dependency| (it.name.clone(), it.version.clone(), it.source);
        let mut places: HashMap<_, _> =
            self.dependencies.iter().enumerate().map(|(place, dependency)| (key(dependency), place)).collect();
        let mut moved = Vec::with_capacity(other.dependencies.len());
        let mut edges = Vec::with_capacity(other.dependencies.len());
        for mut dependency in other.dependencies {
            let place = *places.entry(key(&dependency)).or_insert(self.dependencies.len());
            moved.push(place);
            edges.push(std::mem::take(&mut dependency.dependencies));
            match self.dependencies.get_mut(place) {
                Some(known) => known.scope = known.scope.max(dependency.scope),
                None => self.dependencies.push(dependency),
            }
        }
        let moved_to = |from: BTreeSet<usize>| from.into_iter().filter_map(|place| moved.get(place).copied());
        for (place, from) in moved.iter().zip(edges) {
            self.dependencies[*place].dependencies.extend(moved_to(from));
        }
        self.direct.extend(other.direct.into_iter().filter_map(|place| moved.get(place).copied()));
        self
    }
}
