//! What the name of an SBOM file says: the forms that PEP 770 recommends, and those that builders write.

/// A format that SBOM files are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SbomFormat {
    CycloneDx,
    Spdx,
}

const ENDS: [(&str, SbomFormat); 4] = [
    (".cdx.json", SbomFormat::CycloneDx),
    (".cyclonedx.json", SbomFormat::CycloneDx),
    (".spdx.json", SbomFormat::Spdx),
    (".spdx.sbom.json", SbomFormat::Spdx),
];

/// How the names of SBOM files end.
pub(crate) fn ends() -> impl Iterator<Item = &'static str> {
    ENDS.iter().map(|(end, _)| *end)
}

/// A file name that claims a format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SbomName<'name> {
    /// What the file is about.
    pub(crate) stem: &'name str,
    pub(crate) format: SbomFormat,
}

impl<'name> SbomName<'name> {
    /// Of a file name, or of a path joined by `/`; `None` where it claims no format.
    pub(crate) fn parse(path: &'name str) -> Option<Self> {
        let file = crate::member_path::file_name(path);
        ENDS.iter().find_map(|(end, format)| {
            let (stem, found) = file.split_at_checked(file.len().checked_sub(end.len())?)?;
            (!stem.is_empty() && found.eq_ignore_ascii_case(end)).then_some(Self { stem, format: *format })
        })
    }
}
