//! Copies the index without its garbage into another folder while the store is in use, and goes on there.
//!
//! sled cannot be renamed while it is open: its jobs write below the name that the folder had. So the index has two names and changes
//! between them; files beside the folders say which is which: `NAME.partial` that a copy is not finished, `NAME.stale` that it was left.
//! One becomes the other by a single rename, so that a crash at any moment leaves one whole index. The next open removes what is marked.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::PoisonError,
    time::Duration,
};

use super::{
    archive::sync_dir,
    core::Core,
    error::{Result, StoreError},
    folder::{remove_dir, remove_file},
    index::{Batch, Index},
    recovery::{INDEX, await_closed},
};

/// The other name.
const OTHER: &str = "index.other";
const PARTIAL: &str = "partial";
const STALE: &str = "stale";
/// What was written while the index was copied is copied in rounds, until a round is as small as this: then writers wait for the last.
const LAST_ROUND_KEYS: usize = 64;
const ROUNDS_MAX: u32 = 16;
/// The rest after each portion that is copied: others want to write as well.
const REST: Duration = Duration::from_millis(2);

/// Moves the index of an open store; its size in bytes before and after. Writers wait for the last rows only.
pub(super) fn run(core: &Core) -> Result<(u64, u64)> {
    let before = core.index.size()?;
    let old = core.index.live().path.clone();
    let name = if old.file_name().is_some_and(|name| name == INDEX) { OTHER } else { INDEX };
    let new = core.dir.join(name);
    let partial = mark(&new, PARTIAL);
    fs::write(&partial, b"").map_err(|error| StoreError::io(&partial, error))?;
    sync_dir(&core.dir)?;
    remove_dir(&new)?;
    if let Err(error) = copy(core, &new, &old) {
        *core.index.touched.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // The mark stays as long as the copy does.
        let _ = remove_dir(&new).and_then(|()| remove_file(&partial));
        return Err(error);
    }
    // Until it is on the disk that the old one was left, a crash leaves that one, and the journal what was committed since.
    sync_dir(&core.dir)?;
    // Whoever reads in the old one still may do so; what remains of it then goes with the next open.
    if await_closed(&old) {
        remove_dir(&old)?;
        remove_file(&mark(&old, STALE))?;
    }
    Ok((before, core.index.size()?))
}

/// Removes what a move left behind, and gives the index its first name. For a store that is not open.
pub(super) fn tidy(dir: &Path) -> Result<()> {
    for name in [INDEX, OTHER] {
        for mark in [PARTIAL, STALE].map(|word| mark(&dir.join(name), word)) {
            if mark.exists() {
                remove_dir(&dir.join(name))?;
                remove_file(&mark)?;
            }
        }
    }
    let (index, other) = (dir.join(INDEX), dir.join(OTHER));
    if !other.exists() {
        return Ok(());
    }
    if index.exists() {
        return remove_dir(&other);
    }
    fs::rename(&other, &index).map_err(|error| StoreError::io(&index, error))
}

fn mark(index: &Path, word: &str) -> PathBuf {
    index.with_file_name(format!("{}.{word}", index.file_name().unwrap_or_default().to_string_lossy()))
}

fn copy(core: &Core, new: &Path, old: &Path) -> Result<()> {
    let index = &core.index;
    let copy = Index::open(new).map_err(|error| StoreError::index(new, error))?;
    *index.touched.lock().unwrap_or_else(PoisonError::into_inner) = Some(BTreeSet::new());
    index.copy_to(&copy, REST)?;
    for _ in 0..ROUNDS_MAX {
        let keys = touched(index);
        let is_last = keys.len() <= LAST_ROUND_KEYS;
        follow(index, &copy, &keys)?;
        if is_last {
            break;
        }
    }
    // Archive and journal first, as ever: the copy must not vouch for what is not there. All but the last of it beside the commits.
    core.flush()?;
    let mut writer = core.writer();
    core.sync_as_writer(&mut writer)?;
    let live = index.live.write().unwrap_or_else(PoisonError::into_inner);
    let keys = touched(index);
    let rows = |key: &[u8]| live.db.get(key).map_err(|error| live.failed(error));
    copy.take_over(batch(&keys, rows)?)?;
    let (partial, stale) = (mark(new, PARTIAL), mark(old, STALE));
    fs::rename(&partial, &stale).map_err(|error| StoreError::io(&stale, error))?;
    let mut live = live;
    let copied = copy.live.into_inner().unwrap_or_else(PoisonError::into_inner);
    let left = std::mem::replace(&mut *live, copied);
    *index.touched.lock().unwrap_or_else(PoisonError::into_inner) = None;
    drop((live, writer));
    drop(left);
    Ok(())
}

/// What was written since it was last asked for.
fn touched(index: &Index) -> BTreeSet<Vec<u8>> {
    index.touched.lock().unwrap_or_else(PoisonError::into_inner).replace(BTreeSet::new()).unwrap_or_default()
}

fn follow(index: &Index, copy: &Index, keys: &BTreeSet<Vec<u8>>) -> Result<()> {
    let live = index.live();
    copy.take_over(batch(keys, |key| live.db.get(key).map_err(|error| live.failed(error)))?)
}

fn batch<B: AsRef<[u8]>>(keys: &BTreeSet<Vec<u8>>, row: impl Fn(&[u8]) -> Result<Option<B>>) -> Result<Batch> {
    let mut batch = Batch::default();
    for key in keys {
        let bytes = row(key)?;
        batch.put(key, bytes.as_ref().map(AsRef::as_ref));
    }
    Ok(batch)
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// Folders and marks that a crash can leave, and the index that must be found.
    #[test]
    fn whatever_a_crash_leaves_there_is_one_whole_index_under_its_name() -> io::Result<()> {
        for (there, wanted) in [
            (&["index/a"][..], Some("a")),
            (&["index/a", "index.other/b", "index.other.partial"], Some("a")),
            (&["index/a", "index.other.partial"], Some("a")),
            (&["index/a", "index.other/b", "index.stale"], Some("b")),
            (&["index.other/b", "index.stale"], Some("b")),
            (&["index.other/b"], Some("b")),
            (&["index.other/b", "index/a", "index.partial"], Some("b")),
            (&["index.other/b", "index/a", "index.other.stale"], Some("a")),
            (&["index.partial"], None),
        ] {
            let folder = tempfile::tempdir()?;
            for path in there {
                let path = folder.path().join(path);
                fs::create_dir_all(path.parent().expect("a folder"))?;
                fs::write(path, b"")?;
            }
            tidy(folder.path()).expect("tidied");
            let mut names: Vec<_> =
                fs::read_dir(folder.path())?.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<_>>()?;
            names.sort();
            match wanted {
                Some(file) => assert!(names == [INDEX] && folder.path().join(INDEX).join(file).exists(), "{there:?}: {names:?}"),
                None => assert!(names.is_empty(), "{there:?}: {names:?}"),
            }
        }
        Ok(())
    }
}
