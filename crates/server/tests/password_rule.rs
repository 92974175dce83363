//! Which passwords may be new ones, at every door that sets one.

use crate::browser::{Answer, Browser};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use axum::routing::get;
use sekisho::admin::Actor::Operator;
use sekisho::admin::users::{NewUser, add, set_password};
use sekisho::breached::{Source, build};
use sekisho::mail::Post;
use sekisho_rules::identity::Email;
use sekisho_store::users;
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// Passwords nobody may choose here, and what the page says.
const REFUSED: [(&str, &str); 8] = [
    ("", "Enter"),
    ("short", "Use at least 8 characters."),
    ("password123", "first passwords anybody would try"),
    (
        "\u{30d1}\u{30b9}\u{30ef}\u{30fc}\u{30c9}1234",
        "first passwords anybody would try",
    ),
    ("abcdefghij", "easy to guess"),
    ("hanako horse battery", "Leave out your name"),
    ("the Example horse battery", "Leave out your name"),
    ("correct\0horse battery", ""),
];
const CHOSEN: &str = "nine purple lanterns drift";

engines!(
    every_door_refuses_the_same_passwords,
    passwords_do_not_come_again,
    threat_25_a_huge_password_costs_no_hash,
);

async fn sign_up(browser: &mut Browser<'_>, email: &str, password: &str) -> Answer {
    let page = browser
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let fields = [
        ("state", state.as_str()),
        ("csrf", &csrf),
        ("email", email),
        ("password", password),
    ];
    browser.submit(&page.action(), &fields).await
}

async fn reset_link(site: &Site) -> String {
    let asked = site.browser().submit("/u/reset", &[("email", EMAIL)]).await;
    assert_eq!(asked.status, StatusCode::OK);
    sekisho::jobs::run_due(&site.app).await.unwrap();
    let Post::Mailbox(mailbox) = &site.app.post else {
        panic!("stories keep their mails")
    };
    let mail = mailbox.mails().remove(0);
    let line = mail.text.lines().find(|line| line.starts_with("https://"));
    line.unwrap().replace("https://login.example", "")
}

async fn choose(site: &Site, link: &str, password: &str) -> Answer {
    let mut browser = site.browser();
    let ticket = browser.get(link).await.hidden("ticket");
    browser
        .submit("/u/password", &[("ticket", &ticket), ("password", password)])
        .await
}

async fn stored(site: &Site) -> sekisho_rules::user::User {
    users::by_email(&site.app.db, EMAIL).await.unwrap().unwrap()
}

async fn every_door_refuses_the_same_passwords(site: Site) {
    let link = reset_link(&site).await;
    let hanako = stored(&site).await;
    for (password, said) in REFUSED {
        let mut browser = site.browser();
        let joined = sign_up(&mut browser, "hanako.seki@mail.example", password).await;
        assert_eq!(
            joined.status,
            StatusCode::BAD_REQUEST,
            "sign-up took {password:?}"
        );
        assert!(joined.body.contains(said), "{password:?}: {}", joined.body);

        let chosen = choose(&site, &link, password).await;
        assert_eq!(
            chosen.status,
            StatusCode::BAD_REQUEST,
            "a reset took {password:?}"
        );
        assert!(chosen.body.contains(said), "{password:?}: {}", chosen.body);

        let set = set_password(&site.app, Operator, &hanako, password).await;
        assert!(set.is_err(), "the operator set {password:?}");
        let new = NewUser {
            email: "hanako.seki@mail.example".to_owned(),
            name: None,
            password: Zeroizing::new(password.to_owned()),
            email_verified: false,
        };
        let added = add(&site.app, Operator, new).await;
        assert!(added.is_err(), "the operator added {password:?}");
    }
    assert_eq!(stored(&site).await.password_hash, hanako.password_hash);
    let joined = Email::parse("hanako.seki@mail.example").unwrap();
    assert!(
        users::by_email(&site.app.db, &joined.folded)
            .await
            .unwrap()
            .is_none()
    );

    let mut ja = site.browser();
    ja.language = "ja";
    let page = sign_up(&mut ja, "taro@mail.example", "sekisho").await;
    for said in ["8\u{a0}文字以上", "含めないでください"] {
        assert!(
            page.body.contains(said),
            "every reason at once, in Japanese: {}",
            page.body
        );
    }
    let done = choose(&site, &link, CHOSEN).await;
    assert!(
        done.status.is_success() || done.status.is_redirection(),
        "{}",
        done.body
    );
}

async fn passwords_do_not_come_again(site: Site) {
    let hanako = stored(&site).await;
    let same = set_password(&site.app, Operator, &hanako, PASSWORD).await;
    assert!(
        same.unwrap_err()
            .to_string()
            .contains("used for this account before")
    );

    // With a longer memory, on the same database.
    let mut environment = site.environment.clone();
    environment.insert("SEKISHO_PASSWORDS_HISTORY".to_owned(), "3".to_owned());
    let site = Site::open(environment, Arc::clone(&site.clock), tempfile::tempdir().unwrap()).await;
    for next in [
        "first lantern purple",
        "second lantern purple",
        "third lantern purple",
    ] {
        site.pass(1);
        set_password(&site.app, Operator, &stored(&site).await, next)
            .await
            .unwrap();
    }
    for (again, said) in [
        ("third lantern purple", "the present one"),
        ("second lantern purple", "the one before"),
        ("first lantern purple", "the third"),
    ] {
        let link = reset_link(&site).await;
        let refused = choose(&site, &link, again).await;
        assert!(
            refused.body.contains("You have used this password here before"),
            "{said}"
        );
        site.pass(1000);
    }
    let kept = sekisho_store::password_history::of_user(&site.app.db, &stored(&site).await.id).await;
    assert_eq!(
        kept.unwrap().len(),
        2,
        "no more hashes are kept than are asked for"
    );
    set_password(&site.app, Operator, &stored(&site).await, PASSWORD)
        .await
        .unwrap();
}

async fn threat_25_a_huge_password_costs_no_hash(site: Site) {
    let huge = "nine purple lanterns ".repeat(1000);
    let link = reset_link(&site).await;
    let before = site.app.passwords.hashes_done();
    let refused = choose(&site, &link, &huge).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("Use at most 256"), "{}", refused.body);
    assert_eq!(site.app.passwords.hashes_done(), before);
    // At the login it costs what every wrong password costs (threat 24).
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    for wrong in [huge.as_str(), "\0", "wrong"] {
        let before = site.app.passwords.hashes_done();
        let answer = browser.log_in(&page, EMAIL, wrong).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        let nul = wrong.contains('\0');
        assert_eq!(
            site.app.passwords.hashes_done() - before,
            u64::from(!nul),
            "{}",
            wrong.len()
        );
    }
}

#[tokio::test]
async fn leaked_passwords_of_the_list_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("leaked.list");
    build(format!("{CHOSEN}\nanother one").as_bytes(), Source::Plain, &list).unwrap();
    let site = Site::with(&[("SEKISHO_PASSWORDS_BREACHED_FILE", list.to_str().unwrap())]).await;
    let refused = sign_up(&mut site.browser(), "taro@mail.example", CHOSEN).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    assert!(refused.body.contains("appeared in a data leak"));
    let taken = sign_up(
        &mut site.browser(),
        "taro@mail.example",
        "nine green lanterns drift",
    )
    .await;
    assert!(taken.status.is_redirection(), "{}", taken.body);
}

/// A stand-in for the range service: keeps what it was asked.
async fn range_service(answer: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let router = axum::Router::new().route(
        "/range/{prefix}",
        get(
            async move |axum::extract::Path(prefix): axum::extract::Path<String>,
                        headers: axum::http::HeaderMap| {
                let padding = headers
                    .get("add-padding")
                    .map(|value| value.to_str().unwrap().to_owned());
                seen.lock()
                    .unwrap()
                    .push(format!("{prefix} {}", padding.unwrap_or_default()));
                answer.clone()
            },
        ),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}/range/"), asked)
}

#[tokio::test]
async fn the_range_service_hears_five_digits_and_is_missed_without_harm() {
    // SHA-1 of CHOSEN, and of a padding line that must not count.
    let digest = |text: &str| {
        use sha1::Digest as _;
        sekisho_rules::id::hex(sha1::Sha1::digest(text.as_bytes()).as_slice()).to_uppercase()
    };
    let (leaked, padded) = (digest(CHOSEN), digest("nine green lanterns drift"));
    let (api, asked) = range_service(format!("{}:12\r\n{}:0\r\n", &leaked[5..], &padded[5..])).await;
    let site = Site::with(&[("SEKISHO_PASSWORDS_BREACHED_API", &api)]).await;
    let refused = sign_up(&mut site.browser(), "taro@mail.example", CHOSEN).await;
    assert!(
        refused.body.contains("appeared in a data leak"),
        "{}",
        refused.body
    );
    sign_up(&mut site.browser(), "taro@mail.example", "abcdefghij").await;
    assert_eq!(
        *asked.lock().unwrap(),
        [format!("{} true", &leaked[..5])],
        "five digits, padded, and only when nothing else is wrong"
    );
    let taken = sign_up(
        &mut site.browser(),
        "taro@mail.example",
        "nine green lanterns drift",
    )
    .await;
    assert!(
        taken.status.is_redirection(),
        "padding is no leak: {}",
        taken.body
    );

    // Nobody listens on port 1.
    let site = Site::with(&[("SEKISHO_PASSWORDS_BREACHED_API", "http://127.0.0.1:1/range/")]).await;
    let taken = sign_up(&mut site.browser(), "taro@mail.example", CHOSEN).await;
    assert!(taken.status.is_redirection(), "{}", taken.body);
    let told = site.app.metrics.text(&site.app.passwords);
    assert!(
        told.contains("leak_check_failures_total{source=\"service\"} 1"),
        "{told}"
    );
}

#[tokio::test]
async fn a_setting_asks_for_more_or_less() {
    let site = Site::with(&[("SEKISHO_PASSWORDS_STRENGTH", "0")]).await;
    let taken = sign_up(&mut site.browser(), "taro@mail.example", "abcdefghij").await;
    assert!(taken.status.is_redirection(), "{}", taken.body);
    let site = Site::with(&[("SEKISHO_PASSWORDS_STRENGTH", "4")]).await;
    let refused = sign_up(&mut site.browser(), "taro@mail.example", "TestMeNow!").await;
    assert!(refused.body.contains("easy to guess"), "{}", refused.body);
}

#[tokio::test]
async fn a_form_hears_what_is_wrong_while_a_password_is_typed() {
    let site = Site::new().await;
    let mut browser = site.browser();
    let page = browser
        .open(&authorize("spa", &[("screen_hint", "signup")]))
        .await;
    assert!(page.body.contains("role=\"status\"") && page.body.contains("data-advises=\"password\""));
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("connect-src 'self'"), "{policy}");
    let before = site.app.passwords.hashes_done();
    for (typed, email, good, said) in [
        ("", "", false, ""),
        ("pass", "", false, "Use at least 8 characters."),
        (
            "taro.suzuki forever",
            "taro.suzuki@mail.example",
            false,
            "Leave out your name",
        ),
        (CHOSEN, "taro.suzuki@mail.example", true, ""),
    ] {
        let fields = [("password", typed), ("email", email)];
        let answer = browser.submit("/u/password/check", &fields).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        let told = answer.json();
        assert_eq!(told["good"], good, "{typed:?}");
        assert!(told["said"].to_string().contains(said), "{typed:?}: {told}");
        assert!(!answer.body.contains("forever"), "the password is not said back");
        assert_eq!(answer.headers["cache-control"], "no-store");
    }
    let fields = [("password", "password1234")];
    let ja = browser.submit("/u/password/check?ui_locales=ja", &fields).await;
    assert!(ja.body.contains("別のパスワード"), "{}", ja.body);
    assert_eq!(
        site.app.passwords.hashes_done(),
        before,
        "no hash is made for an advice"
    );

    let elsewhere = [("sec-fetch-site", "cross-site")];
    let foreign = browser
        .visit(axum::http::Method::POST, "/u/password/check", &elsewhere, &fields)
        .await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    let huge = [("password", "x".repeat(60_000))];
    let huge = huge.each_ref().map(|(name, value)| (*name, value.as_str()));
    let answer = browser.submit("/u/password/check", &huge).await;
    assert!(answer.body.contains("Use at most 256"), "{}", answer.body);
    let mut last = StatusCode::OK;
    for _ in 0..100 {
        last = browser.submit("/u/password/check", &fields).await.status;
    }
    assert_eq!(
        last,
        StatusCode::TOO_MANY_REQUESTS,
        "one address asks so often in a second"
    );
}
