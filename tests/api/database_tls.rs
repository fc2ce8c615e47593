//! TLS to the database: a server that takes nothing else, its certificate, and that of the client. What is wrong is in the
//! log, and no order is taken.

use std::process::{Command, Output};

use mysql::prelude::Queryable;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::{
    Database, Restaurant,
    database::{self, Folder, PrivateServer, Schema},
    restaurant::{program, wait_until},
};

/// Certificates and keys as PEM files in a folder.
struct Authority {
    folder: Folder,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let folder = Folder::new();
        let mut params = named(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.0.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Authority { folder, issuer: Issuer::new(params, key) }
    }

    /// A certificate for `name`, signed by this authority.
    fn sign(&self, name: &str) {
        let key = KeyPair::generate().unwrap();
        let certificate = named(name).signed_by(&key, &self.issuer).unwrap();
        std::fs::write(self.folder.0.join(format!("{name}.pem")), certificate.pem()).unwrap();
        std::fs::write(self.folder.0.join(format!("{name}.key")), key.serialize_pem()).unwrap();
    }

    fn file(&self, name: &str) -> String {
        self.folder.0.join(name).to_str().unwrap().to_owned()
    }
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

/// A server with a certificate for `localhost`, which answers on 127.0.0.1 too, and a database on it.
fn server_of(ca: &Authority) -> (PrivateServer, Schema) {
    let options = ["ssl-ca=ca.pem", "ssl-cert=localhost.pem", "ssl-key=localhost.key"].map(|option| {
        let (name, file) = option.split_once('=').unwrap();
        format!("--{name}={}", ca.file(file))
    });
    let server = PrivateServer::start_with(Folder::new(), options.to_vec());
    let schema = Schema::new(&server.url());
    (server, schema)
}

/// Starts on this database; `Err` is the log where the first attempt to reach it failed.
fn start(url: &str, settings: &[(&str, &str)]) -> Result<(), String> {
    let all: Vec<_> = settings.iter().copied().chain([("DATABASE_URL", url)]).collect();
    let r = Restaurant::on_schema(Database::Sqlite, None, &all);
    if r.get("/readyz").status != 200 {
        wait_until("the log says what is wrong", || r.log().contains("cannot be used yet"));
        assert_eq!((r.get("/produtos").status, r.get("/readyz").status), (503, 503));
        assert!(!r.log().contains("segredo") && !r.log().contains("PRIVATE KEY"), "{}", r.log());
        return Err(r.log());
    }
    r.checkout(1);
    assert!(!r.log().contains("segredo"), "{}", r.log());
    let listed = command(url, settings);
    assert!(listed.status.success(), "{listed:?}");
    Ok(())
}

/// The commands speak to the database in the same way.
fn command(url: &str, settings: &[(&str, &str)]) -> Output {
    Command::new(program())
        .env_clear()
        .env("DATABASE_URL", url)
        .envs(settings.iter().copied())
        .args(["chave", "listar"])
        .output()
        .unwrap()
}

#[test]
fn a_server_that_is_checked_is_the_right_one() {
    if !database::mysql_is_available() {
        return;
    }
    let (ca, other) = (Authority::new("ours"), Authority::new("theirs"));
    ca.sign("localhost");
    let (_server, schema) = server_of(&ca);
    let mut admin = schema.connection();
    admin.query_drop("SET GLOBAL require_secure_transport = ON").unwrap();
    // MySQL says 3159, «insecure transport»; MariaDB 10.11 says no more than this.
    let refused = Some("Access denied");
    let here = schema.url().replace("127.0.0.1", "localhost");
    let (ca, other) = (ca.file("ca.pem"), other.file("ca.pem"));
    for (url, settings, wrong) in [
        (here.clone(), vec![("MYSQL_TLS", "on")], None),
        (schema.url() + "?tls=on", vec![], None),
        (here.clone() + "?tls=verify", vec![("MYSQL_TLS_CA", &*ca)], None),
        (here.clone(), vec![("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", &ca)], None),
        (here.clone(), vec![], refused),
        (here.clone() + "?tls=off", vec![], refused),
        (schema.url(), vec![("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", &ca)], Some("not valid for name")),
        (here.clone(), vec![("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", &other)], Some("UnknownIssuer")),
        (here.clone(), vec![("MYSQL_TLS", "verify")], Some("UnknownIssuer")),
    ] {
        let started = start(&url, &settings);
        match wrong {
            None => assert_eq!(started, Ok(()), "{url} {settings:?}"),
            Some(text) => {
                let log = started.expect_err(&url);
                assert!(log.contains(text), "{url} {settings:?}: {log}");
            }
        }
    }
}

#[test]
fn a_client_shows_its_certificate() {
    if !database::mysql_is_available() {
        return;
    }
    let (ca, other) = (Authority::new("ours"), Authority::new("theirs"));
    for name in ["localhost", "ambrosia"] {
        ca.sign(name);
    }
    other.sign("ambrosia");
    let (_server, schema) = server_of(&ca);
    schema.connection().query_drop("ALTER USER ambrosia@'%' REQUIRE X509").unwrap();
    let url = schema.url().replace("127.0.0.1", "localhost");
    let shown = |by: &Authority| (by.file("ambrosia.pem"), by.file("ambrosia.key"));
    let root = ca.file("ca.pem");
    let settings = |(chain, key): &(String, String)| {
        let files = [("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", &*root), ("MYSQL_TLS_CERT", chain)];
        let all = files.into_iter().chain([("MYSQL_TLS_KEY", &**key)]);
        start(&url, &all.collect::<Vec<_>>())
    };
    assert_eq!(settings(&shown(&ca)), Ok(()));
    let log = settings(&shown(&other)).expect_err("a certificate by another authority");
    assert!(log.contains("UnknownCA") || log.contains("Access denied"), "{log}");
    let log = start(&url, &[("MYSQL_TLS", "verify"), ("MYSQL_TLS_CA", &root)]).expect_err("none");
    assert!(log.contains("Access denied"), "{log}");
}

/// Who stands between and takes TLS out of the server's greeting reads nothing.
#[test]
fn a_server_without_tls_is_told_nothing() {
    if !database::mysql_is_available() {
        return;
    }
    let server = PrivateServer::start_with(Folder::new(), vec!["--skip-ssl".into()]);
    let schema = Schema::new(&server.url());
    assert_eq!(start(&schema.url(), &[]), Ok(()));
    let log = start(&schema.url(), &[("MYSQL_TLS", "on")]).expect_err("no TLS");
    assert!(log.contains("server does not have this capability"), "{log}");
}
