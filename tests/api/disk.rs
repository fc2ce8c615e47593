//! A full disk: writes are refused with 503, no acknowledged order is lost, and the process recovers when there is room.

use std::{fs, io::Write, path::Path, process::Command};

use serde_json::json;

use crate::{
    Database, Restaurant,
    database::Folder,
    restaurant::{Response, wait_until},
};

/// A small file system.
pub struct SmallDisk(Folder);

impl SmallDisk {
    /// `None` when this user has no right to mount one, which CI does not accept: nothing would be proved.
    pub fn new(megabytes: u32) -> Option<SmallDisk> {
        let folder = Folder::new();
        let size = format!("size={megabytes}m");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&folder.0).status();
        let disk = mounted.is_ok_and(|status| status.success()).then(|| SmallDisk(folder));
        if disk.is_none() {
            assert!(std::env::var_os("CI").is_none(), "a full disk is not tested: this user may not mount");
            eprintln!("not tested: a full disk, since this user may not mount a small file system");
        }
        disk
    }

    pub fn fill(&self) {
        let mut ballast = fs::File::create(self.ballast()).unwrap();
        while ballast.write_all(&[0; 512]).is_ok() {}
    }

    pub fn free(&self) {
        fs::remove_file(self.ballast()).unwrap();
    }

    fn ballast(&self) -> std::path::PathBuf {
        self.folder().join("ballast")
    }

    pub fn folder(&self) -> &Path {
        &self.0.0
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.folder()).status();
    }
}

#[test]
fn a_full_disk_is_reported_and_recovers() {
    let Some(disk) = SmallDisk::new(2) else { return };
    let url = format!("sqlite:{}/r.db", disk.folder().display());
    let r = Restaurant::with_environment(Database::Sqlite, &[("DATABASE_URL", &url)]);
    let checkout = || -> Response {
        let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
        r.request("POST", "/pedidos/checkout", &[], Some(&body))
    };
    let open_orders = || r.get("/pedidos").ok().as_array().unwrap().len();
    let before = open_orders();
    disk.fill();
    let (mut acknowledged, mut refused) = (0, checkout());
    while refused.status == 200 {
        acknowledged += 1;
        refused = checkout();
    }
    let problem = refused
        .problem(503, "O disco do banco de dados está cheio e nada foi gravado; avise quem cuida do sistema");
    assert_eq!(problem["codigo"], "disco_cheio");
    assert_eq!(refused.header("retry-after"), Some("1"));
    let ready = r.get("/readyz");
    assert!(ready.status == 503 && ready.body.contains("\"disco\""), "{}", ready.body);
    assert!(
        r.get("/metrics").body.contains("\nambrosia_check_ok{check=\"disco\"} 0\n"),
        "the metric does not show the full disk"
    );
    assert_eq!(open_orders(), before + acknowledged, "the stored orders are not the acknowledged ones");
    disk.free();
    wait_until("the process notices that there is room", || r.get("/readyz").status == 200);
    assert_eq!(checkout().status, 200);
    assert_eq!(open_orders(), before + acknowledged + 1);
}
