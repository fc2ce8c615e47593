//! Style, scripts and pictures of the pages. Each name holds the fingerprint of the content, so responses are cached without
//! revalidation (`immutable`); `build.rs` makes the names and the table. The style sheet with a restaurant's colour is
//! generated from its name, `cor-8a2b1d.css`.

use std::{collections::HashMap, sync::LazyLock};

use bytes::Bytes;
use utoipa::PartialSchema;

use crate::{
    api::{
        App,
        asset::{Asset, FOR_EVER},
        call::Call,
        endpoint::{Access::Todos, Resource},
    },
    domain::restaurante::Cor,
    error::Error,
    server::Response,
};

include!(concat!(env!("OUT_DIR"), "/files.rs"));

const NOT_FOUND: Error = Error::NotFound("Arquivo não encontrado");
const STYLE: &str = "text/css; charset=utf-8";

static ASSETS: LazyLock<HashMap<&str, (Asset, &str)>> = LazyLock::new(|| {
    let asset = |(name, media, gzip): &(&'static str, &'static str, &'static [u8])| {
        (*name, (Asset::new(Bytes::from_static(gzip)), *media))
    };
    FILES.iter().map(asset).collect()
});

/// Their endpoint.
pub fn resource() -> Resource {
    Resource::new("Páginas").get("/arquivos/{id}", Todos, serve, |operation| {
        operation
            .about("Style, scripts and pictures of the pages; an address never changes its content.")
            .ok_as("text/css", String::schema())
            .empty(304, "")
            .problem(404, "")
    })
}

fn serve(_: &App, call: &Call<'_>) -> Result<Response, Error> {
    let name = call.segments.get(1).map_or("", |name| &**name);
    if let Some((asset, media)) = ASSETS.get(name) {
        return asset.serve(call, media, FOR_EVER);
    }
    let style = style_of(name).ok_or(NOT_FOUND)?;
    Ok(Response::new(200, STYLE, style).with("Cache-Control", FOR_EVER))
}

/// The address of the style sheet with this colour.
pub fn colours(primary: &Cor) -> String {
    format!("/arquivos/cor-{}.css", primary.as_str().trim_start_matches('#'))
}

/// The style sheet of this name: the colour, and black or white on it, whichever is read better.
fn style_of(name: &str) -> Option<String> {
    let digits = name.strip_prefix("cor-")?.strip_suffix(".css")?;
    let primary: Cor = format!("#{digits}").parse().ok().filter(|c: &Cor| &c.as_str()[1..] == digits)?;
    let on_it = if primary.luminance() > 0.179 { "#000" } else { "#fff" };
    Some(format!(":root{{--marca:{};--sobre-marca:{on_it}}}", primary.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_a_style_sheet_and_nothing_else_has() {
        let black = ":root{--marca:#ffe000;--sobre-marca:#000}";
        assert_eq!(style_of("cor-ffe000.css").as_deref(), Some(black));
        let white = ":root{--marca:#8a2b1d;--sobre-marca:#fff}";
        assert_eq!(style_of("cor-8a2b1d.css").as_deref(), Some(white));
        for wrong in
            ["cor-.css", "cor-ffe00.css", "cor-FFE000.css", "cor-ffe000}.css", "cor-ffe000", "estilo.css", ""]
        {
            assert_eq!(style_of(wrong), None, "{wrong}");
        }
    }
}
