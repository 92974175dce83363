use super::*;
use proptest::prelude::*;

const REGISTERED: [&str; 8] = [
    "https://app.example/cb",
    "https://app.example/cb?fixed=1",
    "https://app.example:8443/a/b",
    "http://localhost:3000",
    "http://127.0.0.1/cb",
    "http://[::1]:8080/cb",
    "com.example.app:/cb",
    "demo://app.example/ios/callback",
];

/// Each line is an address an attacker might hope to be taken for a registered one.
const HOSTILE: &str = include_str!("hostile.txt");

fn registered() -> Vec<String> {
    REGISTERED.iter().map(|one| (*one).to_owned()).collect()
}

/// The lines, with `<TAB>`, `<U+200B>` and the like turned into the characters they name.
fn hostile() -> Vec<String> {
    let lines = HOSTILE
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "));
    lines.map(unescaped).collect()
}

fn unescaped(line: &str) -> String {
    let mut text = line
        .replace("<TAB>", "\t")
        .replace("<LF>", "\n")
        .replace("<CR>", "\r")
        .replace("<NUL>", "\0");
    text = text.replace("<SP>", " ");
    while let Some((before, rest)) = text.clone().split_once("<U+") {
        let (digits, after) = rest.split_once('>').unwrap();
        let character = char::from_u32(u32::from_str_radix(digits, 16).unwrap()).unwrap();
        text = format!("{before}{character}{after}");
    }
    text
}

#[test]
fn threat_07_redirect_uri_registered_ones_are_accepted_as_they_are() {
    for kind in ClientKind::ALL {
        for one in REGISTERED {
            assert_eq!(check_callback(one), Ok(()), "{one}");
            assert_eq!(match_callback(&registered(), one, *kind).unwrap().as_str(), one);
        }
    }
}

#[test]
fn threat_07_redirect_uri_hostile_corpus() {
    let corpus = hostile();
    assert!(corpus.len() >= 200, "{} addresses", corpus.len());
    for sent in &corpus {
        assert!(!REGISTERED.contains(&sent.as_str()), "not hostile: {sent}");
        for kind in ClientKind::ALL {
            assert_eq!(
                match_callback(&registered(), sent, *kind),
                None,
                "{kind:?} {sent:?}"
            );
        }
        assert_eq!(match_web_origin(&registered(), sent), None, "{sent:?}");
    }
}

#[test]
fn threat_07_redirect_uri_hostile_ones_never_leave_after_logout() {
    let places: Vec<&str> = REGISTERED.iter().map(|one| without_query(one)).collect();
    for sent in hostile() {
        assert_eq!(logout_url_exact(&registered(), &sent), None, "{sent:?}");
        if let Some(verified) = logout_url(&registered(), &sent) {
            // Only a query may differ, and a browser agrees about the place.
            assert!(places.contains(&without_query(verified.as_str())), "{sent:?}");
            let mut url = Url::parse(&sent).unwrap();
            url.set_query(None);
            assert!(
                places.iter().any(|place| Url::parse(place).unwrap() == url),
                "{sent:?}"
            );
        }
    }
}

#[test]
fn threat_07_redirect_uri_dangerous_addresses_cannot_be_registered() {
    for bad in [
        "",
        "/cb",
        "//app.example/cb",
        "app.example/cb",
        "https:/app.example/cb",
        "https:app.example/cb",
        "https:///cb",
        "https://",
        "https://app.example/cb#",
        "https://app.example/cb#top",
        "https://user@app.example/cb",
        "https://user:password@app.example/cb",
        "https://@app.example/cb",
        "https://:@app.example/cb",
        "demo://user@host/cb",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "blob:https://app.example/1",
        "about:blank",
        "view-source:https://app.example/cb",
        "ws://app.example/cb",
        "https://app.example/cb\n",
        " https://app.example/cb",
        "https://app.example/c b",
        "https://app.example/\u{e9}",
        "https://\u{4f8b}\u{3048}.jp/cb",
        "https://app.example\\cb",
        "https://*.app.example/cb",
        "HTTPS://app.example/cb",
        "https://App.Example/cb",
        "https://app.example:443/cb",
        "http://app.example:80/cb",
        "https://app.example/a/../cb",
        "https://app.example/./cb",
        "https://app.example/%2e%2e/cb",
        "http://2130706433/cb",
        "http://0x7f.1/cb",
        "http://127.1/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "https://app.example:65536/cb",
        "https://exa mple/cb",
        "https://app.example/cb?a=\"",
    ] {
        assert!(check_callback(bad).is_err(), "{bad:?}");
        // Even when such a row exists it is never matched.
        assert_eq!(
            match_callback(&[bad.to_owned()], bad, ClientKind::RegularWeb),
            None,
            "{bad:?}"
        );
    }
    assert!(check_callback(&format!("https://app.example/{}", "a".repeat(2000))).is_err());
}

#[test]
fn ordinary_addresses_can_be_registered() {
    for good in [
        "https://app.example",
        "https://app.example/",
        "https://app.example?x=1",
        "http://localhost:3000",
        "http://localhost:3000/callback",
        "http://127.0.0.1:8080/",
        "http://[::1]/cb",
        "https://xn--r8jz45g.jp/cb",
        "https://app.example/cb?next=%2Fhome&x=1",
        "https://app.example/..;/cb",
        "https://app.example/a%2Fb",
        "com.example.app:/oauth2redirect",
        "com.example.app://login.example/ios/com.example.app/callback",
        "demo://callback",
    ] {
        assert_eq!(check_callback(good), Ok(()), "{good}");
    }
}

#[test]
fn rfc8252_section_7_3_native_loopback_port_is_free() {
    let registered = registered();
    let native = |sent: &str| match_callback(&registered, sent, ClientKind::Native).is_some();
    for good in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:65535/cb",
        "http://[::1]:50123/cb",
        "http://[::1]/cb",
    ] {
        assert!(native(good), "{good}");
    }
    for bad in [
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1:+81/cb",
        "http://127.0.0.1:5000/cb/",
        "http://127.0.0.1:5000/cb?x=1",
        "http://127.0.0.1:5000/CB",
        "http://127.0.0.1:5000",
        "http://127.0.0.1.evil.example:5000/cb",
        "http://127.0.0.1:5000@evil.example/cb",
        "http://127.0.0.2:5000/cb",
        "https://127.0.0.1:5000/cb",
        "http://localhost:5000",
        "http://[::1]x:5000/cb",
    ] {
        assert!(!native(bad), "{bad}");
    }
    for kind in [
        ClientKind::SinglePage,
        ClientKind::RegularWeb,
        ClientKind::Machine,
    ] {
        assert_eq!(
            match_callback(&registered, "http://127.0.0.1:5000/cb", kind),
            None
        );
    }
}

#[test]
fn web_message_needs_a_bare_origin() {
    let origins = [
        "https://app.example".to_owned(),
        "http://localhost:3000".to_owned(),
        "https://b.example/cb".to_owned(),
    ];
    assert_eq!(
        match_web_origin(&origins, "https://app.example")
            .unwrap()
            .origin()
            .unwrap(),
        "https://app.example"
    );
    assert!(match_web_origin(&origins, "http://localhost:3000").is_some());
    for bad in [
        "https://app.example/",
        "https://b.example/cb",
        "https://b.example",
        "http://localhost",
        "null",
        "",
    ] {
        assert_eq!(match_web_origin(&origins, bad), None, "{bad}");
    }
}

#[test]
fn rpinitiated_logout_ignores_the_query_only() {
    let allowed = [
        "https://app.example/bye".to_owned(),
        "https://app.example/out?x=1".to_owned(),
    ];
    for good in [
        "https://app.example/bye",
        "https://app.example/bye?",
        "https://app.example/bye?a=1&b=|x'",
        "https://app.example/out",
    ] {
        assert_eq!(logout_url(&allowed, good).unwrap().as_str(), good);
    }
    for bad in [
        "https://app.example/bye/",
        "https://app.example/bye#x",
        "https://app.example/bye?x#y",
        "https://app.example/bye?\n",
        "https://app.example/bye?a b",
        "https://app.example/bye?\u{e9}",
        "https://app.example/bye%3Fx",
        "https://app.example",
        "https://app.example@evil.example/bye",
        "?https://app.example/bye",
        "",
    ] {
        assert_eq!(logout_url(&allowed, bad), None, "{bad:?}");
    }
    assert!(logout_url_exact(&allowed, "https://app.example/out?x=1").is_some());
    assert_eq!(logout_url_exact(&allowed, "https://app.example/out"), None);
    assert_eq!(logout_url_exact(&allowed, "https://app.example/bye?a=1"), None);
    let back = logout_url(&allowed, "https://app.example/bye?a=1").unwrap();
    assert_eq!(
        back.with_query(&[("state", "x=y")]),
        "https://app.example/bye?a=1&state=x%3Dy"
    );
}

#[test]
fn rfc6749_section_3_1_2_query_of_the_address_stays() {
    let with = |address: &str| {
        let verified = match_callback(&[address.to_owned()], address, ClientKind::RegularWeb).unwrap();
        (
            verified.with_query(&[("code", "c"), ("state", "s t/+=")]),
            verified.with_fragment(&[("code", "c")]),
        )
    };
    let (query, fragment) = with("https://a.example/cb");
    assert_eq!(query, "https://a.example/cb?code=c&state=s%20t%2F%2B%3D");
    assert_eq!(fragment, "https://a.example/cb#code=c");
    assert_eq!(
        with("https://a.example/cb?x=%31&").0,
        "https://a.example/cb?x=%31&&code=c&state=s%20t%2F%2B%3D"
    );
    assert_eq!(
        with("https://a.example/cb?").0,
        "https://a.example/cb?code=c&state=s%20t%2F%2B%3D"
    );
    assert_eq!(
        with("http://localhost:3000").0,
        "http://localhost:3000?code=c&state=s%20t%2F%2B%3D"
    );
    assert_eq!(
        with("com.example.app:/cb").0,
        "com.example.app:/cb?code=c&state=s%20t%2F%2B%3D"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn threat_07_redirect_uri_nothing_but_equality_is_accepted(
        index in 0_usize..8,
        at in any::<prop::sample::Index>(),
        piece in prop_oneof!["[ -~]{0,3}", Just("../".to_owned()), Just("%2e%2e/".to_owned()), Just("..;/".to_owned()),
            Just("@".to_owned()), Just("\\".to_owned()), Just("\t".to_owned()), any::<char>().prop_map(String::from)],
        cut in 0_usize..3,
    ) {
        let one = REGISTERED[index];
        let start = at.index(one.len() + 1);
        let end = (start + cut).min(one.len());
        let sent = format!("{}{piece}{}", &one[..start], &one[end..]);
        for kind in [ClientKind::SinglePage, ClientKind::RegularWeb, ClientKind::Machine] {
            let accepted = match_callback(&registered(), &sent, kind).is_some();
            prop_assert_eq!(accepted, REGISTERED.contains(&sent.as_str()), "{}", sent);
        }
        // A native client may choose the port of a loopback address; a browser must agree that nothing else changed.
        if match_callback(&registered(), &sent, ClientKind::Native).is_some() && !REGISTERED.contains(&sent.as_str()) {
            let mut url = Url::parse(&sent).unwrap();
            prop_assert_eq!(url.as_str(), &sent);
            prop_assert!(url.set_port(None).is_ok());
            prop_assert!(url.as_str() == "http://127.0.0.1/cb" || url.as_str() == "http://[::1]/cb", "{}", sent);
        }
    }

    #[test]
    fn what_is_registered_means_the_same_to_a_browser(uri in "https?://[a-zA-Z0-9.@:%\\\\/-]{0,20}/[ -~]{0,12}") {
        if check_callback(&uri).is_ok() {
            let url = Url::parse(&uri).unwrap();
            prop_assert!(url.as_str() == uri || url.as_str().len() == uri.len() + 1);
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert_eq!(authority(url.as_str()), authority(&uri));
        }
    }

    #[test]
    fn state_comes_back_byte_for_byte(state in any::<String>(), code in any::<String>()) {
        for address in ["https://app.example/cb", "https://app.example/cb?fixed=1", "http://localhost:3000"] {
            let verified = match_callback(&registered(), address, ClientKind::SinglePage).unwrap();
            let sent = verified.with_query(&[("code", &code), ("state", &state)]);
            prop_assert!(sent.is_ascii());
            let url = Url::parse(&sent).unwrap();
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().filter(|(name, _)| name != "fixed").collect();
            prop_assert_eq!(&pairs, &[("code".to_owned(), code.clone()), ("state".to_owned(), state.clone())]);
            // A fragment is read by scripts, which split and percent-decode it the same way.
            let sent = verified.with_fragment(&[("code", &code), ("state", &state)]);
            let fragment = sent.split_once('#').unwrap().1;
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(fragment.as_bytes()).into_owned().collect();
            prop_assert_eq!(&pairs[1].1, &state);
        }
    }

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        let _ = check_callback(&text);
        prop_assert_eq!(match_callback(&registered(), &text, ClientKind::Native), None);
        prop_assert_eq!(logout_url(&registered(), &text), None);
    }
}
