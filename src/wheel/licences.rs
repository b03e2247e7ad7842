//! The globs of `license-files` (PEP 639): `*`, `?` and `[...]` within a path part, `**` across parts.

/// The names that are taken where no globs are given, as hatchling takes them.
pub(crate) const USUAL: [&str; 4] = ["LICEN[CS]E*", "COPYING*", "NOTICE*", "AUTHORS*"];

/// Whether `glob` matches all of `path`, both joined by `/`.
pub(crate) fn matches(glob: &str, path: &str) -> bool {
    let glob: Vec<_> = glob.split('/').collect();
    let path: Vec<_> = path.split('/').collect();
    // Row by row: which prefixes of the path the glob's parts so far match. Linear in both, whatever the glob.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for part in glob {
        let mut next = vec![false; path.len() + 1];
        let mut any = false;
        for index in 0..=path.len() {
            if part == "**" {
                any |= reached[index];
                next[index] = any;
            } else if index > 0 {
                next[index] = reached[index - 1] && matches_part(part, path[index - 1]);
            }
        }
        reached = next;
    }
    reached[path.len()]
}

fn matches_part(glob: &str, name: &str) -> bool {
    let name: Vec<_> = name.chars().collect();
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let mut rest = glob;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        let mut next = vec![false; name.len() + 1];
        if first == '*' {
            let mut any = false;
            for index in 0..=name.len() {
                any |= reached[index];
                next[index] = any;
            }
        } else {
            let class = if first == '[' { rest.split_once(']') } else { None };
            if let Some((_, after)) = class {
                rest = after;
            }
            for index in 1..=name.len() {
                let character = name[index - 1];
                let same = match (first, class) {
                    ('?', _) => true,
                    (_, Some((members, _))) => is_member(members, character),
                    _ => first == character,
                };
                next[index] = reached[index - 1] && same;
            }
        }
        reached = next;
    }
    reached[name.len()]
}

/// Whether a class such as `CS`, `a-z` or `!x` holds a character.
fn is_member(class: &str, character: char) -> bool {
    let (class, negated) = class.strip_prefix('!').map_or((class, false), |rest| (rest, true));
    let members: Vec<_> = class.chars().collect();
    let mut index = 0;
    while index < members.len() {
        let end = if members.get(index + 1) == Some(&'-') { members.get(index + 2) } else { None };
        let (last, step) = end.map_or((members[index], 1), |end| (*end, 3));
        if (members[index]..=last).contains(&character) {
            return !negated;
        }
        index += step;
    }
    negated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (glob, path) in [
            ("LICENSE", "LICENSE"),
            ("LICEN[CS]E*", "LICENCE.txt"),
            ("licenses/*.txt", "licenses/a.txt"),
            ("**/LICENSE", "LICENSE"),
            ("**/LICENSE", "a/b/LICENSE"),
            ("a/**", "a/b/c"),
            ("[a-c]?[!x]", "bzy"),
            ("[", "["),
        ] {
            assert!(matches(glob, path), "{glob} {path}");
        }
        for (glob, path) in
            [("*", "a/b"), ("LICENSE", "LICENSES"), ("[a-c]", "d"), ("[!x]", "x"), ("a?", "a"), ("", "a")]
        {
            assert!(!matches(glob, path), "{glob} {path}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_path_matches_itself_and_nothing_panics(path in "[a-z./]{0,12}", glob in "[a-c*?\\[\\]!/-]{0,12}") {
            proptest::prop_assert!(matches(&path, &path));
            let _ = matches(&glob, &path);
        }
    }
}
