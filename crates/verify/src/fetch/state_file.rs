//! The file in which a verifier keeps what is revoked, so that a restart while the issuer is away does not leave it empty. Owns
//! the file's form and the writing; whether what it holds is young enough is `follow`'s.
//!
//! The file holds the hash key of the records, so only its owner may read it; who may write it could hide a revocation.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::report::StateFault;
use crate::feed::Snapshot;

/// Where the state is kept.
#[derive(Debug, Clone)]
pub(super) struct StateFile {
    path: PathBuf,
    issuer: String,
}

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// The records and the time they are of.
    pub(super) snapshot: Snapshot,
    /// The issuer's clock less ours when it was written, in milliseconds.
    pub(super) offset: i64,
}

#[derive(Serialize, Deserialize)]
struct Document {
    sekisho_verifier_state: u32,
    issuer: String,
    offset: i64,
    /// The document of the feed as text.
    snapshot: String,
}

/// The version of the file's form.
const FORM: u32 = 1;

impl StateFile {
    pub(super) fn new(path: PathBuf, issuer: String) -> Self {
        Self { path, issuer }
    }

    /// What the file holds; `Ok(None)` when there is none.
    pub(super) fn read(&self, limit: usize) -> Result<Option<Kept>, StateFault> {
        let file = match fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(StateFault::Unreadable),
        };
        if !is_private(&file) {
            return Err(StateFault::Unreadable);
        }
        let most = u64::try_from(limit).unwrap_or(u64::MAX);
        let mut text = Vec::new();
        file.take(most)
            .read_to_end(&mut text)
            .map_err(|_| StateFault::Unreadable)?;
        let document: Document = serde_json::from_slice(&text).map_err(|_| StateFault::Corrupt)?;
        if document.sekisho_verifier_state != FORM {
            return Err(StateFault::Corrupt);
        }
        if document.issuer != self.issuer {
            return Err(StateFault::OtherIssuer);
        }
        let snapshot = Snapshot::parse(document.snapshot.as_bytes()).map_err(|_| StateFault::Corrupt)?;
        Ok(Some(Kept {
            snapshot,
            offset: document.offset,
        }))
    }

    /// Writes the file whole, or leaves the old one.
    pub(super) fn write(&self, kept: &Kept) -> Result<(), StateFault> {
        let document = Document {
            sekisho_verifier_state: FORM,
            issuer: self.issuer.clone(),
            offset: kept.offset,
            snapshot: kept.snapshot.to_json(),
        };
        let text = serde_json::to_vec(&document).map_err(|_| StateFault::Unwritable)?;
        // One name for each process: two verifiers that were given one path must not write into one file at once.
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{}.new", std::process::id()));
        let draft = PathBuf::from(name);
        let written = write_private(&draft, &text).and_then(|()| fs::rename(&draft, &self.path));
        written.map_err(|_| {
            // A draft that stays would only be in the way; there may be none.
            let _ = fs::remove_file(&draft);
            StateFault::Unwritable
        })
    }
}

fn write_private(path: &Path, text: &[u8]) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    // Renamed before its bytes are on the disk, a power cut could leave an empty file under the good name.
    file.sync_all()
}

#[cfg(unix)]
fn is_private(file: &fs::File) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o077 == 0)
}

#[cfg(not(unix))]
fn is_private(file: &fs::File) -> bool {
    file.metadata().is_ok_and(|meta| meta.is_file())
}

#[cfg(test)]
mod tests {
    use super::{Kept, StateFile};
    use crate::feed::Snapshot;
    use crate::fetch::report::StateFault;
    use crate::record::{HashKey, Record};
    use std::fs;
    use std::path::PathBuf;

    const ISS: &str = "https://id.example.com/";
    const LIMIT: usize = 1 << 20;

    /// A folder of this test's own, removed at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("sekisho-state-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> StateFile {
            StateFile::new(self.0.join("state.json"), ISS.to_owned())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn kept() -> Kept {
        let hash = HashKey::new([3; 16]);
        Kept {
            snapshot: Snapshot {
                feed_id: "fd_1".to_owned(),
                seq: 4,
                as_of: 1_000,
                hash_key: hash,
                jwks_etag: "\"e\"".to_owned(),
                records: vec![Record::session(&hash, "s1", 10), Record::issuer(9, 10)],
            },
            offset: -40,
        }
    }

    #[test]
    fn what_was_written_is_read_and_nothing_else_lies_about() {
        let folder = Folder::new("round");
        assert_eq!(folder.file().read(LIMIT), Ok(None));
        for _ in 0..2 {
            folder.file().write(&kept()).unwrap();
            assert_eq!(folder.file().read(LIMIT), Ok(Some(kept())));
        }
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1);
    }

    #[test]
    fn every_cut_of_the_file_is_corrupt() {
        let folder = Folder::new("cut");
        folder.file().write(&kept()).unwrap();
        let path = folder.0.join("state.json");
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::OpenOptions::new()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(length as u64)
                .unwrap();
            assert_eq!(folder.file().read(LIMIT), Err(StateFault::Corrupt), "{length}");
            fs::write(&path, &whole).unwrap();
        }
        assert_eq!(folder.file().read(whole.len() - 1), Err(StateFault::Corrupt));
    }

    #[test]
    fn another_issuers_file_is_not_used() {
        let folder = Folder::new("issuer");
        folder.file().write(&kept()).unwrap();
        let other = StateFile::new(
            folder.0.join("state.json"),
            "https://other.example.com/".to_owned(),
        );
        assert_eq!(other.read(LIMIT), Err(StateFault::OtherIssuer));
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_and_write_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = Folder::new("mode");
        folder.file().write(&kept()).unwrap();
        let path = folder.0.join("state.json");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        for mode in [0o644, 0o620, 0o602] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(folder.file().read(LIMIT), Err(StateFault::Unreadable), "{mode:o}");
        }
    }

    #[test]
    fn a_place_that_cannot_be_written_is_told() {
        let file = StateFile::new(PathBuf::from("/proc/none/state.json"), ISS.to_owned());
        assert_eq!(file.write(&kept()), Err(StateFault::Unwritable));
    }
}
