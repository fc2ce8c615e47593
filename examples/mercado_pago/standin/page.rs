//! The page of the stand-in: the customer's phone, the seller's panel, and switches for the faults.

use serde_json::{Value, json};

use super::{Faults, Standin, reais};

/// Status, content type and body.
pub fn answer(standin: &Standin, method: &str, path: &str, body: &str) -> (u16, &'static str, String) {
    const HTML: &str = "text/html; charset=utf-8";
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let done = match (method, &parts[..]) {
        ("GET", [""]) => return (200, HTML, list(standin)),
        ("GET", ["livro"]) => return (200, "application/json", books(standin)),
        ("POST", ["pagar", id]) => standin.pay(id),
        ("POST", ["cancelar", id]) => standin.end(id, "canceled"),
        ("POST", ["expirar", id]) => standin.end(id, "expired"),
        ("POST", ["reembolsar", id]) => standin.end(id, "refunded"),
        // A refused attempt leaves the order open for the next one.
        ("POST", ["recusar", _]) => true,
        ("POST", ["falhas"]) => {
            standin.faults(|faults| switch(faults, body));
            true
        }
        _ => false,
    };
    if done {
        (303, HTML, String::new())
    } else {
        (404, HTML, "<p>Não há o que fazer aqui; <a href='/'>voltar</a></p>".to_owned())
    }
}

type Switch = (&'static str, &'static str, fn(&mut Faults) -> &mut u32);

/// Name in the form, description, field of `Faults`.
const SWITCHES: &[Switch] = &[
    ("corta_antes", "corta a ligação sem fazer nada", |f| &mut f.cut_before),
    ("corta_depois", "faz, e corta a ligação sem responder", |f| &mut f.cut_after),
    ("erro", "responde 500 sem fazer nada", |f| &mut f.error_500),
    ("erro_depois", "faz, e responde 500", |f| &mut f.error_500_after),
    ("demais", "responde 429", |f| &mut f.too_many_429),
    ("lixo", "responde 200 com lixo", |f| &mut f.garbage),
    ("pendura", "não responde nunca", |f| &mut f.hang),
    ("demora", "demora 3 s", |f| &mut f.delay),
    ("aviso_perdido", "perde o aviso", |f| &mut f.lost),
    ("aviso_dobrado", "manda o aviso duas vezes", |f| &mut f.doubled),
    ("aviso_atrasado", "manda o aviso fora de ordem", |f| &mut f.shuffled),
];

fn switch(faults: &mut Faults, form: &str) {
    faults.down = false;
    faults.strict_keys = false;
    faults.delay_ms = 3000;
    for (name, value) in form_urlencoded::parse(form.as_bytes()) {
        match name.as_ref() {
            "fora" => faults.down = true,
            "chave_unica" => faults.strict_keys = true,
            name => {
                if let Some((.., place)) = SWITCHES.iter().find(|s| s.0 == name) {
                    *place(faults) = value.parse::<u32>().unwrap_or(0).min(100) * 10;
                }
            }
        }
    }
}

/// All orders, for a program that compares them with its own.
fn books(standin: &Standin) -> String {
    let orders = standin.orders().into_iter().map(|o| {
        json!({"reference": o.reference, "status": o.status, "centavos": o.centavos, "refunded": o.refunded})
    });
    Value::from_iter(orders).to_string()
}

fn list(standin: &Standin) -> String {
    let mut rows = String::new();
    for order in standin.orders().iter().rev() {
        let button = |act: &str, text: &str| {
            format!("<form method=post action='/{act}/{}'><button>{text}</button></form>", order.id)
        };
        let buttons = match order.status {
            "created" => {
                button("pagar", "Pagar")
                    + &button("recusar", "Recusar")
                    + &button("cancelar", "Cancelar")
                    + &button("expirar", "Expirar")
            }
            "processed" => button("reembolsar", "Reembolsar"),
            _ => String::new(),
        };
        rows += &format!(
            "<tr><td>{}<td>{}<td>R$ {}<td>{}<td class=b>{buttons}\n",
            order.id,
            escaped(&order.description),
            reais(order.centavos),
            in_words(order.status),
        );
    }
    let mut faults = standin.current_faults();
    let mut switches = String::new();
    for (name, text, place) in SWITCHES {
        let percent = *place(&mut faults) / 10;
        switches += &format!(
            "<label><input name={name} type=number min=0 max=100 value={percent}> % {text}</label>\n"
        );
    }
    let checked = |on: bool| if on { " checked" } else { "" };
    format!(
        "<!doctype html><html lang=pt-BR><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Mercado Pago de mentira</title>\
         <style>body{{font:16px system-ui;margin:2rem auto;max-width:60rem;padding:0 1rem}}td,th{{padding:.3rem .8rem;text-align:left}}\
         form{{display:inline}}label{{display:block;margin:.3rem}}input[type=number]{{width:4rem}}</style>\
         <h1>Mercado Pago de mentira</h1><p>O celular do cliente e o painel da loja. Nada aqui é dinheiro. \
         <a href='/'>Atualizar</a></p>\
         <table><tr><th>Cobrança<th>Descrição<th>Valor<th>Situação<th>\n{rows}</table>\
         <h2>Falhas</h2><form method=post action=/falhas>{switches}\
         <label><input type=checkbox name=fora{}> fora do ar</label>\
         <label><input type=checkbox name=chave_unica{}> recusa qualquer chave repetida (409)</label>\
         <button>Aplicar</button></form>",
        checked(faults.down),
        checked(faults.strict_keys),
    )
}

fn in_words(status: &str) -> &str {
    match status {
        "created" => "esperando pagamento",
        "processed" => "paga",
        "canceled" => "cancelada",
        "expired" => "expirada",
        "refunded" => "reembolsada",
        other => other,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
