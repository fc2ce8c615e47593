//! What a customer has typed into the menu, as the form sends it: shown again where something is wrong with it, and as the
//! body of a checkout, which reads it as that of any client.

use serde_json::json;
use uuid::Uuid;

use crate::{api::pedidos::checkout::LONG_KEY, server::Request};

/// Lines of a form that are read.
const LINES_READ: usize = 1000;

/// The form of the menu.
#[derive(Default)]
pub struct Choice {
    /// The order's `Idempotency-Key`, made with the page: the same form makes one order, however often it is sent.
    pub key: String,
    /// The table, where the printed code names one.
    pub mesa: String,
    /// `aqui`, `levar`, or nothing.
    pub local: String,
    /// To be looked at, and not ordered yet.
    pub is_review: bool,
    lines: Vec<Line>,
}

/// What was typed about a product.
pub struct Line {
    /// Its id.
    pub produto: i64,
    /// How many.
    pub quantity: String,
    /// The note.
    pub note: String,
}

impl Choice {
    /// Nothing yet; where it is to be brought is in the address of the page.
    pub fn nothing(request: &Request<'_>) -> Choice {
        let parameter = |name| request.parameter(name).unwrap_or_default().into_owned();
        // One that is neither would be refused with the order, where its customer cannot change it.
        let local = Some(parameter("local")).filter(|local| ["aqui", "levar"].contains(&&**local));
        let local = local.unwrap_or_default();
        let mut choice = Choice { mesa: parameter("mesa"), local, ..Choice::default() };
        choice.renew_key();
        choice
    }

    /// As it was sent.
    pub fn sent(request: &Request<'_>) -> Choice {
        Choice::read(&request.body)
    }

    fn read(form: &[u8]) -> Choice {
        let mut choice = Choice::default();
        for (name, value) in form_urlencoded::parse(form) {
            match &*name {
                "chave" => choice.key = value.into_owned(),
                "mesa" => choice.mesa = value.into_owned(),
                "local" => choice.local = value.into_owned(),
                "acao" => choice.is_review = value == "rever",
                _ => choice.set(&name, value.into_owned()),
            }
        }
        choice.lines.retain(|line| !matches!(line.quantity.trim(), "" | "0"));
        // One that could be guessed would show somebody else's order.
        if choice.key.len() < LONG_KEY {
            choice.renew_key();
        }
        choice
    }

    /// `q3` is how many of product 3, and `o3` its note.
    fn set(&mut self, name: &str, value: String) {
        let Some((kind, id)) = name.split_at_checked(1) else { return };
        let Ok(produto) = id.parse() else { return };
        // A form of our own has a line for each product of the menu; a checkout takes fewer.
        if self.lines.len() >= LINES_READ {
            return;
        }
        let position = self.lines.iter().position(|line| line.produto == produto).unwrap_or_else(|| {
            self.lines.push(Line { produto, quantity: String::new(), note: String::new() });
            self.lines.len() - 1
        });
        match kind {
            "q" => self.lines[position].quantity = value,
            "o" => self.lines[position].note = value,
            _ => {}
        }
    }

    /// Another order.
    pub fn renew_key(&mut self) {
        self.key = Uuid::new_v4().to_string();
    }

    /// What was typed about this product.
    pub fn line(&self, produto: i64) -> Option<&Line> {
        self.lines.iter().find(|line| line.produto == produto)
    }

    /// The product of this line of the checkout.
    pub fn produto(&self, line: usize) -> Option<i64> {
        self.lines.get(line).map(|line| line.produto)
    }

    /// All products that were chosen.
    pub fn produtos(&self) -> impl Iterator<Item = i64> {
        self.lines.iter().map(|line| line.produto)
    }

    /// Takes out all but these products.
    pub fn keep(&mut self, keeps: impl Fn(i64) -> bool) {
        self.lines.retain(|line| keeps(line.produto));
    }

    /// The body of its checkout.
    pub fn body(&self) -> String {
        let line = |line: &Line| json!({"produto": line.produto, "quantidade": line.quantity.trim(), "descricao": line.note});
        let mut body = json!({"itens": self.lines.iter().map(line).collect::<Vec<_>>()});
        for (name, value) in [("mesa", &self.mesa), ("local", &self.local)] {
            if !value.is_empty() {
                body[name] = json!(value);
            }
        }
        body.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn sent(body: &str) -> Choice {
        Choice::read(body.as_bytes())
    }

    #[test]
    fn what_was_typed_is_the_body_of_a_checkout() {
        let choice = sent("chave=0123456789abcdef&mesa=7&q3=2&o3=sem+tomate&q1=0&q2=&o2=nada&local=&q5= 1 ");
        let body: Value = serde_json::from_str(&choice.body()).unwrap();
        let itens = json!([
            {"produto": 3, "quantidade": "2", "descricao": "sem tomate"},
            {"produto": 5, "quantidade": "1", "descricao": ""},
        ]);
        assert_eq!(body, json!({"itens": itens, "mesa": "7"}));
        assert_eq!(choice.key, "0123456789abcdef");
        assert_eq!((choice.produto(0), choice.produto(1), choice.produto(2)), (Some(3), Some(5), None));
    }

    #[test]
    fn a_key_that_could_be_guessed_is_replaced() {
        for form in ["", "chave=", "chave=7", "chave=012345678901234"] {
            assert!(sent(form).key.len() >= LONG_KEY, "{form}");
        }
        assert_ne!(sent("").key, sent("").key);
    }

    proptest! {
        #[test]
        fn any_form_is_read(body in prop::collection::vec(any::<u8>(), 0..200), form in "[qo&=0-9é%]{0,40}") {
            let _ = Choice::read(&body).body();
            let _ = sent(&form).body();
        }
    }
}
