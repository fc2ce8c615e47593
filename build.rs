//! Takes the ReDoc and Swagger UI pages out of the `aide` crate and compresses them, so that the binary
//! serves them with no internet and carries nothing else of that crate; and compresses the files of our own pages.

use std::{
    env, fs,
    io::{self, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};

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
    for name in ["estilo.css", "convite.js"] {
        let file = format!("src/api/gerencia/{name}");
        println!("cargo::rerun-if-changed={file}");
        compress(&Path::new(&out).join(format!("{name}.gz")), &fs::read(file)?)?;
    }
    Ok(())
}

fn compress(file: &Path, content: &[u8]) -> io::Result<()> {
    let mut gz = GzEncoder::new(fs::File::create(file)?, Compression::best());
    gz.write_all(content)?;
    gz.finish()?;
    Ok(())
}
