//! Orders whose QR code was not paid in time, and that no provider looks after: those of the simulator. A sweeper in
//! every process looks for them; each is cancelled by one, since the change is guarded by the order's version.
//! Tested in `tests/api/vencimento.rs`.

use std::{
    panic::{self, AssertUnwindSafe},
    thread,
    time::Duration,
};

use crate::{
    domain::{
        data_hora::DataHora,
        pedido::{Evento, StatusPagamento},
    },
    error::Error,
    store::{Store, pedidos},
};

/// Between two looks when nothing was found.
const PAUSA: Duration = Duration::from_secs(2);
/// Orders of one look; there is no pause after a full one.
const FATIA: i64 = 50;

/// Sweeps until the process ends.
pub fn varrer(store: &Store) -> ! {
    loop {
        let agora = DataHora::agora();
        match panic::catch_unwind(AssertUnwindSafe(|| vencer(store, agora))) {
            Ok(Ok(FATIA)) => {}
            // Of a database that is away others tell.
            Ok(Ok(_) | Err(Error::Unavailable(_) | Error::Database(_))) | Err(_) => thread::sleep(PAUSA),
            Ok(Err(error)) => {
                log::warn!("expired orders are looked for again in a moment: {error:?}");
                thread::sleep(PAUSA);
            }
        }
    }
}

/// Cancels one slice of what has expired; how many orders that were, at most `FATIA`.
fn vencer(store: &Store, agora: DataHora) -> Result<i64, Error> {
    if !store.is_migrated() {
        return Ok(0);
    }
    let vencidos = store.read(|conn| pedidos::vencidos(conn, agora, FATIA))?;
    let mut cancelados = 0;
    for id in vencidos {
        store.write(|conn| {
            pedidos::mudar(conn, id, |_, pedido| {
                // It was paid, begun or swept in between.
                if !pedido.venceu(agora) {
                    return Ok(vec![]);
                }
                let mut eventos: Vec<Evento> =
                    pedido.pagar(StatusPagamento::Recusado, agora).into_iter().collect();
                eventos.extend(pedido.cancelar(agora).map(|e| e.com("não foi pago no prazo")));
                Ok(eventos)
            })
        })?;
        cancelados += 1;
    }
    Ok(cancelados)
}
