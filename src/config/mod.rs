//! The only reader of the environment. Nothing has to be set; what is set and wrong is told in one line.

mod tls;
mod variables;

use std::{fmt::Display, path::PathBuf, str::FromStr, time::Duration};

pub use self::variables::VARIABLES;
use crate::{
    access::Mode,
    api::{Hosts, Origins},
    logging,
    payments::mercado_pago::{self, Secrets},
    server::{HEADERS_MAX, Limits, Proxies},
    store::{self, Account, Database, Servers, backup::Schedule},
};

/// What counts with real payments where nothing is set. A busy shop behind one address makes some hundred orders an hour,
/// and this is 7,200.
const CHECKOUTS_PER_MINUTE: u32 = 120;
/// Mercado Pago sends one or two for a payment.
const WEBHOOKS_PER_SECOND: u32 = 50;
/// More than one address can leave unpaid before its orders expire (`QR_SECONDS`), so that it cannot close the shop.
const MAX_UNPAID_ORDERS: u32 = 2000;

/// What the environment asks for, checked.
pub struct Config {
    /// Address to listen on.
    pub host: String,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Without it the probes and figures are on `port`.
    pub ops_port: Option<u16>,
    /// Of the log.
    pub log: logging::Settings,
    /// Of the database.
    pub store: store::Settings,
    /// Of the server.
    pub limits: Limits,
    /// Whether doors are open; `None` is as good as `auto`, and was not decided by anybody.
    pub access: Option<Mode>,
    /// What the secrets of orders depend on beside the database.
    pub pepper: String,
    /// Whose pages may call.
    pub origins: Origins,
    /// The names that are answered.
    pub hosts: Hosts,
    /// Of each client; `None` is no limit.
    pub checkouts_per_minute: Option<u32>,
    /// As `checkouts_per_minute`.
    pub webhooks_per_second: Option<u32>,
    /// Outgoing webhooks may go to private addresses.
    pub webhooks_private: bool,
    /// `None` is no limit.
    pub max_unpaid_orders: Option<usize>,
    /// Live streams at most.
    pub max_listeners: usize,
    /// Seconds for which a QR code can be paid.
    pub qr_seconds: i64,
    /// Without it no customer is erased but on demand.
    pub customer_retention_months: Option<u16>,
    /// Without it no copies of the database are made.
    pub backup: Option<Schedule>,
    /// Without it payments are simulated.
    pub mercado_pago: Option<mercado_pago::Settings>,
}

impl Config {
    /// `lookup` is the environment; the error names the variable.
    pub fn read(lookup: &dyn Fn(&str) -> Option<String>) -> Result<Config, String> {
        let env = Env { lookup };
        Ok(Config {
            host: env.text("HOST")?,
            port: env.number("PORT", 0, 65535)? as u16,
            ops_port: env
                .set("OPS_PORT")
                .map(|_| env.number("OPS_PORT", 0, 65535))
                .transpose()?
                .map(|n| n as u16),
            log: logging::Settings {
                level: env.parsed("LOG_LEVEL", "off, error, warn, info, debug or trace")?,
                format: env.parsed("LOG_FORMAT", "text or json")?,
                buffer_bytes: env.number("LOG_BUFFER_BYTES", 16_384, 1 << 30)? as usize,
            },
            access: env.set("ACCESS").map(|_| env.parsed("ACCESS", "auto, open or closed")).transpose()?,
            pepper: env.text("PEPPER")?,
            origins: env.parsed(
                "CORS_ORIGIN",
                "origins like https://loja.exemplo.com.br, separated by commas, or *",
            )?,
            hosts: env.parsed(
                "ALLOWED_HOSTS",
                "hosts like loja.exemplo.com.br or loja.exemplo.com.br:8443, separated by commas",
            )?,
            checkouts_per_minute: env.limit("CHECKOUTS_PER_MINUTE", CHECKOUTS_PER_MINUTE)?,
            webhooks_per_second: env.limit("WEBHOOKS_PER_SECOND", WEBHOOKS_PER_SECOND)?,
            webhooks_private: env.parsed("WEBHOOKS_PRIVATE", "true or false")?,
            max_unpaid_orders: env.limit("MAX_UNPAID_ORDERS", MAX_UNPAID_ORDERS)?.map(|n| n as usize),
            max_listeners: env.number("MAX_LISTENERS", 0, 1_000_000)? as usize,
            qr_seconds: env.qr_seconds()?,
            customer_retention_months: env.retention_months()?,
            backup: env.backup()?,
            mercado_pago: env.mercado_pago()?,
            store: store::Settings {
                database: env.database()?,
                pool: env.number("POOL_SIZE", 1, 1000)? as u32,
                wait: env.millis("POOL_WAIT_MS")?,
                statement: env.millis("STATEMENT_TIMEOUT_MS")?,
                example_data: env.parsed("EXAMPLE_DATA", "true or false")?,
            },
            limits: Limits {
                max_connections: env.number("MAX_CONNECTIONS", 1, 100_000)? as usize,
                max_requests: env.number("MAX_REQUESTS", 1, 100_000)? as usize,
                max_head_bytes: env.number("MAX_HEAD_BYTES", 256, 1 << 20)? as usize,
                max_uri_bytes: env.number("MAX_URI_BYTES", 64, 1 << 20)? as usize,
                max_headers: env.number("MAX_HEADERS", 1, HEADERS_MAX as u64)? as usize,
                max_body_bytes: env.number("MAX_BODY_BYTES", 0, 1 << 30)? as usize,
                max_buffered_bytes: env.number("MAX_BUFFERED_BYTES", 1 << 20, 1 << 40)? as usize,
                head_timeout: env.millis("HEAD_TIMEOUT_MS")?,
                body_timeout: env.millis("BODY_TIMEOUT_MS")?,
                write_timeout: env.millis("WRITE_TIMEOUT_MS")?,
                idle_timeout: env.millis("IDLE_TIMEOUT_MS")?,
                backlog: env.number("BACKLOG", 1, 65_535)? as i32,
                grace: env.millis("GRACE_MS")?,
                drain: Duration::from_millis(env.number("DRAIN_MS", 0, 3_600_000)?),
                trusted_proxies: env.proxies("TRUSTED_PROXIES")?,
            },
        })
    }
}

struct Env<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
}

impl Env<'_> {
    /// An empty variable is as good as none: that is how templates leave a value out.
    fn set(&self, name: &str) -> Option<String> {
        (self.lookup)(name).filter(|value| !value.is_empty())
    }

    fn text(&self, name: &str) -> Result<String, String> {
        let default = VARIABLES
            .iter()
            .find(|v| v.0 == name)
            .map(|v| v.1)
            .ok_or_else(|| format!("{name} is not in VARIABLES"))?;
        Ok(self.set(name).unwrap_or_else(|| default.to_owned()))
    }

    fn parsed<T: FromStr>(&self, name: &str, wanted: &str) -> Result<T, String> {
        let value = self.text(name)?;
        value.parse().map_err(|_| wrong(name, &value, wanted))
    }

    fn number(&self, name: &str, min: u64, max: u64) -> Result<u64, String> {
        let wanted = format!("a number from {min} to {max}");
        let number = self.parsed(name, &wanted)?;
        if (min..=max).contains(&number) { Ok(number) } else { Err(wrong(name, number, &wanted)) }
    }

    fn millis(&self, name: &str) -> Result<Duration, String> {
        self.number(name, 1, 3_600_000).map(Duration::from_millis)
    }

    /// `None` for 0; and where nothing is set, unless payments are real.
    fn limit(&self, name: &str, with_real_payments: u32) -> Result<Option<u32>, String> {
        if self.set(name).is_none() {
            return Ok(self.set("MERCADO_PAGO_TOKEN").map(|_| with_real_payments));
        }
        self.number(name, 0, 1_000_000).map(|n| (n > 0).then_some(n as u32))
    }

    /// A century at most.
    fn retention_months(&self) -> Result<Option<u16>, String> {
        let name = "CUSTOMER_RETENTION_MONTHS";
        Ok(self.set(name).map(|_| self.number(name, 1, 1200)).transpose()?.map(|n| n as u16))
    }

    /// From a minute to a month.
    fn backup(&self) -> Result<Option<Schedule>, String> {
        let name = "BACKUP_EVERY_MINUTES";
        if self.set(name).is_none() {
            // A slip of the pen must not do away with the copies.
            return match ["BACKUP_FOLDER", "BACKUP_KEEP"].iter().find(|other| self.set(other).is_some()) {
                Some(other) => Err(format!("{other} is set and {name} is not: set both, or neither")),
                None => Ok(None),
            };
        }
        if let Database::Mysql(_) = self.database()? {
            return Err(format!(
                "{name} copies an SQLite file; MySQL is copied by tools of its own (README)"
            ));
        }
        Ok(Some(Schedule {
            every: Duration::from_secs(60 * self.number(name, 1, 44_640)?),
            folder: self.text("BACKUP_FOLDER")?.into(),
            keep: self.number("BACKUP_KEEP", 1, 100_000)? as usize,
        }))
    }

    fn proxies(&self, name: &str) -> Result<Proxies, String> {
        self.parsed(name, "addresses and blocks like 10.0.0.0/8,2001:db8::7, separated by commas")
    }

    /// What the provider allows: from half a minute to 3,600 hours.
    fn qr_seconds(&self) -> Result<i64, String> {
        Ok(self.number("QR_SECONDS", 30, 12_960_000)? as i64)
    }

    fn mercado_pago(&self) -> Result<Option<mercado_pago::Settings>, String> {
        let token = self.text("MERCADO_PAGO_TOKEN")?;
        if token.is_empty() {
            // A slip of the pen must not open a restaurant where nobody pays.
            let alone = ["MERCADO_PAGO_POS", "MERCADO_PAGO_WEBHOOK_SECRET"];
            return match alone.iter().find(|name| self.set(name).is_some()) {
                Some(name) => {
                    Err(format!("{name} is set and MERCADO_PAGO_TOKEN is not: set both, or neither"))
                }
                None => Ok(None),
            };
        }
        if !token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(
                "MERCADO_PAGO_TOKEN is not a token: it has spaces, or letters that no token has".into()
            );
        }
        let point_of_sale = self.text("MERCADO_PAGO_POS")?;
        let fits = (1..=40).contains(&point_of_sale.len());
        if !fits || !point_of_sale.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let wanted = "the external_id of your point of sale, letters and digits";
            return Err(format!("MERCADO_PAGO_TOKEN needs MERCADO_PAGO_POS: {wanted}"));
        }
        let secrets = self.secrets()?;
        let url = self.text("MERCADO_PAGO_URL")?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(wrong("MERCADO_PAGO_URL", url, "a URL like https://api.mercadopago.com"));
        }
        let ca_pem = match self.set("MERCADO_PAGO_CA_FILE") {
            None => None,
            Some(file) => {
                Some(std::fs::read(&file).map_err(|e| format!("MERCADO_PAGO_CA_FILE={file}: {e}"))?)
            }
        };
        Ok(Some(mercado_pago::Settings {
            url,
            ca_pem,
            token,
            point_of_sale,
            secrets,
            validity_seconds: self.qr_seconds()?,
            checkout_wait: self.millis("MERCADO_PAGO_CHECKOUT_MS")?,
            step_timeout: self.millis("MERCADO_PAGO_TIMEOUT_MS")?,
            connect_timeout: self.millis("MERCADO_PAGO_CONNECT_MS")?,
            calls_max: self.number("MERCADO_PAGO_MAX_CALLS", 1, 10_000)? as usize,
            first_poll_seconds: self.number("MERCADO_PAGO_POLL_SECONDS", 1, 3600)? as i64,
        }))
    }

    /// None only where that was asked for.
    fn secrets(&self) -> Result<Secrets, String> {
        let secrets = Secrets::new(&self.text("MERCADO_PAGO_WEBHOOK_SECRET")?);
        match (secrets.is_empty(), self.parsed("MERCADO_PAGO_WEBHOOK_UNSIGNED", "true or false")?) {
            (true, false) => {
                Err("MERCADO_PAGO_TOKEN needs MERCADO_PAGO_WEBHOOK_SECRET, from the application's panel; \
                or MERCADO_PAGO_WEBHOOK_UNSIGNED=true to take notifications that anyone can send"
                    .into())
            }
            (false, true) => Err(
                "MERCADO_PAGO_WEBHOOK_SECRET and MERCADO_PAGO_WEBHOOK_UNSIGNED are both set: set one of them"
                    .into(),
            ),
            _ => Ok(secrets),
        }
    }

    fn database(&self) -> Result<Database, String> {
        let (url, tls_in_url) = self.set("DATABASE_URL").map(|url| tls::split(&url)).unzip();
        match self.database_at(url)? {
            Database::Mysql(servers) => {
                Ok(Database::Mysql(servers.with_tls(&self.tls(tls_in_url.flatten().as_deref())?)))
            }
            file => match tls::NAMES.iter().find(|name| self.set(name).is_some()) {
                Some(name) => Err(format!("{name} is set and the database is SQLite, which is a file")),
                None => Ok(file),
            },
        }
    }

    fn database_at(&self, url: Option<String>) -> Result<Database, String> {
        let Some(host) = self.set("MYSQL_HOST") else {
            if let Some(name) =
                ["MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASS"].iter().find(|n| self.set(n).is_some())
            {
                return Err(format!("{name} is set and MYSQL_HOST is not: set MYSQL_HOST too, or neither"));
            }
            return database(&url.map_or_else(|| self.text("DATABASE_URL"), Ok)?);
        };
        if url.is_some() {
            return Err("DATABASE_URL and MYSQL_HOST are both set: set one of them".into());
        }
        // A service named mysql makes Kubernetes set MYSQL_PORT to tcp://10.0.0.1:3306.
        let port = self.text("MYSQL_PORT")?;
        let number = port.rsplit(':').next().unwrap_or(&port);
        let number = number.parse().map_err(|_| wrong("MYSQL_PORT", &port, "a port"))?;
        let (name, user) = (self.text("MYSQL_DATABASE")?, self.text("MYSQL_USER")?);
        let account = Account { port: number, database: &name, user: &user, pass: &self.text("MYSQL_PASS")? };
        let wanted = "a host, or several, each with a port or without, separated by commas";
        let servers =
            Servers::from_parts(&host, &account).ok_or_else(|| wrong("MYSQL_HOST", &host, wanted))?;
        Ok(Database::Mysql(servers))
    }
}

/// An unknown scheme is refused: a slip of the pen must not open an empty restaurant. The URL is not repeated in the
/// message, since it may hold a password.
fn database(url: &str) -> Result<Database, String> {
    if url.starts_with("mysql:") {
        return Servers::from_url(url).map(Database::Mysql).map_err(|e| format!("DATABASE_URL {e}"));
    }
    let Some(path) = url.strip_prefix("sqlite:") else {
        return Err("DATABASE_URL must start with sqlite: or mysql://".into());
    };
    match path.strip_prefix("//").unwrap_or(path) {
        "" => Err("DATABASE_URL names no file: sqlite:ambrosia.db".into()),
        ":memory:" => {
            Err("DATABASE_URL cannot be sqlite::memory:, since orders must survive: name a file".into())
        }
        path => Ok(Database::Sqlite(PathBuf::from(path))),
    }
}

fn wrong(name: &str, value: impl Display, wanted: &str) -> String {
    format!("{name}={value} is wrong: it must be {wanted}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(set: &[(&str, &str)]) -> Result<Config, String> {
        Config::read(&|name| set.iter().find(|s| s.0 == name).map(|s| s.1.to_owned()))
    }

    #[test]
    fn nothing_has_to_be_set() {
        let config = read(&[]).ok().unwrap();
        assert_eq!(config.port, 31000);
        assert_eq!(config.store.database.to_string(), "sqlite:ambrosia.db");
    }

    #[test]
    fn limits_hold_with_real_payments_and_where_they_are_set() {
        let limits = |set: &[(&str, &str)]| {
            let config = read(set).ok().unwrap();
            (config.checkouts_per_minute, config.webhooks_per_second, config.max_unpaid_orders)
        };
        let real = [
            ("MERCADO_PAGO_TOKEN", "t"),
            ("MERCADO_PAGO_POS", "CAIXA01"),
            ("MERCADO_PAGO_WEBHOOK_SECRET", "s"),
        ];
        assert_eq!(limits(&[]), (None, None, None));
        assert_eq!(limits(&real), (Some(120), Some(50), Some(2000)));
        let set = [("CHECKOUTS_PER_MINUTE", "7"), ("WEBHOOKS_PER_SECOND", "0"), ("MAX_UNPAID_ORDERS", "9")];
        assert_eq!(limits(&set), (Some(7), None, Some(9)));
        assert_eq!(limits(&[real.as_slice(), &set].concat()), (Some(7), None, Some(9)));
    }

    #[test]
    fn the_originals_names_lead_to_mysql() {
        let config =
            read(&[("MYSQL_HOST", "db"), ("MYSQL_PORT", "tcp://10.0.0.1:3307"), ("MYSQL_PASS", "p@ss/w:rd")]);
        assert_eq!(config.ok().unwrap().store.database.to_string(), "mysql://db:3307/ambrosia");
    }

    #[test]
    fn several_hosts_are_servers_of_one_database() {
        for set in [
            vec![("MYSQL_HOST", "a:3307,b"), ("MYSQL_PORT", "3306"), ("MYSQL_PASS", "p@ss/w:rd")],
            vec![("DATABASE_URL", "mysql://ana:segredo@a:3307,b/ambrosia")],
        ] {
            let database = read(&set).ok().unwrap().store.database;
            assert_eq!(database.to_string(), "mysql://a:3307,b:3306/ambrosia");
        }
    }

    #[test]
    fn a_wrong_value_names_its_variable_and_never_a_password() {
        for (set, expected) in [
            (vec![("PORT", "high")], "PORT=high is wrong: it must be a number from 0 to 65535"),
            (vec![("PORT", "65536")], "PORT=65536 is wrong: it must be a number from 0 to 65535"),
            (
                vec![("LOG_LEVEL", "loud")],
                "LOG_LEVEL=loud is wrong: it must be off, error, warn, info, debug or trace",
            ),
            (
                vec![("CUSTOMER_RETENTION_MONTHS", "0")],
                "CUSTOMER_RETENTION_MONTHS=0 is wrong: it must be a number from 1 to 1200",
            ),
            (vec![("LOG_FORMAT", "xml")], "LOG_FORMAT=xml is wrong: it must be text or json"),
            (vec![("EXAMPLE_DATA", "sim")], "EXAMPLE_DATA=sim is wrong: it must be true or false"),
            (
                vec![("DATABASE_URL", "postgres://a:segredo@b/c")],
                "DATABASE_URL must start with sqlite: or mysql://",
            ),
            (
                vec![("DATABASE_URL", "mysql://a:segredo@b:x/c")],
                "DATABASE_URL is not a URL like mysql://user:password@host:3306/database",
            ),
            (
                vec![("DATABASE_URL", "sqlite::memory:")],
                "DATABASE_URL cannot be sqlite::memory:, since orders must survive: name a file",
            ),
            (
                vec![("DATABASE_URL", "sqlite:a"), ("MYSQL_HOST", "b")],
                "DATABASE_URL and MYSQL_HOST are both set: set one of them",
            ),
            (
                vec![("MERCADO_PAGO_POS", "CAIXA01")],
                "MERCADO_PAGO_POS is set and MERCADO_PAGO_TOKEN is not: set both, or neither",
            ),
            (
                vec![("MERCADO_PAGO_TOKEN", "segredo")],
                "MERCADO_PAGO_TOKEN needs MERCADO_PAGO_POS: the external_id of your point of sale, letters and digits",
            ),
            (
                vec![("MERCADO_PAGO_TOKEN", "segredo\u{e9}"), ("MERCADO_PAGO_POS", "CAIXA01")],
                "MERCADO_PAGO_TOKEN is not a token: it has spaces, or letters that no token has",
            ),
            (
                vec![("CORS_ORIGIN", "loja.exemplo.com.br")],
                "CORS_ORIGIN=loja.exemplo.com.br is wrong: it must be origins like https://loja.exemplo.com.br, separated by commas, or *",
            ),
            (
                vec![("TRUSTED_PROXIES", "10.0.0.0/8,proxy")],
                "TRUSTED_PROXIES=10.0.0.0/8,proxy is wrong: it must be addresses and blocks like 10.0.0.0/8,2001:db8::7, separated by commas",
            ),
            (
                vec![("MERCADO_PAGO_TOKEN", "segredo"), ("MERCADO_PAGO_POS", "CAIXA01")],
                "MERCADO_PAGO_TOKEN needs MERCADO_PAGO_WEBHOOK_SECRET, from the application's panel; \
                 or MERCADO_PAGO_WEBHOOK_UNSIGNED=true to take notifications that anyone can send",
            ),
            (
                vec![
                    ("MERCADO_PAGO_TOKEN", "segredo"),
                    ("MERCADO_PAGO_POS", "CAIXA01"),
                    ("MERCADO_PAGO_WEBHOOK_SECRET", "segredo"),
                    ("MERCADO_PAGO_WEBHOOK_UNSIGNED", "true"),
                ],
                "MERCADO_PAGO_WEBHOOK_SECRET and MERCADO_PAGO_WEBHOOK_UNSIGNED are both set: set one of them",
            ),
            (
                vec![("BACKUP_FOLDER", "/copias")],
                "BACKUP_FOLDER is set and BACKUP_EVERY_MINUTES is not: set both, or neither",
            ),
            (
                vec![("BACKUP_EVERY_MINUTES", "1h")],
                "BACKUP_EVERY_MINUTES=1h is wrong: it must be a number from 1 to 44640",
            ),
            (
                vec![("BACKUP_EVERY_MINUTES", "60"), ("MYSQL_HOST", "db")],
                "BACKUP_EVERY_MINUTES copies an SQLite file; MySQL is copied by tools of its own (README)",
            ),
            (
                vec![("MYSQL_HOST", "a,,b")],
                "MYSQL_HOST=a,,b is wrong: it must be a host, or several, each with a port or without, separated by commas",
            ),
            (
                vec![("MYSQL_USER", "ana")],
                "MYSQL_USER is set and MYSQL_HOST is not: set MYSQL_HOST too, or neither",
            ),
        ] {
            assert_eq!(read(&set).err().as_deref(), Some(expected));
        }
    }
}
