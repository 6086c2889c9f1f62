//! What a configuration's files look like from outside: two stamps that differ say that somebody changed something.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

/// Most files of one folder that are looked at.
const FILES_MAX: usize = 2000;

/// The places of a configuration at one moment. Links are followed: where a link is turned to another file, the stamp changes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp(BTreeMap<PathBuf, FileStamp>);

/// Device and inode, length, and the times at which content and metadata were changed (seconds, nanoseconds).
type FileStamp = (u64, u64, u64, [(i64, i64); 2]);

impl Stamp {
    /// Looks at files, and at the files inside folders. What is not there is left out.
    pub fn of<'a>(places: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let mut stamp = Self::default();
        for place in places {
            let entries = fs::read_dir(place).map(|entries| entries.flatten().map(|entry| entry.path()).take(FILES_MAX).collect());
            entries.unwrap_or_else(|_| vec![place.clone()]).iter().for_each(|file| stamp.look_at(file));
        }
        stamp
    }

    fn look_at(&mut self, file: &Path) {
        let Ok(metadata) = fs::metadata(file) else { return };
        let times = [(metadata.mtime(), metadata.mtime_nsec()), (metadata.ctime(), metadata.ctime_nsec())];
        self.0.insert(file.to_owned(), (metadata.dev(), metadata.ino(), metadata.len(), times));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_way_to_change_a_file_shows() {
        let folder = tempfile::tempdir().expect("a folder");
        let (main, more) = (folder.path().join("main.toml"), folder.path().join("sources.d"));
        let places = [main.clone(), more.clone()];
        fs::create_dir(&more).expect("a folder");
        fs::write(folder.path().join("v1"), "a").expect("written");
        fs::write(folder.path().join("v2"), "a").expect("written");
        symlink("v1", &main).expect("a link");

        let mut last = Stamp::of(&places);
        assert_eq!(Stamp::of(&places), last, "nothing happened");
        let mut differs = |what: &str| {
            let now = Stamp::of(&places);
            assert_ne!(now, last, "{what}");
            last = now;
        };
        fs::write(more.join("a.toml"), "a").expect("written");
        differs("a new file in a folder");
        fs::write(more.join("a.toml"), "ab").expect("written");
        differs("a file written over");
        symlink("v2", folder.path().join("next")).expect("a link");
        fs::rename(folder.path().join("next"), &main).expect("renamed");
        differs("a link turned to another file");
        fs::remove_file(more.join("a.toml")).expect("removed");
        differs("a file removed");
        fs::remove_file(&main).expect("removed");
        differs("the main file removed");
    }
}
