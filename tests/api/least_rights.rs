//! The accounts that the README makes, by the statements that stand there: one that migrates, and one that runs.

use std::process::Command;

use mysql::prelude::Queryable;

use crate::{
    Database, Restaurant, access,
    database::{Schema, mysql_is_available, server_url},
    restaurant::{command, wait_until},
    staff::MANY_ADDRESSES,
};

/// The accounts of one database.
struct Accounts {
    /// Name of the database, which those of the accounts are made of: on MySQL they have 32 characters at most.
    database: String,
}

impl Accounts {
    fn of(schema: &Schema) -> Accounts {
        let accounts = Accounts { database: schema.name.clone() };
        let (migrates, runs) = (accounts.name("migra"), accounts.name("roda"));
        let readme = include_str!("../../README.md");
        let block = readme.split("```sql\n").find(|b| b.starts_with("CREATE USER ambrosia_migra")).unwrap();
        let mut root = schema.connection();
        for statement in block.split("\n```").next().unwrap().split_terminator(';') {
            let statement = statement
                .replace("ambrosia_migra", &migrates)
                .replace("ON ambrosia.", &format!("ON {}.", schema.name))
                .replace(" ambrosia@", &format!(" {runs}@"))
                .replace("'…'", "'segredo'");
            root.query_drop(statement).unwrap();
        }
        accounts
    }

    fn name(&self, what: &str) -> String {
        self.database.replace("ambrosia_test", what)
    }

    fn url(&self, what: &str) -> String {
        let (_, address) = server_url().rsplit_once('@').unwrap();
        format!("mysql://{}:segredo@{address}/{}", self.name(what), self.database)
    }

    fn connect(&self, what: &str) -> mysql::Conn {
        mysql::Conn::new(mysql::Opts::from_url(&self.url(what)).unwrap()).unwrap()
    }

    fn remove(&self, r: &Restaurant) {
        for what in ["migra", "roda"] {
            r.sql(&format!("DROP USER {}@'%'", self.name(what)));
        }
    }
}

#[test]
fn the_whole_interface_works_with_the_small_account() {
    if !mysql_is_available() {
        return;
    }
    let schema = Schema::new(server_url());
    let accounts = Accounts::of(&schema);
    let migrated = command(&accounts.url("migra"), &["migrar"]);
    assert!(migrated.status.success(), "{migrated:?}");
    let url = accounts.url("roda");
    let settings = [MANY_ADDRESSES, ("ACCESS", "closed"), ("DATABASE_URL", &*url)];
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &settings);
    access::every_route_answers_who_may(&r);
    assert!(!r.log().contains("denied"), "{}", r.log());
    assert!(command(&url, &["conferir"]).status.success());
    // That of the disk's probe.
    let mut conn = accounts.connect("roda");
    conn.query_drop("CREATE TABLE sonda_de_disco (x INT NOT NULL) PARTITION BY HASH (x) PARTITIONS 2")
        .unwrap();
    conn.query_drop("DROP TABLE sonda_de_disco").unwrap();
    for statement in ["CREATE TABLE outra (x INT)", "DROP TABLE pedidos", "ALTER TABLE pedidos ADD x INT"] {
        assert!(conn.query_drop(statement).unwrap_err().to_string().contains("denied"), "{statement}");
    }
    accounts.remove(&r);
}

/// A process with the small account does not change tables: it says so, and begins when they are there.
#[test]
fn the_small_account_waits_for_the_migration() {
    if !mysql_is_available() {
        return;
    }
    let schema = Schema::new(server_url());
    let accounts = Accounts::of(&schema);
    let url = accounts.url("roda");
    assert_eq!(command(&url, &["migrar"]).status.code(), Some(1));
    let r = Restaurant::on_schema(Database::Mysql, Some(schema), &[("DATABASE_URL", &*url)]);
    wait_until("the log says what is missing", || r.log().contains("denied to user"));
    assert!(!r.log().contains("segredo"));
    assert_eq!(r.get("/readyz").status, 503);
    let migrated = migrate_without_example(&accounts.url("migra"));
    assert!(migrated.status.success(), "{migrated:?}");
    wait_until("the process is ready", || r.get("/readyz").status == 200);
    assert_eq!(r.get("/produtos").body, "[]", "the settings of the migration count");
    let again = command(&accounts.url("migra"), &["migrar"]);
    assert!(String::from_utf8(again.stdout).unwrap().ends_with(": the tables are up to date\n"));
    accounts.remove(&r);
}

fn migrate_without_example(url: &str) -> std::process::Output {
    let mut migrates = Command::new(crate::restaurant::program());
    let settings = [("DATABASE_URL", url), ("EXAMPLE_DATA", "false")];
    migrates.env_clear().envs(settings).arg("migrar").output().unwrap()
}
