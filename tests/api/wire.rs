//! A wire between a restaurant and its MySQL, for those who want to cut it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    Database, Restaurant,
    database::{self, Schema},
};

/// A wire between a restaurant and its server, to be cut.
pub struct Wire {
    porta: u16,
    cortado: Arc<AtomicBool>,
    conexoes: Arc<Mutex<Vec<TcpStream>>>,
    gelo: Arc<Freeze>,
}

/// Holds up what one connection says, and leaves the others alone.
#[derive(Default)]
struct Freeze {
    estado: Mutex<State>,
    mudou: Condvar,
}

#[derive(Default, PartialEq)]
enum State {
    #[default]
    Idle,
    /// Waits for the first that says this.
    Armed(String),
    Frozen,
}

impl Wire {
    pub fn to(destino: String) -> Wire {
        let ouvinte = TcpListener::bind("127.0.0.1:0").unwrap();
        let fio = Wire {
            porta: ouvinte.local_addr().unwrap().port(),
            cortado: Arc::default(),
            conexoes: Arc::default(),
            gelo: Arc::default(),
        };
        let (cortado, conexoes, gelo) = (fio.cortado.clone(), fio.conexoes.clone(), fio.gelo.clone());
        thread::spawn(move || {
            for cliente in ouvinte.incoming() {
                let cliente = cliente.unwrap();
                let Ok(servidor) = TcpStream::connect(&destino) else { continue };
                // Under the lock, so that none slips past a cut.
                let mut conexoes = conexoes.lock().unwrap();
                if cortado.load(Ordering::SeqCst) {
                    continue;
                }
                let pares = [(&cliente, &servidor), (&servidor, &cliente)];
                for (de, para) in pares.map(|(a, b)| (a.try_clone().unwrap(), b.try_clone().unwrap())) {
                    let gelo = gelo.clone();
                    thread::spawn(move || forward(de, para, &gelo));
                }
                conexoes.extend([cliente, servidor]);
            }
        });
        fio
    }

    pub fn cut(&self) {
        self.cortado.store(true, Ordering::SeqCst);
        self.drop_connections();
    }

    pub fn drop_connections(&self) {
        for connection in self.conexoes.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// The next connection that says this goes no further, until it thaws.
    pub fn freeze_on(&self, isto: &str) {
        *self.gelo.estado.lock().unwrap() = State::Armed(isto.to_owned());
    }

    pub fn is_frozen(&self) -> bool {
        *self.gelo.estado.lock().unwrap() == State::Frozen
    }

    pub fn thaw(&self) {
        *self.gelo.estado.lock().unwrap() = State::Idle;
        self.gelo.mudou.notify_all();
    }

    pub fn restore(&self) {
        self.cortado.store(false, Ordering::SeqCst);
    }
}

impl Freeze {
    fn pass(&self, bytes: &[u8]) {
        let mut estado = self.estado.lock().unwrap();
        if let State::Armed(isto) = &*estado
            && bytes.windows(isto.len()).any(|b| b == isto.as_bytes())
        {
            *estado = State::Frozen;
            drop(self.mudou.wait_while(estado, |estado| *estado == State::Frozen).unwrap());
        }
    }
}

fn forward(mut de: TcpStream, mut para: TcpStream, gelo: &Freeze) {
    let mut bytes = [0; 16 * 1024];
    let copia = || -> io::Result<()> {
        loop {
            let n = de.read(&mut bytes)?;
            if n == 0 {
                return Ok(());
            }
            gelo.pass(&bytes[..n]);
            para.write_all(&bytes[..n])?;
        }
    };
    let mut copia = copia;
    let _ = copia();
    let _ = para.shutdown(Shutdown::Both);
}

/// A restaurant whose server is at the other end of a wire, which may be cut from the beginning.
pub fn restaurant_over_wire(cortado: bool, environment: &[(&str, &str)]) -> (Wire, Restaurant) {
    let (usuario, destino) = database::server_url().rsplit_once('@').unwrap();
    let fio = Wire::to(destino.to_owned());
    if cortado {
        fio.cut();
    }
    let esquema = Schema::new(database::server_url());
    let url = format!("{usuario}@127.0.0.1:{}/{}", fio.porta, esquema.nome);
    let environment: Vec<_> = environment.iter().copied().chain([("DATABASE_URL", &*url)]).collect();
    let restaurante = Restaurant::on_schema(Database::Mysql, Some(esquema), &environment);
    (fio, restaurante)
}
