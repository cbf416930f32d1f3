//! Which manifests have arrived.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::SystemTime;

use mlpp_local::LocalObjects;
use mlpp_provider::ObjectsError;

/// The manifests of a bucket's prefix.
pub(super) struct Scan {
    bucket: String,
    prefix: String,
    /// What each object was like when it was looked at last.
    seen: HashMap<String, Seen>,
}

/// What tells two writings of a file apart.
type Mark = (u64, Option<SystemTime>);

struct Seen {
    mark: Mark,
    /// Whether that writing is dealt with.
    done: bool,
}

impl Scan {
    pub(super) fn new(bucket: &str, prefix: &str) -> Self {
        Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), seen: HashMap::new() }
    }

    /// The keys of the manifests that are complete and not dealt with: a file that was the same in the scan before is
    /// taken to be complete, since who writes it in place is at work else. What is no `.json` is no manifest.
    ///
    /// # Errors
    /// A folder cannot be read.
    pub(super) fn look(&mut self, objects: &LocalObjects) -> Result<Vec<String>, ObjectsError> {
        let keys: HashSet<String> = objects
            .keys(&self.bucket, &self.prefix)?
            .into_iter()
            .filter(|key| Path::new(key).extension().is_some_and(|extension| extension == "json"))
            .collect();
        self.seen.retain(|key, _| keys.contains(key));
        let mut complete = Vec::new();
        for key in keys {
            let file = objects.file(&self.bucket, &key)?;
            // One that vanishes in between is looked at when it is there again.
            let Ok(metadata) = std::fs::metadata(file) else { continue };
            let mark = (metadata.len(), metadata.modified().ok());
            match self.seen.get(&key) {
                Some(seen) if seen.mark == mark => {
                    if !seen.done {
                        complete.push(key);
                    }
                }
                _ => {
                    self.seen.insert(key, Seen { mark, done: false });
                }
            }
        }
        complete.sort_unstable();
        Ok(complete)
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
        let mut scan = Scan::new("bucket", "manifests/");
        assert_eq!(scan.look(&objects).unwrap(), [""; 0]);
        for (key, text) in [("manifests/a.json", "{"), ("manifests/a.txt", "{}"), ("other/b.json", "{}")] {
            write(key, text);
        }
        assert_eq!(scan.look(&objects).unwrap(), [""; 0]);
        // It grows: it was not complete.
        write("manifests/a.json", "{}");
        assert_eq!(scan.look(&objects).unwrap(), [""; 0]);
        assert_eq!(scan.look(&objects).unwrap(), ["manifests/a.json"]);
        // It cannot be dealt with now: it comes again.
        assert_eq!(scan.look(&objects).unwrap(), ["manifests/a.json"]);
        scan.done("manifests/a.json");
        assert_eq!(scan.look(&objects).unwrap(), [""; 0]);
        write("manifests/a.json", "{ }");
        assert_eq!(scan.look(&objects).unwrap(), [""; 0]);
        assert_eq!(scan.look(&objects).unwrap(), ["manifests/a.json"]);
    }
}
