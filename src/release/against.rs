//! An earlier release, as a directory of its distributions, and what is different now: sizes, tags, files, dependencies.

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::path::{Path, PathBuf};

use crate::error::{Exit, Failure};
use crate::fs::{FsError, MAX_ARCHIVE, open_within};
use crate::report::{ChangeRow, Changes, Difference};
use crate::target::PlatformTag;
use crate::wheel::filename::DistributionFileName;
use crate::wheel::info;
use crate::wheel::reader::{MAX_TEXT, Wheel};
use crate::wheel::sbom::components;

/// The distributions of an earlier release.
#[derive(Debug)]
pub(crate) struct Earlier(Vec<Distribution>);

/// What is compared of a distribution.
#[derive(Debug)]
struct Distribution {
    name: DistributionFileName,
    bytes: u64,
    /// The platform tags of a wheel, as its name has them: those that nobody knows too.
    tags: BTreeSet<String>,
    files: BTreeSet<String>,
    dependencies: BTreeSet<String>,
}

impl Earlier {
    /// Reads every wheel and source distribution of a directory; other files are not of a release.
    ///
    /// # Errors
    /// Where the directory or a wheel cannot be read, or there is none.
    pub(crate) fn read(directory: &Path) -> Result<Self, Failure> {
        let found = read(directory)?;
        if found.is_empty() {
            let message = format!("`{}` holds no distributions to compare with", directory.display());
            return Err(Failure::new(Exit::Failed, message)
                .with_hint("give the directory of an earlier release's `.whl` and `.tar.gz` files"));
        }
        Ok(Self(found))
    }

    /// What is different in the distributions of `directory`.
    pub(super) fn changes(&self, directory: &Path) -> Result<Changes, Failure> {
        let now = read(directory)?;
        let versions: BTreeSet<_> = self.0.iter().map(|one| one.name.version().to_owned()).collect();
        let mut left: Vec<&Distribution> = self.0.iter().collect();
        let mut rows: Vec<ChangeRow> = Vec::new();
        for one in &now {
            // The one that serves the most of the same platforms: tags in common, then tags of the same machine.
            let best = (0..left.len()).max_by_key(|place| left[*place].likeness(one));
            let before = best.filter(|place| left[*place].likeness(one) > 0).map(|place| left.remove(place));
            rows.push(one.since(before));
        }
        rows.extend(left.into_iter().map(|gone| ChangeRow {
            before: Some(gone.name.clone()),
            bytes_before: gone.bytes,
            ..ChangeRow::default()
        }));
        Ok(Changes { against: versions.into_iter().collect::<Vec<_>>().join(", "), distributions: rows })
    }
}

fn read(directory: &Path) -> Result<Vec<Distribution>, Failure> {
    let entries = std::fs::read_dir(directory).map_err(FsError::read(directory))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<PathBuf>, _>>()
        .map_err(FsError::read(directory))?;
    paths.sort();
    paths.iter().filter_map(|path| Distribution::read(path).transpose()).collect()
}

impl Distribution {
    /// As far as the name tells.
    fn new(name: DistributionFileName, bytes: u64) -> Self {
        let tags = match &name {
            DistributionFileName::Wheel(name) => name.tags.platform.iter().cloned().collect(),
            DistributionFileName::Sdist(_) => BTreeSet::new(),
        };
        Self { name, bytes, tags, files: BTreeSet::new(), dependencies: BTreeSet::new() }
    }

    /// The platform tags that relkit knows.
    fn platforms(&self) -> Vec<PlatformTag> {
        self.tags.iter().filter_map(|tag| tag.parse().ok()).collect()
    }

    fn read(path: &Path) -> Result<Option<Self>, Failure> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let Ok(name) = name.parse() else { return Ok(None) };
        let bytes = || open_within(path, MAX_ARCHIVE).map(|(_, length)| length).map_err(FsError::read(path));
        if let DistributionFileName::Sdist(_) = name {
            return Ok(Some(Self::new(name, bytes()?)));
        }
        let wheel = Wheel::open(path)?;
        let stem = info::stem(wheel.dist_info()).unwrap_or_default();
        let mut found = Self::new(name, bytes()?);
        for member in wheel.files() {
            // The version in the names of directories says nothing that is new.
            let rest = member.name.strip_prefix(stem).and_then(|rest| rest.strip_prefix('.'));
            let shown = rest.map_or_else(|| member.name.clone(), |rest| format!("*.{rest}"));
            if info::of(&member.name).is_some_and(|(_, path)| path.starts_with(info::SBOMS)) && member.size <= MAX_TEXT
            {
                let names = components(&wheel.read(member, MAX_TEXT)?).unwrap_or_default();
                found.dependencies.extend(names.into_iter().filter(|name| !name.is_empty()));
            }
            found.files.insert(shown);
        }
        found.dependencies.extend(wheel.metadata().fields().all("Requires-Dist").map(str::to_owned));
        Ok(Some(found))
    }

    /// How much of the same this is as another; 0 where it is something else.
    fn likeness(&self, other: &Self) -> usize {
        let is_same_kind = discriminant(&self.name) == discriminant(&other.name);
        if !is_same_kind || !self.name.distribution().is_same(other.name.distribution()) {
            return 0;
        }
        if let DistributionFileName::Sdist(_) = self.name {
            return 1;
        }
        let common = self.tags.intersection(&other.tags).count();
        let others = other.platforms();
        let is_served = |tag: &&PlatformTag| others.iter().any(|other| tag.is_of_same_machine(other));
        common * 100 + self.platforms().iter().filter(is_served).count()
    }

    fn since(&self, before: Option<&Self>) -> ChangeRow {
        let difference = |of: fn(&Self) -> &BTreeSet<String>| {
            before.map_or_else(Difference::default, |before| Difference::between(of(before), of(self)))
        };
        ChangeRow {
            name: Some(self.name.clone()),
            before: before.map(|before| before.name.clone()),
            bytes: self.bytes,
            bytes_before: before.map_or(0, |before| before.bytes),
            tags: difference(|one| &one.tags),
            files: difference(|one| &one.files),
            dependencies: difference(|one| &one.dependencies),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_one_machine_are_alike() {
        for (one, other, is_same) in [
            ("manylinux_2_17_x86_64", "manylinux_2_28_x86_64", true),
            ("manylinux2014_x86_64", "manylinux_2_28_x86_64", true),
            ("macosx_11_0_arm64", "macosx_12_0_arm64", true),
            ("any", "any", true),
            ("macosx_11_0_arm64", "macosx_11_0_x86_64", false),
            ("musllinux_1_1_x86_64", "manylinux_2_17_x86_64", false),
            ("win_amd64", "win_arm64", false),
        ] {
            let [one, other] = [one, other].map(|tag| tag.parse::<PlatformTag>().unwrap());
            assert_eq!(one.is_of_same_machine(&other), is_same, "{one} {other}");
        }
    }

    #[test]
    fn a_wheel_takes_the_place_of_the_one_most_like_it() {
        let wheel = |tag: &str| Distribution::new(format!("a-1.0-py3-none-{tag}.whl").parse().unwrap(), 1);
        let now = wheel("manylinux_2_28_x86_64");
        assert!(wheel("manylinux_2_17_x86_64").likeness(&now) > 0);
        assert_eq!(wheel("manylinux_2_28_aarch64").likeness(&now), 0);
        let row = now.since(Some(&wheel("manylinux_2_17_x86_64")));
        assert_eq!(
            (row.tags.added, row.tags.removed),
            (vec!["manylinux_2_28_x86_64".into()], vec!["manylinux_2_17_x86_64".into()])
        );
    }
}
