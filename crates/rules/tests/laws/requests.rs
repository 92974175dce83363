//! Laws of requests as they are read: parameters, token requests, tokens handed in for revocation.

use crate::world::{family, parameters, secret};
use proptest::prelude::*;
use sekisho_rules::grant::TokenRequest;
use sekisho_rules::refusal::Reason;
use sekisho_rules::revoke::{OPAQUE_PREFIX, Presented, presented};

fn parse(pairs: &[(&str, &str)]) -> Result<TokenRequest, Reason> {
    TokenRequest::parse(&parameters(pairs))
}

#[test]
fn rfc6749_section_5_2_a_token_request_names_a_grant_we_serve() {
    assert_eq!(parse(&[]).unwrap_err(), Reason::Missing("grant_type"));
    for other in [
        "Password",
        "implicit",
        "Authorization_Code",
        "authorization_code ",
        "urn:x",
    ] {
        assert_eq!(
            parse(&[("grant_type", other), ("code", "c")]).unwrap_err(),
            Reason::UnsupportedGrantType
        );
    }
    assert!(matches!(
        parse(&[("grant_type", "authorization_code"), ("code", "c")]),
        Ok(TokenRequest::AuthorizationCode { code, redirect_uri: None, verifier: None }) if code == "c"
    ));
    assert!(matches!(
        parse(&[("grant_type", "refresh_token"), ("refresh_token", "r"), ("scope", "a b")]),
        Ok(TokenRequest::RefreshToken { token, scope: Some(scope), audience: None }) if token == "r" && scope.as_str() == "a b"
    ));
    assert!(matches!(
        parse(&[("grant_type", "client_credentials"), ("audience", "x")]),
        Ok(TokenRequest::ClientCredentials { audience: Some(audience), scope: None }) if audience == "x"
    ));
}

/// Each grant with a parameter it reads.
const READ: [(&str, &str); 8] = [
    ("authorization_code", "code"),
    ("authorization_code", "redirect_uri"),
    ("authorization_code", "code_verifier"),
    ("refresh_token", "refresh_token"),
    ("refresh_token", "scope"),
    ("refresh_token", "audience"),
    ("client_credentials", "audience"),
    ("client_credentials", "scope"),
];

#[test]
fn threat_23_a_parameter_sent_twice_or_with_a_nul_is_refused() {
    for (grant, name) in READ {
        let with = |more: &[(&str, &str)]| {
            let mut pairs = vec![("grant_type", grant)];
            pairs.extend(
                [("code", "c"), ("refresh_token", "r")]
                    .iter()
                    .filter(|(other, _)| *other != name),
            );
            pairs.extend(more);
            parse(&pairs)
        };
        assert!(with(&[(name, "x")]).is_ok(), "{grant} {name}");
        // Twice the same, or once with nothing in it, is still twice.
        for second in ["x", "y", ""] {
            let refused = with(&[(name, "x"), (name, second)]).unwrap_err();
            assert_eq!(refused, Reason::Repeated(name.to_owned()), "{grant}");
        }
        assert_eq!(
            with(&[(name, "x\0y")]).unwrap_err(),
            Reason::Nul(name.to_owned()),
            "{grant}"
        );
    }
}

#[test]
fn threat_23_an_empty_parameter_is_a_missing_one() {
    for (grant, name) in [("authorization_code", "code"), ("refresh_token", "refresh_token")] {
        assert_eq!(
            parse(&[("grant_type", grant), (name, "")]).unwrap_err(),
            Reason::Missing(name)
        );
    }
}

#[test]
fn a_hint_with_a_nul_is_no_hint() {
    let sent = parameters(&[("login_hint", "a\0"), ("ui_locales", ""), ("ui_locales", "ja")]);
    assert_eq!(sent.hint("login_hint"), None);
    assert_eq!(sent.hint("ui_locales"), Some("ja"));
}

#[test]
fn rfc7009_section_2_1_a_token_says_itself_what_it_is() {
    let (refresh, _) = family();
    assert!(
        matches!(presented(&refresh.encode()), Presented::Refresh(found) if found.hash().matches(&refresh.hash()))
    );
    let opaque = format!("{OPAQUE_PREFIX}{}", secret(1).encode());
    assert!(matches!(presented(&opaque), Presented::Opaque));
    assert!(matches!(presented("a.b.c"), Presented::Jwt));
    for nothing in ["", "rt_", "rt_AAAA", "a.b", "a.b.c.d", "code", "AT_x"] {
        assert!(matches!(presented(nothing), Presented::Unknown), "{nothing}");
    }
}

proptest! {
    #[test]
    fn any_text_can_be_handed_in(text in any::<String>()) {
        let dots = text.bytes().filter(|byte| *byte == b'.').count();
        match presented(&text) {
            Presented::Refresh(token) => prop_assert_eq!(token.encode(), text),
            Presented::Opaque => prop_assert!(text.starts_with(OPAQUE_PREFIX)),
            Presented::Jwt => prop_assert_eq!(dots, 2),
            Presented::Unknown => prop_assert_ne!(dots, 2),
        }
    }

    #[test]
    fn any_parameters_are_answered(pairs in prop::collection::vec((prop_oneof![
        Just("grant_type"), Just("code"), Just("scope"), Just("audience"), Just("refresh_token")], any::<String>()), 0..6)) {
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        if let Ok(TokenRequest::AuthorizationCode { code, .. }) = parse(&pairs) {
            prop_assert!(!code.is_empty() && !code.contains('\0'));
        }
    }
}
