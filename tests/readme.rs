//! The README's commands, run in their order, give the output that it shows.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

#[test]
fn every_command_of_the_readme_gives_the_output_shown() {
    let folder = std::env::temp_dir().join(format!("ambrosia-readme-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut server = Command::new(env!("CARGO_BIN_EXE_ambrosia"))
        .env_clear()
        .envs([("PORT", "0"), ("HOST", "127.0.0.1"), ("LOG_LEVEL", "error")])
        .current_dir(&folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().rsplit('/').next().unwrap().to_owned();

    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let mut wrong = Vec::new();
    let mut requests = 0;
    for block in readme.split("```console\n").skip(1) {
        for step in block.split("\n```").next().unwrap().split("$ ").skip(1) {
            let (command, expected) = step.split_once('\n').unwrap();
            let command = command
                .replace("localhost:31000", &address)
                .replace("cargo run --release --", env!("CARGO_BIN_EXE_ambrosia"));
            let output = Command::new("sh").args(["-c", &command]).current_dir(&folder).output().unwrap();
            let answer = String::from_utf8(output.stdout).unwrap().replace('\r', "");
            if !fits(expected.trim_end(), answer.trim_end()) {
                wrong.push(format!("{command}\nexpected: {expected}\nanswered: {answer}"));
            }
            requests += 1;
        }
    }
    server.kill().unwrap();
    server.wait().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(requests > 30, "the README shows {requests} requests");
}

/// The payment example with the stand-in, by the commands of the README, on free ports.
#[test]
fn the_payment_example_of_the_readme_works() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).unwrap();
    let block = readme.split("```sh\n").find(|b| b.contains("--example mercado_pago")).unwrap();
    let commands: Vec<&str> = block.split("\n```").next().unwrap().lines().collect();
    let [standin, restaurant, order, status] = commands[..] else { panic!("{commands:?}") };
    let folder = std::env::temp_dir().join(format!("ambrosia-story-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let port =
        || std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let (there, here) = (port(), port());
    // The binaries built for this test replace `cargo run --release`.
    let built = std::env::current_exe().unwrap().parent().unwrap().join("../examples/mercado_pago");
    let start = |command: &str, run: &str, program: &str, address: &str| {
        let command = command
            .replace(run, &format!("exec {program}"))
            .replace("localhost:9090", &format!("127.0.0.1:{there}"));
        assert!(command.contains("exec "), "{command}");
        let mut child = Command::new("sh")
            .args(["-c", &command])
            .current_dir(&folder)
            .envs([
                ("HOST", "127.0.0.1"),
                ("PORT", here.as_str()),
                ("LOG_LEVEL", "error"),
                ("ADDRESS", address),
            ])
            .env("WEBHOOK", format!("http://127.0.0.1:{here}/pedidos/status_pagamento"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        output.read_line(&mut line).unwrap();
        assert!(line.contains("http://"), "{line}");
        Ended(child, output)
    };
    let address = format!("127.0.0.1:{there}");
    let _there =
        start(standin, "cargo run --release --example mercado_pago", built.to_str().unwrap(), &address);
    let _here = start(restaurant, "cargo run --release", env!("CARGO_BIN_EXE_ambrosia"), "");
    let run = |command: &str| {
        let command = command.replace("localhost:31000", &format!("127.0.0.1:{here}"));
        String::from_utf8(Command::new("sh").args(["-c", &command]).output().unwrap().stdout).unwrap()
    };
    let ordered = run(order);
    assert!(ordered.contains("\"id\":7,") && ordered.contains("\"qr_situacao\":\"pronto\""), "{ordered}");
    assert_eq!(run(status), "\"1\"");
    // Submits the form of the page's button.
    let page = run(&format!("curl -s {address}/"));
    let action = page.split("action='/pagar/").nth(1).unwrap().split('\'').next().unwrap();
    run(&format!("curl -s -X POST {address}/pagar/{action}"));
    let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while run(status) != "\"2\"" {
        assert!(std::time::Instant::now() < end, "the payment is never approved");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A process, killed when dropped, and its output, which must stay open.
struct Ended(std::process::Child, #[expect(dead_code)] BufReader<std::process::ChildStdout>);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `…` in the expected output matches any text.
fn fits(expected: &str, answer: &str) -> bool {
    let mut parts = expected.split('…');
    let Some(mut rest) = answer.strip_prefix(parts.next().unwrap()) else { return false };
    let open_end = expected.ends_with('…');
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.is_empty() || open_end || expected.rsplit('…').next().is_some_and(|last| answer.ends_with(last))
}
