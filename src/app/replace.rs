//! Puts a small file in the place of another at once: whoever reads it meanwhile sees the old one or the new one, and each whole.

use std::{
    ffi::OsString,
    fs, io,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// Rights of a file that only its owner may read.
pub(super) const OWNER_ALONE: u32 = 0o600;

/// From now on `file` holds `bytes`, with the rights `mode`; without one, with those that it had. A link stays a link.
pub(super) fn replace(file: &Path, bytes: &[u8], mode: Option<u32>) -> io::Result<()> {
    let place = file.canonicalize().unwrap_or_else(|_| file.to_owned());
    let mode = mode.or_else(|| fs::metadata(&place).ok().map(|metadata| metadata.permissions().mode()));
    let fresh = beside(&place);
    let written = create(&fresh, mode).and_then(|mut file| file.write_all(bytes)).and_then(|()| fs::rename(&fresh, &place));
    if written.is_err() {
        let _ = fs::remove_file(&fresh);
    }
    written
}

/// `daemon.json.new`: no name that anybody reads.
fn beside(place: &Path) -> PathBuf {
    let mut name = OsString::from(place.file_name().unwrap_or_default());
    name.push(".new");
    place.with_file_name(name)
}

/// A file that nobody else has made, so that no link leads the bytes elsewhere.
fn create(fresh: &Path, mode: Option<u32>) -> io::Result<fs::File> {
    // What a process left behind that died in between.
    if let Err(error) = fs::remove_file(fresh)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(mode.unwrap_or(0o666)).open(fresh)?;
    // What the process' mask took away.
    if let Some(mode) = mode {
        file.set_permissions(fs::Permissions::from_mode(mode))?;
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::{OWNER_ALONE, replace};

    #[test]
    fn a_replaced_file_keeps_its_rights_and_the_links_to_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        let rights = |name: &str| fs::metadata(at(name)).expect("a file").permissions().mode() & 0o777;
        fs::write(at("real.toml"), "old").expect("written");
        fs::set_permissions(at("real.toml"), fs::Permissions::from_mode(0o640)).expect("set");
        std::os::unix::fs::symlink("real.toml", at("link.toml")).expect("a link");
        fs::write(at("real.toml.new"), "left behind").expect("written");
        replace(&at("link.toml"), b"new", None).expect("replaced");
        assert_eq!((fs::read_to_string(at("real.toml")).expect("read"), rights("real.toml")), ("new".to_owned(), 0o640));
        assert!(fs::symlink_metadata(at("link.toml")).expect("a link").is_symlink() && !at("real.toml.new").exists());
        replace(&at("real.toml"), b"secret", Some(OWNER_ALONE)).expect("replaced");
        assert_eq!(rights("real.toml"), OWNER_ALONE);
        assert!(replace(&at("nowhere/file"), b"", None).is_err());
    }
}
