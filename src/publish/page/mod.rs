//! A project's page of the simple API as data: PEP 503 and PEP 691 in every form that they allow, with yanked files
//! (PEP 592, 700), what it follows (PEP 708) and the project's status (PEP 792). Knows nothing of the network.

mod html;
mod json;
mod listing;
#[cfg(test)]
mod tests;
mod version;

use url::Url;

pub(super) use listing::{Listed, Page, PageKind, stem};

use listing::Kept;

use html::{DeclaredType, parse_html};
use json::{parse_json, says};
use version::accept_type;

use crate::http::sentence::utf16;

impl Page {
    /// Reads the page that was found at `url`, after redirects perhaps, of the index whose simple API is at `simple`.
    /// Of its files those that are wanted are kept, by their names.
    pub(super) fn parse(
        content_type: &str,
        body: &[u8],
        url: &Url,
        simple: &Url,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> Result<Self, String> {
        let mut kept = Kept::new(is_wanted);
        let content_type = content_type.to_ascii_lowercase();
        accept_type(&content_type)?;
        let wide = utf16(body);
        let body = wide.as_deref().map_or(body, str::as_bytes);
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_json = content_type.contains("json") || matches!(first, Some(b'{' | b'['));
        let mut page = if is_json && first != Some(&b'<') {
            parse_json(body, url, &mut kept)?
        } else {
            parse_html(body, url, DeclaredType::of(&content_type), &mut kept)?
        };
        page.found = true;
        page.leave_out_inherited(simple);
        Ok(page)
    }

    /// A page that follows others (PEP 708) can list files that are on their servers. devpi lists the files of an index and
    /// those of its bases; a link tells whose a file is.
    fn leave_out_inherited(&mut self, simple: &Url) {
        let mut elsewhere = None;
        let followed: Vec<Url> = self.tracks.iter().filter_map(|there| there.parse().ok()).collect();
        self.files.retain(|_, listed| {
            let host = listed.url.as_ref().and_then(Url::host);
            let from = followed.iter().find(|there| host.is_some() && there.host() == host && host != simple.host());
            elsewhere = from.map(Url::to_string).or(elsewhere.take());
            from.is_none()
        });
        self.elsewhere = elsewhere.take();
        let Some((own, _)) = simple.path().split_once("/+simple") else { return };
        self.files.retain(|_, listed| {
            let Some(url) = &listed.url else { return true };
            let from = ["/+f/", "/+e/"].iter().find_map(|mark| Some(url.path().split_once(mark)?.0));
            let is_inherited = from.is_some_and(|from| from != own);
            if let Some(from) = from.filter(|_| is_inherited) {
                let mut base = url.clone();
                base.set_path(from);
                elsewhere = Some(crate::http::shown(&base));
            }
            !is_inherited
        });
        self.elsewhere = elsewhere.or(self.elsewhere.take());
    }
}

/// Whether the start of a page can be that of an index's root, which lists projects.
pub(super) fn is_root(content_type: &str, start: &[u8], url: &Url) -> Result<bool, String> {
    let content_type = content_type.to_ascii_lowercase();
    accept_type(&content_type)?;
    let declared = DeclaredType::of(&content_type);
    let is_simple_type = declared == DeclaredType::Simple;
    let of_one = || Err("it lists the files of one project, and the simple API is the page above it".to_owned());
    let wide = utf16(start);
    let start = wide.as_deref().map_or(start, str::as_bytes);
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if start.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{') {
        return match () {
            () if says(start, "projects") => Ok(true),
            () if says(start, "files") => of_one(),
            () => Ok(is_simple_type || says(start, "api-version")),
        };
    }
    let Ok(page) = parse_html(start, url, declared, &mut Kept::new(&|_| true)) else { return Ok(is_simple_type) };
    if !page.files.is_empty() {
        return of_one();
    }
    Ok(is_simple_type || page.kind != PageKind::ForPeople || (!page.has_fields && page.lists_projects))
}
