//! The harness for access: keys from the command line, and requests with a key, a secret, or from another address.

use std::{
    process::Output,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::Value;

use crate::{
    Response, Restaurant,
    restaurant::{command, wait_until},
};

/// With this setting every request of `Caller` comes from an address of its own, so that limits by address do not count.
pub const MANY_ADDRESSES: (&str, &str) = ("TRUSTED_PROXIES", "127.0.0.1");

/// What a request carries to say who sends it.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    pub key: Option<String>,
    /// The secret of an order.
    pub secret: Option<String>,
}

impl Caller {
    pub fn nobody() -> Caller {
        Caller::default()
    }

    pub fn with_key(key: impl Into<String>) -> Caller {
        Caller { key: Some(key.into()), secret: None }
    }

    pub fn with_secret(secret: impl Into<String>) -> Caller {
        Caller { key: None, secret: Some(secret.into()) }
    }

    /// Sends a request from an address that no other has, if the restaurant has `MANY_ADDRESSES`.
    pub fn request(&self, r: &Restaurant, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.request_with(r, method, path, &[], body)
    }

    /// As `request`, with these headers too.
    pub fn request_with(
        &self,
        r: &Restaurant,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Response {
        static ADDRESSES: AtomicU32 = AtomicU32::new(0x0a00_0001);
        let address = std::net::Ipv4Addr::from_bits(ADDRESSES.fetch_add(1, Ordering::Relaxed)).to_string();
        let bearer = self.key.as_ref().map(|key| format!("Bearer {key}"));
        let mut headers = vec![("X-Forwarded-For", address.as_str())];
        headers.extend(bearer.as_deref().map(|bearer| ("Authorization", bearer)));
        headers.extend(self.secret.as_deref().map(|secret| ("X-Acompanhamento", secret)));
        headers.extend_from_slice(more);
        r.request(method, path, &headers, body.map(Value::to_string).as_deref())
    }

    pub fn get(&self, r: &Restaurant, path: &str) -> Response {
        self.request(r, "GET", path, None)
    }

    pub fn post(&self, r: &Restaurant, path: &str, body: Value) -> Response {
        self.request(r, "POST", path, Some(&body))
    }

    pub fn put(&self, r: &Restaurant, path: &str, body: Value) -> Response {
        self.request(r, "PUT", path, Some(&body))
    }

    pub fn delete(&self, r: &Restaurant, path: &str) -> Response {
        self.request(r, "DELETE", path, None)
    }
}

/// Runs `ambrosia chave` with these arguments on the database of the restaurant.
pub fn chave(r: &Restaurant, arguments: &[&str]) -> Output {
    chave_on(&r.database_url, arguments)
}

/// Runs `ambrosia chave` on the database at this URL.
pub fn chave_on(database_url: &str, arguments: &[&str]) -> Output {
    command(database_url, &[&["chave"], arguments].concat())
}

/// Makes a key on the command line.
#[track_caller]
pub fn create_key(r: &Restaurant, papel: &str) -> String {
    printed(&chave(r, &["criar", papel, "de", papel]))
}

/// The key of a first manager, which has closed the doors.
#[track_caller]
pub fn lock(r: &Restaurant) -> String {
    let key = create_key(r, "gerente");
    wait_until("the doors are closed", || r.get("/clientes").status == 401);
    key
}

/// The one line that a command has printed; it must have succeeded.
#[track_caller]
pub fn printed(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && errors.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "{text:?}");
    text.trim_end().to_owned()
}

/// The number of a key, which it names.
pub fn id_of(key: &str) -> i64 {
    key.split('_').nth(1).unwrap().parse().unwrap()
}

/// The rows of a query, as text that can be compared and searched.
pub fn rows(r: &Restaurant, sql: &str) -> Vec<String> {
    use mysql::prelude::Queryable;
    match &r.schema {
        Some(schema) => {
            let rows: Vec<mysql::Row> = schema.connection().query(sql).unwrap();
            rows.into_iter().map(|row| row.unwrap().iter().map(|v| v.as_sql(true) + "|").collect()).collect()
        }
        None => {
            let conn = rusqlite::Connection::open(r.folder.0.join("r.db")).unwrap();
            let mut statement = conn.prepare(sql).unwrap();
            let columns = statement.column_count();
            let text = |row: &rusqlite::Row<'_>| {
                (0..columns).map(|n| Ok(format!("{:?}|", row.get::<_, rusqlite::types::Value>(n)?))).collect()
            };
            statement.query_map([], text).unwrap().map(Result::unwrap).collect()
        }
    }
}
