//! Takes the feeds of an OPML list over into a file of `sources.d/`: what is there already, what is dead and what cannot be a source is
//! left out, and told.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    fs,
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;

use super::{
    Choice,
    edit::{main_file, slug},
    probe::{Probe, probe},
    replace::replace,
    wiring::fetcher,
};
use crate::{
    clock::Clock,
    config::{self, NewSource, Settings},
    feed::{self, Subscription},
    fetch::{Client, Fetch, Request, guard},
    model::{Link, PrivateHost, SourceId, Timestamp},
};

/// A feed whose newest item is older is worth a word.
const SILENCE: Duration = Duration::from_secs(2 * 366 * 86_400);

/// Largest list, in bytes.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// What the operator wants of a list.
#[derive(Debug, Clone, Default)]
pub struct ListWish {
    /// A file, an address, or `-` for standard input.
    pub list: String,
    /// The file's name inside `sources.d/`, without `.toml`; else one is made of the list's.
    pub name: Option<String>,
    /// Tags beside those that folders give.
    pub tags: Vec<String>,
    /// Take everything over as it stands, without asking anybody.
    pub unchecked: bool,
    /// Private addresses may be sources.
    pub allow_private: bool,
    /// Only show what would be done.
    pub dry_run: bool,
}

/// What became of one feed of the list.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// Added.
    Added(SourceId),
    /// Added, with something to know.
    AddedWith(SourceId, String),
    /// It is a source already, perhaps in another spelling.
    Known(SourceId),
    /// It stands further up in the list, perhaps in another spelling.
    Repeated,
    /// There is no feed.
    Dead(String),
    /// It cannot be a source.
    Unfit(String),
}

/// What was done.
#[derive(Debug)]
pub struct ImportedList {
    /// Every feed of the list with its fate, in order; addresses without their queries.
    pub feeds: Vec<(String, Fate)>,
    /// The file that they were written to.
    pub file: PathBuf,
}

/// Reads a list, asks its feeds politely, and writes those that answer, or may yet, into the configuration. `told` hears of progress:
/// how many of how many were asked.
pub async fn import_list(choice: &Choice, wish: &ListWish, mut told: impl FnMut(usize, usize)) -> anyhow::Result<ImportedList> {
    let settings = choice.load_or_default()?;
    let client = fetcher(&settings)?;
    let bytes = read(&client, &wish.list).await?;
    let subscriptions = feed::subscriptions(&bytes).with_context(|| format!("`{}`", wish.list))?;
    let (file, text) = target(&settings, wish)?;

    let mut desk = Desk::new(&settings, wish);
    let sorted: Vec<Result<Link, Fate>> = subscriptions.iter().map(|entry| desk.admit(&entry.address)).collect();
    let links: Vec<Link> = sorted.iter().filter_map(|entry| entry.as_ref().ok().cloned()).collect();
    let may_reach: Vec<_> = links.iter().filter(|_| wish.allow_private).filter_map(|link| PrivateHost::parse(&link.authority())).collect();
    let mut asked = 0;
    let probes = match wish.unchecked {
        true => Vec::new(),
        false => {
            told(0, links.len());
            let step = || {
                asked += 1;
                told(asked, links.len());
            };
            probe(&client, &links, &may_reach, step).await
        }
    };
    let is_offline = |probe: &Probe| matches!(probe, Probe::Doubtful { looks_offline: true, .. });
    anyhow::ensure!(
        probes.is_empty() || !probes.iter().all(is_offline),
        "none of {} feeds can be reached: our own network seems to be down; `--unchecked` takes them over without asking",
        links.len()
    );
    let mut probes = probes.into_iter();
    let (mut feeds, mut tables) = (Vec::new(), String::new());
    for (entry, sorted) in subscriptions.iter().zip(sorted) {
        let fate = sorted.map_or_else(|fate| fate, |link| desk.settle(entry, &link, probes.next(), &mut tables));
        feeds.push((shown(&entry.address), fate));
    }
    if !tables.is_empty() {
        // Whatever a list holds, it must not break the configuration: all of it is read once more with the new tables.
        let main = main_file(&settings)?;
        let whole = fs::read_to_string(main).with_context(|| format!("`{}`", main.display()))? + "\n" + &tables;
        choice.load_as_if(main, (main, &whole))?;
        if !wish.dry_run {
            let folder = file.parent().unwrap_or(Path::new(""));
            fs::create_dir_all(folder).with_context(|| format!("`{}` cannot be made", folder.display()))?;
            replace(&file, (text + &tables).as_bytes(), None).with_context(|| format!("`{}` cannot be written", file.display()))?;
        }
    }
    Ok(ImportedList { feeds, file })
}

/// Decides about one feed after the other, each in the light of those before it.
struct Desk<'a> {
    wish: &'a ListWish,
    /// Every address that is taken, without what is spelled this way and that, and the source that has it.
    taken: HashMap<String, Option<SourceId>>,
    ids: HashSet<SourceId>,
    now: Timestamp,
}

impl<'a> Desk<'a> {
    fn new(settings: &Settings, wish: &'a ListWish) -> Self {
        let taken = settings.sources.iter().map(|source| (config::spelling(source.url.as_str()), Some(source.id.clone())));
        let ids = settings.sources.iter().map(|source| source.id.clone()).collect();
        Self { wish, taken: taken.collect(), ids, now: Clock::System.now() }
    }

    /// Whether an address is worth asking.
    fn admit(&mut self, address: &str) -> Result<Link, Fate> {
        // Some readers write the scheme that makes a browser call them.
        let plain = address.strip_prefix("feed://").map(|rest| format!("https://{rest}"));
        let plain = plain.or_else(|| address.strip_prefix("feed:").map(str::to_owned)).unwrap_or_else(|| address.to_owned());
        let link = Link::parse(&plain).map_err(|error| Fate::Unfit(error.to_string()))?;
        self.claim(&link)?;
        Ok(link)
    }

    /// Takes an address, unless it is taken.
    fn claim(&mut self, link: &Link) -> Result<(), Fate> {
        match self.taken.entry(config::spelling(link.as_str())) {
            Entry::Vacant(free) => {
                free.insert(None);
                Ok(())
            }
            Entry::Occupied(taken) => Err(taken.get().clone().map_or(Fate::Repeated, Fate::Known)),
        }
    }

    /// Writes the table of a feed that has an answer, or none because nobody was asked.
    fn settle(&mut self, entry: &Subscription, link: &Link, probe: Option<Probe>, tables: &mut String) -> Fate {
        let (mut url, mut title, mut note) = (link.clone(), entry.title.as_ref().map(|title| title.as_str().to_owned()), None);
        match probe {
            None => {}
            Some(Probe::Dead(why)) => return Fate::Dead(why),
            Some(Probe::Doubtful { why, .. }) => note = Some(why),
            Some(Probe::Feed { url: moved, title: own, newest }) => {
                if moved != *link {
                    if let Err(fate) = self.claim(&moved) {
                        return fate;
                    }
                    url = moved;
                }
                title = title.or(own);
                let is_silent = |newest: &Timestamp| newest.as_secs() + (SILENCE.as_secs() as i64) < self.now.as_secs();
                note = newest.filter(is_silent).map(|newest| format!("its newest item is of {}", &newest.rfc3339()[..10]));
            }
        }
        let id = slug(&url, |id| self.ids.contains(id));
        self.ids.insert(id.clone());
        let tags = entry.tags.iter().map(|tag| tag.as_str()).chain(self.wish.tags.iter().map(String::as_str));
        let allow_private = PrivateHost::parse(&url.authority()).filter(|_| self.wish.allow_private && guard::check(&url, &[]).is_err());
        let source = NewSource {
            id: id.clone(),
            url,
            title,
            tags: tags.map(str::to_owned).collect(),
            allow_private: allow_private.map(|host| host.as_str().to_owned()),
        };
        *tables += "\n";
        if let Some(note) = &note {
            *tables += &format!("# When it was imported: {}.\n", note.replace(|c: char| c.is_control(), " "));
        }
        *tables += &source.table();
        note.map_or(Fate::Added(id.clone()), |note| Fate::AddedWith(id, note))
    }
}

async fn read(client: &Client, list: &str) -> anyhow::Result<Vec<u8>> {
    let is_address = list.starts_with("http://") || list.starts_with("https://");
    let mut bytes = Vec::new();
    if is_address {
        let link = Link::parse(list).with_context(|| format!("`{list}`"))?;
        let host = PrivateHost::parse(&link.authority());
        let request = Request { allow_private: host.into_iter().collect(), ..Request::new(link, Clock::System.now()) };
        bytes.extend(client.fetch(request).await.map_err(|failure| anyhow::anyhow!("`{list}`: {failure}"))?.body);
    } else if list == "-" {
        std::io::stdin().take(LIST_BYTES_MAX).read_to_end(&mut bytes).context("standard input")?;
    } else {
        let file = fs::File::open(list).with_context(|| format!("`{list}`"))?;
        file.take(LIST_BYTES_MAX).read_to_end(&mut bytes).with_context(|| format!("`{list}`"))?;
    }
    Ok(bytes)
}

/// The file that the sources go to, and what stands in it now.
fn target(settings: &Settings, wish: &ListWish) -> anyhow::Result<(PathBuf, String)> {
    let folder = main_file(settings)?.parent().unwrap_or(Path::new("")).join("sources.d");
    anyhow::ensure!(
        settings.folders.contains(&folder),
        "the configuration does not read `{}`: `include` must hold `sources.d/*.toml`",
        folder.display()
    );
    let list = wish.list.rsplit(['/', '\\']).next().unwrap_or_default().split(['?', '#']).next().unwrap_or_default();
    let stem = list.rsplit_once('.').map_or(list, |(stem, _)| stem);
    let wanted = wish.name.as_deref().unwrap_or(stem);
    let name: String =
        wanted.to_lowercase().chars().map(|c| if c.is_alphanumeric() || "-_".contains(c) { c } else { '-' }).take(64).collect();
    let name = Some(name.trim_matches('-')).filter(|name| !name.is_empty()).unwrap_or("imported");
    let file = folder.join(format!("{name}.toml"));
    match fs::read_to_string(&file) {
        Ok(text) => Ok((file, text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((file, "# Sources taken over from a list.\n".to_owned())),
        Err(error) => Err(error).with_context(|| format!("`{}`", file.display())),
    }
}

/// An address without its query, which may hold a key.
fn shown(address: &str) -> String {
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    bare.chars().filter(|c| !c.is_control()).take(200).collect()
}
