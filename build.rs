//! Takes the ReDoc and Swagger UI pages out of the `aide` crate and compresses them, so that the binary
//! serves them with no internet and carries nothing else of that crate; and compresses the files of our own pages.

use std::{
    collections::BTreeMap,
    env, fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, Crc, write::GzEncoder};

fn main() -> std::io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let out = env::var("OUT_DIR").map_err(std::io::Error::other)?;
    let redoc = aide::redoc::Redoc::new("/openapi.json").with_title("Ambrosia").html();
    let swagger = aide::swagger::Swagger::new("/openapi.json").with_title("Ambrosia").html();
    for (name, html) in [("redoc.html.gz", redoc), ("docs.html.gz", swagger)] {
        let page = html
            .replacen("<html lang=\"en\">", "<html lang=\"pt-BR\">", 1)
            .replacen("<head>", "<head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>body{margin:0}</style>", 1);
        compress(&Path::new(&out).join(name), page.as_bytes())?;
    }
    let mut screens = Screens { out: out.into(), ..Screens::default() };
    screens.publish_all()?;
    fs::write(screens.out.join("files.rs"), screens.table())
}

/// The files of `src/api/screens/static`: each is compressed, and named by its content.
#[derive(Default)]
struct Screens {
    out: PathBuf,
    /// By its own name: its address, media type and the file with its content.
    published: BTreeMap<String, (String, &'static str, PathBuf)>,
}

const STATIC: &str = "src/api/screens/static";
const CSS: &str = "text/css; charset=utf-8";

impl Screens {
    fn publish_all(&mut self) -> io::Result<()> {
        println!("cargo::rerun-if-changed={STATIC}");
        let mut style = String::new();
        for part in names(&format!("{STATIC}/estilo"))? {
            style += &fs::read_to_string(format!("{STATIC}/estilo/{part}"))?;
        }
        self.publish("estilo.css", CSS, &style)?;
        for sheet in names(STATIC)?.iter().filter(|name| name.ends_with(".css")) {
            let content = fs::read_to_string(format!("{STATIC}/{sheet}"))?;
            self.publish(sheet, CSS, &content)?;
        }
        for icon in names(&format!("{STATIC}/icones"))? {
            let content = fs::read_to_string(format!("{STATIC}/icones/{icon}"))?;
            self.publish(&icon, "image/svg+xml", &content)?;
        }
        names(&format!("{STATIC}/scripts"))?.iter().try_for_each(|name| self.publish_script(name))
    }

    /// A module behind those that it imports, by the addresses that these have.
    fn publish_script(&mut self, name: &str) -> io::Result<()> {
        if self.published.contains_key(name) {
            return Ok(());
        }
        let mut script = fs::read_to_string(format!("{STATIC}/scripts/{name}"))?;
        for imported in names(&format!("{STATIC}/scripts"))? {
            let written = format!("'./{imported}'");
            if script.contains(&written) {
                self.publish_script(&imported)?;
                script = script.replace(&written, &format!("'{}'", self.published[&imported].0));
            }
        }
        self.publish(name, "text/javascript; charset=utf-8", &script)
    }

    fn publish(&mut self, name: &str, media: &'static str, content: &str) -> io::Result<()> {
        let mut fingerprint = Crc::new();
        fingerprint.update(content.as_bytes());
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let address = format!("/arquivos/{stem}-{:08x}.{ending}", fingerprint.sum());
        let file = self.out.join(format!("static-{name}.gz"));
        compress(&file, content.as_bytes())?;
        self.published.insert(name.to_owned(), (address, media, file));
        Ok(())
    }

    /// A constant with the address of each, and the table of all.
    fn table(&self) -> String {
        let (mut constants, mut rows) = (String::new(), String::new());
        for (name, (address, media, file)) in &self.published {
            let constant = name.to_uppercase().replace(['.', '-'], "_");
            constants +=
                &format!("/// The address of `{name}`.\npub const {constant}: &str = {address:?};\n");
            let stored = address.trim_start_matches("/arquivos/");
            rows += &format!("    ({stored:?}, {media:?}, include_bytes!({file:?})),\n");
        }
        format!("{constants}static FILES: &[(&str, &str, &[u8])] = &[\n{rows}];\n")
    }
}

/// The names of the files of a folder, in order.
fn names(folder: &str) -> io::Result<Vec<String>> {
    let name = |entry: io::Result<fs::DirEntry>| Ok(entry?.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = fs::read_dir(folder)?.map(name).collect::<io::Result<_>>()?;
    names.sort();
    Ok(names)
}

fn compress(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut gz = GzEncoder::new(fs::File::create(file)?, Compression::best());
    gz.write_all(content)?;
    gz.finish()?;
    Ok(())
}
