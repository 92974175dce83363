//! The order of modules inside the server: each layer imports only those above it in this list.
//!
//! Features do not import each other; they meet in the shared layer, or by redirecting.

use crate::tree::{files_ending, none};

/// The layers, first to last. A module that no line names is a feature.
const LAYERS: [(&str, &[&str]); 5] = [
    ("text", &["text"]),
    ("pages", &["pages"]),
    ("shared", SHARED),
    ("routes", &["routes"]),
    ("main", &["cli", "demo", "dev", "lib", "main", "serve"]),
];

/// Where features meet: the application's state, HTTP, what makes and ends sessions and tokens, and what all of it needs.
const SHARED: &[&str] = &[
    "access_token",
    "api_token",
    "app",
    "attempts",
    "audit",
    "bot_check",
    "breached",
    "builtin",
    "client_auth",
    "config",
    "credential",
    "device",
    "egress",
    "end",
    "establish",
    "factors",
    "failures",
    "feed",
    "gateway",
    "http",
    "issuer",
    "jobs",
    "journey",
    "keys",
    "listen",
    "mail",
    "mail_code",
    "mailed_login",
    "mfa_token",
    "new_password",
    "notices",
    "passkeys",
    "password_mails",
    "passwords",
    "respond",
    "risk",
    "rows",
    "seal",
    "session_management",
    "signed_in",
    "signed_out",
    "telemetry",
    "throttle",
    "tickets",
    "upstream",
];

/// Features go between `shared` and `routes`.
const FEATURES: usize = 3;

/// The one feature others may import: the actions behind two doors.
const ADMIN: &str = "admin";

fn layer(module: &str) -> usize {
    let named = LAYERS.iter().position(|(_, modules)| modules.contains(&module));
    named.map_or(FEATURES, |at| if at < FEATURES { at } else { at + 1 })
}

#[test]
fn server_modules_import_only_earlier_layers() {
    const SOURCES: &str = "crates/server/src/";
    let mut offences = Vec::new();
    for file in files_ending(SOURCES, ".rs") {
        let name = file.path[SOURCES.len()..].split(['/', '.']).next().unwrap_or("");
        for (line, code) in file.code() {
            for (at, _) in code.match_indices("crate::") {
                let rest = &code[at + "crate::".len()..];
                let targets: Vec<&str> = match rest.strip_prefix('{') {
                    Some(list) => list.split([',', '}']).map(|t| first_word(t.trim())).collect(),
                    None => vec![first_word(rest)],
                };
                for target in targets
                    .into_iter()
                    .filter(|t| t.starts_with(|c: char| c.is_ascii_lowercase()))
                {
                    if target != name && !may_import(name, target) {
                        offences.push(format!("{}:{line} `{name}` imports `{target}`", file.path));
                    }
                }
            }
        }
    }
    none(
        &offences,
        "an import against the order text < pages < shared < features < routes < main",
    );
}

fn may_import(from: &str, target: &str) -> bool {
    let (a, b) = (layer(from), layer(target));
    b < a || (a == b && a != FEATURES) || (target == ADMIN && matches!(from, "api" | "console"))
}

fn first_word(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap_or("")
}
