//! What many ask at the same time is read once for all of them (`batch.rs`), after the last of them has asked.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    LIMITE_PADRAO,
    order_page::{self, Bound, warn_of_cut},
    pedidos::EM_ABERTO_PADRAO,
    response::Page,
};
use crate::{
    batch::Batch,
    domain::{
        pedido::{Pedido, StatusPagamento, StatusPedido},
        produto::Categoria,
    },
    error::Error,
    store::{
        Store,
        pagina::Pagina,
        pedidos::{self, JUNTOS, Lista},
        produtos,
    },
    threads::Threads,
};

pub type Whole<const N: usize> = Arc<Batch<(), Arc<Page<N>>>>;

pub struct Shared {
    em_aberto: Whole<3>,
    /// Of Recebido, Em preparação and Pronto.
    estados: [Whole<3>; 3],
    /// All of it, and each category.
    cardapios: [Whole<1>; 5],
    pub pedidos: Arc<Batch<i64, Arc<Pedido>>>,
    pub status: Arc<Batch<i64, StatusPagamento>>,
    /// Of pages of orders that a request reads by itself.
    pub own_page: Bound,
}

impl Shared {
    /// `budget` is `MAX_BUFFERED_BYTES`.
    pub fn new(store: &Arc<Store>, threads: &Arc<Threads>, budget: usize) -> Shared {
        let lista = |lista| {
            let bound = Bound::of_shared(budget);
            let (store, lida) = (store.clone(), ListaLida { lista, bound, ultima: Mutex::new(None) });
            Batch::new(threads, JUNTOS, once(move || lida.ler(&store)))
        };
        let cardapio = |categoria| {
            let store = store.clone();
            Batch::new(threads, JUNTOS, once(move || ler_cardapio(&store, categoria)))
        };
        let (de_pedidos, de_status) = (store.clone(), store.clone());
        Shared {
            em_aberto: lista(Lista::EmAberto),
            estados: [StatusPedido::Recebido, StatusPedido::EmPreparacao, StatusPedido::Pronto]
                .map(|estado| lista(Lista::Estado(estado))),
            cardapios: [
                None,
                Some(Categoria::Lanche),
                Some(Categoria::Acompanhamento),
                Some(Categoria::Bebida),
                Some(Categoria::Sobremesa),
            ]
            .map(cardapio),
            pedidos: Batch::new(threads, JUNTOS, move |ids| {
                de_pedidos.read(|conn| pedidos::buscar_varios(conn, ids))
            }),
            status: Batch::new(threads, JUNTOS, move |ids| {
                de_status.read(|conn| pedidos::status_de_varios(conn, ids))
            }),
            own_page: Bound::of_own(budget),
        }
    }

    /// The whole of a list of open orders; `None` for the lists that grow for ever.
    pub fn lista(&self, lista: Lista) -> Option<&Whole<3>> {
        match lista {
            Lista::EmAberto => Some(&self.em_aberto),
            Lista::Estado(estado) => self.estados.get(estado as usize - 1),
            Lista::Cliente(_) => None,
        }
    }

    pub fn cardapio(&self, categoria: Option<Categoria>) -> &Whole<1> {
        &self.cardapios[categoria.map_or(0, |c| c as usize)]
    }

    /// See `Batch::relieve`.
    pub fn relieve(&self) {
        self.estados.iter().chain([&self.em_aberto]).for_each(Batch::relieve);
        self.cardapios.iter().for_each(Batch::relieve);
        self.pedidos.relieve();
        self.status.relieve();
    }
}

/// A list of open orders, and what it was last time: while the database shows the same mark, nothing of it needs to be
/// read or encoded again.
struct ListaLida {
    lista: Lista,
    bound: Bound,
    ultima: Mutex<Option<Ultima>>,
}

/// The mark is that of the page itself. One read beside it would not do: between two reads an order can come and go, and
/// leave the mark as it was.
type Ultima = Arc<(String, Arc<Page<3>>)>;

impl ListaLida {
    fn ler(&self, store: &Store) -> Result<Arc<Page<3>>, Error> {
        let ultima = || self.ultima.lock().unwrap_or_else(PoisonError::into_inner);
        let antes = ultima().clone();
        let (depois, page) = store.read(|conn| {
            if let Some(ultima) = &antes
                && pedidos::marca(conn, self.lista)? == ultima.0
            {
                return Ok((antes.clone(), ultima.1.clone()));
            }
            let pagina = Pagina { limite: EM_ABERTO_PADRAO, apos: None };
            let lida = order_page::read(conn, self.lista, &pagina, self.bound)?;
            lida.total.into_iter().for_each(warn_of_cut);
            // Where there is more than the page holds, its mark is not that of the list.
            let marca = lida.total.is_none().then(|| pedidos::marca_de(lida.mark));
            let page = Arc::new(lida.page);
            Ok((marca.map(|marca| Arc::new((marca, page.clone()))), page))
        })?;
        *ultima() = depois;
        Ok(page)
    }
}

fn ler_cardapio(store: &Store, categoria: Option<Categoria>) -> Result<Arc<Page<1>>, Error> {
    let pagina = Pagina { limite: LIMITE_PADRAO, apos: None };
    Ok(Arc::new(Page::new(store.read(|conn| produtos::cardapio(conn, categoria, &pagina))?)?))
}

/// One answer for all who ask the same.
fn once<A: Clone>(
    read: impl Fn() -> Result<A, Error>,
) -> impl Fn(&[()]) -> Result<Vec<Result<A, Error>>, Error> {
    move |all| Ok(vec![read(); all.len()])
}
