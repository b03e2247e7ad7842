//! Links inside an archive: each becomes copies of what it leads to, a file or all files of a directory, over other links
//! too. They are followed by their text alone, before anything is copied.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use crate::member_path::{self, MemberPath};

/// How many links one may lead over, as file systems have it.
const MAX_STEPS: usize = 40;

#[derive(Debug)]
pub(super) struct Link {
    pub(crate) path: MemberPath,
    /// Where it leads, from the root of the archive; `None` where that is outside.
    pub(crate) target: Option<String>,
}

/// A file that is another one again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    pub(crate) path: MemberPath,
    /// The number of the file.
    pub(crate) of: usize,
}

/// What came of the links.
#[derive(Debug, Default)]
pub(super) struct Resolved {
    pub(crate) copies: Vec<Copy>,
    /// Those that would lead to something inside, and nothing is there.
    pub(crate) dangling: Vec<MemberPath>,
}

/// The first link that cannot be followed, and why.
#[derive(Debug)]
pub(super) struct Refused<'a> {
    pub(crate) link: &'a Link,
    pub(crate) why: &'static str,
}

/// What the links are copies of, at most `limit` of them.
pub(super) fn resolve<'a, 'f>(
    files: impl Iterator<Item = &'f MemberPath>,
    links: &'a [Link],
    limit: usize,
) -> Result<Resolved, Refused<'a>> {
    let mut files: BTreeMap<String, usize> =
        files.enumerate().map(|(number, path)| (path.to_string(), number)).collect();
    let by_path: HashMap<&str, &Link> = links.iter().map(|link| (&*link.path, link)).collect();
    let mut copies = Vec::new();
    let mut directories = Vec::new();
    let mut dangling = Vec::new();
    for link in links {
        let target = follow(link, &by_path).map_err(|why| Refused { link, why })?;
        match files.get(&target) {
            Some(of) => copies.push(Copy { path: link.path.clone(), of: *of }),
            None => directories.push((link, target)),
        }
    }
    // A directory has the links in it, too, but for those to other directories.
    files.extend(copies.iter().map(|copy| (copy.path.to_string(), copy.of)));
    for (link, target) in directories {
        let refused = |why| Refused { link, why };
        let is_around = target.is_empty() || link.path.below(&target).is_some();
        let start = format!("{target}/");
        let inside = files.range::<str, _>((Bound::Included(start.as_str()), Bound::Unbounded));
        let mut inside = inside.take_while(|(path, _)| path.starts_with(&start)).peekable();
        if is_around {
            return Err(refused("does not lead to a file of the payload"));
        }
        if inside.peek().is_none() {
            dangling.push(link.path.clone());
        }
        for (path, of) in inside {
            let path = format!("{}/{}", &*link.path, &path[start.len()..]);
            let path = path.parse().map_err(|_| refused("makes a path that is too long"))?;
            copies.push(Copy { path, of: *of });
            if copies.len() > limit {
                return Err(refused("and the others make more files than a payload has"));
            }
        }
    }
    Ok(Resolved { copies, dangling })
}

/// The path that a link leads to in the end, in which nothing is a link.
fn follow(link: &Link, by_path: &HashMap<&str, &Link>) -> Result<String, &'static str> {
    const OUT: &str = "leads out of the payload";
    let mut target = link.target.clone().ok_or(OUT)?;
    for _ in 0..MAX_STEPS {
        let ends = target.match_indices('/').map(|(at, _)| at).chain([target.len()]);
        let Some((end, next)) = ends.into_iter().find_map(|end| Some((end, by_path.get(&target[..end])?))) else {
            return Ok(target);
        };
        let onward = next.target.as_deref().ok_or(OUT)?;
        target = member_path::join(onward, &target[end..]).ok_or(OUT)?;
    }
    Err("does not lead to a file of the payload")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn links(links: &[(&str, &str)]) -> Vec<Link> {
        let link = |(path, target): &(&str, &str)| Link { path: path.parse().unwrap(), target: Some((*target).into()) };
        links.iter().map(link).collect()
    }

    fn copies(files: &[&str], all: &[(&str, &str)]) -> Result<Vec<String>, &'static str> {
        let files: Vec<MemberPath> = files.iter().map(|path| path.parse().unwrap()).collect();
        let links = links(all);
        let resolved = resolve(files.iter(), &links, 100).map_err(|refused| refused.why)?;
        assert!(resolved.copies.is_empty() || resolved.dangling.is_empty());
        if !resolved.dangling.is_empty() {
            return Ok(resolved.dangling.iter().map(|path| format!("{path}=nothing")).collect());
        }
        Ok(resolved.copies.into_iter().map(|copy| format!("{}={}", &*copy.path, &*files[copy.of])).collect())
    }

    #[test]
    fn links_lead_to_files_over_links_and_to_directories() {
        assert_eq!(
            copies(&["z.so.1.2"], &[("z.so", "z.so.1"), ("z.so.1", "z.so.1.2")]).unwrap(),
            ["z.so=z.so.1.2", "z.so.1=z.so.1.2"]
        );
        let framework = [("F/Q", "F/Versions/Current/Q"), ("F/Versions/Current", "F/Versions/A")];
        assert_eq!(
            copies(&["F/Versions/A/Q"], &framework).unwrap(),
            ["F/Q=F/Versions/A/Q", "F/Versions/Current/Q=F/Versions/A/Q"]
        );
        let inner = [("lib/b", "lib/a"), ("lib64", "lib")];
        assert_eq!(copies(&["lib/a"], &inner).unwrap(), ["lib/b=lib/a", "lib64/a=lib/a", "lib64/b=lib/a"]);
    }

    #[test]
    fn links_to_nothing_are_told_apart() {
        for (all, dangling) in [
            (&[("a", "b")][..], &["a=nothing"][..]),
            (&[("a", "d/x/y")], &["a=nothing"]),
            (&[("a", "b"), ("b", "c")], &["a=nothing", "b=nothing"]),
        ] {
            assert_eq!(copies(&["d/x"], all).unwrap(), dangling, "{all:?}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_refused() {
        for all in [&[("a", "a")][..], &[("a", "b"), ("b", "a")], &[("d/a", "d")], &[("a", "")]] {
            assert_eq!(copies(&["d/x"], all).unwrap_err(), "does not lead to a file of the payload", "{all:?}");
        }
    }

    proptest! {
        #[test]
        fn any_links_are_answered(
            files in prop::collection::btree_set("[ab](/[ab]){0,2}/f", 0..4),
            all in prop::collection::btree_map("[ab](/[ab]){0,2}/l", "[ab](/[abl]){0,2}(/[fl])?", 0..5),
        ) {
            let files: Vec<_> = files.iter().map(String::as_str).collect();
            let all: Vec<_> = all.iter().map(|(path, target)| (path.as_str(), target.as_str())).collect();
            let paths: Vec<MemberPath> = files.iter().map(|path| path.parse().unwrap()).collect();
            let links = links(&all);
            if let Ok(Resolved { copies, dangling }) = resolve(paths.iter(), &links, 100) {
                let made = copies.iter().map(|copy| &copy.path).chain(&dangling);
                let unique: std::collections::BTreeSet<_> = made.clone().collect();
                prop_assert_eq!(unique.len(), made.count());
            }
        }
    }
}
