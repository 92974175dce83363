use super::*;
use crate::gateway::AppOrigin;
use crate::id::ClientId;
use proptest::prelude::*;
use url::Url;

const ORIGIN: &str = "https://app.example.com";

fn app() -> GatewayApp {
    GatewayApp {
        origin: AppOrigin::parse(ORIGIN).unwrap(),
        client_id: ClientId::new("gateway"),
        audience: "https://api.example.com/".to_owned(),
        scope: Scope::parse("read:notes").unwrap(),
    }
}

fn holder(scope: &str) -> Presented {
    Presented::Holder(Identity {
        user: UserId::new("auth0|1"),
        email: None,
        scope: Scope::parse(scope).unwrap(),
        token: "a.b.c".to_owned(),
    })
}

fn asked(caller: Caller, back: &str, needs: &str) -> Asked {
    Asked {
        caller,
        back: ReturnPath::parse(back),
        needs: Scope::parse(needs).unwrap(),
    }
}

#[test]
fn threat_07_a_hostile_return_address_leads_nowhere() {
    for hostile in [
        "",
        "//evil.example",
        "//evil.example/",
        "///evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "\\\\evil.example",
        "/a\\..\\b",
        "https://evil.example",
        "https:evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "evil.example",
        "app.example.com/",
        "?x",
        "#x",
        "/a#b",
        "/\t/evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\n/evil.example",
        "/a\r\nSet-Cookie: x=y",
        "/a\0",
        "/\u{2028}",
        "/\u{ff0f}evil.example",
        "/\u{7f}",
        "/caf\u{e9}",
    ] {
        assert_eq!(ReturnPath::parse(hostile), None, "{hostile:?}");
    }
    assert_eq!(ReturnPath::parse(&format!("/{}", "a".repeat(MAX_RETURN))), None);
    for good in [
        "/",
        "/a",
        "/a/b?c=d&e=%2F%2Fevil",
        "/a//b",
        "/?next=https://evil.example",
        "/@x:y",
    ] {
        assert_eq!(ReturnPath::parse(good).unwrap().as_str(), good);
    }
}

proptest! {
    #[test]
    fn threat_07_a_browser_never_leaves_the_host_for_a_return_address(text in "[/\\\\.:@?#%a-c\t\n \u{e9}-]{0,12}") {
        let base = Url::parse(&format!("{ORIGIN}/deep/page")).unwrap();
        if let Some(back) = ReturnPath::parse(&text) {
            // Written after the origin as we do, and alone as a template of the application might.
            for read in [Url::parse(&app().origin.link(back.as_str())), base.join(back.as_str())] {
                let read = read.unwrap();
                prop_assert_eq!(read.origin().ascii_serialization(), ORIGIN, "{:?}", text);
                prop_assert!(read.username().is_empty() && read.password().is_none() && read.fragment().is_none());
            }
        }
    }

    #[test]
    fn the_way_to_sign_in_carries_the_address_back_unchanged(path in "/[ -~]{0,40}") {
        let asked = asked(Caller::Person, &path, "");
        if let Verdict::SignIn(to) = verdict(&app(), &asked, Presented::Nothing) {
            let url = Url::parse(&to).unwrap();
            prop_assert_eq!(url.origin().ascii_serialization(), ORIGIN);
            prop_assert_eq!(url.path(), "/.sekisho/start");
            let pairs: Vec<_> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, vec![("rd".to_owned(), path)]);
        }
    }

    #[test]
    fn nobody_passes_without_being_somebody_or_beyond_their_scope(
        person in any::<bool>(), path in "/?[ -~]{0,10}", needs in 0_usize..4, held in 0_usize..4, bad in any::<bool>(),
    ) {
        let words = ["", "a", "b", "a b"];
        let caller = if person { Caller::Person } else { Caller::Program };
        let asked = asked(caller, &path, words[needs]);
        let none = verdict(&app(), &asked, if bad { Presented::BadToken } else { Presented::Nothing });
        prop_assert!(!matches!(none, Verdict::Pass(_)));
        prop_assert!(person && !bad || !matches!(none, Verdict::SignIn(_)), "a program or a bad token is not redirected");
        let enough = words[needs].split(' ').all(|word| word.is_empty() || words[held].contains(word));
        let some = verdict(&app(), &asked, holder(words[held]));
        prop_assert_eq!(matches!(some, Verdict::Pass(_)), enough);
        prop_assert!(!matches!(some, Verdict::SignIn(_)), "signing in again would not help");
    }
}

#[test]
fn only_what_can_follow_a_redirect_and_come_back_is_sent_to_sign_in() {
    let page = Signs {
        method: "GET",
        accept: Some("text/html,application/xhtml+xml"),
        fetch_mode: Some("navigate"),
        ..Signs::default()
    };
    assert_eq!(Caller::of(&page), Caller::Person);
    let old = Signs {
        fetch_mode: None,
        ..page
    };
    assert_eq!(Caller::of(&old), Caller::Person);
    for program in [
        Signs {
            method: "POST",
            ..page
        },
        Signs {
            websocket: true,
            ..page
        },
        Signs {
            authorization: true,
            ..page
        },
        Signs {
            requested_with: true,
            ..page
        },
        Signs {
            fetch_mode: Some("cors"),
            ..page
        },
        Signs {
            fetch_mode: Some("websocket"),
            ..page
        },
        Signs {
            fetch_mode: Some("no-cors"),
            ..page
        },
        Signs {
            accept: Some("application/json"),
            ..old
        },
        Signs {
            accept: Some("*/*"),
            ..old
        },
        Signs { accept: None, ..old },
    ] {
        assert_eq!(Caller::of(&program), Caller::Program, "{program:?}");
    }
}

#[test]
fn a_person_who_cannot_be_sent_back_is_told_so() {
    let verdict = verdict(
        &app(),
        &asked(Caller::Person, "//evil.example", ""),
        Presented::Nothing,
    );
    assert_eq!(verdict, Verdict::Deny(Denial::BadAddress));
}
