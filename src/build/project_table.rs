//! The `[project]` table of a staged `pyproject.toml` (PyPA "pyproject.toml specification", PEP 621 and PEP 639), checked
//! and rendered as core metadata 2.4; as 2.5 where it says what is imported (PEP 794).

use std::collections::BTreeMap;
use std::str::FromStr as _;

use pep440_rs::{Version, VersionSpecifiers};

use super::dependencies::{Extra, extras, requirement};
use super::imports::imports;
use super::people::people_fields;
use super::readme::{Readme, readme};
use super::table::{File, LicenseKey, LicenseTable, TableError, value};
use crate::wheel::entry_points::{CONSOLE_SCRIPTS, EntryPoints, EntryPointsError, GUI_SCRIPTS};
use crate::wheel::fields::{Fields, FieldsError};
use crate::wheel::licences;
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::Marker;

/// The metadata of a distribution, as its `pyproject.toml` gives it.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) name: DistributionName,
    pub(crate) version: Version,
    /// Where the description is, where there is one.
    pub(crate) readme: Option<Readme>,
    /// Globs of the licence files, relative to the tree; each must match a file.
    pub(crate) license_files: LicenseFiles,
    pub(crate) entry_points: EntryPoints,
    /// The fields that depend on no other file.
    fields: Fields,
    /// Before which of them the licence files stand.
    licence_at: usize,
    /// The path of the licence text, for the legacy form of the `license` key.
    pub(crate) license_text: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LicenseFiles {
    /// The globs given, each of which must match.
    Given(Vec<String>),
    /// The key is absent: whatever of the usual names is there.
    Usual,
}

impl Project {
    /// Reads the table from the text of a `pyproject.toml`.
    ///
    /// # Errors
    /// When the table is missing, a value is not valid, or something is `dynamic`: no hook runs here that could fill it.
    pub(crate) fn from_pyproject(text: &str) -> Result<Self, TableError> {
        let file: File = toml::from_str(text).map_err(|error| TableError::Table(error.into()))?;
        let table = file.project;
        if let Some(key) = table.dynamic.first() {
            return Err(value("dynamic", format!("`{key}` must be set, because no build hook is run")));
        }
        let name: DistributionName = table.name.parse().map_err(|error| value("name", error))?;
        let version = table.version.as_deref().ok_or_else(|| value("version", "it is missing"))?;
        let version = Version::from_str(version).map_err(|error| value("version", error))?;
        let mut license_text = None;
        let mut out = Fields::new();
        let imports = imports(&table).map_err(|(key, why)| value(key, why))?;
        push(&mut out, "name", "Metadata-Version", if imports.is_empty() { "2.4" } else { "2.5" })?;
        push(&mut out, "name", "Name", name.as_str())?;
        push(&mut out, "version", "Version", &version.to_string())?;
        if let Some(description) = &table.description {
            if description.contains('\n') {
                return Err(value("description", "a summary is one line"));
            }
            push(&mut out, "description", "Summary", description)?;
        }
        for (label, url) in &table.urls {
            let url = url.as_str().ok_or_else(|| value("urls", format!("`{label}` is not a text")))?;
            if label.chars().count() > 32 || label.contains([',', '\n']) {
                return Err(value("urls", format!("`{label}` is not a label of at most 32 characters")));
            }
            url::Url::parse(url).map_err(|error| value(format!("urls.{label}"), format!("`{url}`: {error}")))?;
            push(&mut out, "urls", "Project-URL", &format!("{label}, {url}"))?;
        }
        for (key, field, people) in
            [("authors", "Author", &table.authors), ("maintainers", "Maintainer", &table.maintainers)]
        {
            let (names, emails) = people_fields(key, people)?;
            for (field, texts) in [(field.to_owned(), names), (format!("{field}-email"), emails)] {
                if !texts.is_empty() {
                    push(&mut out, key, &field, &texts.join(", "))?;
                }
            }
        }
        match &table.license {
            Some(LicenseKey::Expression(text)) => {
                push(&mut out, "license", "License-Expression", &license_expression(text)?)?
            }
            Some(LicenseKey::Table(LicenseTable { text: Some(text), file: None })) => {
                push(&mut out, "license", "License", text)?
            }
            Some(LicenseKey::Table(LicenseTable { file: Some(file), text: None })) => license_text = Some(file.clone()),
            Some(LicenseKey::Table(_)) => return Err(value("license", "either `text` or `file` is expected")),
            None => {}
        }
        let licence_at = out.iter().count();
        if !table.keywords.is_empty() {
            if let Some(keyword) = table.keywords.iter().find(|keyword| keyword.contains([',', '\n'])) {
                return Err(value("keywords", format!("`{keyword}` holds a comma or line break")));
            }
            push(&mut out, "keywords", "Keywords", &table.keywords.join(","))?;
        }
        for classifier in &table.classifiers {
            if matches!(table.license, Some(LicenseKey::Expression(_))) && classifier.starts_with("License ::") {
                return Err(value(
                    "classifiers",
                    format!("`{classifier}` cannot stand beside a licence expression (PEP 639)"),
                ));
            }
            push(&mut out, "classifiers", "Classifier", classifier)?;
        }
        if let Some(text) = &table.requires_python {
            let specifiers = VersionSpecifiers::from_str(text).map_err(|error| value("requires-python", error))?;
            let specifiers: Vec<_> = specifiers.iter().map(ToString::to_string).collect();
            push(&mut out, "requires-python", "Requires-Python", &specifiers.join(","))?;
        }
        for text in &table.dependencies {
            push(&mut out, "dependencies", "Requires-Dist", &requirement("dependencies", text)?.to_string())?;
        }
        for Extra { key, name, requirements, .. } in extras(&name, &table.optional_dependencies)? {
            push(&mut out, &key, "Provides-Extra", &name.normalized())?;
            for mut found in requirements {
                found.marker = Some(Marker::and_extra(found.marker.as_ref(), &name));
                push(&mut out, &key, "Requires-Dist", &found.to_string())?;
            }
        }
        for (key, field, text) in imports {
            push(&mut out, key, field, &text)?;
        }
        Ok(Self {
            name,
            version,
            readme: table.readme.map(readme).transpose()?,
            license_files: table.license_files.map_or(LicenseFiles::Usual, LicenseFiles::Given),
            entry_points: entry_points(&table.scripts, &table.gui_scripts, &table.entry_points)?,
            fields: out,
            licence_at,
            license_text,
        })
    }

    /// The METADATA file: the table's fields, the licence files found, and the description.
    pub(crate) fn metadata(
        &self,
        license_files: &[String],
        license_text: Option<&str>,
        description: Option<&str>,
    ) -> Result<Fields, FieldsError> {
        let mut fields = Fields::new();
        for (key, value) in self.fields.iter().take(self.licence_at) {
            fields.push_read(key, value);
        }
        if let Some(text) = license_text {
            fields.push("License", text)?;
        }
        for path in license_files {
            fields.push("License-File", path)?;
        }
        for (key, value) in self.fields.iter().skip(self.licence_at) {
            fields.push_read(key, value);
        }
        if let (Some(readme), Some(description)) = (&self.readme, description) {
            fields.push("Description-Content-Type", &readme.content_type)?;
            fields.set_body(description);
        }
        Ok(fields)
    }
}

fn push(out: &mut Fields, key: &str, field: &str, text: &str) -> Result<(), TableError> {
    out.push(field, text).map_err(|error| value(key, error))
}

/// The expression with identifiers and operators in their canonical case.
pub(crate) fn license_expression(text: &str) -> Result<String, TableError> {
    licences::canonical(text)
        .map_err(|reason| value("license", format!("`{text}` is not an SPDX licence expression: {reason}")))
}

fn entry_points(
    scripts: &BTreeMap<String, String>,
    gui_scripts: &BTreeMap<String, String>,
    groups: &BTreeMap<String, BTreeMap<String, String>>,
) -> Result<EntryPoints, TableError> {
    let mut points = EntryPoints::default();
    for group in [CONSOLE_SCRIPTS, GUI_SCRIPTS] {
        if groups.contains_key(group) {
            return Err(value(format!("entry-points.{group}"), "it belongs in `scripts` or `gui-scripts`"));
        }
    }
    let own = [(CONSOLE_SCRIPTS, scripts), (GUI_SCRIPTS, gui_scripts)];
    for (group, entries) in own.into_iter().chain(groups.iter().map(|(group, entries)| (group.as_str(), entries))) {
        for (name, reference) in entries {
            let key = match group {
                CONSOLE_SCRIPTS => format!("scripts.{name}"),
                GUI_SCRIPTS => format!("gui-scripts.{name}"),
                group => format!("entry-points.{group}.{name}"),
            };
            points.push(group, name, reference).map_err(|error| match error {
                // There is no line of a file yet.
                EntryPointsError::Line { text, .. } => value(key, format!("`{text}` is no entry point")),
                error => value(key, error),
            })?;
        }
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"
[project]
name = "Demo.Bin"
version = "1.0-alpha1"
description = "A demo"
readme = "README.md"
requires-python = ">=3.10"
license = "apache-2.0 or (mit and lgpl-2.1-or-later with gcc-exception-3.1)"
license-files = ["LICENSE*"]
authors = [{ name = "A" }, { name = "B. \"C\"", email = "b@x.example" }, { email = "c@x.example" }]
keywords = ["one", "two"]
classifiers = ["Typing :: Typed"]
dependencies = ["pydantic >= 2.12, < 3"]
urls = { Homepage = "https://x.example/", Source = "https://x.example/source" }
scripts = { demo = "demo.cli:main" }
[project.optional-dependencies]
fast_io = ["uvloop; sys_platform != 'win32' or python_version > '3.12'"]
"#;

    #[test]
    fn a_table_becomes_metadata() {
        let project = Project::from_pyproject(TABLE).unwrap();
        let metadata = project.metadata(&["LICENSE".into()], None, Some("# Demo\n")).unwrap();
        assert_eq!(
            metadata.to_string(),
            "Metadata-Version: 2.4\n\
             Name: Demo.Bin\n\
             Version: 1.0a1\n\
             Summary: A demo\n\
             Project-URL: Homepage, https://x.example/\n\
             Project-URL: Source, https://x.example/source\n\
             Author: A\n\
             Author-email: \"B. \\\"C\\\"\" <b@x.example>, c@x.example\n\
             License-Expression: Apache-2.0 OR (MIT AND LGPL-2.1-or-later WITH GCC-exception-3.1)\n\
             License-File: LICENSE\n\
             Keywords: one,two\n\
             Classifier: Typing :: Typed\n\
             Requires-Python: >=3.10\n\
             Requires-Dist: pydantic>=2.12,<3\n\
             Provides-Extra: fast-io\n\
             Requires-Dist: uvloop; (sys_platform != 'win32' or python_version > '3.12') and extra == 'fast-io'\n\
             Description-Content-Type: text/markdown\n\
             \n\
             # Demo\n"
        );
        assert_eq!(project.entry_points.to_string(), "[console_scripts]\ndemo = demo.cli:main\n");
    }

    #[test]
    fn what_is_imported_makes_newer_metadata() {
        for (names, fields) in [
            ("import-names = []", "Import-Name:\n"),
            (
                "import-names = ['a.b', '_c ;private']\nimport-namespaces = ['a']",
                "Import-Name: a.b\nImport-Name: _c; private\nImport-Namespace: a\n",
            ),
        ] {
            let project = Project::from_pyproject(&format!("[project]\nname = 'a'\nversion = '1'\n{names}\n")).unwrap();
            let metadata = project.metadata(&[], None, None).unwrap();
            assert_eq!(metadata.to_string(), format!("Metadata-Version: 2.5\nName: a\nVersion: 1\n{fields}"));
        }
    }

    #[test]
    fn an_extra_that_asks_for_others_has_what_they_add() {
        let of = |extras: &str| {
            let text =
                format!("[project]\nname = 'My.Tool'\nversion = '1'\n[project.optional-dependencies]\n{extras}\n");
            Project::from_pyproject(&text).map(|project| project.metadata(&[], None, None).unwrap().to_string())
        };
        let metadata =
            of("all = ['my-tool[Fast, more]']\nFast = ['a']\nmore = ['b; os_name == \"nt\"', 'MY_tool[fast]']")
                .unwrap();
        let required: Vec<_> = metadata.lines().filter_map(|line| line.strip_prefix("Requires-Dist: ")).collect();
        assert_eq!(
            required,
            [
                "b; os_name == \"nt\" and extra == 'all'",
                "a; extra == 'all'",
                "a; extra == 'fast'",
                "b; os_name == \"nt\" and extra == 'more'",
                "a; extra == 'more'",
            ]
        );
        for wrong in
            ["a = ['my-tool[a]']", "a = ['my-tool[b]']\nb = ['my-tool[a]']", "a = ['my-tool[c]']", "a = []\nA = []"]
        {
            assert!(matches!(of(wrong), Err(TableError::Value { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_wrong_value_is_named_by_its_key() {
        for (from, to, key) in [
            ("name = \"Demo.Bin\"", "name = \"-demo\"", "name"),
            ("1.0-alpha1", "one", "version"),
            ("version = \"1.0-alpha1\"", "dynamic = [\"version\"]", "dynamic"),
            ("version = \"1.0-alpha1\"", "", "version"),
            ("A demo", "A\\ndemo", "description"),
            ("README.md", "README", "readme"),
            ("\"README.md\"", "{ text = \"x\", content-type = \"text/html\" }", "readme"),
            (">=3.10", "three", "requires-python"),
            ("apache-2.0 or", "apache or", "license"),
            ("Typing :: Typed", "License :: OSI Approved :: MIT License", "classifiers"),
            ("{ name = \"A\" }", "{ name = \"A\\nB\" }", "authors"),
            ("c@x.example", "c@x.example>", "authors"),
            ("\"one\"", "\"one,two\"", "keywords"),
            ("pydantic >= 2.12, < 3", "pydantic @ https://x.example/a.whl", "dependencies"),
            ("https://x.example/source", "source", "urls.Source"),
            ("demo.cli:main", "demo.cli", "scripts.demo"),
            ("keywords", "import-names = ['1a']\nkeywords", "import-names"),
            ("\"README.md\"", "{ file = 'a.md', content-type = 'text/markdown', charset = 'latin-1' }", "readme"),
            ("fast_io", "-", "optional-dependencies.-"),
        ] {
            let found = Project::from_pyproject(&TABLE.replacen(from, to, 1));
            let ok = matches!(&found, Err(TableError::Value { key: at, .. }) if at == key);
            assert!(ok, "{from} {to} {found:?}");
        }
        for text in
            ["", "[project]", "[project]\nname = 1\nversion = '1'", "[project]\nname = 'a'\nversion = '1'\nx = 1", "]"]
        {
            assert!(matches!(Project::from_pyproject(text), Err(TableError::Table(_))), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(value in "[a-zA-Z0-9 .,()+<=>-]{0,20}", text in ".{0,60}") {
            let _ = Project::from_pyproject(&text);
            for key in ["name", "version", "license", "requires-python", "readme"] {
                let table = format!("[project]\nname = 'a'\nversion = '1'\n{key} = \"{value}\"\n");
                let table = match key { "name" => table.replace("name = 'a'\n", ""), "version" => table.replace("version = '1'\n", ""), _ => table };
                let _ = Project::from_pyproject(&table);
            }
            let _ = Project::from_pyproject(&format!("[project]\nname = 'a'\nversion = '1'\ndependencies = [\"{value}\"]\n"));
        }
    }
}
