//! Reads are linearizable across processes, whatever is coalesced or cached on the way. Each order is a register with one
//! writer. Writers record when a write starts and when it is acknowledged, readers when a read starts and ends and what
//! it returns; afterwards the history is checked: a read returns at least every write that was acknowledged before the
//! read started, no write that started after the read ended, and never less than an earlier read. That something is
//! unchanged (304) is as good as what it names, whichever process gave it.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    Database, Response, Restaurant, on_both_databases,
    restaurant::{Process, wait_until},
    wire::{Wire, restaurant_over_wire},
};

on_both_databases!(reads_are_linearizable_across_processes);

const WRITERS: usize = 4;
const ORDERS_PER_WRITER: usize = 40;
const READERS: usize = 8;
const RECEBIDO: i64 = 1;
const FINALIZADO: i64 = 4;
const APROVADO: i64 = 2;

/// A write of a state: visible from `start` at the earliest and from `end`, its acknowledgement, at the latest. Without
/// `end` it is unknown whether it happened.
struct WriteOp {
    pedido: i64,
    versao: i64,
    status: i64,
    pagamento: i64,
    start: Instant,
    end: Option<Instant>,
}

#[derive(Clone)]
enum Seen {
    /// The kitchen list, of one state or of all: ids and versions in the order of the list.
    List(Option<i64>, Vec<(i64, i64)>),
    Pedido(i64, i64),
    Pagamento(i64, i64),
}

struct ReadOp {
    start: Instant,
    end: Instant,
    path: String,
    seen: Seen,
}

/// What a reader keeps: by the path, the `ETag` and what it names.
#[derive(Default)]
struct Known(HashMap<String, (String, Seen)>);

struct Workload<'a> {
    processes: &'a [Process],
    writes: Mutex<Vec<WriteOp>>,
    reads: Mutex<Vec<ReadOp>>,
    /// Orders that readers request.
    known_orders: Mutex<Vec<i64>>,
    /// Writers that have not finished.
    active_writers: AtomicUsize,
    saw_failure: AtomicBool,
    /// Reads that were answered by 304.
    unchanged: AtomicUsize,
}

fn reads_are_linearizable_across_processes(database: Database) {
    let r = Restaurant::new(database);
    run_workload(&r, |_| {});
}

#[test]
fn reads_are_linearizable_while_the_database_is_cut() {
    if !crate::database::mysql_is_available() {
        return;
    }
    let (wire, r) = restaurant_over_wire(false, &[("POOL_WAIT_MS", "300")]);
    run_workload(&r, |workload| cut_repeatedly(&wire, workload));
}

fn cut_repeatedly(wire: &Wire, workload: &Workload<'_>) {
    let read_count = || workload.reads.lock().unwrap().len();
    for turn in 0.. {
        let before = read_count();
        wait_until("there are more reads", || {
            read_count() >= before + 150 || workload.active_writers.load(Ordering::SeqCst) == 0
        });
        if workload.active_writers.load(Ordering::SeqCst) == 0 {
            assert!(turn > 2, "the network was cut too rarely: {turn} times");
            return;
        }
        if turn % 2 == 0 {
            wire.drop_connections();
        } else {
            wire.cut();
            wait_until("a request fails", || workload.saw_failure.swap(false, Ordering::SeqCst));
            wire.restore();
        }
    }
}

fn run_workload(r: &Restaurant, during: impl FnOnce(&Workload<'_>)) {
    r.sql("UPDATE pedidos SET status_pedido = 4, versao = versao + 1");
    let processes: Vec<Process> = (0..3).map(|_| r.another_process()).collect();
    let workload = Workload {
        processes: &processes,
        writes: Mutex::default(),
        reads: Mutex::default(),
        known_orders: Mutex::default(),
        active_writers: AtomicUsize::new(WRITERS),
        saw_failure: AtomicBool::new(false),
        unchanged: AtomicUsize::new(0),
    };
    thread::scope(|s| {
        for n in 0..WRITERS {
            let workload = &workload;
            s.spawn(move || {
                let _guard = WriterDone(&workload.active_writers);
                (0..ORDERS_PER_WRITER).for_each(|turn| write_order(workload, n, turn));
            });
        }
        for n in 0..READERS {
            let workload = &workload;
            s.spawn(move || {
                let mut known = Known::default();
                for turn in n.. {
                    if workload.active_writers.load(Ordering::SeqCst) == 0 {
                        return;
                    }
                    read_once(workload, turn, &mut known);
                }
            });
        }
        during(&workload);
    });
    let Workload { writes, reads, unchanged, .. } = workload;
    assert!(unchanged.into_inner() > 0, "nothing was ever unchanged");
    verify(&writes.into_inner().unwrap(), &reads.into_inner().unwrap());
}

struct WriterDone<'a>(&'a AtomicUsize);

impl Drop for WriterDone<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// The life of one order, from checkout to delivery, each step at another process; failed steps are retried.
fn write_order(workload: &Workload<'_>, writer: usize, turn: usize) {
    let process = |step: usize| &workload.processes[(writer + turn + step) % workload.processes.len()];
    let key = format!("{writer}-{turn}");
    let body = json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string();
    let start = Instant::now();
    let created = retry(workload, || {
        process(0).request("POST", "/pedidos/checkout", &[("Idempotency-Key", &key)], Some(&body))
    });
    let pedido = created["id"].as_i64().unwrap();
    let mut state =
        WriteOp { pedido, versao: 1, status: RECEBIDO, pagamento: 1, start, end: Some(Instant::now()) };
    workload.writes.lock().unwrap().push(WriteOp { ..state });
    workload.known_orders.lock().unwrap().push(pedido);
    for step in 1..=4 {
        state.versao += 1;
        // The payment comes while the order is in preparation.
        let change = if step == 2 {
            state.pagamento = APROVADO;
            let id = created["id_pagamento"].as_str().unwrap();
            (
                "POST",
                "/pedidos/status_pagamento",
                json!({"id": id, "action": "state_FINISHED", "type": "payment"}),
            )
        } else {
            state.status += 1;
            ("PUT", "/pedidos", json!({"id": pedido, "status_pedido": state.status}))
        };
        let (method, path, body) = (change.0, change.1, change.2.to_string());
        let start = Instant::now();
        // A step that failed may still have happened; repeating it changes nothing.
        retry(workload, || process(step).request(method, path, &[], Some(&body)));
        workload.writes.lock().unwrap().push(WriteOp { start, end: Some(Instant::now()), ..state });
    }
}

fn retry(workload: &Workload<'_>, mut request: impl FnMut() -> Response) -> Value {
    loop {
        let response = request();
        match response.status {
            200 => return response.json(),
            409 | 503 => {
                workload.saw_failure.store(true, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
            }
            status => panic!("{status}: {}", response.body),
        }
    }
}

fn read_once(workload: &Workload<'_>, turn: usize, known: &mut Known) {
    let process = &workload.processes[turn % workload.processes.len()];
    let known_order = {
        let known_orders = workload.known_orders.lock().unwrap();
        // One of the eight newest, which still change.
        known_orders.len().checked_sub(1 + turn % 8).map(|i| known_orders[i])
    };
    let (list, path) = match (turn / 7 % 6, known_order) {
        (3, Some(id)) => (None, format!("/pedidos/{id}")),
        (4, Some(id)) => (None, format!("/pedidos/{id}/status_pagamento")),
        (0, _) => (Some(Some(1)), "/pedidos/recebidos".to_owned()),
        (1, _) => (Some(Some(3)), "/pedidos/prontos".to_owned()),
        _ => (Some(None), "/pedidos".to_owned()),
    };
    let etag = known.0.get(&path).map(|(etag, _)| ("If-None-Match", etag.as_str()));
    let start = Instant::now();
    let response = process.request("GET", &path, etag.as_slice(), None);
    let end = Instant::now();
    if response.status == 503 {
        workload.saw_failure.store(true, Ordering::SeqCst);
        return;
    }
    if response.status == 304 {
        workload.unchanged.fetch_add(1, Ordering::Relaxed);
        let seen = known.0[&path].1.clone();
        workload.reads.lock().unwrap().push(ReadOp { start, end, path, seen });
        return;
    }
    let etag = response.header("etag").map(str::to_owned);
    let body = response.ok();
    let seen = match (list, known_order) {
        (Some(state), _) => {
            let pedidos = body.as_array().unwrap().iter();
            let pair = |p: &Value| (p["id"].as_i64().unwrap(), p["versao"].as_i64().unwrap());
            Seen::List(state, pedidos.map(pair).collect())
        }
        (None, Some(id)) if body.is_string() => Seen::Pagamento(id, body.as_str().unwrap().parse().unwrap()),
        (None, id) => Seen::Pedido(id.unwrap(), body["versao"].as_i64().unwrap()),
    };
    if let Some(etag) = etag {
        known.0.insert(path.clone(), (etag, seen.clone()));
    }
    workload.reads.lock().unwrap().push(ReadOp { start, end, path, seen });
}

fn verify(writes: &[WriteOp], reads: &[ReadOp]) {
    let mut histories: HashMap<i64, Vec<&WriteOp>> = HashMap::new();
    for write in writes {
        histories.entry(write.pedido).or_default().push(write);
    }
    histories.values_mut().for_each(|h| h.sort_by_key(|e| e.versao));
    assert_eq!(histories.len(), WRITERS * ORDERS_PER_WRITER);
    let mut observed: HashMap<i64, Vec<(Instant, Instant, i64)>> = HashMap::new();
    for read in reads {
        // Of an order: the latest write that the read must return, and the latest that it can return.
        let at_least =
            |id: &i64| histories[id].iter().rev().find(|e| e.end.is_some_and(|end| end < read.start));
        let at_most = |id: &i64| histories[id].iter().rev().find(|e| e.start < read.end);
        let mut saw = |id: i64, versao: i64| {
            let least = at_least(&id).map_or(0, |e| e.versao);
            let most = at_most(&id).map_or(0, |e| e.versao);
            assert!(
                (least..=most).contains(&versao),
                "{}: order {id} has version {versao}, expected {least} to {most}",
                read.path
            );
            observed.entry(id).or_default().push((read.start, read.end, versao));
        };
        match &read.seen {
            Seen::Pedido(id, versao) => saw(*id, *versao),
            Seen::Pagamento(id, pagamento) => {
                let least = at_least(id).map_or(0, |e| e.pagamento);
                let most = at_most(id).map_or(0, |e| e.pagamento);
                assert!(
                    (least..=most).contains(pagamento),
                    "order {id} has payment status {pagamento}, expected {least} to {most}"
                );
            }
            Seen::List(state, pedidos) => {
                for (id, versao) in pedidos {
                    saw(*id, *versao);
                    let status = histories[id][*versao as usize - 1].status;
                    assert!(
                        status < FINALIZADO && state.is_none_or(|e| e == status),
                        "order {id} is in the wrong list"
                    );
                }
                for (id, history) in &histories {
                    let (least, most) =
                        (at_least(id).map_or(0, |e| e.versao), at_most(id).map_or(0, |e| e.versao));
                    // If the order belongs to the list in all its possible states, the list must contain it.
                    let possible = &history[(least.max(1) as usize - 1)..(most.max(0) as usize)];
                    let belongs =
                        |e: &&&WriteOp| e.status < FINALIZADO && state.is_none_or(|s| s == e.status);
                    let required = least > 0 && possible.iter().all(|e| belongs(&e));
                    let present = pedidos.iter().any(|(p, _)| p == id);
                    assert!(present || !required, "order {id} is missing from the list");
                }
            }
        }
    }
    for (id, mut observations) in observed {
        observations.sort_by_key(|(_, end, _)| *end);
        let mut by_start: Vec<_> = observations.clone();
        by_start.sort_by_key(|(start, ..)| *start);
        let (mut finished, mut highest) = (observations.iter().peekable(), 0);
        for (start, _, versao) in by_start {
            while let Some((_, _, other)) = finished.next_if(|(_, end, _)| *end < start) {
                highest = highest.max(*other);
            }
            assert!(versao >= highest, "order {id} has version {versao} after version {highest}");
        }
    }
    println!("{} writes, {} reads", writes.len(), reads.len());
    assert!(reads.len() > 1000, "only {} reads", reads.len());
}
