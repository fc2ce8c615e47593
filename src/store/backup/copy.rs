//! A copy of an SQLite database, made while it is in use: `VACUUM INTO`. It reads one snapshot, for which in WAL mode nobody
//! waits, and writes what is in it and nothing else: no free page, and so no byte that was erased. The online backup of SQLite
//! copies pages as they are, and begins again whenever another process writes.
//!
//! Invariant: a file with the name that was asked for is a whole copy that was checked. Until then it has another name, which
//! ends in `.parcial`; it is on the disk before it is renamed, and never takes the place of a file. Tested by
//! `tests/api/backup.rs`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use super::{
    super::{Database, Settings, Store, nodes::Pool},
    Checked, Failure, PRIVATE, check, open_to_look,
};

/// How the name of a file ends that is not finished.
const UNFINISHED: &str = ".parcial";

/// What SQLite keeps beside a file.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// What was made.
pub struct Copied {
    pub bytes: u64,
    /// Of the copy. Whatever is wrong with the log or with an order, it is better than none.
    pub checked: Checked,
}

impl Store {
    /// Copies the database into a new file, which only its owner can read, and checks the copy.
    pub fn copy_to(&self, destination: &Path) -> Result<Copied, Failure> {
        let Database::Sqlite(source) = &self.settings.database else {
            return Err(Failure("only an SQLite file is copied like this".to_owned()));
        };
        if fs::symlink_metadata(destination).is_ok() {
            return Err(Failure::exists(destination));
        }
        let unfinished = Unfinished::beside(destination)?;
        self.copying.vacuum(source, &unfinished.0, self.settings.wait)?;
        let database = Database::Sqlite(unfinished.0.clone());
        let settings = Settings { database: database.clone(), ..self.settings.clone() };
        let checked = check(&mut *open_to_look(&settings)?, &database)?;
        if !checked.is_usable() {
            return Err(Failure(format!("the copy is of no use: {}", checked.complaint())));
        }
        let bytes = unfinished.finish(destination)?;
        Ok(Copied { bytes, checked })
    }

    /// Leaves all data in the one file, for whoever copies it; MySQL needs no such care. Nothing is written after it.
    pub fn close(&self) {
        if !matches!(self.settings.database, Database::Sqlite(_)) || !self.is_migrated() {
            return;
        }
        self.copying.interrupt();
        // What runs in the background may be writing: it is waited for, and nobody gets the only writer after it.
        match self.nodes.connection(Pool::Writers, self.settings.wait) {
            Ok(mut conn) => {
                if let Err(e) = conn.script("PRAGMA wal_checkpoint(TRUNCATE);") {
                    log::warn!("cannot empty the write-ahead log: {e}");
                }
                std::mem::forget(conn);
            }
            Err(e) => log::warn!("cannot empty the write-ahead log: the writer is still in use: {e}"),
        }
    }
}

/// A file that is removed unless it is finished. SIGKILL leaves it behind, under a name that says what it is.
pub(super) struct Unfinished(pub(super) PathBuf);

impl Unfinished {
    /// A new empty file in the folder of `destination`.
    pub(super) fn beside(destination: &Path) -> Result<Unfinished, Failure> {
        let path = with_end(destination, &format!(".{}{UNFINISHED}", uuid::Uuid::new_v4().simple()));
        let made = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(&path);
        made.map_err(|e| Failure::cannot("write", &path, e))?;
        Ok(Unfinished(path))
    }

    /// On the disk, and under its name. Gives its size.
    fn finish(self, destination: &Path) -> Result<u64, Failure> {
        let failed = |e: io::Error| Failure::cannot("write", destination, e);
        let file = File::open(&self.0).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        name_anew(&self.0, destination)?;
        drop(self);
        sync_folder(destination)?;
        Ok(bytes)
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        for end in BESIDE {
            let _ = fs::remove_file(with_end(&self.0, end));
        }
    }
}

/// Whether a file of this name is what a copy leaves behind that was cut off.
pub(super) fn is_unfinished(name: &str) -> bool {
    BESIDE.iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).ends_with(UNFINISHED)
}

/// The path with more at the end of its name.
pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

/// Gives a file a second name, which no file has. File systems without links have no better way than to look, and to
/// rename it.
pub(super) fn name_anew(file: &Path, name: &Path) -> Result<(), Failure> {
    match fs::hard_link(file, name) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(Failure::exists(name)),
        Err(_) if fs::symlink_metadata(name).is_ok() => Err(Failure::exists(name)),
        Err(_) => fs::rename(file, name).map_err(|e| Failure::cannot("write", name, e)),
    }
}

/// The names of the files in the folder of this one are on the disk.
pub(super) fn sync_folder(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|e| Failure::cannot("write", folder, e))
}
