//! Makes a store from a backup.
//!
//! A mark stands in the folder until archive, journal and manners are there as they were copied: what is cut short before is no store and
//! is begun anew. What is cut short after it lacks nothing but its index, which whoever opens it next makes.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use super::{
    archive::{Segment, sync_dir},
    error::{Result, StoreError},
    folder::{copy_range, copy_whole, is_empty, make_dir, remove_dir, remove_file, remove_if_there, writable},
    journal, lock,
    manifest::Manifest,
    manners::{MANNERS, Manners},
    mended::Recovery,
    recovery::{self, ARCHIVE, JOURNAL, UNFINISHED},
};

/// What a restored store holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// What making its index told.
    pub told: Vec<Recovery>,
    /// Bytes that were copied.
    pub bytes: u64,
}

/// Copies the backup in `source` to `dir`, a folder without a store, and makes the index there.
pub(super) fn run(source: &Path, dir: &Path, progress: &mut dyn FnMut(f64)) -> Result<Restored> {
    finished(source)?;
    let busy = |_| StoreError::Refused(format!("a backup is being written to `{}`: wait for its end", source.display()));
    let _source = lock::share(source).map_err(busy)?;
    // A later one may have been finished meanwhile.
    let manifest = finished(source)?;
    make_dir(dir)?;
    let lock = {
        let unfinished = dir.join(UNFINISHED);
        if !unfinished.exists() && !is_empty(dir)? {
            return Err(StoreError::Refused(format!("`{}` is not empty: a backup is restored into an empty folder", dir.display())));
        }
        let lock = lock::take(dir)?;
        fs::write(&unfinished, b"").map_err(|error| StoreError::io(&unfinished, error))?;
        sync_dir(dir)?;
        lock
    };
    for name in [ARCHIVE, recovery::INDEX] {
        remove_dir(&dir.join(name))?;
    }
    let bytes = manifest.journal_end + restore_segments(&manifest, (source, dir), &mut |share| progress(share / 2.0))?;
    let mut told = restore_manners(&manifest, source, dir)?;
    let (from, to) = (source.join(manifest.journal_file()), dir.join(JOURNAL));
    let journal = File::open(&from).map_err(|error| StoreError::io(&from, error))?;
    let file = writable(&to)?;
    copy_range(&journal, &file, 0..manifest.journal_end, &to)?;
    file.set_len(manifest.journal_end).and_then(|()| file.sync_all()).map_err(|error| StoreError::io(&to, error))?;
    remove_file(&dir.join(UNFINISHED))?;
    sync_dir(dir)?;
    drop(lock);
    told.extend(recovery::rebuild(dir, &mut |share| progress(0.5 + share / 2.0))?);
    remove_if_there(&dir.join(MANNERS))?;
    Ok(Restored { told, bytes })
}

/// What a backup holds that was finished at least once.
fn finished(source: &Path) -> Result<Manifest> {
    Manifest::read(source)?.filter(|manifest| manifest.journal_end > journal::HEADER_BYTES).ok_or_else(|| {
        let cure = "`watchfire backup` goes on with one that was cut short";
        StoreError::Refused(format!("`{}` holds no backup that was finished: {cure}", source.display()))
    })
}

/// Copies the archive, and says how many bytes it has.
fn restore_segments(manifest: &Manifest, (source, dir): (&Path, &Path), progress: &mut dyn FnMut(f64)) -> Result<u64> {
    let archive = dir.join(ARCHIVE);
    make_dir(&archive)?;
    let (mut bytes, all) = (0, manifest.ends.len().max(1) as f64);
    for (number, segment) in manifest.ends.keys().enumerate() {
        let name = Segment::from_number(*segment).file_name();
        let (from, to) = (source.join(ARCHIVE).join(&name), archive.join(&name));
        match File::open(&from) {
            Ok(file) => bytes += copy_whole(&file, &to)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(StoreError::io(&from, error)),
        }
        progress((number + 1) as f64 / all);
    }
    sync_dir(&archive)?;
    Ok(bytes)
}

/// Puts the manners where the making of the index finds them, also if this is cut short before. Items are worth more: what is wrong with
/// manners is told.
fn restore_manners(manifest: &Manifest, source: &Path, dir: &Path) -> Result<Vec<Recovery>> {
    let copy = dir.join(MANNERS);
    remove_if_there(&copy)?;
    let why = match manifest.manners_file() {
        None => "the backup has nothing about them".to_owned(),
        Some(name) => {
            let path = source.join(name);
            match Manners::read(&path) {
                Ok(Some(manners)) if manners.store == manifest.store => {
                    manners.write(&copy)?;
                    return Ok(Vec::new());
                }
                Ok(Some(_)) => format!("`{}` is of another store", path.display()),
                Ok(None) => format!("`{}` is missing", path.display()),
                Err(error @ StoreError::Newer { .. }) => return Err(error),
                Err(error) => error.to_string(),
            }
        }
    };
    Ok(vec![Recovery::NoManners(why)])
}
