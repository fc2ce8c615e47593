//! The open orders, kept encoded and brought up to date by the log: a materialized view. A reader asks at which place the
//! log is; where it has moved since the last time, only the orders that it names since are read and encoded again. So a
//! list is as fresh as the log: what was committed before the read began is in it.
//!
//! Invariants:
//! - `Board` is what the database held when the log was at `place`. Rows and place come from one statement
//!   (`store::lists`), and the board only ever moves on.
//! - But for a database that was restored from a backup: the event before the known place is another then, or none, and the
//!   whole is read again. What was read of the database as it was before is dropped (`restorations`).
//! - The lock is never held over a query. Of two readers that bring the board up to date at the same time the later place
//!   wins, and both serve a board that is at least as fresh as what they asked for.
//! - No more than `KEPT_MAX` orders are kept, and no more than fit into a page. Where there are more, pages are read from the
//!   database each time.
//!
//! Tested below, and as a linearizability check over several processes in `tests/api/freshness.rs`.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
    ops::ControlFlow,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::{
    domain::{data_hora::DataHora, pedido::Pedido, pedido::StatusPedido},
    error::Error,
    store::{
        Connection, Store,
        lists::{self, List},
        log_place::{self, LogPlace},
    },
};

/// Orders that are kept at most.
const KEPT_MAX: usize = 5_000;
/// Events after which the whole is read again rather than the orders that they name.
const CATCH_UP_MAX: i64 = 1_000;

/// The open orders, shared by all who read them.
pub struct OpenOrders {
    board: Mutex<Board>,
    /// Bytes of JSON that are kept at most.
    bytes_max: usize,
}

/// The whole of a list of open orders, encoded, as it was at one place of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// A JSON array.
    pub json: Bytes,
    /// The list is the same until the next event.
    pub place: LogPlace,
}

/// The kitchen's order: Pronto, Em preparação, Recebido; oldest first in each.
type Place = (Reverse<i64>, DataHora, i64);

#[derive(Default)]
struct Board {
    place: LogPlace,
    /// How often the database was found to be restored.
    restorations: u64,
    orders: BTreeMap<Place, Vec<u8>>,
    places: HashMap<i64, Place>,
    /// Of all orders.
    bytes: usize,
    /// Made when they are first asked for: of all, and of Recebido, Em preparação and Pronto.
    pages: [Option<Arc<Page>>; 4],
    /// There are more than are kept.
    overflows: bool,
}

impl OpenOrders {
    /// None yet; the first reader brings them. So many bytes of JSON are kept at most.
    pub fn new(bytes_max: usize) -> OpenOrders {
        OpenOrders { board: Mutex::default(), bytes_max }
    }

    /// The whole list, as fresh as the log. `None` where there are too many orders to keep.
    pub fn page(&self, store: &Store, list: List) -> Result<Option<Arc<Page>>, Error> {
        let Some(view) = view(list) else { return Ok(None) };
        loop {
            let known = self.board().known();
            let news = self.news(store, known)?;
            let mut board = self.board();
            // If another reader has found the database restored meanwhile, what was read may be of before.
            if board.restorations == known.restorations {
                board.take_in(news, known.place, self.bytes_max);
                return Ok(board.page(view));
            }
        }
    }

    /// What there is beyond what is known.
    fn news(&self, store: &Store, known: Known) -> Result<News, Error> {
        let (next, before) = store.read(|conn| log_place::since(conn, known.place))?;
        let ahead = next - known.place.next_sequencia;
        let restored = before != known.place.last || ahead < 0;
        if ahead == 0 && !restored {
            return Ok(News::None);
        }
        let whole = || store.read(|conn| Board::read(conn, self.bytes_max));
        if restored {
            return Ok(News::Restored(whole()?));
        }
        if known.place.next_sequencia == 0 || known.overflows || ahead > CATCH_UP_MAX {
            return Ok(News::Whole(whole()?));
        }
        Ok(match store.read(|conn| Changes::read(conn, known.place))? {
            Some(changes) => News::Changes(changes),
            None => News::Restored(whole()?),
        })
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which of a board's pages shows this list.
fn view(list: List) -> Option<usize> {
    match list {
        List::Open => Some(0),
        List::State(StatusPedido::Recebido) => Some(1),
        List::State(StatusPedido::EmPreparacao) => Some(2),
        List::State(StatusPedido::Pronto) => Some(3),
        List::State(StatusPedido::Finalizado | StatusPedido::Cancelado)
        | List::Cliente(_)
        | List::AllOf(_) => None,
    }
}

/// Where an order belongs, and its JSON.
type Encoded = (Place, Vec<u8>);

/// What a reader knows before it asks.
#[derive(Clone, Copy)]
struct Known {
    place: LogPlace,
    restorations: u64,
    overflows: bool,
}

/// What a reader has found out.
enum News {
    None,
    Changes(Changes),
    Whole(Board),
    /// The whole of a database with another log.
    Restored(Board),
}

/// What has become of some orders, until the log was at one place.
struct Changes {
    place: LogPlace,
    /// `None` for one that is not open any more.
    orders: Vec<(i64, Option<Encoded>)>,
}

impl Changes {
    /// `None` where the known place is that of another log.
    fn read(conn: &mut dyn Connection, known: LogPlace) -> Result<Option<Changes>, Error> {
        let mut orders = Vec::new();
        let place = lists::changed_since(conn, known, &mut |pedido| {
            orders.push((pedido.id, pedido.status_pedido.is_open().then(|| encoded(pedido)).transpose()?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(place.map(|place| Changes { place, orders }))
    }
}

fn encoded(pedido: &Pedido) -> Result<Encoded, Error> {
    let json = serde_json::to_vec(pedido).map_err(|e| Error::Internal(e.to_string()))?;
    Ok(((Reverse(pedido.status_pedido as i64), pedido.datahora_recebido, pedido.id), json))
}

impl Board {
    /// All open orders, or that they are too many.
    fn read(conn: &mut dyn Connection, bytes_max: usize) -> Result<Board, Error> {
        let mut board = Board::default();
        let place = lists::open(conn, KEPT_MAX + 1, &mut |pedido| {
            let (place, json) = encoded(pedido)?;
            board.put(place, json);
            let full = board.is_beyond(bytes_max);
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        board.place = place;
        board.limit(bytes_max);
        Ok(board)
    }

    fn known(&self) -> Known {
        Known { place: self.place, restorations: self.restorations, overflows: self.overflows }
    }

    /// `since` is what was known when the news was read.
    fn take_in(&mut self, news: News, since: LogPlace, bytes_max: usize) {
        match news {
            News::None => {}
            News::Changes(changes) => self.catch_up(changes, since, bytes_max),
            News::Whole(read) => self.replace(read),
            News::Restored(read) => {
                *self = Board { restorations: self.restorations + 1, ..read };
            }
        }
    }

    /// Takes the place of this board, unless another reader has brought it further meanwhile.
    fn replace(&mut self, read: Board) {
        if read.place.next_sequencia > self.place.next_sequencia {
            *self = Board { restorations: self.restorations, ..read };
        }
    }

    /// Takes in what has changed since this place, unless another reader has brought the board further.
    fn catch_up(&mut self, changes: Changes, since: LogPlace, bytes_max: usize) {
        let Changes { place, orders } = changes;
        if !(since.next_sequencia..place.next_sequencia).contains(&self.place.next_sequencia) {
            return;
        }
        self.pages = Default::default();
        for (id, order) in orders {
            self.take(id);
            if let Some((place, json)) = order {
                self.put(place, json);
            }
        }
        self.place = place;
        self.limit(bytes_max);
    }

    fn take(&mut self, id: i64) {
        if let Some(json) = self.places.remove(&id).and_then(|place| self.orders.remove(&place)) {
            self.bytes -= json.len();
        }
    }

    fn put(&mut self, place: Place, json: Vec<u8>) {
        self.bytes += json.len();
        self.places.insert(place.2, place);
        self.orders.insert(place, json);
    }

    fn is_beyond(&self, bytes_max: usize) -> bool {
        self.orders.len() > KEPT_MAX || self.bytes + self.orders.len() > bytes_max
    }

    /// Lets go of orders that are too many to keep.
    fn limit(&mut self, bytes_max: usize) {
        if self.is_beyond(bytes_max) {
            let Board { place, restorations, .. } = *self;
            *self = Board { place, restorations, overflows: true, ..Board::default() };
        }
    }

    fn page(&mut self, view: usize) -> Option<Arc<Page>> {
        if self.overflows {
            return None;
        }
        if self.pages[view].is_none() {
            self.pages[view] = Some(Arc::new(self.encode(view)));
        }
        self.pages[view].clone()
    }

    fn encode(&self, view: usize) -> Page {
        let in_view = |place: &Place| view == 0 || place.0 == Reverse(view as i64);
        let orders = || self.orders.iter().filter(|(place, _)| in_view(place)).map(|(_, json)| json);
        let mut json = Vec::with_capacity(orders().map(|json| json.len() + 1).sum::<usize>() + 2);
        json.push(b'[');
        for order in orders() {
            if json.len() > 1 {
                json.push(b',');
            }
            json.extend_from_slice(order);
        }
        json.push(b']');
        Page { json: json.into(), place: self.place }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::pedido::tests::pedido_with;

    fn order(id: i64, status: i64, second: i64) -> Pedido {
        pedido_with(id, status.try_into().unwrap(), DataHora::de_segundos(second).unwrap())
    }

    fn place(next_sequencia: i64) -> LogPlace {
        LogPlace { next_sequencia, ..LogPlace::default() }
    }

    fn changes(next_sequencia: i64, pedidos: &[Pedido]) -> Changes {
        let change = |p: &Pedido| (p.id, p.status_pedido.is_open().then(|| encoded(p).unwrap()));
        Changes { place: place(next_sequencia), orders: pedidos.iter().map(change).collect() }
    }

    /// As if it had been read as a whole.
    fn board<'a>(next_sequencia: i64, pedidos: impl IntoIterator<Item = &'a Pedido>) -> Board {
        let mut board = Board { place: place(next_sequencia), ..Board::default() };
        for pedido in pedidos {
            let (place, json) = encoded(pedido).unwrap();
            board.put(place, json);
        }
        board
    }

    fn ids(page: &Page) -> Vec<i64> {
        let json: Vec<serde_json::Value> = serde_json::from_slice(&page.json).unwrap();
        json.iter().map(|o| o["id"].as_i64().unwrap()).collect()
    }

    proptest! {
        #[test]
        fn changes_one_by_one_give_what_reading_the_whole_gives(
            steps in prop::collection::vec((1..12i64, 1..=5i64, 0..4i64), 1..40),
        ) {
            let (mut kept, mut now) = (board(1, []), BTreeMap::new());
            for (n, (id, status, second)) in (2..).zip(steps) {
                let changed = order(id, status, second);
                kept.catch_up(changes(n, std::slice::from_ref(&changed)), place(n - 1), usize::MAX);
                now.insert(id, changed);
                let mut whole = board(n, now.values().filter(|p| p.status_pedido.is_open()));
                prop_assert_eq!(kept.bytes, whole.bytes);
                for view in 0..4 {
                    prop_assert_eq!(kept.page(view), whole.page(view));
                }
            }
        }
    }

    #[test]
    fn an_older_reading_takes_nothing_back_unless_the_database_was_restored() {
        let (one, two) = (order(1, 1, 0), order(2, 1, 0));
        let mut kept = board(9, [&one]);
        kept.take_in(News::Whole(board(8, [])), place(7), usize::MAX);
        kept.take_in(News::Changes(changes(12, &[order(1, 5, 0)])), place(11), usize::MAX);
        assert_eq!((ids(&kept.page(0).unwrap()), kept.restorations), (vec![1], 0));
        kept.take_in(News::Restored(board(3, [&two])), place(9), usize::MAX);
        assert_eq!((ids(&kept.page(0).unwrap()), kept.place, kept.restorations), (vec![2], place(3), 1));
    }

    #[test]
    fn a_view_shows_one_state_in_the_order_of_the_kitchen() {
        let orders = [order(1, 1, 5), order(2, 3, 9), order(3, 1, 4), order(4, 2, 1)];
        let mut kept = board(1, &orders);
        let views: Vec<Vec<i64>> = (0..4).map(|view| ids(&kept.page(view).unwrap())).collect();
        assert_eq!(views, [vec![2, 4, 3, 1], vec![3, 1], vec![4], vec![2]]);
    }

    #[test]
    fn more_than_fits_into_a_page_is_not_kept() {
        let one = order(1, 1, 0);
        let mut kept = board(1, [&one]);
        let room = kept.bytes + 1;
        kept.limit(room);
        assert!(kept.page(0).is_some());
        kept.catch_up(changes(2, &[order(2, 1, 0)]), place(1), room);
        assert_eq!((kept.page(0), kept.orders.len(), kept.place), (None, 0, place(2)));
    }
}
