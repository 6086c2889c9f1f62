//! The names and addresses of a daemon that tests make outputs of.

use std::time::Duration;

use watchfire::{
    model::{Images, Link, Text},
    render::{Manners, Site},
};

pub fn site() -> Site {
    Site {
        feed_uuid: uuid::Uuid::from_u128(0x5eed),
        title: Text::line("Watchfire", 80),
        author: Text::line("Watchfire", 80),
        subtitle: Text::default(),
        home: Link::parse("https://watch.example.org/").expect("a link"),
        timezone: chrono_tz::UTC,
        images: Images::Link,
        hubs: Vec::new(),
        manners: Manners {
            user_agent: "Watchfire/0.1.0 (+https://watch.example.org/about)".to_owned(),
            contact: None,
            interval: Duration::from_secs(3600),
            interval_min: Duration::from_secs(900),
            robots: false,
        },
    }
}
