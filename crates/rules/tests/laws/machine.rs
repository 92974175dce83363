//! Laws of the client credentials grant.

use crate::world::{AUDIENCE, NOW, api, authenticated, client, machine, scope};
use proptest::prelude::*;
use sekisho_rules::client::{AuthMethod, Client, GrantType};
use sekisho_rules::grant::client_credentials::{ClientGrant, decide};
use sekisho_rules::grant::{Origin, Refreshable, Subject};
use sekisho_rules::id::GrantId;
use sekisho_rules::refusal::Reason;

fn granted(words: &str) -> ClientGrant {
    ClientGrant {
        id: GrantId::new("cgr1"),
        audience: AUDIENCE.to_owned(),
        scope: scope(words),
    }
}

#[test]
fn rfc6749_section_4_4_a_machine_speaks_for_itself_alone() {
    let grant = decide(
        &authenticated(machine()),
        (Some(AUDIENCE), None),
        Some(granted("read:notes")),
        Some(api()),
        NOW,
    )
    .unwrap();
    assert!(matches!(grant.subject(), Subject::Client));
    assert_eq!(grant.origin(), Origin::ClientCredentials);
    assert_eq!(grant.refreshable(), Refreshable::No);
    assert_eq!(grant.gid().as_str(), "cgr1");
    assert!(!grant.has_id_token());
}

#[test]
fn rfc6749_section_4_4_public_clients_and_missing_grants_are_refused() {
    let reason = |client: Client, audience, found, api| {
        decide(&authenticated(client), (audience, None), found, api, NOW)
            .unwrap_err()
            .reason
    };
    let public = Client {
        auth_method: AuthMethod::None,
        ..machine()
    };
    let not_allowed = Reason::GrantNotAllowed("client_credentials");
    assert_eq!(
        reason(public, Some(AUDIENCE), Some(granted("read:notes")), Some(api())),
        not_allowed
    );
    let other = Client {
        grant_types: vec![GrantType::AuthorizationCode],
        ..machine()
    };
    assert_eq!(
        reason(other, Some(AUDIENCE), Some(granted("read:notes")), Some(api())),
        not_allowed
    );
    assert_eq!(
        reason(client(), Some(AUDIENCE), Some(granted("read:notes")), Some(api())),
        not_allowed
    );
    let unauthorized = Reason::ClientNotAuthorized(AUDIENCE.to_owned());
    assert_eq!(reason(machine(), Some(AUDIENCE), None, Some(api())), unauthorized);
    assert_eq!(reason(machine(), None, None, None), Reason::Missing("audience"));
    let gone = Reason::UnknownAudience(AUDIENCE.to_owned());
    assert_eq!(
        reason(machine(), Some(AUDIENCE), Some(granted("read:notes")), None),
        gone
    );
}

proptest! {
    #[test]
    fn no_machine_gets_a_scope_nobody_granted(
        held in prop::sample::subsequence(vec!["read:notes", "write:notes", "old:scope", "openid"], 0..=4),
        asked in prop::option::of(prop::sample::subsequence(vec!["read:notes", "write:notes", "admin", "openid"], 0..=4)),
    ) {
        let asked = asked.map(|words| scope(&words.join(" ")));
        let found = granted(&held.join(" "));
        let outcome = decide(&authenticated(machine()), (Some(AUDIENCE), asked.as_ref()), Some(found.clone()), Some(api()), NOW);
        match outcome {
            Ok(grant) => {
                prop_assert!(grant.scope().is_subset(&found.scope));
                prop_assert!(grant.scope().is_subset(&scope("read:notes write:notes")));
                prop_assert!(asked.is_none_or(|asked| grant.scope().is_subset(&asked)));
                prop_assert!(!grant.has_id_token());
            }
            Err(refusal) => {
                prop_assert!(matches!(refusal.reason, Reason::InvalidScope(_)));
                let known = api().known(&found.scope);
                prop_assert!(asked.is_some_and(|asked| asked.intersect(&known).is_empty()));
            }
        }
    }
}
