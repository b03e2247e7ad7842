//! Rules about the fields of METADATA and PKG-INFO that indexes show and refuse (PEP 639, PEP 753).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use url::Url;

use super::metadata::{field, padded};
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::sdist::SdistSubject;
use crate::check::subject::wheel::WheelSubject;
use crate::wheel::address::mailboxes;
use crate::wheel::import_name::ImportName;
use crate::wheel::info;
use crate::wheel::metadata::Metadata;
use crate::wheel::name::DistributionName;
use crate::wheel::rst;

rule!(LICENCE_SPDX = "licence-spdx", Error, Metadata(licence_spdx);
    what: "`License-Expression` is an SPDX expression.",
    why: "Indexes refuse any other text.",
    fix: "Write an SPDX expression such as `Apache-2.0` or `MIT OR Apache-2.0`";
    because: [Index("the expression must be valid")]);

fn licence_spdx(metadata: &Metadata, found: &mut Findings) {
    if let Err(error) = metadata.license_expression() {
        found.whole(error.to_string());
    }
}

rule!(LICENCE_BOTH = "licence-both", Error, Metadata(licence_both);
    what: "`License-Expression` stands alone, without `License`; licence classifiers, or the elder forms in its place, are a warning.",
    why: "PEP 639 forbids two answers, and indexes refuse the two fields together; the older forms are deprecated.",
    fix: "Keep `license = \"EXPRESSION\"` in pyproject.toml and remove the older forms";
    because: [Index("`License` and `License-Expression` exclude each other"), Habit("classifiers and elder forms are taken")]);

fn licence_both(metadata: &Metadata, found: &mut Findings) {
    let fields = metadata.fields();
    let classifiers = fields.all("Classifier").filter(|text| text.starts_with("License ::"));
    for elder in fields.get("License").map(|_| "License").into_iter().chain(classifiers) {
        if fields.get("License-Expression").is_some() {
            let is_stated = fields.stated("License").next().is_some();
            let severity = if elder == "License" && is_stated { Severity::Error } else { Severity::Warning };
            found.with(severity, None, format!("`{elder}` stands beside `License-Expression`"));
        } else {
            found.with(Severity::Warning, None, format!("`{elder}` stands in place of `License-Expression`"));
        }
    }
}

rule!(LICENCE_FILE = "licence-file", Error, Both(licence_file, licence_file_of_sdist);
    what: "Every `License-File` lies at that path: below `.dist-info/licenses/`, or in the top directory of a source distribution. Before metadata 2.4 that is a warning.",
    why: "Indexes refuse a distribution that names a licence it does not carry.",
    fix: "Let the builder copy the files: `license-files` in pyproject.toml";
    because: [Index("from metadata 2.4 on the file must be there"), Habit("before metadata 2.4 nothing said where the file lies")]);

fn licence_file(wheel: &WheelSubject, found: &mut Findings) {
    let (Some(metadata), Some(directory)) = (wheel.good_metadata(), &wheel.dist_info) else { return };
    if !is_elder(metadata) {
        padded(metadata, "License-File", found);
    }
    for file in metadata.license_files() {
        let places = [format!("{directory}/{}{file}", info::LICENCES), format!("{directory}/{file}")];
        // Before PEP 639 builders wrote the field too, and put the files beside METADATA.
        let expected = if is_elder(metadata) { &places[..] } else { &places[..1] };
        if !expected.iter().any(|place| wheel.file(place).is_some()) {
            let severity = if is_elder(metadata) { Severity::Warning } else { Severity::Error };
            let message = "METADATA names the file, and the wheel does not have it";
            found.with(severity, Some(&places[0]), message);
        }
    }
}

fn licence_file_of_sdist(sdist: &SdistSubject, found: &mut Findings) {
    let Some(Ok(metadata)) = &sdist.metadata else { return };
    // Before PEP 639 nothing said where the file lies.
    if !sdist.is_readable() || is_elder(metadata) {
        return;
    }
    padded(metadata, "License-File", found);
    let files: BTreeSet<_> = sdist.entries.iter().filter_map(|entry| Some(entry.path.split_once('/')?.1)).collect();
    let missing = metadata.license_files().filter(|file| !files.contains(file));
    found.each(missing, "PKG-INFO names the file, and the source distribution does not have it");
}

/// Whether the metadata are of before PEP 639.
fn is_elder(metadata: &Metadata) -> bool {
    metadata.metadata_version().is_ok_and(|version| version < (2, 4))
}

rule!(CLASSIFIER = "classifier", Error, Metadata(classifier);
    what: "Every `Classifier` is one that the public index knows and has not deprecated; a newer Python or framework version than known here is a warning.",
    why: "The index refuses the upload, and `Private ::` is there to make it do so.",
    fix: "Correct the classifier, or remove it";
    because: [Index("unknown and deprecated classifiers are refused"), Habit("the list here has a date, and numbers go on")]);

fn classifier(metadata: &Metadata, found: &mut Findings) {
    padded(metadata, "Classifier", found);
    let (known, deprecated) = &*CLASSIFIERS;
    for classifier in metadata.fields().all("Classifier") {
        if deprecated.contains(classifier) {
            found.whole(format!("`Classifier: {classifier}` is deprecated"));
        } else if !known.contains(classifier) {
            // The list has a date; a version number after a known parent may be newer than it.
            let numbered = classifier.rsplit_once(" :: ").is_some_and(|(parent, last)| {
                // The stages of development do not go on.
                parent != "Development Status"
                    && last.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
                    && known.iter().any(|other| other.strip_prefix(parent).is_some_and(|rest| rest.starts_with(" :: ")))
            });
            let severity = if numbered { Severity::Warning } else { Severity::Error };
            found.with(severity, None, format!("`Classifier: {classifier}` is not known"));
        }
    }
}

/// The classifiers of the public index; the deprecated ones apart.
static CLASSIFIERS: LazyLock<(BTreeSet<&'static str>, BTreeSet<&'static str>)> = LazyLock::new(|| {
    let lines = include_str!("classifiers.txt").lines().filter(|line| !line.starts_with('#'));
    let (deprecated, known): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('!'));
    (known.into_iter().collect(), deprecated.into_iter().map(|line| &line[1..]).collect())
});

rule!(DESCRIPTION = "description", Warning, Metadata(description);
    what: "There is a description, its content type is Markdown, reStructuredText or plain text, and reStructuredText renders without a warning of docutils.",
    why: "An unknown content type is refused by indexes; without one the text is taken for reStructuredText and may not be shown.",
    fix: "Set `readme = \"README.md\"` in pyproject.toml";
    because: [Habit("a release without a description is taken"), Index("an unknown content type, and reStructuredText that does not render, is refused")]);

fn description(metadata: &Metadata, found: &mut Findings) {
    let empty = metadata.description().is_none_or(|text| text.trim().is_empty() || text.trim() == "UNKNOWN");
    if empty {
        found.whole("there is no description");
    }
    let content_type = metadata.fields().get("Description-Content-Type");
    let kind = |text: &str| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_rst = content_type.is_none_or(|text| kind(text) == "text/x-rst");
    if let Some(fault) = metadata.description().filter(|_| is_rst && !empty).and_then(rst::fault) {
        let message = format!("the description does not render: line {} of it, {}", fault.line, fault.why);
        found.with(Severity::Error, None, message);
    }
    let Some(text) = content_type else {
        if !empty {
            found.whole("the description has no content type, so it is taken for reStructuredText");
        }
        return;
    };
    let parameters = parameters(text);
    let parameter = |name: &str| parameters.as_ref().and_then(|all| all.get(name)).map(|value| value.trim_matches('"'));
    // The variants of Markdown alone are told apart by case.
    let is_good = matches!(kind(text).as_str(), "text/markdown" | "text/x-rst" | "text/plain")
        && parameters.is_some()
        && parameter("charset").is_none_or(|charset| charset.eq_ignore_ascii_case("utf-8"))
        && (kind(text) != "text/markdown" || parameter("variant").is_none_or(|it| matches!(it, "GFM" | "CommonMark")));
    if !is_good {
        found.with(Severity::Error, None, format!("`Description-Content-Type: {text}` is none that indexes show"));
    }
}

/// The parameters of a content type by their names in small letters; none where readers of mail find a fault in them (RFC
/// 2045): a name without a value, a name twice, a blank in either, nothing between two semicolons, a second line.
fn parameters(content_type: &str) -> Option<BTreeMap<String, &str>> {
    let mut parameters = BTreeMap::new();
    let mut rest = content_type.split_once(';').map_or("", |(_, rest)| rest);
    if content_type.contains('\n') {
        return None;
    }
    while !rest.trim().is_empty() {
        let mut is_quoted = false;
        let ends = |letter: char| {
            is_quoted ^= letter == '"';
            letter == ';' && !is_quoted
        };
        let part;
        (part, rest) = rest.split_at(rest.find(ends).unwrap_or(rest.len()));
        rest = rest.strip_prefix(';').unwrap_or(rest);
        let (name, value) = part.split_once('=')?;
        // What stands in parentheses is a comment.
        let value = value.split_once(" (").map_or(value, |(value, _)| value).trim();
        let inside = value.strip_prefix('"').map(|inside| inside.strip_suffix('"'));
        let is_whole = match inside {
            Some(inside) => inside.is_some_and(|inside| !inside.contains('"')),
            None => !value.is_empty() && !value.contains([' ', '\t', '=', '"']),
        };
        let name = name.trim().to_ascii_lowercase();
        // A name with a star states the language of its value between two apostrophes (RFC 2231).
        let is_stated = !name.ends_with('*') || value.matches('\'').count() >= 2;
        let is_name = !name.is_empty() && !name.contains([' ', '\t']);
        if !is_name || !is_whole || !is_stated || parameters.insert(name, value).is_some() {
            return None;
        }
    }
    Some(parameters)
}

rule!(META_SUMMARY = "meta-summary", Error, Metadata(meta_summary);
    what: "`Summary` is one line of at most 512 characters.",
    why: "Indexes refuse the upload.",
    fix: "Shorten `description` in pyproject.toml to one sentence";
    because: [Index("more than one line or 512 characters is refused")]);

/// What ends a line to Python's `str.splitlines`, and so to readers of metadata.
const LINE_ENDS: [char; 10] =
    ['\n', '\r', '\u{b}', '\u{c}', '\u{1c}', '\u{1d}', '\u{1e}', '\u{85}', '\u{2028}', '\u{2029}'];

fn meta_summary(metadata: &Metadata, found: &mut Findings) {
    if let Some(summary) = metadata.fields().get("Summary") {
        if summary.contains(LINE_ENDS) {
            found.whole("`Summary` has more than one line");
        }
        if summary.chars().count() > 512 {
            found.whole("`Summary` has more than 512 characters");
        }
    }
}

rule!(META_EMAIL = "meta-email", Error, Metadata(meta_email);
    what: "`Author-email` and `Maintainer-email` hold e-mail addresses, with or without a name, told apart by commas. A wrong one among several, and one that no reader finds, is a warning.",
    why: "Indexes refuse an address that cannot be one; a name with a comma in it is taken for two entries.",
    fix: "Write `Name <name@example.org>`, with the name in quotes where it has a comma, or leave the field out";
    because: [Index("the one address of a field must be valid"), Habit("of several addresses none is looked at")]);

fn meta_email(metadata: &Metadata, found: &mut Findings) {
    for field in ["Author-email", "Maintainer-email"] {
        let stated = metadata.fields().stated(field);
        for value in stated {
            let entries = mailboxes(value);
            // A comma with nothing before it counts for an address.
            let is_alone = entries.len() == 1 && !value.starts_with(',') && !value.ends_with(",,");
            if entries.is_empty() {
                found.with(Severity::Warning, None, format!("`{field}: {value}` holds no address"));
            }
            for (entry, fault) in entries.iter().filter_map(|entry| Some((entry, entry.fault()?))) {
                let is_judged = fault.is_read && is_alone;
                let severity = if is_judged { Severity::Error } else { Severity::Warning };
                found.with(severity, None, format!("`{}` of `{field}` {}", entry.text, fault.why));
            }
        }
    }
}

rule!(META_URL = "meta-url", Error, Metadata(meta_url);
    what: "`Project-URL` is a label of 1 to 32 characters, a comma and a web address, and no label stands twice; `Home-page` and `Download-URL` are web addresses. No address has a bracket in its path or query; one that names no host is a warning.",
    why: "Indexes refuse the upload.",
    fix: "Correct the entry of `[project.urls]`";
    because: [Index("labels and addresses must be valid"), Habit("an address without a host is taken, and leads nowhere")]);

fn meta_url(metadata: &Metadata, found: &mut Findings) {
    let mut labels = BTreeSet::new();
    let urls: Vec<_> = metadata.fields().all("Project-URL").collect();
    for value in urls.iter().filter(|_| !matches!(urls[..], ["" | "UNKNOWN"])) {
        let (label, address) = value.split_once(',').unwrap_or((value, ""));
        let label = label.trim();
        if !(1..=32).contains(&label.chars().count()) || address.trim().is_empty() {
            found.whole(format!("`Project-URL: {value}` is no label with a web address"));
        } else if let Some((severity, why)) = not_web(address) {
            found.with(severity, None, format!("`Project-URL: {value}` is no label with a web address: {why}"));
        }
        if !label.is_empty() && !labels.insert(label) {
            found.whole(format!("`{label}` is the label of two addresses"));
        }
    }
    for field in ["Home-page", "Download-URL"] {
        let stated = metadata.fields().stated(field);
        for (value, (severity, why)) in stated.filter_map(|value| Some((value, not_web(value)?))) {
            found.with(severity, None, format!("`{field}: {value}` is no web address: {why}"));
        }
    }
}

/// Why a text is no web address, and how much that weighs: an index looks at less than a browser does.
fn not_web(text: &str) -> Option<(Severity, &'static str)> {
    let text = text.trim();
    let Some((scheme, rest)) = text.split_once(':') else { return Some((Severity::Error, "it has no scheme")) };
    if !matches!(scheme.to_ascii_lowercase().as_str(), "http" | "https") {
        return Some((Severity::Error, "its scheme is not that of the web"));
    }
    let rest = rest.split('#').next().unwrap_or(rest);
    let below = rest.strip_prefix("//").map_or(rest, |rest| {
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        &rest[end..]
    });
    let host = &rest[..rest.len() - below.len()];
    let port = host.rsplit_once(':').map_or("", |(_, port)| port);
    if port.bytes().all(|byte| byte.is_ascii_digit()) && !port.is_empty() && port.parse::<u16>().is_err() {
        return Some((Severity::Error, "its port is none"));
    }
    if below.contains(['[', ']']) {
        return Some((Severity::Error, "a bracket in it must be written `%5B` or `%5D`"));
    }
    // Browsers look for a host behind any number of slashes.
    let has_place = rest.strip_prefix("//").is_some_and(|rest| !rest.starts_with(['/', '?']));
    let is_whole = has_place && Url::parse(text).is_ok_and(|url| url.has_host());
    (!is_whole).then_some((Severity::Warning, "it names no host"))
}

rule!(META_EXTRA = "meta-extra", Error, Metadata(meta_extra);
    what: "Every `Provides-Extra` is a valid name: ASCII letters, digits, `-`, `_` and `.`.",
    why: "Nobody can ask for the extra, and indexes refuse the upload.",
    fix: "Rename the entry of `[project.optional-dependencies]`";
    because: [Index("names of extras must be valid")]);

fn meta_extra(metadata: &Metadata, found: &mut Findings) {
    padded(metadata, "Provides-Extra", found);
    let is_name = |extra: &str| extra.parse::<DistributionName>().is_ok();
    for extra in metadata.fields().all("Provides-Extra").filter(|extra| !is_name(extra)) {
        found.whole(format!("`Provides-Extra: {extra}` is not the name of an extra"));
    }
}

rule!(META_DYNAMIC = "meta-dynamic", Error, Metadata(meta_dynamic);
    what: "`Dynamic` names fields that may be dynamic.",
    why: "Indexes refuse an unknown field, and `Name`, `Version` and `Metadata-Version` are never dynamic.",
    fix: "Remove the entry from `dynamic` in pyproject.toml";
    because: [Index("unknown fields are refused")]);

fn meta_dynamic(metadata: &Metadata, found: &mut Findings) {
    padded(metadata, "Dynamic", found);
    let is_fixed = |value| {
        matches!(
            field(value),
            None | Some((_, "Name" | "Version" | "Metadata-Version" | "Dynamic" | "Provides-SetupTools"))
        )
    };
    for value in metadata.fields().all("Dynamic").filter(|value| is_fixed(value)) {
        found.whole(format!("`Dynamic: {value}` names no field that may be dynamic"));
    }
}

rule!(META_IMPORT = "meta-import", Error, Metadata(meta_import);
    what: "`Import-Name` and `Import-Namespace` are dotted names that Python can import, with `; private` at most. A name that is both is a warning.",
    why: "Indexes refuse other texts, and tools that look for the project of an import do not find it.",
    fix: "Correct `import-names` or `import-namespaces` in pyproject.toml";
    because: [Index("other texts than dotted names are refused"), Habit("no reader holds the two fields against each other")]);

fn meta_import(metadata: &Metadata, found: &mut Findings) {
    let names = metadata.fields().all("Import-Name").collect::<Vec<_>>();
    let mut own = BTreeSet::new();
    // One empty name says that the project has none (PEP 794).
    for name in names.iter().filter(|_| names != [""]) {
        match name.parse::<ImportName>() {
            Ok(name) => _ = own.insert(name.name),
            Err(error) => found.whole(format!("`Import-Name: {name}` is no name to import: {error}")),
        }
    }
    for namespace in metadata.fields().all("Import-Namespace") {
        match namespace.parse::<ImportName>() {
            Ok(ImportName { name, .. }) if own.contains(&name) => {
                let message = format!("`{name}` is both an `Import-Name` and an `Import-Namespace`");
                found.with(Severity::Warning, None, message);
            }
            Ok(_) => {}
            Err(error) => found.whole(format!("`Import-Namespace: {namespace}` is no name to import: {error}")),
        }
    }
}

#[rustfmt::skip]
pub(crate) static RULES: &[&Rule] = &[
    &LICENCE_SPDX, &LICENCE_BOTH, &LICENCE_FILE, &CLASSIFIER, &DESCRIPTION, &META_SUMMARY, &META_EMAIL, &META_URL,
    &META_EXTRA, &META_DYNAMIC, &META_IMPORT,
];
