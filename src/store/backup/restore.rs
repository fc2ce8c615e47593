//! A backup becomes the database of this restaurant:
//!
//! ```text
//!   copy beside the target ──► check ──► migrate ──► check ──► resume ──► flush ──► seize the target ──► rename
//!    `….parcial`               as it is   an older one           so that it goes on      nobody has it open
//! ```
//!
//! Invariants: until the rename, which is atomic, nothing is changed but the copy; the origin never is. What stood in the
//! place keeps all that it holds, under another name. At any moment there is a database at the target if there was one, so
//! that a process that is started meanwhile does not make an empty restaurant. Tested by `tests/api/backup.rs`.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
};

use super::{
    super::{Database, Settings, migrations},
    Checked, Failure, check,
    copy::{BESIDE, Unfinished, name_anew, sync_folder, with_end},
    file::{Seized, close_for_good},
    open_to_change, open_to_look, resume,
};
use crate::domain::data_hora::DataHora;

/// What was restored.
pub struct Restored {
    pub checked: Checked,
    /// Where the database is that stood there before.
    pub aside: Option<PathBuf>,
}

/// Puts the backup at the path of the database. With `despite` also one whose log is not whole; a damaged file, or one that
/// is no database of Ambrosia or of a newer version, never.
pub fn restore(
    settings: &Settings,
    origin: &Path,
    despite: bool,
    now: DataHora,
) -> Result<Restored, Failure> {
    let Database::Sqlite(target) = &settings.database else {
        return Err(Failure("only an SQLite file is restored like this".to_owned()));
    };
    let target = fs::canonicalize(target).unwrap_or_else(|_| target.clone());
    let unfinished = fetch(origin, &target)?;
    let checked = prove(&unfinished, settings, origin, despite, now)?;
    let aside = place(&unfinished, &target, settings, now)?;
    Ok(Restored { checked, aside })
}

/// Copies the backup beside the target.
fn fetch(origin: &Path, target: &Path) -> Result<Unfinished, Failure> {
    let failed = |e: io::Error| Failure::cannot("read", origin, e);
    let mut source = File::open(origin).map_err(failed)?;
    let seen = source.metadata().map_err(failed)?;
    if !seen.is_file() {
        return Err(Failure::cannot("read", origin, "it is no file"));
    }
    if fs::metadata(target).is_ok_and(|there| (there.dev(), there.ino()) == (seen.dev(), seen.ino())) {
        return Err(Failure::cannot("restore", origin, "it is the database itself"));
    }
    if fs::metadata(with_end(origin, "-wal")).is_ok_and(|wal| wal.len() > 0) {
        let text = "a write-ahead log is beside it, so it is no copy but a database in use or cut off; \
                    copy it with «ambrosia copia»";
        return Err(Failure::cannot("restore", origin, text));
    }
    let unfinished = Unfinished::beside(target)?;
    let copied = OpenOptions::new()
        .write(true)
        .open(&unfinished.0)
        .and_then(|mut file| io::copy(&mut source, &mut file));
    copied.map_err(|e| Failure::cannot("write", &unfinished.0, e))?;
    Ok(unfinished)
}

/// Checks the copy, brings it up to date, and prepares it to go on.
fn prove(
    unfinished: &Unfinished,
    settings: &Settings,
    origin: &Path,
    despite: bool,
    now: DataHora,
) -> Result<Checked, Failure> {
    let refused = |checked: &Checked| Failure::cannot("restore", origin, checked.complaint());
    let database = Database::Sqlite(unfinished.0.clone());
    let settings = Settings { database: database.clone(), example_data: false, ..settings.clone() };
    let unreadable = |e| Failure::cannot("restore", origin, e);
    let mut checked = open_to_look(&settings)
        .map_err(Failure::from)
        .and_then(|mut conn| Ok(check(&mut *conn, &database)?))
        .map_err(unreadable)?;
    if !checked.is_usable() {
        return Err(refused(&checked));
    }
    let mut conn = open_to_change(&settings)?;
    if !migrations::is_done(&mut *conn, &database)? {
        migrations::run(&mut *conn, &settings, &|_| {})?;
        checked = check(&mut *conn, &database)?;
    }
    if !checked.is_whole() && !despite {
        return Err(refused(&checked));
    }
    resume(&mut *conn, &database, &checked.to_string(), now)?;
    close_for_good(conn)?;
    let synced = File::open(&unfinished.0).and_then(|file| file.sync_all());
    synced.map_err(|e| Failure::cannot("write", &unfinished.0, e))?;
    Ok(checked)
}

/// Puts the file in its place. Gives the name of what stood there.
fn place(
    unfinished: &Unfinished,
    target: &Path,
    settings: &Settings,
    now: DataHora,
) -> Result<Option<PathBuf>, Failure> {
    let aside = with_end(target, &format!(".antes-{}", now.compact()));
    let there = fs::metadata(target).ok();
    // Held until the end.
    let seized = there.as_ref().map(|_| Seized::of(target, settings.wait)).transpose()?;
    if let Some(there) = &there {
        keep_owner(there, &unfinished.0)?;
        name_anew(target, &aside)?;
    }
    let all_in_one_file = seized.as_ref().is_some_and(Seized::is_readable);
    for end in BESIDE {
        let (from, to) = (with_end(target, end), with_end(&aside, end));
        if fs::symlink_metadata(&from).is_err() {
            continue;
        }
        // The log of a database that is not there any more, or that SQLite cannot read, would be taken for the new one's.
        let cleared = if all_in_one_file { fs::remove_file(&from) } else { fs::rename(&from, &to) };
        cleared.map_err(|e| Failure::cannot("remove", &from, e))?;
    }
    fs::rename(&unfinished.0, target).map_err(|e| Failure::cannot("write", target, e))?;
    sync_folder(target)?;
    drop(seized);
    Ok(there.map(|_| aside))
}

/// Root restores for the user that the server runs as.
fn keep_owner(there: &fs::Metadata, new: &Path) -> Result<(), Failure> {
    let failed = |e: io::Error| Failure::cannot("give its owner", new, e);
    let ours = fs::metadata(new).map_err(failed)?;
    if (ours.uid(), ours.gid()) == (there.uid(), there.gid()) {
        return Ok(());
    }
    chown(new, Some(there.uid()), Some(there.gid())).map_err(failed)
}
