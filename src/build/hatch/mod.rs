//! What `[tool.hatch]` of a stage says of the files of its distributions (hatchling 1.28 and later). What is not carried out
//! here, and would change what hatchling builds, is refused by name: two builders of one stage make one and the same wheel.

mod error;
mod known;
mod mapping;
mod origin;

use std::path::PathBuf;

use pep440_rs::Version;
use toml::{Table, Value};

pub(super) use self::error::SettingError;
use self::error::Why;
use self::known::{SettingsLevel, SettingsVerdict};
pub(super) use self::mapping::{Mapping, PathMapping, SettingsFile};
use self::origin::Origin;
use crate::member_path;
use crate::wheel::requirement::{Requirement, RequirementSource};

/// What of the settings decides which files a distribution holds.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The directories and files that are taken without what leads to them; none where hatchling looks by itself.
    pub(crate) packages: Option<Mapping>,
    pub(crate) force_include: Mapping,
    pub(crate) shared_scripts: Mapping,
    pub(crate) shared_data: Mapping,
    pub(crate) sbom_files: Mapping,
    pub(crate) wheel_ignores: Ignores,
    pub(crate) sdist_ignores: Ignores,
    /// What a source distribution is restricted to.
    pub(crate) sdist_include: Option<Mapping>,
    /// Whether a front end tags the wheel by the stage's own hook.
    pub(crate) has_hook: bool,
}

/// Whether the ignore files of version control leave something out.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ignores {
    #[default]
    Heeded,
    PassedOver,
}

/// What is built from the stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builds {
    Wheel,
    WheelAndSdist,
}

/// The one hook whose work relkit does itself: it tags a runtime's wheel.
const HOOK: &str = "hatch_build.py";

impl Settings {
    /// Reads the settings of a `pyproject.toml` and of the `hatch.toml` beside it, whose tables go before the others.
    pub(super) fn read<'a>(
        pyproject: SettingsFile<'a>,
        hatch: Option<SettingsFile<'a>>,
        builds: Builds,
    ) -> Result<Self, SettingError> {
        let project = Origin::of(pyproject)?;
        backend(&project)?;
        let tool = project.below("tool")?.map(|tool| tool.below("hatch")).transpose()?.flatten();
        let own = hatch.map(Origin::of).transpose()?;
        let of = |key: &str| match &own {
            Some(own) if own.get(key).is_some() => own.below(key),
            _ => tool.as_ref().map(|tool| tool.below(key)).transpose().map(Option::flatten),
        };
        if let Some(metadata) = of("metadata")? {
            // Without anything dynamic the rest has no effect on what is built.
            metadata.demand("hooks", &[Value::Table(Table::new())])?;
            metadata.demand("allow-ambiguous-features", &[Value::Boolean(false)])?;
        }
        match of("build")? {
            Some(build) => {
                let settings = Self::of_build(&build, builds)?;
                hold_imports(&project, &build)?;
                if !settings.sbom_files.rows.is_empty() {
                    hold_hatchling(&project)?;
                }
                Ok(settings)
            }
            None => Ok(Self::default()),
        }
    }

    /// That no setting names the packages, and hatchling would not take the import package by itself.
    pub(super) fn no_packages(path: PathBuf) -> SettingError {
        SettingError { path, line: None, key: "tool.hatch.build.targets.wheel.packages".into(), why: Why::Missing }
    }

    fn of_build(build: &Origin<'_>, builds: Builds) -> Result<Self, SettingError> {
        judge(build, SettingsLevel::Build)?;
        let targets = build.below("targets")?;
        if let Some(targets) = &targets {
            let others = targets.keys().filter(|name| !matches!(*name, "wheel" | "sdist"));
            for name in others.collect::<Vec<_>>() {
                targets.demand(name, &[Value::Table(Table::new())])?;
            }
        }
        let target = |name: &str| targets.as_ref().map(|targets| targets.below(name)).transpose().map(Option::flatten);
        let (wheel, sdist) = (target("wheel")?, target("sdist")?);
        let mut has_hook = hook(build, builds)?;
        if let Some(wheel) = &wheel {
            judge(wheel, SettingsLevel::Wheel)?;
            has_hook |= hook(wheel, builds)?;
        }
        if let Some(sdist) = &sdist {
            judge(sdist, SettingsLevel::Sdist)?;
            hook(sdist, builds)?;
        }
        for key in ["packages", "force-include"] {
            if builds == Builds::WheelAndSdist && build.get(key).is_some() {
                return Err(build.refuse(key, Why::Moved));
            }
        }
        // A target's own setting goes before that of all targets.
        let nearest = |key: &str| wheel.as_ref().filter(|wheel| wheel.get(key).is_some()).unwrap_or(build);
        let ignores = |target: Option<&Origin<'_>>| {
            let own = target.map(|target| target.truth("ignore-vcs")).transpose()?.flatten();
            Ok(match own.map_or_else(|| build.truth("ignore-vcs"), |own| Ok(Some(own)))? {
                Some(true) => Ignores::PassedOver,
                _ => Ignores::Heeded,
            })
        };
        // A package keeps its place, wherever in the tree it is said to begin.
        let mut packages = nearest("packages").paths("packages", str::to_owned)?;
        for row in packages.iter_mut().flat_map(|packages| &mut packages.rows) {
            row.from = row.from.trim_matches('/').to_owned();
        }
        if packages.as_ref().is_some_and(|packages| packages.rows.is_empty()) {
            return Err(nearest("packages").refuse("packages", Why::NoPackage));
        }
        let of_wheel = |key: &str| wheel.as_ref().map(|wheel| wheel.mapping(key)).transpose().map(Option::flatten);
        let file_name = |path: &str| member_path::file_name(path).to_owned();
        let sboms = wheel.as_ref().map(|wheel| wheel.paths("sbom-files", file_name)).transpose()?.flatten();
        Ok(Self {
            packages,
            force_include: nearest("force-include").mapping("force-include")?.unwrap_or_default(),
            shared_scripts: of_wheel("shared-scripts")?.unwrap_or_default(),
            shared_data: of_wheel("shared-data")?.unwrap_or_default(),
            sbom_files: sboms.unwrap_or_default(),
            wheel_ignores: ignores(wheel.as_ref())?,
            sdist_ignores: ignores(sdist.as_ref())?,
            sdist_include: sdist.as_ref().map(|sdist| sdist.paths("include", str::to_owned)).transpose()?.flatten(),
            has_hook,
        })
    }
}

/// Refuses what another backend would build from.
fn backend(project: &Origin<'_>) -> Result<(), SettingError> {
    let Some(system) = project.below("build-system")? else {
        return Err(project.refuse("build-system", Why::NoBackend));
    };
    match system.get("build-backend").map(|backend| backend.as_str().unwrap_or("no text")) {
        None => return Err(system.refuse("build-backend", Why::NoBackend)),
        Some("hatchling.build") => {}
        Some(other) => return Err(system.refuse("build-backend", Why::Backend(other.to_owned()))),
    }
    system.demand("backend-path", &[Value::Array(Vec::new())])
}

/// Refuses a version of metadata that leaves out what the project says of its imports.
fn hold_imports(project: &Origin<'_>, build: &Origin<'_>) -> Result<(), SettingError> {
    let key = "core-metadata-version";
    let (project, targets) = (project.below("project")?, build.below("targets")?);
    let has = |name| project.as_ref().is_some_and(|project| project.get(name).is_some());
    let Some(targets) = targets.filter(|_| has("import-names") || has("import-namespaces")) else { return Ok(()) };
    for name in ["wheel", "sdist"] {
        let target = targets.below(name)?;
        if let Some(target) = target.filter(|target| target.get(key).and_then(Value::as_str) == Some("2.4")) {
            return Err(target.refuse(key, Why::WithoutImports));
        }
    }
    Ok(())
}

/// Refuses a stage with SBOMs whose builder is too old to know where they go.
fn hold_hatchling(project: &Origin<'_>) -> Result<(), SettingError> {
    let Some(system) = project.below("build-system")? else { return Ok(()) };
    let texts = system.get("requires").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let required = texts.filter_map(|text| text.parse::<Requirement>().ok());
    for requirement in required.filter(|requirement| requirement.name.normalized() == "hatchling") {
        let RequirementSource::Index(specifiers) = requirement.source else { continue };
        let first = Version::new([1, 28, 0]);
        let named = specifiers.iter().map(|specifier| specifier.version().clone());
        // The first that knows them, those that are named, and one later than any.
        let mut known = named.chain([first.clone(), Version::new([u64::MAX])]).filter(|version| *version >= first);
        if !known.any(|version| specifiers.contains(&version)) {
            return Err(system.refuse("requires", Why::Before28));
        }
    }
    Ok(())
}

/// Holds every key of a level against what is carried out.
fn judge(level: &Origin<'_>, which: SettingsLevel) -> Result<(), SettingError> {
    for key in level.keys() {
        match known::verdict(which, key) {
            SettingsVerdict::CarriedOut => {}
            SettingsVerdict::Defaults(defaults) => level.demand(key, &defaults)?,
            SettingsVerdict::Unknown(why) => return Err(level.refuse(key, why)),
        }
    }
    Ok(())
}

/// Whether a level has the stage's own hook; any other is refused.
fn hook(level: &Origin<'_>, builds: Builds) -> Result<bool, SettingError> {
    let Some(hooks) = level.below("hooks")? else { return Ok(false) };
    for name in hooks.keys() {
        if name != "custom" || builds == Builds::WheelAndSdist {
            return Err(hooks.refuse(name, Why::NotCarriedOut));
        }
    }
    let Some(custom) = hooks.below("custom")? else { return Ok(false) };
    for key in custom.keys() {
        match key {
            "path" => custom.demand(key, &[Value::String(HOOK.into())])?,
            "enable-by-default" => custom.demand(key, &[Value::Boolean(true)])?,
            "require-runtime-dependencies" => custom.demand(key, &[Value::Boolean(false)])?,
            "dependencies" | "require-runtime-features" => custom.demand(key, &[Value::Array(Vec::new())])?,
            _ => return Err(custom.refuse(key, Why::NotCarriedOut)),
        }
    }
    Ok(true)
}
