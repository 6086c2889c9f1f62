//! Adds sources to the configuration and takes them out, without touching anything else in it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::{
    Choice,
    discover::{Discovered, discover},
    replace::replace,
    wiring::fetcher,
};
use crate::{
    config::{self, NewSource, Settings},
    model::{Link, PrivateHost, Source, SourceId, Text},
};

/// Longest id that is made of a host's name, in characters.
const ID_CHARS_MAX: usize = 40;

/// Longest part of an id that is made of a path; enough of a digest to tell accounts on a bridge apart.
const PATH_CHARS_MAX: usize = 12;

/// Parts of a path that tell nothing.
const PLAIN_PARTS: [&str; 12] =
    ["", "feed", "feeds", "rss", "atom", "feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json", "rss2.xml", "feed.atom"];

/// What the operator says of a new source.
#[derive(Debug, Clone, Default)]
pub struct SourceWish {
    /// The feed, or a page that names it.
    pub address: String,
    /// Its slug; else one is made of the host.
    pub id: Option<String>,
    /// Its name.
    pub title: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// Add it although it looks like one that is there.
    pub anyway: bool,
    /// Only show what would be done.
    pub dry_run: bool,
}

/// A source that was added, or would be.
#[derive(Debug)]
pub struct Added {
    /// What was found there.
    pub found: Discovered,
    /// The table.
    pub table: String,
    /// The file that it stands in.
    pub file: PathBuf,
}

/// Finds the feed behind an address and writes it into the main file. A running daemon notices by itself. `say` hears where it looks.
pub async fn add_source(choice: &Choice, wish: &SourceWish, say: impl FnMut(&Link)) -> anyhow::Result<Added> {
    let settings = choice.load_or_default()?;
    let address = address(&wish.address)?;
    let id = wish.id.as_deref().map(|id| free_id(&settings, id)).transpose()?;
    // Nobody is asked for what is there.
    refuse_known(&settings, &address, wish.anyway)?;
    let found = discover(&fetcher(&settings)?, &address, say).await?;
    refuse_known(&settings, &found.url, wish.anyway)?;
    let id = id.unwrap_or_else(|| slug(&found.url, |id| settings.source(id).is_ok()));
    let source = NewSource {
        id,
        url: found.url.clone(),
        title: wish
            .title
            .as_deref()
            .or(found.inspected.channel.title.as_deref())
            .map(|title| Text::line(title, Source::TITLE_CHARS_MAX).to_string()),
        tags: wish.tags.clone(),
        allow_private: found.allow_private.as_ref().map(PrivateHost::as_str).map(str::to_owned),
    };
    let file = main_file(&settings)?.to_owned();
    let text = config::with_source(&fs::read_to_string(&file).with_context(|| format!("`{}`", file.display()))?, &source);
    choice.load_as_if(&file, (&file, &text))?;
    if !wish.dry_run {
        replace(&file, text.as_bytes(), None).with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    Ok(Added { found, table: source.table(), file })
}

/// Takes a source out of the file that names it, and says which one that is. Its items stay.
pub fn remove_source(choice: &Choice, id: &str) -> anyhow::Result<PathBuf> {
    let settings = choice.load_or_default()?;
    let id = SourceId::parse(id)?;
    for file in &settings.files {
        let text = fs::read_to_string(file).with_context(|| format!("`{}`", file.display()))?;
        let Some(text) = config::without_source(&text, &id) else { continue };
        let changed = choice.load_as_if(main_file(&settings)?, (file, &text))?;
        let kept: Vec<_> = settings.sources.iter().filter(|source| source.id != id).collect();
        // The text is cut by its lines: whatever was misread, no other source may change.
        anyhow::ensure!(changed.sources.iter().eq(kept), "`{}` is written in a way that only its owner can edit", file.display());
        replace(file, text.as_bytes(), None).with_context(|| format!("`{}` cannot be written", file.display()))?;
        return Ok(file.clone());
    }
    settings.source(&id).map_err(anyhow::Error::msg)?;
    anyhow::bail!("`{id}` is written in a way that only its owner can edit")
}

/// The id that the operator wants, if no source has it or had it.
fn free_id(settings: &Settings, id: &str) -> anyhow::Result<SourceId> {
    let id = SourceId::parse(id)?;
    let owner = settings.sources.iter().find(|source| source.id == id || source.formerly.contains(&id));
    match owner {
        None => Ok(id),
        Some(source) if source.id == id => anyhow::bail!("`{id}` is a source already"),
        Some(source) => anyhow::bail!("`{id}` is a name that `{}` had before", source.id),
    }
}

/// An error if a source has this address, or one that differs in scheme, `www.` or a last slash alone: that may be another feed, so that
/// an operator who knows better adds it `anyway`.
fn refuse_known(settings: &Settings, url: &Link, anyway: bool) -> anyhow::Result<()> {
    let spelling = config::spelling(url.as_str());
    for source in settings.sources.iter().filter(|source| config::spelling(source.url.as_str()) == spelling) {
        anyhow::ensure!(source.url != *url, "`{url}` is the source `{}` already", source.id);
        anyhow::ensure!(anyway, "`{url}` seems to be the source `{}` in another spelling; `--anyway` adds it all the same", source.id);
    }
    Ok(())
}

pub(super) fn main_file(settings: &Settings) -> anyhow::Result<&Path> {
    settings.files.first().map(PathBuf::as_path).context("there is no configuration to change")
}

/// An address as people type it: without a scheme it is `https`.
fn address(typed: &str) -> anyhow::Result<Link> {
    let link = if typed.contains("://") { Link::parse(typed) } else { Link::parse(&format!("https://{typed}")) };
    link.with_context(|| format!("`{typed}`"))
}

/// A slug made of the host that is not taken: where that is, with the last part of the path, and with a number where that is, too.
pub(super) fn slug(url: &Link, is_taken: impl Fn(&SourceId) -> bool) -> SourceId {
    let host = url.host();
    let bare = host.trim_start_matches("www.").trim_start_matches("feeds.").trim_start_matches("blog.");
    let host = Some(words(bare, ID_CHARS_MAX)).filter(|slug| !slug.is_empty()).unwrap_or_else(|| "source".to_owned());
    let url = url.to_url();
    let parts = url.path_segments().into_iter().flatten();
    let telling = parts.rev().find(|part| !PLAIN_PARTS.contains(&part.to_ascii_lowercase().as_str())).unwrap_or_default();
    let path = words(telling.rsplit_once('.').map_or(telling, |(stem, _)| stem), PATH_CHARS_MAX);
    let longer = Some(format!("{host}-{path}")).filter(|_| !path.is_empty());
    let base = longer.clone().unwrap_or_else(|| host.clone());
    let candidates = std::iter::once(host).chain(longer).chain((2..).map(|number| format!("{base}-{number}")));
    let mut free = candidates.filter_map(|id| SourceId::parse(&id).ok()).filter(|id| !is_taken(id));
    free.next().expect("the candidates are without end")
}

/// Letters and digits in lower case, with dashes between.
fn words(text: &str, chars_max: usize) -> String {
    let slug: String = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(chars_max).collect();
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use std::{path::Path, sync::Arc};

    use super::{address, slug};
    use crate::{
        config,
        model::{Cadence, Link, Source, SourceId},
    };

    #[test]
    fn a_slug_is_made_of_the_host_and_is_free() {
        let mut settings = config::defaults(Path::new(""));
        for (typed, wanted) in [
            ("www.freebuf.com/feed", "freebuf-com"),
            ("https://freebuf.com/other", "freebuf-com-other"),
            ("https://freebuf.com/rss.xml", "freebuf-com-2"),
            ("https://freebuf.com/a/0123456789abcdef.xml?x", "freebuf-com-0123456789ab"),
            ("http://127.0.0.1:8000/", "127-0-0-1"),
            ("https://网安.example/", "xn--"),
        ] {
            let url = address(typed).expect(typed);
            let id = slug(&url, |id| settings.source(id).is_ok());
            assert!(id.as_str().starts_with(wanted), "{typed} {id}");
            settings.sources.push(Arc::new(Source::new(
                SourceId::parse(id.as_str()).expect("a slug"),
                url,
                Cadence::Every(std::time::Duration::MAX),
            )));
        }
        assert_eq!(address("a.example/x").ok().as_ref().map(Link::as_str), Some("https://a.example/x"));
        assert!(address("ftp://a.example/").is_err());
    }
}
