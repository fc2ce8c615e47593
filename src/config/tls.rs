//! The settings of TLS to the database. Files are looked at when the process starts, so that a wrong one is told at once and
//! by its variable.

use std::path::PathBuf;

use super::{Env, wrong};
use crate::store::{Tls, TlsMode};

const MODES: &str = "off, on or verify";
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----";
const KEY: &str = "PRIVATE KEY-----";

/// Every variable of TLS, for who has none.
pub(super) const NAMES: [&str; 4] = ["MYSQL_TLS", "MYSQL_TLS_CA", "MYSQL_TLS_CERT", "MYSQL_TLS_KEY"];

impl Env<'_> {
    /// `in_url` is what the URL says, in place of `MYSQL_TLS`.
    pub(super) fn tls(&self, in_url: Option<&str>) -> Result<Tls, String> {
        let mode = match (in_url, self.set("MYSQL_TLS")) {
            (Some(_), Some(_)) => {
                return Err("DATABASE_URL has tls= and MYSQL_TLS is set: set one of them".into());
            }
            // What stands there is not repeated: a URL holds a password, and may be wrong in other places.
            (Some(text), None) => text.parse().map_err(|()| format!("DATABASE_URL: tls must be {MODES}"))?,
            (None, Some(text)) => text.parse().map_err(|()| wrong("MYSQL_TLS", text, MODES))?,
            (None, None) => TlsMode::Off,
        };
        let [_, files @ ..] = NAMES;
        if let (TlsMode::Off, Some(name)) = (mode, files.iter().find(|name| self.set(name).is_some())) {
            return Err(format!("{name} is set and there is no TLS: set MYSQL_TLS too, or neither"));
        }
        let ca = self.pem("MYSQL_TLS_CA", CERTIFICATE)?;
        if mode == TlsMode::On && ca.is_some() {
            return Err("MYSQL_TLS_CA is set and nothing is checked by it: set MYSQL_TLS=verify".into());
        }
        let identity = match (self.pem("MYSQL_TLS_CERT", CERTIFICATE)?, self.pem("MYSQL_TLS_KEY", KEY)?) {
            (Some(chain), Some(key)) => Some((chain, key)),
            (None, None) => None,
            _ => return Err("MYSQL_TLS_CERT and MYSQL_TLS_KEY go together: set both, or neither".into()),
        };
        Ok(Tls { mode, ca, identity })
    }

    /// The file that `name` names, if it does; it must hold a PEM block like this.
    fn pem(&self, name: &str, block: &str) -> Result<Option<PathBuf>, String> {
        let Some(file) = self.set(name) else { return Ok(None) };
        let text = std::fs::read(&file).map_err(|e| format!("{name}={file}: {e}"))?;
        if !String::from_utf8_lossy(&text).contains(block) {
            return Err(wrong(name, file, &format!("a PEM file with «{block}»")));
        }
        Ok(Some(file.into()))
    }
}

/// The URL without its `tls` parameter, and what that says. Where there are several it says what all do, which is no mode.
pub(super) fn split(url: &str) -> (String, Option<String>) {
    let Some((address, query)) = url.split_once('?') else { return (url.to_owned(), None) };
    let mut tls = None;
    let mut rest = Vec::new();
    for parameter in query.split('&') {
        match parameter.strip_prefix("tls=") {
            Some(text) => {
                tls = Some(tls.map_or_else(|| text.to_owned(), |before| format!("{before}, {text}")))
            }
            None => rest.push(parameter),
        }
    }
    let mark = if rest.is_empty() { "" } else { "?" };
    (format!("{address}{mark}{}", rest.join("&")), tls)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn complaint(set: &[(&str, &str)]) -> Option<String> {
        Config::read(&|name| set.iter().find(|s| s.0 == name).map(|s| s.1.to_owned())).err()
    }

    #[test]
    fn only_tls_is_taken_out_of_a_url() {
        let taken = |url| split(url);
        assert_eq!(taken("mysql://a:b@c/d"), ("mysql://a:b@c/d".into(), None));
        assert_eq!(taken("mysql://a:b@c/d?tls=on"), ("mysql://a:b@c/d".into(), Some("on".into())));
        assert_eq!(
            taken("mysql://a:b@c/d?x=1&tls=verify&y=2"),
            ("mysql://a:b@c/d?x=1&y=2".into(), Some("verify".into()))
        );
    }

    #[test]
    fn what_does_not_go_together_is_told() {
        let file = std::env::temp_dir().join(format!("ambrosia-tls-{}.pem", std::process::id()));
        std::fs::write(&file, CERTIFICATE).unwrap();
        let pem = file.to_str().unwrap();
        let db = ("MYSQL_HOST", "db");
        for (set, expected) in [
            (vec![db, ("MYSQL_TLS", "on")], None),
            (vec![db, ("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", pem)], None),
            (vec![("DATABASE_URL", "mysql://a:segredo@b/c?tls=verify"), ("MYSQL_TLS_CA", pem)], None),
            (vec![db, ("MYSQL_TLS", "yes")], Some("MYSQL_TLS=yes is wrong: it must be off, on or verify")),
            (
                vec![("DATABASE_URL", "mysql://a:b@c/d?tls=segredo")],
                Some("DATABASE_URL: tls must be off, on or verify"),
            ),
            (
                vec![("DATABASE_URL", "mysql://a:b@c/d?tls=on&tls=off")],
                Some("DATABASE_URL: tls must be off, on or verify"),
            ),
            (
                vec![("DATABASE_URL", "mysql://a:segredo@b/c?tls=on"), ("MYSQL_TLS", "on")],
                Some("DATABASE_URL has tls= and MYSQL_TLS is set: set one of them"),
            ),
            (
                vec![db, ("MYSQL_TLS_CA", pem)],
                Some("MYSQL_TLS_CA is set and there is no TLS: set MYSQL_TLS too, or neither"),
            ),
            (
                vec![db, ("MYSQL_TLS", "on"), ("MYSQL_TLS_CA", pem)],
                Some("MYSQL_TLS_CA is set and nothing is checked by it: set MYSQL_TLS=verify"),
            ),
            (
                vec![db, ("MYSQL_TLS", "on"), ("MYSQL_TLS_CERT", pem)],
                Some("MYSQL_TLS_CERT and MYSQL_TLS_KEY go together: set both, or neither"),
            ),
            (
                vec![db, ("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", "/nowhere/ca.pem")],
                Some("MYSQL_TLS_CA=/nowhere/ca.pem: No such file or directory (os error 2)"),
            ),
            (
                vec![db, ("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", "/etc/passwd")],
                Some(
                    "MYSQL_TLS_CA=/etc/passwd is wrong: it must be a PEM file with «-----BEGIN CERTIFICATE-----»",
                ),
            ),
            (vec![("MYSQL_TLS", "on")], Some("MYSQL_TLS is set and the database is SQLite, which is a file")),
        ] {
            assert_eq!(complaint(&set).as_deref(), expected, "{set:?}");
        }
        std::fs::remove_file(file).unwrap();
    }
}
