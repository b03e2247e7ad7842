//! Rules about a release against what it is expected to be. They find nothing where no release is expected: only the
//! gate knows its version, its directory and its SDK.

use crate::check::finding::Owner;
use crate::check::rule::{Findings, Rule, Severity, rule};
use crate::check::subject::release::{Set, Stray};
use crate::check::subject::summary::{Role, Summary, types_path};
use crate::console::text::named;
use crate::typegen::constant::constant;
use crate::version::PublicVersion;
use crate::wheel::attestation;
use crate::wheel::metadata::Metadata;

rule!(UNKNOWN_FILE = "unknown-file", Error, Set(unknown_file);
    what: "The directory of a release holds its wheels and source distributions, attestations beside them, and nothing else; what a killed run left behind is a warning.",
    why: "Whatever lies there is uploaded by the next tool, or was meant to be a part of the release and is none.",
    fix: "Keep wheels and sdists of this release there, and nothing else";
    because: [Promise("all that lies there is of the release"), Habit("what is left over is not published")]);

fn unknown_file(set: &Set<'_>, found: &mut Findings) {
    let Some(expected) = set.expected else { return };
    for (name, stray) in &expected.dist.strays {
        let finding = match stray {
            Stray::Temporary => found
                .finding(format!("`{name}` was left behind by a run that was killed"))
                .with_severity(Severity::Warning)
                .with_help("Remove it; nothing of it is published"),
            Stray::Misplaced => {
                let why = if name.contains('/') { "it lies in a directory below" } else { "it is no regular file" };
                found.finding(format!("`{name}` does not belong in a dist directory: {why}"))
            }
            Stray::Attestation => {
                let subject = attestation::subject(name).unwrap_or_default();
                let finding = found.finding(format!("`{name}` attests `{subject}`, which is not there"));
                finding.with_help("Remove the attestation, or add the file")
            }
            Stray::Other => found.finding(format!("`{name}` is neither a wheel nor an sdist")),
        };
        found.put(Owner::Path(name.clone()), finding);
    }
    let runtime = &set.runtime.distribution;
    let sdk = set.sdk.map(|sdk| &sdk.distribution);
    for (index, member) in set.members.iter().enumerate() {
        if member.name.is_some() && !member.is_of(runtime) && !sdk.is_some_and(|sdk| member.is_of(sdk)) {
            let finding = found.finding(match sdk {
                Some(sdk) => format!("`{}` is of neither `{runtime}` nor `{sdk}`", member.label()),
                None => format!("`{}` is not of `{runtime}`", member.label()),
            });
            let help = "Publish other distributions from a directory of their own";
            found.put(Owner::File(index), finding.with_help(help));
        }
    }
}

rule!(UNREADABLE = "unreadable", Error, Set(unreadable);
    what: "Every wheel and source distribution of a release is one that installers take, with usable metadata.",
    why: "What cannot be read serves nobody, and nothing that it says can be held against the release.",
    fix: "Build it again; `relkit check` tells everything that is wrong with it";
    because: [Installer("nobody can install it")]);

fn unreadable(set: &Set<'_>, found: &mut Findings) {
    for (index, member) in set.members.iter().enumerate().filter(|(_, member)| member.role.is_some()) {
        if let (Some(refusal), Some(_)) = (&member.refusal, set.expected) {
            found.put(Owner::File(index), found.finding(refusal));
        }
    }
}

rule!(MODULE_NAME = "module-name", Error, Set(module_name);
    what: "Each distribution of a release holds the import package that its template names.",
    why: "The SDK imports the runtime by that name, and users import the SDK by it.",
    fix: "Build it from the template that the release is verified by, or verify it by its own";
    because: [Promise("the template names the package")]);

fn module_name(set: &Set<'_>, found: &mut Findings) {
    let roles = [Role::RuntimeWheel, Role::SdkWheel, Role::SdkSdist].into_iter().filter(|_| set.expected.is_some());
    for (role, (index, member)) in roles.flat_map(|role| set.of(role).map(move |file| (role, file))) {
        let module = match set.sdk.filter(|_| role != Role::RuntimeWheel) {
            Some(sdk) => &sdk.module,
            None => &set.runtime.module,
        };
        if package(member, module).next().is_none() {
            found.put(Owner::File(index), found.finding(format!("there is no package `{module}` in it")));
        }
    }
}

rule!(EMBEDDED_VERSION = "embedded-version", Warning, Set(embedded_version);
    what: "The executable of an app server holds the text of the release's version. Other programs write theirs in as many ways as there are, and only `relkit smoke` asks them.",
    why: "An executable of another release in a wheel of this one is a mistake that no metadata shows.",
    fix: "Run it: `relkit smoke --expect-version` asks the executable itself";
    because: [Habit("a program may build its version at run time")]);

fn embedded_version(set: &Set<'_>, found: &mut Findings) {
    let Some(expected) = set.expected else { return };
    for (index, member) in set.of(Role::RuntimeWheel) {
        // That it names another version is an error of `set-version`.
        if member.mentions.as_ref().is_some_and(|found| !found.expected && found.others.is_empty()) {
            let (name, version) = (member.label(), expected.version.program().semver());
            let message = format!("the executable in `{name}` does not hold the text {version}");
            found.put(Owner::File(index), found.finding(message));
        }
    }
}

rule!(SDK_MISSING = "sdk-missing", Error, Set(sdk_missing);
    what: "A release has a wheel of its SDK.",
    why: "Users install the SDK; a runtime that no SDK pins reaches nobody.",
    fix: "Stage and build the SDK into the same directory";
    because: [Promise("the product has an SDK")]);

fn sdk_missing(set: &Set<'_>, found: &mut Findings) {
    let Some(sdk) = set.sdk.filter(|_| set.expected.is_some()) else { return };
    if set.of(Role::SdkWheel).next().is_none() {
        found.put(Owner::Sdk, found.finding(format!("there is no wheel of the SDK `{}`", sdk.distribution)));
    }
}

rule!(SDK_ONE = "sdk-one", Error, Set(sdk_one);
    what: "A release has one wheel of its SDK, and at most one source distribution.",
    why: "Which of several is the release, nobody can tell; all of them would be published.",
    fix: "Keep the one of this release";
    because: [Promise("a release has one SDK")]);

fn sdk_one(set: &Set<'_>, found: &mut Findings) {
    let Some(sdk) = set.sdk.filter(|_| set.expected.is_some()) else { return };
    for (role, kind) in [(Role::SdkWheel, "wheel"), (Role::SdkSdist, "sdist")] {
        let files: Vec<_> = set.of(role).map(|(_, member)| format!("`{}`", member.label())).collect();
        if files.len() > 1 {
            let distribution = &sdk.distribution;
            let message = format!("there are {} {kind}s of `{distribution}`: {}", files.len(), files.join(", "));
            found.put(Owner::Sdk, found.finding(message));
        }
    }
}

rule!(SDK_AGREE = "sdk-agree", Error, Set(sdk_agree);
    what: "The SDK's wheel and source distribution have one version, the same requirements, and the same files in their package.",
    why: "They are two forms of one distribution; who builds from source gets another SDK than who installs the wheel.",
    fix: "Build both from one stage";
    because: [Promise("wheel and source distribution are one distribution")]);

fn sdk_agree(set: &Set<'_>, found: &mut Findings) {
    let pair = (set.of(Role::SdkWheel).next(), set.of(Role::SdkSdist).next());
    let ((Some((_, wheel)), Some((index, sdist))), Some(sdk), Some(_)) = (pair, set.sdk, set.expected) else { return };
    let (one, other) = (wheel.label(), sdist.label());
    let stated = |member: &Summary| {
        let fields = member.metadata.as_ref().map(Metadata::fields);
        let mut rows: Vec<_> =
            fields.into_iter().flat_map(|fields| fields.all("Requires-Dist")).map(str::to_owned).collect();
        rows.sort();
        (fields.and_then(|fields| fields.get("Version")).map(str::to_owned), rows)
    };
    if stated(wheel) != stated(sdist) {
        let message = format!("`{one}` and `{other}` differ in their version or requirements");
        found.put(Owner::File(index), found.finding(message));
    }
    let paths =
        package(wheel, &sdk.module).chain(package(sdist, &sdk.module).filter(|path| !wheel.files.contains_key(*path)));
    let differing: Vec<_> = paths.filter(|path| wheel.files.get(*path) != sdist.files.get(*path)).collect();
    if !differing.is_empty() {
        let message = format!("`{one}` and `{other}` differ in their package: {}", named(differing));
        found.put(Owner::File(index), found.finding(message));
    }
}

/// The paths of the files of an import package.
fn package<'a>(member: &'a Summary, module: &str) -> impl Iterator<Item = &'a String> {
    let inside = format!("{module}/");
    member.files.keys().filter(move |path| path.starts_with(&inside))
}

rule!(SDK_TYPES = "sdk-types", Error, Set(sdk_types);
    what: "The SDK's generated types say that they were made from the runtime of the release; types that are missing are a warning.",
    why: "Types of another runtime describe another protocol, and fail at a user's.",
    fix: "Run `relkit generate-types` with the runtime of this release, then stage and build the SDK again";
    because: [Promise("the types are of the runtime"), Habit("an SDK may go without types")]);

fn sdk_types(set: &Set<'_>, found: &mut Findings) {
    // Only an app server has a schema to generate types from.
    let (Some(expected), Some(sdk), true) = (set.expected, set.sdk, set.runtime.is_app_server()) else { return };
    for (index, member) in set.of(Role::SdkWheel).chain(set.of(Role::SdkSdist)) {
        let name = member.label();
        let Some(types) = &member.types else {
            let path = types_path(sdk);
            let finding = found.finding(format!("`{name}` holds no generated types (`{path}`)"));
            let finding = finding.with_severity(Severity::Warning);
            found.put(Owner::File(index), finding.with_help("Generate them from the runtime of this release"));
            continue;
        };
        let source = String::from_utf8_lossy(types);
        let recorded = constant(&source, "RUNTIME_VERSION");
        let made_from: Option<PublicVersion> = recorded.and_then(|text| text.parse().ok());
        let version = expected.version.program();
        if made_from.as_ref() != Some(version) {
            let recorded = recorded.unwrap_or("an unknown version");
            let message = format!("the types in `{name}` were generated from the runtime {recorded}, not {version}");
            found.put(Owner::File(index), found.finding(message));
        }
    }
}

pub(crate) static RULES: &[&Rule] =
    &[&UNKNOWN_FILE, &UNREADABLE, &MODULE_NAME, &EMBEDDED_VERSION, &SDK_MISSING, &SDK_ONE, &SDK_AGREE, &SDK_TYPES];
