//! What the original's models converted: numbers and booleans as text, whole numbers with a fraction of zero, and `null`
//! for what is not sent. Answers keep the proper types.

use serde_json::{Value, json};

use crate::{Database, Restaurant, on_both_databases};

on_both_databases!(
    numbers_may_be_sent_as_text,
    booleans_may_be_sent_as_text_or_number,
    null_means_not_sent,
    ambiguous_values_are_refused_by_field
);

/// The spellings of a whole number that have one meaning.
fn grafias(n: i64) -> Vec<String> {
    let texto = |t: String| format!("\"{t}\"");
    let textos = [format!("{n}"), format!(" {n} "), format!("0{n}"), format!("+{n}"), format!("{n}.0")];
    [format!("{n}"), format!("{n}.0")].into_iter().chain(textos.map(texto)).collect()
}

fn enviar(r: &Restaurant, metodo: &str, caminho: &str, body: &str) -> Value {
    let resposta = r.request(metodo, caminho, &[], Some(body));
    assert_eq!(resposta.status, 200, "{metodo} {caminho} {body}: {}", resposta.body);
    resposta.json()
}

fn numbers_may_be_sent_as_text(banco: Database) {
    let r = Restaurant::new(banco);
    for valor in ["15.5", "15.50", "\"15.50\"", "\" 15.5 \"", "\"15.500\""] {
        let body = format!(r#"{{"nome":"Misto","categoria":"1","valor":{valor}}}"#);
        let resposta = r.request("POST", "/produtos", &[], Some(&body));
        assert_eq!(resposta.status, 200, "{body}: {}", resposta.body);
        assert!(resposta.body.contains(r#""categoria":1,"valor":15.50,"#), "{}", resposta.body);
    }
    for tres in grafias(3) {
        let produto =
            enviar(&r, "PUT", "/produtos", &format!(r#"{{"id":{tres},"categoria":{tres},"valor":"9"}}"#));
        assert_eq!((&produto["id"], &produto["categoria"]), (&json!(3), &json!(3)));
        let cliente = enviar(&r, "PUT", "/clientes", &format!(r#"{{"id":{tres},"nome":"Cida"}}"#));
        assert_eq!(cliente["id"], 3);
        let body = format!(
            r#"{{"id_cliente":{tres},"itens":[{{"produto":{tres},"quantidade":{tres},"valor":"x"}}]}}"#
        );
        let pedido = enviar(&r, "POST", "/pedidos/checkout", &body);
        assert_eq!((&pedido["cliente"], &pedido["itens"][0]["quantidade"]), (&json!(3), &json!(3)));
        let um = tres.replace('3', "1");
        let body = format!(
            r#"{{"id":"{}","status_pedido":{tres},"cliente":{tres},"versao":{um},"status_pagamento":{um},"senha":"{}.0","valor_total":"27.0"}}"#,
            pedido["id"], pedido["senha"]
        );
        let movido = enviar(&r, "PUT", "/pedidos", &body);
        assert_eq!((&movido["status_pedido"], &movido["cliente"]), (&json!(3), &json!(3)));
    }
    let pedido = r.checkout(3);
    let caminho = format!("/pedidos/{}", pedido["id"]);
    r.post(&format!("{caminho}/pagamento"), json!({"meio": "dinheiro", "responsavel": "Ana"})).ok();
    let reembolso = json!({"valor": "1.50", "motivo": "faltou o canudo"}).to_string();
    let resposta =
        r.request("POST", &format!("{caminho}/reembolso"), &[("If-Match", "\"2\"")], Some(&reembolso));
    assert_eq!(resposta.status, 409, "{}", resposta.body);
}

fn booleans_may_be_sent_as_text_or_number(banco: Database) {
    let r = Restaurant::new(banco);
    let sim = [json!(1), json!("true"), json!("on"), json!("Yes"), json!("1"), json!(true), json!("TRUE")];
    let nao = [json!(0), json!("false"), json!("off"), json!("NO"), json!("0"), json!(false), json!(0.0)];
    for (sim, nao) in sim.iter().zip(&nao) {
        for caminho in ["/produtos", "/clientes"] {
            assert_eq!(
                r.put(caminho, json!({"id": 1, "ativo": nao})).ok()["ativo"],
                false,
                "{caminho} {nao}"
            );
            assert_eq!(r.put(caminho, json!({"id": 1, "ativo": sim})).ok()["ativo"], true, "{caminho} {sim}");
        }
    }
}

fn null_means_not_sent(banco: Database) {
    let r = Restaurant::new(banco);
    let produto = r.get("/produtos/3").ok();
    assert_eq!(r.put("/produtos", json!({"id": 3, "ativo": null})).ok(), produto);
    let cliente = r.get("/clientes/1").ok();
    let nulo = json!({"id": 1, "cpf": null, "nome": null, "email": null, "telefone": null, "ativo": null});
    assert_eq!(r.put("/clientes", nulo).ok(), cliente);
    let pedido = r.get("/pedidos/2").ok();
    let nulo = json!({"id": 2, "status_pedido": null, "versao": null, "status_pagamento": null, "valor_total": null});
    assert_eq!(r.put("/pedidos", nulo).ok(), pedido);
    // A form sends an empty text for what is not filled in.
    let novo = json!({"cpf": "19582630442", "nome": "Ana", "email": "", "telefone": " "});
    let novo = r.post("/clientes", novo).ok();
    assert_eq!((&novo["email"], &novo["telefone"]), (&json!(null), &json!(null)));
}

fn ambiguous_values_are_refused_by_field(banco: Database) {
    let r = Restaurant::new(banco);
    let errados =
        [json!("15,5"), json!("abc"), json!(""), json!("1e1"), json!("1_0"), json!(true), json!([1])];
    for errado in &errados {
        let produto = json!({"id": errado, "categoria": errado, "valor": errado});
        assert_eq!(r.put("/produtos", produto).invalid_fields(), ["id", "categoria", "valor"], "{errado}");
        let linha = json!({"produto": errado, "quantidade": errado});
        let campos =
            r.post("/pedidos/checkout", json!({"id_cliente": errado, "itens": [linha]})).invalid_fields();
        assert_eq!(campos, ["id_cliente", "itens[0].produto", "itens[0].quantidade"], "{errado}");
        let pedido = json!({"id": errado, "status_pedido": errado, "cliente": errado});
        assert_eq!(
            r.put("/pedidos", pedido).invalid_fields(),
            ["id", "status_pedido", "cliente"],
            "{errado}"
        );
    }
    assert_eq!(
        r.put("/pedidos", json!({"id": 1.5, "status_pedido": 2.5})).invalid_fields(),
        ["id", "status_pedido"]
    );
    for errado in [json!("sim"), json!(2), json!(""), json!([true])] {
        assert_eq!(r.put("/produtos", json!({"id": 1, "ativo": errado})).invalid_fields(), ["ativo"]);
    }
}
