//! The files that an import looks at: what was named, and what lies in folders that were named.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::documents::ImportError;
use crate::model::SourceId;

/// Folders inside folders that are followed.
const DEPTH_MAX: usize = 16;

/// Files of these kinds are documents; any other name is passed over unless it is named itself.
const EXTENSIONS: [&str; 3] = ["md", "markdown", "txt"];

/// One file, known by its path below what was named.
pub(super) struct File {
    /// The folder that was named, or the one that holds a file that was named.
    pub(super) source: SourceId,
    pub(super) path: PathBuf,
    /// Below the folder that was imported, with `/` between names.
    pub(super) name: String,
    /// Named by itself: it must be readable.
    pub(super) is_named: bool,
}

impl File {
    /// What the store remembers it by.
    pub(super) fn key(&self) -> String {
        format!("{}/{}", self.source, self.name)
    }
}

/// What was found.
#[derive(Default)]
pub(super) struct Listing {
    /// In the order of their names.
    pub(super) files: Vec<File>,
    /// What could not be looked into below what was named: its name, and why.
    pub(super) closed: Vec<(String, String)>,
}

/// All documents below what was named. What was named itself must be there.
pub(super) fn list(paths: &[PathBuf]) -> Result<Listing, ImportError> {
    let mut listing = Listing::default();
    for path in paths {
        let unreadable = |error| ImportError::Unreadable { path: path.clone(), error };
        let path = path.canonicalize().map_err(unreadable)?;
        if path.is_dir() {
            let entries = fs::read_dir(&path).map_err(unreadable)?;
            Walk { root: &path, source: source_of(&path), listing: &mut listing }.take(entries, 0).map_err(unreadable)?;
        } else {
            let folder = path.parent().unwrap_or(Path::new("/"));
            listing.files.push(File { source: source_of(folder), name: name_below(folder, &path), path, is_named: true });
        }
    }
    Ok(listing)
}

/// A walk through one folder that was named.
struct Walk<'a> {
    root: &'a Path,
    source: SourceId,
    listing: &'a mut Listing,
}

impl Walk<'_> {
    /// Takes in a folder's documents, and those of the folders in it. Links to files inside are followed, those that lead out are
    /// not: what is imported is published. Links to folders are not: they can form a ring.
    fn take(&mut self, entries: fs::ReadDir, depth: usize) -> io::Result<()> {
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, kind) = (entry.path(), entry.file_type()?);
            if entry.file_name().as_encoded_bytes().starts_with(b".") {
                continue;
            }
            if kind.is_dir() {
                self.enter(&path, depth + 1);
            } else if has_document_name(&path) && (kind.is_file() || path.is_file()) {
                let name = name_below(self.root, &path);
                if kind.is_symlink() && !path.canonicalize()?.starts_with(self.root) {
                    self.listing.closed.push((name, "the link leads out of the folder".to_owned()));
                } else {
                    self.listing.files.push(File { source: self.source.clone(), name, path, is_named: false });
                }
            }
        }
        Ok(())
    }

    fn enter(&mut self, folder: &Path, depth: usize) {
        let taken = match depth <= DEPTH_MAX {
            true => fs::read_dir(folder).and_then(|entries| self.take(entries, depth)),
            false => Err(io::Error::other(format!("lies more than {DEPTH_MAX} folders deep"))),
        };
        if let Err(error) = taken {
            self.listing.closed.push((name_below(self.root, folder), error.to_string()));
        }
    }
}

/// Documents belong to the folder that was imported: its name, as far as a slug can hold it.
fn source_of(folder: &Path) -> SourceId {
    let name = folder.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let slug: String = name.chars().map(|c| if c == ' ' { '-' } else { c }).collect();
    SourceId::parse(&slug).or_else(|_| SourceId::parse("documents")).expect("`documents` is a slug")
}

fn name_below(root: &Path, path: &Path) -> String {
    let below = path.strip_prefix(root).unwrap_or(path);
    below.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

fn has_document_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_folder_gives_its_documents_and_says_what_it_did_not_look_into() {
        let home = tempfile::tempdir().expect("a folder");
        let root = home.path().join("Two Words");
        let deep = (0..=DEPTH_MAX).fold(root.clone(), |folder, n| folder.join(format!("{n:02}")));
        fs::create_dir_all(&deep).expect("folders");
        for name in ["b.md", "a.TXT", "c.pdf", ".hidden.md", "00/d.markdown"] {
            fs::write(root.join(name), "text").expect("a file");
        }
        fs::write(home.path().join("elsewhere"), "text").expect("a file");
        symlink(home.path().join("elsewhere"), root.join("out.md")).expect("a link");
        symlink("b.md", root.join("link.md")).expect("a link");
        symlink(&root, root.join("ring")).expect("a link");

        let listing = list(&[root.clone(), root.join("c.pdf")]).expect("readable");
        let names: Vec<_> = listing.files.iter().map(File::key).collect();
        assert_eq!(names, ["00/d.markdown", "a.TXT", "b.md", "link.md", "c.pdf"].map(|name| format!("two-words/{name}")));
        let [deep, out] = &listing.closed[..] else { panic!("{:?}", listing.closed) };
        assert!(deep.0.ends_with("15/16") && deep.1 == "lies more than 16 folders deep", "{deep:?}");
        assert_eq!((out.0.as_str(), out.1.as_str()), ("out.md", "the link leads out of the folder"));
        assert!(matches!(list(&[root.join("gone")]), Err(ImportError::Unreadable { .. })));
    }
}
