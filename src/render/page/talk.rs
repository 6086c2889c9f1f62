//! The page of the vulnerabilities that are most talked about.

use super::{
    Head, page,
    plot::{self, Bar},
    words,
};
use crate::{
    model::{Threat, ZonedTime, counted},
    render::{Site, html::Html, risk},
    view::{Mentioned, Week},
};

/// The page over one week, most talked about first, each with what is known of it; `None` where there is no story at all.
pub fn talk(site: &Site, week: Option<Week>, mentions: &[(Mentioned, Threat)]) -> Vec<u8> {
    let own = site.vulnerabilities_url();
    page(site, &Head { title: "Vulnerabilities", canonical: Some(&own), listed: true, feed: None }, |html| {
        html.element("h1", &[("class", "heading")], "Vulnerabilities");
        let Some(week) = week.filter(|_| !mentions.is_empty()) else {
            html.element("p", &[("class", "none")], "No story of the last week is about a vulnerability that has a number.");
            return;
        };
        let [first, .., last] = week.days().map(words::day_name);
        let span = format!("Most talked about from {first} to {last}: stories about each, a bar a day.");
        html.element("p", &[("class", "byline")], &span);
        let counts: Vec<_> = mentions.iter().map(|(mention, _)| week.count(&mention.stories)).collect();
        let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1);
        html.wrap("ol", &[("class", "talk")], |html| {
            for (mention, counts) in mentions.iter().zip(&counts) {
                html.wrap("li", &[], |html| write_mention(html, site, mention, (week, counts, most)));
            }
        });
    })
}

fn write_mention(html: &mut Html, site: &Site, (mention, threat): &(Mentioned, Threat), (week, counts, most): (Week, &[usize], usize)) {
    html.wrap("h2", &[], |html| html.element("a", &[("href", site.vulnerability_url(&mention.name).as_str())], &mention.name));
    let said: Vec<String> = week.days().into_iter().zip(counts).map(|(day, count)| format!("{} {count}", words::day_name(day))).collect();
    let bars: Vec<Bar> = counts.iter().map(|count| Bar { share: *count as f64 / most as f64, class: "bar" }).collect();
    plot::write_bars(html, &format!("Stories a day: {}", said.join(", ")), &bars);
    html.wrap("p", &[], |html| {
        let stories = counted(mention.stories.len(), "story", "stories");
        html.text(&format!("{stories} · {} · first on ", counted(mention.sources, "source", "sources")));
        let first = ZonedTime::utc(mention.first);
        html.element("time", &[("datetime", &first.rfc3339())], &words::day_name(words::day(first, site.timezone)));
    });
    if let Some(sentences) = risk::threat_sentences(threat) {
        html.element("p", &[], &sentences);
    }
}
