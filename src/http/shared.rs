//! What many ask at the same time is read once for all of them (`batch.rs`), after the last of them has asked.

use std::sync::{Arc, Mutex, PoisonError};

use super::response::Page;
use crate::{
    batch::Batch,
    domain::{
        pedido::{Pedido, StatusPagamento},
        produto::Categoria,
    },
    error::Error,
    store::{
        Store,
        pagina::Pagina,
        pedidos::{self, Lista},
        produtos,
    },
};

pub struct Shared {
    em_aberto: ListaDePedidos,
    /// Of Recebido, Em preparação and Pronto.
    estados: [ListaDePedidos; 3],
    /// All of it, and each category.
    cardapios: [Batch<(), Arc<Page<1>>>; 5],
    pedidos: Batch<i64, Arc<Pedido>>,
    status: Batch<i64, StatusPagamento>,
}

/// A list of open orders, and what it was last time: while the database shows the same mark, nothing of it needs to be
/// read or encoded again.
struct ListaDePedidos {
    batch: Batch<(), Arc<Page<3>>>,
    ultima: Mutex<Option<Ultima>>,
}

/// The mark is that of the page itself. One read beside it would not do: between two reads an order can come and go, and
/// leave the mark as it was.
type Ultima = Arc<(String, Arc<Page<3>>)>;

impl Default for Shared {
    fn default() -> Shared {
        let lista = || ListaDePedidos { batch: Batch::of(usize::MAX), ultima: Mutex::new(None) };
        Shared {
            em_aberto: lista(),
            estados: std::array::from_fn(|_| lista()),
            cardapios: std::array::from_fn(|_| Batch::of(usize::MAX)),
            pedidos: Batch::of(pedidos::JUNTOS),
            status: Batch::of(pedidos::JUNTOS),
        }
    }
}

impl Shared {
    /// The whole of a list of open orders; `None` for the lists that grow for ever.
    pub fn lista(
        &self,
        store: &Store,
        lista: Lista,
        pagina: &Pagina<3>,
    ) -> Option<Result<Arc<Page<3>>, Error>> {
        let shared = match lista {
            Lista::EmAberto => Some(&self.em_aberto),
            Lista::Estado(estado) => self.estados.get(estado as usize - 1),
            Lista::Cliente(_) => None,
        }?;
        Some(once(&shared.batch, || shared.ler(store, lista, pagina)))
    }

    pub fn cardapio(
        &self,
        store: &Store,
        categoria: Option<Categoria>,
        pagina: &Pagina<1>,
    ) -> Result<Arc<Page<1>>, Error> {
        let batch = &self.cardapios[categoria.map_or(0, |c| c as usize)];
        once(batch, || {
            Ok(Arc::new(Page::new(store.read(|conn| produtos::cardapio(conn, categoria, pagina))?)?))
        })
    }

    pub fn pedido(&self, store: &Store, id: i64) -> Result<Arc<Pedido>, Error> {
        self.pedidos.ask(id, |ids| store.read(|conn| pedidos::buscar_varios(conn, ids)))
    }

    pub fn status(&self, store: &Store, id: i64) -> Result<StatusPagamento, Error> {
        self.status.ask(id, |ids| store.read(|conn| pedidos::status_de_varios(conn, ids)))
    }
}

impl ListaDePedidos {
    fn ler(&self, store: &Store, lista: Lista, pagina: &Pagina<3>) -> Result<Arc<Page<3>>, Error> {
        let ultima = || self.ultima.lock().unwrap_or_else(PoisonError::into_inner);
        let antes = ultima().clone();
        let (depois, page) = store.read(|conn| {
            if let Some(ultima) = &antes
                && pedidos::marca(conn, lista)? == ultima.0
            {
                return Ok((antes.clone(), ultima.1.clone()));
            }
            let (lidos, proxima) = pedidos::listar(conn, lista, pagina)?;
            // Where there is more than the page holds, its mark is not that of the list.
            let marca = proxima.is_none().then(|| pedidos::marca_de(&lidos));
            let page = Arc::new(Page::new((lidos, proxima))?);
            Ok((marca.map(|marca| Arc::new((marca, page.clone()))), page))
        })?;
        *ultima() = depois;
        Ok(page)
    }
}

fn once<A: Clone>(batch: &Batch<(), A>, read: impl Fn() -> Result<A, Error>) -> Result<A, Error> {
    batch.ask((), |all| Ok(vec![read(); all.len()]))
}
