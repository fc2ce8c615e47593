//! A wire between a restaurant and its MySQL, for those who want to cut it.

use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::{
    Banco, Restaurante,
    banco::{self, Esquema},
};

/// A wire between a restaurant and its server, to be cut.
pub struct Fio {
    porta: u16,
    cortado: Arc<AtomicBool>,
    conexoes: Arc<Mutex<Vec<TcpStream>>>,
}

impl Fio {
    pub fn ate(destino: String) -> Fio {
        let ouvinte = TcpListener::bind("127.0.0.1:0").unwrap();
        let fio = Fio {
            porta: ouvinte.local_addr().unwrap().port(),
            cortado: Arc::default(),
            conexoes: Arc::default(),
        };
        let (cortado, conexoes) = (fio.cortado.clone(), fio.conexoes.clone());
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
                    thread::spawn(move || copiar(de, para));
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

    pub fn religar(&self) {
        self.cortado.store(false, Ordering::SeqCst);
    }
}

fn copiar(mut de: TcpStream, mut para: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    let copia = || -> io::Result<()> {
        loop {
            let n = de.read(&mut bytes)?;
            if n == 0 {
                return Ok(());
            }
            para.write_all(&bytes[..n])?;
        }
    };
    let mut copia = copia;
    let _ = copia();
    let _ = para.shutdown(Shutdown::Both);
}

/// A restaurant whose server is at the other end of a wire, which may be cut from the beginning.
pub fn ligado_por_um_fio(cortado: bool, ambiente: &[(&str, &str)]) -> (Fio, Restaurante) {
    let (usuario, destino) = banco::servidor().rsplit_once('@').unwrap();
    let fio = Fio::ate(destino.to_owned());
    if cortado {
        fio.cortar();
    }
    let esquema = Esquema::novo(banco::servidor());
    let url = format!("{usuario}@127.0.0.1:{}/{}", fio.porta, esquema.nome);
    let ambiente: Vec<_> = ambiente.iter().copied().chain([("DATABASE_URL", &*url)]).collect();
    let restaurante = Restaurante::no_esquema(Banco::Mysql, Some(esquema), &ambiente);
    (fio, restaurante)
}
