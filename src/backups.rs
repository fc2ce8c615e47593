//! `ambrosia copia`, `ambrosia conferir` and `ambrosia restaurar`: backups from the command line, for whoever may read the
//! settings of the database. The first two work beside the running processes.

use std::path::Path;

use ambrosia::{
    clock,
    config::Config,
    store::{
        Database, Settings, Store,
        backup::{self, Failure},
    },
};

use crate::Failed;

/// Goes on although the log has faults.
const DESPITE: &str = "mesmo-assim";

/// Copies the database into a new file, and says what is in it.
pub fn copy(arguments: &[String], config: Config) -> Result<(), Failed> {
    let [destination] = arguments else { return Err(usage("copia DESTINO")) };
    if let Database::Mysql(_) = config.store.database {
        return Err(Failed::Usage(
            "copia is for SQLite; a MySQL is copied by «mariadb-dump --single-transaction DATABASE >FILE.sql», \
             or mysqldump (README)"
                .to_owned(),
        ));
    }
    if destination.is_empty() {
        return Err(usage("copia DESTINO"));
    }
    let copied = Store::new(config.store).copy_to(Path::new(destination)).map_err(undone)?;
    println!("{destination}: {} bytes, {}", copied.bytes, copied.checked);
    // It is better than none, and who made it must know.
    if copied.checked.is_whole() { Ok(()) } else { Err(Failed::Undone(copied.checked.complaint())) }
}

/// Checks the database as it is.
pub fn check(arguments: &[String], config: Config) -> Result<(), Failed> {
    if !arguments.is_empty() {
        return Err(usage("conferir"));
    }
    println!("{}: {}", config.store.database, whole(&config.store)?);
    Ok(())
}

/// Puts a copy in the place of an SQLite file; or takes up a MySQL into which a dump was loaded.
pub fn restore(arguments: &[String], config: Config) -> Result<(), Failed> {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (origin, despite) = match arguments[..] {
        [] => (None, false),
        [DESPITE] => (None, true),
        [origin] => (Some(origin), false),
        [origin, DESPITE] => (Some(origin), true),
        _ => return Err(usage("restaurar ORIGEM [mesmo-assim]")),
    };
    match (&config.store.database, origin) {
        (Database::Sqlite(path), Some(origin)) => {
            let restored = backup::restore(&config.store, Path::new(origin), despite, clock::now());
            let restored = restored.map_err(undone)?;
            let aside = restored.aside.map(|aside| format!("; what was there is now {}", aside.display()));
            let (path, aside) = (path.display(), aside.unwrap_or_default());
            println!("{path} is {origin}: {}{aside}", restored.checked);
            Ok(())
        }
        (Database::Sqlite(_), None) => Err(usage("restaurar ORIGEM [mesmo-assim]")),
        (Database::Mysql(_), None) => take_up(&config.store, despite),
        (Database::Mysql(_), Some(_)) => Err(Failed::Usage(
            "load the dump into an empty database by «mariadb DATABASE <FILE.sql», or mysql, and then call \
             «ambrosia restaurar» without a file (README)"
                .to_owned(),
        )),
    }
}

/// Brings the schema of a dump up to date, checks it, and prepares it to go on.
fn take_up(settings: &Settings, despite: bool) -> Result<(), Failed> {
    // An empty database is not what was to be restored, and is not made a restaurant.
    let failed = |e: Failure| undone(e);
    let looked = look(settings)?;
    if !looked.is_usable() {
        return Err(Failed::Undone(looked.complaint()));
    }
    Store::new(Settings { example_data: false, ..settings.clone() })
        .migrate()
        .map_err(|e| failed(e.into()))?;
    let checked = look(settings)?;
    if !checked.is_whole() && !despite {
        return Err(Failed::Undone(checked.complaint()));
    }
    let mut conn = backup::open_to_change(settings).map_err(|e| failed(e.into()))?;
    backup::resume(&mut *conn, &settings.database, &checked.to_string(), clock::now())
        .map_err(|e| failed(e.into()))?;
    println!("{} goes on: {checked}", settings.database);
    Ok(())
}

fn whole(settings: &Settings) -> Result<backup::Checked, Failed> {
    let checked = look(settings)?;
    if checked.is_whole() { Ok(checked) } else { Err(Failed::Undone(checked.complaint())) }
}

fn look(settings: &Settings) -> Result<backup::Checked, Failed> {
    let database = &settings.database;
    let failed = |e: Failure| Failed::Undone(format!("cannot check {database}: {e}"));
    let mut conn = backup::open_to_look(settings).map_err(|e| failed(e.into()))?;
    backup::check(&mut *conn, database).map_err(|e| failed(e.into()))
}

fn usage(text: &str) -> Failed {
    Failed::Usage(format!("usage: ambrosia {text}"))
}

fn undone(failure: Failure) -> Failed {
    Failed::Undone(failure.to_string())
}
