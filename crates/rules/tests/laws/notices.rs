//! How a client may hear of logouts.

use crate::world::client;
use sekisho_rules::client::LogoutNotices;
use sekisho_rules::logout::check_notices;

fn back(urls: &[&str]) -> bool {
    let notices = LogoutNotices {
        backchannel_urls: urls.iter().map(|url| (*url).to_owned()).collect(),
        ..LogoutNotices::default()
    };
    check_notices(&notices, &client().callbacks).is_ok()
}

fn front(url: &str, callback: &str) -> bool {
    let notices = LogoutNotices {
        frontchannel_url: Some(url.to_owned()),
        ..LogoutNotices::default()
    };
    check_notices(&notices, &[callback.to_owned()]).is_ok()
}

#[test]
fn backchannel_logout_1_0_section_2_2_an_absolute_address_without_a_fragment() {
    assert!(back(&[]));
    assert!(back(&[
        "https://app.example/logout?tenant=1",
        "http://10.0.0.7:3000/logout"
    ]));
    for url in [
        "",
        "/logout",
        "app.example/logout",
        "https://app.example/logout#now",
        "https://me:secret@app.example/logout",
        "ftp://app.example/logout",
        "com.example.app:/logout",
        "https://app.example/../logout",
    ] {
        assert!(!back(&[url]), "{url}");
    }
    assert!(back(&["https://app.example/"; 5]) && !back(&["https://app.example/"; 6]));
}

#[test]
fn frontchannel_logout_1_0_section_2_on_the_origin_of_a_redirect_uri() {
    let callback = "https://app.example/callback";
    assert!(front("https://app.example/logout?a=b", callback));
    for url in [
        "https://other.example/logout",
        "http://app.example/logout",
        "https://app.example:8443/logout",
        "https://app.example/logout#x",
    ] {
        assert!(!front(url, callback), "{url}");
    }
    assert!(front("http://localhost:3000/logout", "http://localhost:3000/cb"));
    assert!(!front("com.example.app:/logout", "com.example.app:/cb"));
}
