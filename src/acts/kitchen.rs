//! An order moves along the kitchen, or is put on another customer's name.

use super::{Context, Order, Seen, commands::OrderAct};
use crate::{
    domain::{
        cobranca::Operacao,
        pedido::{InvalidMove, Pedido, StatusPedido},
    },
    error::Error,
    store::{Connection, clientes},
};

/// Something that refuses a change of the order as it is.
pub type Check = Box<dyn Fn(&Pedido) -> Result<(), Error> + Send>;

/// What is not named is left alone.
pub struct Move {
    pub status: Option<StatusPedido>,
    pub cliente: Option<Option<i64>>,
    pub seen: Seen,
    /// Of what else the client says of the order.
    pub check: Check,
}

impl OrderAct for Move {
    /// Clients of the original always send the customer, also one who was erased since; only a new one must exist.
    fn load(&self, conn: &mut dyn Connection, order: &Order) -> Result<(), Error> {
        match self.cliente {
            Some(Some(id)) if order.pedido.cliente != Some(id) => {
                clientes::existing(conn, &[id])?.pop().map(drop).ok_or(clientes::NOT_FOUND)
            }
            _ => Ok(()),
        }
    }

    fn cliente(&self) -> Option<i64> {
        self.cliente.flatten()
    }

    fn decide(&self, order: &mut Order, context: Context) -> Result<Option<Operacao>, Error> {
        order.check_seen(&self.seen)?;
        let Order { pedido, cobranca } = order;
        (self.check)(pedido)?;
        if let Some(status) = self.status {
            pedido.advance(status, context.now).map_err(refused)?;
            if let Some(cobranca) = cobranca {
                cobranca.follow_move(pedido, context.now);
            }
        }
        if let Some(cliente) = self.cliente.filter(|cliente| *cliente != pedido.cliente) {
            if pedido.status_pedido == StatusPedido::Cancelado {
                let detail = "O pedido está cancelado e não pode mais mudar de cliente; \
                              faça um pedido novo para o cliente certo";
                return Err(Error::conflict("pedido_cancelado", detail));
            }
            pedido.assign(cliente, context.now);
        }
        Ok(None)
    }
}

fn refused(InvalidMove { de, para }: InvalidMove) -> Error {
    let detail = match (de, para) {
        (StatusPedido::Cancelado, _) => "O pedido está cancelado e não pode mais mudar".to_owned(),
        (_, StatusPedido::Cancelado) => {
            "Um pedido não vai para «Cancelado» por aqui: é preciso cancelar".to_owned()
        }
        _ => format!("O pedido está em «{}» e não pode ir para «{}»", de.descricao(), para.descricao()),
    };
    Error::conflict("movimento_invalido", detail)
}
