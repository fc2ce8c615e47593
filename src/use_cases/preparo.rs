//! An order moves along the kitchen, or is put on another customer's name.

use super::{Vista, conferir_vista};
use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Evento, MovimentoInvalido, Pedido, StatusPedido},
    },
    error::Error,
    store::{Store, clientes, pedidos},
};

/// What is not named is left alone.
#[derive(Default)]
pub struct Alteracao {
    pub status: Option<StatusPedido>,
    pub cliente: Option<Option<i64>>,
}

/// `conferir` sees the order as it is now, before the change, and may refuse.
pub fn alterar(
    store: &Store,
    id: i64,
    alteracao: &Alteracao,
    vista: &Vista,
    agora: DataHora,
    conferir: impl Fn(&Pedido) -> Result<(), Error>,
) -> Result<Pedido, Error> {
    store.write(|conn| {
        // Clients of the original always send the customer, also one who was erased since; only a new one must exist.
        if let Some(Some(cliente)) = alteracao.cliente
            && pedidos::buscar(conn, id)?.cliente != Some(cliente)
        {
            clientes::buscar(conn, cliente)?;
        }
        pedidos::mudar(conn, id, |_, pedido| {
            conferir_vista(pedido, vista)?;
            conferir(pedido)?;
            let mut eventos = Vec::new();
            if let Some(para) = alteracao.status {
                let de = pedido.status_pedido;
                if pedido.mover(para, agora).map_err(recusado)? {
                    eventos
                        .push(Evento::novo("movimento", agora).mudanca(Some(de as i64), Some(para as i64)));
                }
            }
            if let Some(cliente) = alteracao.cliente.filter(|c| *c != pedido.cliente) {
                if pedido.status_pedido == StatusPedido::Cancelado {
                    let detail = "O pedido está cancelado e não pode mais mudar de cliente; faça um pedido novo para o cliente certo";
                    return Err(Error::conflict("pedido_cancelado", detail));
                }
                eventos.push(Evento::novo("cliente", agora).mudanca(pedido.cliente, cliente));
                pedido.cliente = cliente;
            }
            Ok(eventos)
        })
    })
}

fn recusado(movimento: MovimentoInvalido) -> Error {
    let MovimentoInvalido { de, para } = movimento;
    let detail = match (de, para) {
        (StatusPedido::Cancelado, _) => "O pedido está cancelado e não pode mais mudar".to_owned(),
        (_, StatusPedido::Cancelado) => "Para cancelar um pedido, use DELETE /pedidos/{id}".to_owned(),
        _ => format!("O pedido está em «{}» e não pode ir para «{}»", de.descricao(), para.descricao()),
    };
    Error::conflict("movimento_invalido", detail)
}
