//! The rule that makes two items one story, through its public face: each case names what it protects.

use std::time::Duration;

use watchfire::{
    dedup::{Fingerprint, KeyTitles, Obstacle, Verdict, agrees, judge, judge_with_key, link_key},
    model::{Item, JoinRule, Link, MergeThresholds, NativeId, Origin, SourceId, Text, Timestamp, ZonedTime},
};

/// One item of a case.
#[derive(Clone)]
struct Case {
    source: &'static str,
    account: Option<&'static str>,
    title: String,
    link: Option<String>,
    declared: Option<String>,
    text: String,
    day: i64,
}

impl Case {
    fn new(source: &'static str, title: &str, text: String) -> Self {
        Self { source, account: None, title: title.to_owned(), link: None, declared: None, text, day: 0 }
    }

    fn link(mut self, link: &str) -> Self {
        self.link = Some(link.to_owned());
        self
    }

    fn declares(mut self, link: &str) -> Self {
        self.declared = Some(link.to_owned());
        self
    }

    fn on_day(mut self, day: i64) -> Self {
        self.day = day;
        self
    }

    fn of_account(mut self, account: &'static str) -> Self {
        self.account = Some(account);
        self
    }

    fn print(&self) -> Fingerprint {
        let source = SourceId::parse(self.source).expect("a slug");
        let native_id = NativeId::new(format!("{}{}", self.title, self.day));
        let link = self.link.as_deref().map(|link| Link::parse(link).expect("a link"));
        let at = Timestamp::from_secs(1_700_000_000) + Duration::from_secs(self.day.unsigned_abs() * 86_400);
        let item = Item {
            origin: self.account.map(|name| Origin { title: Some(name.to_owned()), ..Origin::default() }),
            key: link.as_ref().and_then(link_key),
            link,
            published: Some(ZonedTime::utc(at)),
            ..Item::titled(source, native_id, Text::line(&self.title, 300), at)
        };
        let declared: Vec<Link> = self.declared.iter().map(|link| Link::parse(link).expect("a link")).collect();
        Fingerprint::of(&item, &self.text, &declared)
    }
}

/// Chinese prose of `signs` signs, another for every seed.
fn prose(seed: u64, signs: usize) -> String {
    const SIGNS: &str = "网络安全漏洞攻击数据系统服务器远程代码执行补丁修复影响版本厂商研究人员发现利用恶意软件勒索组织披露分析";
    let signs_known: Vec<char> = SIGNS.chars().collect();
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::new();
    for at in 0..signs {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push(signs_known[(state >> 33) as usize % signs_known.len()]);
        if at % 30 == 29 {
            text.push_str("。\n");
        }
    }
    text
}

/// The first `percent` of one text, and the rest of another.
fn blend(one: &str, other: &str, percent: usize) -> String {
    let signs = one.chars().count() * percent / 100;
    one.chars().take(signs).chain(other.chars().skip(signs)).collect()
}

const TITLE: &str = "某厂商网关设备远程代码执行漏洞分析与复现";
const OTHER_TITLE: &str = "攻击者如何在一夜之间拿下整个内网";

/// The verdict on two items, which must not depend on who came first.
fn verdict(one: &Case, other: &Case) -> Verdict {
    let (one, other) = (one.print(), other.print());
    let thresholds = MergeThresholds::default();
    let verdict = judge(&one, &other, &thresholds);
    assert_eq!(verdict, judge(&other, &one, &thresholds), "the order of arrival decided");
    let is_by_content = verdict.rule().is_some_and(|rule| !matches!(rule, JoinRule::SameLink | JoinRule::DeclaredOrigin));
    let is_found = one.probes().iter().any(|probe| other.probes().contains(probe));
    assert!(is_found || !is_by_content, "a copy that no probe finds");
    verdict
}

#[track_caller]
fn assert_joined(one: &Case, other: &Case, wanted: JoinRule) {
    let verdict = verdict(one, other);
    assert_eq!(verdict.rule(), Some(wanted), "{verdict:?}");
}

#[track_caller]
fn assert_apart(one: &Case, other: &Case, wanted: Obstacle) {
    match verdict(one, other) {
        Verdict::Apart { reason, .. } if reason == wanted => {}
        verdict => panic!("{verdict:?} instead of {wanted:?}"),
    }
}

#[test]
fn one_link_under_other_tracking_parameters_is_one_story() {
    let one = Case::new("a", TITLE, String::new()).link("https://mp.weixin.qq.com/s?__biz=MzA4==&mid=22&idx=1&sn=8a&chksm=fa&scene=58#rd");
    let other = Case::new("b", OTHER_TITLE, String::new()).link("http://mp.weixin.qq.com/s?__biz=MzA4%3D%3D&mid=22&idx=1");
    assert_joined(&one, &other, JoinRule::SameLink);
    // However long ago: an old article that a new source lists without its date.
    assert_joined(&one, &other.on_day(400), JoinRule::SameLink);
}

#[test]
fn an_aggregator_that_puts_the_publishers_name_behind_a_title_brings_a_copy() {
    let one = Case::new("publisher", TITLE, prose(1, 400)).link("https://publisher.example/1");
    let listed = Case::new("aggregator", &format!("{TITLE} - 安全内参"), String::new()).link("https://aggregator.example/r/1");
    assert_joined(&one, &listed.of_account("安全内参"), JoinRule::SameTitle);
}

#[test]
fn a_link_that_one_source_gives_to_several_articles_proves_nothing() {
    let page = |title: &str| Case::new("a", title, String::new()).link("https://example.com/changes");
    assert_apart(&page(TITLE), &page(OTHER_TITLE), Obstacle::LinkReused);
    let fragment = |title: &str, link: &str| Case::new("a", title, String::new()).link(link);
    assert_apart(
        &fragment(TITLE, "https://example.com/talks#one"),
        &fragment("某厂商网关设备远程代码执行漏洞分析", "https://example.com/talks#two"),
        Obstacle::OtherFragment,
    );
}

#[test]
fn a_link_seen_under_three_titles_names_no_article() {
    let page = |source, title: &str| Case::new(source, title, String::new()).link("https://example.com/changes").print();
    let (one, other) = (page("a", TITLE), page("b", OTHER_TITLE));
    let mut seen = KeyTitles::default();
    assert!(seen.note(&one) && seen.note(&other) && !seen.note(&one));
    let thresholds = MergeThresholds::default();
    assert_eq!(judge_with_key(&one, &other, &seen, &thresholds).rule(), Some(JoinRule::SameLink));
    assert!(seen.note(&page("c", "第三个完全不同的标题出现在这里")) && seen.is_degenerate());
    assert_eq!(judge_with_key(&one, &other, &seen, &thresholds).rule(), None);
    assert_eq!(judge_with_key(&one, &page("b", TITLE), &seen, &thresholds).rule(), Some(JoinRule::SameLink));
}

#[test]
fn a_declared_origin_joins_in_either_order_if_the_title_agrees() {
    let origin = Case::new("a", TITLE, prose(1, 80)).link("https://example.com/1");
    let copy = Case::new("b", &format!("【转载】{TITLE}"), prose(2, 60)).declares("https://www.example.com/1?utm_source=x");
    assert_joined(&origin, &copy, JoinRule::DeclaredOrigin);
    let citing = Case::new("b", OTHER_TITLE, prose(3, 900)).declares("https://example.com/1");
    assert_apart(&origin, &citing, Obstacle::Unlike);
}

#[test]
fn the_same_text_is_one_story_whatever_the_title_and_the_script() {
    let text = prose(1, 800);
    let one = Case::new("a", TITLE, text.clone());
    assert_joined(&one, &Case::new("b", OTHER_TITLE, text.clone()).on_day(29), JoinRule::SameText);
    let traditional =
        text.replace('网', "網(wǎng)").replace('络', "絡").replace('击', "擊").replace('数', "數").replace('据', "據").replace('发', "發");
    assert_joined(&one, &Case::new("b", OTHER_TITLE, traditional), JoinRule::SameText);
    assert_joined(&one, &Case::new("b", OTHER_TITLE, blend(&text, &prose(2, 800), 85)), JoinRule::SameText);
}

#[test]
fn a_text_in_part_the_same_needs_a_like_title() {
    let text = prose(1, 800);
    let one = Case::new("a", TITLE, text.clone());
    let half = blend(&text, &prose(2, 800), 66);
    assert_joined(&one, &Case::new("b", "网关设备远程代码执行漏洞分析", half.clone()).on_day(20), JoinRule::LikeTextLikeTitle);
    assert_apart(&one, &Case::new("b", OTHER_TITLE, half), Obstacle::Unlike);
}

#[test]
fn a_summary_is_found_in_its_article_under_nearly_the_same_title() {
    let text = prose(1, 2000);
    let article = Case::new("a", TITLE, text.clone());
    let summary = Case::new("b", "网关设备远程代码执行漏洞分析与复现", text.chars().take(250).collect());
    assert_joined(&article, &summary, JoinRule::ContainedText);
    assert_apart(&article, &summary.on_day(8), Obstacle::Unlike);
}

#[test]
fn the_same_title_joins_within_the_week_unless_the_texts_contradict() {
    let one = Case::new("a", TITLE, String::new());
    assert_joined(&one, &Case::new("b", &format!("专栏 | {TITLE}"), String::new()).on_day(6), JoinRule::SameTitle);
    assert_apart(&one, &Case::new("b", TITLE, String::new()).on_day(7), Obstacle::Unlike);
    let long = |source, seed| Case::new(source, TITLE, prose(seed, 900));
    assert_apart(&long("a", 1), &long("b", 2), Obstacle::OtherText);
    assert_apart(&Case::new("a", "周报", String::new()), &Case::new("b", "周报", String::new()), Obstacle::Unlike);
}

#[test]
fn parts_of_a_series_stay_apart() {
    let text = prose(1, 800);
    for (one, other) in [
        ("每日威胁情报汇总 0726", "每日威胁情报汇总 0729"),
        ("内网渗透学习笔记（一）", "内网渗透学习笔记（二）"),
        ("内核调试入门（上）", "内核调试入门（下）"),
        ("Threat Report, July 2024", "Threat Report, August 2024"),
    ] {
        let (one, other) = (Case::new("a", one, text.clone()), Case::new("a", other, text.clone()).on_day(1));
        assert_apart(&one, &other, Obstacle::OtherNumbers);
        let half = Case { source: "b", text: blend(&text, &prose(2, 800), 80), ..other };
        assert_apart(&one, &half, Obstacle::OtherNumbers);
    }
}

#[test]
fn other_vulnerabilities_are_other_stories_even_in_the_same_words() {
    let text = prose(1, 800);
    let one = Case::new("a", "漏洞通告CVE-2024-1234", text.clone());
    assert_apart(&one, &Case::new("b", "漏洞通告CVE-2024-1235", text.clone()), Obstacle::OtherIds);
    assert_joined(&one, &Case::new("b", "CVE-2024-1234/CVE-2024-9999 预警", text), JoinRule::SameText);
}

#[test]
fn what_one_account_says_twice_stays_apart_unless_it_is_the_same() {
    let text = prose(1, 800);
    let account = |title: &str, text: String| Case::new("documents", title, text).of_account("某实验室");
    assert_apart(&account(TITLE, text.clone()), &account(OTHER_TITLE, text.clone()), Obstacle::SameSource);
    assert_apart(&account(TITLE, text.clone()), &account(TITLE, blend(&text, &prose(2, 800), 80)).on_day(3), Obstacle::SameSource);
    assert_joined(&account(TITLE, text.clone()), &account(TITLE, text.clone()).on_day(3), JoinRule::SameText);
    let elsewhere = Case::new("documents", OTHER_TITLE, text.clone()).of_account("另一家");
    assert_joined(&account(TITLE, text), &elsewhere, JoinRule::SameText);
}

#[test]
fn versions_of_one_text_join_within_days_in_one_source() {
    let text = prose(1, 2500);
    let account = |title: &str, text: String| Case::new("documents", title, text).of_account("某实验室");
    let beginning = |signs: usize| text.chars().take(signs).collect::<String>();
    // Of a tenth of a text a sketch sees five or ten slots: any of these must do.
    for signs in [220, 260, 300, 340, 380] {
        assert_joined(&account(TITLE, text.clone()), &account(TITLE, beginning(signs)), JoinRule::SameTitle);
    }
    assert_joined(&account("网关漏洞的分析", text.clone()), &account("网关漏洞的分析", beginning(1500)), JoinRule::LikeTextLikeTitle);
    assert_joined(&account(TITLE, text.clone()), &account(TITLE, beginning(1250)).on_day(3), JoinRule::LikeTextLikeTitle);
    assert_apart(&account(TITLE, text.clone()), &account(TITLE, beginning(1250)).on_day(8), Obstacle::SameSource);
    assert_apart(&account(TITLE, text.clone()), &account(TITLE, prose(2, 300)), Obstacle::SameSource);
    // A title that was edited needs more: nothing of the shorter text is gone, and little is new.
    let edited = format!("{TITLE}（更新）");
    assert_joined(&account(TITLE, beginning(1900)), &account(&edited, text.clone()).on_day(3), JoinRule::SameText);
    assert_apart(&account(TITLE, beginning(1900)), &account(&edited, text.clone()).on_day(8), Obstacle::SameSource);
    assert_apart(&account(TITLE, beginning(1250)), &account(&edited, text.clone()).on_day(3), Obstacle::SameSource);
    assert_apart(&account(TITLE, text.clone()), &account(&edited, blend(&text, &prose(2, 2500), 85)).on_day(3), Obstacle::SameSource);
    assert_apart(&account(TITLE, text.clone()), &account(OTHER_TITLE, beginning(2000)), Obstacle::SameSource);
}

#[test]
fn what_a_title_leads_to_must_not_be_contradicted() {
    let text = prose(1, 2500);
    let beginning: String = text.chars().take(200).collect();
    let agree = |one: &Case, other: &Case| {
        let thresholds = MergeThresholds::default();
        let [there, back] = [(one, other), (other, one)].map(|(one, other)| agrees(&one.print(), &other.print(), &thresholds));
        assert_eq!(there, back, "the order of the two does not matter");
        there
    };
    let whole = Case::new("a", OTHER_TITLE, text.clone());
    let summary = Case::new("b", TITLE, beginning);
    assert_apart(&whole, &summary, Obstacle::Unlike);
    assert!(agree(&whole, &summary), "it may be the beginning of the text");
    assert!(!agree(&whole, &summary.clone().on_day(3)), "days later it is chance");
    assert!(!agree(&whole, &Case::new("b", TITLE, prose(2, 200))), "another text");
    assert!(!agree(&whole, &Case::new("b", TITLE, String::new())), "no text says nothing");
    assert!(agree(&Case::new("a", TITLE, text.clone()), &Case::new("a", TITLE, String::new())), "one source, one title");
    assert!(!agree(&Case::new("a", &format!("{TITLE} 3"), text), &Case::new("a", &format!("{TITLE} 4"), String::new())), "another part");
}

#[test]
fn the_frame_of_a_site_that_two_sources_feed_from_joins_nothing() {
    let frame = prose(1, 300);
    let one = Case::new("a", TITLE, frame.clone()).link("https://example.com/1");
    let other = Case::new("b", OTHER_TITLE, frame).link("https://www.example.com/2");
    assert_apart(&one, &other, Obstacle::SameSource);
}

#[test]
fn catalogues_of_exploits_need_more_than_their_template() {
    let text = prose(1, 800);
    let one = Case::new("a", "Gadget CMS SQL Injection", text.clone()).link("https://www.exploit-db.com/exploits/1");
    let like = blend(&text, &prose(2, 800), 82);
    assert_apart(&one, &Case::new("b", "Widget Shop Arbitrary File Upload", like.clone()), Obstacle::Template);
    assert_joined(&one, &Case::new("b", "Gadget CMS - SQL Injection exploit", like), JoinRule::SameText);
    let little = blend(&text, &prose(2, 800), 50);
    let edited = "Gadget CMS v1 - Blind SQL Injection";
    assert_apart(&one, &Case::new("b", edited, little.clone()), Obstacle::Unlike);
    assert_joined(&Case { link: None, ..one }, &Case::new("b", edited, little), JoinRule::LikeTextLikeTitle);
}

#[test]
fn items_without_text_are_not_alike_for_that() {
    for text in ["", "赞 在看 分享", "，。！"] {
        let (one, other) = (Case::new("a", TITLE, text.to_owned()), Case::new("b", OTHER_TITLE, text.to_owned()));
        assert_apart(&one, &other, Obstacle::Unlike);
    }
}

#[test]
fn the_window_compares_dates_of_publication() {
    let text = prose(1, 800);
    let one = Case::new("a", TITLE, text.clone());
    assert_apart(&one, &Case::new("b", TITLE, text).on_day(31), Obstacle::Window);
}

#[test]
fn thresholds_are_the_operators() {
    let text = prose(1, 800);
    let (one, other) = (Case::new("a", TITLE, text.clone()).print(), Case::new("b", OTHER_TITLE, blend(&text, &prose(2, 800), 85)).print());
    let strict = MergeThresholds { text: 0.9, ..MergeThresholds::default() };
    assert_eq!(judge(&one, &other, &strict).rule(), None);
    let wordy = MergeThresholds { text_chars_min: 10_000, ..MergeThresholds::default() };
    assert_eq!(judge(&one, &other, &wordy).rule(), None);
}

#[test]
fn the_stronger_verdict_is_the_better_explanation() {
    let text = prose(1, 800);
    let new = Case::new("a", TITLE, text.clone()).link("https://example.com/1").print();
    let thresholds = MergeThresholds::default();
    let strengths: Vec<(u8, u32)> = [
        Case::new("b", OTHER_TITLE, prose(9, 800)),
        Case::new("b", OTHER_TITLE, blend(&text, &prose(2, 800), 85)),
        Case::new("b", OTHER_TITLE, text),
        Case::new("b", OTHER_TITLE, String::new()).link("https://example.com/1"),
    ]
    .iter()
    .map(|old| judge(&new, &old.print(), &thresholds).strength())
    .collect();
    assert!(strengths.is_sorted() && strengths[0].0 == 0 && strengths[1].0 > 0, "{strengths:?}");
}

#[test]
fn hostile_texts_cost_little_and_join_nothing() {
    for text in ["(".repeat(1 << 20), "网(".repeat(1 << 18), "a".repeat(1 << 20), "\u{301}".repeat(1 << 19), "网(wǎng".repeat(1 << 17)] {
        let one = Case::new("a", &text, text.clone()).print();
        assert!(one.probes().len() < 64);
        assert_eq!(judge(&one, &Case::new("b", TITLE, prose(1, 800)).print(), &MergeThresholds::default()).rule(), None);
    }
}
