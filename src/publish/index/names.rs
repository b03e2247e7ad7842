//! Whose file a name on a page is: servers spell distributions, versions and wheels in their own ways.

use super::super::page::stem;
use crate::version::PublicVersion;
use crate::wheel::filename::WheelFileName;
use crate::wheel::name::DistributionName;

/// Whether a file name is one of this release, in any spelling. A local version is: `==V` takes it, and before `V` itself.
pub(in crate::publish) fn is_of_release(name: &str, project: &DistributionName, version: &str) -> bool {
    let same_version = |text: &str| {
        let text = text.split_once('+').map_or(text, |(public, _)| public);
        match (text.replace('_', "-").parse::<PublicVersion>(), version.parse()) {
            (Ok(one), Ok(other)) => one == other,
            _ => text.eq_ignore_ascii_case(version),
        }
    };
    if let Ok(wheel) = name.parse::<WheelFileName>() {
        return wheel.distribution.is_same(project) && same_version(&wheel.version);
    }
    // `name-version`; both can hold a `-`. Parts of a wheel's name may follow.
    let Some(stem) = stem(name) else { return false };
    stem.match_indices('-').any(|(at, _)| {
        let (start, rest) = (&stem[..at], &stem[at + 1..]);
        let is_project = start.parse::<DistributionName>().is_ok_and(|start| start.is_same(project));
        is_project && (same_version(rest) || rest.split('-').next().is_some_and(same_version))
    })
}

/// A number that every spelling of a version holds; empty where it has no digit but 0.
pub(super) fn longest_number(version: &str) -> &str {
    let numbers = version.split(|character: char| !character.is_ascii_digit());
    numbers.map(|number| number.trim_start_matches('0')).max_by_key(|number| number.len()).unwrap_or_default()
}

/// Whether two names of wheels are spellings of one.
pub(in crate::publish) fn is_same_name(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (one.parse::<WheelFileName>(), other.parse::<WheelFileName>()) else { return false };
    let version = |name: &WheelFileName| name.version.parse::<PublicVersion>().ok();
    one.distribution.is_same(&other.distribution)
        && version(&one).is_some_and(|one| version(&other) == Some(one))
        && (one.build == other.build && one.tags == other.tags)
}
