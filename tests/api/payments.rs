//! The payment of an order, with the simulator.

use serde_json::{Value, json};

use crate::{Banco, Resposta, Restaurante, nos_dois};

nos_dois!(
    o_webhook_do_contrato,
    aprovado_continua_aprovado,
    recusado_ainda_pode_ser_pago,
    outra_acao_nao_muda_nada,
    avisos_invalidos,
    o_inicio_avisa_que_e_simulado,
    o_qr_code_desenhado_diz_o_mesmo_que_o_texto,
    ninguem_e_levado_a_pagar_de_novo,
);

const ID: &str = "b715bik7-2726-4d51-a729-749cc7bda703";

fn avisar(r: &Restaurante, id: &str, action: &str) -> Resposta {
    r.post(
        "/pedidos/status_pagamento",
        json!({"id": id, "type": "payment", "date_created": "2015-03-25 10:04:58",
        "user_id": 44444, "api_version": "v1", "action": action}),
    )
}

fn status(r: &Restaurante) -> Value {
    r.get("/pedidos/1/status_pagamento/").ok()
}

fn o_webhook_do_contrato(banco: Banco) {
    let r = Restaurante::novo(banco);
    assert_eq!(r.get("/pedidos/1/status_pagamento").corpo, "\"1\"");
    let pedido = avisar(&r, ID, "state_CANCELED").ok();
    assert_eq!(
        (&pedido["id"], &pedido["status_pagamento"], &pedido["status_pagamento_descricao"]),
        (&json!(1), &json!(3), &json!("Recusado"))
    );
    assert_eq!(status(&r), "3");
    assert_eq!(r.get("/pedidos/1").ok(), pedido);
    r.get("/pedidos/99/status_pagamento").problema(404, "Pedido não encontrado");
    let novo = r.comprar(1);
    let pago = avisar(&r, novo["id_pagamento"].as_str().unwrap(), "state_FINISHED").ok();
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

fn aprovado_continua_aprovado(banco: Banco) {
    let r = Restaurante::novo(banco);
    let pago = avisar(&r, ID, "state_FINISHED").ok();
    for action in ["state_FINISHED", "state_CANCELED", "state_ERROR", "state_FINISHED", "state_CANCELED"] {
        assert_eq!(avisar(&r, ID, action).ok(), pago);
    }
    assert_eq!(status(&r), "2");
    assert_eq!(r.contar("SELECT COUNT(*) FROM eventos WHERE pedido = 1 AND tipo = 'pagamento'"), 1);
}

fn recusado_ainda_pode_ser_pago(banco: Banco) {
    let r = Restaurante::novo(banco);
    avisar(&r, ID, "state_CANCELED").ok();
    avisar(&r, ID, "state_FINISHED").ok();
    assert_eq!(status(&r), "2");
}

fn outra_acao_nao_muda_nada(banco: Banco) {
    let r = Restaurante::novo(banco);
    let antes = r.get("/pedidos/1").ok();
    for action in ["state_ERROR", "payment.created", "", "state_finished"] {
        assert_eq!(avisar(&r, ID, action).ok(), antes);
    }
    assert_eq!(r.post("/pedidos/status_pagamento/", json!({"id": ID})).ok(), antes);
    assert_eq!(r.post("/pedidos/status_pagamento/", json!({"id": ID, "action": null})).ok(), antes);
}

fn avisos_invalidos(banco: Banco) {
    let r = Restaurante::novo(banco);
    avisar(&r, "desconhecido", "state_FINISHED").problema(404, "Pedido não encontrado");
    // Another case or accent is another id.
    for outro in [ID.to_uppercase(), ID.replacen('a', "á", 1)] {
        avisar(&r, &outro, "state_FINISHED").problema(404, "Pedido não encontrado");
    }
    avisar(&r, "' OR ''='", "state_FINISHED").problema(404, "Pedido não encontrado");
    assert_eq!(r.post("/pedidos/status_pagamento", json!({"action": "state_FINISHED"})).campos(), ["id"]);
    assert_eq!(
        r.post("/pedidos/status_pagamento", json!({"id": "", "action": 1})).campos(),
        ["id", "action"]
    );
    assert_eq!(status(&r), "1");
}

fn o_inicio_avisa_que_e_simulado(banco: Banco) {
    let r = Restaurante::novo(banco);
    assert_eq!(r.log().matches("payments are SIMULATED").count(), 1);
}

fn o_qr_code_desenhado_diz_o_mesmo_que_o_texto(banco: Banco) {
    let r = Restaurante::novo(banco);
    let pedido = r.comprar(1);
    let resposta = r.get(&format!("/pedidos/{}/qrcode.png", pedido["id"]));
    assert_eq!((resposta.status, resposta.cabecalho("content-type")), (200, Some("image/png")));
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
    assert_eq!((resposta.status, resposta.cabecalho("content-type")), (200, Some("image/svg+xml")));
    assert!(resposta.corpo.contains("<svg") && resposta.corpo.ends_with("</svg>"));
}

fn ninguem_e_levado_a_pagar_de_novo(banco: Banco) {
    let r = Restaurante::novo(banco);
    let (pago, cancelado) = (r.comprar(1), r.comprar(1));
    avisar(&r, pago["id_pagamento"].as_str().unwrap(), "state_FINISHED").ok();
    r.delete(&format!("/pedidos/{}", cancelado["id"])).ok();
    for figura in ["qrcode.svg", "qrcode.png"] {
        r.get(&format!("/pedidos/{}/{figura}", pago["id"])).problema(409, "O pedido já foi pago");
        let detail = "O pedido está cancelado; não há o que pagar";
        r.get(&format!("/pedidos/{}/{figura}", cancelado["id"])).problema(409, detail);
        r.get(&format!("/pedidos/1/{figura}")).problema(404, "Este pedido não tem QR code");
        r.get(&format!("/pedidos/99/{figura}")).problema(404, "Pedido não encontrado");
    }
}
