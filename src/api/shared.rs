//! Request coalescing: reads that many requests make at the same time are made once for all of them
//! (`batch.rs`), after the last of them has come. Tested by `tests/api/frescor.rs`.

use std::sync::{Arc, Mutex, PoisonError};

use super::{
    answer::Deferred,
    page::{LIMIT_DEFAULT, Page},
    pedidos::{OPEN_DEFAULT, warn_of_cut},
};
use crate::{
    batch::Batch,
    domain::{
        pedido::{Pedido, StatusPagamento, StatusPedido},
        produto::Categoria,
    },
    error::Error,
    server::{Request, Threads},
    store::{
        Store,
        pagina::Pagina,
        pedidos::{self, JUNTOS, Lista},
        produtos,
    },
};

/// The first page of a list, for all who ask for it.
pub type Whole<const N: usize> = Arc<Batch<(), Arc<Page<N>>>>;

/// The batches of reads.
pub struct Shared {
    em_aberto: Whole<3>,
    /// Of Recebido, Em preparação and Pronto.
    estados: [Whole<3>; 3],
    /// All of it, and each category.
    cardapios: [Whole<1>; 5],
    /// One order, by its id.
    pub pedidos: Arc<Batch<i64, Arc<Pedido>>>,
    /// The status of an order's payment, by the order's id.
    pub status: Arc<Batch<i64, StatusPagamento>>,
}

impl Shared {
    /// Batches over this store, whose leaders run on these threads.
    pub fn new(store: &Arc<Store>, threads: &Arc<Threads>) -> Shared {
        let lista = |lista| {
            let (store, lida) = (store.clone(), CachedList { lista, ultima: Mutex::new(None) });
            Batch::new(threads, JUNTOS, once(move || lida.read(&store)))
        };
        let cardapio = |categoria| {
            let store = store.clone();
            Batch::new(threads, JUNTOS, once(move || read_menu(&store, categoria)))
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
        }
    }

    /// The whole of a list of open orders; `None` for the lists that grow without end.
    pub fn lista(&self, lista: Lista) -> Option<&Whole<3>> {
        match lista {
            Lista::EmAberto => Some(&self.em_aberto),
            Lista::Estado(estado) => self.estados.get(estado as usize - 1),
            Lista::Cliente(_) => None,
        }
    }

    /// The menu, or one category of it.
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

/// A list of open orders, and what it was last time: while the database shows the same mark, nothing of it
/// needs to be read or encoded again.
struct CachedList {
    lista: Lista,
    ultima: Mutex<Option<Ultima>>,
}

/// The mark is that of the page itself. One read beside it would not do: between two reads an order can
/// come and go, and leave the mark as it was.
type Ultima = Arc<(String, Arc<Page<3>>)>;

impl CachedList {
    fn read(&self, store: &Store) -> Result<Arc<Page<3>>, Error> {
        let ultima = || self.ultima.lock().unwrap_or_else(PoisonError::into_inner);
        let antes = ultima().clone();
        let (depois, page) = store.read(|conn| {
            if let Some(ultima) = &antes
                && pedidos::marca(conn, self.lista)? == ultima.0
            {
                return Ok((antes.clone(), ultima.1.clone()));
            }
            let pagina = Pagina { limite: OPEN_DEFAULT, apos: None };
            let (lidos, proxima) = pedidos::listar(conn, self.lista, &pagina)?;
            let total = proxima.is_some().then(|| pedidos::contar(conn, self.lista)).transpose()?;
            total.into_iter().for_each(warn_of_cut);
            // Where there is more than the page holds, its mark is not that of the list.
            let marca = proxima.is_none().then(|| pedidos::marca_de(&lidos));
            let page = Arc::new(Page::new((lidos, proxima))?.of(total));
            Ok((marca.map(|marca| Arc::new((marca, page.clone()))), page))
        })?;
        *ultima() = depois;
        Ok(page)
    }
}

fn read_menu(store: &Store, categoria: Option<Categoria>) -> Result<Arc<Page<1>>, Error> {
    let pagina = Pagina { limite: LIMIT_DEFAULT, apos: None };
    Ok(Arc::new(Page::new(store.read(|conn| produtos::cardapio(conn, categoria, &pagina))?)?))
}

/// The first page of a list, as the answer to a request that asks for no other.
pub fn first_page<const N: usize>(whole: &Whole<N>, request: &Request<'_>) -> Deferred {
    let path = request.raw_path.to_owned();
    Deferred::ask(whole, (), move |page| Ok(page?.response_at(&path, None)))
}

/// One answer for all questions of a batch, which are the same.
fn once<A: Clone>(
    read: impl Fn() -> Result<A, Error>,
) -> impl Fn(&[()]) -> Result<Vec<Result<A, Error>>, Error> {
    move |all| Ok(vec![read(); all.len()])
}
