//! The links and images of a description, which an index shows far from the files of the project (CommonMark with the
//! extensions of GitHub, and the HTML in it).

mod restructured;
mod target;

use std::collections::BTreeSet;

use html5gum::{Token, Tokenizer};
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag};

use self::target::{LinkDestination, LinkKind};
use crate::check::rule::{Findings, Rule, rule};
use crate::console::text::named;
use crate::wheel::metadata::Metadata;

rule!(DESCRIPTION_LINKS = "description-links", Warning, Metadata(description_links);
    what: "Links and images of a description lead to whole addresses, or to places in the description itself.",
    why: "An index shows the description without the files beside it: a relative link is dead there, a relative image broken.",
    fix: "Write the whole address, such as `https://example.org/project/blob/main/docs/usage.md`";
    because: [Habit("the description is read all the same")]);

fn description_links(metadata: &Metadata, found: &mut Findings) {
    let Some(text) = metadata.description() else { return };
    let kind = metadata.fields().get("Description-Content-Type").unwrap_or("text/x-rst").to_ascii_lowercase();
    let targets = match kind.split(';').next().unwrap_or_default().trim() {
        "text/markdown" => of_markdown(text),
        "text/x-rst" => restructured::targets(text),
        _ => return,
    };
    for (name, kind) in [("links", LinkKind::Link), ("images", LinkKind::Image)] {
        let dead: BTreeSet<_> =
            targets.iter().filter(|target| target.kind == kind && target.is_relative()).map(|it| &it.url).collect();
        if dead.is_empty() {
            continue;
        }
        found.whole(format!("the description has relative {name}: {}", named(dead)));
    }
}

pub(crate) static RULES: &[&Rule] = &[&DESCRIPTION_LINKS];

fn of_markdown(text: &str) -> Vec<LinkDestination> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM;
    let mut targets = Vec::new();
    let mut html = String::new();
    for event in Parser::new_ext(text, options) {
        match event {
            Event::Html(part) | Event::InlineHtml(part) => html.push_str(&part),
            Event::Start(Tag::Link { link_type, dest_url, .. }) if link_type != LinkType::Email => {
                targets.push(LinkDestination::link(dest_url.into_string()));
            }
            Event::Start(Tag::Image { dest_url, .. }) => targets.push(LinkDestination::image(dest_url.into_string())),
            _ => {}
        }
    }
    targets.extend(of_html(&html));
    targets
}

fn of_html(html: &str) -> Vec<LinkDestination> {
    let mut targets = Vec::new();
    for Ok(token) in Tokenizer::new(html) {
        let Token::StartTag(tag) = token else { continue };
        let value = |name: &str| {
            let value = tag.attributes.get(name.as_bytes())?;
            Some(String::from_utf8_lossy(value).into_owned())
        };
        match tag.name.as_slice() {
            b"a" => targets.extend(value("href").map(LinkDestination::link)),
            b"img" => targets.extend(value("src").map(LinkDestination::image)),
            b"source" => {
                let set = value("srcset").unwrap_or_default();
                let urls = set.split(',').filter_map(|candidate| candidate.split_whitespace().next());
                targets.extend(urls.map(LinkDestination::image));
            }
            _ => {}
        }
    }
    targets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relative(targets: Vec<LinkDestination>) -> Vec<String> {
        targets.into_iter().filter(LinkDestination::is_relative).map(|target| target.url).collect()
    }

    #[test]
    fn links_and_images_of_markdown() {
        for (text, urls) in [
            ("[x](docs/y.md)", vec!["docs/y.md"]),
            ("![](img.png \"title\")", vec!["img.png"]),
            ("[![badge](b.svg)](https://x.example/)", vec!["b.svg"]),
            ("<p align=center>\n<img src=\"a.png\">\n</p>", vec!["a.png"]),
            ("text <a href='LICENSE'>x</a>", vec!["LICENSE"]),
            ("<picture><source srcset=\"a.png 1x, /b.png 2x\"></picture>", vec!["a.png", "/b.png"]),
            ("[x][y]\n\n[y]: ./y", vec!["./y"]),
            ("[y]\n\n[y]: <../y z>", vec!["../y z"]),
            ("| a |\n| - |\n| [x](y) |", vec!["y"]),
            ("[x](?q=1)", vec!["?q=1"]),
            ("- [ ] ![x](/root.png)", vec!["/root.png"]),
            (
                "[a](#b) [c](https://x.example/) [d](mailto:a@x.example) [e](//x.example/f) <a@x.example> <https://x.example>",
                vec![],
            ),
            ("`[x](y)` and ``<img src=a>``", vec![]),
            ("```\n[x](y)\n```\n\n    ![x](y)\n\n~~~html\n<img src=a>\n~~~", vec![]),
            ("<!-- [x](y) <img src=a> -->", vec![]),
            ("\\[x](y) [x] (y) [not a reference]", vec![]),
            ("![x](data:image/png;base64,AAAA)", vec![]),
            ("[x]()", vec![]),
        ] {
            assert_eq!(relative(of_markdown(text)), urls, "{text}");
        }
    }

    #[test]
    fn hostile_texts_are_read_in_time() {
        let started = std::time::Instant::now();
        for piece in [
            "[", "![", "[](", "<", "<a", "`", "``a", "*", "> ", "[a]: b\n", "[a][", "`<", ":a:`", ".. ", "a::\n",
            "<!--", "| - |\n",
        ] {
            let text = piece.repeat((100 << 10) / piece.len());
            let _ = (of_markdown(&text), restructured::targets(&text));
        }
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read(text in "([\\[\\](){}<>!`*_#.:|\n -]|[a-z]{1,4}|:: ?\n|\\.\\. ){0,60}") {
            let _ = (of_markdown(&text), restructured::targets(&text), of_html(&text));
        }
    }
}
