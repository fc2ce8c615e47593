//! Wrong PINs and passwords: how many are compared, over all processes, and who has to wait; and that a crowd that logs in
//! takes little memory.

use std::{
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    Database, Response, Restaurant,
    crew::{Crew, Device, Server},
    on_both_databases,
};

on_both_databases!(
    after_five_wrong_pins_the_next_has_to_wait_on_every_process,
    nobody_is_locked_out_by_what_others_type,
    the_wait_grows_and_the_right_pin_ends_it,
    of_many_at_the_same_time_no_more_are_compared,
    a_terminal_with_twenty_wrong_pins_must_be_enrolled_again,
    wrong_approvals_count_too,
    a_password_is_limited_where_it_is_typed,
    an_unknown_person_looks_like_a_wrong_pin,
);

fn status(response: Response) -> u16 {
    response.status
}

/// Everything that was tried was tried so long ago.
fn age(crew: &Crew, seconds: i64) {
    let sql = match crew.r.schema {
        Some(_) => format!("UPDATE tentativas SET feita_em = feita_em - INTERVAL {seconds} SECOND"),
        None => format!("UPDATE tentativas SET feita_em = datetime(feita_em, '-{seconds} seconds')"),
    };
    crew.r.sql(&sql);
}

fn wrong(device: &Device, server: &impl Server, person: i64, times: usize) {
    for _ in 0..times {
        device.try_log_in(server, person, "0000").problem(401, "Pessoa, PIN ou senha errados");
    }
}

fn after_five_wrong_pins_the_next_has_to_wait_on_every_process(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana, other) = (crew.device("balcao"), crew.hire("balcao", "2684"), crew.r.another_process());
    wrong(&device, &crew.r, ana, 3);
    wrong(&device, &other, ana, 2);
    // The right one waits as well: else the wait would tell which is right.
    for pin in ["0000", "2684"] {
        for waiting in [device.try_log_in(&crew.r, ana, pin), device.try_log_in(&other, ana, pin)] {
            waiting
                .problem(429, "Tentativas erradas demais para esta pessoa; espere um pouco e tente de novo");
            let seconds: i64 = waiting.header("retry-after").unwrap().parse().unwrap();
            assert!((25..=30).contains(&seconds), "{seconds}");
        }
    }
    assert_eq!(crew.r.count("SELECT COUNT(*) FROM tentativas"), 5, "who waits is counted");
}

fn nobody_is_locked_out_by_what_others_type(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, elsewhere) = (crew.device("balcao"), crew.device("balcao"));
    let (ana, beto) = (crew.hire("balcao", "2684"), crew.hire("balcao", "3571"));
    wrong(&device, &crew.r, ana, 5);
    assert_eq!(status(device.try_log_in(&crew.r, ana, "2684")), 429);
    device.log_in(&crew.r, beto, "3571");
    elsewhere.log_in(&crew.r, ana, "2684");
    assert_eq!(
        status(device.try_log_in(&crew.r, ana, "2684")),
        429,
        "what is right elsewhere forgives nothing here"
    );
}

fn the_wait_grows_and_the_right_pin_ends_it(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana) = (crew.device("balcao"), crew.hire("balcao", "2684"));
    wrong(&device, &crew.r, ana, 5);
    for seconds in [30, 60, 120, 240] {
        age(&crew, seconds - 3);
        let waiting = device.try_log_in(&crew.r, ana, "2684");
        assert_eq!(waiting.status, 429, "{seconds}");
        let left: i64 = waiting.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=3).contains(&left), "{left} of {seconds}");
        age(&crew, 3);
        wrong(&device, &crew.r, ana, 1);
    }
    age(&crew, 480);
    device.log_in(&crew.r, ana, "2684");
    wrong(&device, &crew.r, ana, 5);
    assert_eq!(status(device.try_log_in(&crew.r, ana, "2684")), 429);
    // What was tried yesterday does not count.
    age(&crew, 24 * 60 * 60);
    wrong(&device, &crew.r, ana, 4);
    device.log_in(&crew.r, ana, "2684");
}

fn of_many_at_the_same_time_no_more_are_compared(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana, other) = (crew.device("balcao"), crew.hire("balcao", "2684"), crew.r.another_process());
    let at_once = Barrier::new(40);
    let answers: Vec<u16> = thread::scope(|scope| {
        let attempt = |n: usize| {
            let (crew, device, other, at_once) = (&crew, &device, &other, &at_once);
            scope.spawn(move || {
                let pin = format!("{n:04}");
                at_once.wait();
                match n % 2 {
                    0 => device.try_log_in(&crew.r, ana, &pin).status,
                    _ => device.try_log_in(other, ana, &pin).status,
                }
            })
        };
        let all: Vec<_> = (0..40).map(attempt).collect();
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let count = |status| answers.iter().filter(|s| **s == status).count();
    assert_eq!((count(401), count(429)), (5, 35), "{answers:?}");
}

fn a_terminal_with_twenty_wrong_pins_must_be_enrolled_again(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, neighbour, other) = (crew.device("balcao"), crew.device("balcao"), crew.r.another_process());
    let people: Vec<i64> = (0..5).map(|_| crew.hire("balcao", "2684")).collect();
    let colleague = device.log_in(&crew.r, people[4], "2684");
    people[..4].iter().for_each(|person| wrong(&device, &crew.r, *person, 4));
    wrong(&device, &other, people[4], 3);
    device.log_in(&crew.r, people[4], "2684");
    assert!(colleague.lasts(&other));
    wrong(&device, &other, people[4], 1);
    let detail = "O PIN só vale num terminal inscrito pela gerência";
    device.try_log_in(&other, people[4], "2684").problem(403, detail);
    crate::restaurant::wait_until("the other process knows", || {
        device.try_log_in(&crew.r, people[4], "2684").status == 403
    });
    crate::restaurant::wait_until("sessions on it are over", || !colleague.lasts(&crew.r));
    neighbour.log_in(&crew.r, people[4], "2684");
    let made = crew.manage("POST", &format!("/terminais/{}/codigo", device.id), None).ok();
    let enrolled = crate::crew::enrol(&crew.r, made["codigo"].as_str().unwrap()).ok();
    let again = Device { id: device.id, token: enrolled["token"].as_str().unwrap().to_owned() };
    again.log_in(&crew.r, people[0], "2684");
    let trail = crew.manage("GET", "/auditoria", None).body;
    assert!(trail.contains("terminal_bloqueado"), "{trail}");
}

fn wrong_approvals_count_too(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana, chefe) =
        (crew.device("balcao"), crew.hire("balcao", "2684"), crew.hire("gerente", "1593"));
    let session = device.log_in(&crew.r, ana, "2684");
    let ask = |approver: &str| {
        let headers = [("Sec-Fetch-Site", "same-origin"), ("X-Aprovador", approver)];
        session.send_with(&crew.r, "GET", "/clientes/1", &headers, None).status
    };
    let approver = format!("{chefe}:1593");
    assert_eq!(ask(&approver), 200);
    // A colleague's right PIN says as little as a wrong one.
    for (person, pin) in [(chefe, "0000"), (ana, "2684")] {
        let statuses: Vec<u16> = (0..6).map(|_| ask(&format!("{person}:{pin}"))).collect();
        assert_eq!(statuses, [403, 403, 403, 403, 403, 429], "{person}");
    }
    assert_eq!(ask(&approver), 429);
    assert!(session.lasts(&crew.r));
}

fn a_password_is_limited_where_it_is_typed(database: Database) {
    let crew = Crew::new(Restaurant::with_environment(database, &[("TRUSTED_PROXIES", "127.0.0.1")]));
    let chefe = crew.hire_manager("1593", "uma senha boa");
    let attempt = |person: i64, senha: &str, from: &str| {
        let body = json!({"funcionario": person, "senha": senha});
        crew.r.send("POST", "/sessoes", &[("X-Forwarded-For", from)], Some(&body))
    };
    for _ in 0..5 {
        assert_eq!(status(attempt(chefe, "uma senha ruim", "203.0.113.9")), 401);
    }
    assert_eq!(status(attempt(chefe, "uma senha boa", "203.0.113.9")), 429);
    // The manager is somewhere else.
    attempt(chefe, "uma senha boa", "203.0.113.10").ok();
    crew.device("gerente").log_in(&crew.r, chefe, "1593");
    // Whoever tries many people is slowed down too.
    let statuses: Vec<u16> =
        (100..130).map(|person| status(attempt(person, "uma senha ruim", "203.0.113.11"))).collect();
    assert!(statuses.contains(&429) && statuses[..15].iter().all(|s| *s == 401), "{statuses:?}");
}

fn an_unknown_person_looks_like_a_wrong_pin(database: Database) {
    let crew = Crew::new(Restaurant::new(database));
    let (device, ana) = (crew.device("balcao"), crew.hire("balcao", "2684"));
    let attempt = |person: i64| {
        let begun = Instant::now();
        let answer = device.try_log_in(&crew.r, person, "0000");
        (begun.elapsed(), answer)
    };
    let (mut known, mut unknown) = (Vec::<Duration>::new(), Vec::<Duration>::new());
    for _ in 0..9 {
        for (person, times) in [(ana, &mut known), (999, &mut unknown)] {
            let (took, answer) = attempt(person);
            answer.problem(401, "Pessoa, PIN ou senha errados");
            times.push(took);
        }
        crew.r.sql("DELETE FROM tentativas");
    }
    // One that is not hashed takes a hundredth of the time; how near they are is measured by `benches/doors`.
    let (known, unknown) = (known.iter().min().unwrap(), unknown.iter().min().unwrap());
    assert!(*known < *unknown * 10 && *unknown < *known * 10, "known {known:?}, unknown {unknown:?}");
    // And waits alike.
    for person in [ana, 999] {
        let statuses: Vec<u16> = (0..7).map(|_| attempt(person).1.status).collect();
        assert_eq!(statuses, [401, 401, 401, 401, 401, 429, 429], "{person}");
    }
}

/// A thousand that log in at once: memory stays, the menu is served, and whoever has no place is told to come again.
#[test]
fn a_crowd_that_logs_in_takes_little_memory() {
    const CROWD: usize = 1000;
    let crew = Crew::new(Restaurant::with_environment(Database::Sqlite, &[("MAX_CONNECTIONS", "2048")]));
    let device = crew.device("balcao");
    let people: Vec<i64> = (0..8).map(|_| crew.hire("balcao", "2684")).collect();
    let (at_once, device) = (Barrier::new(CROWD + 1), &device);
    let answers: Vec<(u16, bool)> = thread::scope(|scope| {
        let attempt = |n: usize| {
            let (person, at_once, crew) = (people[n % people.len()], &at_once, &crew);
            let log_in = move || {
                at_once.wait();
                let answer = device.try_log_in(&crew.r, person, "2684");
                (answer.status, answer.header("retry-after").is_some())
            };
            thread::Builder::new().stack_size(256 << 10).spawn_scoped(scope, log_in).unwrap()
        };
        let all: Vec<_> = (0..CROWD).map(attempt).collect();
        at_once.wait();
        for _ in 0..20 {
            crew.r.get("/produtos").ok();
        }
        all.into_iter().map(|t| t.join().unwrap()).collect()
    });
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!(count((200, false)) + count((503, true)), CROWD, "{answers:?}");
    assert!(count((200, false)) >= 60, "hardly anybody got in: {}", count((200, false)));
    // Two hashes of 19 MB at a time, and the threads of a thousand connections.
    let status = std::fs::read_to_string(format!("/proc/{}/status", crew.r.pid())).unwrap();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap().trim();
    let peak_kb: usize = peak.split(' ').next().unwrap().parse().unwrap();
    assert!(peak_kb < 160_000, "{peak_kb} KB for {CROWD} logins");
}
