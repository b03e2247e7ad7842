//! Where the files of a wheel lie once it is installed, from the root of the environment (PyPA "Binary distribution
//! format", "The .data directory", and the installation schemes of Python's `sysconfig` on POSIX systems). Paths from file
//! to file lead from these places, not from those in the archive.

use crate::member_path;
use crate::scheme::{self, Scheme};

/// Where packages go. The directory between has the version of Python in its name, and any version will do here.
const PACKAGES: &str = "lib/python/site-packages";

/// The place of a member. What is in no `.data` directory lies beside the packages.
pub(crate) fn installed(member: &str) -> String {
    let Some((stem, scheme, path)) = scheme::in_data(member) else { return format!("{PACKAGES}/{member}") };
    match scheme {
        Scheme::Scripts => format!("bin/{path}"),
        Scheme::Data => path.to_owned(),
        Scheme::Headers => format!("include/{}/{path}", stem.split('-').next().unwrap_or(stem)),
        Scheme::Root | Scheme::Purelib | Scheme::Platlib => format!("{PACKAGES}/{path}"),
        Scheme::Unknown => format!("{PACKAGES}/{member}"),
    }
}

/// Whether an installed directory is that of the packages or lies in it.
pub(crate) fn is_of_packages(directory: &str) -> bool {
    directory.strip_prefix(PACKAGES).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The directory that a path leads to from an installed directory; `None` where it leads out of the environment.
pub(crate) fn join(directory: &str, path: &str) -> Option<String> {
    let joined = member_path::join(directory, path)?;
    let mut parts: Vec<&str> = joined.split('/').collect();
    if let [lib @ ("lib" | "lib64"), python, "site-packages", ..] = parts.as_mut_slice()
        && python.strip_prefix("python3.").is_some_and(|minor| minor.starts_with(|first: char| first.is_ascii_digit()))
    {
        (*lib, *python) = ("lib", "python");
        return Some(parts.join("/"));
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_lie_where_installers_put_them() {
        for (member, expected) in [
            ("m/bin/program", "lib/python/site-packages/m/bin/program"),
            ("m-1.0.data/scripts/program", "bin/program"),
            ("m-1.0.data/data/lib/libm.so", "lib/libm.so"),
            ("m-1.0.data/platlib/m/a.so", "lib/python/site-packages/m/a.so"),
            ("m-1.0.data/headers/m.h", "include/m/m.h"),
            ("m-1.0.data/odd/m.h", "lib/python/site-packages/m-1.0.data/odd/m.h"),
        ] {
            assert_eq!(installed(member), expected);
        }
    }

    #[test]
    fn paths_lead_through_the_environment() {
        let site = "lib/python/site-packages/m";
        assert_eq!(join("bin", "/../lib/python3.12/site-packages/m").as_deref(), Some(site));
        assert_eq!(join("bin", "/../lib64/python3.12/site-packages/m").as_deref(), Some(site));
        assert_eq!(join("bin", "/../m").as_deref(), Some("m"));
        assert_eq!(join("bin", "/../../m"), None);
        assert_eq!(join(site, "/../../../../lib").as_deref(), Some("lib"));
        assert_eq!(join(site, "/../../../../../lib"), None);
    }
}
