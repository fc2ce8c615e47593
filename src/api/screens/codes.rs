//! `/gerencia/qr`: the codes that lead a phone to the menu, one for the counter and one for each table, to be printed. They
//! hold the address by which this page was opened.

use askama::Template;
use qrcode::{Color, EcLevel, QrCode};

use super::{
    files,
    layout::{Layout, compressed_page, profile},
};
use crate::{
    api::{
        App,
        call::Call,
        endpoint::{Access::Gerente, Resource},
        openapi::{integer, query},
    },
    error::Error,
    server::{Request, Response},
};

/// Tables at most.
const TABLES_MAX: u16 = 200;
/// White around a code, in modules, as the standard asks.
const MARGIN: usize = 4;

/// Its endpoint.
pub fn resource() -> Resource {
    Resource::of_pages().get("/gerencia/qr", Gerente, show, |operation| {
        let how_many = integer("int32").minimum(Some(0)).maximum(Some(TABLES_MAX));
        operation
            .about("QR codes of the menu, to be printed: for the counter, and for tables.")
            .parameter(query("mesas", how_many, "How many tables; without it none"))
            .html()
            .page_of(422, "It is no such number")
    })
}

/// A code, and where it is to hang.
struct Code {
    place: String,
    address: String,
    /// Modules of a side, with the margin.
    side: usize,
    /// Its dark modules, as a path of SVG.
    path: String,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct Codes {
    layout: Layout,
    tables: u16,
    codes: Vec<Code>,
    /// The address leads nowhere on another device.
    only_here: bool,
}

fn show(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let tables = match call.parameter("mesas").filter(|text| !text.is_empty()) {
        Some(text) => text.parse().ok().filter(|tables| *tables <= TABLES_MAX),
        None => Some(0),
    };
    let message = || format!("O número de mesas deve ser de 0 a {TABLES_MAX}");
    let tables: u16 = tables.ok_or_else(|| Error::invalid("mesas", message()))?;
    let menu = format!("{}/cardapio", origin(call)?);
    let of_table = |table| code(format!("Mesa {table}"), format!("{menu}?mesa={table}"));
    let mut codes = vec![code("Balcão".to_owned(), menu.clone())?];
    for table in 1..=tables {
        codes.push(of_table(table)?);
    }
    let layout = Layout::of_staff(app, call, &profile(app)?)?;
    compressed_page(call, 200, &Codes { layout, tables, codes, only_here: is_loopback(call) })
}

/// Scheme and host by which the page was opened.
pub fn origin(request: &Request<'_>) -> Result<String, Error> {
    let host = request.header("host")?.unwrap_or_default();
    Ok(format!("{}://{host}", if request.is_https { "https" } else { "http" }))
}

/// Whether the address by which the page was opened means the device itself.
fn is_loopback(request: &Request<'_>) -> bool {
    let host = request.header("host").ok().flatten().unwrap_or_default();
    ["localhost", "127.", "[::1]", "0.0.0.0"].iter().any(|own| host.starts_with(own))
}

fn code(place: String, address: String) -> Result<Code, Error> {
    let code = QrCode::with_error_correction_level(&address, EcLevel::M)
        .map_err(|e| Error::Internal(format!("QR code: {e}")))?;
    Ok(Code { place, address, side: code.width() + 2 * MARGIN, path: path(&code) })
}

/// Each run of dark modules of a row as a rectangle.
fn path(code: &QrCode) -> String {
    let (width, mut path) = (code.width(), String::new());
    for y in 0..width {
        let mut x = 0;
        while x < width {
            let run = (x..width).take_while(|x| code[(*x, y)] == Color::Dark).count();
            if run > 0 {
                path += &format!("M{} {}h{run}v1h-{run}z", x + MARGIN, y + MARGIN);
            }
            x += run.max(1);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether the path fills this module.
    fn is_dark(path: &str, x: usize, y: usize) -> bool {
        path.split('M').skip(1).any(|run| {
            let numbers: Vec<usize> =
                run.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
            numbers[1] == y && (numbers[0]..numbers[0] + numbers[2]).contains(&x)
        })
    }

    #[test]
    fn what_is_drawn_is_read_by_a_camera() {
        let address = "https://cantina.exemplo:8443/cardapio?mesa=17";
        let code = code("Mesa 17".into(), address.into()).unwrap();
        let pixel = |x, y| is_dark(&code.path, x / 4, y / 4);
        let mut image = rqrr::PreparedImage::prepare_from_bitmap(code.side * 4, code.side * 4, pixel);
        let grids = image.detect_grids();
        assert_eq!(grids[0].decode().unwrap().1, address);
        assert!((0..code.side).all(|n| !is_dark(&code.path, n, MARGIN - 1) && !is_dark(&code.path, 3, n)));
    }
}
