//! What is fuzzed: every parser of bytes from outside, what must hold of its answer, and the inputs that mutations begin
//! with. The libFuzzer targets and the mutation tests of `cargo test` both go through this table.

use std::path::Path;
use std::sync::LazyLock;

use relkit::binary::{Inventory, read};
use relkit::build;
use relkit::check::coverage::Candidate;
use relkit::check::{Options, SdistSubject, Selection, check_archive};
use relkit::console::Progress;
use relkit::digest::FileDigest;
use relkit::fetch::checksums::Checksums;
use relkit::fs::Existing;
use relkit::http::parse_url;
use relkit::payload::Payload;
use relkit::product::{Product, RuntimeProject, SdkProject};
use relkit::publish::index::names_on;
use relkit::stage;
use relkit::target::{PlatformTag, TargetTriple};
use relkit::typegen::{Schema, from_schema};
use relkit::version::{PublicVersion, ReleaseVersion, TagForm};
use relkit::wheel::entry_points::EntryPoints;
use relkit::wheel::filename::{SdistFileName, WheelFileName};
use relkit::wheel::metadata::Metadata;
use relkit::wheel::reader::Wheel;
use relkit::wheel::record::Record;
use relkit::wheel::requirement::Requirement;
use relkit::wheel::sbom::{SbomFormat, sboms_of, validate};
use relkit::wheel::tag::TagSet;
use relkit::wheel::wheel_file::WheelFile;
use relkit::zip::archive::{Archive, Limits};
use relkit_client::rpc::{decode, encode};

use crate::samples::archive::{Defect, TarMember, gzip, tar, tar_of, xz, zip_of, zstd};
use crate::samples::binary::{AMD64, ARM64, ElfSample, fat, glibc_elf, mac as mach, pe, static_elf, windows_program};
use crate::samples::dependencies::{
    AUDITABLE, MODULES, dep_v0, elf_section_address, elf_with, elf_without_sections, go_inline, go_pointers, mach_with,
    pe_with,
};
use crate::samples::wheel::{METADATA, linux, linux_program, mac, windows};

const RUNTIME: &str = include_str!("../runtime-template/pyproject.toml");
const SDK: &str = include_str!("../sdk-template/pyproject.toml");

/// A parser, or several that read the same kind of file.
pub struct Target {
    pub name: &'static str,
    pub parse: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
}

const fn target(name: &'static str, parse: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>) -> Target {
    Target { name, parse, seeds }
}

pub const TARGETS: [Target; 22] = [
    target("wheel", wheel, wheels),
    target("zip", zip, wheels),
    target("unpack", unpack, wheels),
    target("sdist", sdist, sdists),
    target("elf", elf, elfs),
    target("macho", macho, machos),
    target("pe", windows_file, pes),
    target("dependencies", dependencies, programs_with_lists),
    target("sbom", sbom, sboms),
    target("record", record, records),
    target("wheel_file", wheel_file, wheel_files),
    target("metadata", metadata, metadata_files),
    target("description", description, descriptions),
    target("names", names, all_names),
    target("pyproject", pyproject, pyprojects),
    target("checksums", checksums, lists_of_checksums),
    target("package_json", package_json, package_descriptions),
    target("payload", payload, payloads),
    target("stage", stage, payloads),
    target("page", page, pages),
    target("rpc", rpc, lines),
    target("schema", schema, schemas),
];

/// The built-in product, under these rules.
fn checked(archive: Archive, selection: &Selection) {
    static PROJECTS: LazyLock<(RuntimeProject, SdkProject)> = LazyLock::new(|| {
        let runtime = RuntimeProject::from_pyproject(RUNTIME, "r").unwrap();
        (runtime, SdkProject::from_pyproject(SDK, "s").unwrap())
    });
    let (runtime, sdk) = &*PROJECTS;
    let request = Options {
        paths: &[],
        selection,
        runtime,
        sdk: Some(sdk),
        release: None,
        index: None,
        digest: FileDigest::Computed,
    };
    let (report, _) = check_archive(archive, &request).unwrap();
    assert!(report.sha256.is_some());
}

fn archive(bytes: &[u8]) -> Archive {
    Archive::from_bytes(Path::new("openai_codex_cli_bin-0.163.0-py3-none-manylinux_2_17_x86_64.whl"), bytes.to_vec())
}

/// Framing, every member, every rule.
fn wheel(bytes: &[u8]) {
    checked(archive(bytes), &Selection::all());
}

/// The walk over the records, and the data of every member it finds.
fn zip(bytes: &[u8]) {
    let limits = Limits { member: 1 << 20, total: 8 << 20, ..Limits::default() };
    let archive = archive(bytes).with_limits(limits);
    for member in archive.members() {
        let _ = archive.copy_to(member, &mut std::io::sink());
    }
}

/// What installers read: nothing may appear beside the directory that was asked for.
fn unpack(bytes: &[u8]) {
    let Ok(wheel) = Wheel::of(archive(bytes)) else { return };
    let around = tempfile::tempdir().unwrap();
    let target = around.path().join("target");
    std::fs::create_dir(&target).unwrap();
    let _ = wheel.unpack(&target);
    assert_eq!(std::fs::read_dir(around.path()).unwrap().count(), 1);
}

/// As it is, behind an intact gzip stream, so that the reader of tar is reached, and behind the signature of gzip.
fn sdist(bytes: &[u8]) {
    for bytes in [bytes.to_vec(), gzip(bytes), [&[0x1f, 0x8b], bytes].concat()] {
        let _ = SdistSubject::of(Path::new("demo-1.0.tar.gz"), &bytes);
    }
}

/// Facts, objections and tags of anything that begins with this.
fn program(bytes: &[u8], magic: &[u8]) {
    let mut bytes = bytes.to_vec();
    if let Some(start) = bytes.get_mut(..magic.len()) {
        start.copy_from_slice(magic);
    }
    let Ok(facts) = read(&bytes) else { return };
    let inventory = Inventory::new(vec![("bin/program".into(), facts)]);
    for tag in [
        "manylinux_2_17_x86_64",
        "musllinux_1_1_x86_64",
        "macosx_11_0_universal2",
        "win_amd64",
        "android_24_arm64_v8a",
        "ios_13_0_arm64_iphoneos",
    ] {
        let _ = inventory.objections(&tag.parse().unwrap());
    }
    for tag in inventory.honest_tags() {
        assert!(inventory.honours(&tag));
    }
}

fn elf(bytes: &[u8]) {
    program(bytes, b"\x7fELF");
}

fn macho(bytes: &[u8]) {
    // Fat files keep their own magic number.
    let magic: &[u8] = if bytes.starts_with(&[0xca, 0xfe, 0xba]) { b"" } else { &[0xcf, 0xfa, 0xed, 0xfe] };
    program(bytes, magic);
}

fn windows_file(bytes: &[u8]) {
    program(bytes, b"MZ");
}

/// The lists inside programs, as they are and as the text of a list; what can be read becomes an SBOM without flaws.
fn dependencies(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let as_text = [elf_with(".dep-v0", &dep_v0(&text)), elf_with(".go.buildinfo", &go_inline("go1.25", &text))];
    for program in as_text.iter().map(Vec::as_slice).chain([bytes]) {
        let Ok(facts) = read(program) else { continue };
        let inventory = Inventory::new(vec![("bin/program".into(), facts)]);
        for file in sboms_of(&inventory, &"1.0".parse().unwrap()) {
            assert_eq!(validate(SbomFormat::CycloneDx, &file.bytes), Ok(Vec::new()));
        }
    }
}

fn sbom(bytes: &[u8]) {
    let _ = (validate(SbomFormat::CycloneDx, bytes), validate(SbomFormat::Spdx, bytes));
}

/// What parses is read back as it is written.
fn record(bytes: &[u8]) {
    let Ok(record) = Record::parse(bytes) else { return };
    for row in &record.rows {
        let _ = (row.parsed_digest(), row.parsed_size());
    }
    assert_eq!(record.to_string().parse().as_ref(), Ok(&record));
}

fn wheel_file(bytes: &[u8]) {
    let _ = EntryPoints::parse(bytes);
    let Ok(file) = WheelFile::parse(bytes) else { return };
    let _ = (file.wheel_version(), file.root(), file.build(), file.tags().count());
}

fn metadata(bytes: &[u8]) {
    let Ok(metadata) = Metadata::parse(bytes) else { return };
    let _ = (metadata.metadata_version(), metadata.name(), metadata.version(), metadata.requires_python());
    let _ = (metadata.license_expression(), metadata.requires_dist().count(), metadata.repeated().count());
}

/// What parses displays as it was written.
fn names(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    if let Ok(name) = text.parse::<WheelFileName>() {
        assert_eq!(name.to_string(), text);
        let _ = name.is_normal();
    }
    if let Ok(name) = text.parse::<SdistFileName>() {
        assert_eq!(name.to_string(), text);
    }
    if let Ok(tag) = text.parse::<PlatformTag>() {
        assert_eq!(tag.to_string(), text);
    }
    let _ = (Candidate::of_tag(text), text.parse::<TagSet>(), text.parse::<Requirement>());
    let _ = (
        text.parse::<PublicVersion>(),
        text.parse::<TagForm>(),
        ReleaseVersion::named(text, &[]),
        text.parse::<TargetTriple>(),
    );
}

fn pyproject(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    let _ =
        (RuntimeProject::from_pyproject(text, "pyproject.toml"), SdkProject::from_pyproject(text, "pyproject.toml"));
}

/// Lists of checksums, asked for a file that one of them names.
fn checksums(bytes: &[u8]) {
    let Ok(list) = Checksums::parse(bytes) else { return };
    for path in ["dist/program-1.0.tar.gz", "program.zip", "", "/"] {
        assert_eq!(list.of(path), list.of(path));
    }
}

/// A description in reStructuredText and the same in Markdown, as the rules read it inside a wheel.
fn description(bytes: &[u8]) {
    static SELECTION: LazyLock<Selection> =
        LazyLock::new(|| Selection::of(&["description".into(), "description-links".into()], &[]).unwrap());
    let text = String::from_utf8_lossy(bytes);
    for kind in ["text/x-rst", "text/markdown"] {
        let mut sample = linux();
        let (fields, _) = METADATA.split_once("\n\n").unwrap();
        sample.metadata = format!("{}\n\n{text}", fields.replace("text/markdown", kind));
        checked(Archive::from_bytes(Path::new(&sample.file_name), sample.build()), &SELECTION);
    }
}

/// codex-package.json, as the rules read it inside a wheel.
fn package_json(bytes: &[u8]) {
    let mut sample = linux();
    sample.entries[1].data = bytes.to_vec();
    let selection = Selection::of(&["payload-json".into(), "mode-exec".into()], &[]).unwrap();
    checked(Archive::from_bytes(Path::new(&sample.file_name), sample.build()), &selection);
}

/// As it is, and behind an intact stream of one compression, so that what that holds is read too; for one product of three.
/// Nothing of a payload lands beside the directory that was asked for.
fn payload(bytes: &[u8]) {
    static PROJECTS: LazyLock<Vec<RuntimeProject>> = LazyLock::new(|| {
        let program = |command| {
            let table = RUNTIME.replace("\"none\"", command).replace("level = \"turn\"", "level = \"version\"");
            let files = "[tool.relkit]\nfiles = [{ from = \"bin/**\", to = \"share/\" }, { from = \"LIC*\", to = \"licenses\" }]";
            table.replace("[tool.relkit]\n", &format!("{files}\n"))
        };
        let tables = [RUNTIME.to_owned(), program("\"scripts\""), program("\"launcher\"")];
        tables.iter().map(|table| RuntimeProject::from_pyproject(table, "r").unwrap()).collect()
    });
    let sum = bytes.iter().fold(bytes.len(), |sum, byte| sum + usize::from(*byte));
    let (project, compress) = (&PROJECTS[sum % 3], [gzip, xz, zstd][sum / 3 % 3]);
    for bytes in [bytes.to_vec(), compress(bytes)] {
        let around = tempfile::tempdir().unwrap();
        let [file, scratch, target] = ["file.bin", "scratch", "target"].map(|name| around.path().join(name));
        std::fs::write(&file, &bytes).unwrap();
        std::fs::create_dir(&scratch).unwrap();
        let Ok(payload) = Payload::open(&file, project, &scratch, &Progress::hidden()) else { continue };
        let files = payload.files.len();
        payload.place(|place| target.join(format!("{place:?}")), &Progress::hidden()).unwrap();
        assert_eq!(std::fs::read_dir(around.path()).unwrap().count(), 3);
        assert_eq!(relkit::fs::walk(&target).unwrap().len(), files);
    }
}

/// `stage-runtime` and `build`, of the built-in product: nothing lands beside the output, and what is built can be read.
fn stage(bytes: &[u8]) {
    static PRODUCT: LazyLock<Product> = LazyLock::new(|| Product::built_in().unwrap());
    let around = tempfile::tempdir().unwrap();
    let [file, out, dist] = ["file.bin", "out", "dist"].map(|name| around.path().join(name));
    std::fs::write(&file, bytes).unwrap();
    let options = stage::runtime::Options {
        product: &PRODUCT,
        out: out.clone(),
        payload: file,
        release: PRODUCT.runtime.release("0.163.0").unwrap(),
        platform_tag: None,
        target: None,
        existing: Existing::Refuse,
    };
    let staged = stage::stage_runtime(&options, &Progress::hidden());
    assert_eq!(std::fs::read_dir(around.path()).unwrap().count(), 1 + usize::from(staged.is_ok()));
    if staged.is_ok() {
        build::read_stages(std::slice::from_ref(&out)).unwrap();
        assert!(!dist.exists());
    }
}

/// A page of an index, as HTML and as JSON.
fn page(bytes: &[u8]) {
    let [at, simple] =
        ["https://example.org/simple/a/", "https://example.org/simple/"].map(|url| parse_url(url).unwrap());
    for kind in ["text/html", "application/vnd.pypi.simple.v1+json", ""] {
        let _ = names_on(kind, bytes, &at, &simple);
    }
}

/// What the app server says, line by line; what is understood is still a message as it would be sent.
fn rpc(bytes: &[u8]) {
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(message) = decode(line) else { continue };
        // The last bit of a fraction may differ.
        assert!(decode(encode(&message).as_bytes()).is_ok());
    }
}

/// A schema, from the file to the modules that are made of it.
fn schema(bytes: &[u8]) {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("codex_app_server_protocol.v2.schemas.json"), bytes).unwrap();
    let Ok(schema) = Schema::load(directory.path()) else { return };
    let _ = from_schema(&schema, "1.0", "package")
        .map(|generated| assert!(generated.files.values().all(|text| text.is_ascii())));
}

fn wheels() -> Vec<Vec<u8>> {
    let (descriptors, stored) = (linux().every(Defect::Descriptor), linux().every(Defect::Method(0)));
    let all = [linux(), descriptors, stored, mac(mach(ARM64, 11, 0).build()), windows(windows_program())];
    all.iter().map(|sample| sample.build()).collect()
}

fn sdists() -> Vec<Vec<u8>> {
    let files = [("demo-1.0/PKG-INFO", METADATA), ("demo-1.0/pyproject.toml", "[project]\n")];
    let bytes = tar(&files.map(|(path, text)| TarMember::file(path, text)));
    vec![gzip(&bytes), bytes]
}

fn elfs() -> Vec<Vec<u8>> {
    let arm = ElfSample { class64: false, machine: 40, arm_version: Some(6), ..glibc_elf() };
    let android = ElfSample { machine: 183, android_api: Some(24), ..static_elf() };
    vec![linux_program(), static_elf().build(), glibc_elf().build(), arm.build(), android.build()]
}

fn machos() -> Vec<Vec<u8>> {
    let (intel, arm) = (mach(AMD64, 10, 12).build(), mach(ARM64, 11, 0).build());
    vec![arm.clone(), fat(&[(AMD64, intel), (ARM64, arm)])]
}

fn pes() -> Vec<Vec<u8>> {
    vec![pe(0x8664, &["KERNEL32.dll", "ADVAPI32.dll"], true)]
}

fn programs_with_lists() -> Vec<Vec<u8>> {
    let (rust, go) = (dep_v0(AUDITABLE), go_inline("go1.25.1", MODULES));
    let slices = [AMD64, ARM64].map(|cpu| (cpu, mach_with(cpu, ".dep-v0", &rust)));
    vec![
        elf_with(".dep-v0", &rust),
        elf_with(".go.buildinfo", &go),
        elf_with(".go.buildinfo", &go_pointers("go1.17", MODULES, elf_section_address())),
        elf_without_sections(&go, true),
        fat(&slices),
        pe_with(".data", 0xc000_0040, &go),
        AUDITABLE.into(),
        MODULES.into(),
    ]
}

fn sboms() -> Vec<Vec<u8>> {
    let facts = read(&elf_with(".dep-v0", &dep_v0(AUDITABLE))).unwrap();
    let made = sboms_of(&Inventory::new(vec![("bin/program".into(), facts)]), &"1.0".parse().unwrap());
    let spdx = r#"{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"a",
        "documentNamespace":"https://example.org/a","creationInfo":{"created":"now","creators":["Tool: t"]},
        "packages":[{"name":"b","SPDXID":"SPDXRef-b"}]}"#;
    let third = r#"{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[]}"#;
    made.into_iter().map(|file| file.bytes).chain(texts(&[spdx, third])).collect()
}

fn texts(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

fn records() -> Vec<Vec<u8>> {
    texts(&["a/b.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n\"a,b\",,\nx-1.dist-info/RECORD,,\n"])
}

fn wheel_files() -> Vec<Vec<u8>> {
    texts(&[
        "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-any\nBuild: 1\n",
        "[console_scripts]\nx = a.b:c\n[gui_scripts]\ny = d:e [f]\n",
    ])
}

fn metadata_files() -> Vec<Vec<u8>> {
    texts(&[METADATA, "Name: a\nRequires-Dist: b[c]>=1 ; python_version < '3.9' and extra == 'x'\n"])
}

fn descriptions() -> Vec<Vec<u8>> {
    texts(&[
        "Title\n=====\n\nSub\n---\n\ntext *a* **b** ``c`` `d`_ :sup:`e` |f| [1]_ g__\n\n.. _d: http://a.example\n\n\
        .. |f| replace:: x\n.. [1] note\n__ d_\n",
        "- a\n\n  - b\n\n1. c\n#. d\n\nterm : class\n  text::\n\n    literal\n\n:field: e\n\n-o FILE  option\n\n| line\n| block\n\n\
        >>> doctest\n\n.. code-block:: python\n   :linenos:\n\n   x\n\n.. image:: a.png\n   :alt: b\n",
        "+---+---+\n| a | b |\n+===+===+\n| c | d |\n+---+---+\n\n=== ===\na   b\n=== ===\nc   d\n=== ===\n\n\
        .. list-table::\n   :header-rows: 1\n\n   * - a\n     - b\n\n.. role:: own(code)\n\n.. note:: :own:`x`\n\n..\n\n   quote\n",
        "# Title\n\n[a](b.md) ![c](d.png) <img src=e.png>\n\n```\ncode\n```\n\n| a | b |\n| - | - |\n",
    ])
}

fn all_names() -> Vec<Vec<u8>> {
    texts(&[
        "openai_codex_cli_bin-0.163.0-1-py3-none-manylinux_2_17_x86_64.musllinux_1_1_x86_64.whl",
        "demo-1.0.tar.gz",
        "demo[fast]>=1,<2; sys_platform == 'win32'",
        "rust-v0.116.0-alpha.1",
        "x86_64-unknown-linux-musl",
        "android_24_arm64_v8a.ios_13_0_arm64_iphoneos",
    ])
}

fn pyprojects() -> Vec<Vec<u8>> {
    texts(&[RUNTIME, SDK])
}

fn payloads() -> Vec<Vec<u8>> {
    let files =
        [("bin/codex", linux_program()), ("bin/tool.sh", b"#!/bin/sh\n".to_vec()), ("LICENSE", b"MIT".to_vec())];
    let tree = tar_of(&files, "codex/");
    let (zipped, program) = (zip_of(&files, ""), linux_program());
    vec![gzip(&tree), xz(&tree), zstd(&tree), tree, zipped, xz(&program), program, linux().build()]
}

fn lists_of_checksums() -> Vec<Vec<u8>> {
    let (short, long) = ("0f".repeat(32), "E1".repeat(64));
    let spaced = vec!["0f"; 32].join(" ");
    let lists = [
        format!("# sums\n{short}  ./dist/program-1.0.tar.gz\r\n{long} *program.zip\n\\{short}  a\\\\b\\n\n"),
        format!(
            "SHA256 (program.zip) = {short}\nSHA2-512(program-1.0.tar.gz)= {long}\nMD5 (x) = {}\n",
            "0f".repeat(16)
        ),
        format!(
            "SHA256 hash of file program.zip:\r\n{spaced}\r\nCertUtil: -hashfile command completed successfully.\r\n"
        ),
        format!("SHA256  {short}  C:\\dist\\program.zip\n"),
        format!("\u{feff}sha256:{short}\n"),
    ];
    let wide = lists[4].encode_utf16().flat_map(u16::to_le_bytes).collect();
    lists.into_iter().map(String::into_bytes).chain([wide]).collect()
}

fn package_descriptions() -> Vec<Vec<u8>> {
    vec![linux().entries[1].data.clone()]
}

fn pages() -> Vec<Vec<u8>> {
    let sum = "0f".repeat(32);
    texts(&[
        &format!(
            "<!DOCTYPE html><meta name=\"pypi:repository-version\" content=\"1.1\"><a href=\"../a-1.0.tar.gz#sha256={sum}\" \
            data-yanked=\"no\" data-requires-python=\"&gt;=3\">a-1.0.tar.gz</a><a href=\"/b.whl\">b-1.0-py3-none-any.whl</a>"
        ),
        &format!(
            "{{\"meta\":{{\"api-version\":\"1.3\"}},\"name\":\"a\",\"files\":[{{\"filename\":\"a-1.0.tar.gz\",\
            \"url\":\"a-1.0.tar.gz\",\"hashes\":{{\"sha256\":\"{sum}\"}},\"yanked\":false}}]}}"
        ),
    ])
}

fn lines() -> Vec<Vec<u8>> {
    texts(&[
        "{\"id\":0,\"method\":\"initialize\",\"params\":{\"a\":[1,\"b\"]}}\n{\"method\":\"turn/started\"}\n",
        "{\"id\":\"x\",\"result\":{}}\n{\"id\":1,\"error\":{\"code\":-32001,\"message\":\"busy\",\"data\":null}}\n",
    ])
}

fn schemas() -> Vec<Vec<u8>> {
    texts(&[
        "{\"definitions\":{\"ClientRequest\":{\"oneOf\":[]},\"A\":{\"type\":\"object\",\"required\":[\"a\"],\"properties\":{\
        \"a\":{\"$ref\":\"#/definitions/B\"},\"b\":{\"type\":[\"string\",\"null\"],\"default\":\"x\",\"description\":\"b\"}}},\
        \"B\":{\"oneOf\":[{\"type\":\"object\",\"title\":\"One\",\"required\":[\"type\"],\"properties\":{\"type\":{\"const\":\"one\"}}},\
        {\"enum\":[\"x\",\"y\"]}]},\"C\":{\"anyOf\":[{\"type\":\"integer\",\"minimum\":0},{\"type\":\"array\",\"items\":true}]}}}",
    ])
}
