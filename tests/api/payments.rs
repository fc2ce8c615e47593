//! Payments with the simulator: the webhook of the original contract, and the QR code images.

use serde_json::{Value, json};

use crate::{Database, Response, Restaurant, on_both_databases};

on_both_databases!(
    the_webhook_sets_the_payment_status,
    an_approved_payment_stays_approved,
    a_refused_payment_can_still_be_approved,
    other_actions_change_nothing,
    invalid_notifications_are_refused,
    startup_warns_that_payments_are_simulated,
    the_qr_code_images_encode_the_text,
    paid_and_cancelled_orders_have_no_qr_code,
);

const ID: &str = "b715bik7-2726-4d51-a729-749cc7bda703";

fn notify(r: &Restaurant, id: &str, action: &str) -> Response {
    r.post(
        "/pedidos/status_pagamento",
        json!({"id": id, "type": "payment", "date_created": "2015-03-25 10:04:58",
        "user_id": 44444, "api_version": "v1", "action": action}),
    )
}

fn status(r: &Restaurant) -> Value {
    r.get("/pedidos/1/status_pagamento/").ok()
}

fn the_webhook_sets_the_payment_status(database: Database) {
    let r = Restaurant::new(database);
    assert_eq!(r.get("/pedidos/1/status_pagamento").body, "\"1\"");
    let pedido = notify(&r, ID, "state_CANCELED").ok();
    assert_eq!(
        (&pedido["id"], &pedido["status_pagamento"], &pedido["status_pagamento_descricao"]),
        (&json!(1), &json!(3), &json!("Recusado"))
    );
    assert_eq!(status(&r), "3");
    assert_eq!(r.get("/pedidos/1").ok(), pedido);
    r.get("/pedidos/99/status_pagamento").problem(404, "Pedido não encontrado");
    let new_pedido = r.checkout(1);
    let paid = notify(&r, new_pedido["id_pagamento"].as_str().unwrap(), "state_FINISHED").ok();
    assert_eq!(
        (&paid["id"], &paid["status_pagamento"], &paid["status_pedido"]),
        (&new_pedido["id"], &json!(2), &json!(1))
    );
    let eventos = r.get(&format!("/pedidos/{}/eventos", new_pedido["id"])).ok();
    assert_eq!(
        (&eventos[1]["tipo"], &eventos[1]["de"], &eventos[1]["para"]),
        (&json!("pagamento"), &json!(1), &json!(2))
    );
}

fn an_approved_payment_stays_approved(database: Database) {
    let r = Restaurant::new(database);
    let paid = notify(&r, ID, "state_FINISHED").ok();
    for action in ["state_FINISHED", "state_CANCELED", "state_ERROR", "state_FINISHED", "state_CANCELED"] {
        assert_eq!(notify(&r, ID, action).ok(), paid);
    }
    assert_eq!(status(&r), "2");
    assert_eq!(r.count("SELECT COUNT(*) FROM eventos WHERE pedido = 1 AND tipo = 'pagamento'"), 1);
}

fn a_refused_payment_can_still_be_approved(database: Database) {
    let r = Restaurant::new(database);
    notify(&r, ID, "state_CANCELED").ok();
    notify(&r, ID, "state_FINISHED").ok();
    assert_eq!(status(&r), "2");
}

fn other_actions_change_nothing(database: Database) {
    let r = Restaurant::new(database);
    let before = r.get("/pedidos/1").ok();
    for action in ["state_ERROR", "payment.created", "", "state_finished"] {
        assert_eq!(notify(&r, ID, action).ok(), before);
    }
    assert_eq!(r.post("/pedidos/status_pagamento/", json!({"id": ID})).ok(), before);
    assert_eq!(r.post("/pedidos/status_pagamento/", json!({"id": ID, "action": null})).ok(), before);
}

fn invalid_notifications_are_refused(database: Database) {
    let r = Restaurant::new(database);
    notify(&r, "desconhecido", "state_FINISHED").problem(404, "Pedido não encontrado");
    // Ids are compared with case and accents.
    for other in [ID.to_uppercase(), ID.replacen('a', "á", 1)] {
        notify(&r, &other, "state_FINISHED").problem(404, "Pedido não encontrado");
    }
    notify(&r, "' OR ''='", "state_FINISHED").problem(404, "Pedido não encontrado");
    assert_eq!(
        r.post("/pedidos/status_pagamento", json!({"action": "state_FINISHED"})).invalid_fields(),
        ["id"]
    );
    assert_eq!(
        r.post("/pedidos/status_pagamento", json!({"id": "", "action": 1})).invalid_fields(),
        ["id", "action"]
    );
    assert_eq!(status(&r), "1");
}

fn startup_warns_that_payments_are_simulated(database: Database) {
    let r = Restaurant::new(database);
    assert_eq!(r.log().matches("payments are SIMULATED").count(), 1);
}

fn the_qr_code_images_encode_the_text(database: Database) {
    let r = Restaurant::new(database);
    let pedido = r.checkout(1);
    let response = r.get(&format!("/pedidos/{}/qrcode.png", pedido["id"]));
    assert_eq!((response.status, response.header("content-type")), (200, Some("image/png")));
    let mut decoder = png::Decoder::new(std::io::Cursor::new(&response.bytes));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    let width = frame.width as usize;
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, frame.height as usize, |x, y| {
        pixels[y * width + x]
    });
    let (_, decoded) = image.detect_grids()[0].decode().unwrap();
    assert_eq!(decoded, pedido["qr_data"].as_str().unwrap());

    let response = r.get(&format!("/pedidos/{}/qrcode.svg/", pedido["id"]));
    assert_eq!((response.status, response.header("content-type")), (200, Some("image/svg+xml")));
    assert!(response.body.contains("<svg") && response.body.ends_with("</svg>"));
}

fn paid_and_cancelled_orders_have_no_qr_code(database: Database) {
    let r = Restaurant::new(database);
    let (paid, cancelled) = (r.checkout(1), r.checkout(1));
    notify(&r, paid["id_pagamento"].as_str().unwrap(), "state_FINISHED").ok();
    r.delete(&format!("/pedidos/{}", cancelled["id"])).ok();
    for image in ["qrcode.svg", "qrcode.png"] {
        r.get(&format!("/pedidos/{}/{image}", paid["id"])).problem(409, "O pedido já foi pago");
        let detail = "O pedido está cancelado; não há o que pagar";
        r.get(&format!("/pedidos/{}/{image}", cancelled["id"])).problem(409, detail);
        r.get(&format!("/pedidos/1/{image}")).problem(404, "Este pedido não tem QR code");
        r.get(&format!("/pedidos/99/{image}")).problem(404, "Pedido não encontrado");
    }
}
