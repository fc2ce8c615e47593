//! `/`: where a newcomer begins. Programs are led to the documentation, as by the original.

use askama::Template;

use super::{
    files,
    layout::{Layout, page, profile, shown},
};
use crate::{
    api::{App, call::Call, json::redirect},
    error::Error,
    server::Response,
};

/// A link to another screen.
struct Card {
    path: &'static str,
    name: &'static str,
    about: &'static str,
}

const CARDS: [Card; 7] = [
    Card {
        path: "/cardapio",
        name: "Cardápio",
        about: "Para o celular de quem come: escolher, pedir, pagar por Pix e acompanhar.",
    },
    Card {
        path: "/totem",
        name: "Totem",
        about: "Para uma tela de toque no salão: o mesmo cardápio, grande, e a tela recomeça sozinha.",
    },
    Card {
        path: "/caixa",
        name: "Caixa",
        about: "Para o balcão: pedir, receber com troco, entregar pela senha.",
    },
    Card {
        path: "/cozinha",
        name: "Cozinha",
        about: "Para o tablet da cozinha: as comandas, da mais antiga à mais nova.",
    },
    Card {
        path: "/painel", name: "Painel", about: "Para a TV do salão: as senhas em preparo e as prontas."
    },
    Card {
        path: "/vendas",
        name: "Vendas",
        about: "Para quem dirige: o que foi vendido no dia, na semana e no mês, por hora e por produto.",
    },
    Card {
        path: "/gerencia",
        name: "Gerência",
        about: "Para quem dirige: começar, pôr a equipe, ver se está tudo certo.",
    },
];

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    layout: Layout,
    cards: &'static [Card],
}

/// The page for a browser, and 307 to the documentation for what asks for no page.
pub fn home(app: &App, call: &Call<'_>) -> Result<Response, Error> {
    let response = match wants_a_page(call.header("accept")?) {
        true => {
            let layout = profile(app).and_then(|profile| Layout::of(app, &profile));
            shown(app, call, layout.and_then(|layout| page(200, &Home { layout, cards: &CARDS })))?
        }
        false => redirect("/redoc"),
    };
    Ok(response.with("Vary", "Accept"))
}

/// Whether the client names HTML: a browser does, and `*/*` is what a program says.
fn wants_a_page(accept: Option<&str>) -> bool {
    accept.is_some_and(|accept| {
        accept
            .split(',')
            .any(|range| range.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("text/html"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_names_html_wants_a_page() {
        assert!(wants_a_page(Some("text/html,application/xhtml+xml,*/*;q=0.8")));
        assert!(wants_a_page(Some("application/json, TEXT/HTML;q=0.5")));
        assert!(!wants_a_page(Some("*/*")));
        assert!(!wants_a_page(Some("application/json")));
        assert!(!wants_a_page(None));
    }
}
