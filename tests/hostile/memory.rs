//! The memory budget: whatever many clients send and do not finish, or ask for and do not read, the process stays small and
//! others are served.

use serde_json::json;

use crate::{
    deadline::eventually,
    neighbour::Neighbour,
    process::{Process, Usage},
    wire::{Client, get, post},
};

const BUDGET: &str = "4194304";
/// What a connection costs beyond the budget: its thread, and the kernel's account of it.
const CONNECTION_KB: usize = 40;

#[test]
fn unfinished_bodies_share_one_budget() {
    const CLIENTS: usize = 200;
    let server = Process::start(&[("MAX_BUFFERED_BYTES", BUDGET), ("BODY_TIMEOUT_MS", "3600000")]);
    let before = server.quiet;
    let framings = [
        "Content-Length: 131072\r\n\r\n".to_owned(),
        "Transfer-Encoding: chunked\r\n\r\n20000\r\n".to_owned(),
    ];
    let clients: Vec<Client> = (0..CLIENTS)
        .map(|i| {
            let mut client = Client::connect(server.address);
            let head = format!("POST /produtos HTTP/1.1\r\nHost: a\r\n{}", framings[i % 2]);
            client.offer([head.as_bytes(), &[b' '; 100_000]].concat());
            client
        })
        .collect();
    server.rests();
    let grown = server.usage().peak_kb - before.resident_kb;
    assert!(grown < 4096 + CLIENTS * CONNECTION_KB, "{grown} KB for {CLIENTS} unfinished bodies");
    // A body that needs no room beyond a connection's own is taken.
    Neighbour::new(server.address).is_served();
    let mut small = Client::connect(server.address);
    small.send(post("/pedidos/checkout", &json!({"itens": [{"produto": 1, "quantidade": 1}]}).to_string()));
    assert_eq!(small.answer().status, 200);
    // A larger one is refused, and says when to come again.
    let mut refused = Client::connect(server.address);
    refused.send(post("/produtos", &" ".repeat(100_000)));
    assert_eq!(refused.last_answer().status, 503);
    drop(clients);
    server.returns_to(server.quiet);
    let mut large = Client::connect(server.address);
    large.send(post("/produtos", &" ".repeat(100_000)));
    assert_eq!(large.answer().status, 400);
}

#[test]
fn connections_that_wait_keep_nothing_of_a_large_request() {
    const CLIENTS: usize = 200;
    let server = Process::start(&[("MAX_BUFFERED_BYTES", BUDGET), ("IDLE_TIMEOUT_MS", "3600000")]);
    let kept: Vec<Client> = (0..CLIENTS)
        .map(|_| {
            let mut client = Client::connect(server.address);
            client.send(post("/produtos", &" ".repeat(100_000)));
            assert_eq!(client.answer().status, 400);
            client
        })
        .collect();
    drop(kept);
}

#[test]
fn a_page_that_nobody_reads_is_in_memory_once() {
    const CLIENTS: usize = 200;
    let server = Process::start(&[("WRITE_TIMEOUT_MS", "3600000"), ("MAX_BUFFERED_BYTES", BUDGET)]);
    let before = server.quiet;
    let mut slow: Vec<Client> = (0..CLIENTS)
        .map(|i| {
            let mut client = Client::connect_narrow(server.address);
            client.send(get(["/redoc", "/docs"][i % 2]));
            client
        })
        .collect();
    eventually("all are being answered", || server.usage().descriptors >= before.descriptors + CLIENTS);
    server.rests();
    let grown = server.usage().peak_kb - before.resident_kb;
    assert!(grown < 8192 + CLIENTS * CONNECTION_KB, "{grown} KB for {CLIENTS} that do not read");
    Neighbour::new(server.address).is_served();
    // Nobody was closed for it: two pages fit.
    for client in &mut slow {
        assert!(client.answer().body.contains("</html>"));
    }
}

/// Orders of a hundred lines, each with a note as long as notes may be.
fn order_at_length(server: &Process, orders: usize) {
    let line = json!({"produto": 1, "quantidade": 1, "descricao": "x".repeat(100)});
    let order = post("/pedidos/checkout", &json!({ "itens": vec![line; 100] }).to_string());
    let mut customer = Client::connect(server.address);
    for _ in 0..orders {
        customer.send(&order);
        assert_eq!(customer.answer().status, 200);
    }
}

#[test]
fn the_slow_reader_that_waits_longest_makes_room() {
    let server = Process::start(&[("MAX_BUFFERED_BYTES", "2097152"), ("WRITE_TIMEOUT_MS", "3600000")]);
    order_at_length(&server, 100);
    // Each answer is about a quarter of the budget, and none is another's.
    let mut slow: Vec<Client> = (0..6)
        .map(|_| {
            let mut client = Client::connect_narrow(server.address);
            client.send(get("/pedidos?limite=500"));
            server.rests();
            client
        })
        .collect();
    let last = slow.pop().map(|mut client| client.answer());
    assert_eq!(last.map(|answer| answer.status), Some(200), "the youngest is served");
    assert!(slow[0].breaks_off(), "the oldest was not closed");
    eventually("it is in the log", || server.log().contains("127.0.0.1 reads slowly and was closed"));
    Neighbour::new(server.address).is_served();
}

#[test]
fn a_body_that_is_too_large_is_refused_though_all_of_it_is_sent_first() {
    let server = Process::start(&[]);
    for framing in ["Content-Length: 8388608\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n800000\r\n"] {
        let mut client = Client::connect(server.address);
        client.send(format!("POST /produtos HTTP/1.1\r\nHost: a\r\n{framing}"));
        client.send(vec![b' '; 8 << 20]);
        assert_eq!(client.last_answer().status, 413, "{framing}");
    }
    server.returns_to(server.quiet);
}

/// With the manifest's settings, and as many connections to the database as a pod has.
#[test]
fn many_pages_of_long_orders_at_once_stay_small_and_arrive() {
    const READERS: usize = 16;
    // What tests/k8s/check.py takes for a pod at work, and MAX_BUFFERED_BYTES.
    const PEAK_KB: usize = (73 + 24) << 10;
    let settings = [
        ("MAX_BUFFERED_BYTES", "25165824"),
        ("POOL_SIZE", "8"),
        ("MALLOC_ARENA_MAX", "2"),
        ("MAX_CONNECTIONS", "1024"),
        // The machine may be slow, and that is not what this is about.
        ("POOL_WAIT_MS", "25000"),
    ];
    let server = Process::start(&settings);
    order_at_length(&server, 500);
    let paths = ["/pedidos?limite=500", "/pedidos", "/pedidos/fila?limite=500", "/pedidos/recebidos"];
    std::thread::scope(|scope| {
        for reader in 0..READERS {
            let server = &server;
            scope.spawn(move || {
                let mut client = Client::connect(server.address);
                for round in 0..8 {
                    // All of one kind at a time first, and then mixed.
                    let path = if round < 4 { paths[0] } else { paths[(reader + round) % paths.len()] };
                    client.send(get(path));
                    let answer = client.answer();
                    assert_eq!(answer.status, 200, "{path}");
                    let bound = if path.contains('?') { 1200 << 10 } else { 4200 << 10 };
                    assert!(answer.body.len() < bound, "{path}: {} bytes", answer.body.len());
                }
            });
        }
    });
    let Usage { peak_kb, file_kb, .. } = server.usage();
    // The program itself is not counted: as tests build it, it is three times as large as the image's.
    assert!(peak_kb - file_kb < PEAK_KB, "{peak_kb} KB, of which {file_kb} KB are the program");
    assert!(!server.log().contains("reads slowly"), "good readers cut each other off: {}", server.log());
}

/// Of a list that is read for all, one page is in memory, however many take it at their own pace.
#[test]
fn two_that_read_a_long_list_at_their_own_pace_both_get_it() {
    let server = Process::start(&[("MAX_BUFFERED_BYTES", "1048576")]);
    order_at_length(&server, 60);
    let mut readers: Vec<Client> = (0..4).map(|_| Client::connect_narrow(server.address)).collect();
    for (reader, path) in
        readers.iter_mut().zip(["/pedidos", "/pedidos/fila", "/pedidos?limite=90", "/pedidos"])
    {
        reader.send(get(path));
    }
    server.rests();
    for reader in &mut readers {
        assert_eq!(reader.answer().status, 200);
    }
}

/// Each of these alone is harmless or refused; together they are what `benches/siege.rs` measures with 5,000.
#[test]
fn every_kind_of_hostile_client_at_once_leaves_the_process_small() {
    const CONNECTIONS: usize = 300;
    // The arenas as in the image: each keeps what its largest request took.
    let settings = [("MAX_BUFFERED_BYTES", "8388608"), ("MAX_CONNECTIONS", "300"), ("MALLOC_ARENA_MAX", "2")];
    let server = Process::start(&settings);
    let lines: Vec<_> = (0..30).map(|_| json!({"produto": 1, "quantidade": 1})).collect();
    let order = post("/pedidos/checkout", &json!({ "itens": lines }).to_string());
    let mut customer = Client::connect(server.address);
    for _ in 0..200 {
        customer.send(&order);
        assert_eq!(customer.answer().status, 200);
    }
    let body = |framing: &str, sent: usize| {
        let head = format!("POST /pedidos/checkout HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        [head.into_bytes(), vec![b' '; sent]].concat()
    };
    let kinds = [
        vec![],
        b"GET / HTTP/1.1\r\n".to_vec(),
        body("Content-Length: 131072", 100_000),
        body("Transfer-Encoding: chunked\r\n\r\n1f000", 100_000),
        body("Content-Length: 8388608", 200_000),
        get("/redoc").repeat(4),
        get("/pedidos").repeat(8),
        get("/pedidos?limite=200").repeat(4),
        get("/pedidos/recebidos").repeat(8),
        get("/openapi.json").repeat(4),
    ];
    let crowd: Vec<Client> = (0..3 * CONNECTIONS)
        .map(|number| {
            let mut client = Client::connect_narrow(server.address);
            client.stream.set_nonblocking(true).unwrap();
            client.offer(&kinds[number % kinds.len()]);
            client
        })
        .collect();
    // While all places work, which a test's one database connection makes long, a new client may have to come again.
    eventually("another client is served", || {
        let mut neighbour = Client::connect(server.address);
        neighbour.send(get("/produtos"));
        neighbour.answer().status == 200
    });
    // A debug build's stacks are deep: two threads a connection, a hundred kilobytes each.
    let (grown, bound) = (server.usage().peak_kb - server.quiet.resident_kb, 8192 + CONNECTIONS * 200);
    assert!(grown < bound, "{grown} KB of {bound}");
    drop(crowd);
    server.returns_to(server.quiet);
}
