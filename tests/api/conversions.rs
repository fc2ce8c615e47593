//! Conversions that the original system made: numbers and booleans as text, whole numbers with a fraction of zero, and
//! `null` for a field that is not sent. Responses keep the proper types.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    numbers_may_be_sent_as_text,
    booleans_may_be_sent_as_text_or_number,
    null_means_not_sent,
    ambiguous_values_are_refused_by_field
);

/// The accepted spellings of a whole number.
fn spellings(n: i64) -> Vec<String> {
    let text = |t: String| format!("\"{t}\"");
    let texts = [format!("{n}"), format!(" {n} "), format!("0{n}"), format!("+{n}"), format!("{n}.0")];
    [format!("{n}"), format!("{n}.0")].into_iter().chain(texts.map(text)).collect()
}

fn send(r: &Restaurant, method: &str, path: &str, body: &str) -> Value {
    let response = r.request(method, path, &[], Some(body));
    assert_eq!(response.status, 200, "{method} {path} {body}: {}", response.body);
    response.json()
}

fn numbers_may_be_sent_as_text(database: Database) {
    let r = Restaurant::new(database);
    for valor in ["15.5", "15.50", "\"15.50\"", "\" 15.5 \"", "\"15.500\""] {
        let body = format!(r#"{{"nome":"Misto","categoria":"1","valor":{valor}}}"#);
        let response = r.request("POST", "/produtos", &[], Some(&body));
        assert_eq!(response.status, 200, "{body}: {}", response.body);
        assert!(response.body.contains(r#""categoria":1,"valor":15.50,"#), "{}", response.body);
    }
    for three in spellings(3) {
        let produto =
            send(&r, "PUT", "/produtos", &format!(r#"{{"id":{three},"categoria":{three},"valor":"9"}}"#));
        assert_eq!((&produto["id"], &produto["categoria"]), (&json!(3), &json!(3)));
        let cliente = send(&r, "PUT", "/clientes", &format!(r#"{{"id":{three},"nome":"Cida"}}"#));
        assert_eq!(cliente["id"], 3);
        let body = format!(
            r#"{{"id_cliente":{three},"itens":[{{"produto":{three},"quantidade":{three},"valor":"x"}}]}}"#
        );
        let pedido = send(&r, "POST", "/pedidos/checkout", &body);
        assert_eq!((&pedido["cliente"], &pedido["itens"][0]["quantidade"]), (&json!(3), &json!(3)));
        let one = three.replace('3', "1");
        let body = format!(
            r#"{{"id":"{}","status_pedido":{three},"cliente":{three},"versao":{one},"status_pagamento":{one},"senha":"{}.0","valor_total":"27.0"}}"#,
            pedido["id"], pedido["senha"]
        );
        let moved = send(&r, "PUT", "/pedidos", &body);
        assert_eq!((&moved["status_pedido"], &moved["cliente"]), (&json!(3), &json!(3)));
    }
    let pedido = r.checkout(3);
    let path = format!("/pedidos/{}", pedido["id"]);
    r.post(&format!("{path}/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    let reembolso = json!({"valor": "1.50", "motivo": "faltou o canudo"}).to_string();
    let response =
        r.request("POST", &format!("{path}/reembolso"), &[("If-Match", "\"2\"")], Some(&reembolso));
    assert_eq!(response.status, 409, "{}", response.body);
}

fn booleans_may_be_sent_as_text_or_number(database: Database) {
    let r = Restaurant::new(database);
    let yes = [json!(1), json!("true"), json!("on"), json!("Yes"), json!("1"), json!(true), json!("TRUE")];
    let no = [json!(0), json!("false"), json!("off"), json!("NO"), json!("0"), json!(false), json!(0.0)];
    for (yes, no) in yes.iter().zip(&no) {
        for path in ["/produtos", "/clientes"] {
            assert_eq!(r.put(path, json!({"id": 1, "ativo": no})).ok()["ativo"], false, "{path} {no}");
            assert_eq!(r.put(path, json!({"id": 1, "ativo": yes})).ok()["ativo"], true, "{path} {yes}");
        }
    }
}

fn null_means_not_sent(database: Database) {
    let r = Restaurant::new(database);
    let produto = r.get("/produtos/3").ok();
    assert_eq!(r.put("/produtos", json!({"id": 3, "ativo": null})).ok(), produto);
    let cliente = r.get("/clientes/1").ok();
    let with_nulls =
        json!({"id": 1, "cpf": null, "nome": null, "email": null, "telefone": null, "ativo": null});
    assert_eq!(r.put("/clientes", with_nulls).ok(), cliente);
    let pedido = r.get("/pedidos/2").ok();
    let with_nulls = json!({"id": 2, "status_pedido": null, "versao": null, "status_pagamento": null, "valor_total": null});
    assert_eq!(r.put("/pedidos", with_nulls).ok(), pedido);
    // Also of what the clock and the payment have set.
    let ready = r.put("/pedidos", json!({"id": 2, "status_pedido": 3})).ok();
    let paid = r.post("/pedidos/2/pagamento", json!({"meio": "dinheiro", "responsavel": "Ana"}));
    let pedido = if paid.status == 200 { paid.json() } else { ready };
    let mut with_nulls = json!({"id": 2});
    for field in [
        "datahora_recebido",
        "datahora_preparacao",
        "datahora_pronto",
        "datahora_finalizado",
        "id_pagamento",
        "senha",
        "meio_pagamento",
    ] {
        with_nulls[field] = json!(null);
    }
    assert_eq!(r.put("/pedidos", with_nulls.clone()).ok(), pedido);
    // No customer is one that can be chosen.
    with_nulls["cliente"] = json!(null);
    assert_eq!(r.put("/pedidos", with_nulls).ok()["cliente"], json!(null));
    // A form sends an empty text for a field that is not filled in.
    let new_cliente = json!({"cpf": "19582630442", "nome": "Ana", "email": "", "telefone": " "});
    let new_cliente = r.post("/clientes", new_cliente).ok();
    assert_eq!((&new_cliente["email"], &new_cliente["telefone"]), (&json!(null), &json!(null)));
}

fn ambiguous_values_are_refused_by_field(database: Database) {
    let r = Restaurant::new(database);
    let wrong_values =
        [json!("15,5"), json!("abc"), json!(""), json!("1e1"), json!("1_0"), json!(true), json!([1])];
    for wrong in &wrong_values {
        let produto = json!({"id": wrong, "categoria": wrong, "valor": wrong});
        assert_eq!(r.put("/produtos", produto).invalid_fields(), ["id", "categoria", "valor"], "{wrong}");
        let line = json!({"produto": wrong, "quantidade": wrong});
        let fields =
            r.post("/pedidos/checkout", json!({"id_cliente": wrong, "itens": [line]})).invalid_fields();
        assert_eq!(fields, ["id_cliente", "itens[0].produto", "itens[0].quantidade"], "{wrong}");
        let pedido = json!({"id": wrong, "status_pedido": wrong, "cliente": wrong});
        assert_eq!(r.put("/pedidos", pedido).invalid_fields(), ["id", "status_pedido", "cliente"], "{wrong}");
    }
    assert_eq!(
        r.put("/pedidos", json!({"id": 1.5, "status_pedido": 2.5})).invalid_fields(),
        ["id", "status_pedido"]
    );
    for wrong in [json!("sim"), json!(2), json!(""), json!([true])] {
        assert_eq!(r.put("/produtos", json!({"id": 1, "ativo": wrong})).invalid_fields(), ["ativo"]);
    }
}
