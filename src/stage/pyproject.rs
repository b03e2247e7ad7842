//! Edits of a template's `pyproject.toml` (PEP 621) that keep its comments and order: name, version, the pin of the
//! runtime, the table that the build reads. A value that the edit replaces is the only thing that changes.

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value};

use super::error::StageError;
use super::shipped::{DATA, SBOMS, SCRIPTS, Shipped};
use crate::product::{RuntimeProject, SdkProject};
use crate::target::PlatformTagSet;
use crate::version::{PublicVersion, ReleaseVersion};
use crate::wheel::name::DistributionName;
use crate::wheel::requirement::Requirement;

/// The staged `pyproject.toml` of a runtime, which ships what is said.
pub(super) fn runtime(
    text: &str,
    origin: &str,
    project: &RuntimeProject,
    version: &ReleaseVersion,
    tags: &PlatformTagSet,
    shipped: &Shipped,
) -> Result<String, StageError> {
    let mut document = Document::parse(text, origin)?;
    document.identify(&project.distribution, version.distribution())?;
    document.packages(&project.module)?;
    document.stage(&[
        ("kind", "runtime".into()),
        ("release-version", version.to_string().into()),
        ("platform-tag", tags.to_string().into()),
        // For a build on a file system without execute bits.
        ("executables", Value::Array(shipped.run.iter().collect())),
    ])?;
    document.ship(project, shipped)?;
    Ok(document.document.to_string())
}

/// The staged `pyproject.toml` of an SDK. `former` names the runtime that the template's own dependency may be on.
pub(super) fn sdk(
    text: &str,
    origin: &str,
    project: &SdkProject,
    former: Option<&DistributionName>,
    runtime: &ReleaseVersion,
    version: &PublicVersion,
) -> Result<String, StageError> {
    let mut document = Document::parse(text, origin)?;
    document.identify(&project.distribution, version)?;
    document.pin(pin(project, runtime), [Some(&project.runtime_distribution), former])?;
    document.stage(&[("kind", "sdk".into()), ("release-version", runtime.to_string().into())])?;
    Ok(document.document.to_string())
}

/// The one requirement of an SDK on its runtime.
pub(super) fn pin(project: &SdkProject, runtime: &ReleaseVersion) -> String {
    format!("{}=={runtime}", project.runtime_distribution)
}

/// The pattern of `license-files` that means a path: what is no letter there cannot be escaped in one (PEP 639).
pub(crate) fn license_pattern(path: &str) -> String {
    path.replace(['[', ']', '*', '?'], "?")
}

/// The name in the [project] table, where there is one.
pub(super) fn project_name(text: &str) -> Option<DistributionName> {
    let document: DocumentMut = text.parse().ok()?;
    document.get("project")?.get("name")?.as_str()?.parse().ok()
}

struct Document<'a> {
    document: DocumentMut,
    origin: &'a str,
}

impl<'a> Document<'a> {
    fn parse(text: &str, origin: &'a str) -> Result<Self, StageError> {
        let document =
            text.parse().map_err(|source| StageError::Toml { origin: origin.to_owned(), source: Box::new(source) })?;
        Ok(Self { document, origin })
    }

    fn wrong(&self, key: &str, expected: &'static str) -> StageError {
        StageError::Type { origin: self.origin.to_owned(), key: key.to_owned(), expected }
    }

    /// The table at a dotted path; made where it is missing.
    fn table(&mut self, path: &[&str]) -> Result<&mut dyn TableLike, StageError> {
        let refused = self.wrong(&path.join("."), "a table");
        let mut table: &mut dyn TableLike = self.document.as_table_mut();
        for (depth, key) in path.iter().enumerate() {
            let item = table.entry(key).or_insert_with(|| {
                let mut new = Table::new();
                // A table that only holds tables needs no header of its own.
                new.set_implicit(depth + 1 < path.len());
                Item::Table(new)
            });
            match item.as_table_like_mut() {
                Some(inner) => table = inner,
                None => return Err(refused),
            }
        }
        Ok(table)
    }

    /// Sets name and version, and takes them off the list of what the backend computes.
    fn identify(&mut self, name: &DistributionName, version: &PublicVersion) -> Result<(), StageError> {
        let not_an_array = self.wrong("project.dynamic", "an array");
        let project = self.table(&["project"])?;
        set(project, "name", name.as_str());
        set(project, "version", version.to_string());
        if let Some(dynamic) = project.get_mut("dynamic") {
            let dynamic = dynamic.as_array_mut().ok_or(not_an_array)?;
            dynamic.retain(|field| !matches!(field.as_str(), Some("name" | "version")));
            if dynamic.is_empty() {
                project.remove("dynamic");
            }
        }
        Ok(())
    }

    /// Points hatchling at the import package, and away from the ignore files of whatever repository the stage is in:
    /// a `bin/` or `*.exe` in one of those would leave the payload out of the wheel.
    fn packages(&mut self, module: &str) -> Result<(), StageError> {
        self.ignore_vcs()?;
        let wheel = self.table(&["tool", "hatch", "build", "targets", "wheel"])?;
        let path = Value::from(format!("src/{module}"));
        match wheel.get_mut("packages").and_then(Item::as_array_mut) {
            Some(packages) if !packages.is_empty() => {
                packages.replace(0, path);
            }
            _ => {
                set(wheel, "packages", Array::from_iter([path]));
            }
        }
        Ok(())
    }

    /// Says what goes beside the import package, and by which commands the program is started.
    fn ship(&mut self, project: &RuntimeProject, shipped: &Shipped) -> Result<(), StageError> {
        let wheel = ["tool", "hatch", "build", "targets", "wheel"];
        for (key, directory, files) in
            [("shared-scripts", SCRIPTS, &shipped.scripts), ("shared-data", DATA, &shipped.data)]
        {
            if !files.is_empty() {
                let table = self.table(&[&wheel[..], &[key]].concat())?;
                files.iter().for_each(|file| set(table, &format!("{directory}{file}"), file.as_str()));
            }
        }
        if !shipped.sboms.is_empty() {
            let files = shipped.sboms.iter().map(|file| format!("{SBOMS}{file}"));
            self.extend(&wheel, "sbom-files", files)?;
        }
        let patterns = shipped.licences.iter().map(|path| license_pattern(path));
        self.extend(&["project"], "license-files", patterns)?;
        if !shipped.commands.is_empty() {
            let scripts = self.table(&["project", "scripts"])?;
            let entry = format!("{}.__main__:main", project.module);
            shipped.commands.iter().for_each(|name| set(scripts, name, entry.as_str()));
        }
        Ok(())
    }

    /// Adds to a list of texts what it does not hold.
    fn extend(&mut self, table: &[&str], key: &str, texts: impl Iterator<Item = String>) -> Result<(), StageError> {
        let mut texts = texts.peekable();
        if texts.peek().is_none() {
            return Ok(());
        }
        let not_an_array = self.wrong(&[table, &[key]].concat().join("."), "an array of strings");
        let item = self.table(table)?.entry(key).or_insert_with(|| Item::Value(Value::Array(Array::new())));
        let array = item.as_array_mut().ok_or(not_an_array)?;
        for text in texts {
            if !array.iter().any(|value| value.as_str() == Some(&text)) {
                append(array, text);
            }
        }
        Ok(())
    }

    fn ignore_vcs(&mut self) -> Result<(), StageError> {
        let backend = self.document.get("build-system").and_then(|system| system.get("build-backend"));
        if backend.and_then(Item::as_str) == Some("hatchling.build") {
            let build = self.table(&["tool", "hatch", "build"])?;
            set(build, "ignore-vcs", true);
        }
        Ok(())
    }

    /// Leaves exactly one requirement of the runtime, `pin`, whatever stood there before under one of its `names`.
    fn pin(&mut self, pin: String, names: [Option<&DistributionName>; 2]) -> Result<(), StageError> {
        self.ignore_vcs()?;
        let origin = self.origin.to_owned();
        let not_an_array = self.wrong("project.dependencies", "an array of strings");
        let not_a_table = self.wrong("project.optional-dependencies", "a table of arrays of strings");
        let is_runtime = |value: &Value| {
            let requirement = value.as_str().and_then(|text| text.parse::<Requirement>().ok());
            requirement.is_some_and(|required| names.iter().flatten().any(|name| required.name.is_same(name)))
        };
        let project = self.table(&["project"])?;
        let dynamic = project.get("dynamic").and_then(Item::as_array);
        if dynamic.is_some_and(|fields| fields.iter().any(|field| field.as_str() == Some("dependencies"))) {
            return Err(StageError::DynamicDependencies { origin });
        }
        let dependencies = project.entry("dependencies").or_insert_with(|| Item::Value(Value::Array(Array::new())));
        let dependencies = dependencies.as_array_mut().ok_or(not_an_array)?;
        if dependencies.iter().any(|value| value.as_str().is_none()) {
            return Err(self.wrong("project.dependencies", "an array of strings"));
        }
        let first = dependencies.iter().position(is_runtime);
        match first {
            Some(first) => {
                dependencies.replace(first, pin);
                remove_where(dependencies, |index, value| index > first && is_runtime(value));
            }
            None => append(dependencies, pin),
        }
        let Some(extras) = self.table(&["project"])?.get_mut("optional-dependencies") else { return Ok(()) };
        let Some(extras) = extras.as_table_like_mut() else { return Err(not_a_table) };
        for (_, extra) in extras.iter_mut() {
            let Some(extra) = extra.as_array_mut() else { return Err(not_a_table) };
            remove_where(extra, |_, value| is_runtime(value));
        }
        Ok(())
    }

    /// Writes the table that tells the build what was staged.
    fn stage(&mut self, rows: &[(&str, Value)]) -> Result<(), StageError> {
        let relkit = self.table(&["tool", "relkit"])?;
        relkit.remove("stage");
        let stage = self.table(&["tool", "relkit", "stage"])?;
        for (key, value) in rows {
            stage.insert(key, Item::Value(value.clone()));
        }
        Ok(())
    }
}

/// Sets a value and keeps what stands around the key and the old value.
fn set(table: &mut dyn TableLike, key: &str, value: impl Into<Value>) {
    let mut value = value.into();
    match table.get_mut(key) {
        Some(item) => {
            if let Some(old) = item.as_value() {
                *value.decor_mut() = old.decor().clone();
            }
            *item = Item::Value(value);
        }
        None => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Appends as the last element stands: on a line of its own where that one does.
fn append(array: &mut Array, text: String) {
    let mut value = Value::from(text);
    let last = array.len().checked_sub(1).and_then(|last| array.get(last));
    let prefix = last.and_then(|last| last.decor().prefix()).and_then(|prefix| prefix.as_str());
    let Some(indent) = prefix.and_then(|prefix| prefix.rfind('\n').map(|line| prefix[line..].to_owned())) else {
        array.push(value);
        return;
    };
    // Without a trailing comma, what follows the last element (a comment, a line end) is that element's suffix.
    let suffix =
        last.and_then(|last| last.decor().suffix()).and_then(|suffix| suffix.as_str()).unwrap_or("").to_owned();
    let trailing = array.trailing().as_str().unwrap_or("").to_owned();
    let comments = format!("{suffix}{trailing}");
    let comments = comments.rfind('\n').map_or("", |end| &comments[..end]);
    let indent = if comments.contains('#') { format!("{comments}{indent}") } else { indent };
    if let Some(last) = array.len().checked_sub(1).and_then(|last| array.get_mut(last)) {
        last.decor_mut().set_suffix("");
    }
    value.decor_mut().set_prefix(indent);
    array.push_formatted(value);
    array.set_trailing("\n");
    array.set_trailing_comma(true);
}

/// Removes elements and leaves the comments before them where they are.
fn remove_where(array: &mut Array, unwanted: impl Fn(usize, &Value) -> bool) {
    let indices: Vec<_> =
        array.iter().enumerate().filter(|(index, value)| unwanted(*index, value)).map(|(index, _)| index).collect();
    for index in indices.into_iter().rev() {
        let removed = array.remove(index);
        let text = |raw: Option<&toml_edit::RawString>| raw.and_then(|raw| raw.as_str()).unwrap_or("").to_owned();
        let around = text(removed.decor().prefix()) + &text(removed.decor().suffix());
        let Some(kept) = around.rfind('\n').map(|end| &around[..end]).filter(|kept| kept.contains('#')) else {
            continue;
        };
        // A comment ends with its line; what followed the removed element may have had none of its own.
        let joined = |rest: &str| {
            format!("{kept}{}{rest}", if rest.trim_start_matches(' ').starts_with('\n') { "" } else { "\n" })
        };
        if let Some(next) = array.get_mut(index) {
            let prefix = joined(&text(next.decor().prefix()));
            next.decor_mut().set_prefix(prefix);
        } else {
            let trailing = joined(array.trailing().as_str().unwrap_or(""));
            array.set_trailing(trailing);
        }
    }
}

#[cfg(test)]
mod tests;
