//! The GitHub release workflow of a product, put together from the parts beside this file: relkit once for each runner, a
//! matrix from the product's targets, one job per target, one for the SDK where there is one; then verified, attested,
//! published, installed from the index, and announced.

use std::collections::BTreeSet;
use std::path::Path;

use super::error::ScaffoldError;
use super::marks::filled;
use crate::console::text::{shell_path, visible};
use crate::member_path::join;
use crate::product::{Product, RunsOn, RuntimeProject, Target};
use crate::target::{Architecture, Host, System, TargetTriple};

/// The action of a repository that installs relkit its own way; it is used where it is there.
const OWN_ACTION: &str = ".github/actions/install-relkit/action.yml";

/// The runner of every job that is not about one target.
const RUNNER: &str = "ubuntu-24.04";

/// The distribution that relkit itself is published as.
const RELKIT: &str = "relkit-cli";

const TAG_OPTION: &str = r#" --platform-tag "$PLATFORM_TAG""#;

const URL_WORDS_BY_TAG: &str = "{target} stands for the target triple, {platform-tag} for the tag of the wheel";

const TAG_IN_URL: &str = r"
          PAYLOAD_URL=${PAYLOAD_URL//\{platform-tag\}/$PLATFORM_TAG}";

macro_rules! part {
    ($name:literal) => {
        include_str!(concat!("workflow/", $name, ".yml"))
    };
}

/// What a workflow must know of the repository that it stands in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Repository<'a> {
    /// Its root.
    pub root: &'a Path,
    /// Where the product is, from the root; empty where it is the root itself, or built in.
    pub product: &'a str,
}

/// The text of the workflow.
///
/// # Errors
/// Where the product lies in a directory that a workflow cannot name.
pub(crate) fn workflow(product: &Product, repository: Repository<'_>) -> Result<String, ScaffoldError> {
    // GitHub looks for expressions wherever they stand.
    if repository.product.contains("${{") || visible(repository.product) != repository.product {
        return Err(ScaffoldError::Place { place: repository.product.to_owned() });
    }
    let runtime = &product.runtime;
    let has_own_action = repository.root.join(OWN_ACTION).is_file();
    let install = if has_own_action { part!("install-from-repository") } else { part!("install") };
    let own = RunsOn::label(RUNNER);
    let mut runners = vec![&own];
    for row in &runtime.targets {
        if !runners.contains(&&row.runner) {
            runners.push(&row.runner);
        }
    }
    // A list has no text of its own in an expression.
    let lists = runners.iter().any(|runner| runner.is_list());
    let runner_name = if lists { "join(matrix.runner, '-')" } else { "matrix.runner" };
    let outputs = runners.iter().map(|runner| {
        let key = digest_key(runner);
        format!("      {key}: ${{{{ steps.relkit.outputs.{key} }}}}\n")
    });
    let quoted: Vec<_> = runners.iter().map(|runner| serde_json::json!(runner).to_string()).collect();
    let prepare = |runner: &str, digest: &str| {
        part!("check-out").to_owned() + &part!("take-relkit").replace("@runner@", runner).replace("@digest@", digest)
    };
    let input = if runtime.is_app_server() { "codex-version" } else { "version" };
    let example = example(runtime);
    let (inputs, fetch) = sources(runtime);
    let with_digests = runtime.source.is_none() || runtime.checksums.is_none();
    let where_asked = |text: &str| if with_digests { text } else { "" }.to_owned();
    // Artefacts of one triple are told apart by the tags of their wheels.
    let by_tag = names_targets_twice(runtime);
    let sdk = product.sdk.is_some();
    let projects: Vec<_> = std::iter::once(&runtime.distribution)
        .chain(product.sdk_project().map(|sdk| &sdk.distribution))
        .map(|distribution| format!("`{distribution}`"))
        .collect();
    let at_product = product_option(repository.product);
    let parts = [
        ("sdk-words", if sdk { ", one for the SDK" } else { "" }.to_owned()),
        ("inputs", inputs),
        ("version", input.to_owned()),
        ("digests-env", where_asked(part!("digests-env"))),
        ("digests-option", where_asked(r#" --argjson digests "$DIGESTS""#)),
        ("digests-filter", where_asked(part!("digests-filter"))),
        ("fetch", fetch.to_owned()),
        (
            "smoke",
            if runtime.targets.iter().any(|row| is_emulated(&row.triple)) {
                part!("smoke-emulated").to_owned()
            } else {
                part!("smoke").to_owned()
            },
        ),
        ("needs", if sdk { "[relkit, runtime, sdk]" } else { "[relkit, runtime]" }.to_owned()),
        ("key", if by_tag { "platform_tag" } else { "target" }.to_owned()),
        ("key-words", if by_tag { "platform tag" } else { "target triple" }.to_owned()),
        ("url-words", if by_tag { URL_WORDS_BY_TAG } else { "{target} stands for the target triple" }.to_owned()),
        ("tag-in-url", if by_tag { TAG_IN_URL } else { "" }.to_owned()),
        ("row-option", if by_tag { TAG_OPTION } else { "" }.to_owned()),
        ("tag-option", tag_option(runtime).to_owned()),
        ("prepare-row", prepare(&format!("${{{{ {runner_name} }}}}"), "matrix.relkit_sha256")),
        ("prepare", prepare(RUNNER, &format!("needs.relkit.outputs.{}", digest_key(&own)))),
        ("runner-name", runner_name.to_owned()),
        ("runner-text", if lists { "[.runner] | flatten | join(\"-\")" } else { ".runner" }.to_owned()),
        ("check-out", part!("check-out").to_owned()),
        ("install", install.to_owned()),
        ("digest-outputs", outputs.collect()),
        ("take-release", concat!(part!("take-dist"), part!("take-receipts")).to_owned()),
        ("take-dist", part!("take-dist").to_owned()),
    ];
    // What others wrote is put in last, and not looked at again.
    let facts = [
        ("projects", projects.join(" and ")),
        ("tag", example.0),
        ("example", example.1),
        ("runners", format!("[{}]", quoted.join(", "))),
        ("product", at_product),
        ("distribution", runtime.distribution.to_string()),
        ("executable", runtime.executable().to_owned()),
        ("sdk-module", product.sdk_project().map(|sdk| sdk.module.to_string()).unwrap_or_default()),
        ("sdk-template", shell_path(&join(repository.product, "sdk-template").unwrap_or_default())),
        ("relkit", format!("{RELKIT}=={}", env!("CARGO_PKG_VERSION"))),
    ];
    let text = [
        part!("head"),
        part!("relkit"),
        part!("plan"),
        part!("runtime"),
        if sdk { part!("sdk") } else { "" },
        part!("verify"),
        part!("publish"),
        part!("announce"),
    ];
    // A part may hold another; what comes later in the table stands inside what comes before it.
    let text = parts.iter().fold(text.concat(), |text, (name, value)| {
        let mark = format!("@{name}@");
        let whole_line = value.ends_with('\n').then(|| format!("{mark}\n"));
        let text = whole_line.map_or(text.clone(), |line| text.replace(&line, value));
        text.replace(&mark, value)
    });
    Ok(filled(&text, &facts.each_ref().map(|(name, value)| (*name, value.as_str()))))
}

/// The option that names a product by its place, which is empty for the nearest or the built-in one.
pub(super) fn product_option(place: &str) -> String {
    if place.is_empty() { String::new() } else { format!(" --product {}", shell_path(place)) }
}

/// The inputs that say where payloads are, and how a payload is fetched.
fn sources(runtime: &RuntimeProject) -> (String, &'static str) {
    match (&runtime.source, &runtime.checksums) {
        (Some(_), Some(_)) => (String::new(), part!("fetch")),
        (Some(_), None) => (part!("digests").to_owned(), part!("fetch-with-digests")),
        (None, _) => (concat!(part!("payload-url"), part!("digests")).to_owned(), part!("fetch-url")),
    }
}

/// The output that holds the digest of relkit for a runner; names of outputs have no dots.
fn digest_key(runner: &RunsOn) -> String {
    format!("sha256-{}", runner.key())
}

/// A release of the product, as a tag and as a version.
fn example(runtime: &RuntimeProject) -> (String, String) {
    let version = if runtime.is_app_server() { "0.163.0" } else { "1.2.3" };
    let tag = runtime.release(version).map(|release| release.tag().to_owned());
    (tag.unwrap_or_else(|_| version.to_owned()), version.to_owned())
}

/// Whether a runner of GitHub runs the target's executables by what has to be installed on it alone.
fn is_emulated(triple: &TargetTriple) -> bool {
    let runs = |architecture| triple.runs_on(Host::new(System::Linux, architecture));
    triple.is_linux() && ![Architecture::X86_64, Architecture::Aarch64].into_iter().any(runs)
}

fn names_targets_twice(runtime: &RuntimeProject) -> bool {
    let mut seen = BTreeSet::new();
    runtime.targets.iter().any(|row| !seen.insert(&row.triple))
}

/// What tells of which row a payload is, where its binaries may not: two rows of one triple differ in their tags, and two
/// static builds for one machine in their triples.
fn tag_option(runtime: &RuntimeProject) -> &'static str {
    let linux = |row: &&Target| row.triple.is_linux();
    let is_twin = |row: &Target| {
        let others = runtime.targets.iter().filter(linux).filter(|other| other.triple != row.triple);
        others.into_iter().any(|other| other.triple.architecture() == row.triple.architecture())
    };
    match names_targets_twice(runtime) {
        true => TAG_OPTION,
        false if runtime.targets.iter().filter(linux).any(is_twin) => r#" --target "$TARGET""#,
        false => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::product::Template;

    /// A list has no text of its own in an expression, and stays a list where a job asks for a runner.
    #[test]
    fn several_labels_of_a_runner_are_a_list() {
        let Ok(mut product) = Product::built_in() else { return };
        let repository = Repository { root: Path::new("none"), product: "" };
        let plain = workflow(&product, repository).unwrap();
        assert!(
            plain.contains("name: relkit-${{ matrix.runner }}") && !plain.contains("join(matrix.runner"),
            "{plain}"
        );
        let text = Template::runtime(None).unwrap().pyproject().unwrap().replacen(
            "runner = \"macos-15\"",
            "runner = [\"self-hosted\", \"macos\"]",
            1,
        );
        product.runtime = RuntimeProject::from_pyproject(&text, "pyproject.toml").unwrap();
        let listed = workflow(&product, repository).unwrap();
        for words in [
            "[\"self-hosted\",\"macos\"]",
            "name: relkit-${{ join(matrix.runner, '-') }}",
            "sha256-self-hosted-macos: ${{ steps.relkit.outputs.sha256-self-hosted-macos }}",
            "([.runner] | flatten | join(\"-\") | gsub",
            "runs-on: ${{ matrix.runner }}",
        ] {
            assert!(listed.contains(words), "{words}: {listed}");
        }
    }
}
