//! A disk that is full: what is not written is said not to be, nothing that was acknowledged is lost, and it heals.

use std::{fs, io::Write, path::Path, process::Command};

use serde_json::json;

use crate::{
    Database, Restaurant,
    database::Folder,
    restaurant::{Response, wait_until},
};

/// A file system of two megabytes.
struct Disco(Folder);

impl Disco {
    /// `None` for those who may not mount one.
    fn new() -> Option<Disco> {
        let pasta = Folder::new();
        let montado =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&pasta.0).status();
        montado.is_ok_and(|status| status.success()).then(|| Disco(pasta))
    }

    fn encher(&self) {
        let mut lastro = fs::File::create(self.lastro()).unwrap();
        while lastro.write_all(&[0; 512]).is_ok() {}
    }

    fn esvaziar(&self) {
        fs::remove_file(self.lastro()).unwrap();
    }

    fn lastro(&self) -> std::path::PathBuf {
        self.pasta().join("lastro")
    }

    fn pasta(&self) -> &Path {
        &self.0.0
    }
}

impl Drop for Disco {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.pasta()).status();
    }
}

#[test]
fn a_full_disk_is_reported_and_recovers() {
    let Some(disco) = Disco::new() else {
        println!("nothing is proved here: this user may not mount a small file system");
        return;
    };
    let url = format!("sqlite:{}/r.db", disco.pasta().display());
    let r = Restaurant::with_environment(Database::Sqlite, &[("DATABASE_URL", &url)]);
    let checkout = || -> Response {
        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
        r.request("POST", "/pedidos/checkout", &[], Some(&body))
    };
    let abertos = || r.get("/pedidos").ok().as_array().unwrap().len();
    let antes = abertos();
    disco.encher();
    let (mut feitos, mut recusada) = (0, checkout());
    while recusada.status == 200 {
        feitos += 1;
        recusada = checkout();
    }
    let problema = recusada
        .problem(503, "O disco do banco de dados está cheio e nada foi gravado; avise quem cuida do sistema");
    assert_eq!(problema["codigo"], "disco_cheio");
    assert_eq!(recusada.header("retry-after"), Some("1"));
    let pronto = r.get("/readyz");
    assert!(pronto.status == 503 && pronto.body.contains("\"disco\""), "{}", pronto.body);
    assert!(
        r.get("/metrics").body.contains("\nambrosia_check_ok{check=\"disco\"} 0\n"),
        "no alert can see it"
    );
    assert_eq!(abertos(), antes + feitos, "what was refused was not written, what was acknowledged was");
    disco.esvaziar();
    wait_until("it to notice that there is room", || r.get("/readyz").status == 200);
    assert_eq!(checkout().status, 200);
    assert_eq!(abertos(), antes + feitos + 1);
}
