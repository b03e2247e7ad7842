//! What a release went through, as one value, and the forms in which it is shown.

mod groups;
mod html;
mod html_parts;
mod html_pieces;
mod markdown;
mod text;
mod value;

pub use value::{
    ChangeRow, Changes, CoverageRow, Difference, FileRow, FindingRow, ProblemRow, ReleaseReport, SbomRow, StepRow,
    TargetRow,
};
pub(crate) use value::{TOO_OLD, reservations};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Shown as _;
    use crate::digest::Sha256Digest;
    use crate::error::Outcome;

    fn sample() -> ReleaseReport {
        ReleaseReport {
            schema_version: 1,
            outcome: Outcome::Failed,
            distribution: "acme-bin".parse().unwrap(),
            sdk_distribution: Some("acme".parse().unwrap()),
            version: "1.2.3".parse().unwrap(),
            release_tag: "rust-v1.2.3".into(),
            date: Some("2024-05-01".into()),
            left_out: vec!["aarch64-apple-darwin".parse().unwrap()],
            targets: vec![TargetRow {
                payload: "acme.tar.gz".into(),
                target: "x86_64-unknown-linux-musl".parse().ok(),
                platform_tag: "manylinux_2_17_x86_64.musllinux_1_1_x86_64".parse().ok(),
                steps: vec![StepRow {
                    name: "smoke".into(),
                    outcome: Outcome::Failed,
                    detail: "the answer was <script>".into(),
                    milliseconds: 1500,
                    help: None,
                }],
                payload_bytes: 400,
                wheel: "acme_bin-1.2.3-py3-none-any.whl".parse().ok(),
                wheel_bytes: 100,
                contents: vec![("bin/acme".into(), 400)],
                why: Some("`musllinux_1_1_x86_64`: read off the binaries".into()),
                wider: None,
                reservations: Vec::new(),
                missing_loader: None,
                smoke: vec![StepRow {
                    name: "version".into(),
                    outcome: Outcome::Passed,
                    detail: "1.2.3".into(),
                    milliseconds: 12,
                    help: None,
                }],
                sboms: vec![SbomRow { file: "acme.cdx.json".into(), components: Some(1), names: vec!["<b> 1".into()] }],
            }],
            files: vec![FileRow { name: "a|b.whl".into(), bytes: 100, sha256: Sha256Digest([0; 32]) }],
            coverage: vec![CoverageRow { name: "windows-x86_64".into(), wheel: None, by_choice: None }],
            findings: vec![FindingRow {
                file: "a.whl".into(),
                error: true,
                rule: "macho-minos".into(),
                member: Some("bin/acme".into()),
                message: "too new".into(),
                help: "retag".into(),
                accepted: Some("known".into()),
            }],
            problems: vec![ProblemRow {
                code: "set-complete".into(),
                message: "m".into(),
                of_file: None,
                help: "h".into(),
                accepted: None,
            }],
            warnings: vec![ProblemRow {
                code: "set-coverage".into(),
                message: "w".into(),
                of_file: None,
                help: "h".into(),
                accepted: None,
            }],
            changes: Some(Changes {
                against: "1.2.2".into(),
                distributions: vec![ChangeRow {
                    name: "acme_bin-1.2.3-py3-none-any.whl".parse().ok(),
                    before: "acme_bin-1.2.2-py3-none-any.whl".parse().ok(),
                    bytes: 100,
                    bytes_before: 50,
                    files: Difference { added: vec!["bin/<new>".into()], removed: Vec::new() },
                    ..ChangeRow::default()
                }],
            }),
            next: Some("relkit check dist".into()),
        }
    }

    #[test]
    fn the_page_stands_alone_and_escapes() {
        let page = sample().html();
        assert!(!page.contains("<script"), "no script, from anywhere");
        for reference in ["src=", "@import", "url(", "http:", "https:"] {
            assert!(!page.contains(reference), "{reference}");
        }
        assert!(page.split("href=\"").skip(1).all(|target| target.starts_with('#')), "links stay on the page");
        for fact in [
            "rust-v1.2.3",
            "400 B → 100 B",
            "Accepted: known",
            "set-complete",
            "set-coverage",
            "no wheel",
            "1.5 s",
            "2024-05-01",
            "bin/&lt;new&gt;",
            "+50 B (+100%)",
            "&lt;b&gt; 1",
            "12 ms",
        ] {
            assert!(page.contains(fact), "{fact}");
        }
        assert!(page.contains("&lt;script&gt;"));
    }

    /// Whatever made it fail, the page begins with that and with what comes next, and with no command that would install it.
    #[test]
    fn a_page_invites_to_install_what_passed_alone() {
        let head = |release: &ReleaseReport| {
            let page = release.html();
            let head = page.split("</header>").next().unwrap().to_owned();
            // The page names no such command anywhere else.
            assert_eq!(page.contains("pip install"), head.contains("pip install"), "{page}");
            (head, page)
        };
        let of = |codes: &[&str]| {
            let problem = sample().problems.remove(0);
            let row =
                |code: &&str| ProblemRow { code: (*code).into(), message: format!("{code} <is>"), ..problem.clone() };
            ReleaseReport { problems: codes.iter().map(row).collect(), ..sample() }
        };
        for codes in [&["elf-runpath"][..], &["set-targets", "elf-runpath"], &["receipt-failed", "a", "b"]] {
            let (head, page) = head(&of(codes));
            let first = format!("<dt>Failed</dt><dd><code class=\"rule\">{0}</code> {0} &lt;is&gt;", codes[0]);
            assert!(head.contains(&first) && !head.contains("pip install"), "{head}");
            assert!(head.contains("<dt>Next</dt><dd><code>relkit check dist</code>"), "{head}");
            let more = match codes.len() {
                1 => None,
                2 => Some("and 1 more problem<"),
                _ => Some("and 2 more problems<"),
            };
            assert_eq!(head.contains("more problem"), more.is_some(), "{head}");
            assert!(more.is_none_or(|more| head.contains(more)), "{head}");
            assert!(page.contains(">Who could install it</h2>"), "{page}");
        }
        let (head, page) = head(&ReleaseReport { outcome: Outcome::Passed, problems: Vec::new(), ..sample() });
        assert!(head.contains("<dt>Once published</dt><dd><code>pip install acme==1.2.3</code>"), "{head}");
        assert!(!head.contains("Failed") && page.contains(">Who can install it</h2>"), "{page}");
    }

    /// What is accepted is shown and counted as that, wherever it was found.
    #[test]
    fn what_is_accepted_is_no_warning() {
        let mut release = sample();
        release.warnings[0].accepted = Some("we <know>".into());
        assert!(release.summary().contains("0 warnings, 2 accepted"), "{}", release.summary());
        let text = release.text();
        assert!(
            text.contains("accepted[set-coverage]: w\n  reason: we <know>") && !text.contains("warning:"),
            "{text}"
        );
        assert!(text.contains("accepted[macho-minos]: `a.whl`, `bin/acme`: too new\n  reason: known"), "{text}");
        assert!(release.html().contains("Accepted: we &lt;know&gt;"), "{}", release.html());
        assert!(release.markdown().contains("accepted"), "{}", release.markdown());
    }

    /// A sentence is one row with its files, and a platform below a tag's floor is not one that was left out.
    #[test]
    fn what_is_alike_is_said_once_and_what_is_too_old_apart() {
        let mut release = sample();
        let found = FindingRow { accepted: None, ..release.findings[0].clone() };
        release.findings = ["a.whl", "b.whl"].map(|file| FindingRow { file: file.into(), ..found.clone() }).into();
        let row = |name: &str, why: &str| CoverageRow { name: name.into(), wheel: None, by_choice: Some(why.into()) };
        release.coverage.extend([row("old", TOO_OLD), row("other", "no target of the product")]);
        let text = release.markdown();
        assert!(text.contains("| error `macho-minos` | too new | `a.whl`<br>`b.whl` |"), "{text}");
        assert!(text.contains("No wheel for: windows-x86\\_64\n"), "{text}");
        assert!(text.contains("2 platforms without a wheel") && text.contains("- old (older than"), "{text}");
        let page = release.html();
        for part in ["1 platform older than the tags ask for", "1 platform not supported by choice"] {
            assert!(page.contains(part), "{part}");
        }
    }

    /// What is to be done is said once for problems in a row, a payload without a wheel leads nowhere, and what payloads were
    /// staged with reservations for stands beside the steps.
    #[test]
    fn a_page_says_no_help_twice_and_leads_nowhere_in_vain() {
        let mut release = sample();
        let again = ProblemRow { message: "another".into(), ..release.problems[0].clone() };
        release.problems.push(again);
        release.problems.push(ProblemRow { help: "other help".into(), ..release.problems[0].clone() });
        let of_none = TargetRow { payload: "none.tar.gz".into(), ..TargetRow::default() };
        let (one, two) =
            (release.targets[0].clone(), TargetRow { reservations: vec!["kept <back>".into()], ..of_none });
        release.targets = vec![TargetRow { reservations: vec!["kept <back>".into()], ..one }, two];
        let page = release.html();
        assert_eq!(page.matches("<p class=\"soft\">h</p>").count(), 2, "{page}");
        let summary = release.markdown();
        assert!(summary.contains("- **`set-complete`** m\n- **`set-complete`** another (h)\n"), "{summary}");
        assert_eq!((summary.matches("(h)").count(), summary.matches("(other help)").count()), (2, 1), "{summary}");
        assert!(page.contains("other help") && page.contains("</code> another</p>"), "{page}");
        assert!(page.contains("href=\"#wheel-1\"") && !page.contains("wheel-2"), "{page}");
        assert!(page.contains("none.tar.gz"), "{page}");
        assert_eq!(page.matches("kept &lt;back&gt;, in all 2 payloads").count(), 1, "{page}");
        assert!(release.markdown().contains("- warning: kept \\<back\\>, in all 2 payloads"), "{}", release.markdown());
        assert_eq!(release.json()["targets"][1]["warnings"][0], "kept <back>");
        // What is accepted is not to be mended.
        assert!(!page.contains("<p class=\"soft\">retag</p>"), "{page}");
    }

    /// What differs in a number is one sentence with each file's own, and so is the reason why findings are accepted.
    #[test]
    fn findings_that_differ_in_a_number_are_one_and_a_reason_is_told_once() {
        let mut release = sample();
        let found = |file: &str, message: &str, accepted: Option<&str>| FindingRow {
            file: file.into(),
            member: None,
            message: message.into(),
            accepted: accepted.map(str::to_owned),
            ..sample().findings.remove(0)
        };
        let sizes = [("a.whl", "it has 9 MiB"), ("b.whl", "it has 12.5 MiB"), ("c.whl", "it has 9 MiB")];
        release.findings = sizes.map(|(file, words)| found(file, words, None)).into();
        release.findings.extend(
            ["x", "y"].map(|words| FindingRow { rule: "elf-pie".into(), ..found("a.whl", words, Some("meant")) }),
        );
        let page = release.html();
        assert_eq!(page.matches("<p>it has 9 to 12.5 MiB</p>").count(), 1, "{page}");
        assert!(!page.contains("<p>it has 9 MiB"), "{page}");
        for own in [
            "a.whl · <span class=\"own\">9 MiB",
            "b.whl · <span class=\"own\">12.5 MiB",
            "c.whl · <span class=\"own\">9 MiB",
        ] {
            assert!(page.contains(own), "{own}: {page}");
        }
        assert_eq!(page.matches("Accepted: meant").count(), 1, "{page}");
        let text = release.markdown();
        assert!(
            text.contains("| it has 9 to 12.5 MiB | `a.whl`: 9 MiB<br>`c.whl`: 9 MiB<br>`b.whl`: 12.5 MiB |"),
            "{text}"
        );
        // Two are told as they are.
        release.findings.remove(0);
        let text = release.markdown();
        assert!(
            text.contains("| it has 12.5 MiB | `b.whl` |") && text.contains("| it has 9 MiB | `c.whl` |"),
            "{text}"
        );
    }

    /// Of what is new, gone or the same a name and a size are all that there is to say.
    #[test]
    fn what_changed_comes_first_and_what_did_not_is_a_list() {
        let mut release = sample();
        let changes = release.changes.as_mut().unwrap();
        let other = "acme_bin-1.2.2-py3-none-win32.whl".parse().ok();
        let row =
            ChangeRow { name: other.clone(), before: other.clone(), bytes: 7, bytes_before: 7, ..ChangeRow::default() };
        let new = ChangeRow { before: None, ..row.clone() };
        let gone = ChangeRow { name: None, ..row.clone() };
        changes.distributions.splice(0..0, [new, row, gone]);
        let page = release.html();
        let part = page.split("<h2 id=\"changes\">").nth(1).unwrap().split("</section>").next().unwrap();
        let places =
            ["+50 B (+100%)", "files: 1 added<", "<h3>New</h3>", "<h3>Gone</h3>", "<h3>The same tags", "the same size"]
                .map(|words| part.find(words).unwrap_or_else(|| panic!("{words}: {part}")));
        assert!(places.is_sorted(), "{places:?}: {part}");
        assert!(release.text().contains("; files: 1 added\n"), "{}", release.text());
    }

    #[test]
    fn markdown_cells_hold() {
        let text = sample().markdown();
        assert!(text.contains("a\\|b.whl"));
        let table: Vec<_> = text.lines().filter(|line| line.starts_with("| `x86_64")).collect();
        assert_eq!(table, ["| `x86_64-unknown-linux-musl` | ✗ failed the answer was \\<script\\> | 100 B |"]);
    }
}
