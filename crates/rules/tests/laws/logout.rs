//! Laws of logout: nothing ends without proof where proof is asked for, and nobody is sent to an unregistered address.

use crate::world::{client, session};
use proptest::prelude::*;
use sekisho_rules::client::{Client, Standing};
use sekisho_rules::logout::{Confirmation, Door, Facts, Hint, Plan, Request, Then, plan};
use sekisho_rules::refusal::PageRefusal;

const BYE: &str = "https://app.example/bye";

fn request<'a>(door: Door) -> Request<'a> {
    Request {
        door,
        return_to: None,
        state: None,
        logout_hint: None,
        hint: Hint::Absent,
        confirmation: Confirmation::NotAsked,
    }
}

#[test]
fn rp_initiated_logout_section_2_a_mere_link_is_asked_about() {
    let (client, sid) = (client(), session().id);
    let facts = Facts {
        client: Some(&client),
        tenant_urls: &[],
        session: Some((&sid, "auth0|1")),
    };
    let ends = |request: &Request<'_>| matches!(plan(request, facts), Plan::End { session: Some(_), .. });
    let link = request(Door::Oidc);
    assert_eq!(plan(&link, facts), Plan::Confirm);
    assert!(ends(&Request {
        hint: Hint::Known { sub: "auth0|1" },
        ..link.clone()
    }));
    assert!(!ends(&Request {
        hint: Hint::Known { sub: "auth0|2" },
        ..link.clone()
    }));
    assert!(ends(&Request {
        logout_hint: Some("sid1"),
        ..link.clone()
    }));
    assert!(!ends(&Request {
        logout_hint: Some("sid2"),
        ..link.clone()
    }));
    assert!(ends(&Request {
        confirmation: Confirmation::Given,
        ..link.clone()
    }));
    assert!(ends(&Request {
        confirmation: Confirmation::NotWanted,
        ..link.clone()
    }));
    assert!(ends(&request(Door::Simple)));
    let invalid = Request {
        hint: Hint::Invalid,
        confirmation: Confirmation::Given,
        ..link
    };
    assert!(matches!(
        plan(&invalid, facts),
        Plan::Refuse(PageRefusal::Malformed(_))
    ));
}

#[test]
fn the_two_doors_compare_the_return_address_differently() {
    let client = client();
    let facts = Facts {
        client: Some(&client),
        tenant_urls: &[],
        session: None,
    };
    let then = |door, to, state| {
        plan(
            &Request {
                return_to: Some(to),
                state,
                ..request(door)
            },
            facts,
        )
    };
    let back = |to: &str| Plan::End {
        session: None,
        then: Then::Return(to.to_owned()),
    };
    assert_eq!(
        then(Door::Oidc, BYE, Some("a b")),
        back("https://app.example/bye?state=a%20b")
    );
    assert_eq!(then(Door::Oidc, BYE, None), back(BYE));
    assert_eq!(
        then(Door::Simple, "https://app.example/bye?x=1", None),
        back("https://app.example/bye?x=1")
    );
    let unregistered = Plan::Refuse(PageRefusal::LogoutUrlUnregistered);
    assert_eq!(
        then(Door::Oidc, "https://app.example/bye?x=1", None),
        unregistered
    );
    let disabled = Client {
        standing: Standing::Disabled,
        ..client.clone()
    };
    let facts = Facts {
        client: Some(&disabled),
        ..facts
    };
    let request = Request {
        return_to: Some(BYE),
        ..request(Door::Oidc)
    };
    assert_eq!(plan(&request, facts), unregistered);
}

proptest! {
    #[test]
    fn threat_07_redirect_uri_of_a_logout_is_registered_or_nothing_happens(
        to in prop_oneof![any::<String>(), Just(BYE.to_owned()), "https://app\\.example/bye[?#a-z/@.:]{0,4}"],
        simple in any::<bool>(), named in any::<bool>(), state in prop::option::of(any::<String>()),
    ) {
        let (client, sid) = (client(), session().id);
        let tenant = ["https://tenant.example/out".to_owned()];
        let facts = Facts { client: named.then_some(&client), tenant_urls: &tenant, session: Some((&sid, "auth0|1")) };
        let door = if simple { Door::Simple } else { Door::Oidc };
        let request = Request {
            return_to: Some(&to),
            state: state.as_deref(),
            confirmation: Confirmation::Given,
            ..request(door)
        };
        match plan(&request, facts) {
            Plan::End { then: Then::Return(address), .. } => {
                prop_assert!(named && address.starts_with(BYE));
                prop_assert_eq!(to.split('?').next().unwrap(), BYE);
                let url = url::Url::parse(&address).unwrap();
                prop_assert_eq!(url.path(), "/bye");
                prop_assert_eq!(url.origin().ascii_serialization(), "https://app.example");
            }
            Plan::Refuse(PageRefusal::LogoutUrlUnregistered) => prop_assert!(to != BYE || !named),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
