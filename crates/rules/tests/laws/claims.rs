//! Laws of claims: what a token says follows from its grant and nothing else, and no token can be taken for another kind.

use crate::world::{
    AUDIENCE, ISSUER, NOW, api, authenticated, client, family, machine, scope, session, user,
};
use proptest::prelude::*;
use sekisho_rules::api::{Api, Dialect};
use sekisho_rules::claims::{access, access_typ, id, profile};
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::client_credentials::{ClientGrant, decide};
use sekisho_rules::grant::refresh_token::{Facts, Refresh, Wish, refresh};
use sekisho_rules::id::GrantId;
use sekisho_rules::wire::Wire;
use serde::Serialize;
use serde_json::{Map, Value, json};

fn granted(words: &str, dialect: Dialect) -> Grant {
    let (token, mut family) = family();
    family.scope = scope(words);
    let api = Api { dialect, ..api() };
    let facts = Facts {
        family: Some(family),
        user: Some(user()),
        session: Some(session()),
        api: Some(api),
        issuer_epoch: 7,
    };
    match refresh(
        &authenticated(client()),
        &token,
        Wish {
            scope: None,
            audience: None,
        },
        facts,
        NOW,
    ) {
        Refresh::Grant(grant, _) => *grant,
        other => panic!("{other:?}"),
    }
}

fn object(claims: impl Serialize) -> Map<String, Value> {
    match serde_json::to_value(claims).unwrap() {
        Value::Object(object) => object,
        other => panic!("{other}"),
    }
}

#[test]
fn an_access_token_in_either_form() {
    let grant = granted("openid read:notes", Dialect::AccessToken);
    let expected = json!({
        "iss": ISSUER, "sub": "auth0|1", "aud": [AUDIENCE, "https://id.example/userinfo"], "iat": 1_800_000_000,
        "exp": 1_800_000_300, "scope": "openid read:notes", "gty": "refresh_token", "azp": "spa", "jti": "j1",
        "gid": "gid1", "sid": "sid1",
    });
    assert_eq!(
        Value::Object(object(access(&grant, ISSUER, "j1").unwrap())),
        expected
    );
    let grant = granted("read:notes", Dialect::Rfc9068);
    let claims = object(access(&grant, ISSUER, "j1").unwrap());
    assert_eq!(claims["aud"], AUDIENCE);
    assert_eq!(claims["client_id"], "spa");
    assert!(!claims.contains_key("azp") && !claims.contains_key("gty"));
    assert_eq!(
        (access_typ(Dialect::AccessToken), access_typ(Dialect::Rfc9068)),
        ("JWT", "at+jwt")
    );
}

#[test]
fn a_machine_has_no_session_and_no_id_token() {
    let found = ClientGrant {
        id: GrantId::new("cgr1"),
        audience: AUDIENCE.to_owned(),
        scope: scope("read:notes"),
    };
    let grant = decide(
        &authenticated(machine()),
        (None, None),
        Some(found),
        Some(api()),
        NOW,
    )
    .unwrap();
    let claims = object(access(&grant, ISSUER, "j1").unwrap());
    assert_eq!(claims["sub"], "machine@clients");
    assert_eq!(claims["gty"], "client-credentials");
    assert!(!claims.contains_key("sid"));
    assert!(id(&grant, ISSUER, Wire::Auth0).is_none());
}

#[test]
fn updated_at_is_a_number_by_the_standard_and_text_on_the_other_wire() {
    let number = object(profile(&user(), &scope("profile"), Wire::Standard));
    assert_eq!(number["updated_at"], 1_800_000_000);
    let text = object(profile(&user(), &scope("profile"), Wire::Auth0));
    assert_eq!(text["updated_at"], "2027-01-15T08:00:00.000Z");
}

proptest! {
    #[test]
    fn threat_j09_no_token_can_be_taken_for_another_kind(
        words in prop::sample::subsequence(vec!["openid", "profile", "email", "offline_access", "read:notes"], 1..6),
        standard in any::<bool>(), rfc9068 in any::<bool>(),
    ) {
        let dialect = if rfc9068 { Dialect::Rfc9068 } else { Dialect::AccessToken };
        let wire = if standard { Wire::Standard } else { Wire::Auth0 };
        let grant = granted(&words.join(" "), dialect);
        let claims = object(access(&grant, ISSUER, "j1").unwrap());
        for name in ["nonce", "at_hash", "events", "email", "name"] {
            prop_assert!(!claims.contains_key(name), "{} in an access token", name);
        }
        // RFC 9068 section 2.2.1 has it; the other form has not.
        prop_assert_eq!(claims.contains_key("auth_time"), rfc9068);
        prop_assert!(claims.contains_key("jti") && claims.contains_key("gid") && claims.contains_key("sid"));
        prop_assert!(claims["exp"].as_i64().unwrap() <= grant.last_exp());
        let claims = id(&grant, ISSUER, wire).map(object);
        prop_assert_eq!(claims.is_some(), words.contains(&"openid"));
        if let Some(claims) = claims {
            for name in ["gid", "jti", "scope", "azp", "events", "nonce"] {
                prop_assert!(!claims.contains_key(name), "{} in an ID token", name);
            }
            prop_assert_eq!(&claims["aud"], "spa");
            prop_assert_eq!(&claims["sub"], "auth0|1");
            prop_assert!(claims["exp"].as_i64().unwrap() <= grant.last_exp());
            prop_assert_eq!(claims.contains_key("email"), words.contains(&"email"));
            prop_assert_eq!(claims.contains_key("name"), words.contains(&"profile"));
        }
    }

    #[test]
    fn oidc_core_section_5_4_a_scope_opens_its_own_claims_only(profiled in any::<bool>(), mailed in any::<bool>(), standard in any::<bool>()) {
        let words = [("profile", profiled), ("email", mailed)].into_iter().filter(|(_, on)| *on).map(|(word, _)| word);
        let scope = scope(&words.collect::<Vec<_>>().join(" "));
        let claims = object(profile(&user(), &scope, if standard { Wire::Standard } else { Wire::Auth0 }));
        for name in claims.keys() {
            let open = match name.as_str() {
                "sub" => true,
                "email" | "email_verified" => mailed,
                _ => profiled,
            };
            prop_assert!(open, "{}", name);
        }
        prop_assert_eq!(&claims["sub"], "auth0|1");
    }
}
