//! Checks the configuration and the store, without network.

use super::{Choice, risk_folder, storage};
use crate::{
    config::Settings,
    fetch::guard,
    model::{Carrier, RiskLists, counted},
    store::{Store, StoreError, Verification},
};

/// What a check found.
#[derive(Debug)]
pub struct CheckReport {
    /// The configuration.
    pub settings: Settings,
    /// What the operator should know, though the configuration is sound; one line each.
    pub warnings: Vec<String>,
    /// The store in words, one line each.
    pub store: Vec<String>,
}

/// Reads the configuration and the lists of vulnerabilities that it names, and compares the store's index with its archive. A store in
/// use is fine; one that does not exist yet is fine as well.
pub fn check(choice: &Choice) -> anyhow::Result<CheckReport> {
    let mut settings = choice.load()?;
    if let Some(folder) = &settings.risk_folder {
        settings.warnings.extend(risk_folder::read(folder, &RiskLists::default()).faults);
    }
    let dir = settings.daemon.data_dir.clone();
    let store = if !Store::is_there(&dir) {
        vec![format!("store in `{}`: none yet, the first start makes it", dir.display())]
    } else if let Err(why) = storage::expect_owner(&dir) {
        vec![format!("store: not checked: {why}")]
    } else {
        match storage::open(&settings) {
            Ok(store) => {
                let found = store.verify(|_| ())?;
                anyhow::ensure!(found.is_sound(), "store in `{}`: {}", dir.display(), damage(&found));
                let counts = store.counts()?;
                let (items, stories) = (counted(counts.items, "item", "items"), counted(counts.stories, "story", "stories"));
                vec![format!("store in `{}`: {items} in {stories}, index and archive agree", dir.display())]
            }
            Err(StoreError::Locked(_)) => vec![format!("store in `{}`: in use by a running daemon, not checked", dir.display())],
            Err(error) => return Err(error.into()),
        }
    };
    let warnings = settings.warnings.iter().cloned().chain(refused(&settings)).collect();
    Ok(CheckReport { settings, warnings, store })
}

/// Who will not be asked, or told, as it is configured: the address guard refuses them. Names are looked up when they are asked for.
pub(super) fn refused(settings: &Settings) -> Vec<String> {
    let sources = settings.sources.iter().filter(|source| source.enabled).filter_map(|source| {
        let why = guard::check(&source.url, &source.allow_private).err()?;
        Some(format!("`{}` will not be asked: {why}", source.id))
    });
    let receivers = settings.receivers.iter().filter_map(|receiver| {
        let why = match &receiver.carrier {
            Carrier::Hook(hook) => guard::check(&hook.url, &hook.allow_private),
            Carrier::Mail(mailbox) => guard::check_place("mail server", &mailbox.server, &mailbox.allow_private),
        };
        Some(format!("`{}` will not be told: {}", receiver.id, why.err()?))
    });
    sources.chain(receivers).collect()
}

/// What a copy of a store misses.
pub(super) fn missing(damaged_bytes: u64) -> String {
    match damaged_bytes {
        0 => String::new(),
        _ => {
            format!("; {damaged_bytes} bytes of the journal are damaged: what was committed there is missing in it, see `watchfire verify`")
        }
    }
}

/// What is wrong with a store, and what can be done about each.
pub(super) fn damage(found: &Verification) -> String {
    [
        (found.differences, "rows of the index differ from the archive: `watchfire rebuild` makes it again"),
        (found.lost, "texts in the archive cannot be read: they come back with their sources, or from a backup"),
        (
            found.damaged_bytes,
            "bytes of the journal are damaged: `watchfire rebuild` sets them aside; what was committed there comes back with its sources",
        ),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, words)| format!("{count} {words}"))
    .collect::<Vec<_>>()
    .join("; ")
}
