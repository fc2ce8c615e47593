//! Whether everything is all right, in words for who runs a restaurant, with what to do where it is not.

use crate::{
    api::App,
    clock,
    domain::data_hora::DataHora,
    store::{cobrancas, lists, webhooks},
};

/// One of the things that have to be all right.
pub struct Check {
    pub is_well: bool,
    pub name: &'static str,
    /// How it is, and what to do.
    pub text: String,
    /// Where something can be done: path and name of a page.
    pub link: Option<(&'static str, &'static str)>,
}

impl Check {
    fn new(name: &'static str, fault: Option<String>, well: &str) -> Check {
        Check { is_well: fault.is_none(), name, text: fault.unwrap_or_else(|| well.to_owned()), link: None }
    }

    /// This page is where something can be done, if something is wrong.
    fn at(self, path: &'static str, page: &'static str) -> Check {
        Check { link: (!self.is_well).then_some((path, page)), ..self }
    }
}

/// What the database tells.
struct Figures {
    /// Orders that wait for too long, and when the oldest of them came.
    late: (i64, Option<DataHora>),
    matters: i64,
    /// Receivers of webhooks that are not told any more.
    deaf: i64,
}

/// All of it; an order is late after so many minutes.
pub fn checks(app: &App, late_minutes: i64) -> Vec<Check> {
    let now = clock::now();
    let figures = app.store.glance(|conn| {
        Ok(Figures {
            late: lists::late(conn, now.mais(-late_minutes * 60))?,
            matters: cobrancas::count_pending(conn)?,
            deaf: webhooks::count_matters(conn)?,
        })
    });
    let Ok(figures) = figures else { return without_database(app) };
    let mut checks = vec![late(&figures, late_minutes, now), matters(&figures)];
    if figures.deaf > 0 {
        checks.push(deaf(figures.deaf));
    }
    checks.extend([payments(app), database(true), disk(app)]);
    checks
}

/// What can be told while the database does not answer.
pub fn without_database(app: &App) -> Vec<Check> {
    vec![database(false), disk(app), payments(app)]
}

fn database(answers: bool) -> Check {
    let fault = "Não responde: nenhum pedido entra. Veja se o computador do banco está ligado e na rede; quando ele voltar, \
                 tudo segue sozinho em segundos. Se não voltar, chame quem cuida do sistema.";
    Check::new("Banco de dados", (!answers).then(|| fault.to_owned()), "Responde.")
}

fn disk(app: &App) -> Check {
    let fault = "Está cheio: nada mais se grava, e pedidos são recusados. Apague arquivos que não fazem falta no computador \
                 do banco, ou chame quem cuida dele; depois tudo segue sozinho.";
    Check::new("Disco", app.store.is_full().then(|| fault.to_owned()), "Há espaço para gravar.")
}

fn payments(app: &App) -> Check {
    let provider = app.payments.current();
    let name = provider.display_name();
    let fault = match provider.notice() {
        Some(notice) => Some(format!("{notice} Para receber de verdade, chame quem cuida do sistema.")),
        None if provider.is_away() => Some(format!(
            "O {name} não responde: os QR codes demoram a vir. Receba no caixa, em dinheiro ou na maquininha; o sistema \
             tenta sozinho até ele voltar."
        )),
        None => None,
    };
    Check::new("Pagamentos", fault, &format!("Pelo {name}."))
}

fn late(figures: &Figures, limit: i64, now: DataHora) -> Check {
    let (count, oldest) = figures.late;
    let minutes = oldest.map_or(0, |oldest| (now.segundos() - oldest.segundos()) / 60);
    let fault = match count {
        0 => None,
        1 => Some(format!("Um pedido espera há {minutos} min.", minutos = minutes)),
        _ => {
            Some(format!("{count} pedidos esperam há mais de {limit} min; o mais antigo, há {minutes} min."))
        }
    };
    let well = format!("Nenhum espera há mais de {limit} min.");
    Check::new("Pedidos atrasados", fault, &well).at("/cozinha", "Ver na cozinha")
}

fn matters(figures: &Figures) -> Check {
    let fault = match figures.matters {
        0 => None,
        1 => Some(
            "Uma espera por uma decisão sua: quase sempre é dinheiro a devolver ou a conferir.".to_owned(),
        ),
        n => Some(format!(
            "{n} esperam por uma decisão sua: quase sempre é dinheiro a devolver ou a conferir."
        )),
    };
    Check::new("Pendências", fault, "Nada a resolver.").at("/caixa#pendencias", "Resolver no caixa")
}

fn deaf(count: i64) -> Check {
    let text = format!(
        "Para {count} de outros sistemas já não vão: não respondem há dias. Avise quem cuida deles; as assinaturas estão em \
         «Acesso» na documentação."
    );
    Check {
        link: Some(("/docs", "Documentação")), ..Check::new("Avisos a outros sistemas", Some(text), "")
    }
}
