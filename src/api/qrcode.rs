//! The QR code of an order as a picture, for a totem or a printer. The same text is in the order, as
//! `qr_data`. Tested by `tests/api/payments.rs`.

use qrcode::{EcLevel, QrCode, render::svg};
use utoipa::PartialSchema;

use super::{
    App,
    call::Call,
    endpoint::{Access::DonoDoPedido, Resource},
    routes::id,
};
use crate::{
    domain::pedido::{StatusPagamento, StatusPedido},
    error::Error,
    server::Response,
    store::pedidos,
};

const NOTHING_TO_PAY: &str = "There is nothing to pay, or `qr_a_caminho`, `qr_recusado`, `qr_expirado`";

/// White around the code, in modules, as the standard asks.
const MARGIN: usize = 4;
/// Pixels of a module: sharp on a screen and on a receipt.
const SCALE: usize = 8;

/// Its endpoints.
pub fn resource() -> Resource {
    Resource::new("Pagamentos")
        .get("/pedidos/{id}/qrcode.svg", DonoDoPedido, svg, |operation| {
            operation
                .about("The QR code to pay an order, as SVG.")
                .ok_as("image/svg+xml", String::schema())
                .problem(404, "")
                .problem(409, NOTHING_TO_PAY)
        })
        .get("/pedidos/{id}/qrcode.png", DonoDoPedido, png, |operation| {
            operation
                .about("The QR code to pay an order, as PNG.")
                .ok_as("image/png", Vec::<u8>::schema())
                .problem(404, "")
                .problem(409, NOTHING_TO_PAY)
        })
}

fn svg(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let code = code(app, id(request)?)?;
    let picture = code.render::<svg::Color<'_>>().min_dimensions(256, 256).quiet_zone(true).build();
    Ok(Response::new(200, "image/svg+xml", picture))
}

fn png(app: &App, request: &Call<'_>) -> Result<Response, Error> {
    let picture = draw(&code(app, id(request)?)?).map_err(|e| Error::Internal(format!("PNG: {e}")))?;
    Ok(Response::new(200, "image/png", picture))
}

/// The code to pay an order. A conflict where it would lead to paying twice, or for what will not be cooked.
fn code(app: &App, id: i64) -> Result<QrCode, Error> {
    let pedido = app.store.read(|conn| pedidos::find(conn, id))?;
    if pedido.status_pedido == StatusPedido::Cancelado {
        return Err(Error::conflict("pedido_cancelado", "O pedido está cancelado; não há o que pagar"));
    }
    if matches!(pedido.status_pagamento, StatusPagamento::Aprovado | StatusPagamento::Reembolsado) {
        return Err(Error::conflict("pedido_pago", "O pedido já foi pago"));
    }
    let expira = pedido.datahora_expiracao.is_some();
    let text = match (pedido.qr_situacao(), &pedido.qr_data) {
        (Some("a_caminho"), _) => {
            let detail = "O QR code está a caminho; tente de novo em alguns segundos";
            return Err(Error::conflict("qr_a_caminho", detail));
        }
        (Some("recusado"), _) => {
            let detail = "O QR code deste pedido foi recusado; receba o pagamento no balcão";
            return Err(Error::conflict("qr_recusado", detail));
        }
        (None, _) if pedido.status_pagamento == StatusPagamento::Recusado && expira => {
            return Err(Error::conflict("qr_expirado", "O QR code não vale mais; o pagamento é no balcão"));
        }
        (_, text) => text.as_ref().ok_or(Error::NotFound("Este pedido não tem QR code"))?,
    };
    QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|e| Error::Internal(format!("QR code: {e}")))
}

/// One bit a pixel: black and white, each module a square of `SCALE` pixels.
fn draw(code: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = code.width() + 2 * MARGIN;
    let side = modules * SCALE;
    let dark = |x: usize, y: usize| {
        let inside = |n: usize| (MARGIN..MARGIN + code.width()).contains(&n);
        inside(x) && inside(y) && code[(x - MARGIN, y - MARGIN)] == qrcode::Color::Dark
    };
    // A module is eight pixels wide: one byte of a line.
    let line = |y: usize| (0..modules).map(move |x| if dark(x, y) { 0x00 } else { 0xFF });
    let pixels: Vec<u8> = (0..side).flat_map(|y| line(y / SCALE)).collect();
    let mut picture = Vec::new();
    let mut encoder = png::Encoder::new(&mut picture, side as u32, side as u32);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    // Mostly white: the fast way is small enough, and light on memory.
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header()?.write_image_data(&pixels)?;
    Ok(picture)
}
