//! Rules about METADATA and PKG-INFO as blocks of fields, and the fields that installers read (core metadata 2.1 to 2.5).

use std::collections::BTreeSet;

use pep440_rs::Version;

use super::dist_info::present;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::sdist::SdistSubject;
use crate::check::subject::wheel::WheelSubject;
use crate::error::sentence;
use crate::wheel::fields::FieldsError;
use crate::wheel::metadata::{Metadata, MetadataError};
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::Requirement;
use crate::wheel::requirement::RequirementSource::Url;

rule!(META_PRESENT = "meta-present", Error, Both(meta_present_of_wheel, meta_present_of_sdist);
    what: "There is a METADATA (a PKG-INFO in a source distribution), and it is a block of fields.",
    why: "Without it a distribution has no name, version or dependencies.",
    fix: "Build the distribution again with a standard builder";
    because: [Index("there must be METADATA"), Installer("there is no name, version or dependency")]);

fn meta_present_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    if wheel.metadata.is_none() {
        present(wheel, "METADATA", found);
    }
    found.in_metadata(wheel);
    unparsed(&wheel.metadata, found, |error| !is_not_utf8(error));
}

fn meta_present_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    if sdist.metadata.is_none() && sdist.is_readable() {
        found.whole("there is no `PKG-INFO` in the top directory");
    }
    found.in_pkg_info(sdist);
    unparsed(&sdist.metadata, found, |error| !is_not_utf8(error));
}

rule!(META_UTF8 = "meta-utf8", Error, Both(meta_utf8_of_wheel, meta_utf8_of_sdist);
    what: "METADATA is UTF-8.",
    why: "The specification asks for it; indexes refuse anything else.",
    fix: "Write the sources of the metadata (README, pyproject.toml) as UTF-8";
    because: [Index("the file must be UTF-8")]);

fn meta_utf8_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    found.in_metadata(wheel);
    unparsed(&wheel.metadata, found, is_not_utf8);
}

fn meta_utf8_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    found.in_pkg_info(sdist);
    unparsed(&sdist.metadata, found, is_not_utf8);
}

rule!(META_VERSION = "meta-version", Error, Metadata(meta_version);
    what: "`Metadata-Version` is 2.1 to 2.5, and no field is newer than it; 1.x, and a field that no version has, is a warning.",
    why: "Indexes refuse versions that they do not know and fields that the stated version does not have.",
    fix: "Build with a builder of today, or raise `Metadata-Version` to the one that has the field";
    because: [Index("the version must be known, and the fields of that version"), Habit("elder versions, and `License-File` in them, are taken; of fields that it does not know an index is not told")]);

fn meta_version(metadata: &Metadata, found: &mut Findings) {
    padded(metadata, "Metadata-Version", found);
    let stated = match metadata.metadata_version() {
        Ok(stated) => stated,
        Err(error) => return found.whole(error.to_string()),
    };
    let (major, minor) = stated;
    match stated {
        (2, 1..=5) => {}
        (1, 0..=2) => found.with(Severity::Warning, None, format!("`Metadata-Version` is {major}.{minor}")),
        _ => return found.whole(format!("`Metadata-Version: {major}.{minor}` is not known")),
    }
    let mut seen = BTreeSet::new();
    let fields = metadata.fields().iter().filter_map(|(name, _)| field(name));
    for (since, field) in fields.filter(|field| field.0 > stated && seen.insert(*field)) {
        // Builders wrote licence files before PEP 639 gave the field a version; readers pass over it.
        let severity = if field == "License-File" { Severity::Warning } else { Severity::Error };
        let came = format!("`{field}` came with metadata {}.{}", since.0, since.1);
        found.with(severity, None, format!("{came}, the file says {major}.{minor}"));
    }
    let unknown: BTreeSet<_> =
        metadata.fields().iter().map(|(name, _)| name).filter(|name| field(name).is_none()).collect();
    for name in unknown {
        let message =
            format!("`{name}` is a field of no metadata version; twine refuses it, and other uploaders pass over it");
        found.with(Severity::Warning, None, message);
    }
}

rule!(META_SINGLE = "meta-single", Error, Metadata(meta_single);
    what: "Fields that may stand once do so; a `Description` beside the text that follows the fields is a warning.",
    why: "Readers differ on which one they take; indexes refuse the file.",
    fix: "Remove the repeated field";
    because: [Index("a field for one use is refused when it is repeated"), Habit("twine alone refuses two descriptions")]);

fn meta_single(metadata: &Metadata, found: &mut Findings) {
    let fields = metadata.fields();
    if fields.get("Description").is_some() && fields.body().is_some_and(|body| !body.trim().is_empty()) {
        let message = "there are two descriptions, the field and the text below the fields; twine refuses the file";
        found.with(Severity::Warning, None, message);
    }
    for field in metadata.repeated() {
        found.whole(format!("`{field}` stands more than once"));
    }
}

rule!(META_NAME = "meta-name", Error, Both(meta_name_of_wheel, meta_name_of_sdist);
    what: "`Name` is valid and the one of the file name.",
    why: "Indexes and installers refuse a file that says it is another distribution.",
    fix: "Build the distribution again; do not rename files";
    because: [Index("it must be the name of the file"), Installer("a wheel of another name is refused")]);

fn meta_name_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    meta_name(found.in_metadata(wheel), wheel.name.as_ref().ok().map(|name| &name.distribution), found);
}

fn meta_name_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    meta_name(found.in_pkg_info(sdist), sdist.name.as_ref().ok().map(|name| &name.distribution), found);
}

fn meta_name(metadata: Option<&Metadata>, expected: Option<&DistributionName>, found: &mut Findings) {
    metadata.into_iter().for_each(|metadata| padded(metadata, "Name", found));
    match (metadata.map(Metadata::name), expected) {
        (Some(Err(error)), _) => found.whole(error.to_string()),
        (Some(Ok(name)), Some(expected)) if !name.is_same(expected) => {
            found.whole(format!("`Name: {name}` is not the `{expected}` of the file name"));
        }
        _ => {}
    }
}

/// Blanks behind values of a field that is read as it stands: Python's `email` keeps them, clients send them along, and to
/// uv's installer they are a part of the value too.
pub(super) fn padded(metadata: &Metadata, field: &str, found: &mut Findings) {
    for value in metadata.fields().padded(field) {
        found.whole(format!("a blank follows `{field}: {value}`, and readers take it for a part of the value"));
    }
}

rule!(META_VER = "meta-ver", Error, Both(meta_ver_of_wheel, meta_ver_of_sdist);
    what: "`Version` is valid and the one of the file name.",
    why: "`pip` installs such a wheel under the metadata's version, uv refuses it, and a pin finds the wrong one.",
    fix: "Build the distribution again; do not rename files";
    because: [Index("it must be the version of the file"), Installer("uv refuses the wheel")]);

fn meta_ver_of_wheel(wheel: &WheelSubject, found: &mut Findings) {
    let expected = wheel.name.as_ref().ok().and_then(|name| name.pep440());
    meta_ver(found.in_metadata(wheel), expected, found);
}

fn meta_ver_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    let expected = sdist.name.as_ref().ok().and_then(|name| name.pep440());
    meta_ver(found.in_pkg_info(sdist), expected, found);
}

fn meta_ver(metadata: Option<&Metadata>, expected: Option<Version>, found: &mut Findings) {
    match (metadata.map(Metadata::version), expected) {
        (Some(Err(error)), _) => found.whole(error.to_string()),
        (Some(Ok(version)), Some(expected)) if version != expected => {
            found.whole(format!("`Version: {version}` is not the `{expected}` of the file name"));
        }
        _ => {}
    }
}

rule!(REQUIRES_PYTHON = "requires-python", Warning, Metadata(requires_python);
    what: "`Requires-Python` is there; one that is no set of version specifiers is an error.",
    why: "Without it every Python installs the distribution, also one that cannot import it.",
    fix: "Set `requires-python` in pyproject.toml, such as `>=3.10`";
    because: [Habit("the field is optional"), Index("specifiers must be valid")]);

fn requires_python(metadata: &Metadata, found: &mut Findings) {
    match metadata.requires_python() {
        Ok(Some(_)) => {}
        Ok(None) => found.whole("there is no `Requires-Python`"),
        // The index leaves out what reads so, and installers pass over it.
        Err(_) if metadata.fields().get("Requires-Python") == Some("UNKNOWN") => {
            found.whole("`Requires-Python: UNKNOWN` is as good as none");
        }
        Err(error) => found.with(Severity::Error, None, error.to_string()),
    }
}

rule!(REQUIRES_DIST = "requires-dist", Error, Metadata(requires_dist);
    what: "Every `Requires-Dist`, `Provides-Dist` and `Obsoletes-Dist` is a dependency specifier (PEP 508) that names no address.",
    why: "Installers stop at one they cannot read; indexes refuse direct addresses.",
    fix: "Depend on a released version, such as `name==1.0`";
    because: [Index("direct addresses are refused"), Installer("a requirement that cannot be read stops the installation")]);

fn requires_dist(metadata: &Metadata, found: &mut Findings) {
    for requirement in metadata.requires_dist() {
        match requirement.map(|requirement| (requirement.name, requirement.source)) {
            Err(error) => found.whole(error.to_string()),
            Ok((name, Url(url))) => found.whole(format!("`{name}` is required from the address `{url}`")),
            Ok(_) => {}
        }
    }
    for field in ["Provides-Dist", "Obsoletes-Dist"] {
        for text in metadata.fields().stated(field) {
            match text.parse::<Requirement>() {
                Err(error) => found.whole(format!("`{field}: {text}` is not valid: {error}")),
                Ok(Requirement { name, source: Url(url), .. }) => {
                    found.whole(format!("`{field}` names `{name}` by the address `{url}`"));
                }
                Ok(_) => {}
            }
        }
    }
}

pub(crate) static RULES: &[&Rule] =
    &[&META_PRESENT, &META_UTF8, &META_VERSION, &META_SINGLE, &META_NAME, &META_VER, &REQUIRES_PYTHON, &REQUIRES_DIST];

/// Says why METADATA or PKG-INFO cannot be parsed, where `is_it` holds of the reason.
fn unparsed(
    metadata: &Option<Result<Metadata, MetadataError>>,
    found: &mut Findings,
    is_it: fn(&MetadataError) -> bool,
) {
    let error = metadata.as_ref().and_then(|metadata| metadata.as_ref().err()).filter(|error| is_it(error));
    error.into_iter().for_each(|error| found.whole(sentence(error)));
}

fn is_not_utf8(error: &MetadataError) -> bool {
    matches!(error, MetadataError::Fields(FieldsError::Encoding(_)))
}

/// Every field of core metadata, by the version that introduced it.
const FIELDS: [((u32, u32), &str); 7] = [
    (
        (1, 0),
        "Metadata-Version Name Version Platform Summary Description Keywords Home-page Author Author-email License \
         Provides-SetupTools",
    ),
    ((1, 1), "Supported-Platform Download-URL Classifier Requires Provides Obsoletes"),
    (
        (1, 2),
        "Maintainer Maintainer-email Requires-Dist Requires-Python Requires-External Project-URL Provides-Dist \
         Obsoletes-Dist",
    ),
    ((2, 1), "Description-Content-Type Provides-Extra"),
    ((2, 2), "Dynamic"),
    ((2, 4), "License-Expression License-File"),
    ((2, 5), "Import-Name Import-Namespace"),
];

/// The field of that name in any case, and the version that introduced it.
pub(super) fn field(name: &str) -> Option<((u32, u32), &'static str)> {
    let fields = FIELDS.iter().flat_map(|(since, names)| names.split(' ').map(move |field| (*since, field)));
    fields.into_iter().find(|(_, field)| field.eq_ignore_ascii_case(name))
}
