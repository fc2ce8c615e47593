//! Why the form of the menu made no order, in words for who reads the menu: at the product that it is about, and what to do.

use std::collections::HashMap;

use super::choice::Choice;
use crate::error::{Error, FieldError};

const NOTHING_CHOSEN: &str = "Escolha pelo menos um item do cardápio e toque de novo em «Fazer pedido».";
const MARKED: &str = "Confira o que está marcado no cardápio e toque de novo em «Fazer pedido».";
const GONE: &str = "Um item que você tinha escolhido saiu do cardápio, e foi tirado do seu pedido. Confira o total e toque de \
                    novo em «Fazer pedido».";
const SOLD_OUT: &str =
    "O que acabou foi tirado do seu pedido. Confira o total e toque de novo em «Fazer pedido».";
const ORDERED_BEFORE: &str = "O pedido desta página já tinha sido feito, com outros itens. Para fazer mais este, toque de \
                              novo em «Fazer pedido».";

const NO_SUCH_TABLE: &str = "A mesa do endereço não vale, e foi tirada do pedido. Diga no balcão onde você está, ou leia de \
                             novo o código da mesa.";

/// What is wrong with a form that was sent.
#[derive(Default)]
pub struct Trouble {
    /// In a sentence, with what to do.
    pub detail: Option<String>,
    at: HashMap<i64, Fault>,
}

/// What is wrong with what was typed about a product.
pub struct Fault {
    /// In a sentence.
    pub detail: String,
    /// It is the note, and not how many.
    pub of_note: bool,
}

impl Trouble {
    /// What this refusal means for the form; where its key was used for another, the form gets a new one.
    pub fn of(error: &Error, choice: &mut Choice) -> Trouble {
        let mut trouble = Trouble::default();
        match error {
            Error::Invalid(errors) => errors.iter().for_each(|error| trouble.note(error, choice)),
            Error::NotFound(_) => trouble.something_is_gone(),
            _ => {}
        }
        if !trouble.at.is_empty() {
            trouble.say(MARKED);
        }
        trouble
    }

    fn note(&mut self, FieldError { campo, mensagem }: &FieldError, choice: &mut Choice) {
        if let Some((line, field)) = line_of(campo)
            && let Some(produto) = choice.produto(line)
        {
            let of_note = field == "descricao";
            let name = if of_note { "A observação" } else { "A quantidade" };
            self.at.insert(produto, Fault { detail: format!("{name} {mensagem}."), of_note });
        } else if campo == "itens" {
            self.say(NOTHING_CHOSEN);
        } else if campo == "Idempotency-Key" {
            choice.renew_key();
            self.say(ORDERED_BEFORE);
        } else if campo == "mesa" {
            choice.mesa.clear();
            self.say(NO_SUCH_TABLE);
        }
    }

    /// This product was chosen, and cannot be ordered now.
    pub fn is_sold_out(&mut self, produto: i64) {
        let detail = "Acabou de esgotar, e foi tirado do seu pedido.".to_owned();
        self.at.insert(produto, Fault { detail, of_note: false });
        self.detail = Some(SOLD_OUT.to_owned());
    }

    /// Something that was chosen is not on the menu any more.
    pub fn something_is_gone(&mut self) {
        self.say(GONE);
    }

    fn say(&mut self, detail: &str) {
        self.detail.get_or_insert_with(|| detail.to_owned());
    }

    /// With this for what nothing was said about yet.
    pub fn or(mut self, detail: &str) -> Trouble {
        self.say(&format!("{detail}."));
        self
    }

    /// What is wrong with this product.
    pub fn at(&self, produto: i64) -> Option<&Fault> {
        self.at.get(&produto)
    }
}

/// Line and field of `itens[2].quantidade`.
fn line_of(campo: &str) -> Option<(usize, &str)> {
    let (line, field) = campo.strip_prefix("itens[")?.split_once(']')?;
    Some((line.parse().ok()?, field.trim_start_matches('.')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_a_line_is_found() {
        assert_eq!(line_of("itens[2].quantidade"), Some((2, "quantidade")));
        assert_eq!(line_of("itens[12]"), Some((12, "")));
        for other in ["itens", "mesa", "itens[x].quantidade", "itens[2"] {
            assert_eq!(line_of(other), None, "{other}");
        }
    }
}
