//! SBOMs of lists, and what is said of files that claim to be one.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::validate::SbomError;
use super::*;
use crate::binary::{Dependency, DependencySource, ListOrigin, Root, Scope, read};
use crate::samples::binary::{ARM64, static_elf};
use crate::samples::dependencies::{AUDITABLE, MODULES, dep_v0, elf_with, go_inline, mach_with};

fn list(section: &str, bytes: &[u8]) -> DependencyList {
    read(&elf_with(section, bytes)).unwrap().dependencies.unwrap().unwrap()
}

fn document(list: &DependencyList) -> Value {
    let bytes = Sbom::of_program("demo", &"1.0".parse().unwrap(), list).to_json();
    assert_eq!(validate(SbomFormat::CycloneDx, &bytes), Ok(Vec::new()));
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn the_program_is_the_subject_and_the_packages_are_the_components() {
    let document = document(&list(".dep-v0", &dep_v0(AUDITABLE)));
    let program = &document["metadata"]["component"];
    assert_eq!(
        (&program["type"], &program["name"], &program["version"]),
        (&json!("application"), &json!("demo"), &json!("1.0"))
    );
    assert_eq!(
        document["components"],
        json!([
            {
                "type": "library", "bom-ref": "pkg:cargo/cc@1.2.3", "name": "cc", "version": "1.2.3",
                "scope": "excluded", "purl": "pkg:cargo/cc@1.2.3",
                "properties": [{"name": "cdx:rustc:dependency_kind", "value": "build"}],
            },
            {
                "type": "library", "bom-ref": "pkg:cargo/serde@1.0.0%2Bmore", "name": "serde",
                "version": "1.0.0+more", "scope": "required", "purl": "pkg:cargo/serde@1.0.0%2Bmore",
            },
        ])
    );
    assert_eq!(
        document["dependencies"],
        json!([
            {"ref": "demo@1.0", "dependsOn": ["pkg:cargo/cc@1.2.3", "pkg:cargo/serde@1.0.0%2Bmore"]},
            {"ref": "pkg:cargo/cc@1.2.3", "dependsOn": []},
            {"ref": "pkg:cargo/serde@1.0.0%2Bmore", "dependsOn": []},
        ])
    );
    for absent in ["serialNumber", "timestamp"] {
        assert!(!document.to_string().contains(absent));
    }
}

#[test]
fn modules_of_go_keep_their_sums() {
    let document = document(&list(".go.buildinfo", &go_inline("go1.25.1", MODULES)));
    let purls: Vec<_> =
        document["components"].as_array().unwrap().iter().map(|it| it["purl"].as_str().unwrap()).collect();
    assert_eq!(
        purls,
        [
            "pkg:golang/github.com/burntsushi/toml@v1.5.0",
            "pkg:golang/example.org/new@v1.2.0%2Bincompatible",
            "pkg:golang/example.org/near@v0.1.0?download_url=redacted",
        ]
    );
    assert_eq!(document["components"][0]["name"], "github.com/BurntSushi/toml");
    assert_eq!(document["components"][1]["properties"], json!([{"name": "relkit:go-sum", "value": "h1:AAAA="}]));
    assert_eq!(document["dependencies"].as_array().unwrap().len(), 1);
    let properties = document["metadata"]["component"]["properties"].to_string();
    assert!(properties.contains("go1.25.1") && properties.contains("example.org/Demo (devel)"), "{properties}");
}

#[test]
fn what_is_not_public_is_not_taken_for_what_is() {
    let of = |source| {
        let dependency = Dependency {
            name: "serde".into(),
            version: "1.0.0".into(),
            source,
            scope: Scope::Runtime,
            go_sum: None,
            dependencies: BTreeSet::new(),
        };
        let mut list = list(".dep-v0", &dep_v0(AUDITABLE));
        list.dependencies = vec![dependency.clone(), dependency];
        list.direct = BTreeSet::from([1]);
        document(&list)["components"].clone()
    };
    for (source, purl) in [
        (DependencySource::Public, "pkg:cargo/serde@1.0.0"),
        (DependencySource::Git, "pkg:cargo/serde@1.0.0?vcs_url=redacted"),
        (DependencySource::Registry, "pkg:cargo/serde@1.0.0?repository_url=redacted"),
        (DependencySource::Local, "pkg:cargo/serde@1.0.0?download_url=redacted"),
    ] {
        let components = of(source);
        assert_eq!(components[0]["purl"], purl);
        // Two of one name are two components, and each has a reference of its own.
        assert_eq!(
            (&components[1]["purl"], components[1]["bom-ref"] != components[0]["bom-ref"]),
            (&json!(purl), true)
        );
    }
}

#[test]
fn programs_with_one_list_have_one_sbom() {
    let (rust, go) = (dep_v0(AUDITABLE), go_inline("go1.25.1", MODULES));
    let facts = |bytes: &[u8]| read(bytes).unwrap();
    let inventory = Inventory::new(vec![
        ("bin/uv".into(), facts(&elf_with(".dep-v0", &rust))),
        ("bin/uvx".into(), facts(&elf_with(".dep-v0", &rust))),
        ("bin/plain".into(), facts(&static_elf().build())),
        ("bin/Tool.EXE".into(), facts(&elf_with(".go.buildinfo", &go))),
        ("lib/tool".into(), facts(&mach_with(ARM64, ".dep-v0", &dep_v0(&AUDITABLE.replace("cc", "cd"))))),
        ("bin/broken".into(), facts(&elf_with(".dep-v0", b"broken"))),
    ]);
    let files = sboms_of(&inventory, &"1.0".parse().unwrap());
    let names: Vec<_> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["uv.cdx.json", "Tool.cdx.json", "tool-2.cdx.json"]);
    assert!(files.iter().all(|file| is_sbom_name(&file.name)));
    assert_eq!(files, sboms_of(&inventory, &"1.0".parse().unwrap()));
}

/// A document of another maker, who knows more of each component.
#[test]
fn a_document_that_lists_as_much_makes_ours_needless() {
    let own = |components: &str| SbomFile {
        name: "tool.cdx.json".into(),
        bytes: format!("{{\"components\": [{components}]}}").into_bytes(),
    };
    let (one, two) = (r#"{"name": "a", "version": "1", "purl": "x"}"#, r#"{"name": "b", "version": "2"}"#);
    let other = br#"{"components": [{"name": "b", "version": "2", "licenses": []}, {"version": "1", "name": "a"}]}"#;
    let spdx = br#"{"packages": [{"name": "tool"}, {"name": "a", "versionInfo": "1"}]}"#;
    let both = format!("{one}, {two}");
    for (components, document, repeats) in [
        (both.as_str(), &other[..], true),
        (one, other, true),
        (one, spdx, true),
        (both.as_str(), spdx, false),
        ("", other, false),
        (one, b"{}", false),
        (one, b"[", false),
        (r#"{"name": "a", "version": "2"}"#, other, false),
    ] {
        assert_eq!(own(components).repeats(document), repeats, "{components}");
    }
}

#[test]
fn names_claim_formats() {
    for (name, stem, format) in [
        ("uv.cdx.json", "uv", SbomFormat::CycloneDx),
        ("a/b/uv.cyclonedx.json", "uv", SbomFormat::CycloneDx),
        ("uv.CDX.JSON", "uv", SbomFormat::CycloneDx),
        ("uv.spdx.json", "uv", SbomFormat::Spdx),
        ("uv-1.0.tar.gz.spdx.sbom.json", "uv-1.0.tar.gz", SbomFormat::Spdx),
    ] {
        assert_eq!(SbomName::parse(name), Some(SbomName { stem, format }));
    }
    for name in ["uv.json", "uv.cdx.xml", "cdx.json", ".cdx.json", "uv.cdx.json/readme", "uv.sbom.json", "ü"] {
        assert!(!is_sbom_name(name), "{name}");
    }
}

fn cyclonedx(text: &str) -> Result<Vec<String>, SbomError> {
    validate(SbomFormat::CycloneDx, text.as_bytes())
}

fn spdx(text: &str) -> Result<Vec<String>, SbomError> {
    validate(SbomFormat::Spdx, text.as_bytes())
}

const DOCUMENT: &str = r#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,
    "metadata":{"component":{"type":"application","name":"a","bom-ref":"a","components":[{"type":"file","name":"f","bom-ref":"f"}]}},
    "components":[{"type":"library","name":"b","bom-ref":"b"},{"type":"library","name":"c"}],
    "services":[{"name":"s","bom-ref":"s"}],
    "dependencies":[{"ref":"a","dependsOn":["b","f","s","urn:cdx:x/1#y"]},{"ref":"b"}]}"#;

const SPDX: &str = r#"{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"a",
    "documentNamespace":"https://example.org/a","creationInfo":{"created":"2026-01-01T00:00:00Z","creators":["Tool: t"]},
    "packages":[{"name":"b","SPDXID":"SPDXRef-b"},{"name":"c","SPDXID":"SPDXRef-c"}]}"#;

#[test]
fn sound_documents_have_no_flaws() {
    assert_eq!(cyclonedx(DOCUMENT), Ok(Vec::new()));
    assert_eq!(cyclonedx(r#"{"bomFormat":"CycloneDX","specVersion":"1.4"}"#), Ok(Vec::new()));
    assert_eq!(spdx(SPDX), Ok(Vec::new()));
    let third = r#"{"@context":["https://spdx.org/rdf/3.0.1/spdx-context.jsonld",{}],"@graph":[]}"#;
    assert_eq!(spdx(third), Ok(Vec::new()));
}

#[test]
fn what_is_of_another_format_is_refused() {
    for text in ["", "{", "<bom/>", "{} {}", "\u{0}", "nul"] {
        assert!(matches!(cyclonedx(text), Err(SbomError::Json { .. })), "{text}");
        assert!(matches!(spdx(text), Err(SbomError::Json { .. })), "{text}");
    }
    for text in [
        "{}",
        "[]",
        "null",
        r#"["CycloneDX","1.5",null,null,null]"#,
        SPDX,
        r#"{"bomFormat":1}"#,
        r#"{"bomFormat":"cyclonedx"}"#,
    ] {
        assert_eq!(cyclonedx(text), Err(SbomError::NotCycloneDx), "{text}");
    }
    assert_eq!(cyclonedx(r#"{"bomFormat":"CycloneDX"}"#), Err(SbomError::NoSpecVersion));
    for text in ["{}", "[]", DOCUMENT, r#"{"@context":"https://schema.org","@graph":[]}"#, r#"{"@context":1}"#] {
        assert_eq!(spdx(text), Err(SbomError::NotSpdx), "{text}");
    }
}

#[test]
fn finer_faults_are_flaws() {
    let one = |(from, to): (&str, &str)| {
        assert!(DOCUMENT.contains(from), "{from}");
        cyclonedx(&DOCUMENT.replace(from, to)).unwrap().join("; ")
    };
    for (change, flaw) in [
        (("1.6", "9.0"), "`specVersion` is `9.0`"),
        ((r#""name":"c""#, r#""title":"c""#), "1 component has no `name`"),
        ((r#""type":"library","#, ""), "2 components have no `type`"),
        ((r#""bom-ref":"f""#, r#""bom-ref":"b""#), "`bom-ref` `b` stands twice"),
        ((r#"["b","#, r#"["x","y","#), "`dependencies` name `x`, which is no `bom-ref` of the document (and 1 more)"),
        ((r#"{"ref":"b"}"#, r#"{"ref":"z"}"#), "`dependencies` name `z`"),
        ((r#"{"ref":"b"}"#, "7"), "line 5, column"),
        (
            (r#"[{"type":"library","name":"b""#, r#"[[[]],{"type":"library","name":"b""#),
            "is not as the specification has it",
        ),
    ] {
        let found = one(change);
        assert!(found.contains(flaw), "{change:?}: {found}");
    }
    let one = |(from, to): (&str, &str)| {
        assert!(SPDX.contains(from), "{from}");
        spdx(&SPDX.replace(from, to)).unwrap().join("; ")
    };
    for (change, flaw) in [
        (("SPDX-2.3", "SPDX-7"), "`spdxVersion` is `SPDX-7`"),
        (("SPDXRef-DOCUMENT", "x"), "`SPDXID` of the document"),
        ((r#""name":"a","#, ""), "there is no `name`"),
        (("documentNamespace", "x"), "there is no `documentNamespace`"),
        (("creationInfo", "x"), "there is no `creationInfo`"),
        (("creators", "x"), "`creationInfo` does not say"),
        ((r#"{"name":"b","#, "{"), "1 package has no `name`"),
        ((r#""SPDXID":"SPDXRef-c""#, r#""x":1"#), "1 package has no `SPDXID`"),
        (("SPDXRef-c", "SPDXRef-b"), "`SPDXID` `SPDXRef-b` stands twice"),
    ] {
        let found = one(change);
        assert!(found.contains(flaw), "{change:?}: {found}");
    }
    assert_eq!(cyclonedx(&format!("\u{feff}{DOCUMENT}")).unwrap().len(), 1);
    let long = cyclonedx(&DOCUMENT.replace("1.6", &"é".repeat(100_000))).unwrap().remove(0);
    assert!(long.chars().count() < 250, "{long}");
}

#[test]
fn deep_documents_are_answered() {
    let deep = format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.5","components":{}"#,
        r#"[{"components":"#.repeat(20_000)
    );
    assert!(cyclonedx(&deep).is_err());
    let closed = format!("{deep}[]{}}}", "}]".repeat(20_000));
    assert!(cyclonedx(&closed).is_ok_and(|flaws| !flaws.is_empty()) || cyclonedx(&closed).is_err());
}

proptest! {
    #[test]
    fn any_list_gives_a_document_without_flaws(
        entries in proptest::collection::vec(("\\PC{0,8}", "\\PC{0,8}", 0..5_usize, any::<bool>(), proptest::collection::vec(0..6_usize, 0..4)), 0..6),
        name in "\\PC{0,8}",
        go in any::<bool>(),
    ) {
        let count = entries.len();
        let sources = [DependencySource::Public, DependencySource::Registry, DependencySource::Git, DependencySource::Local, DependencySource::Other];
        let dependencies = entries.into_iter().map(|(name, version, source, build, needs)| Dependency {
            name,
            version,
            source: sources[source],
            scope: if build { Scope::Build } else { Scope::Runtime },
            go_sum: None,
            dependencies: needs.into_iter().filter(|place| *place < count).collect(),
        });
        let list = DependencyList {
            origin: if go { ListOrigin::Go { toolchain: "go1".into(), target: Default::default() } } else { ListOrigin::CargoAuditable },
            root: Some(Root { name: "r".into(), version: "1".into() }),
            dependencies: dependencies.collect(),
            direct: (0..count).collect(),
        };
        let sbom = Sbom::of_program(&name, &"1.0".parse().unwrap(), &list);
        prop_assert_eq!(validate(SbomFormat::CycloneDx, &sbom.to_json()), Ok(Vec::new()));
        prop_assert_eq!(document(&list)["components"].as_array().map(Vec::len), Some(count));
    }

    #[test]
    fn any_text_is_answered(text in "[{}\\[\\]\":,a-z0-9]{0,40}", at in any::<prop::sample::Index>(), with in "[{}\\[\\]\":,a-z0-9]") {
        let _ = (cyclonedx(&text), spdx(&text));
        for document in [DOCUMENT, SPDX] {
            let mut changed = document.as_bytes().to_vec();
            let at = at.index(changed.len());
            changed[at] = with.as_bytes()[0];
            let _ = (validate(SbomFormat::CycloneDx, &changed), validate(SbomFormat::Spdx, &changed));
        }
    }
}
