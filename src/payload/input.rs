//! What an input holds, whatever its form.

use super::form::PayloadForm;
use super::found::Found;
use crate::product::RuntimeProject;
use crate::wheel::name::DistributionName;

/// What an input gave up.
#[derive(Debug)]
pub(super) struct Input {
    pub(crate) form: PayloadForm,
    pub(crate) files: Vec<Found>,
    pub(crate) wheel: Option<WheelName>,
}

/// What the `.dist-info` directory of a wheel is named by.
#[derive(Debug)]
pub(super) struct WheelName {
    pub(crate) distribution: Option<DistributionName>,
    /// As the directory has it, which may be no version.
    pub(crate) version: String,
    /// Its import packages.
    pub(crate) modules: Vec<String>,
}

/// What can be asked of an input besides its program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    Tree,
    /// A wheel that was built of the product.
    Own,
    /// A wheel of somebody else, who may have left out what upstream has.
    Foreign,
}

impl Input {
    pub(super) fn is_own_wheel(&self, project: &RuntimeProject) -> bool {
        let distribution = self.wheel.as_ref().and_then(|wheel| wheel.distribution.as_ref());
        distribution.is_some_and(|distribution| distribution.is_same(&project.distribution))
    }

    pub(super) fn extent(&self, project: &RuntimeProject) -> Extent {
        match &self.wheel {
            // Somebody else may have published under the same name; every wheel of ours has the import package.
            Some(wheel) if self.is_own_wheel(project) && wheel.modules.contains(&project.module) => Extent::Own,
            Some(_) => Extent::Foreign,
            None => Extent::Tree,
        }
    }
}

/// What is looked for in an input.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sought<'a> {
    /// The name of the program; empty where any is meant.
    pub(crate) program: &'a str,
    /// Whether a wheel's package directory alone is meant.
    pub(crate) package_directory: bool,
}

impl Sought<'_> {
    /// What a program is called that comes without a name.
    pub(super) const UNNAMED: &'static str = "program";
}
