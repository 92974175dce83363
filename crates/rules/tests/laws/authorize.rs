//! Laws of authorization requests.

use crate::world::{
    AUDIENCE, CALLBACK, CHALLENGE, ISSUER, NOW, api, client, parameters, scope, session, user,
};
use proptest::prelude::*;
use sekisho_rules::api::{Api, Offline};
use sekisho_rules::authorize::{
    Facts, Known, Next, Provable, Response, SignedIn, Step, Trusted, Valid, check, next, trust,
};
use sekisho_rules::client::{Client, GrantType, Party, Standing};
use sekisho_rules::consent::Consent;
use sekisho_rules::factor::{FactorKind, Factors, MfaPolicy};
use sekisho_rules::id::{GrantId, UserId};
use sekisho_rules::refusal::{PageRefusal, Reason};
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;

const GOOD: [(&str, &str); 7] = [
    ("client_id", "spa"),
    ("redirect_uri", CALLBACK),
    ("response_type", "code"),
    (
        "scope",
        "openid profile offline_access read:notes delete:everything",
    ),
    ("audience", AUDIENCE),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// The good request with some parameters replaced; an empty value is an absent one.
pub(crate) fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let kept = GOOD
        .into_iter()
        .filter(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    kept.chain(changes.iter().copied()).collect()
}

pub(crate) fn understood(
    client: Client,
    pairs: &[(&str, &str)],
    api: Option<Api>,
) -> Result<(Trusted, Valid), Reason> {
    let parameters = parameters(pairs);
    let trusted = trust(&parameters, Some(client)).unwrap();
    let valid = check(&trusted, &parameters, ISSUER, api).map_err(|refusal| refusal.reason)?;
    Ok((trusted, valid))
}

pub(crate) fn set_up(enrolled: &[FactorKind]) -> Provable {
    Provable {
        factors: Factors {
            enrolled: enrolled.to_vec(),
            mailbox: false,
        },
        remembered: false,
    }
}

/// What is known of a browser, as a law changes it.
pub(crate) struct Browser {
    pub(crate) session: Session,
    pub(crate) user: User,
    pub(crate) hinted: Option<&'static str>,
    pub(crate) factors: Known<Provable>,
    pub(crate) mfa: MfaPolicy,
    pub(crate) consent: Known<Option<Consent>>,
    pub(crate) started_at: Timestamp,
}

impl Browser {
    pub(crate) fn signed_in() -> Self {
        Self {
            session: session(),
            user: user(),
            hinted: None,
            factors: Known::Known(set_up(&[])),
            mfa: MfaPolicy::Adaptive,
            consent: Known::Unknown,
            started_at: NOW,
        }
    }

    pub(crate) fn next(&self, (trusted, valid): &(Trusted, Valid)) -> Next {
        let facts = Facts {
            signed_in: Some(SignedIn {
                session: &self.session,
                user: &self.user,
            }),
            hinted: self.hinted,
            factors: self.factors.clone(),
            mfa: self.mfa,
            consent: self.consent.clone(),
            started_at: self.started_at,
            issuer_epoch: 7,
            gid: GrantId::new("gid1"),
        };
        next(trusted, valid, facts, NOW)
    }
}

fn next_of_nobody((trusted, valid): &(Trusted, Valid)) -> Next {
    let facts = Facts {
        signed_in: None,
        hinted: None,
        factors: Known::Unknown,
        mfa: MfaPolicy::Adaptive,
        consent: Known::Unknown,
        started_at: NOW,
        issuer_epoch: 7,
        gid: GrantId::new("gid1"),
    };
    next(trusted, valid, facts, NOW)
}

pub(crate) fn reason_of(next: Next) -> Reason {
    match next {
        Next::Refuse(refusal) => refusal.reason,
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_signed_in_user_gets_a_code_bound_to_the_request() {
    let request = understood(client(), &with(&[("nonce", "n"), ("state", "s")]), Some(api())).unwrap();
    let Next::Respond(code) = Browser::signed_in().next(&request) else {
        panic!("no code")
    };
    assert_eq!(code.client_id, client().id);
    assert_eq!(code.user_id, user().id);
    assert_eq!(code.session_id, session().id);
    assert_eq!(code.redirect_uri, CALLBACK);
    assert_eq!(code.audience.as_deref(), Some(AUDIENCE));
    assert_eq!(code.nonce.as_deref(), Some("n"));
    assert_eq!(code.challenge.unwrap().as_str(), CHALLENGE);
    assert_eq!(code.scope, scope("openid profile offline_access read:notes"));
    assert_eq!(code.epochs, crate::world::epochs());
    assert_eq!(code.expires_at, NOW.plus_seconds(60));
    assert_eq!(code.auth_time, session().auth_time);
}

#[test]
fn rfc6749_section_4_1_2_1_without_proven_client_and_address_there_is_only_a_page() {
    let refused = |changes: &[(&str, &str)], client| trust(&parameters(&with(changes)), client).unwrap_err();
    let disabled = Client {
        standing: Standing::Disabled,
        ..client()
    };
    assert_eq!(refused(&[], None), PageRefusal::ClientUnknown);
    assert_eq!(refused(&[], Some(disabled)), PageRefusal::ClientUnknown);
    assert_eq!(
        refused(&[("redirect_uri", "")], Some(client())),
        PageRefusal::RedirectMissing
    );
    let twice = [("redirect_uri", CALLBACK), ("redirect_uri", CALLBACK)];
    assert_eq!(refused(&twice, Some(client())), PageRefusal::RedirectMissing);
    for other in [
        "https://evil.example/cb",
        "https://app.example/cb/",
        "https://app.example",
    ] {
        assert_eq!(
            refused(&[("redirect_uri", other)], Some(client())),
            PageRefusal::RedirectUnregistered
        );
    }
}

#[test]
fn web_message_goes_to_registered_origins_only() {
    let web_message = |redirect| {
        with(&[
            ("redirect_uri", redirect),
            ("response_mode", "web_message"),
            ("state", "s"),
        ])
    };
    for redirect in [CALLBACK, "https://app.example"] {
        let trusted = trust(&parameters(&web_message(redirect)), Some(client())).unwrap();
        let Response::WebMessage { origin, fields } = trusted.error("login_required", "x") else {
            panic!("{redirect}")
        };
        assert_eq!(origin, "https://app.example");
        assert!(fields.contains(&("state", "s".to_owned())));
    }
    let elsewhere = trust(&parameters(&web_message("https://evil.example")), Some(client()));
    assert_eq!(elsewhere.unwrap_err(), PageRefusal::RedirectUnregistered);
    let native = Client {
        callbacks: vec!["com.example.app:/cb".to_owned()],
        ..client()
    };
    let no_origin = trust(&parameters(&web_message("com.example.app:/cb")), Some(native));
    assert_eq!(no_origin.unwrap_err(), PageRefusal::ResponseMode);
}

#[test]
fn one_wrong_parameter_refuses_the_request() {
    for (changes, reason) in [
        (vec![("response_type", "")], Reason::Missing("response_type")),
        (vec![("response_type", "token")], Reason::UnsupportedResponseType),
        (
            vec![("response_type", "code token")],
            Reason::UnsupportedResponseType,
        ),
        (vec![("request", "a.b.c")], Reason::RequestNotSupported),
        (
            vec![("request_uri", "https://x.example")],
            Reason::RequestUriNotSupported,
        ),
        (vec![("registration", "{}")], Reason::RegistrationNotSupported),
        (
            vec![("code_challenge", ""), ("code_challenge_method", "")],
            Reason::PkceRequired,
        ),
        (vec![("code_challenge_method", "plain")], Reason::PkceMethod),
        (vec![("code_challenge_method", "")], Reason::PkceMethod),
        (
            vec![("audience", "https://other.example")],
            Reason::UnknownAudience("https://other.example".to_owned()),
        ),
    ] {
        assert_eq!(
            understood(client(), &with(&changes), Some(api())).unwrap_err(),
            reason,
            "{changes:?}"
        );
    }
    for (name, value) in [
        ("prompt", "none login"),
        ("max_age", "-1"),
        ("max_age", "x"),
        ("response_mode", "pigeon"),
    ] {
        let reason = understood(client(), &with(&[(name, value)]), Some(api())).unwrap_err();
        assert!(
            matches!(reason, Reason::Malformed(..)),
            "{name} {value} {reason:?}"
        );
    }
    let machine = Client {
        grant_types: vec![GrantType::ClientCredentials],
        ..client()
    };
    assert!(matches!(
        understood(machine, &GOOD, Some(api())),
        Err(Reason::GrantNotAllowed(_))
    ));
}

#[test]
fn threat_23_a_repeated_parameter_is_refused() {
    for name in [
        "response_type",
        "scope",
        "state",
        "nonce",
        "audience",
        "code_challenge",
        "prompt",
        "max_age",
    ] {
        let pairs = with(&[(name, "code"), (name, "code")]);
        let reason = understood(client(), &pairs, Some(api())).unwrap_err();
        assert_eq!(reason, Reason::Repeated(name.to_owned()));
    }
}

#[test]
fn oidc_core_section_3_1_2_3_prompt_and_max_age() {
    let ask = |changes: &[(&str, &str)], browser: &Browser| {
        browser.next(&understood(client(), &with(changes), Some(api())).unwrap())
    };
    let browser = Browser::signed_in();
    assert!(matches!(
        ask(&[("prompt", "login")], &browser),
        Next::Ask(Step::Login)
    ));
    assert!(matches!(
        ask(&[("prompt", "select_account")], &browser),
        Next::Ask(Step::Login)
    ));
    assert!(matches!(
        ask(&[("max_age", "59")], &browser),
        Next::Ask(Step::Login)
    ));
    assert!(matches!(
        ask(&[("max_age", "0")], &browser),
        Next::Ask(Step::Login)
    ));
    assert!(matches!(ask(&[("max_age", "61")], &browser), Next::Respond(_)));
    let none = [("max_age", "59"), ("prompt", "none")];
    assert_eq!(reason_of(ask(&none, &browser)), Reason::LoginRequired);
    // A login made for this journey answers all of them, or they would ask for ever.
    let fresh = Browser {
        started_at: session().auth_time,
        ..Browser::signed_in()
    };
    for changes in [[("prompt", "login")], [("max_age", "0")], [("max_age", "59")]] {
        assert!(matches!(ask(&changes, &fresh), Next::Respond(_)), "{changes:?}");
    }
}

#[test]
fn oidc_core_section_3_1_2_1_id_token_hint_names_the_only_user() {
    let request = understood(client(), &GOOD, Some(api())).unwrap();
    let hinted = |hinted, started_at| Browser {
        hinted: Some(hinted),
        started_at,
        ..Browser::signed_in()
    };
    assert!(matches!(hinted("auth0|1", NOW).next(&request), Next::Respond(_)));
    assert!(matches!(
        hinted("auth0|2", NOW).next(&request),
        Next::Ask(Step::Login)
    ));
    // Somebody else signs in: the client asked for one user and gets no other.
    assert_eq!(
        reason_of(hinted("auth0|2", session().auth_time).next(&request)),
        Reason::LoginRequired
    );
}

#[test]
fn third_party_clients_need_consent_and_it_is_remembered() {
    let third = Client {
        party: Party::Third,
        ..client()
    };
    let asked = |changes: &[(&str, &str)]| understood(third.clone(), &with(changes), Some(api())).unwrap();
    let known = |words: &str, granted_at| Browser {
        consent: Known::Known(Some(Consent {
            scope: scope(words),
            granted_at,
        })),
        ..Browser::signed_in()
    };
    let long_ago = NOW.plus_seconds(-1_000_000);
    let all = "openid profile offline_access read:notes";
    assert!(matches!(
        Browser::signed_in().next(&asked(&[])),
        Next::NeedConsent
    ));
    let none = Browser {
        consent: Known::Known(None),
        ..Browser::signed_in()
    };
    assert!(matches!(none.next(&asked(&[])), Next::Ask(Step::Consent(_))));
    assert!(matches!(known(all, long_ago).next(&asked(&[])), Next::Respond(_)));
    assert!(matches!(
        known("openid profile", long_ago).next(&asked(&[])),
        Next::Ask(Step::Consent(_))
    ));
    assert!(matches!(
        known(all, long_ago).next(&asked(&[("prompt", "consent")])),
        Next::Ask(Step::Consent(_))
    ));
    assert!(matches!(
        known(all, NOW).next(&asked(&[("prompt", "consent")])),
        Next::Respond(_)
    ));
    assert_eq!(
        reason_of(none.next(&asked(&[("prompt", "none")]))),
        Reason::ConsentRequired
    );
}

fn words() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec![
        "openid",
        "profile",
        "email",
        "offline_access",
        "read:notes",
        "write:notes",
        "admin",
        "x",
    ];
    prop::sample::subsequence(all, 0..=8)
}

proptest! {
    #[test]
    fn no_outcome_grants_a_scope_nobody_defined_or_asked_for(asked in words(), offline in any::<bool>(), refresh in any::<bool>(), with_api in any::<bool>()) {
        let text = asked.join(" ");
        let mut client = client();
        if !refresh {
            client.grant_types.retain(|grant| *grant != GrantType::RefreshToken);
        }
        let api = Api { offline: if offline { Offline::Allowed } else { Offline::Denied }, ..api() };
        let audience = if with_api { AUDIENCE } else { "" };
        let pairs = with(&[("scope", &text), ("audience", audience)]);
        let (_, valid) = understood(client, &pairs, with_api.then_some(api)).unwrap();
        for word in valid.scope.iter() {
            prop_assert!(asked.contains(&word), "{word} was not asked for");
            let defined = match word {
                "openid" | "profile" | "email" => true,
                "offline_access" => refresh && (offline || !with_api),
                "read:notes" | "write:notes" => with_api,
                _ => false,
            };
            prop_assert!(defined, "{word} may not be granted");
        }
    }

    #[test]
    fn prompt_none_never_asks_and_third_parties_never_get_more_than_was_allowed(
        third in any::<bool>(), none in any::<bool>(), asked in words(), allowed in prop::option::of(words()),
        max_age in prop::option::of(0_i64..200), hint in prop::option::of(prop_oneof![Just("auth0|1"), Just("auth0|2")]),
        started in -200_i64..10, signed_in in any::<bool>(),
    ) {
        let party = if third { Party::Third } else { Party::First };
        let text = asked.join(" ");
        let age = max_age.map(|seconds| seconds.to_string()).unwrap_or_default();
        let prompt = if none { "none" } else { "" };
        let pairs = with(&[("scope", &text), ("prompt", prompt), ("max_age", &age)]);
        let request = understood(Client { party, ..client() }, &pairs, Some(api())).unwrap();
        let consent = allowed.map(|words| Consent { scope: scope(&words.join(" ")), granted_at: NOW });
        let browser = Browser {
            hinted: hint,
            consent: Known::Known(consent.clone()),
            started_at: NOW.plus_seconds(started),
            ..Browser::signed_in()
        };
        let outcome = if signed_in { browser.next(&request) } else { next_of_nobody(&request) };
        match outcome {
            Next::Ask(_) => prop_assert!(!none),
            Next::NeedFactors | Next::NeedConsent => prop_assert!(false, "it is known"),
            Next::Refuse(_) => {}
            Next::Respond(code) => {
                prop_assert!(signed_in);
                prop_assert!(hint.is_none_or(|hint| UserId::new(hint) == code.user_id));
                let covered = consent.is_some_and(|consent| code.scope.is_subset(&consent.scope));
                prop_assert!(!third || covered);
                prop_assert_eq!(code.scope, request.1.scope.clone());
                let fresh = code.auth_time >= browser.started_at;
                prop_assert!(fresh || max_age.is_none_or(|seconds| NOW.millis_since(code.auth_time) <= seconds * 1000));
            }
        }
    }

    #[test]
    fn no_error_reaches_an_unproven_address(redirect in prop_oneof![Just(CALLBACK.to_owned()), any::<String>(),
        "https://app\\.example/cb[a-z/?#@.]{0,3}"], mode in "(query|fragment|form_post|web_message|x|)", state in any::<String>()) {
        let pairs = with(&[("redirect_uri", &redirect), ("response_mode", &mode), ("state", &state)]);
        if let Ok(trusted) = trust(&parameters(&pairs), Some(client())) {
            prop_assert!(redirect == CALLBACK || redirect == "https://app.example");
            let has_state = |fields: &[(&str, String)]| fields.iter().any(|(name, value)| *name == "state" && *value == state);
            match trusted.error("access_denied", "no") {
                Response::Redirect(to) => {
                    let url = url::Url::parse(&to).unwrap();
                    prop_assert_eq!(url.origin().ascii_serialization(), "https://app.example");
                    prop_assert_eq!(to.contains("state="), !state.is_empty());
                }
                Response::FormPost { action, fields } => {
                    prop_assert_eq!(action, CALLBACK);
                    prop_assert_eq!(has_state(&fields), !state.is_empty());
                }
                Response::WebMessage { origin, fields } => {
                    prop_assert_eq!(origin, "https://app.example");
                    prop_assert_eq!(has_state(&fields), !state.is_empty());
                }
            }
        } else {
            prop_assert!(redirect != CALLBACK);
        }
    }
}
