//! What a backup says about itself: of which store it is, and how far its copies count. It is written last.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io,
    path::Path,
};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    error::{Result, StoreError},
    folder::put_in_place,
    journal::HEADER_BYTES,
    manners::MANNERS,
    recovery::JOURNAL,
};

const MANIFEST: &str = "backup.json";
/// One that was never finished.
pub(super) const MANIFEST_NEW: &str = "backup.json.new";
/// The newest form of backups that this program reads and the one that it writes.
const FORMAT: u16 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u16,
    /// Which store it is of.
    pub(super) store: Uuid,
    /// Bytes of the journal that count.
    pub(super) journal_end: u64,
    /// Where each segment ends for them, by its number.
    pub(super) ends: BTreeMap<u32, u64>,
    /// Which file has the copy of the journal: another one each time that damaged bytes in it are replaced by mended ones.
    #[serde(default)]
    journal_copy: u32,
    /// Where bytes of that copy are damaged: their beginnings and ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) damaged: Vec<(u64, u64)>,
    /// The journal's end that the file of manners goes with, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) manners: Option<u64>,
}

impl Manifest {
    /// That of a backup of a store with nothing in it yet.
    pub(super) fn empty(store: Uuid) -> Self {
        Self {
            format: FORMAT,
            store,
            journal_end: HEADER_BYTES,
            ends: BTreeMap::new(),
            journal_copy: 0,
            damaged: Vec::new(),
            manners: None,
        }
    }

    /// The name of its copy of the journal.
    pub(super) fn journal_file(&self) -> String {
        if self.journal_copy == 0 { JOURNAL.to_owned() } else { format!("{JOURNAL}-{}", self.journal_copy) }
    }

    /// Gives the copy of the journal another name: what has the old one counts until this is written.
    pub(super) fn rename_journal(&mut self) {
        self.journal_copy += 1;
    }

    /// Whether a file of a backup is an older one in the place of which another came, or one that was never finished.
    pub(super) fn is_former(&self, name: &str) -> bool {
        let is_its = name == self.journal_file() || Some(name) == self.manners_file().as_deref();
        let (family, number) = name.trim_end_matches(".new").split_once('-').unwrap_or((name, ""));
        !is_its && [MANNERS, JOURNAL].contains(&family) && number.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// The name of its file of manners, if it has one.
    pub(super) fn manners_file(&self) -> Option<String> {
        self.manners.map(|journal_end| format!("{MANNERS}-{journal_end}"))
    }

    /// The manifest in a folder; `None` where there is none.
    pub(super) fn read(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(MANIFEST);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io(&path, error)),
        };
        let found = serde_json::from_str::<serde_json::Value>(&text).ok().and_then(|value| u16::try_from(value["format"].as_u64()?).ok());
        match (found, serde_json::from_str(&text)) {
            (Some(found), _) if found > FORMAT => Err(StoreError::Newer { path, found, known: FORMAT }),
            (_, Ok(manifest)) => Ok(Some(manifest)),
            (_, Err(error)) => Err(StoreError::Corrupt(format!("`{}`: {error}", path.display()))),
        }
    }

    pub(super) fn write(&self, dir: &Path) -> Result<()> {
        let (path, fresh) = (dir.join(MANIFEST), dir.join(MANIFEST_NEW));
        let json = serde_json::to_vec_pretty(self).map_err(|error| StoreError::Corrupt(format!("`{}`: {error}", path.display())))?;
        let failed = |error| StoreError::io(&path, error);
        fs::write(&fresh, json).map_err(failed)?;
        File::open(&fresh).and_then(|file| file.sync_all()).map_err(failed)?;
        put_in_place(&fresh, &path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_backups_wrote_is_removed() {
        let manifest = Manifest { manners: Some(90), journal_copy: 2, ..Manifest::empty(Uuid::nil()) };
        let names = [
            "journal",
            "journal-1",
            "journal-2",
            "journal-3",
            "manners-9",
            "manners-90",
            "manners-90.new",
            "journal.txt",
            "journal-old",
            "notes",
        ];
        let former: Vec<_> = names.into_iter().filter(|name| manifest.is_former(name)).collect();
        assert_eq!(former, ["journal", "journal-1", "journal-3", "manners-9", "manners-90.new"]);
    }
}
