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
        ("src/metrics.rs", vec![]),
        ("src/self_check.rs", vec![]),
        ("src/token_bucket.rs", vec![]),
        ("src/server/", vec!["server"]),
        ("src/batch.rs", vec!["error", "metrics", "server"]),
        ("src/store/", vec!["backoff", "domain", "error", "metrics", "store"]),
        (
            "src/pagamento/",
            vec!["backoff", "domain", "error", "metrics", "pagamento", "server", "token_bucket"],
        ),
        (
            "src/use_cases/",
            vec!["batch", "domain", "error", "metrics", "server", "store", "pagamento", "use_cases"],
        ),
        (
            "src/api/",
            vec![
                "batch",
                "domain",
                "error",
                "metrics",
                "server",
                "store",
                "pagamento",
                "token_bucket",
                "use_cases",
                "api",
            ],
        ),
        ("src/config.rs", vec!["api", "server", "store", "pagamento"]),
    ];
    let modules = [
        "api",
        "backoff",
        "batch",
        "config",
        "domain",
        "error",
        "metrics",
        "pagamento",
        "self_check",
        "server",
        "store",
        "token_bucket",
        "use_cases",
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
    for folder in ["src/server", "src/api"] {
        for (file, text) in files(folder) {
            let code = without_tests(&text);
            let (lines, longest) = (code.lines().count(), longest_function(code));
            assert!(lines <= 300, "{file} has {lines} lines");
            assert!(longest <= 60, "{file} has a function of {longest} lines");
            for (number, line) in text.lines().enumerate() {
                let width = line.chars().count();
                // A text of the document is not folded by rustfmt, nor is what a macro declares.
                let text = line.contains(['"', '`']) || line.trim_end().ends_with('\\');
                assert!(width <= if text { 127 } else { 110 }, "{file}:{}: {width} characters", number + 1);
            }
        }
    }
}

/// Lines of the longest function, by the indentation that rustfmt gives: from its `fn` to its closing brace.
fn longest_function(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut longest = 0;
    for (start, line) in lines.iter().enumerate() {
        let is_function =
            ["fn ", "pub fn ", "pub(super) fn "].iter().any(|f| line.trim_start().starts_with(f));
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
    for folder in ["src/server", "src/api", "src/batch.rs"] {
        for (file, text) in files(folder) {
            let lines: Vec<&str> = without_tests(&text).lines().map(str::trim_start).collect();
            for (number, line) in lines.iter().enumerate() {
                let public =
                    line.strip_prefix("pub ").is_some_and(|l| items.iter().any(|i| l.starts_with(i)));
                let above = lines[..number].iter().rev().find(|l| !l.starts_with("#["));
                let documented = above.is_some_and(|l| l.starts_with("///") || *l == "$(#[$meta])*");
                assert!(!public || documented, "{file}:{}: {line}", number + 1);
            }
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
fn a_file_is_one_thing() {
    for (file, text) in files("src") {
        let lines = without_tests(&text).lines().count();
        assert!(lines <= 400, "{file} has {lines} lines: it is two things");
    }
}

#[test]
fn the_environment_is_read_in_one_place() {
    for (file, text) in files("src") {
        let reads = text.contains("env::var(") || text.contains("env::vars");
        assert!(!reads || file == "src/main.rs", "{file} reads the environment");
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
    let code = read("src/store/migrations.rs");
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
        let shown = (1..=9)
            .any(|id| readme.contains(&format!("localhost:31000{}", path.replace("{id}", &id.to_string()))));
        assert!(shown, "README does not show {path}");
    }
}

#[test]
fn the_changelog_knows_this_version() {
    assert!(read("CHANGELOG.md").contains(&format!("## {}", env!("CARGO_PKG_VERSION"))));
}
