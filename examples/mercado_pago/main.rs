//! A stand-in for Mercado Pago, for trying payments without an account: `cargo run --release --example mercado_pago`.

#[allow(dead_code, reason = "the tests share this module and use more of it")]
mod standin;

use std::{env, process::ExitCode, thread};

use standin::{Faults, Settings};

fn main() -> ExitCode {
    let set = |name: &str, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let settings = Settings {
        address: set("ADDRESS", "127.0.0.1:9090"),
        webhook: set("WEBHOOK", "http://127.0.0.1:31000/pedidos/status_pagamento"),
        token: set("TOKEN", "TESTE"),
        secret: set("SECRET", "segredo"),
        pos: set("POS", "CAIXA01"),
        faults: Faults::default(),
        seed: 1,
    };
    match standin::start(settings.clone()) {
        Ok(running) => {
            println!("A stand-in for Mercado Pago; its page is at {}", running.url());
            println!("Start Ambrosia with:");
            println!(
                "  ACCESS=open MERCADO_PAGO_URL={} MERCADO_PAGO_TOKEN={} MERCADO_PAGO_POS={} MERCADO_PAGO_WEBHOOK_SECRET={}",
                running.url(),
                settings.token,
                settings.pos,
                settings.secret
            );
            loop {
                thread::park();
            }
        }
        Err(error) => {
            eprintln!("cannot listen on {}: {error}", settings.address);
            ExitCode::FAILURE
        }
    }
}
