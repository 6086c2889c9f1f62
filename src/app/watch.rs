//! Notices that the configuration was changed on the disk, or a folder that it names.
//!
//! The files are looked at once a second rather than watched by the kernel: that holds for editors that replace files, for links that
//! are turned to another folder, for files that vanish and come back, and for every file system.

use std::{path::PathBuf, time::Duration};

use crate::config::{Settings, Stamp};

/// How often the files are looked at; they must then stand still for as long, so that none is read while it is being written.
const PERIOD: Duration = Duration::from_secs(1);

/// Files as they were when they were last read.
pub(super) struct Watch {
    places: Vec<PathBuf>,
    seen: Stamp,
    /// What was found changed, if it was.
    moving: Option<Stamp>,
}

impl Watch {
    /// Watches the files of `settings`, which were read a moment ago.
    pub(super) fn new(settings: &Settings) -> Self {
        let mut watch = Self::over(Vec::new());
        watch.follow(settings);
        watch
    }

    /// Watches files, and the files inside folders, from now on.
    pub(super) fn over(places: Vec<PathBuf>) -> Self {
        let seen = Stamp::of(&places);
        Self { places, seen, moving: None }
    }

    /// Watches the files of `settings` from now on.
    pub(super) fn follow(&mut self, settings: &Settings) {
        self.places = settings.files.iter().chain(&settings.watch_lists).chain(&settings.folders).cloned().collect();
        self.seen = Stamp::of(&self.places);
        self.moving = None;
    }

    /// Waits until something has changed and stands still again. May be cancelled at any time.
    pub(super) async fn changed(&mut self) {
        loop {
            tokio::time::sleep(PERIOD).await;
            let places = self.places.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || Stamp::of(&places)).await else { continue };
            if now == self.seen {
                self.moving = None;
            } else if self.moving.as_ref() == Some(&now) {
                self.seen = now;
                self.moving = None;
                return;
            } else {
                self.moving = Some(now);
            }
        }
    }
}
