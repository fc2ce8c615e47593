//! Nothing left to serve with: the server makes room or refuses, and is as before when what it lacked is back.

use std::fs;

use crate::{
    deadline::eventually,
    neighbour::Neighbour,
    process::Process,
    wire::{Client, get},
};

const DESCRIPTORS: usize = 64;
const SHORT: &str = "cannot accept a connection: Too many open files";
/// As bash has it, and as other shells do. A thread counts as a process.
const PROCESSES: &str = "-u 32 2>/dev/null || ulimit -p 32";

#[test]
fn without_descriptors_the_idlest_makes_room() {
    let server = Process::start_limited(&format!("-n {DESCRIPTORS}"), &[]);
    let before = server.quiet;
    let mut neighbour = Neighbour::new(server.address);
    let mut crowd = Vec::new();
    for _ in 0..3 * DESCRIPTORS {
        crowd.push(Client::connect(server.address));
        neighbour.is_served();
    }
    eventually("they were short", || server.log().contains(SHORT));
    drop((crowd, neighbour));
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}

#[test]
fn without_descriptors_no_more_are_closed_than_must_be() {
    const NEWCOMERS: usize = 10;
    let server = Process::start_limited(&format!("-n {DESCRIPTORS}"), &[]);
    let mut crowd: Vec<Client> = (0..DESCRIPTORS).map(|_| Client::connect(server.address)).collect();
    let mut newcomers = Vec::new();
    for _ in 0..NEWCOMERS {
        let mut client = Client::connect(server.address);
        client.send(get("/produtos"));
        assert_eq!(client.answer().status, 200);
        newcomers.push(client);
        // Linux takes the descriptor of the next connection before it waits for it.
        eventually("all descriptors but one are used", || {
            server.descriptors_below(DESCRIPTORS) == DESCRIPTORS - 1
        });
    }
    for client in &mut newcomers {
        client.send(get("/produtos"));
        assert_eq!(client.answer().status, 200);
    }
    let open = crowd.iter_mut().filter_map(|client| {
        client.offer(get("/produtos"));
        client.next(false).map(|answer| assert_eq!(answer.status, 200))
    });
    assert!(open.count() > 0, "all of the crowd were closed");
    eventually("they were short", || server.log().contains(SHORT));
}

#[test]
fn without_threads_some_are_refused_and_none_is_harmed() {
    if !is_root() {
        eprintln!("not proved: only root can start the server as a user whose threads are limited");
        return;
    }
    // A number that nobody else has, so that its threads are all that count.
    let user = 1_000_000_000 + std::process::id();
    let server = Process::start_limited_as(user, PROCESSES, &[]);
    let before = server.quiet;
    let mut crowd = Vec::new();
    let mut served = 0;
    for _ in 0..100 {
        crowd.push(Client::connect(server.address));
        let mut client = Client::connect(server.address);
        client.offer(get("/produtos"));
        let answer = client.answer();
        match answer.status {
            200 => served += 1,
            status => assert_eq!((status, answer.closes()), (503, true)),
        }
    }
    assert!(served > 0);
    eventually("they were short", || server.log().contains("no thread for a connection"));
    drop(crowd);
    server.returns_to(before);
    Neighbour::new(server.address).is_served();
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    status
        .lines()
        .any(|l| l.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().all(|id| id == "0")))
}
