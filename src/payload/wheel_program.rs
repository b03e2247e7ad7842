//! Where in a wheel a product's program stands, also in one that another tool has made: told by names alone. What bytes
//! it has is for those who ask to judge.

use super::package::package_of;
use crate::member_path::{file_name, parent};
use crate::product::{Command, RuntimeProject};
use crate::scheme::Scheme;

/// One of a product's executables, as a wheel may have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WheelProgram<'a> {
    /// Its name without `.exe`.
    executable: &'a str,
    /// The import package of the product.
    module: &'a str,
    command: Command,
}

/// Where a file of the program's name stands. The first of them is what the product's command starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Among the scripts, where the product has its programs there.
    Command,
    /// In `bin/` of the import package.
    Bin,
    /// At the top of the import package.
    Top,
    /// Deeper in the import package.
    Package,
    /// Among the scripts of a product that starts its program from the import package.
    Scripts,
    /// In another package or beside all of them.
    Elsewhere,
    /// Among the files that an installer leaves below the prefix: a completion for the shell is called as the program is.
    Data,
}

impl<'a> WheelProgram<'a> {
    /// An executable of the product's table.
    pub(crate) fn of(project: &'a RuntimeProject, executable: &'a str) -> Self {
        Self { executable, module: &project.module, command: project.command }
    }

    /// The program that an import package starts.
    pub(crate) fn in_package(module: &'a str, executable: &'a str) -> Self {
        Self { executable, module, command: Command::Launcher }
    }

    /// Where a file stands, by its scheme and its path there; none where it is called otherwise.
    pub(crate) fn standing(&self, (scheme, path): (Scheme, &str)) -> Option<Standing> {
        let rest = file_name(path).strip_prefix(self.executable)?;
        if !matches!(rest, "" | ".exe") {
            return None;
        }
        match scheme {
            Scheme::Scripts if self.command == Command::Scripts => return Some(Standing::Command),
            Scheme::Scripts => return Some(Standing::Scripts),
            Scheme::Data | Scheme::Headers | Scheme::Unknown => return Some(Standing::Data),
            Scheme::Root | Scheme::Purelib | Scheme::Platlib => {}
        }
        let below = parent(path).strip_prefix(self.module);
        Some(match below {
            Some("") => Standing::Top,
            Some("/bin") => Standing::Bin,
            Some(below) if below.starts_with('/') => Standing::Package,
            _ => Standing::Elsewhere,
        })
    }

    /// The files that make a directory a package directory, that of the product first, then those that lie highest.
    pub(crate) fn descriptors<'m>(&self, members: impl Iterator<Item = &'m str>) -> Vec<&'m str> {
        let mut found: Vec<_> = members.filter_map(|member| Some((package_of(member)?, member))).collect();
        found.sort_by_key(|(package, member)| (*package != self.module, package.matches('/').count(), *member));
        found.into_iter().map(|(_, member)| member).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scheme;

    #[test]
    fn a_program_stands_where_an_installer_leaves_it() {
        let package = WheelProgram::in_package("tool_bin", "tool");
        for (member, standing) in [
            ("tool_bin/bin/tool", Some(Standing::Bin)),
            ("tool_bin/bin/tool.exe", Some(Standing::Bin)),
            ("tool_bin-1.data/platlib/tool_bin/bin/tool", Some(Standing::Bin)),
            ("tool_bin/tool", Some(Standing::Top)),
            ("tool_bin/vendor/bin/tool", Some(Standing::Package)),
            ("tool_bin-1.data/scripts/tool", Some(Standing::Scripts)),
            ("tool_bin_other/bin/tool", Some(Standing::Elsewhere)),
            ("other-1.data/scripts/tool", Some(Standing::Elsewhere)),
            ("tool", Some(Standing::Elsewhere)),
            ("tool_bin-1.data/data/share/bash-completion/completions/tool", Some(Standing::Data)),
            ("tool_bin/bin/tool.py", None),
            ("tool_bin/bin/toolbox", None),
            ("tool/bin/other", None),
        ] {
            assert_eq!(package.standing(scheme::of("tool_bin-1", member)), standing, "{member}");
        }
        let scripts = WheelProgram { command: Command::Scripts, ..package };
        assert_eq!(scripts.standing((Scheme::Scripts, "tool")), Some(Standing::Command));
        assert!(Standing::Command < Standing::Bin && Standing::Bin < Standing::Scripts);
    }

    #[test]
    fn the_product_s_own_descriptor_goes_first() {
        let package = WheelProgram::in_package("tool_bin", "tool");
        let members = ["b/c/codex-package.json", "b/codex-package.json", "a/x.json", "tool_bin/codex-package.json"];
        let expected = ["tool_bin/codex-package.json", "b/codex-package.json", "b/c/codex-package.json"];
        assert_eq!(package.descriptors(members.into_iter()), expected);
    }
}
