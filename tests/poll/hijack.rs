//! Sources that are no longer themselves: what they bring waits for an operator, and what only moved does not.

use super::*;

const URL: &str = "https://blog.example/feed";

/// An RSS document with these items: (guid, title, host).
fn feed(items: impl IntoIterator<Item = (String, String, &'static str)>) -> Vec<u8> {
    let items: String = items
        .into_iter()
        .map(|(guid, title, host)| {
            format!(
                "<item><guid isPermaLink=\"false\">{guid}</guid><title>{title}</title><link>https://{host}/{guid}</link>\
                 <description>{title} and more about it</description></item>"
            )
        })
        .collect();
    format!("<rss version=\"2.0\"><channel><title>Blog</title>{items}</channel></rss>").into_bytes()
}

/// The blog on its n-th poll: twenty posts to begin with, four more each time.
fn posts(poll: usize) -> Vec<u8> {
    feed(
        (4 * poll..4 * poll + 20).map(|n| (format!("https://blog.example/{n}"), format!("Analysis of malware number {n}"), "blog.example")),
    )
}

/// What a gambler posts who took the domain over.
fn spam() -> Vec<u8> {
    feed((0..12).map(|n| (n.to_string(), format!("Slot gacor {n}"), "casino.example")))
}

/// A rig whose blog was read ten times, with what it says from then on.
async fn blog(later: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Rig {
    let rig = Rig::new(vec![source("blog", URL)]);
    rig.script.on(URL, Duration::ZERO, move |_, before| Ok(full(URL, if before < 10 { posts(before) } else { later(before - 10) })));
    while rig.script.asked(URL).len() < 10 {
        rig.run_for(HOUR / 2).await;
    }
    assert!(!rig.state("blog").last_failed, "{:?}", rig.state("blog").last_outcome);
    rig
}

fn shows_spam(rig: &Rig) -> bool {
    rig.titles().iter().any(|title| title.contains("gacor"))
}

#[tokio::test(start_paused = true)]
async fn what_a_hijacker_posts_is_held_back_until_it_is_released() {
    let rig = blog(|_| spam()).await;
    rig.run_for(6 * HOUR).await;
    let state = rig.state("blog");
    assert_eq!(state.trouble, Some(Trouble::HeldBack));
    assert!(state.last_outcome.as_ref().is_some_and(|words| words.contains("`casino.example`")), "{state:?}");
    assert!(!shows_spam(&rig));
    let items = rig.store().counts().expect("counts").items;
    let reports = rig.release("blog").await.expect("released");
    assert!(matches!(reports[0].outcome, Outcome::Read(tally) if tally.new == 12), "{reports:?}");
    assert!(shows_spam(&rig));
    assert_eq!(rig.store().counts().expect("counts").items, items + 12);
    assert!(!rig.state("blog").is_released, "once");
    assert!(matches!(rig.release("blog").await, Err(CommandError::Refused(why)) if why == "nothing of `blog` is held back"));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_itself_again_needs_nobody() {
    let rig = blog(|poll| if poll < 2 { spam() } else { posts(12) }).await;
    rig.run_for(2 * HOUR).await;
    assert_eq!(rig.state("blog").trouble, Some(Trouble::HeldBack));
    rig.run_for(2 * DAY).await;
    assert_eq!(rig.state("blog").trouble, None);
    assert!(!shows_spam(&rig) && rig.titles().contains(&"Analysis of malware number 60".to_owned()), "{:?}", rig.titles());
}

#[tokio::test(start_paused = true)]
async fn an_operator_may_switch_the_guard_off() {
    let mut rig = blog(|_| spam()).await;
    rig.sources = vec![Arc::new(Source { guard: false, ..source("blog", URL) })];
    rig.run_for(3 * HOUR).await;
    assert!(shows_spam(&rig));
}
