//! The payment of an order, with the simulator.

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

fn the_webhook_sets_the_payment_status(banco: Database) {
    let r = Restaurant::new(banco);
    assert_eq!(r.get("/pedidos/1/status_pagamento").body, "\"1\"");
    let pedido = notify(&r, ID, "state_CANCELED").ok();
    assert_eq!(
        (&pedido["id"], &pedido["status_pagamento"], &pedido["status_pagamento_descricao"]),
        (&json!(1), &json!(3), &json!("Recusado"))
    );
    assert_eq!(status(&r), "3");
    assert_eq!(r.get("/pedidos/1").ok(), pedido);
    r.get("/pedidos/99/status_pagamento").problem(404, "Pedido não encontrado");
    let novo = r.checkout(1);
    let pago = notify(&r, novo["id_pagamento"].as_str().unwrap(), "state_FINISHED").ok();
    assert_eq!(
        (&pago["id"], &pago["status_pagamento"], &pago["status_pedido"]),
        (&novo["id"], &json!(2), &json!(1))
    );
    let eventos = r.get(&format!("/pedidos/{}/eventos", novo["id"])).ok();
    assert_eq!(
        (&eventos[1]["tipo"], &eventos[1]["de"], &eventos[1]["para"]),
        (&json!("pagamento"), &json!(1), &json!(2))
    );
}

fn an_approved_payment_stays_approved(banco: Database) {
    let r = Restaurant::new(banco);
    let pago = notify(&r, ID, "state_FINISHED").ok();
    for action in ["state_FINISHED", "state_CANCELED", "state_ERROR", "state_FINISHED", "state_CANCELED"] {
        assert_eq!(notify(&r, ID, action).ok(), pago);
    }
    assert_eq!(status(&r), "2");
    assert_eq!(r.count("SELECT COUNT(*) FROM eventos WHERE pedido = 1 AND tipo = 'pagamento'"), 1);
}

fn a_refused_payment_can_still_be_approved(banco: Database) {
    let r = Restaurant::new(banco);
    notify(&r, ID, "state_CANCELED").ok();
    notify(&r, ID, "state_FINISHED").ok();
    assert_eq!(status(&r), "2");
}

fn other_actions_change_nothing(banco: Database) {
    let r = Restaurant::new(banco);
    let antes = r.get("/pedidos/1").ok();
    for action in ["state_ERROR", "payment.created", "", "state_finished"] {
        assert_eq!(notify(&r, ID, action).ok(), antes);
    }
    assert_eq!(r.post("/pedidos/status_pagamento/", json!({"id": ID})).ok(), antes);
    assert_eq!(r.post("/pedidos/status_pagamento/", json!({"id": ID, "action": null})).ok(), antes);
}

fn invalid_notifications_are_refused(banco: Database) {
    let r = Restaurant::new(banco);
    notify(&r, "desconhecido", "state_FINISHED").problem(404, "Pedido não encontrado");
    // Another case or accent is another id.
    for outro in [ID.to_uppercase(), ID.replacen('a', "á", 1)] {
        notify(&r, &outro, "state_FINISHED").problem(404, "Pedido não encontrado");
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

fn startup_warns_that_payments_are_simulated(banco: Database) {
    let r = Restaurant::new(banco);
    assert_eq!(r.log().matches("payments are SIMULATED").count(), 1);
}

fn the_qr_code_images_encode_the_text(banco: Database) {
    let r = Restaurant::new(banco);
    let pedido = r.checkout(1);
    let resposta = r.get(&format!("/pedidos/{}/qrcode.png", pedido["id"]));
    assert_eq!((resposta.status, resposta.header("content-type")), (200, Some("image/png")));
    let mut decodificador = png::Decoder::new(std::io::Cursor::new(&resposta.bytes));
    decodificador.set_transformations(png::Transformations::EXPAND);
    let mut leitor = decodificador.read_info().unwrap();
    let mut pontos = vec![0; leitor.output_buffer_size().unwrap()];
    let quadro = leitor.next_frame(&mut pontos).unwrap();
    let largura = quadro.width as usize;
    let mut imagem = rqrr::PreparedImage::prepare_from_greyscale(largura, quadro.height as usize, |x, y| {
        pontos[y * largura + x]
    });
    let (_, lido) = imagem.detect_grids()[0].decode().unwrap();
    assert_eq!(lido, pedido["qr_data"].as_str().unwrap());

    let resposta = r.get(&format!("/pedidos/{}/qrcode.svg/", pedido["id"]));
    assert_eq!((resposta.status, resposta.header("content-type")), (200, Some("image/svg+xml")));
    assert!(resposta.body.contains("<svg") && resposta.body.ends_with("</svg>"));
}

fn paid_and_cancelled_orders_have_no_qr_code(banco: Database) {
    let r = Restaurant::new(banco);
    let (pago, cancelado) = (r.checkout(1), r.checkout(1));
    notify(&r, pago["id_pagamento"].as_str().unwrap(), "state_FINISHED").ok();
    r.delete(&format!("/pedidos/{}", cancelado["id"])).ok();
    for figura in ["qrcode.svg", "qrcode.png"] {
        r.get(&format!("/pedidos/{}/{figura}", pago["id"])).problem(409, "O pedido já foi pago");
        let detail = "O pedido está cancelado; não há o que pagar";
        r.get(&format!("/pedidos/{}/{figura}", cancelado["id"])).problem(409, detail);
        r.get(&format!("/pedidos/1/{figura}")).problem(404, "Este pedido não tem QR code");
        r.get(&format!("/pedidos/99/{figura}")).problem(404, "Pedido não encontrado");
    }
}
