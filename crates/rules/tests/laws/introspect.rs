//! Laws of introspection and revocation: who may ask about a token, and who may end it.

use crate::world::{client, machine};
use sekisho_rules::id::ClientId;
use sekisho_rules::introspect::{Answer, Asked, answer};
use sekisho_rules::refusal::Reason;
use sekisho_rules::revoke::owner;

#[test]
fn threat_21_only_the_issuing_client_and_the_audience_are_told() {
    let (notes, other) = (
        "https://notes.example".to_owned(),
        "https://other.example".to_owned(),
    );
    let (issued_to, api) = (client(), machine());
    let audiences = [notes.clone(), "https://id.example/userinfo".to_owned()];
    let asked = Asked {
        client_id: &issued_to.id,
        audiences: &audiences,
    };
    assert_eq!(answer(&issued_to, asked, &[]), Answer::Tell);
    let grants = [other, notes];
    assert_eq!(answer(&api, asked, &grants), Answer::Tell);
    assert_eq!(answer(&api, asked, &grants[..1]), Answer::Hide);
    assert_eq!(answer(&api, asked, &[]), Answer::Hide);
    let opaque = Asked {
        client_id: &issued_to.id,
        audiences: &[],
    };
    assert_eq!(answer(&api, opaque, &grants), Answer::Hide);
}

#[test]
fn rfc_7009_section_2_1_a_client_ends_its_own_tokens_only() {
    assert_eq!(owner(&client(), &client().id), Ok(()));
    let refused = owner(&client(), &ClientId::new("another")).unwrap_err();
    assert_eq!(refused.reason, Reason::TokenOfAnother);
    assert_eq!(refused.reason.code(), "invalid_grant");
}
