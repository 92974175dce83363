use std::io::Write;
use std::sync::{Arc, Mutex};

use clap::Parser as _;
use sekisho_jose::{Algorithm, JwkSet, SigningKey, jwt};
use sekisho_rules::time::Timestamp;
use serde_json::json;

use super::super::{Cli, Colour, Failure, Input, Terminal};

const NOW: i64 = 1_800_000_000;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the command prints, and how it fails.
fn run(arguments: &[&str], input: &str, colour: Colour) -> (String, Result<(), Failure>) {
    let page = Page::default();
    let mut terminal = Terminal {
        out: Box::new(page.clone()),
        input: Box::new(std::io::Cursor::new(input.as_bytes().to_vec())),
        input_is: Input::Pipe,
        colour,
        now: Timestamp::from_seconds(NOW),
        environment: Default::default(),
    };
    let result = Cli::try_parse_from([&["sekisho", "jwt"], arguments].concat())
        .unwrap()
        .run(&mut terminal);
    let text = String::from_utf8(page.0.lock().unwrap().clone()).unwrap();
    (text, result)
}

fn refused(arguments: &[&str], input: &str) -> String {
    run(arguments, input, Colour::Plain).1.unwrap_err().to_string()
}

fn token(key: &SigningKey) -> String {
    let claims = json!({"iss": "https://a.example/", "aud": ["x", "y"], "iat": NOW - 60, "exp": NOW + 240});
    jwt::sign(&claims, "at+jwt", key).unwrap()
}

#[test]
fn decode_shows_three_parts_the_times_and_says_loudly_that_nothing_was_checked() {
    let token = token(&SigningKey::generate(Algorithm::Es256).unwrap());
    let (text, result) = run(
        &["decode"],
        &format!("Authorization: Bearer {token}\n"),
        Colour::Plain,
    );
    result.unwrap();
    assert!(text.starts_with("NOT VERIFIED"), "{text}");
    for wanted in [
        "\"alg\": \"ES256\"",
        "\"iss\": \"https://a.example/\"",
        "64 bytes",
        "in 4 min",
        "1 min ago",
        "2027-01-15 08:04:00 UTC",
    ] {
        assert!(text.contains(wanted), "{wanted}\n{text}");
    }
    assert!(!text.contains('\u{1b}'));
    let (coloured, _) = run(&["decode"], &token, Colour::Ansi);
    for code in [
        "\u{1b}[31m",
        "\u{1b}[35m",
        "\u{1b}[36m",
        "\u{1b}[1;33mNOT VERIFIED",
    ] {
        assert!(coloured.contains(code), "{code:?}");
    }
}

#[test]
fn decode_as_json_is_one_line_that_says_it_was_not_verified() {
    let token = token(&SigningKey::generate(Algorithm::Es256).unwrap());
    let (text, _) = run(&["decode", "--json", &token], "", Colour::Plain);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((text.lines().count(), &value["verified"]), (1, &json!(false)));
    assert_eq!(value["payload"]["aud"], json!(["x", "y"]));
    assert!(refused(&["decode", "hello"], "").contains("no JWT"));
}

#[test]
fn an_expired_token_is_called_expired_by_decode_and_refused_by_verify() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    let key = SigningKey::generate(Algorithm::Es256).unwrap().with_kid("k");
    let set: JwkSet = key.public_jwk().into_iter().collect();
    std::fs::write(&path, serde_json::to_vec(&set).unwrap()).unwrap();
    let old = jwt::sign(&json!({"exp": NOW}), "JWT", &key).unwrap();
    assert!(run(&["decode"], &old, Colour::Plain).0.contains("\nexpired\n"));
    let path = path.to_str().unwrap();
    assert!(
        refused(&["verify", "--jwks", path], &old).contains("the signature holds, but the token expired")
    );
    let early = jwt::sign(&json!({"nbf": NOW + 60}), "JWT", &key).unwrap();
    assert!(refused(&["verify", "--jwks", path], &early).contains("valid only in 1 min"));
}

#[test]
fn verify_takes_a_key_set_a_single_jwk_a_pem_or_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    for alg in [Algorithm::Rs256, Algorithm::Es384, Algorithm::EdDsa] {
        let key = SigningKey::generate(alg).unwrap().with_kid("k");
        let set: JwkSet = key.public_jwk().into_iter().collect();
        let sources = [
            ("--jwks", file("set", &serde_json::to_vec(&set).unwrap())),
            (
                "--jwks",
                file("one", &serde_json::to_vec(&key.public_jwk().unwrap()).unwrap()),
            ),
            (
                "--key",
                file("pem", key.verifying_key().to_pem().unwrap().as_bytes()),
            ),
        ];
        for (flag, path) in &sources {
            let (text, result) = run(
                &["verify", flag, path, "--audience", "y"],
                &token(&key),
                Colour::Plain,
            );
            assert!(
                result.is_ok() && text.starts_with("VERIFIED"),
                "{alg} {flag}: {result:?}"
            );
            let stranger = SigningKey::generate(alg).unwrap().with_kid("k");
            assert!(
                refused(&["verify", flag, path], &token(&stranger)).contains("does not hold"),
                "{alg} {flag}"
            );
        }
        let wrong = refused(
            &["verify", "--key", &sources[2].1, "--audience", "z"],
            &token(&key),
        );
        assert!(wrong.contains("`aud` does not name z"), "{wrong}");
    }
    let secret = file("secret", b"0123456789abcdef0123456789abcdef\n");
    let key = SigningKey::hmac(Algorithm::Hs256, b"0123456789abcdef0123456789abcdef").unwrap();
    run(&["verify", "--secret-file", &secret], &token(&key), Colour::Plain)
        .1
        .unwrap();
}

#[test]
fn the_key_decides_the_algorithm_and_the_remedy_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let pem = folder.path().join("pem");
    let pss = SigningKey::generate(Algorithm::Ps256).unwrap();
    let public = pss.verifying_key().to_pem().unwrap();
    std::fs::write(&pem, &public).unwrap();
    let pem = pem.to_str().unwrap();
    assert!(refused(&["verify", "--key", pem], &token(&pss)).contains("`--alg PS256`"));
    run(
        &["verify", "--key", pem, "--alg", "PS256"],
        &token(&pss),
        Colour::Plain,
    )
    .1
    .unwrap();
    // The classic attack, the public key's text as an HMAC secret, fails before it starts.
    let forged = SigningKey::hmac(Algorithm::Hs256, public.as_bytes());
    assert!(forged.is_err());
}

#[test]
fn sign_and_verify_are_inverse() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key.pem");
    let key = key.to_str().unwrap();
    let generate = [
        "sign",
        "--generate",
        "ES256",
        "--key-out",
        key,
        "sub=alice",
        "n=1",
        "--expires-in",
        "300",
    ];
    let (made, result) = run(&generate, "", Colour::Plain);
    result.unwrap();
    let (decoded, _) = run(&["decode", "--json"], &made, Colour::Plain);
    let value: serde_json::Value = serde_json::from_str(&decoded).unwrap();
    assert_eq!(
        value["payload"],
        json!({"sub": "alice", "n": 1, "iat": NOW, "exp": NOW + 300})
    );
    assert!(
        run(&generate, "", Colour::Plain).1.is_err(),
        "an existing key is never overwritten"
    );

    let again = [
        "sign", "--key", key, "--alg", "ES256", "--claims", "-", "--kid", "k",
    ];
    let (made, result) = run(&again, r#"{"sub":"bob"}"#, Colour::Plain);
    result.unwrap();
    assert!(
        run(&["decode"], &made, Colour::Plain)
            .0
            .contains("\"kid\": \"k\"")
    );
    assert!(matches!(
        run(
            &["sign", "--key", key, "--alg", "ES256", "oops"],
            "",
            Colour::Plain
        )
        .1,
        Err(Failure::NotUnderstood(_))
    ));
}
