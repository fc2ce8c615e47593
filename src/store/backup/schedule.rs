//! Copies of an SQLite file in a folder, made again and again; the newest of them are kept. The time of a copy is in its name,
//! by which they are in order. Files of other names are nobody's business here.

use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use super::{
    super::Store,
    Copied, Failure,
    copy::{is_unfinished, sync_folder},
};
use crate::domain::data_hora::DataHora;

const BEFORE: &str = "ambrosia-";
const AFTER: &str = ".db";

/// What is not finished for so long never will be.
const UNFINISHED_AFTER: Duration = Duration::from_secs(60 * 60);

/// When copies are made, where, and how many are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub every: Duration,
    pub folder: PathBuf,
    /// One or more.
    pub keep: usize,
}

impl Schedule {
    /// The age of the newest copy; `None` where there is none. One from the future tells nothing.
    pub fn age(&self) -> Option<Duration> {
        self.copies().ok()?.iter().filter_map(|name| age_of(&self.folder.join(name))).min()
    }

    /// How long until another one is due.
    pub fn due_in(&self) -> Duration {
        self.age().map_or(Duration::ZERO, |age| self.every.saturating_sub(age))
    }

    /// Makes a copy, and then removes those that are not kept, with what is left of copies that were cut off. Gives its path.
    pub fn copy(&self, store: &Store, now: DataHora) -> Result<(PathBuf, Copied), Failure> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.folder);
        made.map_err(|e| Failure::cannot("make", &self.folder, e))?;
        let path = self.folder.join(format!("{BEFORE}{}{AFTER}", now.compact()));
        let copied = store.copy_to(&path)?;
        if let Err(failure) = self.remove_old(&path) {
            log::warn!("older backups stay: {failure}");
        }
        Ok((path, copied))
    }

    fn remove_old(&self, new: &Path) -> Result<(), Failure> {
        let is_new = |name: &String| new.file_name().is_some_and(|new| new == name.as_str());
        let mut others = self.copies()?;
        // The new one stays, also where the clock has been put back.
        others.retain(|name| !is_new(name));
        others.truncate((others.len() + 1).saturating_sub(self.keep));
        let is_left = |name: &String| {
            let age = age_of(&self.folder.join(name));
            name.starts_with(BEFORE) && is_unfinished(name) && age.is_some_and(|age| age > UNFINISHED_AFTER)
        };
        others.extend(self.names()?.into_iter().filter(is_left));
        for name in others {
            let path = self.folder.join(name);
            fs::remove_file(&path).map_err(|e| Failure::cannot("remove", &path, e))?;
        }
        sync_folder(new)
    }

    /// The names of the copies, the oldest first.
    fn copies(&self) -> Result<Vec<String>, Failure> {
        let mut copies: Vec<String> = self.names()?.into_iter().filter(|name| is_copy(name)).collect();
        copies.sort_unstable();
        Ok(copies)
    }

    fn names(&self) -> Result<Vec<String>, Failure> {
        let failed = |e| Failure::cannot("read", &self.folder, e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            names.extend(entry.map_err(failed)?.file_name().into_string());
        }
        Ok(names)
    }
}

fn age_of(file: &Path) -> Option<Duration> {
    SystemTime::now().duration_since(fs::metadata(file).ok()?.modified().ok()?).ok()
}

/// Whether it is the name of one of these copies: `ambrosia-20261129T170000Z.db`.
fn is_copy(name: &str) -> bool {
    let time = name.strip_prefix(BEFORE).and_then(|name| name.strip_suffix(AFTER));
    time.is_some_and(|time| {
        let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        shape == "00000000T000000Z"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_no_copies() {
        let now = DataHora::de_segundos(1_795_971_600).unwrap().compact();
        assert!(is_copy(&format!("ambrosia-{now}.db")), "{now}");
        for name in
            ["ambrosia.db", "ambrosia-antes.db", "ambrosia-20261129T170000Z.db.parcial", "ambrosia-.db"]
        {
            assert!(!is_copy(name), "{name}");
        }
    }
}
