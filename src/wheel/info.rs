//! The `.dist-info` directory of a wheel (PyPA "Binary distribution format"): which members lie in it, and what it is
//! named by.

use std::collections::BTreeSet;

const ENDING: &str = ".dist-info";

/// The directories below it: of licences (PEP 639), and of what a wheel says is in it (PEP 770).
pub(crate) const LICENCES: &str = "licenses/";
pub(crate) const SBOMS: &str = "sboms/";

/// The file in it that lists the others, and the endings of that file's signatures.
pub(crate) const RECORD: &str = "RECORD";
const SIGNATURES: [&str; 2] = [".jws", ".p7s"];

/// Whether a path in the directory is a signature of RECORD.
pub(crate) fn is_signature(path: &str) -> bool {
    path.strip_prefix(RECORD).is_some_and(|ending| SIGNATURES.contains(&ending))
}

/// The directory of the wheel whose directories are named by `stem`, NAME-VERSION.
pub(crate) fn directory(stem: &str) -> String {
    format!("{stem}{ENDING}")
}

/// The NAME-VERSION that a directory is named by; none where the name is that of no dist-info directory.
pub(crate) fn stem(directory: &str) -> Option<&str> {
    directory.strip_suffix(ENDING)
}

/// The dist-info directory at the top that a member lies in, and its path there.
pub(crate) fn of(member: &str) -> Option<(&str, &str)> {
    member.split_once('/').filter(|(top, _)| top.ends_with(ENDING))
}

/// The dist-info directories at the top of an archive with these members, sorted.
pub(crate) fn directories<'m>(members: impl Iterator<Item = &'m str>) -> Vec<String> {
    let tops: BTreeSet<_> = members.filter_map(|member| Some(of(member)?.0.to_owned())).collect();
    tops.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_of_record() {
        assert!(is_signature("RECORD.jws") && is_signature("RECORD.p7s"));
        for path in ["RECORD", "RECORD.sig", "METADATA.jws", "x/RECORD.jws"] {
            assert!(!is_signature(path), "{path}");
        }
    }

    #[test]
    fn a_member_lies_in_a_directory_at_the_top() {
        assert_eq!(of("demo-1.dist-info/licenses/LICENSE"), Some(("demo-1.dist-info", "licenses/LICENSE")));
        for member in ["demo-1.dist-info", "demo/demo-1.dist-info/RECORD", "demo-1.dist-info.bak/RECORD", "demo/a.py"] {
            assert_eq!(of(member), None, "{member}");
        }
        let members = ["b-1.dist-info/RECORD", "a-1.dist-info/RECORD", "b-1.dist-info/WHEEL", "x/y"];
        assert_eq!(directories(members.into_iter()), ["a-1.dist-info", "b-1.dist-info"]);
        assert_eq!(stem(&directory("demo-1")), Some("demo-1"));
    }
}
