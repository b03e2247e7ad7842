//! What a release went through, as one value, and the forms in which it is shown.

mod html;
mod markdown;
mod text;
mod value;

pub use value::{CoverageRow, FileRow, FindingRow, ProblemRow, Release, StepRow, TargetRow};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Shown as _;
    use crate::digest::Sha256Digest;
    use crate::error::Outcome;

    fn sample() -> Release {
        Release {
            schema_version: 1,
            outcome: Outcome::Failed,
            distribution: "acme-bin".parse().unwrap(),
            sdk_distribution: Some("acme".parse().unwrap()),
            version: "1.2.3".parse().unwrap(),
            release_tag: "rust-v1.2.3".into(),
            targets: vec![TargetRow {
                target: "x86_64-unknown-linux-musl".into(),
                platform_tag: "manylinux_2_17_x86_64.musllinux_1_1_x86_64".into(),
                steps: vec![StepRow {
                    name: "smoke".into(),
                    outcome: Outcome::Failed,
                    detail: "the answer was <script>".into(),
                    milliseconds: 1500,
                }],
                payload_bytes: 400,
                wheel: Some("acme_bin-1.2.3-py3-none-any.whl".into()),
                wheel_bytes: 100,
                contents: vec![("bin/acme".into(), 400)],
            }],
            files: vec![FileRow { name: "a|b.whl".into(), bytes: 100, sha256: Sha256Digest([0; 32]) }],
            coverage: vec![CoverageRow { name: "windows-x86_64".into(), wheel: None }],
            findings: vec![FindingRow {
                file: "a.whl".into(),
                error: true,
                rule: "macho-minos".into(),
                member: Some("bin/acme".into()),
                message: "too new".into(),
                help: "retag".into(),
                accepted: Some("known".into()),
            }],
            problems: vec![ProblemRow { code: "set-complete".into(), message: "m".into(), help: "h".into() }],
            warnings: vec![ProblemRow { code: "family-uncovered".into(), message: "w".into(), help: "h".into() }],
        }
    }

    #[test]
    fn the_page_stands_alone_and_escapes() {
        let page = sample().html();
        assert!(!page.contains("<script"), "no script, from anywhere");
        for reference in ["src=", "href=", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(reference), "{reference}");
        }
        for fact in
            ["rust-v1.2.3", "400 B → 100 B", "Accepted: known", "set-complete", "family-uncovered", "no wheel", "1.5 s"]
        {
            assert!(page.contains(fact), "{fact}");
        }
        assert!(page.contains("&lt;script&gt;"));
    }

    #[test]
    fn markdown_cells_hold() {
        let text = sample().markdown();
        assert!(text.contains("a\\|b.whl"));
        let table: Vec<_> = text.lines().filter(|line| line.starts_with("| `x86_64")).collect();
        assert_eq!(table, ["| `x86_64-unknown-linux-musl` | ✗ failed the answer was \\<script\\> | 100 B |"]);
    }
}
