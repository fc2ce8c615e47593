//! `/vendas.json` and `/vendas.csv`: the figures are those of the orders and their charges, to the centavo, however they are
//! cut.

use ambrosia::{clock, domain::data_hora::SAO_PAULO};
use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

use crate::{
    Database, Restaurant, crew::Crew, on_both_databases, restaurant::centavos, standin::Faults, till::Till,
};

on_both_databases!(
    every_figure_is_that_of_the_orders,
    money_counts_in_the_hour_and_on_the_day_of_the_restaurant,
    a_refund_counts_when_it_goes_back,
    a_refund_that_the_provider_refuses_is_taken_off_again,
    money_that_came_twice_is_no_sale,
    names_are_those_of_the_menu,
    days_without_a_sale_are_told,
    orders_of_before_the_log_count,
    a_spreadsheet_can_read_it,
    a_wrong_period_is_refused,
    the_search_is_by_the_index,
);

const EMPTY: [(&str, &str); 1] = [("EXAMPLE_DATA", "false")];

fn today() -> Date {
    clock::now().civil(&SAO_PAULO).date()
}

/// The sales of the last year.
fn sales(r: &Restaurant) -> Value {
    // A day more, should it be midnight meanwhile.
    let ate = today().saturating_add(1.day());
    r.get(&format!("/vendas.json?de={}&ate={ate}", ate.saturating_sub(365.days()))).ok()
}

fn sum(rows: &Value, field: &str) -> i64 {
    rows.as_array().unwrap().iter().map(|row| centavos(&row[field])).sum()
}

/// Holds the report against all orders and their charges, and against itself. Returns sold and given back, in centavos.
#[track_caller]
fn check(r: &Restaurant, orders: impl IntoIterator<Item = i64>) -> (i64, i64) {
    let (mut count, mut sold, mut back) = (0, 0, 0);
    for id in orders {
        let order = r.get(&format!("/pedidos/{id}")).ok();
        if [2, 4].contains(&order["status_pagamento"].as_i64().unwrap()) {
            (count, sold) = (count + 1, sold + centavos(&order["valor_total"]));
        }
        back += centavos(&order["valor_reembolsado"]);
    }
    let report = sales(r);
    let figures = |row: &Value| ["vendido", "devolvido", "liquido"].map(|field| centavos(&row[field]));
    assert_eq!(
        (report["pedidos"].as_i64(), figures(&report)),
        (Some(count), [sold, back, sold - back]),
        "{report}"
    );
    for cut in ["por_meio", "por_hora", "por_dia"] {
        let rows = &report[cut];
        let counted: i64 = rows.as_array().unwrap().iter().map(|row| row["pedidos"].as_i64().unwrap()).sum();
        let added = ["vendido", "devolvido", "liquido"].map(|field| sum(rows, field));
        assert_eq!((counted, added), (count, [sold, back, sold - back]), "{cut}: {rows}");
    }
    assert_eq!(sum(&report["por_produto"], "vendido"), sold);
    assert_eq!(report["por_hora"].as_array().unwrap().len(), 24);
    (sold, back)
}

fn id(order: &Value) -> i64 {
    order["id"].as_i64().unwrap()
}

fn pay(r: &Restaurant, order: &Value, meio: &str) {
    r.post(&format!("/pedidos/{}/pagamento", id(order)), json!({"meio": meio, "responsavel": "Ana"})).ok();
}

fn way<'a>(report: &'a Value, meio: &Value) -> &'a Value {
    report["por_meio"].as_array().unwrap().iter().find(|row| row["meio"] == *meio).unwrap()
}

fn product(report: &Value, id: i64) -> Value {
    let rows = report["por_produto"].as_array().unwrap();
    rows.iter().find(|row| row["produto"] == id).cloned().unwrap_or_default()
}

/// Example data, cash, card and QR code, parts and the whole given back, orders without payment, a customer who is erased.
fn every_figure_is_that_of_the_orders(database: Database) {
    let till = Till::new(database);
    check(&till, 1..=6);
    let order = |id_cliente: Option<i64>, itens: Value| {
        till.post("/pedidos/checkout", json!({"id_cliente": id_cliente, "itens": itens})).ok()
    };
    let line = |produto: i64, quantidade: i64| json!({"produto": produto, "quantidade": quantidade});
    let cash = order(Some(1), json!([line(1, 3), line(8, 7), line(1, 1)]));
    let card = order(None, json!([line(3, 999)]));
    let (unpaid, cancelled, undone) = (till.checkout(2), till.checkout(3), till.checkout(4));
    pay(&till, &cash, "dinheiro");
    pay(&till, &card, "maquininha");
    pay(&till, &undone, "dinheiro");
    till.cancel(&cancelled, "desistiu").ok();
    till.cancel(&undone, "acabou").ok();
    let (part, whole, late) = (till.checkout(5), till.checkout(6), till.checkout(7));
    for paid in [&part, &whole, &late] {
        till.pay(paid);
        till.wait_for_pagamento(paid, 2);
    }
    let give_back = |order: &Value, valor: &str| {
        let order = till.reload(order);
        let tag = format!("\"{}\"", order["versao"]);
        let body = format!(r#"{{"valor":{valor},"motivo":"frio"}}"#);
        till.request(
            "POST",
            &format!("/pedidos/{}/reembolso", id(&order)),
            &[("If-Match", &tag)],
            Some(&body),
        )
        .ok();
    };
    give_back(&part, "0.07");
    give_back(&part, "1.13");
    till.cancel(&whole, "acabou").ok();
    till.wait_for_pagamento(&whole, 4);
    till.delete("/clientes/1").ok();
    till.delete("/produtos/5").ok();
    assert_eq!(till.reload(&unpaid)["status_pagamento"], 1);
    let (_, back) = check(&till, 1..=14);
    let gone = [&undone, &whole].map(|order| centavos(&order["valor_total"])).iter().sum::<i64>();
    assert_eq!(back, gone + 120);
    let report = sales(&till);
    assert_eq!(way(&report, &json!("dinheiro"))["pedidos"], 2);
    assert_eq!(centavos(&way(&report, &json!("maquininha"))["liquido"]), 1520 * 999);
    // What the provider has taken and given back.
    let at_provider: i64 = [&part, &whole, &late].iter().map(|order| till.cobranca(order).centavos).sum();
    assert_eq!(centavos(&way(&report, &json!("qr"))["vendido"]), at_provider);
    let given_back: i64 = [&part, &whole, &late].iter().map(|order| till.cobranca(order).refunded).sum();
    assert_eq!(centavos(&way(&report, &json!("qr"))["devolvido"]), given_back);
}

/// Puts the event by which this order was paid, or by which money went back, at this moment.
fn put(r: &Restaurant, order: &Value, tipo: &str, para: i64, when: &str) {
    let which = format!("pedido = {} AND tipo = '{tipo}' AND COALESCE(para, 0) = {para}", id(order));
    assert_eq!(r.count(&format!("SELECT COUNT(*) FROM eventos WHERE {which}")), 1);
    r.sql(&format!("UPDATE eventos SET datahora = '{when}' WHERE {which}"));
}

fn money_counts_in_the_hour_and_on_the_day_of_the_restaurant(database: Database) {
    let r = Restaurant::new(database);
    // Midnight in São Paulo is three in UTC; in the summer of 2018 it was two.
    let moments = [
        ("2026-02-01 15:00:00", "2026-02-01", 12),
        ("2026-03-10 02:59:59", "2026-03-09", 23),
        ("2026-03-10 03:00:00", "2026-03-10", 0),
        ("2026-03-11 02:59:59", "2026-03-10", 23),
        ("2018-12-24 01:59:59", "2018-12-23", 23),
        ("2018-12-24 02:00:00", "2018-12-24", 0),
    ];
    for (when, _, _) in moments {
        let order = r.checkout(9);
        pay(&r, &order, "dinheiro");
        put(&r, &order, "pagamento", 2, when);
    }
    for (when, day, hour) in moments {
        let report = r.get(&format!("/vendas.json?de={day}&ate={day}")).ok();
        let expected = moments.iter().filter(|(_, other, _)| *other == day).count();
        assert_eq!(report["pedidos"], expected, "{when}: {report}");
        assert_eq!(report["por_hora"][hour]["pedidos"], 1, "{when}: {report}");
        assert_eq!(report["por_dia"].as_array().unwrap().len(), 1);
    }
    // Longer than what one statement adds up.
    let quarter = r.get("/vendas.json?de=2026-01-01&ate=2026-03-31").ok();
    let water = json!({"produto": 9, "nome": "Água Mineral", "quantidade": 4, "vendido": 16.0});
    assert_eq!((&quarter["pedidos"], &quarter["por_produto"]), (&json!(4), &json!([water])));
}

fn a_refund_counts_when_it_goes_back(database: Database) {
    let r = Restaurant::with_environment(database, &EMPTY);
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": "4.10"})).ok();
    let order = r.checkout(1);
    pay(&r, &order, "dinheiro");
    r.post(&format!("/pedidos/{}/cancelamento", id(&order)), json!({"motivo": "frio"})).ok();
    put(&r, &order, "pagamento", 2, "2026-03-10 15:00:00");
    put(&r, &order, "pagamento", 4, "2026-03-12 16:00:00");
    let report = r.get("/vendas.json?de=2026-03-10&ate=2026-03-12").ok();
    let days: Vec<_> =
        report["por_dia"].as_array().unwrap().iter().map(|day| centavos(&day["liquido"])).collect();
    assert_eq!(days, [410, 0, -410]);
    assert_eq!(centavos(&r.get("/vendas.json?de=2026-03-10&ate=2026-03-10").ok()["liquido"]), 410);
    let back = r.get("/vendas.json?de=2026-03-12&ate=2026-03-12").ok();
    assert_eq!((back["pedidos"].as_i64(), centavos(&back["devolvido"])), (Some(0), 410));
    assert_eq!(back["por_produto"], json!([]));
}

fn a_refund_that_the_provider_refuses_is_taken_off_again(database: Database) {
    let faults = Faults { refuse_refunds: Some("in_store_payment_refund_order"), ..Faults::default() };
    let till = Till::with_faults(database, faults, &[("EXAMPLE_DATA", "true")]);
    let order = till.checkout(1);
    till.pay(&order);
    till.wait_for_pagamento(&order, 2);
    let tag = format!("\"{}\"", till.reload(&order)["versao"]);
    let body = Some(r#"{"valor":2.5,"motivo":"frio"}"#);
    till.request("POST", &format!("/pedidos/{}/reembolso", id(&order)), &[("If-Match", &tag)], body).ok();
    assert_eq!(check(&till, 1..=id(&order)).1, 250);
    // The provider refuses the next time, which is the last.
    till.sql("UPDATE cobrancas SET tentativas = 30, proxima_em = '2020-01-01 00:00:00' WHERE reembolso_alvo IS NOT NULL");
    crate::restaurant::wait_until("the refund is given up", || {
        centavos(&till.reload(&order)["valor_reembolsado"]) == 0
    });
    assert_eq!(check(&till, 1..=id(&order)).1, 0);
}

fn money_that_came_twice_is_no_sale(database: Database) {
    let till = Till::new(database);
    let order = till.checkout(1);
    // Nobody hears of the payment by QR code before the cash is taken.
    till.pay(&order);
    let taken = till.post(
        &format!("/pedidos/{}/pagamento", id(&order)),
        json!({"meio": "dinheiro", "responsavel": "Ana"}),
    );
    if taken.status == 200 {
        crate::restaurant::wait_until("the charge went back", || {
            till.cobranca(&order).refunded == till.cobranca(&order).centavos
        });
    }
    check(&till, 1..=id(&order));
}

fn names_are_those_of_the_menu(database: Database) {
    let r = Restaurant::with_environment(database, &EMPTY);
    r.post("/produtos", json!({"nome": "Café", "categoria": 3, "valor": 4})).ok();
    r.post("/produtos", json!({"nome": "Chá", "categoria": 3, "valor": 3})).ok();
    for _ in 0..2 {
        for produto in [1, 2] {
            pay(&r, &r.checkout(produto), "dinheiro");
        }
        r.put("/produtos", json!({"id": 1, "nome": "Café coado", "valor": "4.55"})).ok();
    }
    r.delete("/produtos/2").ok();
    let report = sales(&r);
    let coffee = json!({"produto": 1, "nome": "Café coado", "quantidade": 2, "vendido": 8.55});
    assert_eq!(product(&report, 1), coffee);
    assert_eq!(product(&report, 2), json!({"produto": 2, "nome": "Chá", "quantidade": 2, "vendido": 6.0}));
    assert_eq!(report["por_produto"][0]["produto"], 1);
    check(&r, 1..=4);
}

fn days_without_a_sale_are_told(database: Database) {
    let r = Restaurant::new(database);
    let report = r.get("/vendas.json?de=2026-02-01&ate=2026-02-28").ok();
    assert_eq!(report["por_dia"].as_array().unwrap().len(), 28);
    let nothing =
        json!({"dia": "2026-02-17", "pedidos": 0, "vendido": 0.0, "devolvido": 0.0, "liquido": 0.0});
    assert_eq!(report["por_dia"][16], nothing);
    assert_eq!(report["por_produto"], json!([]));
    // Without a period it is today.
    let report = r.get("/vendas.json").ok();
    assert_eq!((&report["de"], report["por_dia"].as_array().unwrap().len()), (&report["ate"], 1));
}

/// Of the system before no payment is in the log, and older versions did not say how much went back.
fn orders_of_before_the_log_count(database: Database) {
    let r = Restaurant::new(database);
    r.sql("DELETE FROM eventos WHERE pedido = 3");
    r.sql(
        "UPDATE pedidos SET dia = NULL, senha = NULL, datahora_recebido = '2024-05-06 12:30:00' WHERE id = 3",
    );
    let report = r.get("/vendas.json?de=2024-05-06&ate=2024-05-06").ok();
    assert_eq!((centavos(&report["vendido"]), &report["por_hora"][9]["pedidos"]), (7350, &json!(1)));
    assert_eq!(centavos(&way(&report, &Value::Null)["vendido"]), 7350);
    let dump = match database {
        Database::Sqlite => include_str!("upgrade/e90412e.sqlite.sql"),
        Database::Mysql => include_str!("upgrade/e90412e.mysql.sql"),
    };
    let till = Till::over(Faults::default(), &[], |all| Restaurant::on_dump(database, dump, all));
    let (sold, back) = check(&till, 1..=17);
    assert!(sold > 0 && back >= 950, "{sold} {back}");
}

fn a_spreadsheet_can_read_it(database: Database) {
    let r = Restaurant::with_environment(database, &EMPTY);
    r.post("/produtos", json!({"nome": "=SOMA(A1;\"x\")", "categoria": 3, "valor": "1234.50"})).ok();
    pay(&r, &r.checkout(1), "dinheiro");
    let day = today();
    let file = r.get("/vendas.csv?de=2026-11-01&ate=2026-11-02");
    assert_eq!(file.status, 200, "{}", file.body);
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let name = "attachment; filename=\"vendas-por-dia-2026-11-01-2026-11-02.csv\"";
    assert_eq!(file.header("content-disposition"), Some(name));
    let nothing = "0;0,00;0,00;0,00";
    let days = format!(
        "\u{feff}dia;pedidos;vendido;devolvido;liquido\r\n2026-11-01;{nothing}\r\n2026-11-02;{nothing}\r\n"
    );
    assert_eq!(file.body, days);
    let table = |por| r.get(&format!("/vendas.csv?por={por}&de={}", day.saturating_sub(1.day()))).body;
    let products = "\u{feff}produto;nome;quantidade;vendido\r\n1;\"'=SOMA(A1;\"\"x\"\")\";1;1234,50\r\n";
    assert_eq!(table("produto"), products);
    assert!(table("meio").contains("\r\ndinheiro;1;1234,50;0,00;1234,50\r\n"), "{}", table("meio"));
    assert_eq!(table("hora").lines().count(), 25);
}

fn a_wrong_period_is_refused(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let get = |query: &str| crew.manage("GET", &format!("/vendas.json?{query}"), None);
    for (query, field) in [
        ("de=2026-11-31", "de"),
        ("de=ontem", "de"),
        ("ate=2026-11-1", "ate"),
        ("de=2026-11-02&ate=2026-11-01", "ate"),
        ("de=2025-01-01&ate=2026-01-02", "ate"),
        ("de=0001-01-01&ate=0001-01-01", "ate"),
        ("ate=9999-12-31", "ate"),
    ] {
        assert_eq!(get(query).invalid_fields(), [field], "{query}");
    }
    assert_eq!(get("de=2024-01-01&ate=2024-12-31").ok()["por_dia"].as_array().unwrap().len(), 366);
    let csv = crew.manage("GET", "/vendas.csv?por=cliente", None);
    assert_eq!(csv.invalid_fields(), ["por"]);
    assert_eq!(crew.r.get("/vendas.json").status, 401);
}

/// What is read grows with the period and not with the log.
fn the_search_is_by_the_index(database: Database) {
    let r = Restaurant::new(database);
    let has = match database {
        Database::Sqlite => "SELECT COUNT(*) FROM sqlite_master WHERE name = 'eventos_do_dinheiro'",
        Database::Mysql => {
            "SELECT COUNT(*) > 0 FROM information_schema.statistics \
             WHERE table_schema = DATABASE() AND index_name = 'eventos_do_dinheiro'"
        }
    };
    assert_eq!(r.count(has), 1);
}
