//! First fetches: the newest of what a source holds is news, the rest can be found.

use super::*;

const URL: &str = "https://blog.example/feed";

/// Posts of these days of November 2026, the newest first; `edit` stands in the text of the oldest.
fn posts(days: impl DoubleEndedIterator<Item = u32>, edit: &str) -> Vec<u8> {
    let items: String = days
        .rev()
        .map(|day| {
            let edit = if day == 1 { edit } else { "" };
            format!(
                "<item><guid>{day}</guid><title>Post of day {day}</title><link>https://blog.example/{day}</link>\
                 <pubDate>{day:02} Nov 2026 08:00:00 GMT</pubDate><description>What happened on day {day}. {edit}</description></item>"
            )
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>Blog</title>{items}</channel></rss>").into_bytes()
}

fn rig(first_new_max: usize) -> Rig {
    let mut rig = Rig::new(vec![source("blog", URL)]);
    rig.items.first_new_max = first_new_max;
    rig
}

#[tokio::test(start_paused = true)]
async fn of_a_first_fetch_the_newest_are_news_and_all_are_kept() {
    let rig = rig(3);
    rig.script.on(URL, Duration::ZERO, |_, before| Ok(full(URL, if before == 0 { posts(1..=20, "") } else { posts(5..=21, "") })));
    rig.run_for(HOUR / 2).await;
    assert_eq!(rig.titles(), ["Post of day 20", "Post of day 19", "Post of day 18"]);
    assert_eq!(rig.store().counts().expect("counts").stories, 20);
    rig.run_for(HOUR).await;
    assert_eq!(rig.titles()[..2], ["Post of day 21", "Post of day 20"], "later ones are news, whatever their number");
    assert!(rig.store().verify(|_| {}).expect("verified").is_sound());
}

#[tokio::test(start_paused = true)]
async fn a_first_fetch_leaves_nothing_for_the_second_to_take_for_news() {
    let mut rig = rig(0);
    rig.items.new_max = 5;
    rig.script.on(URL, Duration::ZERO, |_, before| Ok(full(URL, posts(1..=20, if before == 0 { "" } else { " " }))));
    rig.run_for(3 * HOUR).await;
    assert!(rig.script.asked(URL).len() > 1);
    assert!(rig.titles().is_empty(), "{:?}", rig.titles());
    assert_eq!(rig.store().counts().expect("counts").stories, 20);
}

#[tokio::test(start_paused = true)]
async fn who_catches_up_is_told_what_comes_later_and_what_is_edited() {
    let rig = rig(0);
    rig.script.on(URL, Duration::ZERO, |_, before| {
        Ok(full(
            URL,
            match before {
                0 => posts(1..=20, ""),
                1 => posts(1..=21, ""),
                _ => posts(1..=21, "Correction: it was CVE-2026-4242 after all, and all versions before 2.0 are affected."),
            },
        ))
    });
    rig.run_for(HOUR / 2).await;
    assert!(rig.titles().is_empty(), "{:?}", rig.titles());
    rig.run_for(HOUR).await;
    assert_eq!(rig.titles(), ["Post of day 21"]);
    rig.run_for(HOUR).await;
    let mut titles = rig.titles();
    titles.sort();
    assert_eq!(titles, ["Post of day 1", "Post of day 21"], "an edit in substance is news");
    assert!(rig.store().verify(|_| {}).expect("verified").is_sound());
}
