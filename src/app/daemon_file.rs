//! `daemon.json`: how a command finds the daemon that holds the store, and proves that it may command it.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::replace::{OWNER_ALONE, replace};

const NAME: &str = "daemon.json";

/// Where a running daemon listens, and the token that its `/admin` routes want.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DaemonFile {
    /// Process id, for people.
    pub(super) pid: u32,
    /// An address on this machine.
    pub(super) address: SocketAddr,
    /// Bearer token.
    pub(super) token: String,
}

/// Removes the file when the daemon ends.
pub(super) struct DaemonFileGuard(PathBuf);

impl DaemonFile {
    /// A file for a daemon that listens on `address`, with a fresh random token.
    pub(super) fn new(address: SocketAddr) -> Self {
        let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        Self { pid: std::process::id(), address: reachable(address), token }
    }

    /// Writes the file, readable by its owner alone (0600). It lasts as long as the guard.
    pub(super) fn write(&self, data_dir: &Path) -> io::Result<DaemonFileGuard> {
        let path = data_dir.join(NAME);
        replace(&path, &serde_json::to_vec(self)?, Some(OWNER_ALONE))?;
        Ok(DaemonFileGuard(path))
    }

    /// The file of the daemon that uses this data folder, if there is one.
    pub(super) fn read(data_dir: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(data_dir.join(NAME)).ok()?).ok()
    }
}

impl Drop for DaemonFileGuard {
    fn drop(&mut self) {
        // A file that stays behind names a dead process: the store's lock decides, not this file.
        let _ = fs::remove_file(&self.0);
    }
}

/// A daemon that listens on every address is reached on loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address {
        SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    if address.ip().is_unspecified() { SocketAddr::new(loopback, address.port()) } else { address }
}
