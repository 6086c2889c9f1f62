//! What the index finds, against the plain rule of every filter, read story by story: on stories and filters that are drawn.

use std::{cmp::Reverse, collections::BTreeSet};

use watchfire::{
    model::{
        Catalogue, Cve, Item, Member, NativeId, Origin, Risk, SafeHtml, SourceId, Story, StoryId, Tag, Text, Threat, Timestamp, ZonedTime,
    },
    search::{Order, Search, loosened},
    view::{Filter, Place, Total},
};

const STORIES: u64 = 400;
const FILTERS: usize = 2000;

/// What is drawn with.
const SEEDS: [u64; 2] = [7, 8];

/// The sources and what they are called.
const SOURCES: [(&str, &str); 4] = [("krebs", "Krebs on Security"), ("aqk", "安全客"), ("wire", "Tor 漏洞通报"), ("blog", "Blog")];

/// What texts are made of. They run into each other often: that is where a search goes wrong.
const WORDS: [&str; 18] = [
    "tor",
    "Tor",
    "instructor",
    "log4j",
    "CVE",
    "2024",
    "exploit",
    "漏",
    "洞",
    "漏洞",
    "利用",
    "用",
    "安全",
    "网络",
    "网",
    "，",
    "。",
    "-",
];
const TAGS: [(Catalogue, &str); 3] = [(Catalogue::Cve, "CVE-2024-3094"), (Catalogue::Cwe, "CWE-79"), (Catalogue::Cvss, "CVSS 9.8")];
const LANGUAGES: [&str; 3] = ["zh-Hans", "en", "zh"];

/// Pseudo-random numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(0x1405_7B7E_F767_814F);
        ((self.0 >> 33) as usize) % bound
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Some words, with a space between two of them or none.
    fn text(&mut self, words_max: usize) -> String {
        let mut text = String::new();
        for _ in 0..=self.below(words_max) {
            text.push_str(self.of(&WORDS));
            text.push_str(self.of(&["", " "]));
        }
        text.trim().to_owned()
    }

    fn moment(&mut self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + self.below(40) as i64 * 700)
    }

    fn source(&mut self) -> SourceId {
        SourceId::parse(self.of(&SOURCES).0).expect("a slug")
    }

    fn item(&mut self, number: u64) -> Item {
        let title = Text::line(&format!("{} {number}", self.text(4)), 300);
        let tags = (0..self.below(3)).map(|_| {
            let (catalogue, name) = self.of(&TAGS);
            Tag { catalogue, name: name.to_owned(), is_primary: self.below(2) == 0 }
        });
        let tags = tags.collect();
        let lines: String = (0..self.below(4)).map(|_| format!("<p>{}</p>", self.text(6))).collect();
        Item {
            origin: (self.below(4) == 0).then(|| Origin { title: Some(self.text(2)), ..Origin::default() }),
            authors: vec![Text::line(&self.text(2), 80)],
            categories: vec![Text::line(&self.text(2), 80)],
            language: (self.below(3) > 0).then(|| Text::line(self.of(&LANGUAGES), 20)),
            is_roundup: self.below(5) == 0,
            tags,
            body: SafeHtml::vouched(lines),
            ..Item::titled(self.source(), NativeId::new(number.to_string()), title, self.moment())
        }
    }

    fn story(&mut self, number: u64) -> Story {
        let members: Vec<_> = (0..=self.below(3) as u64)
            .map(|copy| Member { item: self.item(number * 10 + copy), joined: None, declared: Vec::new() })
            .collect();
        let [published, updated] = [self.moment(), self.moment()].map(ZonedTime::utc);
        let threat = Threat { exploited: None, likelihood: self.below(10) as u8 };
        let risk = Risk::of(vec![(Cve::parse("CVE-2024-3094").expect("a number"), threat)], None);
        Story { id: StoryId::opened_by(members[0].item.id), entry_id: String::new(), published, updated, risk, members }
    }

    fn filter(&mut self, depth: usize) -> Filter {
        let parts = |chance: &mut Self| (0..chance.below(4)).map(|_| chance.filter(depth - 1)).collect();
        match self.below(if depth > 0 { 10 } else { 7 }) {
            0 => Filter::Tag(self.of(&["cve-2024-3094", "CWE-79", "roundup", "CVSS 9.8", "epss>=0.1", "epss>=0.7", "none"]).to_string()),
            1 => Filter::Source(self.source()),
            2 => Filter::Language(self.of(&["zh", "en", "fr"]).to_string()),
            3 => {
                let [from, until] = [self.moment(), self.moment()].map(|at| (self.below(3) > 0).then_some(at));
                Filter::Published { from, until }
            }
            4..7 => Filter::Words { place: self.of(&[Place::Anywhere, Place::Title]), phrase: self.text(3) },
            7 => Filter::All(parts(self)),
            8 => Filter::Any(parts(self)),
            _ => Filter::Not(Box::new(self.filter(depth - 1))),
        }
    }
}

/// The words of a text; a sign that another follows at once is glued to it.
fn words(text: &str) -> Vec<(String, bool)> {
    let is_sign = |c: char| ('\u{4E00}'..='\u{9FFF}').contains(&c);
    let mut words: Vec<(String, bool)> = Vec::new();
    let mut before = ' ';
    for c in text.to_lowercase().chars() {
        match words.last_mut() {
            Some((word, _)) if c.is_ascii_alphanumeric() && before.is_ascii_alphanumeric() => word.push(c),
            Some((_, is_glued)) if is_sign(c) && is_sign(before) => {
                *is_glued = true;
                words.push((c.to_string(), false));
            }
            _ if is_sign(c) || c.is_ascii_alphanumeric() => words.push((c.to_string(), false)),
            _ => {}
        }
        before = c;
    }
    words
}

/// Whether a line holds a phrase: its words in a row, and its signs glued where they are glued in the line.
fn says(line: &str, phrase: &str) -> bool {
    let (line, phrase) = (words(line), words(phrase));
    let Some((last, begin)) = phrase.split_last() else { return false };
    line.windows(phrase.len()).any(|row| row[..begin.len()] == *begin && row[begin.len()].0 == last.0)
}

/// The rule.
fn holds(filter: &Filter, story: &Story) -> bool {
    let items = || story.members.iter().map(|member| &member.item);
    match filter {
        Filter::All(parts) => parts.iter().all(|part| holds(part, story)),
        Filter::Any(parts) => parts.iter().any(|part| holds(part, story)),
        Filter::Not(part) => !holds(part, story),
        Filter::Words { place: Place::Title, phrase } => items().any(|item| says(item.title.as_str(), phrase)),
        Filter::Words { place: Place::Anywhere, phrase } => items().any(|item| lines(item).iter().any(|line| says(line, phrase))),
        Filter::Tag(tag) => {
            let is_roundup = story.first().is_roundup && tag == "roundup";
            let is_likely =
                tag.strip_prefix("epss>=0.").is_some_and(|tenths| tenths.parse().is_ok_and(|tenths: u8| story.risk.likelihood() >= tenths));
            is_roundup || is_likely || story.tags().into_iter().any(|own| own.is_primary && own.name.eq_ignore_ascii_case(tag))
        }
        Filter::Source(source) => items().any(|item| item.source == *source),
        Filter::Language(language) => items().filter_map(|item| item.language.as_ref()).any(|own| own.as_str().starts_with(language)),
        Filter::Published { from, until } => {
            let at = story.published.at().as_secs();
            from.is_none_or(|from| at >= from.as_secs()) && until.is_none_or(|until| at < until.as_secs())
        }
    }
}

/// Everything that an item says, and what its source is called.
fn lines(item: &Item) -> Vec<String> {
    let body = item.body.as_str().replace("<p>", "");
    let mut lines: Vec<String> = body.split("</p>").map(str::to_owned).collect();
    lines.push(item.title.to_string());
    lines.extend(item.authors.iter().chain(&item.categories).map(ToString::to_string));
    lines.extend(item.tags.iter().map(|tag| tag.name.clone()));
    lines.extend(item.origin.as_ref().and_then(|origin| origin.title.clone()));
    lines.extend(SOURCES.iter().filter(|(id, _)| *id == item.source.as_str()).map(|(_, name)| (*name).to_owned()));
    lines
}

fn drawn(seed: u64) -> (Chance, Vec<Story>, Search, tempfile::TempDir) {
    let mut chance = Chance(seed);
    let stories: Vec<Story> = (0..STORIES).map(|number| chance.story(number)).collect();
    let dir = tempfile::tempdir().expect("a folder");
    let search = Search::open(dir.path()).expect("opens").0;
    search.name(SOURCES.map(|(id, name)| (SourceId::parse(id).expect("a slug"), name.to_owned())).to_vec());
    // In parts, and some of them twice: what replaces a story must count once.
    for part in stories.chunks(90) {
        search.take_in(stories[..20].iter().chain(part).map(|story| (place(&stories, story), story))).expect("taken in");
    }
    (chance, stories, search, dir)
}

fn place(stories: &[Story], story: &Story) -> u64 {
    stories.iter().position(|known| known.id == story.id).expect("one of them") as u64
}

#[test]
fn the_index_finds_what_the_rule_of_a_filter_says() {
    for seed in SEEDS {
        let (mut chance, mut stories, search, _dir) = drawn(seed);
        stories.sort_by_key(|story| (Reverse(story.updated.at()), story.id));
        let (mut found_some, mut found_all) = (0, 0);
        for _ in 0..FILTERS {
            let filter = chance.filter(2);
            let wanted: Vec<_> = stories.iter().filter(|story| holds(&filter, story)).map(|story| story.id).collect();
            assert_eq!(search.count(&filter).expect("counted"), Total::Exactly(wanted.len()), "{seed}: {filter:?}");
            let found = |skip, limit| search.find(&filter, Order::Newest, skip, limit).expect("found");
            assert!(found(0, stories.len()) == wanted, "{seed}: {filter:?}");
            // A page is found among the newest where it can be.
            assert!(wanted.chunks(5).take(3).enumerate().all(|(page, ids)| found(page * 5, 5) == ids), "{seed}: {filter:?}");
            found_some += usize::from(!wanted.is_empty() && wanted.len() < stories.len());
            found_all += usize::from(wanted.len() == stories.len());
        }
        assert!(found_some > FILTERS / 3 && found_all > 0, "the filters say something: {found_some}, {found_all}");
    }
}

#[test]
fn a_loosened_filter_finds_more_and_never_less() {
    let (mut chance, stories, search, _dir) = drawn(SEEDS[0]);
    let mut gained = 0;
    for _ in 0..FILTERS / 4 {
        let filter = Filter::Words { place: Place::Anywhere, phrase: chance.text(3) };
        let Some(loose) = loosened(&filter) else { continue };
        let ids = |filter| search.find(filter, Order::Newest, 0, stories.len()).expect("found").into_iter().collect::<BTreeSet<_>>();
        let (exact, near) = (ids(&filter), ids(&loose));
        assert!(exact.is_subset(&near), "{filter:?}");
        gained += near.len() - exact.len();
    }
    assert!(gained > 0);
}

#[test]
fn what_is_counted_is_what_stands_in_the_stories() {
    let (_, stories, search, _dir) = drawn(SEEDS[0]);
    let begin = Timestamp::from_millis(1_790_000_014_000);
    let shares = search.shares(begin).expect("counted");
    for (id, _) in SOURCES {
        let source = SourceId::parse(id).expect("a slug");
        let told: Vec<_> = stories.iter().filter(|story| story.members.iter().any(|member| member.item.source == source)).collect();
        let first = told.iter().filter(|story| story.first().source == source).count();
        let only = told.iter().filter(|story| story.members.iter().all(|member| member.item.source == source)).count();
        let lately = told.iter().filter(|story| story.published.at() >= begin).count();
        let share = shares[&source];
        let counted = [share.stories, share.lately, share.first, share.only].map(|count| count as usize);
        assert_eq!(counted, [told.len(), lately, first, only], "{id}");
    }
    let about = |story: &&Story| story.tags().iter().any(|tag| tag.is_primary && tag.name == "CVE-2024-3094");
    let all: Vec<_> = stories.iter().filter(about).map(|story| Timestamp::from_secs(story.published.at().as_secs())).collect();
    let mut recent: Vec<_> = all.iter().copied().filter(|at| *at >= begin).collect();
    recent.sort();
    let talk = search.talk(begin, 10).expect("counted");
    assert_eq!(talk.len(), 1, "a weakness and a score are no vulnerabilities");
    assert_eq!((talk[0].name.as_str(), &talk[0].stories, talk[0].sources), ("CVE-2024-3094", &recent, 4));
    assert_eq!(Some(talk[0].first), all.into_iter().min());
    let newest = stories.iter().map(|story| story.published.at().as_secs()).max().map(Timestamp::from_secs);
    assert_eq!(search.newest().expect("read"), newest);
}
