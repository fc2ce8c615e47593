//! The servers of one database, in the order in which they are preferred: one, or the nodes of a cluster. Which of them is
//! used is in `nodes`.

use std::fmt;

use super::{mysql::Address, tls::Tls};

/// One server, or several.
#[derive(Clone)]
pub struct Servers(Vec<Address>);

/// What every server of a list has in common.
pub struct Account<'a> {
    /// Of servers that are named without one.
    pub port: u16,
    pub database: &'a str,
    pub user: &'a str,
    pub pass: &'a str,
}

impl Servers {
    /// From parts, each as it is: nothing needs escaping. `hosts` are separated by commas, each with a port or without.
    pub fn from_parts(hosts: &str, account: &Account<'_>) -> Option<Servers> {
        let Account { port, database, user, pass } = *account;
        let address = |host: &str| {
            let (host, port) = host_and_port(host.trim(), port)?;
            Some(Address::from_parts(host, port, database, user, pass))
        };
        hosts.split(',').map(address).collect::<Option<_>>().map(Servers)
    }

    /// From `mysql://user:password@host:port,host:port/database`.
    pub fn from_url(url: &str) -> Result<Servers, String> {
        each_url(url).iter().map(|url| Address::from_url(url)).collect::<Result<_, _>>().map(Servers)
    }

    /// The same servers, spoken to like this.
    pub fn with_tls(self, tls: &Tls) -> Servers {
        Servers(self.0.into_iter().map(|address| address.with_tls(tls)).collect())
    }

    /// A list of each of them alone.
    pub(super) fn alone(&self) -> impl Iterator<Item = Servers> {
        self.0.iter().map(|address| Servers(vec![address.clone()]))
    }

    pub(super) fn addresses(&self) -> &[Address] {
        &self.0
    }
}

impl fmt::Display for Servers {
    /// Without passwords: all servers of one database, or that of one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.0.iter().map(Address::host_and_port).collect();
        let database = self.0.first().map(Address::database).unwrap_or_default();
        write!(f, "mysql://{}/{database}", hosts.join(","))
    }
}

/// `host`, `host:port`, `[address]:port`, or an address with colons of its own.
fn host_and_port(text: &str, default_port: u16) -> Option<(&str, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, behind) = rest.split_once(']')?;
            (host, behind.strip_prefix(':').or(behind.is_empty().then_some(""))?)
        }
        None if text.matches(':').count() == 1 => {
            text.split_once(':').filter(|(_, port)| !port.is_empty())?
        }
        None => (text, ""),
    };
    let port = if port.is_empty() { default_port } else { port.parse().ok()? };
    (!host.is_empty()).then_some((host, port))
}

/// A URL for each of the hosts that one names.
fn each_url(url: &str) -> Vec<String> {
    let Some((scheme, rest)) = url.split_once("://") else { return vec![url.to_owned()] };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, hosts) = match authority.rsplit_once('@') {
        Some((user, hosts)) => (format!("{user}@"), hosts),
        None => (String::new(), authority),
    };
    hosts.split(',').map(|host| format!("{scheme}://{user}{}{path}", host.trim())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_hosts_is_one_of_servers() {
        let account = Account { port: 3306, database: "d", user: "u", pass: "segredo" };
        let shown = |hosts: &str| Servers::from_parts(hosts, &account).map(|servers| servers.to_string());
        assert_eq!(shown("db").as_deref(), Some("mysql://db:3306/d"));
        assert_eq!(shown("a:3307, b,[::1]:3308").as_deref(), Some("mysql://a:3307,b:3306,::1:3308/d"));
        assert_eq!(shown("::1").as_deref(), Some("mysql://::1:3306/d"));
        for wrong in ["", "a,,b", "a,", "a:x", "a:", "a:65536", "[::1", "[::1]x"] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_url_may_name_several() {
        let shown = |url: &str| Servers::from_url(url).map(|servers| servers.to_string());
        assert_eq!(shown("mysql://u:p%40x@a:3307,b/d").as_deref(), Ok("mysql://a:3307,b:3306/d"));
        assert_eq!(shown("mysql://a/d").as_deref(), Ok("mysql://a:3306/d"));
        for wrong in ["mysql://u:segredo@a:1,b:x/d", "mysql://u:segredo@a,b", "mysql:a/segredo"] {
            assert!(!shown(wrong).unwrap_err().contains("segredo"), "{wrong}");
        }
    }
}
