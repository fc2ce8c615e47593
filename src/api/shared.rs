//! Request coalescing: reads that many requests make at the same time are made once for all of them (`batch.rs`), after
//! the last of them has come. Lists of open orders come from `open_orders`. Tested by `tests/api/freshness.rs`.

use std::sync::Arc;

use super::{
    answer::Deferred,
    order_page::{self, Bound, warn_of_cut},
    page::{LIMIT_DEFAULT, LIMIT_MAX, Page},
    pedidos::OPEN_DEFAULT,
    vendas::{self, Sales},
};
use crate::{
    access::Doors,
    batch::Batch,
    clock,
    domain::{
        pedido::{Pedido, StatusPagamento, StatusPedido},
        produto::{Categoria, Produto},
    },
    error::Error,
    live::{self, Snapshot, Topic},
    open_orders::OpenOrders,
    server::{Request, Threads},
    store::{
        Store,
        lists::List,
        page::PageRequest,
        pedidos::{self, TOGETHER},
        produtos,
    },
};

/// The first page of a list, for all that ask for it.
pub type Whole<const N: usize> = Arc<Batch<(), Arc<Page<N>>>>;

/// The lists of open orders.
const OPEN: [List; 4] = [
    List::Open,
    List::State(StatusPedido::Recebido),
    List::State(StatusPedido::EmPreparacao),
    List::State(StatusPedido::Pronto),
];

/// The batches of reads.
pub struct Shared {
    /// All open orders, and those in Recebido, Em preparação and Pronto.
    open: [Whole<3>; 4],
    /// The same as everybody may see them.
    public: [Whole<3>; 4],
    /// What a board begins with: the kitchen's, and everybody's.
    boards: [Arc<Batch<(), Arc<Snapshot>>>; 2],
    /// All of it, and each category.
    menus: [Whole<2>; 5],
    /// All that is on sale, for the page of the menu.
    pub on_sale: Arc<Batch<(), Arc<Vec<Produto>>>>,
    /// One order, by its id.
    pub pedidos: Arc<Batch<i64, Arc<Pedido>>>,
    /// The status of an order's payment, by the order's id.
    pub status: Arc<Batch<i64, StatusPagamento>>,
    /// Reports of sales.
    pub sales: Sales,
    /// Of pages of orders that a request reads by itself.
    pub own_page: Bound,
}

impl Shared {
    /// Batches over this store, whose leaders run on these threads. `budget` is `MAX_BUFFERED_BYTES`.
    pub fn new(store: &Arc<Store>, doors: &Arc<Doors>, threads: &Arc<Threads>, budget: usize) -> Shared {
        let bound = Bound::of_shared(budget);
        let open_orders = Arc::new(OpenOrders::new(bound.bytes()));
        let open = |list| {
            let (store, open_orders) = (store.clone(), open_orders.clone());
            Batch::new(threads, TOGETHER, once(move || read_open(&store, &open_orders, list, bound)))
        };
        let public = |list| {
            let (store, open_orders, doors) = (store.clone(), open_orders.clone(), doors.clone());
            let read = move || Ok(Arc::new(read_open(&store, &open_orders, list, bound)?.public(&doors)?));
            Batch::new(threads, TOGETHER, once(read))
        };
        let board = |topic| {
            let (store, open_orders) = (store.clone(), open_orders.clone());
            Batch::new(
                threads,
                TOGETHER,
                once(move || live::board(&store, &open_orders, topic).map(Arc::new)),
            )
        };
        let menu = |categoria| {
            let store = store.clone();
            Batch::new(threads, TOGETHER, once(move || read_menu(&store, categoria)))
        };
        let on_sale = {
            let store = store.clone();
            Batch::new(threads, TOGETHER, once(move || read_on_sale(&store).map(Arc::new)))
        };
        let (of_pedidos, of_status) = (store.clone(), store.clone());
        Shared {
            open: OPEN.map(open),
            public: OPEN.map(public),
            boards: [Topic::Kitchen, Topic::Panel].map(board),
            menus: [
                None,
                Some(Categoria::Lanche),
                Some(Categoria::Acompanhamento),
                Some(Categoria::Bebida),
                Some(Categoria::Sobremesa),
            ]
            .map(menu),
            on_sale,
            pedidos: Batch::new(threads, TOGETHER, move |ids| {
                of_pedidos.read(|conn| pedidos::find_each(conn, ids))
            }),
            status: Batch::new(threads, TOGETHER, move |ids| {
                of_status.read(|conn| pedidos::status_of_each(conn, ids))
            }),
            sales: vendas::sales(store, threads),
            own_page: Bound::of_own(budget),
        }
    }

    /// The whole of a list of open orders; `None` for the lists that grow without end.
    pub fn list(&self, list: List) -> Option<&Whole<3>> {
        OPEN.iter().position(|open| *open == list).map(|n| &self.open[n])
    }

    /// The same as everybody may see it.
    pub fn public_list(&self, list: List) -> Option<&Whole<3>> {
        OPEN.iter().position(|open| *open == list).map(|n| &self.public[n])
    }

    /// What one begins with that listens to a board: the kitchen's, or everybody's.
    pub fn board(&self, topic: Topic) -> &Arc<Batch<(), Arc<Snapshot>>> {
        &self.boards[usize::from(topic == Topic::Panel)]
    }

    /// The menu, or one category of it.
    pub fn menu(&self, categoria: Option<Categoria>) -> &Whole<2> {
        &self.menus[categoria.map_or(0, |c| c as usize)]
    }

    /// See `Batch::relieve`.
    pub fn relieve(&self) {
        self.open.iter().chain(&self.public).for_each(Batch::relieve);
        self.boards.iter().for_each(Batch::relieve);
        self.menus.iter().for_each(Batch::relieve);
        self.on_sale.relieve();
        self.pedidos.relieve();
        self.status.relieve();
        self.sales.relieve();
    }
}

fn read_open(
    store: &Store,
    open_orders: &OpenOrders,
    list: List,
    bound: Bound,
) -> Result<Arc<Page<3>>, Error> {
    if let Some(page) = open_orders.page(store, list)? {
        return Ok(Arc::new(Page::of_open_orders(&page)));
    }
    let first = PageRequest { limit: OPEN_DEFAULT, after: None };
    let read = store.read(|conn| order_page::read(conn, list, &first, bound))?;
    read.total.into_iter().for_each(warn_of_cut);
    Ok(Arc::new(read.page))
}

fn read_menu(store: &Store, categoria: Option<Categoria>) -> Result<Arc<Page<2>>, Error> {
    let page = PageRequest { limit: LIMIT_DEFAULT, after: None };
    let (rows, next) = store.read(|conn| produtos::menu(conn, categoria, &page, clock::now()))?;
    Ok(Arc::new(Page::new(&rows, next)?.tagged()))
}

fn read_on_sale(store: &Store) -> Result<Vec<Produto>, Error> {
    store.read(|conn| {
        let mut on_sale = Vec::new();
        let mut page = PageRequest { limit: LIMIT_MAX, after: None };
        loop {
            let (rows, next) = produtos::menu(conn, None, &page, clock::now())?;
            on_sale.extend(rows);
            if next.is_none() {
                return Ok(on_sale);
            }
            page.after = next;
        }
    })
}

/// The first page of a list, as the answer to a request that asks for no other; 304 where `If-None-Match` names it.
pub fn first_page<const N: usize>(whole: &Whole<N>, request: &Request<'_>) -> Result<Deferred, Error> {
    let path = request.raw_path.to_owned();
    let seen = request.header("if-none-match")?.map(str::to_owned);
    Ok(Deferred::ask(whole, (), move |page| Ok(page?.first(&path, seen.as_deref()))))
}

/// One answer for all questions of a batch, which are the same.
fn once<A: Clone>(
    read: impl Fn() -> Result<A, Error>,
) -> impl Fn(&[()]) -> Result<Vec<Result<A, Error>>, Error> {
    move |all| Ok(vec![read(); all.len()])
}
