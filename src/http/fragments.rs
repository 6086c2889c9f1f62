//! What was written of stories before, so that it need not be written again: a feed that gains one story costs one entry.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{library::Library, parts::Part, shelf::ShelfError};
use crate::{
    model::{Digest, StoryId},
    render::{self, Format, Site, SourceCards},
    store::Revision,
    view::Candidate,
};

/// Memory for what was written, in bytes.
const BYTES_MAX: usize = 64 << 20;

/// What a fragment takes beside its text, in bytes.
const OVERHEAD_BYTES: usize = 400;

/// What is written of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Shape {
    /// An entry of a feed.
    Entry(Format),
    /// A line on a page.
    Line,
}

/// A story as it is written in one shape.
pub(super) struct Fragment {
    /// What decides whether it stands on a page.
    pub(super) candidate: Candidate,
    /// The text.
    pub(super) text: Part,
    revision: Digest,
    /// Since memory was last looked through.
    was_used: AtomicBool,
}

/// The fragments that are kept.
#[derive(Default)]
pub(super) struct Fragments(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    /// Of the settings that they were written with.
    settings: Option<Digest>,
    fragments: HashMap<(StoryId, Shape), Arc<Fragment>>,
    bytes: usize,
}

impl Fragments {
    /// Makes room for those of other settings if these are not the ones that they were written with.
    pub(super) fn settle(&self, site: &Site, cards: &SourceCards) {
        let settings = Digest::of(&[site.digest().as_bytes(), cards.digest().as_bytes()]);
        let mut kept = self.kept();
        if kept.settings != Some(settings) {
            *kept = Kept { settings: Some(settings), ..Kept::default() };
        }
    }

    /// The fragment of a story in the state that it is in: kept, or written now. `None` if the story has gone meanwhile.
    pub(super) fn fragment(
        &self,
        (library, site, cards): (&Library, &Site, &SourceCards),
        revision: Revision,
        shape: Shape,
    ) -> Result<Option<Arc<Fragment>>, ShelfError> {
        let key = (revision.story, shape);
        if let Some(known) = self.kept().fragments.get(&key).filter(|known| known.revision == revision.digest) {
            known.was_used.store(true, Ordering::Relaxed);
            return Ok(Some(Arc::clone(known)));
        }
        let Some(story) = library.story(revision.story)? else { return Ok(None) };
        let text = match shape {
            Shape::Entry(format) => render::entry(site, &story, cards, format)?,
            Shape::Line => render::line(site, &story, cards),
        };
        let candidate = Candidate::of(&story);
        let fragment = Arc::new(Fragment { candidate, text: text.into(), revision: revision.digest, was_used: AtomicBool::new(true) });
        self.kept().keep(key, &fragment);
        Ok(Some(fragment))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, key: (StoryId, Shape), fragment: &Arc<Fragment>) {
        self.bytes += fragment.text.len() + OVERHEAD_BYTES;
        if let Some(older) = self.fragments.insert(key, Arc::clone(fragment)) {
            self.bytes -= older.text.len() + OVERHEAD_BYTES;
        }
        if self.bytes > BYTES_MAX {
            self.fragments.retain(|_, kept| kept.was_used.swap(false, Ordering::Relaxed));
            self.bytes = self.fragments.values().map(|kept| kept.text.len() + OVERHEAD_BYTES).sum();
        }
        // All of it is in use: it is written anew, and memory stays what it is.
        if self.bytes > BYTES_MAX {
            self.fragments.clear();
            self.bytes = 0;
        }
    }
}
