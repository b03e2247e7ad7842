//! Rules about METADATA and PKG-INFO (core metadata 2.1 to 2.5, PEP 639, PEP 753, and what indexes refuse).

use std::collections::BTreeSet;
use std::sync::LazyLock;

use crate::check::finding::Findings;
use crate::check::rule::{Check, Documentation, Family, Rule, Severity};
use crate::error::sentence;
use crate::wheel::metadata::{Metadata, MetadataError};
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::RequirementSource;

/// A rule about a METADATA or PKG-INFO that can be parsed.
macro_rules! about_metadata {
    ($name:literal, $severity:ident, $documentation:expr, $check:expr) => {
        Rule {
            name: $name,
            family: Family::Metadata,
            severity: Severity::$severity,
            documentation: $documentation,
            check: Check::Both(
                |wheel, found| {
                    if let (Some(metadata), Some(member)) = (wheel.good_metadata(), wheel.dist_info_member("METADATA"))
                    {
                        let check: fn(&Metadata, &str, &mut Findings) = $check;
                        check(metadata, &member, found);
                    }
                },
                |sdist, found| {
                    if let Some(Ok(metadata)) = &sdist.metadata {
                        let check: fn(&Metadata, &str, &mut Findings) = $check;
                        check(metadata, "PKG-INFO", found);
                    }
                },
            ),
        }
    };
}

pub(crate) static RULES: &[Rule] = &[
    Rule {
        name: "meta-present",
        family: Family::Metadata,
        severity: Severity::Error,
        documentation: Documentation {
            what: "There is a METADATA (a PKG-INFO in a source distribution), and it is a block of fields.",
            why: "Without it a distribution has no name, version or dependencies.",
            fix: "Build the distribution again with a standard builder",
        },
        check: Check::Both(
            |wheel, found| {
                let Some(member) = wheel.dist_info_member("METADATA") else { return };
                match &wheel.metadata {
                    None if wheel.archive.find(&member).is_none() => found.whole(format!("there is no `{member}`")),
                    None => wheel.unread(&member).into_iter().for_each(|why| found.member(&member, why)),
                    Some(Err(error)) if !not_utf8(error) => found.member(&member, sentence(error)),
                    _ => {}
                }
            },
            |sdist, found| match &sdist.metadata {
                None if sdist.is_readable() => found.whole("there is no `PKG-INFO` in the top directory"),
                Some(Err(error)) if !not_utf8(error) => found.member("PKG-INFO", sentence(error)),
                _ => {}
            },
        ),
    },
    Rule {
        name: "meta-utf8",
        family: Family::Metadata,
        severity: Severity::Error,
        documentation: Documentation {
            what: "METADATA is UTF-8.",
            why: "The specification asks for it; indexes refuse anything else.",
            fix: "Write the sources of the metadata (README, pyproject.toml) as UTF-8",
        },
        check: Check::Both(
            |wheel, found| {
                if let (Some(Err(error)), Some(member)) = (&wheel.metadata, wheel.dist_info_member("METADATA"))
                    && not_utf8(error)
                {
                    found.member(&member, sentence(error));
                }
            },
            |sdist, found| {
                if let Some(Err(error)) = &sdist.metadata
                    && not_utf8(error)
                {
                    found.member("PKG-INFO", sentence(error));
                }
            },
        ),
    },
    about_metadata!(
        "meta-version",
        Error,
        Documentation {
            what: "`Metadata-Version` is 2.1 to 2.5, and no field is newer than it; 1.x is a warning.",
            why: "Indexes refuse versions that they do not know and fields that the stated version does not have.",
            fix: "Build with a builder of today, or raise `Metadata-Version` to the one that has the field",
        },
        version
    ),
    about_metadata!(
        "meta-single",
        Error,
        Documentation {
            what: "Fields that may stand once do so.",
            why: "Readers differ on which one they take; indexes refuse the file.",
            fix: "Remove the repeated field",
        },
        |metadata, member, found| {
            for field in metadata.repeated() {
                found.member(member, format!("`{field}` stands more than once"));
            }
        }
    ),
    Rule {
        name: "meta-name",
        family: Family::Metadata,
        severity: Severity::Error,
        documentation: Documentation {
            what: "`Name` is valid and the one of the file name.",
            why: "Indexes and installers refuse a file that says it is another distribution.",
            fix: "Build the distribution again; do not rename files",
        },
        check: Check::Both(
            |wheel, found| {
                let (Some(metadata), Some(member)) = (wheel.good_metadata(), wheel.dist_info_member("METADATA")) else {
                    return;
                };
                same_name(metadata, wheel.name.as_ref().ok().map(|name| &name.distribution), &member, found);
                let text = wheel.archive.find(&member).and_then(|found| wheel.scanned[found.index].text.as_deref());
                if text.is_some_and(name_ends_in_space) {
                    found
                        .member(&member, "a space follows the value of `Name`, and uv takes it for a part of the name");
                }
            },
            |sdist, found| {
                let Some(Ok(metadata)) = &sdist.metadata else { return };
                same_name(metadata, sdist.name.as_ref().ok().map(|name| &name.distribution), "PKG-INFO", found);
            },
        ),
    },
    Rule {
        name: "meta-ver",
        family: Family::Metadata,
        severity: Severity::Error,
        documentation: Documentation {
            what: "`Version` is valid and the one of the file name.",
            why: "`pip` installs such a wheel under the metadata's version, uv refuses it, and a pin finds the wrong one.",
            fix: "Build the distribution again; do not rename files",
        },
        check: Check::Both(
            |wheel, found| {
                let (Some(metadata), Some(member)) = (wheel.good_metadata(), wheel.dist_info_member("METADATA")) else {
                    return;
                };
                same_version(metadata, wheel.name.as_ref().ok().and_then(|name| name.pep440()), &member, found);
            },
            |sdist, found| {
                let Some(Ok(metadata)) = &sdist.metadata else { return };
                same_version(metadata, sdist.name.as_ref().ok().and_then(|name| name.pep440()), "PKG-INFO", found);
            },
        ),
    },
    about_metadata!(
        "requires-python",
        Error,
        Documentation {
            what: "`Requires-Python` is there and is a set of version specifiers.",
            why: "Without it every Python installs the distribution, also one that cannot import it.",
            fix: "Set `requires-python` in pyproject.toml, such as `>=3.10`",
        },
        |metadata, member, found| match metadata.requires_python() {
            Ok(Some(_)) => {}
            Ok(None) => found.member(member, "there is no `Requires-Python`"),
            Err(error) => found.member(member, error.to_string()),
        }
    ),
    about_metadata!(
        "requires-dist",
        Error,
        Documentation {
            what: "Every `Requires-Dist` is a dependency specifier (PEP 508) that names no address.",
            why: "Installers stop at one they cannot read; indexes refuse direct addresses.",
            fix: "Depend on a released version, such as `name==1.0`",
        },
        |metadata, member, found| {
            for requirement in metadata.requires_dist() {
                match requirement {
                    Err(error) => found.member(member, error.to_string()),
                    Ok(requirement) => {
                        if let RequirementSource::Url(url) = &requirement.source {
                            found
                                .member(member, format!("`{}` is required from the address `{url}`", requirement.name));
                        }
                    }
                }
            }
        }
    ),
    about_metadata!(
        "licence-spdx",
        Error,
        Documentation {
            what: "`License-Expression` is an SPDX expression.",
            why: "Indexes refuse any other text.",
            fix: "Write an SPDX expression such as `Apache-2.0` or `MIT OR Apache-2.0`",
        },
        |metadata, member, found| {
            if let Err(error) = metadata.license_expression() {
                found.member(member, error.to_string());
            }
        }
    ),
    about_metadata!(
        "licence-both",
        Error,
        Documentation {
            what: "`License-Expression` stands alone, without `License` and without licence classifiers; either of these alone is a warning.",
            why: "PEP 639 forbids two answers, and indexes refuse them; the older fields are deprecated.",
            fix: "Keep `license = \"EXPRESSION\"` in pyproject.toml and remove the older forms",
        },
        |metadata, member, found| {
            let expression = metadata.fields().get("License-Expression").is_some();
            let elder: Vec<_> = metadata
                .fields()
                .get("License")
                .map(|_| "License".to_owned())
                .into_iter()
                .chain(
                    metadata
                        .fields()
                        .all("Classifier")
                        .filter(|text| text.starts_with("License ::"))
                        .map(str::to_owned),
                )
                .collect();
            for field in elder {
                if expression {
                    found.member(member, format!("`{field}` stands beside `License-Expression`"));
                } else {
                    found.with(
                        Severity::Warning,
                        Some(member),
                        format!("`{field}` stands in place of `License-Expression`"),
                    );
                }
            }
        }
    ),
    Rule {
        name: "licence-file",
        family: Family::Metadata,
        severity: Severity::Error,
        documentation: Documentation {
            what: "Every `License-File` lies at that path: below `.dist-info/licenses/`, or in the top directory of a source distribution.",
            why: "Indexes refuse a distribution that names a licence it does not carry.",
            fix: "Let the builder copy the files: `license-files` in pyproject.toml",
        },
        check: Check::Both(
            |wheel, found| {
                let (Some(metadata), Some(directory)) = (wheel.good_metadata(), &wheel.dist_info) else { return };
                let old = metadata.metadata_version().is_ok_and(|version| version < (2, 4));
                for file in metadata.license_files() {
                    let places = [format!("{directory}/licenses/{file}"), format!("{directory}/{file}")];
                    // Before PEP 639 builders wrote the field too, and put the files beside METADATA.
                    let expected = if old { places.as_slice() } else { &places[..1] };
                    if !expected.iter().any(|place| wheel.file(place).is_some()) {
                        found.member(&places[0], "METADATA names the file, and the wheel does not have it");
                    }
                }
            },
            |sdist, found| {
                let Some(Ok(metadata)) = &sdist.metadata else { return };
                // Before PEP 639 nothing said where the file lies.
                if !sdist.is_readable() || metadata.metadata_version().is_ok_and(|version| version < (2, 4)) {
                    return;
                }
                let files: BTreeSet<&str> =
                    sdist.entries.iter().filter_map(|entry| Some(entry.path.split_once('/')?.1)).collect();
                for file in metadata.license_files().filter(|file| !files.contains(file)) {
                    found.member(file, "PKG-INFO names the file, and the source distribution does not have it");
                }
            },
        ),
    },
    about_metadata!(
        "classifier",
        Error,
        Documentation {
            what: "Every `Classifier` is one that the public index knows and has not deprecated; a newer Python or framework version than known here is a warning.",
            why: "The index refuses the upload, and `Private ::` is there to make it do so.",
            fix: "Correct the classifier, or remove it",
        },
        classifiers
    ),
    about_metadata!(
        "description",
        Warning,
        Documentation {
            what: "There is a description, and its content type is Markdown, reStructuredText or plain text.",
            why: "An unknown content type is refused by indexes; without one the text is taken for reStructuredText and may not be shown.",
            fix: "Set `readme = \"README.md\"` in pyproject.toml",
        },
        description
    ),
    about_metadata!(
        "meta-summary",
        Error,
        Documentation {
            what: "`Summary` is one line of at most 512 characters.",
            why: "Indexes refuse the upload.",
            fix: "Shorten `description` in pyproject.toml to one sentence",
        },
        |metadata, member, found| {
            if let Some(summary) = metadata.fields().get("Summary") {
                if summary.contains('\n') {
                    found.member(member, "`Summary` has more than one line");
                }
                if summary.chars().count() > 512 {
                    found.member(member, "`Summary` has more than 512 characters");
                }
            }
        }
    ),
    about_metadata!(
        "meta-email",
        Error,
        Documentation {
            what: "`Author-email` and `Maintainer-email` hold e-mail addresses.",
            why: "Indexes refuse the upload.",
            fix: "Write `Name <name@example.org>`, or leave the field out",
        },
        |metadata, member, found| {
            for field in ["Author-email", "Maintainer-email"] {
                for value in metadata.fields().all(field) {
                    // Addresses are told apart by commas outside of quotes; one that parses is enough to show the form.
                    if !value.is_empty() && !value.split(',').any(is_address) {
                        found.member(member, format!("`{field}: {value}` holds no address"));
                    }
                }
            }
        }
    ),
    about_metadata!(
        "meta-url",
        Error,
        Documentation {
            what: "`Project-URL` is a label of 1 to 32 characters, a comma and a web address; `Home-page` and `Download-URL` are web addresses.",
            why: "Indexes refuse the upload.",
            fix: "Correct the entry of `[project.urls]`",
        },
        |metadata, member, found| {
            let web = |text: &str| {
                url::Url::parse(text.trim()).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            };
            for value in metadata.fields().all("Project-URL") {
                let (label, address) = value.split_once(',').unwrap_or(("", value));
                let length = label.trim().chars().count();
                if length == 0 || length > 32 || !web(address) {
                    found.member(member, format!("`Project-URL: {value}` is no label with a web address"));
                }
            }
            for field in ["Home-page", "Download-URL"] {
                for value in metadata.fields().all(field).filter(|value| !value.is_empty() && *value != "UNKNOWN") {
                    if !web(value) {
                        found.member(member, format!("`{field}: {value}` is no web address"));
                    }
                }
            }
        }
    ),
    about_metadata!(
        "meta-extra",
        Error,
        Documentation {
            what: "Every `Provides-Extra` is a valid name: ASCII letters, digits, `-`, `_` and `.`.",
            why: "Nobody can ask for the extra, and indexes refuse the upload.",
            fix: "Rename the entry of `[project.optional-dependencies]`",
        },
        |metadata, member, found| {
            for extra in metadata.fields().all("Provides-Extra") {
                if extra.parse::<DistributionName>().is_err() {
                    found.member(member, format!("`Provides-Extra: {extra}` is not the name of an extra"));
                }
            }
        }
    ),
    about_metadata!(
        "meta-dynamic",
        Error,
        Documentation {
            what: "`Dynamic` names fields that may be dynamic.",
            why: "Indexes refuse an unknown field, and `Name`, `Version` and `Metadata-Version` are never dynamic.",
            fix: "Remove the entry from `dynamic` in pyproject.toml",
        },
        |metadata, member, found| {
            for value in metadata.fields().all("Dynamic") {
                let lower = value.to_ascii_lowercase();
                let fixed = ["name", "version", "metadata-version", "dynamic"].contains(&lower.as_str());
                if fixed || !FIELDS.iter().any(|(field, _)| field.eq_ignore_ascii_case(value)) {
                    found.member(member, format!("`Dynamic: {value}` names no field that may be dynamic"));
                }
            }
        }
    ),
];

/// Every field of core metadata with the version that introduced it.
const FIELDS: [(&str, (u32, u32)); 33] = [
    ("Metadata-Version", (1, 0)),
    ("Name", (1, 0)),
    ("Version", (1, 0)),
    ("Dynamic", (2, 2)),
    ("Platform", (1, 0)),
    ("Supported-Platform", (1, 1)),
    ("Summary", (1, 0)),
    ("Description", (1, 0)),
    ("Description-Content-Type", (2, 1)),
    ("Keywords", (1, 0)),
    ("Home-page", (1, 0)),
    ("Download-URL", (1, 1)),
    ("Author", (1, 0)),
    ("Author-email", (1, 0)),
    ("Maintainer", (1, 2)),
    ("Maintainer-email", (1, 2)),
    ("License", (1, 0)),
    ("License-Expression", (2, 4)),
    ("License-File", (2, 4)),
    ("Classifier", (1, 1)),
    ("Requires-Dist", (1, 2)),
    ("Requires-Python", (1, 2)),
    ("Requires-External", (1, 2)),
    ("Project-URL", (1, 2)),
    ("Provides-Extra", (2, 1)),
    ("Provides-Dist", (1, 2)),
    ("Obsoletes-Dist", (1, 2)),
    ("Import-Name", (2, 5)),
    ("Import-Namespace", (2, 5)),
    ("Requires", (1, 1)),
    ("Provides", (1, 1)),
    ("Obsoletes", (1, 1)),
    ("Provides-SetupTools", (1, 0)),
];

fn not_utf8(error: &MetadataError) -> bool {
    matches!(error, MetadataError::Fields(crate::wheel::fields::FieldsError::Encoding(_)))
}

fn version(metadata: &Metadata, member: &str, found: &mut Findings) {
    let stated = match metadata.metadata_version() {
        Ok(stated) => stated,
        Err(error) => return found.member(member, error.to_string()),
    };
    match stated {
        (2, 1..=5) => {}
        (1, 0..=2) => {
            found.with(Severity::Warning, Some(member), format!("`Metadata-Version` is {}.{}", stated.0, stated.1))
        }
        (major, minor) => return found.member(member, format!("`Metadata-Version: {major}.{minor}` is not known")),
    }
    let mut seen = BTreeSet::new();
    for (name, _) in metadata.fields().iter() {
        let known = FIELDS.iter().find(|(field, _)| field.eq_ignore_ascii_case(name));
        if let Some((field, since)) = known
            && *since > stated
            && seen.insert(field)
        {
            let (major, minor) = since;
            // Builders wrote licence files before PEP 639 gave the field a version; readers pass over it.
            let severity = if *field == "License-File" { Severity::Warning } else { Severity::Error };
            let (has_major, has_minor) = stated;
            let message =
                format!("`{field}` came with metadata {major}.{minor}, the file says {has_major}.{has_minor}");
            found.with(severity, Some(member), message);
        }
    }
}

/// Whether spaces or tabs follow the value of the first `Name`.
fn name_ends_in_space(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let name = lines
        .by_ref()
        .take_while(|line| !line.is_empty())
        .find(|line| line.get(..5).is_some_and(|key| key.eq_ignore_ascii_case(b"name:")));
    name.is_some_and(|line| line.ends_with(b" ") || line.ends_with(b"\t"))
}

fn same_name(metadata: &Metadata, expected: Option<&DistributionName>, member: &str, found: &mut Findings) {
    match (metadata.name(), expected) {
        (Err(error), _) => found.member(member, error.to_string()),
        (Ok(name), Some(expected)) if !name.is_same(expected) => {
            found.member(member, format!("`Name: {name}` is not the `{expected}` of the file name"));
        }
        _ => {}
    }
}

fn same_version(metadata: &Metadata, expected: Option<pep440_rs::Version>, member: &str, found: &mut Findings) {
    match (metadata.version(), expected) {
        (Err(error), _) => found.member(member, error.to_string()),
        (Ok(version), Some(expected)) if version != expected => {
            found.member(member, format!("`Version: {version}` is not the `{expected}` of the file name"));
        }
        _ => {}
    }
}

/// The classifiers of the public index; the deprecated ones apart.
static CLASSIFIERS: LazyLock<(BTreeSet<&'static str>, BTreeSet<&'static str>)> = LazyLock::new(|| {
    let lines = include_str!("classifiers.txt").lines().filter(|line| !line.starts_with('#'));
    let (deprecated, known): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('!'));
    (known.into_iter().collect(), deprecated.into_iter().map(|line| &line[1..]).collect())
});

fn classifiers(metadata: &Metadata, member: &str, found: &mut Findings) {
    let (known, deprecated) = &*CLASSIFIERS;
    for classifier in metadata.fields().all("Classifier") {
        if deprecated.contains(classifier) {
            found.member(member, format!("`Classifier: {classifier}` is deprecated"));
        } else if !known.contains(classifier) {
            // The list has a date; a version number after a known parent may be newer than it.
            let numbered = classifier.rsplit_once(" :: ").is_some_and(|(parent, last)| {
                last.starts_with(|first: char| first.is_ascii_digit())
                    && known.iter().any(|other| other.strip_prefix(parent).is_some_and(|rest| rest.starts_with(" :: ")))
            });
            let severity = if numbered { Severity::Warning } else { Severity::Error };
            found.with(severity, Some(member), format!("`Classifier: {classifier}` is not known"));
        }
    }
}

fn description(metadata: &Metadata, member: &str, found: &mut Findings) {
    let empty = metadata.description().is_none_or(|text| text.trim().is_empty() || text.trim() == "UNKNOWN");
    if empty {
        found.member(member, "there is no description");
    }
    match metadata.fields().get("Description-Content-Type") {
        None if !empty => {
            found.member(member, "the description has no content type, so it is taken for reStructuredText")
        }
        None => {}
        Some(text) => {
            let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
            let parameters: Vec<_> = text.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase()).collect();
            let charset = parameters.iter().find_map(|part| part.strip_prefix("charset="));
            let variant = parameters.iter().find_map(|part| part.strip_prefix("variant="));
            let good = matches!(kind.as_str(), "text/markdown" | "text/x-rst" | "text/plain")
                && charset.is_none_or(|charset| charset.trim_matches('"') == "utf-8")
                && (kind != "text/markdown" || variant.is_none_or(|variant| matches!(variant, "gfm" | "commonmark")));
            if !good {
                found.with(
                    Severity::Error,
                    Some(member),
                    format!("`Description-Content-Type: {text}` is none that indexes show"),
                );
            }
        }
    }
}

fn is_address(text: &str) -> bool {
    let text = text.trim();
    let address = text.rsplit_once('<').map_or(text, |(_, rest)| rest.trim_end_matches('>')).trim();
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let plain = |part: &str| {
        !part.is_empty() && !part.contains(|letter: char| letter.is_whitespace() || "<>()[]\\,;:".contains(letter))
    };
    plain(local) && plain(domain) && domain.contains('.') && domain.split('.').all(|part| !part.is_empty())
}
