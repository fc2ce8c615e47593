//! The page, as HTML. Every text that comes from a request or the database is escaped.

use std::fmt::Write;

use crate::{access::Person, domain::papel::Papel, error::FieldError, server::Response};

/// Its media type.
pub const HTML: &str = "text/html";

const POLICY: &str = "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'";

/// What the page says above its form: who has entered, or how the doors are.
pub enum Doorstep {
    /// Somebody with a session.
    Entered(Person),
    /// There is no manager, and everybody may do everything.
    Open,
    /// There is no manager, and nobody may do much.
    Closed,
    /// There is a manager.
    Managed,
    /// There is a manager, and another gate before this one.
    ManagedOpen,
}

/// What was sent with the form, to be shown again: neither password nor PIN.
#[derive(Default)]
pub struct Form {
    convite: String,
    nome: String,
    errors: Vec<FieldError>,
}

impl Form {
    /// As it was sent, with what is wrong with it.
    pub fn sent(body: &[u8], errors: Vec<FieldError>) -> Form {
        let mut form = Form { errors, ..Form::default() };
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                "convite" => form.convite = value.into_owned(),
                "nome" => form.nome = value.into_owned(),
                _ => {}
            }
        }
        form
    }

    fn error(&self, name: &str) -> Option<&FieldError> {
        self.errors.iter().find(|error| error.campo == name)
    }
}

/// All that the page shows.
pub struct View {
    pub doorstep: Doorstep,
    pub form: Form,
}

/// The page with this status.
pub fn response(status: u16, view: &View) -> Response {
    let title = if view.form.errors.is_empty() { "Gerência" } else { "Erro: Gerência" };
    let content = match &view.doorstep {
        Doorstep::Entered(person) => entered(person),
        doorstep => format!("{}{}", how_to(doorstep), form(&view.form)),
    };
    whole(status, title, &content)
}

/// A page that says what went wrong, and nothing else.
pub fn sorry(status: u16, detail: &str) -> Response {
    let content = format!(
        "<div class=\"aviso\" role=\"alert\"><p>{}.</p></div><p><a href=\"/gerencia\">Voltar à página da gerência</a></p>",
        escaped(detail)
    );
    whole(status, "Erro: Gerência", &content)
}

/// 303 to the page.
pub fn see_other() -> Response {
    Response::new(303, "text/plain; charset=utf-8", "")
        .with("Location", "/gerencia")
        .with("Cache-Control", "no-store")
}

fn whole(status: u16, title: &str, content: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"pt-BR\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title} · Ambrosia</title>\n\
         <link rel=\"stylesheet\" href=\"/gerencia/estilo.css\">\n\
         <script src=\"/gerencia/convite.js\" defer></script>\n</head>\n<body>\n\
         <header><p>Ambrosia</p></header>\n<main>\n<h1>Gerência</h1>\n{content}</main>\n</body>\n</html>\n"
    );
    Response::new(status, "text/html; charset=utf-8", html)
        .with("Content-Security-Policy", POLICY)
        .with("Referrer-Policy", "same-origin")
        .with("Cache-Control", "no-store")
}

fn entered(person: &Person) -> String {
    let (nome, id) = (escaped(&person.nome), person.id);
    let next = match person.papel {
        Papel::Gerente => {
            "<p>Equipe, terminais e chaves se cadastram na <a href=\"/docs\">documentação</a>, em «Acesso».</p>\n"
        }
        _ => "",
    };
    format!(
        "<p class=\"feito\" role=\"status\">Você entrou como <strong>{nome}</strong>, número <strong>{id}</strong>.</p>\n\
         <p>Anote o número: com ele e a senha você entra em qualquer computador; com ele e o PIN, num terminal do \
         restaurante.</p>\n{next}\
         <form method=\"post\" action=\"/gerencia/saida\"><button type=\"submit\">Sair</button></form>\n"
    )
}

/// How to get an invitation.
fn how_to(doorstep: &Doorstep) -> String {
    let state = match doorstep {
        Doorstep::Open => {
            "As portas estão <strong>abertas</strong>: quem alcança este endereço pode tudo. A primeira pessoa da gerência \
             as fecha."
        }
        Doorstep::Closed => {
            "As portas estão fechadas e ainda não há gerência. O convite da primeira pessoa está no registro (log) do \
             sistema, no começo."
        }
        Doorstep::ManagedOpen => {
            "Este restaurante tem gerência, e as portas estão <strong>abertas</strong> (<code>ACCESS=open</code>). Com um \
             convite, mais uma pessoa passa a ser gerente."
        }
        _ => {
            "Este restaurante tem gerência, e as portas estão fechadas. Com um convite, mais uma pessoa passa a ser gerente."
        }
    };
    let open = if matches!(doorstep, Doorstep::Open | Doorstep::Closed) { " open" } else { "" };
    format!(
        "<p>{state}</p>\n<details{open}>\n<summary>Como se faz um convite</summary>\n\
         <p>No computador em que o sistema roda, com as configurações dele e o nome da pessoa:</p>\n\
         <pre><code>ambrosia gerente NOME</code></pre>\n<p>Em contêineres:</p>\n\
         <pre><code>docker compose exec backend /ambrosia gerente NOME</code></pre>\n\
         <pre><code>kubectl exec deploy/ambrosia -- /ambrosia gerente NOME</code></pre>\n\
         <p>O comando mostra um endereço, que vale uma vez e por 24 horas. Abra-o neste navegador, ou cole-o abaixo.</p>\n\
         </details>\n"
    )
}

/// An input of the form.
struct Input<'a> {
    name: &'a str,
    label: &'a str,
    hint: &'a str,
    attributes: &'a str,
    /// Shown again.
    value: Option<&'a str>,
}

fn form(form: &Form) -> String {
    let inputs = [
        Input {
            name: "convite",
            label: "Convite",
            hint: "O endereço que o comando ou o registro mostra, ou o código atrás do sinal #.",
            attributes: "type=\"text\" autocomplete=\"off\" autocapitalize=\"off\" spellcheck=\"false\" required",
            value: Some(&form.convite),
        },
        Input {
            name: "nome",
            label: "Seu nome",
            hint: "Como os colegas dizem. Em branco vale o nome que está no convite.",
            attributes: "type=\"text\" autocomplete=\"name\" maxlength=\"80\"",
            value: Some(&form.nome),
        },
        Input {
            name: "senha",
            label: "Senha",
            hint: "Pelo menos 8 caracteres. Para entrar de qualquer computador.",
            attributes: "type=\"password\" autocomplete=\"new-password\" minlength=\"8\" maxlength=\"128\" required",
            value: None,
        },
        Input {
            name: "pin",
            label: "PIN",
            hint: "De 4 a 8 algarismos, sem repetir um só nem em sequência. Para os terminais do restaurante.",
            attributes: "type=\"text\" inputmode=\"numeric\" autocomplete=\"off\" pattern=\"[0-9]{4,8}\" maxlength=\"8\" \
                         required",
            value: None,
        },
    ];
    let mut html = String::from("<form method=\"post\" action=\"/gerencia\">\n<h2>Tenho um convite</h2>\n");
    if !form.errors.is_empty() {
        html += "<div class=\"aviso\" role=\"alert\"><p>Nada foi gravado ainda. Corrija e envie de novo; senha e PIN se \
                 digitam outra vez.</p></div>\n";
    }
    let first = inputs.iter().position(|input| form.error(input.name).is_some());
    for (position, field) in inputs.iter().enumerate() {
        html += &input(field, form.error(field.name), first == Some(position));
    }
    html + "<button type=\"submit\">Passar a ser gerente</button>\n</form>\n"
}

fn input(input: &Input<'_>, error: Option<&FieldError>, focused: bool) -> String {
    let Input { name, label, hint, attributes, value } = input;
    let mut html = format!("<p class=\"campo\"><label for=\"{name}\">{label}</label>\n");
    let mut about = format!("{name}-dica");
    // Writing to a String does not fail.
    let _ = writeln!(html, "<span class=\"dica\" id=\"{name}-dica\">{hint}</span>");
    if let Some(error) = error {
        let _ = writeln!(
            html,
            "<span class=\"erro\" id=\"{name}-erro\">{}</span>",
            escaped(&words(label, error))
        );
        let _ = write!(about, " {name}-erro\" aria-invalid=\"true");
    }
    let value = value.map(|value| format!(" value=\"{}\"", escaped(value))).unwrap_or_default();
    let focus = if focused { " autofocus" } else { "" };
    let _ = writeln!(
        html,
        "<input id=\"{name}\" name=\"{name}\" {attributes} aria-describedby=\"{about}\"{value}{focus}></p>"
    );
    html
}

/// A message that begins with a capital says it all; another goes on after the name of the field.
fn words(label: &str, error: &FieldError) -> String {
    match error.mensagem.as_str() {
        "é obrigatório" => "Preencha este campo.".to_owned(),
        text if text.starts_with(char::is_uppercase) => format!("{text}."),
        text => format!("{label} {text}."),
    }
}

/// Text between tags, or between the quotes of an attribute.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html += "&amp;",
            '<' => html += "&lt;",
            '>' => html += "&gt;",
            '"' => html += "&quot;",
            '\'' => html += "&#39;",
            c => html.push(c),
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(response: &Response) -> String {
        String::from_utf8_lossy(response.body()).into_owned()
    }

    #[test]
    fn what_comes_from_outside_is_escaped() {
        let bad = "\"><script>alert('1')</script>&";
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("convite", bad)
            .append_pair("nome", bad)
            .finish();
        let errors = vec![FieldError { campo: "nome".into(), mensagem: bad.into() }];
        let form = Form::sent(body.as_bytes(), errors);
        let pages = [
            response(422, &View { doorstep: Doorstep::Open, form }),
            sorry(503, bad),
            response(
                200,
                &View {
                    doorstep: Doorstep::Entered(Person {
                        id: 1,
                        nome: bad.into(),
                        papel: Papel::Gerente,
                        terminal: None,
                    }),
                    form: Form::default(),
                },
            ),
        ];
        for html in pages.iter().map(text) {
            assert!(
                html.contains("&quot;&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;"),
                "{html}"
            );
            assert!(!html.contains("alert('") && html.matches("<script").count() == 1, "{html}");
        }
    }
}
