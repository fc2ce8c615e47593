//! One page of a list of orders, encoded while it is read. It is bounded by its bytes and lines as well as by its rows:
//! orders of one line and of a hundred make pages of about the same size, and only a slice of them is in memory beside the
//! JSON. Where the bound cuts, the next page begins after the last order shown (keyset).
//!
//! Tested by `tests/api/large_lists.rs` and `tests/hostile/memory.rs`.

use std::{
    ops::ControlFlow,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{json::append, page::Page};
use crate::{
    domain::pedido::{Pedido, StatusPedido},
    error::Error,
    store::{
        Connection,
        lists::{self, List},
        page::PageRequest,
    },
};

/// Bytes of JSON of a list that one reader reads for all who ask.
const SHARED_BYTES: usize = 4 << 20;
/// Bytes of JSON, and lines of orders, of a page that a request reads by itself: `POOL_SIZE` requests do so at a time.
const OWN_BYTES: usize = 1 << 20;
const OWN_LINES: usize = 2000;
/// A page ends at one part in so many of the memory budget: with the order that reaches it, it is a quarter at most.
const BUDGET_SHARE: usize = 5;
/// Between two warnings that a list of open orders does not fit in one page.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// A page ends with the order that reaches one of these.
#[derive(Clone, Copy)]
pub struct Bound {
    bytes: usize,
    lines: usize,
}

impl Bound {
    /// Of a list that is read once for all who ask at the same time. `budget` is `MAX_BUFFERED_BYTES`.
    pub fn of_shared(budget: usize) -> Bound {
        Bound { bytes: SHARED_BYTES.min(budget / BUDGET_SHARE), lines: usize::MAX }
    }

    /// Bytes of JSON.
    pub fn bytes(self) -> usize {
        self.bytes
    }

    /// Of a page that a request reads by itself.
    pub fn of_own(budget: usize) -> Bound {
        Bound { bytes: OWN_BYTES.min(budget / BUDGET_SHARE), lines: OWN_LINES }
    }
}

/// A page of orders, and where it ends.
pub struct OrderPage {
    /// The page.
    pub page: Page<3>,
    /// It ends before its rows do.
    pub cut_by_size: bool,
    /// Of a list of open orders of which this page does not show all: how many there are.
    pub total: Option<i64>,
}

/// Reads and encodes the page.
pub fn read(
    conn: &mut dyn Connection,
    list: List,
    page: &PageRequest<3>,
    bound: Bound,
) -> Result<OrderPage, Error> {
    let (mut json, mut lines, mut rows) = (vec![b'['], 0, 0);
    let next = lists::page(conn, list, page, &mut |pedido: &Pedido| {
        if rows > 0 {
            json.push(b',');
        }
        append(&mut json, pedido)?;
        lines += pedido.itens.len();
        rows += 1;
        let full = json.len() >= bound.bytes || lines >= bound.lines;
        Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    json.push(b']');
    // It may wait for its reader, and only its length counts in the budget.
    json.shrink_to_fit();
    let open = match list {
        List::Open => true,
        List::State(state) => state < StatusPedido::Finalizado,
        List::Cliente(_) | List::AllOf(_) => false,
    };
    let total = (open && next.is_some()).then(|| lists::count(conn, list)).transpose()?;
    let cut_by_size = next.is_some() && rows < page.limit;
    Ok(OrderPage { page: Page::encoded(json, next).of(total), cut_by_size, total })
}

/// Orders that are on no screen are cooked by nobody: the log says it too, once in a while.
pub fn warn_of_cut(total: i64) {
    static LAST: Mutex<Option<Instant>> = Mutex::new(None);
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.is_none_or(|last| last.elapsed() >= WARN_EVERY) {
        *last = Some(Instant::now());
        drop(last);
        log::warn!("a list of {total} open orders does not fit in one page: the rest is behind its Link");
    }
}
