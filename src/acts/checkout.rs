//! A customer's choice becomes an order, with its number and the intention to charge for it: all of it, or nothing. Three
//! functions: `load` reads what the checkouts of a transaction need, `Till::decide` makes an order of each or refuses it,
//! `Till::save` writes the orders. Then, with no connection held, the provider is asked for the QR code (`check_out`); what it
//! says late is found by reconciliation.
//!
//! Idempotency: the same choice under the same key makes one order, however often it is sent, also within one transaction.

use std::collections::HashMap;

use serde::Deserialize;

use super::{
    Order,
    capacity::{Capacity, Room},
    charge_step::{self, Step},
    choice::{Choice, Line},
    commands::{Changed, Commands, Done},
    hours::{self, Hours},
};
use crate::{
    domain::{
        cobranca::{Cobranca, NewCobranca, Operacao},
        data_hora::{DataHora, SAO_PAULO},
        evento::Actor,
        pedido::{self, Item, NewPedido, Pedido, QrCode, TotalOverflow},
        produto::SoldOut,
    },
    error::Error,
    payments::{NewCharge, Payments},
    store::{
        Connection, clientes, cobrancas,
        eventos::Entry,
        idempotencia::{self, Use},
        pedidos,
        produtos::{self, OnSale},
        restaurante::Numbers,
    },
};

/// The answer to a checkout.
pub struct Answer {
    /// The order as JSON; on a repeated request the very answer that was given before.
    pub json: String,
    /// The id of the order.
    pub pedido: i64,
    pub versao: i64,
    pub replayed: bool,
}

/// A choice on its way to the database.
pub struct Checkout {
    choice: Choice,
    key: Option<Key>,
    id_pagamento: String,
}

/// The client's `Idempotency-Key`.
#[derive(Clone)]
struct Key {
    chave: String,
    /// The fingerprint of the choice that was sent with it.
    fingerprint: String,
}

/// Lines of a checkout that shares its transaction with others, at most.
const LINES_TOGETHER: usize = 16;

/// Makes the order, and waits for its QR code for as long as the provider's policy says. `Invalid` when the key was used for
/// another choice.
pub fn check_out(
    commands: &Commands,
    payments: &Payments,
    choice: Choice,
    chave: Option<String>,
) -> Result<Answer, Error> {
    let key =
        chave.map(|chave| Ok::<_, Error>(Key { fingerprint: choice.fingerprint()?, chave })).transpose()?;
    let stored_key = key.as_ref().map(|key| key.chave.clone());
    let checkout = Checkout { choice, key, id_pagamento: new_reference() };
    match commands.check_out(checkout)? {
        Done::Replayed(json) => {
            #[derive(Deserialize)]
            struct Stored {
                id: i64,
                versao: i64,
            }
            let Stored { id, versao } = serde_json::from_str(&json).map_err(defect)?;
            Ok(Answer { json, pedido: id, versao, replayed: true })
        }
        Done::Changed(changed) => {
            let Changed { pedido, step } = *changed;
            let pedido = charge_step::ask_while_client_waits(commands, payments, pedido, step, stored_key);
            Ok(Answer { json: json(&pedido)?, pedido: pedido.id, versao: pedido.versao, replayed: false })
        }
    }
}

/// What the provider knows the order by. Unguessable, and made in the order of time (UUIDv7): random ones put each row on a
/// page of its own in two indexes, and every such page is written with the commit.
fn new_reference() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// What checkouts are decided by, beside the database.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    pub payments: &'a Payments,
    pub capacity: &'a Capacity,
    pub hours: &'a Hours,
}

/// What the checkouts of one transaction see of the database, and the orders that they make.
pub struct Till<'a> {
    rules: Rules<'a>,
    /// The service hours; `None` without checkouts.
    hours: Option<hours::Now>,
    uses: HashMap<String, Use>,
    clientes: Vec<i64>,
    menu: Vec<OnSale>,
    room: Room,
    new: Vec<New>,
}

/// An order that is not stored yet.
struct New {
    order: Order,
    key: Option<Key>,
    /// Whether the provider is asked for the charge after the commit.
    asks: bool,
}

/// What a checkout comes to.
pub enum Decision {
    /// The answer that was given to its key before.
    Replayed(String),
    /// An order, by its place among the new ones.
    New(usize),
    /// The order at this place, which has the same key and choice.
    SameAs(usize),
}

/// Reads what these checkouts need: the uses of their keys, their customers, the prices, the room for unpaid orders.
pub fn load<'a>(
    conn: &mut dyn Connection,
    checkouts: &[&Checkout],
    rules: Rules<'a>,
    now: DataHora,
) -> Result<Till<'a>, Error> {
    if checkouts.is_empty() {
        return Ok(Till::unused(rules));
    }
    let keys: Vec<&str> = checkouts.iter().filter_map(|c| Some(c.key.as_ref()?.chave.as_str())).collect();
    let products = checkouts.iter().flat_map(|c| c.produtos());
    Ok(Till {
        rules,
        hours: Some(rules.hours.at(conn, now)?),
        uses: idempotencia::uses(conn, &keys, now)?,
        clientes: clientes::existing(conn, &distinct(checkouts.iter().filter_map(|c| c.choice.cliente)))?,
        menu: produtos::on_sale(conn, &distinct(products))?,
        room: rules.capacity.room(conn)?,
        new: Vec::with_capacity(checkouts.len()),
    })
}

impl<'a> Till<'a> {
    /// Of a transaction without checkouts.
    fn unused(rules: Rules<'a>) -> Till<'a> {
        let (uses, clientes, menu, new) = (HashMap::new(), Vec::new(), Vec::new(), Vec::new());
        Till { rules, hours: None, uses, clientes, menu, room: Room::none(), new }
    }

    /// Makes an order of the choice, or says why not.
    pub fn decide(&mut self, checkout: &Checkout, now: DataHora) -> Result<Decision, Error> {
        if let Some(key) = &checkout.key {
            if let Some(used) = self.uses.get(&key.chave) {
                key.check(&used.corpo)?;
                return Ok(Decision::Replayed(used.resposta.clone()));
            }
            let same = |new: &New| new.key.as_ref().is_some_and(|k| k.chave == key.chave);
            if let Some(number) = self.new.iter().position(same) {
                if let Some(first) = &self.new[number].key {
                    key.check(&first.fingerprint)?;
                }
                return Ok(Decision::SameAs(number));
            }
        }
        self.check_open(checkout, now)?;
        let new = self.new_order(checkout, now)?;
        self.room.take()?;
        self.new.push(new);
        Ok(Decision::New(self.new.len() - 1))
    }

    /// How many orders are to be stored.
    pub fn orders(&self) -> usize {
        self.new.len()
    }

    /// How many events they bring.
    pub fn events(&self) -> usize {
        self.new.iter().map(|new| new.order.pedido.events().len()).sum()
    }

    /// Writes the orders with their lines, charges and keys; their events are for the log.
    pub fn save(
        &mut self,
        conn: &mut dyn Connection,
        numbers: &Numbers,
        now: DataHora,
    ) -> Result<Vec<Entry>, Error> {
        if let Some(hours) = self.hours.as_ref().filter(|_| !self.new.is_empty()) {
            self.rules.hours.check(hours, numbers.hours_versao)?;
        }
        let mut rows: Vec<&mut Pedido> = self.new.iter_mut().map(|new| &mut new.order.pedido).collect();
        pedidos::insert(conn, &mut rows, &numbers.dia, numbers.first_senha)?;
        let (mut entries, mut uses) = (Vec::new(), Vec::new());
        for New { order: Order { pedido, cobranca }, key, .. } in &mut self.new {
            let id = pedido.id;
            if let Some(cobranca) = cobranca {
                cobranca.number(id);
            }
            let entry = |event| Entry { pedido: id, actor: Actor::Customer, event };
            entries.extend(pedido.take_events().into_iter().map(entry));
            if let Some(Key { chave, fingerprint }) = key {
                let corpo = fingerprint.clone();
                uses.push((chave.as_str(), Use { pedido: pedido.id, corpo, resposta: json(pedido)? }));
            }
        }
        idempotencia::claim(conn, &uses, now)?;
        cobrancas::insert(conn, self.new.iter().filter_map(|new| new.order.cobranca.as_ref()))?;
        Ok(entries)
    }

    /// What is answered for a new order, after the save.
    pub fn placed(&self, number: usize) -> Result<Done, Error> {
        let New { order, asks, .. } = self.new.get(number).ok_or_else(unplaced)?;
        let step = asks.then_some(Operacao::Criar).and_then(|operacao| Step::of(order, operacao));
        Ok(Done::Changed(Box::new(Changed { pedido: order.pedido.clone(), step })))
    }

    /// What is answered to who asked for this order a second time.
    pub fn same_as(&self, number: usize) -> Result<Done, Error> {
        Ok(Done::Replayed(json(&self.new.get(number).ok_or_else(unplaced)?.order.pedido)?))
    }

    /// `Closed` where no orders are taken from who sends this one.
    fn check_open(&self, checkout: &Checkout, now: DataHora) -> Result<(), Error> {
        match self.hours.as_ref().map(|hours| hours.situacao) {
            Some(closed) if !closed.is_open() && !checkout.choice.by_counter => {
                Err(Error::Closed { detail: closed.sentence(now, &SAO_PAULO), opens_at: closed.changes_at() })
            }
            _ => Ok(()),
        }
    }

    fn new_order(&self, checkout: &Checkout, now: DataHora) -> Result<New, Error> {
        let Choice { cliente, lines, destino, by_counter: _ } = &checkout.choice;
        if cliente.is_some_and(|c| !self.clientes.contains(&c)) {
            return Err(clientes::NOT_FOUND);
        }
        let itens: Vec<Item> = lines.iter().map(|line| self.priced(line)).collect::<Result<_, _>>()?;
        let sold_out = self.sold_out(checkout, now);
        if !sold_out.is_empty() {
            return Err(Error::SoldOut(sold_out));
        }
        let provider = self.rules.payments.current();
        let (policy, reference) = (provider.policy(), &checkout.id_pagamento);
        let valor = pedido::total(&itens).map_err(too_much)?;
        let opened = provider.at_once(&NewCharge { reference, valor, now });
        let new_cobranca =
            NewCobranca { valor, validade: policy.validity_seconds, provedor: provider.name(), now };
        let expiry = opened.as_ref().map_or(now.mais(policy.validity_seconds), |opened| opened.expires_at);
        let data = opened.as_ref().map(|opened| opened.qr_data.clone());
        let qr = QrCode { data, expiry: Some(expiry), refused: false };
        let destino = destino.clone();
        let new = NewPedido { cliente: *cliente, itens, destino, id_pagamento: reference.clone(), qr };
        let mut pedido = Pedido::received(new, now).map_err(too_much)?;
        let cobranca = match &opened {
            Some(opened) => Cobranca::opened(new_cobranca, &opened.id_externo, opened.expires_at),
            None => {
                let until = now.mais(charge_step::lease_seconds(policy.checkout_wait));
                Cobranca::asked(new_cobranca, &mut pedido, charge_step::new_key(), until)
            }
        };
        let key = checkout.key.clone();
        Ok(New { order: Order { pedido, cobranca: Some(cobranca) }, key, asks: opened.is_none() })
    }

    /// Those of the products that are sold out now, in the order of the menu.
    fn sold_out(&self, checkout: &Checkout, now: DataHora) -> Vec<SoldOut> {
        let is_sold_out = |p: &&OnSale| p.sold_out.is_some_and(|sold_out| sold_out.holds(now));
        let is_chosen = |p: &&OnSale| checkout.produtos().any(|id| id == p.id);
        let named = |p: &OnSale| SoldOut { id: p.id, nome: p.nome.clone() };
        self.menu.iter().filter(is_sold_out).filter(is_chosen).map(named).collect()
    }

    fn priced(&self, line: &Line) -> Result<Item, Error> {
        let product = self.menu.iter().find(|p| p.id == line.produto).ok_or(produtos::NOT_FOUND)?;
        Ok(Item {
            produto: Some(product.id),
            nome: product.nome.clone(),
            quantidade: line.quantidade,
            descricao: line.descricao.clone(),
            valor: product.valor,
        })
    }
}

impl Checkout {
    /// The customer that the order is to name.
    pub fn cliente(&self) -> Option<i64> {
        self.choice.cliente
    }

    /// The products that its lines are to name.
    pub fn produtos(&self) -> impl Iterator<Item = i64> {
        self.choice.lines.iter().map(|line| line.produto)
    }

    /// Whether it may share its transaction with others.
    pub fn fits_together(&self) -> bool {
        self.choice.lines.len() <= LINES_TOGETHER
    }
}

impl Key {
    /// `Invalid` when the key was used for a choice with another fingerprint.
    fn check(&self, fingerprint: &str) -> Result<(), Error> {
        if self.fingerprint == fingerprint {
            return Ok(());
        }
        Err(Error::invalid("Idempotency-Key", "Esta chave já foi usada para outro pedido"))
    }
}

/// The order as it is answered, and stored for the repetition.
pub fn json(pedido: &Pedido) -> Result<String, Error> {
    serde_json::to_string(pedido).map_err(defect)
}

/// In ascending order.
pub fn distinct(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

fn too_much(_: TotalOverflow) -> Error {
    Error::Internal("a total beyond 64 bits".into())
}

fn unplaced() -> Error {
    Error::Internal("an order that was not placed".into())
}

fn defect(error: serde_json::Error) -> Error {
    Error::Internal(error.to_string())
}
