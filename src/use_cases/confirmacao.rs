//! A provider's news becomes the status of a payment.

use crate::{
    domain::{data_hora::DataHora, pedido::Pedido},
    error::Error,
    pagamento::Noticia,
    store::{Store, pedidos},
};

/// News that is late, repeated or out of order changes nothing and is no error.
pub fn confirmar(store: &Store, noticia: &Noticia, agora: DataHora) -> Result<Pedido, Error> {
    store.write(|conn| {
        let pedido = pedidos::do_pagamento(conn, &noticia.id_pagamento)?;
        pedidos::mudar(conn, pedido.id, agora, |pedido| {
            let de = pedido.status_pagamento;
            let para = noticia.status.map_or(de, |n| de.apos(n));
            if para == de {
                return Ok(None);
            }
            pedido.status_pagamento = para;
            pedido.status_pagamento_descricao = para.descricao();
            Ok(Some(vec![("pagamento", Some(de as i64), Some(para as i64))]))
        })
    })
}
