//! Settings to parts: the one place that knows how the configuration's values reach the modules that use them.

use std::{net::SocketAddr, sync::Arc};

use uuid::Uuid;

use crate::{
    config::Settings,
    fetch::{self, Client, ClientSettings},
    http::Served,
    model::Text,
    notify::Postings,
    poll::{ImportSettings, Roster},
    render::{Manners, Site, SourceCards},
    store::Store,
    view::WindowLimits,
};

/// Longest title of the feed, in characters.
const TITLE_CHARS_MAX: usize = 300;

/// Who is polled, and within which limits.
pub(super) fn roster(settings: &Settings) -> Roster {
    let poll = settings.poll;
    let mut roster = Roster::new(&settings.sources, poll.schedule, poll.fetch, poll.items, settings.merge);
    roster.robots = poll.robots;
    roster
}

/// The client that polls.
pub(super) fn fetcher(settings: &Settings) -> anyhow::Result<Client> {
    let settings = ClientSettings { user_agent: user_agent(settings), connect: settings.poll.fetch.connect, ..ClientSettings::default() };
    Ok(Client::new(&settings)?)
}

/// Who is told, and what messages say beside the stories.
pub(super) fn postings(settings: &Settings, served: &Served) -> Postings {
    Postings {
        receivers: settings.receivers.clone(),
        views: Arc::clone(&settings.views),
        site: served.site.clone(),
        cards: served.cards.clone(),
    }
}

/// How documents are imported.
pub(super) fn import_settings(settings: &Settings) -> ImportSettings {
    ImportSettings { timezone: settings.documents.timezone, items: settings.poll.items, merge: settings.merge }
}

/// What outputs say beside the stories. `address` is where the daemon really listens: it stands in for a configured port 0.
pub(super) fn served(settings: &Settings, store: &Store, address: SocketAddr) -> anyhow::Result<Served> {
    let site = site(settings, Uuid::parse_str(&store.feed_uuid())?, address);
    let bytes_max = usize::try_from(settings.feed.bytes_max).unwrap_or(usize::MAX);
    Ok(Served {
        site,
        cards: SourceCards::of(settings.sources.iter().map(Arc::as_ref)),
        window: WindowLimits { entries_max: settings.feed.entries_max, bytes_max },
        views: Arc::clone(&settings.views),
        interval_min: settings.poll.schedule.interval_min,
    })
}

/// The daemon's own names and addresses. `address` is where it really listens.
pub(super) fn site(settings: &Settings, feed_uuid: Uuid, address: SocketAddr) -> Site {
    let mut http = settings.http.clone();
    if http.listen.port() == 0 {
        http.listen.set_port(address.port());
    }
    let schedule = settings.poll.schedule;
    Site {
        feed_uuid,
        title: Text::line(&settings.feed.title, TITLE_CHARS_MAX),
        author: Text::line(&settings.feed.author, TITLE_CHARS_MAX),
        subtitle: Text::line(settings.feed.subtitle.as_deref().unwrap_or_default(), TITLE_CHARS_MAX),
        home: http.base_url(),
        timezone: settings.documents.timezone,
        images: settings.feed.images,
        hubs: settings.http.hubs.clone(),
        manners: Manners {
            user_agent: user_agent(settings),
            contact: settings.daemon.contact.clone(),
            interval: schedule.interval,
            interval_min: schedule.interval_min,
            robots: settings.poll.robots,
        },
    }
}

fn user_agent(settings: &Settings) -> String {
    fetch::user_agent(settings.daemon.contact.as_deref(), settings.daemon.subscribers)
}
