//! The menu as a form: its products by category, each with what was typed about it. For customers and for the counter.

use super::{
    choice::Choice,
    trouble::{Fault, Trouble},
};
use crate::domain::{
    dinheiro::Dinheiro,
    pedido::QUANTIDADE_MAX,
    produto::{Categoria, Produto},
};

/// A part of the menu.
pub struct Group<'a> {
    pub categoria: Categoria,
    pub dishes: Vec<Dish<'a>>,
}

/// A product, and what was typed about it.
pub struct Dish<'a> {
    pub produto: &'a Produto,
    /// How many, as typed; empty where nothing was.
    pub quantity: &'a str,
    pub note: &'a str,
    pub fault: Option<&'a Fault>,
}

/// What was chosen of all of it.
#[derive(Default)]
pub struct Sum {
    pub total: Dinheiro,
    pub pieces: i64,
}

/// The menu in this order of its categories, without those that are empty.
pub fn groups<'a>(
    categorias: &[Categoria],
    menu: &'a [Produto],
    choice: &'a Choice,
    trouble: &'a Trouble,
) -> Vec<Group<'a>> {
    let dish = |produto: &'a Produto| {
        let line = choice.line(produto.id);
        Dish {
            produto,
            quantity: line.map_or("", |line| &line.quantity),
            note: line.map_or("", |line| &line.note),
            fault: trouble.at(produto.id),
        }
    };
    let group = |categoria: &Categoria| {
        let dishes: Vec<Dish<'a>> = menu.iter().filter(|p| p.categoria == *categoria).map(dish).collect();
        (!dishes.is_empty()).then_some(Group { categoria: *categoria, dishes })
    };
    categorias.iter().filter_map(group).collect()
}

impl Sum {
    /// Of these groups.
    pub fn of(groups: &[Group<'_>]) -> Sum {
        let dishes = || groups.iter().flat_map(|group| &group.dishes);
        Sum { total: dishes().filter_map(Dish::cost).sum(), pieces: dishes().filter_map(Dish::pieces).sum() }
    }
}

impl Dish<'_> {
    /// How many, where that is a number that can be ordered.
    fn pieces(&self) -> Option<i64> {
        self.quantity.trim().parse().ok().filter(|n| (1..=QUANTIDADE_MAX).contains(n))
    }

    /// What that costs.
    pub fn cost(&self) -> Option<Dinheiro> {
        self.pieces().and_then(|n| self.produto.valor.vezes(n))
    }

    /// The element that says what is wrong with how many, or with the note.
    pub fn described_by(&self, of_note: bool) -> Option<String> {
        self.fault.filter(|fault| fault.of_note == of_note).map(|_| format!("e{}", self.produto.id))
    }
}
