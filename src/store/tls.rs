//! TLS to a MySQL or MariaDB server, by the driver's rustls and the crypto provider that the payments have.
//!
//! The driver reads the files at every connection, so a certificate that is renewed in its place counts without a restart.
//! Tested by `tests/api/database_tls.rs`.

use std::{path::PathBuf, str::FromStr};

use mysql::{ClientIdentity, SslOpts};

/// Whether connections are encrypted, and whether the server proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Not encrypted.
    #[default]
    Off,
    /// Encrypted; the server's certificate is not checked.
    On,
    /// Encrypted, with a certificate for the host's name by an authority that is trusted.
    Verify,
}

/// How connections are encrypted.
#[derive(Clone, Default)]
pub struct Tls {
    /// With `Off` the rest does not count.
    pub mode: TlsMode,
    /// Authorities (PEM) that `Verify` trusts, beside the public ones that are built in.
    pub ca: Option<PathBuf>,
    /// Certificate chain and key (PEM) by which the server knows this client.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl FromStr for TlsMode {
    type Err = ();

    fn from_str(text: &str) -> Result<TlsMode, ()> {
        match text {
            "off" => Ok(TlsMode::Off),
            "on" => Ok(TlsMode::On),
            "verify" => Ok(TlsMode::Verify),
            _ => Err(()),
        }
    }
}

impl Tls {
    /// For the driver; `None` for a connection that is not encrypted.
    pub(super) fn options(&self) -> Option<SslOpts> {
        if self.mode == TlsMode::Off {
            return None;
        }
        let identity = self.identity.clone().map(|(chain, key)| ClientIdentity::new(chain, key));
        Some(
            SslOpts::default()
                .with_root_cert_path(self.ca.clone())
                .with_client_identity(identity)
                .with_danger_accept_invalid_certs(self.mode == TlsMode::On),
        )
    }
}
