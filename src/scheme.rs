//! The installation schemes of a wheel's members (PyPA "Binary distribution format", "The .data directory"): which of a
//! member's path is directory of the archive, and which is path below the root that an installer puts it in.

/// The root that a file is installed below.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scheme {
    /// Beside the packages: what lies in no `.data` directory.
    Root,
    /// The same place, for what is the same on every machine.
    Purelib,
    /// The same place, for what is not.
    Platlib,
    /// On PATH, as commands.
    Scripts,
    /// The root of the environment.
    Data,
    /// A directory of the distribution's own among the headers of C.
    Headers,
    /// A directory of `.data` that no installer has a root for.
    Unknown,
}

impl Scheme {
    /// Whether it lies where Python imports from.
    pub(crate) fn is_of_packages(self) -> bool {
        matches!(self, Self::Root | Self::Purelib | Self::Platlib)
    }
}

/// The scheme of a member of the wheel whose directories are named by `stem`, NAME-VERSION, and its path there. The `.data`
/// directory of another distribution is a package like any.
pub(crate) fn of<'m>(stem: &str, member: &'m str) -> (Scheme, &'m str) {
    match in_data(member) {
        Some((own, scheme, path)) if own == stem => (scheme, path),
        _ => (Scheme::Root, member),
    }
}

/// As [`of`], for a wheel whose name is not known: every `.data` directory is taken for its own.
pub(crate) fn of_any(member: &str) -> (Scheme, &str) {
    in_data(member).map_or((Scheme::Root, member), |(_, scheme, path)| (scheme, path))
}

/// The NAME-VERSION that a directory is named by; none where the name is that of no `.data` directory.
pub(crate) fn stem(directory: &str) -> Option<&str> {
    directory.strip_suffix(".data")
}

/// The NAME-VERSION of the `.data` directory that a member lies in, the scheme and the path there.
pub(crate) fn in_data(member: &str) -> Option<(&str, Scheme, &str)> {
    let (top, rest) = member.split_once('/')?;
    let stem = stem(top)?;
    let (key, path) = rest.split_once('/')?;
    Some(match key {
        "purelib" => (stem, Scheme::Purelib, path),
        "platlib" => (stem, Scheme::Platlib, path),
        "scripts" => (stem, Scheme::Scripts, path),
        "data" => (stem, Scheme::Data, path),
        "headers" => (stem, Scheme::Headers, path),
        _ => (stem, Scheme::Unknown, rest),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_of_the_wheel_s_own_data_directory() {
        for (member, own, any) in [
            ("m/a.py", (Scheme::Root, "m/a.py"), Scheme::Root),
            ("m-1.data/purelib/m/a.py", (Scheme::Purelib, "m/a.py"), Scheme::Purelib),
            ("m-1.data/platlib/m/a.so", (Scheme::Platlib, "m/a.so"), Scheme::Platlib),
            ("m-1.data/scripts/m", (Scheme::Scripts, "m"), Scheme::Scripts),
            ("m-1.data/data/share/m", (Scheme::Data, "share/m"), Scheme::Data),
            ("m-1.data/headers/m.h", (Scheme::Headers, "m.h"), Scheme::Headers),
            ("m-1.data/odd/m", (Scheme::Unknown, "odd/m"), Scheme::Unknown),
            ("m-1.data/m", (Scheme::Root, "m-1.data/m"), Scheme::Root),
            ("m-2.data/scripts/m", (Scheme::Root, "m-2.data/scripts/m"), Scheme::Scripts),
            ("m/m-1.data/scripts/m", (Scheme::Root, "m/m-1.data/scripts/m"), Scheme::Root),
        ] {
            assert_eq!(of("m-1", member), own, "{member}");
            assert_eq!(of_any(member).0, any, "{member}");
        }
    }
}
