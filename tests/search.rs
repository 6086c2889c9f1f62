//! The search: what it finds, in which order, and that it always tells what the store holds, whatever happened between the two.

mod library;

use std::{fs, ops::ControlFlow, path::Path};

use library::{Library, item};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use watchfire::{
    model::{Catalogue, Decision, Handle, Item, SafeHtml, SourceId, Story, StoryId, Tag, Text, Timestamp},
    search::{Order, Search, follow},
    store::Store,
    view::{Filter, Place, Total},
};

/// An item with a text of its own.
fn saying(source: &str, title: &str, minutes: i64, text: &str) -> Item {
    Item { body: SafeHtml::vouched(format!("<p>{text}</p>")), ..item(source, title, minutes) }
}

fn words(phrase: &str) -> Filter {
    Filter::Words { place: Place::Anywhere, phrase: phrase.to_owned() }
}

fn titled(phrase: &str) -> Filter {
    Filter::Words { place: Place::Title, phrase: phrase.to_owned() }
}

fn not(filter: Filter) -> Filter {
    Filter::Not(Box::new(filter))
}

/// An index in a folder of its own that knows all of the store.
fn index(dir: &Path, store: &Store) -> Search {
    let (search, told) = Search::open(dir).expect("opens");
    assert_eq!(told, []);
    catch_up(&search, store);
    search
}

fn catch_up(search: &Search, store: &Store) {
    search.catch_up(store, |_| ControlFlow::Continue(())).expect("caught up");
}

fn found(search: &Search, filter: &Filter) -> Vec<StoryId> {
    search.find(filter, Order::Newest, 0, 100).expect("found")
}

/// The titles of the stories that a filter lets through, newest first.
fn titles(search: &Search, store: &Store, filter: &Filter) -> Vec<String> {
    let ids = found(search, filter);
    assert_eq!(search.count(filter).expect("counted"), Total::Exactly(ids.len()));
    ids.into_iter().map(|id| store.story(id).expect("read").expect("there").first().title.as_str().to_owned()).collect()
}

/// Every story, by way of the index and by way of the store.
fn compare(search: &Search, store: &Store) {
    let of_store: Vec<_> = store.newest(1000).expect("read").stories.iter().map(|story| story.id).collect();
    let of_index = search.find(&Filter::All(Vec::new()), Order::Newest, 0, 1000).expect("found");
    assert!(of_index == of_store, "{} stories in the index, {} in the store, or in another order", of_index.len(), of_store.len());
}

/// Three stories, the last of them the newest.
fn library() -> Library {
    let tag = Tag { catalogue: Catalogue::Cve, name: "CVE-2024-3094".to_owned(), is_primary: true };
    let backdoor = Item {
        tags: vec![tag],
        categories: vec![Text::line("Supply chain", 80)],
        ..saying("krebs", "Backdoor in xz", 10, "An instructor found CVE-2024-3094 in liblzma. Log4j was nothing.")
    };
    let chinese = Item {
        language: Some(Text::line("zh-CN", 20)),
        ..saying("freebuf", "网络安全周报", 20, "本周漏洞CVE-2024-3094被利用，Tor 項目發布更新。第3季度")
    };
    Library::with(&[backdoor, chinese, saying("wire", "Quiet day", 30, "Nothing. New: exploits in the wild")])
}

#[test]
fn words_are_found_at_their_boundaries_in_both_scripts() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let (store, search) = (library.store(), index(dir.path(), &library.store()));
    let (backdoor, chinese, quiet) = ("Backdoor in xz", "网络安全周报", "Quiet day");
    for (filter, wanted) in [
        (words("instructor"), vec![backdoor]),
        (words("Tor"), vec![chinese]),
        (words("LIBLZMA"), vec![backdoor]),
        (words("liblzm"), vec![]),
        (words("found CVE-2024-3094 in"), vec![backdoor]),
        (words("CVE‑2024‑3094"), vec![chinese, backdoor]),
        (words("CVE-2024-309"), vec![]),
        (words("in the wild"), vec![quiet]),
        (words("the in wild"), vec![]),
        (words("supply chain"), vec![backdoor]),
        (words("漏洞"), vec![chinese]),
        (words("漏"), vec![chinese]),
        (words("洞"), vec![chinese]),
        (words("度"), vec![chinese]),
        (words("季"), vec![chinese]),
        (words("网络安全周报"), vec![chinese]),
        (words("络安全周"), vec![chinese]),
        (words("网络周报"), vec![]),
        (words("网安"), vec![]),
        (words("漏洞CVE"), vec![chinese]),
        (words("Tor项目发布"), vec![chinese]),
        (words("第3季"), vec![chinese]),
        (words("被利用"), vec![chinese]),
        (words("利用Tor"), vec![chinese]),
        (titled("backdoor"), vec![backdoor]),
        (titled("instructor"), vec![]),
        (words("—"), vec![]),
        (words("krebs"), vec![]),
    ] {
        assert_eq!(titles(&search, &store, &filter), wanted, "{filter:?}");
    }
}

#[test]
fn filters_combine() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let (store, search) = (library.store(), index(dir.path(), &library.store()));
    let (backdoor, chinese, quiet) = ("Backdoor in xz", "网络安全周报", "Quiet day");
    let source = |id: &str| Filter::Source(SourceId::parse(id).expect("a slug"));
    let moment = |minutes: i64| Some(item("a", "a", minutes).published.expect("a date").at());
    let published = |from: Option<Timestamp>, until: Option<Timestamp>| Filter::Published { from, until };
    for (filter, wanted) in [
        (Filter::All(vec![]), vec![quiet, chinese, backdoor]),
        (Filter::Any(vec![]), vec![]),
        (Filter::Any(vec![source("krebs"), source("wire")]), vec![quiet, backdoor]),
        (Filter::All(vec![words("CVE-2024-3094"), not(words("漏洞"))]), vec![backdoor]),
        (not(words("漏洞")), vec![quiet, backdoor]),
        (Filter::All(vec![not(source("wire")), not(source("krebs"))]), vec![chinese]),
        (Filter::Any(vec![not(words("in")), words("wild")]), vec![quiet, chinese]),
        (Filter::Tag("CVE-2024-3094".to_owned()), vec![backdoor]),
        (Filter::Tag("cve-2024-3094".to_owned()), vec![backdoor]),
        (Filter::Tag("CVE-2024-309".to_owned()), vec![]),
        (Filter::Language("zh".to_owned()), vec![chinese]),
        (Filter::Language("en".to_owned()), vec![quiet, backdoor]),
        (published(moment(20), None), vec![quiet, chinese]),
        (published(None, moment(20)), vec![backdoor]),
        (published(moment(20), moment(30)), vec![chinese]),
        (published(None, None), vec![quiet, chinese, backdoor]),
    ] {
        assert_eq!(titles(&search, &store, &filter), wanted, "{filter:?}");
    }
}

#[test]
fn a_sources_name_finds_what_it_brought() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let (store, search) = (library.store(), index(dir.path(), &library.store()));
    let revision = search.revision();
    search.name(vec![(SourceId::parse("krebs").expect("a slug"), "Krebs on Security".to_owned())]);
    assert!(search.revision() > revision);
    assert_eq!(titles(&search, &store, &words("krebs on security")), ["Backdoor in xz"]);
    assert_eq!(titles(&search, &store, &Filter::All(vec![words("krebs"), words("liblzma")])), ["Backdoor in xz"]);
    assert_eq!(titles(&search, &store, &titled("krebs")), [""; 0]);
}

#[test]
fn pages_follow_each_other_and_the_best_stand_first_when_asked() {
    let mut items: Vec<_> = (0..40).map(|n| saying("a", &format!("Item number {n}"), n, &format!("a{n} common words x{n}"))).collect();
    items.push(saying("b", "Common words", 0, "common words and common words"));
    let (library, dir) = (Library::with(&items), tempfile::tempdir().expect("a folder"));
    let search = index(dir.path(), &library.store());
    let page = |order, skip, limit| search.find(&words("common words"), order, skip, limit).expect("found");
    let all = page(Order::Newest, 0, 100);
    assert_eq!((all.len(), search.count(&words("common words")).expect("counted")), (41, Total::Exactly(41)));
    assert_eq!([page(Order::Newest, 0, 25), page(Order::Newest, 25, 25)].concat(), all);
    for (skip, limit) in [(41, 10), (0, 0), (usize::MAX, usize::MAX)] {
        assert_eq!(page(Order::Newest, skip, limit), [], "{skip} {limit}");
    }
    let best = library.store().story(page(Order::Best, 0, 1)[0]).expect("read").expect("there");
    assert_eq!(best.first().title.as_str(), "Common words");
}

#[test]
fn edits_copies_and_decisions_are_followed() {
    let title = "Attackers exploit a flaw in the example gateway to steal sessions";
    let [one, copy, other] = [
        saying("a", title, 0, "the original"),
        saying("b", title, 5, "the copy says plover"),
        saying("c", "Something else entirely, of another day", 9, "nothing"),
    ];
    let library = Library::with(std::slice::from_ref(&one));
    let dir = tempfile::tempdir().expect("a folder");
    let (store, search) = (library.store(), index(dir.path(), &library.store()));
    let ids = |phrase: &str| found(&search, &words(phrase));
    let now = one.first_seen;

    library.add(&[copy.clone(), other.clone()]);
    catch_up(&search, &store);
    let stories: Vec<Story> = store.stories().collect::<Result<_, _>>().expect("read");
    assert_eq!(stories.len(), 2, "a story of two copies, and another one");
    assert_eq!((ids("original"), ids("plover")), (vec![stories[0].id], vec![stories[0].id]));

    library.add(&[Item { body: SafeHtml::vouched("<p>the edited text</p>".to_owned()), ..one.clone() }]);
    catch_up(&search, &store);
    assert_eq!((ids("original"), ids("edited")), (vec![], vec![stories[0].id]));

    let decide = |decision: &Decision| {
        store.decide(decision, now).expect("the store works").expect("carried out");
        catch_up(&search, &store);
        compare(&search, &store);
    };
    decide(&Decision::Split(Handle::Id(copy.id)));
    let own = store.story_of(copy.id).expect("read").expect("a story");
    assert_ne!(own, stories[0].id);
    assert_eq!(ids("plover"), [own], "the story that it left does not say so any longer");
    decide(&Decision::Merge(Handle::Id(copy.id), Handle::Id(other.id)));
    assert_eq!((ids("plover"), ids("entirely")), (vec![own], vec![own]));

    assert!(store.purge(other.id, now).expect("purged"));
    catch_up(&search, &store);
    assert_eq!((ids("plover"), ids("entirely")), (vec![own], vec![]));
    assert!(store.purge(copy.id, now).expect("purged"));
    assert!(store.purge(one.id, now).expect("purged"));
    catch_up(&search, &store);
    assert_eq!(found(&search, &Filter::All(vec![])), []);
}

#[test]
fn nothing_is_lost_between_a_commit_and_its_indexing() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let store = library.store();
    drop(index(dir.path(), &store));
    library.add(&[saying("wire", "Committed, then killed", 40, "gone before the index heard of it")]);
    drop(store);
    let library = library.reopened();
    let search = index(dir.path(), &library.store());
    assert_eq!(found(&search, &words("killed")).len(), 1);
    compare(&search, &library.store());
}

#[test]
fn what_is_left_off_halfway_goes_on_there() {
    let items: Vec<_> = (0..700).map(|n| item("a", &format!("Item number {n} has a title of its own {}", n * 7919), n * 600)).collect();
    let (library, dir) = (Library::with(&items), tempfile::tempdir().expect("a folder"));
    let store = library.store();
    let search = Search::open(dir.path()).expect("opens").0;
    let progress = search.catch_up(&store, |_| ControlFlow::Break(())).expect("begun");
    assert!(progress.share < 1.0 && !search.is_ready(), "{progress:?}");
    let begun = search.stories();
    drop(search);
    let search = Search::open(dir.path()).expect("opens").0;
    assert_eq!((search.stories(), search.is_ready()), (begun, false));
    let progress = search.catch_up(&store, |_| ControlFlow::Continue(())).expect("caught up");
    assert!(progress.stories < 700 && search.is_ready(), "{progress:?}");
    compare(&search, &store);
    search.rest().expect("rests");
    compare(&search, &store);
}

#[test]
fn missing_damaged_and_foreign_indexes_are_made_again() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let path = dir.path().join("search");
    drop(index(&path, &library.store()));

    fs::remove_dir_all(&path).expect("removed");
    let search = index(&path, &library.store());
    compare(&search, &library.store());
    drop(search);

    let damaged = |name: &str, bytes: &[u8]| {
        let victim = fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path());
        let victim = victim.filter(|path| path.to_string_lossy().ends_with(name)).max().expect("such a file");
        fs::write(victim, bytes).expect("written");
        let (search, told) = Search::open(&path).expect("opens");
        assert_eq!(told.len(), 1, "{name}");
        assert!(!search.is_ready());
        catch_up(&search, &library.store());
        compare(&search, &library.store());
    };
    damaged("meta.json", b"{");
    damaged(".idx", b"");
    damaged(".fast", &[7; 100]);

    let other = Library::with(&[item("z", "Another store", 0)]);
    let search = index(&path, &other.store());
    compare(&search, &other.store());
}

#[test]
fn a_store_that_was_set_back_is_followed_anew() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let journal = library.path().join("journal");
    library.store().flush().expect("flushed");
    let before = fs::read(&journal).expect("a journal");
    library.add(&[item("wire", "Later forgotten by a restored copy", 50)]);
    drop(index(dir.path(), &library.store()));
    let library = library.restored(&before);
    let search = index(dir.path(), &library.store());
    assert_eq!(found(&search, &words("forgotten")), []);
    compare(&search, &library.store());
}

#[test]
fn what_is_more_than_a_thousand_is_said_in_one_way_however_the_index_lies() {
    let items: Vec<_> = (0..1001).map(|n| item("a", &format!("Item number {n} has a title of its own {}", n * 7919), n * 600)).collect();
    let (library, dir) = (Library::with(&items), tempfile::tempdir().expect("a folder"));
    let search = index(dir.path(), &library.store());
    let but_one = Filter::All(vec![Filter::Not(Box::new(words("number 7")))]);
    let counted = [Filter::All(vec![]), but_one].map(|filter| search.count(&filter).expect("counted"));
    assert_eq!(counted, [Total::MoreThan(1000), Total::Exactly(1000)]);
}

#[tokio::test(start_paused = true)]
async fn an_index_that_cannot_be_written_is_told_until_it_can_be() {
    let (library, dir) = (library(), tempfile::tempdir().expect("a folder"));
    let (folder, elsewhere) = (dir.path().join("search"), dir.path().join("elsewhere"));
    let (search, _) = Search::open(&folder).expect("opens");
    let (told, mut is_following) = watch::channel(true);
    let end = CancellationToken::new();
    let following = tokio::spawn(follow(search.clone(), library.store(), told, end.clone()));
    is_following.changed().await.expect("told");
    fs::rename(&folder, &elsewhere).expect("moved");
    library.add(&[saying("wire", "Later", 40, "News")]);
    is_following.wait_for(|is_so| !is_so).await.expect("told");
    fs::rename(&elsewhere, &folder).expect("moved back");
    is_following.wait_for(|is_so| *is_so).await.expect("told");
    compare(&search, &library.store());
    end.cancel();
    following.await.expect("ends");
}
