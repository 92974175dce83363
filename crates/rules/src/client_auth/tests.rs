use super::*;
use crate::client::{ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const HERE: Recipient<'_> = Recipient {
    issuer: "https://id.example/",
    token_endpoint: "https://id.example/oauth/token",
};

pub(super) fn client(id: &str, auth_method: AuthMethod) -> Client {
    Client {
        id: ClientId::new(id),
        name: "An application".to_owned(),
        kind: ClientKind::RegularWeb,
        auth_method,
        sealed_secret: None,
        jwks: None,
        callbacks: vec![],
        logout_urls: vec![],
        web_origins: vec![],
        grant_types: vec![GrantType::AuthorizationCode],
        party: Party::First,
        standing: Standing::Enabled,
        refresh: RefreshPolicy::FIXED,
        notices: LogoutNotices::default(),
        mfa: None,
        id_token_lifetime: 36_000,
        epoch: 0,
        nbf: 0,
    }
}

fn body(pairs: &[(&str, &str)]) -> Parameters {
    Parameters::from_pairs(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    )
}

fn header(id: &str, secret: &str) -> String {
    format!(
        "Basic {}",
        base64_simd::STANDARD.encode_to_string(format!("{id}:{secret}"))
    )
}

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn accepted(client: Client, secret: Option<&str>, presented: &Presented) -> bool {
    let answer = authenticate(client, secret, presented, HERE, NOW);
    if let Err(refusal) = &answer {
        assert_eq!(refusal.reason, Reason::ClientAuthentication);
        assert!(!refusal.private.is_empty());
    }
    answer.is_ok()
}

fn reason(answer: Result<Presented, Refusal>) -> Reason {
    answer.err().expect("refused").reason
}

#[test]
fn a_secret_may_come_either_way() {
    for method in [AuthMethod::SecretBasic, AuthMethod::SecretPost] {
        let by_header = present(Some(&header("web", "s3cret")), &body(&[])).ok().unwrap();
        let by_body = present(None, &body(&[("client_id", "web"), ("client_secret", "s3cret")]))
            .ok()
            .unwrap();
        let named_twice = present(Some(&header("web", "s3cret")), &body(&[("client_id", "web")]))
            .ok()
            .unwrap();
        for presented in [by_header, by_body, named_twice] {
            assert_eq!(presented.client_ids().next(), Some(&ClientId::new("web")));
            assert!(accepted(client("web", method), Some("s3cret"), &presented));
            assert!(!accepted(client("web", method), Some("S3cret"), &presented));
            assert!(!accepted(client("other", method), Some("s3cret"), &presented));
        }
    }
}

#[test]
fn rfc6749_section_2_3_two_methods_at_once_are_refused() {
    let basic = header("web", "s3cret");
    let assertion = [
        ("client_assertion", "a.b.c"),
        ("client_assertion_type", JWT_BEARER),
        ("client_id", "web"),
    ];
    let both = [assertion.as_slice(), &[("client_secret", "s3cret")]].concat();
    for answer in [
        present(
            Some(&basic),
            &body(&[("client_id", "web"), ("client_secret", "s3cret")]),
        ),
        present(Some(&basic), &body(&assertion)),
        present(None, &body(&both)),
        present(Some(&basic), &body(&[("client_id", "other")])),
    ] {
        let reason = reason(answer);
        assert_eq!(reason.code(), "invalid_request");
        assert!(matches!(reason, Reason::Malformed(..)), "{reason:?}");
    }
}

#[test]
fn threat_23_empty_or_absent_secrets_never_authenticate() {
    assert_eq!(
        reason(present(Some(&header("web", "")), &body(&[]))),
        Reason::ClientAuthentication
    );
    assert_eq!(
        reason(present(Some(&header("", "s3cret")), &body(&[]))),
        Reason::ClientAuthentication
    );
    assert_eq!(reason(present(None, &body(&[]))), Reason::Missing("client_id"));
    assert_eq!(
        reason(present(None, &body(&[("client_id", "")]))),
        Reason::Missing("client_id")
    );
    let repeated = [
        ("client_id", "web"),
        ("client_secret", "s3cret"),
        ("client_secret", "s3cret"),
    ];
    assert_eq!(
        reason(present(None, &body(&repeated))),
        Reason::Repeated("client_secret".to_owned())
    );
    for presented in [
        present(None, &body(&[("client_id", "web")])),
        present(None, &body(&[("client_id", "web"), ("client_secret", "")])),
        present(Some(&header("web", "anything")), &body(&[])),
    ] {
        let presented = presented.ok().unwrap();
        for stored in [None, Some(""), Some("s3cret")] {
            for method in [
                AuthMethod::SecretBasic,
                AuthMethod::SecretPost,
                AuthMethod::PrivateKeyJwt,
            ] {
                assert!(!accepted(client("web", method), stored, &presented));
            }
        }
    }
}

#[test]
fn threat_18_disabled_clients_are_refused_with_the_right_secret() {
    let disabled = |method| Client {
        standing: Standing::Disabled,
        ..client("web", method)
    };
    let secret = present(Some(&header("web", "s3cret")), &body(&[])).ok().unwrap();
    assert!(!accepted(
        disabled(AuthMethod::SecretBasic),
        Some("s3cret"),
        &secret
    ));
    let nothing = present(None, &body(&[("client_id", "web")])).ok().unwrap();
    assert!(accepted(client("web", AuthMethod::None), None, &nothing));
    assert!(!accepted(disabled(AuthMethod::None), None, &nothing));
}

#[test]
fn a_public_client_presents_nothing_but_its_name() {
    let public = || client("spa", AuthMethod::None);
    for answer in [
        present(Some(&header("spa", "x")), &body(&[])),
        present(None, &body(&[("client_id", "spa"), ("client_secret", "x")])),
        present(
            None,
            &body(&[
                ("client_id", "spa"),
                ("client_assertion", "a.b.c"),
                ("client_assertion_type", JWT_BEARER),
            ]),
        ),
    ] {
        assert!(!accepted(public(), Some("x"), &answer.ok().unwrap()));
    }
}

#[test]
fn a_client_with_a_key_cannot_fall_back_to_a_secret() {
    let presented = present(Some(&header("web", "s3cret")), &body(&[])).ok().unwrap();
    assert!(!accepted(
        client("web", AuthMethod::PrivateKeyJwt),
        Some("s3cret"),
        &presented
    ));
}

#[test]
fn rfc6749_section_2_3_1_basic_credentials_raw_or_form_encoded() {
    // What openid-client sends for the id `c-1.x` and the secret `s-_.~x`.
    let presented = present(Some(&header("c%2D1%2Ex", "s%2D%5F%2E%7Ex")), &body(&[]))
        .ok()
        .unwrap();
    let ids: Vec<&str> = presented.client_ids().map(ClientId::as_str).collect();
    assert_eq!(ids, ["c%2D1%2Ex", "c-1.x"]);
    assert!(accepted(
        client("c-1.x", AuthMethod::SecretBasic),
        Some("s-_.~x"),
        &presented
    ));
    // The same bytes are the credentials of a client that is really called so.
    assert!(accepted(
        client("c%2D1%2Ex", AuthMethod::SecretBasic),
        Some("s%2D%5F%2E%7Ex"),
        &presented
    ));
    // But name and secret are read the same way.
    assert!(!accepted(
        client("c-1.x", AuthMethod::SecretBasic),
        Some("s%2D%5F%2E%7Ex"),
        &presented
    ));
    // A name that needs no encoding, a secret with plus and percent as they are.
    let presented = present(Some(&header("web", "a+b%zz:c")), &body(&[]))
        .ok()
        .unwrap();
    assert!(accepted(
        client("web", AuthMethod::SecretBasic),
        Some("a+b%zz:c"),
        &presented
    ));
    let presented = present(Some(&header("web", "a+b")), &body(&[])).ok().unwrap();
    assert!(accepted(
        client("web", AuthMethod::SecretBasic),
        Some("a+b"),
        &presented
    ));
    assert!(accepted(
        client("web", AuthMethod::SecretBasic),
        Some("a b"),
        &presented
    ));
}

#[test]
fn threat_25_malformed_or_endless_headers_are_refused() {
    let endless = header("web", &"a".repeat(MAX_HEADER));
    let not_utf8 = format!("Basic {}", base64_simd::STANDARD.encode_to_string(b"web:\xff"));
    let control = header("we\0b", "s3cret");
    let encoded_control = header("we%00b", "s3cret");
    for sent in [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic d2Vi",
        "Basic d2ViOnM",
        "Basic d2Vi Om0=",
        "Bearer abc",
        "d2ViOnM=",
        &endless,
        &not_utf8,
        &control,
        &encoded_control,
        &header(&"a".repeat(256), "s3cret"),
    ] {
        assert_eq!(
            reason(present(Some(sent), &body(&[]))),
            Reason::ClientAuthentication,
            "{sent}"
        );
    }
    assert!(present(Some(&header("web", "s").replace("Basic", "bAsIc ")), &body(&[])).is_ok());
}

proptest! {
    #[test]
    fn a_secret_authenticates_however_it_is_sent(id in "[!-~&&[^:]]{1,20}", secret in "[ -~]{1,40}", other in "[ -~]{1,40}") {
        let raw = present(Some(&header(&id, &secret)), &body(&[])).ok();
        let form = present(Some(&header(&encoded(&id), &encoded(&secret))), &body(&[])).ok();
        let post = present(None, &body(&[("client_id", &id), ("client_secret", &secret)])).ok();
        let web = || client(&id, AuthMethod::SecretBasic);
        for presented in [&form, &post].into_iter().flatten().chain(&raw) {
            prop_assert!(accepted(web(), Some(&secret), presented));
        }
        prop_assert!(form.is_some() && post.is_some());
        // Only an id whose decoded form holds a control character cannot be sent as it is.
        prop_assert!(raw.is_some() || form_decoded(&id).is_some_and(|id| id.chars().any(char::is_control)));
        prop_assert_eq!(accepted(web(), Some(&other), &post.unwrap()), other == secret);
    }

    #[test]
    fn any_header_is_answered(sent in any::<String>(), bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = present(Some(&sent), &body(&[]));
        let _ = present(Some(&format!("Basic {}", base64_simd::STANDARD.encode_to_string(bytes))), &body(&[]));
    }

    #[test]
    fn form_decoding_undoes_form_encoding(text in any::<String>()) {
        let decoded = form_decoded(&encoded(&text)).unwrap();
        prop_assert_eq!(decoded.as_str(), &text);
    }
}
