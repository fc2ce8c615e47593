//! One captured signature says one thing once, however the id beside it is spelled.

use serde_json::json;

use crate::{
    Database, on_both_databases,
    restaurant::wait_until,
    standin::{self, Faults},
    till::{SECRET, Till},
};

on_both_databases!(other_letters_and_topics_are_copies, an_old_notification_is_taken_once);

/// A restaurant that hears of nothing but what the test sends.
fn deaf(database: Database) -> Till {
    let faults = Faults { lost: 1000, ..Faults::default() };
    Till::with_faults(database, faults, &[("MERCADO_PAGO_POLL_SECONDS", "3600")])
}

fn looks(c: &Till) -> usize {
    c.mp.calls().iter().filter(|line| line.starts_with("GET")).count()
}

fn settled(c: &Till) {
    wait_until("all to be settled", || {
        c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL") == 0
    });
}

fn other_letters_and_topics_are_copies(database: Database) {
    let c = deaf(database);
    let order = c.checkout(1);
    c.pay(&order);
    let id = c.cobranca(&order).id;
    // Signed in lower case: the address may have the id in any letters.
    let signature = standin::sign(SECRET, Some(&id.to_lowercase()), Some("r1"), "1742505638683");
    let headers = [("x-signature", signature.as_str()), ("x-request-id", "r1")];
    c.notify(&format!("?data.id={id}&type=order"), &headers, &json!({})).ok();
    c.wait_for_pagamento(&order, 2);
    settled(&c);
    let (history, before) = (c.history(&order).len(), looks(&c));
    let spellings = (0..16).map(|bits: u32| -> String {
        let letter = |(i, c): (usize, char)| if bits >> i & 1 == 0 { c.to_ascii_lowercase() } else { c };
        id.chars().take(4).enumerate().map(letter).chain(id.chars().skip(4)).collect()
    });
    for spelling in spellings {
        for topic in ["order", "payment", "merchant_order"] {
            let query = format!("?data.id={spelling}&type={topic}");
            assert_eq!(c.notify(&query, &headers, &json!({})).ok(), true);
        }
    }
    assert_eq!(c.count("SELECT COUNT(*) FROM notificacoes"), 0);
    // One that is new is looked into after whatever a copy had begun.
    let new = standin::sign(SECRET, Some(&id), Some("r2"), "1742505638683");
    c.notify(
        &format!("?data.id={id}&type=order"),
        &[("x-signature", &new), ("x-request-id", "r2")],
        &json!({}),
    )
    .ok();
    wait_until("the new one", || c.history(&order).len() >= history + 2);
    settled(&c);
    assert_eq!((c.history(&order).len(), looks(&c)), (history + 2, before + 1));
}

fn an_old_notification_is_taken_once(database: Database) {
    let c = deaf(database);
    for ts in ["1742505638683", "1742505638"] {
        let order = c.checkout(1);
        c.pay(&order);
        let id = c.cobranca(&order).id;
        let signature = standin::sign(SECRET, Some(&id), None, ts);
        let tell = || {
            c.notify(&format!("?data.id={id}&type=order"), &[("x-signature", signature.as_str())], &json!({}))
                .ok()
        };
        tell();
        c.wait_for_pagamento(&order, 2);
        settled(&c);
        let before = looks(&c);
        for _ in 0..5 {
            tell();
        }
        assert_eq!(c.count("SELECT COUNT(*) FROM cobrancas WHERE proxima_em IS NOT NULL"), 0);
        assert_eq!(looks(&c), before);
        assert!(c.log().contains(&format!(" s ago: order {id}")));
    }
}
