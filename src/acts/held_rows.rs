//! Rows that another transaction holds: which commands need them, so that the others can go on without those.

use super::{checkout::distinct, commands::Command};
use crate::{
    error::{DbError, Error},
    store::{
        Connection,
        locks::{Table, lock_free},
    },
};

/// Rows that somebody else holds.
#[derive(Default)]
pub struct HeldRows {
    /// Of orders and of their charges.
    pedidos: Vec<i64>,
    clientes: Vec<i64>,
    produtos: Vec<i64>,
}

impl HeldRows {
    /// Locks what these commands need and nobody else holds, without waiting; the rest is held.
    pub fn find(conn: &mut dyn Connection, commands: &[Command]) -> Result<HeldRows, Error> {
        let pedidos = distinct(commands.iter().filter_map(pedido));
        let mut held = HeldRows {
            clientes: lock_free(conn, Table::Clientes, &distinct(commands.iter().filter_map(cliente)))?,
            produtos: lock_free(conn, Table::Produtos, &distinct(commands.iter().flat_map(produtos)))?,
            pedidos: lock_free(conn, Table::Pedidos, &pedidos)?,
        };
        held.pedidos.extend(lock_free(conn, Table::Cobrancas, &pedidos)?);
        Ok(held)
    }

    /// `Locked` where the command needs a row that is held.
    pub fn check(&self, command: &Command) -> Result<(), Error> {
        let held = pedido(command).is_some_and(|id| self.pedidos.contains(&id))
            || cliente(command).is_some_and(|id| self.clientes.contains(&id))
            || produtos(command).any(|id| self.produtos.contains(&id));
        if held {
            Err(DbError::Locked("another transaction holds a row of this".into()).into())
        } else {
            Ok(())
        }
    }
}

fn pedido(command: &Command) -> Option<i64> {
    match command {
        Command::Order { id, .. } => Some(*id),
        Command::Checkout(_) => None,
    }
}

fn cliente(command: &Command) -> Option<i64> {
    match command {
        Command::Order { act, .. } => act.cliente(),
        Command::Checkout(checkout) => checkout.cliente(),
    }
}

fn produtos(command: &Command) -> impl Iterator<Item = i64> {
    match command {
        Command::Order { .. } => None,
        Command::Checkout(checkout) => Some(checkout.produtos()),
    }
    .into_iter()
    .flatten()
}
