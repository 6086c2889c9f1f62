//! What a speaker repeats under every item is learned, kept, and never learned from what was there already.

mod library;

use library::{Library, item};
use watchfire::{
    dedup::speaker,
    model::{Item, SourceState},
    store::{Arrival, PollCommit},
};

const FOOTER: &str = "Subscribe to our newsletter for more";

/// Items of one source, each with words of its own above the same footer.
fn arrivals(range: std::ops::Range<i64>) -> Vec<Arrival> {
    range.map(|n| Arrival::of(item("a", &format!("Item number {n} of the source"), n), &format!("Words {n}\n{FOOTER}"), &[])).collect()
}

fn poll(library: &Library, arrivals: Vec<Arrival>) {
    let Arrival { item: Item { source, first_seen, .. }, .. } = arrivals[0].clone();
    let poll = PollCommit { source, arrivals, new_max: 500 };
    library.store().commit(poll, first_seen, |_| SourceState::default()).expect("committed");
}

#[test]
fn what_was_learned_outlives_restart_and_rebuild() {
    let library = Library::with(&[]);
    let voice = speaker(&item("a", "any", 0));
    poll(&library, arrivals(0..3));
    assert!(!library.store().line_memory(voice).expect("readable").is_repeated(FOOTER));
    poll(&library, arrivals(3..5));
    let library = library.reopened();
    let learned = library.store().line_memory(voice).expect("readable");
    assert!(learned.is_repeated(FOOTER) && !learned.is_repeated("Words 3"));
    assert!(library.store().verify(|_| ()).expect("checked").is_sound(), "what is learned is no part of the truth");
    let library = library.rebuilt();
    assert_eq!(library.store().line_memory(voice).expect("readable"), learned);
}

#[test]
fn polling_the_same_again_teaches_nothing() {
    let library = Library::with(&[]);
    let voice = speaker(&item("a", "any", 0));
    for round in 0..6 {
        poll(&library, arrivals(0..3));
        // An id that is new every time is no news either.
        let again =
            Item { native_id: watchfire::model::NativeId::new(format!("again {round}")), ..item("a", "Item number 1 of the source", 1) };
        let again = Item { id: watchfire::model::ItemId::of(&again.source, &again.native_id), ..again };
        poll(&library, vec![Arrival::of(again, &format!("Words 1\n{FOOTER}"), &[])]);
    }
    let learned = library.store().line_memory(voice).expect("readable");
    assert_eq!((learned.items, learned.is_repeated("Words 1")), (3, false));
    assert!(library.store().has(&item("a", "Item number 1 of the source", 1)).expect("readable"));
}
