//! The name at the start of a dependency specifier (PEP 508), compared as indexes compare names (PEP 503).

use super::rename::normalise;

/// Whether a dependency specifier, in any spelling, requires the distribution `name`.
pub(super) fn requires(specifier: &str, name: &str) -> bool {
    required_name(specifier).is_some_and(|required| normalise(required) == normalise(name))
}

/// The name that a specifier begins with; `None` where it begins with none.
fn required_name(specifier: &str) -> Option<&str> {
    let specifier = specifier.trim_start();
    let inner = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let end = specifier.find(|character| !inner(character)).unwrap_or(specifier.len());
    let name = &specifier[..end];
    let plain = |end: Option<char>| end.is_some_and(|character| character.is_ascii_alphanumeric());
    // What follows a name is white space, extras, a version, a marker or a URL.
    let rest = specifier[end..].trim_start();
    let follows = rest.is_empty() || rest.starts_with(['[', '(', '<', '>', '=', '!', '~', ';', '@', ',']);
    (plain(name.chars().next()) && plain(name.chars().last()) && follows).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_requirement() {
        for specifier in [
            "openai-codex-cli-bin",
            "openai-codex-cli-bin==0.163.0",
            "  OpenAI_Codex.CLI--bin  >= 1 , <2",
            "openai_codex_cli_bin[extra,other]~=1.0",
            "openai-codex-cli-bin (>=1.0)",
            "openai-codex-cli-bin(==1.0)",
            "openai-codex-cli-bin; python_version < '3.12'",
            "openai-codex-cli-bin @ file:///tmp/a.whl",
            "openai-codex-cli-bin@https://example.invalid/a.whl ; sys_platform == 'linux'",
            "openai-codex-cli-bin\t!=1",
            "openai-codex-cli-bin===1.0",
        ] {
            assert!(requires(specifier, "openai-codex-cli-bin"), "{specifier}");
        }
        for specifier in [
            "",
            "openai-codex-cli-bin-extra",
            "openai-codex-cli",
            "xopenai-codex-cli-bin",
            "pydantic>=2; extra == 'openai-codex-cli-bin'",
            "codex[openai-codex-cli-bin]",
            "-openai-codex-cli-bin",
            "file:///openai-codex-cli-bin",
        ] {
            assert!(!requires(specifier, "openai-codex-cli-bin"), "{specifier}");
        }
    }
}
