//! Which manifests have arrived.

use std::collections::{HashMap, HashSet};
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use mlpp_local::LocalObjects;
use mlpp_provider::ObjectsError;

/// The manifests of a bucket's prefix.
pub(super) struct Scan {
    bucket: String,
    prefix: String,
    /// What each object was like when it was looked at last.
    seen: HashMap<String, Seen>,
}

/// In how many scans a file must be the same until it is taken to be all that there will be.
const SETTLED: u32 = 10;

/// A manifest that is to be dealt with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: String,
    /// Whether nobody has written to it for a while.
    pub(super) is_settled: bool,
}

/// What tells two writings of a file apart. Who writes it can set its time of modification, but not that of its change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    file: (u64, u64),
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    fn of(metadata: &Metadata) -> Self {
        Self {
            file: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

struct Seen {
    mark: Mark,
    /// In how many scans it was the same as in the one before.
    scans: u32,
    /// Whether that writing is dealt with.
    done: bool,
}

impl Scan {
    pub(super) fn new(bucket: &str, prefix: &str) -> Self {
        Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), seen: HashMap::new() }
    }

    /// The manifests that are complete, as it seems, and not dealt with: a file that was the same in the scan before, since who
    /// writes it in place is at work else. What is no `.json`, and no plain file, is no manifest.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub(super) fn look(&mut self, objects: &LocalObjects) -> Result<Vec<Found>, ObjectsError> {
        let keys: HashSet<String> = objects
            .keys(&self.bucket, &self.prefix)?
            .into_iter()
            .filter(|key| Path::new(key).extension().is_some_and(|extension| extension == "json"))
            .collect();
        self.seen.retain(|key, _| keys.contains(key));
        let mut complete = Vec::new();
        for key in keys {
            // One that vanishes in between is looked at when it is there again.
            let Some(mark) = self.mark(objects, &key) else { continue };
            match self.seen.get_mut(&key) {
                Some(seen) if seen.mark == mark => {
                    seen.scans = seen.scans.saturating_add(1);
                    if !seen.done {
                        complete.push(Found { key, is_settled: seen.scans >= SETTLED });
                    }
                }
                _ => {
                    self.seen.insert(key, Seen { mark, scans: 0, done: false });
                }
            }
        }
        complete.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(complete)
    }

    /// The mark of an object that is a plain file: to open a pipe may take for ever.
    fn mark(&self, objects: &LocalObjects, key: &str) -> Option<Mark> {
        let metadata = std::fs::metadata(objects.file(&self.bucket, key).ok()?).ok()?;
        metadata.is_file().then(|| Mark::of(&metadata))
    }

    /// Whether the object is still as it was when it was looked at: what was read of it since is a whole.
    pub(super) fn is_as_seen(&self, objects: &LocalObjects, key: &str) -> bool {
        let seen = self.seen.get(key).map(|seen| seen.mark);
        seen.is_some() && seen == self.mark(objects, key)
    }

    /// That writing of the object is dealt with.
    pub(super) fn done(&mut self, key: &str) {
        if let Some(seen) = self.seen.get_mut(key) {
            seen.done = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_complete_once_it_stays_as_it_is_and_comes_once() {
        let folder = tempfile::tempdir().unwrap();
        let objects = LocalObjects::new(folder.path());
        let write = |key: &str, text: &str| {
            let file = folder.path().join("bucket").join(key);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        let scan = std::cell::RefCell::new(Scan::new("bucket", "manifests/"));
        let look = || {
            let found = scan.borrow_mut().look(&objects).unwrap();
            found.into_iter().map(|found| (found.key, found.is_settled)).collect::<Vec<_>>()
        };
        let complete = [("manifests/a.json".to_owned(), false)];
        assert_eq!(look(), []);
        for (key, text) in [("manifests/a.json", "{"), ("manifests/a.txt", "{}"), ("other/b.json", "{}")] {
            write(key, text);
        }
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("bucket/manifests/endless.json")).unwrap();
        assert_eq!(look(), []);
        // It grows: it was not complete.
        write("manifests/a.json", "{}");
        assert_eq!(look(), []);
        assert_eq!(look(), complete);
        assert!(scan.borrow().is_as_seen(&objects, "manifests/a.json"));
        // It cannot be dealt with now: it comes again.
        assert_eq!(look(), complete);
        scan.borrow_mut().done("manifests/a.json");
        assert_eq!(look(), []);
        // Another of the same length and time takes its place.
        let file = folder.path().join("bucket/manifests/a.json");
        let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
        write("new", "[]");
        std::fs::rename(folder.path().join("bucket/new"), &file).unwrap();
        std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
        assert!(!scan.borrow().is_as_seen(&objects, "manifests/a.json"));
        assert_eq!(look(), []);
        for _ in 1..SETTLED {
            assert_eq!(look(), complete);
        }
        assert_eq!(look(), [("manifests/a.json".to_owned(), true)]);
    }
}
