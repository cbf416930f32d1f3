//! `model.tar.gz` and `output.tar.gz`, both ways.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, EntryType, HeaderMode};
use thiserror::Error;

/// Why an archive cannot be unpacked.
#[derive(Debug, Error)]
pub(crate) enum UnpackError {
    /// Not gzip, not tar, cut off, or the disk.
    #[error("not a readable tar.gz: {0}")]
    Unreadable(#[from] io::Error),
    /// An entry would be written elsewhere.
    #[error("the entry {0:?} lies outside the archive's folder")]
    Outside(String),
    /// Links and devices have no place in a model.
    #[error("the entry {0:?} is neither a file nor a folder")]
    NotAFile(String),
}

/// Whether there is any file below `folder`; not if there is no folder.
pub(crate) fn has_files(folder: &Path) -> io::Result<bool> {
    match files(folder) {
        Ok(files) => Ok(files.iter().any(|path| folder.join(path).is_file())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Packs what is below `folder`. The same content gives the same bytes.
pub(crate) fn pack(folder: &Path, archive: &Path) -> io::Result<()> {
    let mut builder = Builder::new(GzEncoder::new(File::create(archive)?, Compression::default()));
    builder.mode(HeaderMode::Deterministic);
    for path in files(folder)? {
        builder.append_path_with_name(folder.join(&path), &path)?;
    }
    builder.into_inner()?.finish()?.sync_all()
}

/// Unpacks into `folder`, which exists.
pub(crate) fn unpack(archive: &Path, folder: &Path) -> Result<(), UnpackError> {
    let mut archive = Archive::new(MultiGzDecoder::new(File::open(archive)?));
    archive.set_preserve_mtime(false);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.display().to_string();
        match entry.header().entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse | EntryType::Directory => {}
            // Headers about the next entry, which the reader has applied.
            EntryType::XGlobalHeader | EntryType::XHeader => continue,
            _ => return Err(UnpackError::NotAFile(name)),
        }
        if !entry.unpack_in(folder)? {
            return Err(UnpackError::Outside(name));
        }
    }
    // The checksum stands behind the last entry: without it, the archive was cut off.
    io::copy(&mut archive.into_inner(), &mut io::sink())?;
    Ok(())
}

/// Paths below `folder`, relative to it, sorted, a folder before what it holds.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(inner) = open.pop() {
        for entry in std::fs::read_dir(folder.join(&inner))? {
            let path = inner.join(entry?.file_name());
            if folder.join(&path).symlink_metadata()?.is_dir() {
                open.push(path.clone());
            }
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn what_is_packed_is_unpacked() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        fs::create_dir_all(from.join("a/b")).unwrap();
        fs::create_dir_all(&to).unwrap();
        assert!(!has_files(&from).unwrap());
        fs::write(from.join("a/b/model.json"), "{}").unwrap();
        assert!(has_files(&from).unwrap());
        let (first, second) = (folder.path().join("1.tar.gz"), folder.path().join("2.tar.gz"));
        pack(&from, &first).unwrap();
        pack(&from, &second).unwrap();
        assert_eq!(fs::read(&first).unwrap(), fs::read(&second).unwrap());
        unpack(&first, &to).unwrap();
        assert_eq!(fs::read_to_string(to.join("a/b/model.json")).unwrap(), "{}");
    }

    fn archive_of(path: &Path, name: &str, kind: EntryType) {
        let mut builder = Builder::new(GzEncoder::new(File::create(path).unwrap(), Compression::fast()));
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(kind);
        header.set_size(0);
        // `set_path` refuses what an attacker would write: the name goes in as bytes.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        if kind == EntryType::Symlink {
            header.set_link_name("/etc").unwrap();
        }
        header.set_cksum();
        builder.append(&header, io::empty()).unwrap();
        builder.into_inner().unwrap().finish().unwrap();
    }

    #[test]
    fn nothing_is_written_outside() {
        let folder = tempfile::tempdir().unwrap();
        let (archive, to) = (folder.path().join("x.tar.gz"), folder.path().join("to"));
        fs::create_dir(&to).unwrap();
        archive_of(&archive, "../escaped", EntryType::Regular);
        assert!(matches!(unpack(&archive, &to), Err(UnpackError::Outside(_))));
        assert!(!folder.path().join("escaped").exists());
        archive_of(&archive, "link", EntryType::Symlink);
        assert!(matches!(unpack(&archive, &to), Err(UnpackError::NotAFile(_))));
        fs::write(&archive, "no archive").unwrap();
        assert!(matches!(unpack(&archive, &to), Err(UnpackError::Unreadable(_))));
    }
}
