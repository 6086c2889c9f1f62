//! An operator's word stands above every rule: decisions, their refusals, and what outlives what.

mod library;

use library::{Library, item};
use watchfire::{
    dedup::{Obstacle, Verdict},
    model::{Decision, Handle, Item, ItemId, JoinRule, NativeId, SafeHtml, SourceState, Story, StoryId, Timestamp},
    store::{Decided, PollCommit, Refusal, Store},
};

const TITLE: &str = "Attackers exploit a flaw in the example gateway to steal the sessions of administrators";

fn now() -> Timestamp {
    Timestamp::from_secs(1_795_000_000)
}

fn id(item: &Item) -> Handle {
    Handle::Id(item.id)
}

/// The stories as their sources, oldest first.
fn grouped(store: &Store) -> Vec<Vec<String>> {
    let sources = |story: Story| story.members.iter().map(|member| member.item.source.to_string()).collect();
    store.stories().map(|story| sources(story.expect("readable"))).collect()
}

fn entries(store: &Store) -> Vec<StoryId> {
    store.newest(100).expect("readable").stories.iter().map(|story| story.id).collect()
}

/// Three copies in one story, and an item beside it.
fn copies() -> (Library, [Item; 4]) {
    let items =
        [item("a", TITLE, 10), item("b", TITLE, 5), item("c", TITLE, 20), item("d", "Nothing to do with any of the others here", 0)];
    let library = Library::with(&items);
    assert_eq!(grouped(&library.store()), [vec!["a", "b", "c"], vec!["d"]]);
    (library, items)
}

fn decide(library: &Library, decision: &Decision) -> Result<Decided, Refusal> {
    library.store().decide(decision, now()).expect("the store works")
}

/// Restarts and rebuilds must show what was decided, byte for byte.
fn lasts(library: Library) -> Library {
    let shown = |library: &Library| format!("{:#?} {:?}", library.store().stories().collect::<Vec<_>>(), entries(&library.store()));
    let before = shown(&library);
    assert!(library.store().verify(|_| ()).expect("checked").is_sound(), "a second index has the same rows");
    let library = library.rebuilt();
    assert_eq!(shown(&library), before);
    library
}

#[test]
fn split_copy_opens_its_own_story_and_stays_out() {
    let (library, [a, b, c, d]) = copies();
    let before = library.store().newest(1).expect("readable").stories[0].clone();
    let generation = library.store().generation();
    let own = StoryId::opened_by(b.id);
    assert_eq!(decide(&library, &Decision::Split(id(&b))), Ok(Decided::Split { from: before.id, opened: own }));
    assert!(library.store().generation() > generation);
    let library = lasts(library);
    assert_eq!(grouped(&library.store()), [vec!["a", "c"], vec!["b"], vec!["d"]]);

    let (left, split) =
        (library.store().story(before.id).expect("read").expect("left"), library.store().story(own).expect("read").expect("own"));
    assert_eq!(
        (left.id, &left.entry_id, left.updated),
        (before.id, &before.entry_id, before.updated),
        "the story that is left stays itself"
    );
    assert_eq!(left.published, a.dated(), "the copy took its earlier date along");
    assert_eq!((split.published, split.members[0].joined.map(|joined| joined.rule)), (b.dated(), Some(JoinRule::Operator)));
    assert_ne!(split.entry_id, left.entry_id);

    let renamed = NativeId::new("b again".to_owned());
    let again = Item { id: ItemId::of(&b.source, &renamed), native_id: renamed, link: None, key: None, ..b.clone() };
    library.add(&[again]);
    assert_eq!(grouped(&library.store())[0], ["a", "c"], "the same item under a new id, without its link");

    let edited = Item { body: SafeHtml::vouched("<p>edited</p>".to_owned()), ..b.clone() };
    library.add(&[a, edited, c, d, item("e", TITLE, 30)]);
    let now = grouped(&library.store());
    assert_eq!(now.len(), 3, "what comes again, edited or not, and further copies make no two stories one: {now:?}");
}

#[test]
fn merged_stories_keep_the_older_id_and_the_other_leads_there() {
    let (library, [a, _, _, d]) = copies();
    let (older, younger) = (StoryId::opened_by(a.id), StoryId::opened_by(d.id));
    let link = Handle::Link(d.link.clone().expect("a link"));
    assert_eq!(decide(&library, &Decision::Merge(link, id(&a))), Ok(Decided::Merged { into: older, gone: younger, lifted: false }));
    let library = lasts(library);
    let store = library.store();
    assert_eq!(grouped(&store), [["a", "b", "c", "d"]]);
    assert_eq!(entries(&store), [older]);
    assert_eq!(store.story(younger).expect("read"), None);
    assert_eq!(store.story_of(d.id).expect("read"), Some(older));
    let story = store.story(older).expect("read").expect("there");
    assert_eq!((story.published, story.updated), (d.dated(), a.dated()), "a copy bumps nothing, and may be older");
    assert_eq!(decide(&library, &Decision::Merge(id(&a), id(&d))), Err(Refusal::Merged(older)));

    let entry_before = story.entry_id;
    drop(store);
    assert_eq!(decide(&library, &Decision::Split(id(&d))), Ok(Decided::Split { from: older, opened: younger }), "and back");
    let library = lasts(library);
    assert_eq!(grouped(&library.store()), [vec!["a", "b", "c"], vec!["d"]]);
    let back = library.store().story(younger).expect("read").expect("back");
    assert_ne!(back.entry_id, entry_before);
}

#[test]
fn what_comes_again_under_a_new_id_stands_where_it_was_put() {
    let (library, [_, b, ..]) = copies();
    decide(&library, &Decision::Split(id(&b))).expect("split");
    let renamed = |name: &str| {
        let native_id = NativeId::new(name.to_owned());
        Item { id: ItemId::of(&b.source, &native_id), native_id, ..b.clone() }
    };
    library.add(&[renamed("same content and link")]);
    assert_eq!(grouped(&library.store()), [vec!["a", "c"], vec!["b"], vec!["d"]], "no copy of itself");
    library.add(&[Item { body: SafeHtml::vouched(format!("<p>{TITLE}</p><p>and a word more</p>")), ..renamed("edited, same link") }]);
    assert_eq!(grouped(&library.store()), [vec!["a", "c"], vec!["b", "b"], vec!["d"]]);
    lasts(library);
}

#[test]
fn purged_opener_of_a_merged_story_still_leads_to_it() {
    let (library, [a, b, c, d]) = copies();
    let older = StoryId::opened_by(a.id);
    decide(&library, &Decision::Merge(id(&a), id(&d))).expect("merged");
    let store = library.store();
    assert!(store.purge(d.id, now()).expect("purged"));
    assert_eq!(store.story_of(d.id).expect("read"), Some(older));
    assert!(store.purge(a.id, now()).expect("purged"));
    assert_eq!(store.story_of(a.id).expect("read"), Some(older), "its id is the story's");
    library.add(&[item("e", "Something else that happened on another day of the week", -90)]);
    let oldest = StoryId::opened_by(item("e", "Something else that happened on another day of the week", -90).id);
    // Stories are numbered by first sight: the one with the purged opener is the older one.
    decide(&library, &Decision::Merge(id(&b), Handle::Id(oldest.first()))).expect("merged");
    drop(store);
    let library = lasts(library);
    for item in [&a, &b, &c, &d] {
        assert_eq!(library.store().story_of(item.id).expect("read"), Some(older), "{}", item.source);
    }
    for item in [&b, &c] {
        assert!(library.store().purge(item.id, now()).expect("purged"));
    }
    assert!(library.store().purge(oldest.first(), now()).expect("purged"));
    assert_eq!(library.store().story_of(d.id).expect("read"), None, "nothing is left");
}

#[test]
fn story_whose_opener_is_gone_leads_where_it_is_merged_afterwards() {
    let other = "Nothing to do with any of the others here";
    let (library, [a, _, _, d]) = copies();
    let heir = item("e", other, 5);
    library.add(std::slice::from_ref(&heir));
    assert_eq!(grouped(&library.store()), [vec!["a", "b", "c"], vec!["d", "e"]]);
    let (older, younger) = (StoryId::opened_by(a.id), StoryId::opened_by(d.id));
    assert!(library.store().purge(d.id, now()).expect("purged"));
    assert_eq!(library.store().story(younger).expect("read").map(|story| story.id), Some(younger), "it keeps its name");
    assert_eq!(decide(&library, &Decision::Merge(id(&heir), id(&a))), Ok(Decided::Merged { into: older, gone: younger, lifted: false }));
    let library = lasts(library);
    assert_eq!(grouped(&library.store()), [["a", "b", "c", "e"]]);
    for item in [&heir, &d] {
        assert_eq!(library.store().story_of(item.id).expect("read"), Some(older), "{}", item.source);
    }
    library.add(std::slice::from_ref(&d));
    assert_eq!(grouped(&library.store()), [["a", "b", "c", "e"]], "what was purged does not come back");
}

#[test]
fn explanation_does_not_wait_for_a_commit() {
    let (library, [a, ..]) = copies();
    let store = library.store();
    let poll = PollCommit { source: a.source.clone(), arrivals: Vec::new(), new_max: 1 };
    let (answers, answered) = std::sync::mpsc::channel();
    store
        .commit(poll, now(), |_| {
            let (reader, handle) = (library.store(), id(&a));
            std::thread::spawn(move || answers.send(reader.explain(&handle).expect("readable").len()));
            assert_eq!(answered.recv_timeout(std::time::Duration::from_secs(20)), Ok(1), "in the middle of the commit");
            SourceState::default()
        })
        .expect("committed");
}

#[test]
fn kept_apart_items_leave_each_other_and_only_a_word_about_both_brings_them_together() {
    let (library, [a, b, c, d]) = copies();
    let decided = decide(&library, &Decision::KeepApart(id(&c), id(&b)));
    assert_eq!(decided, Ok(Decided::Split { from: StoryId::opened_by(a.id), opened: StoryId::opened_by(c.id) }), "the later one leaves");
    assert_eq!(
        decide(&library, &Decision::KeepApart(id(&a), id(&d))),
        Ok(Decided::KeptApart(StoryId::opened_by(a.id), StoryId::opened_by(d.id)))
    );
    let library = lasts(library);
    assert_eq!(grouped(&library.store()), [vec!["a", "b"], vec!["c"], vec!["d"]]);
    assert_eq!(decide(&library, &Decision::Merge(id(&a), id(&c))), Err(Refusal::Apart(c.id, b.id)));
    let decided = decide(&library, &Decision::Merge(id(&b), id(&c))).expect("the very two");
    assert!(matches!(decided, Decided::Merged { lifted: true, .. }));
    assert!(decided.to_string().ends_with("; the order to keep the two items apart is lifted"), "{decided}");
    let library = lasts(library);
    assert_eq!(grouped(&library.store()), [vec!["a", "b", "c"], vec!["d"]]);
    assert!(decide(&library, &Decision::Split(id(&c))).is_ok());
    assert!(decide(&library, &Decision::Merge(id(&a), id(&c))).is_ok(), "nothing keeps them apart any longer");
}

#[test]
fn decisions_that_make_no_sense_change_nothing() {
    let (library, [a, b, _, d]) = copies();
    let stranger = item("z", "Never stored", 0);
    let generation = library.store().generation();
    for (decision, refusal) in [
        (Decision::Split(id(&a)), Refusal::Opener(a.id)),
        (Decision::Split(id(&d)), Refusal::Alone(d.id)),
        (Decision::Split(id(&stranger)), Refusal::Unknown(stranger.id.to_string())),
        (Decision::Merge(id(&a), id(&b)), Refusal::Merged(StoryId::opened_by(a.id))),
        (Decision::KeepApart(id(&a), Handle::Link(a.link.clone().expect("a link"))), Refusal::Same(a.id)),
    ] {
        assert_eq!(decide(&library, &decision), Err(refusal), "{decision:?}");
    }
    assert_eq!(library.store().generation(), generation);
    assert_eq!(grouped(&library.store()).len(), 2);
}

#[test]
fn explanation_names_the_rule_the_copies_and_what_keeps_neighbours_apart() {
    let part = |source: &str, part: u32| {
        item(source, &format!("Weekly review of incidents in industrial networks and power plants worldwide, part {part}"), 40)
    };
    let (library, [a, b, ..]) = copies();
    library.add(&[part("e", 7), part("f", 8)]);
    let explained = library.store().explain(&id(&b)).expect("readable").remove(0);
    assert_eq!((explained.story, explained.members), (StoryId::opened_by(a.id), 3));
    assert_eq!(explained.joined.map(|joined| joined.rule), Some(JoinRule::SameText));
    assert_eq!(explained.copies.iter().map(|copy| copy.item.source.as_str()).collect::<Vec<_>>(), ["a", "c"]);
    assert!(explained.copies.iter().all(|copy| copy.verdict.rule().is_some()));
    let explained = library.store().explain(&id(&part("f", 8))).expect("readable").remove(0);
    assert_eq!((explained.members, explained.joined), (1, None));
    assert_eq!(explained.others[0].item.source.as_str(), "e");
    assert!(matches!(explained.others[0].verdict, Verdict::Apart { reason: Obstacle::OtherNumbers, .. }));

    decide(&library, &Decision::KeepApart(id(&a), id(&b))).expect("split");
    let explained = library.store().explain(&Handle::Link(b.link.clone().expect("a link"))).expect("readable").remove(0);
    assert_eq!(explained.joined.map(|joined| joined.rule), Some(JoinRule::Operator));
    assert!(explained.others.iter().any(|other| other.item.id == a.id && other.kept_apart));
    assert_eq!(library.store().explain(&id(&item("z", "Never stored", 0))).expect("readable"), []);
}
