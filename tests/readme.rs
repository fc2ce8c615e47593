//! The README's requests work as they are pasted, in their order, and answer what it says.
#![allow(clippy::unwrap_used, reason = "in a test that is how to fail")]

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

#[test]
fn every_request_answers_what_the_readme_says() {
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
            let command = command.replace("localhost:31000", &address);
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

/// `…` in what is expected stands for anything.
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
