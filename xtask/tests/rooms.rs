//! The five rooms: one chain of packages, and which outside crate each room may name.

use crate::tree::{files_ending, names, none, table};

/// The chain: each room may import those before it.
const CHAIN: [(&str, &str); 5] = [
    ("jose", "sekisho-jose"),
    ("verify", "sekisho-verify"),
    ("rules", "sekisho-rules"),
    ("store", "sekisho-store"),
    ("server", "sekisho"),
];

/// Outside crates a room may name. The server may name any but those of `FORBIDDEN_IN_SERVER`.
const OUTSIDE: [(&str, &[&str]); 4] = [
    (
        "jose",
        &[
            "aws-lc-rs",
            "base64-simd",
            "serde",
            "serde_json",
            "thiserror",
            "zeroize",
        ],
    ),
    (
        "verify",
        &[
            "arc-swap",
            "axum-core",
            "foldhash",
            "http",
            "papaya",
            "reqwest",
            "serde",
            "serde_json",
            "siphasher",
            "thiserror",
            "tokio",
            "tower",
        ],
    ),
    (
        "rules",
        &[
            "base64-simd",
            "idna",
            "jiff",
            "serde",
            "serde_json",
            "sha2",
            "subtle",
            "thiserror",
            "unicode-normalization",
            "url",
            "zeroize",
        ],
    ),
    (
        "store",
        &[
            "bytes",
            "deadpool-postgres",
            "rusqlite",
            "rustls",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tokio-postgres",
            "tokio-postgres-rustls",
            "tracing",
            "webpki-roots",
        ],
    ),
];

/// What these do belongs to another room.
const FORBIDDEN_IN_SERVER: [&str; 4] = [
    "deadpool-postgres",
    "rusqlite",
    "tokio-postgres",
    "tokio-postgres-rustls",
];

/// A crate that only some files may name: where it is looked for, its name in code, and those files or folders.
const DOORS: [(&str, &str, &[&str]); 8] = [
    ("crates/", "rusqlite", &["crates/store/src/door/"]),
    ("crates/", "tokio_postgres", &["crates/store/src/door/"]),
    ("crates/", "deadpool_postgres", &["crates/store/src/door/"]),
    (
        "crates/jose/",
        "aws_lc_rs",
        &[
            "crates/jose/src/crypto.rs",
            "crates/jose/src/crypto/",
            "crates/jose/tests/threats/forge.rs",
        ],
    ),
    ("crates/rules/src/", "tokio", &[]),
    (
        "crates/verify/src/",
        "reqwest",
        &["crates/verify/src/fetch.rs", "crates/verify/src/fetch/"],
    ),
    (
        "crates/server/src/",
        "reqwest",
        &["crates/server/src/egress.rs", "crates/server/src/egress/"],
    ),
    ("crates/server/src/", "aws_lc_rs", SERVER_CRYPTO),
];

/// The server draws fresh secrets, seals them at rest, checks hashes that other programs made (PBKDF2, and Firebase's AES), and gives TLS
/// its backend.
const SERVER_CRYPTO: &[&str] = &[
    "crates/server/src/config/keys.rs",
    "crates/server/src/http/moment.rs",
    "crates/server/src/passwords/foreign.rs",
    "crates/server/src/passwords/foreign/",
    "crates/server/src/seal.rs",
];

#[test]
fn rooms_form_one_chain() {
    for (i, (room, _)) in CHAIN.iter().enumerate() {
        let later: Vec<_> = CHAIN[i..].iter().map(|(_, package)| *package).collect();
        let dependencies = table(&format!("crates/{room}/Cargo.toml"), "dependencies");
        let wrong: Vec<_> = dependencies
            .into_iter()
            .filter(|name| later.contains(&name.as_str()))
            .collect();
        none(&wrong, &format!("`{room}` imports a room that comes after it"));
    }
}

#[test]
fn rooms_name_only_their_outside_crates() {
    for (room, allowed) in OUTSIDE {
        let dependencies = table(&format!("crates/{room}/Cargo.toml"), "dependencies");
        let wrong: Vec<_> = dependencies
            .into_iter()
            .filter(|name| !name.starts_with("sekisho-") && !allowed.contains(&name.as_str()))
            .collect();
        none(&wrong, &format!("`{room}` may not name these crates"));
    }
    let server = table("crates/server/Cargo.toml", "dependencies");
    let wrong: Vec<_> = server
        .into_iter()
        .filter(|name| FORBIDDEN_IN_SERVER.contains(&name.as_str()))
        .collect();
    none(&wrong, "database drivers belong to `store`");
}

#[test]
fn outside_crates_stay_behind_their_doors() {
    let mut offences = Vec::new();
    for (folder, crate_name, doors) in DOORS {
        for file in files_ending(folder, ".rs") {
            if doors.iter().any(|door| file.path.starts_with(door)) || file.path.contains("/tests/") {
                continue;
            }
            let hits = file.code().filter(|(_, line)| names(line, crate_name));
            offences.extend(hits.map(|(line, _)| format!("{}:{line} names {crate_name}", file.path)));
        }
    }
    none(&offences, "an outside crate is named outside its door");
}

#[test]
fn only_published_rooms_can_be_published() {
    for (room, _) in CHAIN {
        let private = table(&format!("crates/{room}/Cargo.toml"), "package").contains(&"publish".to_owned());
        assert_eq!(private, !matches!(room, "jose" | "verify"), "{room}");
    }
}
