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
    Banco, Restaurante,
    database::{self, Esquema},
};

/// A wire between a restaurant and its server, to be cut.
pub struct Fio {
    porta: u16,
    cortado: Arc<AtomicBool>,
    conexoes: Arc<Mutex<Vec<TcpStream>>>,
    gelo: Arc<Gelo>,
}

/// Holds up what one connection says, and leaves the others alone.
#[derive(Default)]
struct Gelo {
    estado: Mutex<Estado>,
    mudou: Condvar,
}

#[derive(Default, PartialEq)]
enum Estado {
    #[default]
    Nenhum,
    /// Waits for the first that says this.
    Armado(String),
    Congelado,
}

impl Fio {
    pub fn ate(destino: String) -> Fio {
        let ouvinte = TcpListener::bind("127.0.0.1:0").unwrap();
        let fio = Fio {
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
                    thread::spawn(move || copiar(de, para, &gelo));
                }
                conexoes.extend([cliente, servidor]);
            }
        });
        fio
    }

    pub fn cortar(&self) {
        self.cortado.store(true, Ordering::SeqCst);
        self.derrubar();
    }

    pub fn derrubar(&self) {
        for conexao in self.conexoes.lock().unwrap().drain(..) {
            let _ = conexao.shutdown(Shutdown::Both);
        }
    }

    /// The next connection that says this goes no further, until it thaws.
    pub fn congelar_quem_disser(&self, isto: &str) {
        *self.gelo.estado.lock().unwrap() = Estado::Armado(isto.to_owned());
    }

    pub fn congelou(&self) -> bool {
        *self.gelo.estado.lock().unwrap() == Estado::Congelado
    }

    pub fn derreter(&self) {
        *self.gelo.estado.lock().unwrap() = Estado::Nenhum;
        self.gelo.mudou.notify_all();
    }

    pub fn religar(&self) {
        self.cortado.store(false, Ordering::SeqCst);
    }
}

impl Gelo {
    fn passar(&self, bytes: &[u8]) {
        let mut estado = self.estado.lock().unwrap();
        if let Estado::Armado(isto) = &*estado
            && bytes.windows(isto.len()).any(|b| b == isto.as_bytes())
        {
            *estado = Estado::Congelado;
            drop(self.mudou.wait_while(estado, |estado| *estado == Estado::Congelado).unwrap());
        }
    }
}

fn copiar(mut de: TcpStream, mut para: TcpStream, gelo: &Gelo) {
    let mut bytes = [0; 16 * 1024];
    let copia = || -> io::Result<()> {
        loop {
            let n = de.read(&mut bytes)?;
            if n == 0 {
                return Ok(());
            }
            gelo.passar(&bytes[..n]);
            para.write_all(&bytes[..n])?;
        }
    };
    let mut copia = copia;
    let _ = copia();
    let _ = para.shutdown(Shutdown::Both);
}

/// A restaurant whose server is at the other end of a wire, which may be cut from the beginning.
pub fn ligado_por_um_fio(cortado: bool, ambiente: &[(&str, &str)]) -> (Fio, Restaurante) {
    let (usuario, destino) = database::servidor().rsplit_once('@').unwrap();
    let fio = Fio::ate(destino.to_owned());
    if cortado {
        fio.cortar();
    }
    let esquema = Esquema::novo(database::servidor());
    let url = format!("{usuario}@127.0.0.1:{}/{}", fio.porta, esquema.nome);
    let ambiente: Vec<_> = ambiente.iter().copied().chain([("DATABASE_URL", &*url)]).collect();
    let restaurante = Restaurante::no_esquema(Banco::Mysql, Some(esquema), &ambiente);
    (fio, restaurante)
}
