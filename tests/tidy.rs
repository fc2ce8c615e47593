//! The rules of this house, as tests. Where one fails, mend the house and not the test; or argue in ARCHITECTURE.md.
#![allow(clippy::unwrap_used, reason = "in a test that is how to fail")]

use std::{collections::BTreeMap, path::Path};

/// Every source file under `folder`, with its text.
fn files(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeMap::new();
    let mut folders = vec![root.join(folder)];
    if folder.ends_with(".rs") {
        return BTreeMap::from([(folder.to_owned(), read(folder))]);
    }
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                found.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned(), text);
            }
        }
    }
    found
}

fn read(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// What stands before the tests of a file.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap()
}

#[test]
fn arrows_point_one_way() {
    let layers = [
        ("src/domain/", vec!["domain"]),
        ("src/error.rs", vec!["domain"]),
        ("src/backoff.rs", vec![]),
        ("src/bell.rs", vec![]),
        ("src/metrics/", vec![]),
        ("src/self_check.rs", vec![]),
        ("src/token_bucket.rs", vec![]),
        ("src/server/", vec!["server"]),
        ("src/batch.rs", vec!["error", "metrics", "server"]),
        ("src/store/", vec!["backoff", "bell", "clock", "domain", "error", "metrics", "store"]),
        (
            "src/payments/",
            vec!["backoff", "clock", "domain", "error", "metrics", "payments", "server", "token_bucket"],
        ),
        ("src/outgoing/", vec!["domain", "error", "metrics", "outgoing"]),
        (
            "src/acts/",
            vec![
                "acts", "backoff", "batch", "bell", "clock", "domain", "error", "metrics", "outgoing",
                "payments", "server", "store",
            ],
        ),
        (
            "src/api/",
            vec![
                "batch",
                "bell",
                "clock",
                "live",
                "open_orders",
                "domain",
                "error",
                "metrics",
                "server",
                "store",
                "payments",
                "token_bucket",
                "access",
                "acts",
                "api",
            ],
        ),
        (
            "src/access/",
            vec!["access", "batch", "clock", "domain", "error", "server", "store", "token_bucket"],
        ),
        ("src/live/", vec!["bell", "domain", "error", "live", "metrics", "open_orders", "server", "store"]),
        ("src/logging/", vec!["domain", "logging", "metrics", "server"]),
        ("src/clock.rs", vec!["domain"]),
        ("src/open_orders.rs", vec!["domain", "error", "store"]),
        ("src/config/", vec!["access", "api", "config", "logging", "payments", "server", "store"]),
    ];
    let modules = [
        "access",
        "api",
        "backoff",
        "batch",
        "bell",
        "config",
        "domain",
        "error",
        "clock",
        "live",
        "logging",
        "metrics",
        "open_orders",
        "outgoing",
        "payments",
        "self_check",
        "server",
        "store",
        "token_bucket",
        "acts",
    ];
    for (file, text) in files("src") {
        let Some((_, allowed)) = layers.iter().find(|(layer, _)| file.starts_with(layer)) else { continue };
        // One line a path, whether it stands in a group or not.
        let flat = without_tests(&text).replace(char::is_whitespace, "");
        for module in modules.iter().filter(|m| !allowed.contains(*m)) {
            let direct = flat.contains(&format!("crate::{module}"));
            let grouped = flat.split("usecrate::{").skip(1).any(|group| {
                let group = group.split(";").next().unwrap_or_default();
                top_level(group).any(|path| path.starts_with(&format!("{module}::")) || path == *module)
            });
            assert!(!direct && !grouped, "{file} may not know {module}");
        }
    }
}

/// The server could be a crate of its own: it imports itself and crates, tests included.
#[test]
fn the_server_knows_nothing_of_the_restaurant() {
    for (file, text) in files("src/server") {
        assert!(
            !text.contains("crate::") && !text.contains("ambrosia"),
            "{file} names the rest of the crate"
        );
        // `super::super` of a file of the folder is the crate; of its tests, the folder.
        let code = without_tests(&text);
        assert!(!code.contains("super::super"), "{file} reaches out of its folder");
    }
}

/// In these folders a name in Portuguese is a word of the interface; machinery has English names.
#[test]
fn machinery_has_english_names() {
    let words =
        ["campo!", "corpo!", "Falha", "Leitura", "Erros", "Paginacao", "ler_", "obrigatorio", "opcional("];
    for folder in ["src/server", "src/api"] {
        for (file, text) in files(folder) {
            for word in words {
                assert!(!text.replace("texto::opcional(", "").contains(word), "{file}: {word}");
            }
        }
    }
}

/// No file is more than one thing, no function more than one thought, no line wider than a screen.
#[test]
fn files_functions_and_lines_are_short() {
    for (file, text) in files("src").into_iter().filter(|(file, _)| !file.ends_with("/tests.rs")) {
        let code = without_tests(&text);
        let (lines, longest) = (code.lines().filter(is_code).count(), longest_function(code));
        assert!(lines <= 300, "{file} has {lines} lines of code");
        assert!(longest <= 60, "{file} has a function of {longest} lines");
        for (number, line) in code.lines().enumerate() {
            // rustfmt folds neither texts nor comments, nor what a macro declares.
            let folded =
                is_code(&line) && !line.contains(['"', '\'', '`']) && !line.trim_end().ends_with('\\');
            // In a template a line break is a space on the page: a tag with what it encloses is a line.
            let most = match folded {
                _ if file.ends_with(".html") => 200,
                true if file.ends_with(".rs") => 110,
                _ => 127,
            };
            let width = line.chars().count();
            assert!(width <= most, "{file}:{}: {width} characters", number + 1);
        }
    }
}

fn is_code(line: &&str) -> bool {
    !line.trim().is_empty() && !line.trim_start().starts_with("//")
}

/// Lines of the longest function, by the indentation that rustfmt gives: from its `fn` to its closing brace.
fn longest_function(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut longest = 0;
    for (start, line) in lines.iter().enumerate() {
        let is_function = ["fn ", "pub fn ", "pub(super) fn ", "pub(crate) fn "]
            .iter()
            .any(|f| line.trim_start().starts_with(f));
        if is_function && !line.ends_with(';') && !line.ends_with('}') {
            let ends = |l: &&str| indent(l) == indent(line) && l.trim_start().starts_with('}');
            let length = lines[start..].iter().position(ends).map_or(0, |end| end + 1);
            longest = longest.max(length);
        }
    }
    longest
}

/// What is public says what it is: units, errors, when it may be called.
#[test]
fn every_public_item_is_documented() {
    let items = ["fn ", "struct ", "enum ", "trait ", "type ", "const ", "static "];
    for (file, text) in files("src") {
        let lines: Vec<&str> = without_tests(&text).lines().map(str::trim_start).collect();
        for (number, line) in lines.iter().enumerate() {
            let public = line.strip_prefix("pub ").is_some_and(|l| items.iter().any(|i| l.starts_with(i)));
            let above = lines[..number].iter().rev().find(|l| !l.starts_with("#["));
            let documented = above.is_some_and(|l| l.starts_with("///") || *l == "$(#[$meta])*");
            assert!(!public || documented, "{file}:{}: {line}", number + 1);
        }
    }
}

/// The paths of a `use` group, not those of groups inside it.
fn top_level(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    group.split(move |c| {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        c == ',' && depth == 0
    })
}

#[test]
fn only_the_providers_are_named_where_they_are() {
    for (file, text) in files("src") {
        let at_home = file.starts_with("src/payments/") || file.starts_with("src/config/");
        let named = ["Mercado Pago", "Mercado\n/// Pago", "MercadoPago", "Simulator"]
            .iter()
            .find(|n| text.contains(**n));
        assert!(at_home || named.is_none(), "{file} names a provider: {}", named.unwrap_or(&""));
    }
}

/// Folders and files in which everything that is public says what it is.
const DOCUMENTED: [&str; 6] = [
    "src/payments/",
    "src/domain/settlement/",
    "src/domain/a_mais.rs",
    "src/domain/charge_report.rs",
    "src/domain/cobranca.rs",
    "src/domain/pendencia.rs",
];

#[test]
fn what_is_public_is_documented() {
    for (file, text) in files("src").into_iter().filter(|(f, _)| DOCUMENTED.iter().any(|d| f.starts_with(d)))
    {
        let mut documented = false;
        for (number, line) in without_tests(&text).lines().map(str::trim).enumerate() {
            let public =
                line.starts_with("pub ") && !line.starts_with("pub mod ") && !line.starts_with("pub use ");
            assert!(!public || documented, "{file}:{} is not documented: {line}", number + 1);
            documented = line.starts_with("///") || (documented && line.starts_with("#["));
        }
    }
}

#[test]
fn no_file_is_named_after_nothing() {
    let banned = ["utils", "util", "common", "helpers", "helper", "manager", "misc", "service", "base"];
    for folder in ["src", "tests", "benches", "examples"] {
        for file in files(folder).into_keys() {
            let named = Path::new(&file).components().any(|c| {
                let name = c.as_os_str().to_str().unwrap();
                banned.contains(&name.split('.').next().unwrap())
            });
            assert!(!named, "{file}");
        }
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    for (file, text) in files("src") {
        let reads = text.contains("env::var(") || text.contains("env::vars");
        assert!(!reads || file == "src/main.rs", "{file} reads the environment");
    }
}

/// `exit` and `abort` would skip the flush of the log, and a write to stderr can wait for ever (`src/logging`).
#[test]
fn the_process_ends_in_main_and_only_the_log_writes_to_stderr() {
    for (file, text) in files("src") {
        let code: String = without_tests(&text).lines().filter(is_code).collect();
        for ends in ["process::exit", "process::abort", "process::{", "eprint!", "eprintln!", "dbg!"] {
            let is_main = file == "src/main.rs" && ends == "process::{";
            assert!(!code.contains(ends) || is_main, "{file} has {ends}");
        }
        assert!(!code.contains("io::stderr()") || file == "src/logging/mod.rs", "{file} writes to stderr");
    }
}

#[test]
fn every_file_says_what_it_is() {
    for folder in ["src", "tests", "benches", "examples"] {
        for (file, text) in files(folder).into_iter().filter(|(f, _)| f.ends_with(".rs")) {
            assert!(text.starts_with("//! "), "{file} does not begin with what it is");
        }
    }
}

#[test]
fn both_databases_have_the_same_migrations() {
    let numbers = |folder: &str| -> Vec<String> {
        let name = |f: String| f.rsplit('/').next().unwrap().to_owned();
        files(folder).into_keys().map(name).filter(|f| f.starts_with(|c: char| c.is_ascii_digit())).collect()
    };
    assert_eq!(numbers("sql/mysql"), numbers("sql/sqlite"));
    let code = read("src/store/migrations.rs") + &read("src/store/takeover.rs");
    for file in files("sql").into_keys() {
        assert!(code.contains(&format!("/{file}\"")), "{file} is not used");
    }
}

#[test]
fn values_are_bound_and_never_spelled_into_sql() {
    for (file, text) in files("src/store") {
        for (number, line) in text.lines().enumerate() {
            let sql = ["SELECT ", "INSERT ", "UPDATE ", "DELETE "].iter().any(|word| line.contains(word));
            assert!(!(sql && line.contains("'{")), "{file}:{}", number + 1);
        }
    }
}

#[test]
fn the_readme_knows_every_setting_and_every_route() {
    let readme = read("README.md");
    for (name, default, _) in ambrosia::config::VARIABLES {
        let row = readme.lines().find(|l| l.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("README has no row for {name}"));
        assert!(row.contains(default), "{name}: README says another default");
    }
    for (_, path) in ambrosia::api::table().filter(|(_, p)| *p != "/") {
        let ids = (1..=9).map(|id| id.to_string()).chain(["{id}".to_owned()]);
        let shown = ids
            .into_iter()
            .any(|id| readme.contains(&format!("localhost:31000{}", path.replace("{id}", &id))));
        assert!(shown, "README does not show {path}");
    }
}

#[test]
fn the_changelog_knows_this_version() {
    assert!(read("CHANGELOG.md").contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}

/// A file that a comment or a document names is there.
#[test]
fn named_files_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = files("src");
    for folder in ["tests", "benches", "examples"] {
        texts.extend(files(folder));
    }
    for file in ["ARCHITECTURE.md", "README.md"] {
        texts.insert(file.to_owned(), read(file));
    }
    let mut missing = Vec::new();
    for (file, text) in &texts {
        for name in text.split('`').filter(|name| name.starts_with("src/") || name.starts_with("tests/")) {
            let is_path = name.chars().all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
            if is_path && !root.join(name).exists() {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

/// Two flags beside each other are mixed up at the call, and the parts of a tuple have no names.
#[test]
fn parameters_have_names() {
    for (file, text) in files("src") {
        let flat = without_tests(&text).split_whitespace().collect::<Vec<_>>().join(" ");
        for signature in flat.split("fn ").skip(1).filter_map(|rest| rest.split(" {").next()) {
            let parameters = signature.split("->").next().unwrap_or_default();
            assert!(
                !parameters.contains(": bool, ") || parameters.matches(": bool").count() == 1,
                "{file}: {signature}"
            );
            assert!(!parameters.contains(": (") && !parameters.contains(": &("), "{file}: {signature}");
        }
    }
}
