//! Every door: the list of all paths that take something, held against the router's own page, so that a new door is on it or the test
//! fails; and one script that fills the count at each door that checks a credential and finds all its neighbours closed (threat 10).

use crate::account;
use crate::browser::{Answer, Browser};
use crate::factors::{Phone, add_strict, fill, set_up};
use crate::passwordless::{another, newest_code, reopened, start_code};
use crate::seed::client;
use crate::site::{EMAIL, PASSWORD, Site, authorize, request};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use sekisho_rules::client::{ClientKind, GrantType};
use serde_json::json;
use std::collections::BTreeSet;

const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";
const PASSWORDLESS: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";
const MFA_OTP: &str = "http://auth0.com/oauth/grant-type/mfa-otp";
const MFA_RECOVERY: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";

/// What happens at a path that takes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    /// A credential of a person is checked, and the try is counted (`crate::attempts`).
    Counted,
    /// A form of a sign-in in which nothing is checked that could be guessed.
    Form,
    /// A form of the account page: who is signed in changes something.
    Account,
    /// What opens it is a link of a mail, sealed: nothing to guess.
    Ticket,
    /// It has mails sent; the mails are counted.
    Mails,
    /// A program shows a token or its own secret, both of 256 bits.
    Program,
    /// Others send people here on purpose; it checks nothing of theirs.
    Foreign,
}

const DOORS: &[(&str, Door)] = &[
    ("/account/apps/end", Door::Account),
    ("/account/connections/change", Door::Account),
    ("/account/data/delete", Door::Account),
    ("/account/data/download", Door::Account),
    ("/account/email", Door::Account),
    ("/account/factors/change", Door::Account),
    ("/account/factors/email", Door::Account),
    ("/account/factors/totp", Door::Account),
    ("/account/passkeys/add", Door::Account),
    ("/account/passkeys/change", Door::Account),
    ("/account/password", Door::Account),
    ("/account/profile", Door::Account),
    ("/account/sessions/end", Door::Account),
    ("/api/v2", Door::Program),
    ("/api/v2/", Door::Program),
    ("/api/v2/refresh-tokens/{id}", Door::Program),
    ("/api/v2/revocations", Door::Program),
    ("/api/v2/sessions/{id}", Door::Program),
    ("/api/v2/sessions/{id}/revoke", Door::Program),
    ("/api/v2/users/{id}/refresh-tokens", Door::Program),
    ("/api/v2/users/{id}/sessions", Door::Program),
    ("/api/v2/{*rest}", Door::Program),
    ("/authorize", Door::Foreign),
    ("/dbconnections/change_password", Door::Mails),
    ("/dbconnections/signup", Door::Mails),
    ("/forward-auth", Door::Program),
    ("/forward-auth/at/", Door::Program),
    ("/forward-auth/at/{*path}", Door::Program),
    ("/login/callback", Door::Foreign),
    ("/.sekisho/logout", Door::Foreign),
    ("/mfa/associate", Door::Program),
    ("/mfa/authenticators/{id}", Door::Program),
    ("/mfa/challenge", Door::Mails),
    ("/oauth/introspect", Door::Program),
    ("/oauth/revoke", Door::Program),
    ("/oauth/token", Door::Counted),
    ("/oidc/logout", Door::Foreign),
    ("/passkey/challenge", Door::Program),
    ("/passkey/register", Door::Program),
    ("/passwordless/start", Door::Mails),
    ("/passwordless/verify", Door::Counted),
    ("/revocations/ack", Door::Program),
    ("/u/code", Door::Counted),
    ("/u/consent", Door::Form),
    ("/u/enrol", Door::Counted),
    ("/u/factor", Door::Counted),
    ("/u/factor/passkey", Door::Counted),
    ("/u/join", Door::Form),
    ("/u/link", Door::Ticket),
    ("/u/login", Door::Counted),
    ("/u/logout", Door::Form),
    ("/u/not-me", Door::Ticket),
    ("/u/passkey", Door::Counted),
    ("/u/password", Door::Ticket),
    ("/u/password/check", Door::Form),
    ("/u/prove", Door::Ticket),
    ("/u/reset", Door::Mails),
    ("/u/signup", Door::Form),
    ("/u/unblock", Door::Ticket),
    ("/userinfo", Door::Program),
];

/// The paths of the router that take something, as its page names them.
fn taking() -> BTreeSet<String> {
    let page = include_str!("../../src/routes.rs");
    let routes = page.split(".route(").skip(1);
    let takes = |route: &&str| {
        let mut open = 1;
        let end = route.find(|character| {
            open += match character {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            open == 0
        });
        let handlers = &route[..end.unwrap_or(route.len())];
        ["post(", "delete(", "put(", "patch(", "any("]
            .iter()
            .any(|method| handlers.contains(method))
    };
    let path = |route: &str| route.split('"').nth(1).unwrap().to_owned();
    routes.filter(takes).map(path).collect()
}

#[test]
fn threat_10_every_door_is_on_the_list() {
    let listed: BTreeSet<String> = DOORS.iter().map(|(path, _)| (*path).to_owned()).collect();
    let taking = taking();
    assert!(taking.len() > 40, "the router's page is read: {taking:?}");
    let unlisted: Vec<_> = taking.difference(&listed).collect();
    assert!(
        unlisted.is_empty(),
        "say in DOORS what these check, and attack them: {unlisted:?}"
    );
    let gone: Vec<_> = listed.difference(&taking).collect();
    assert!(gone.is_empty(), "these doors are no more: {gone:?}");
}

const CROSS: [(&str, &str); 2] = [
    ("sec-fetch-site", "cross-site"),
    ("origin", "https://evil.example"),
];

async fn cross(browser: &mut Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Answer {
    browser.visit(Method::POST, path, &CROSS, fields).await
}

#[tokio::test]
async fn threat_34_no_form_is_taken_from_another_site() {
    let site = reopened(Site::new().await).await;
    let mut hanako = site.browser();
    let page = account::open(&mut hanako).await;
    let csrf = page.hidden("csrf");
    for (path, _) in DOORS.iter().filter(|(_, door)| *door == Door::Account) {
        let fields = [
            ("csrf", csrf.as_str()),
            ("do", "remove"),
            ("email", "x@example.com"),
            ("confirm", EMAIL),
        ];
        let refused = cross(&mut hanako, path, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        let without = hanako.submit(path, &[("do", "remove")]).await;
        assert_eq!(without.status, StatusCode::FORBIDDEN, "{path} without its token");
    }
    let mut stranger = site.browser();
    let page = stranger.open(&authorize("spa", &[])).await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    for path in ["/u/login", "/u/code", "/u/passkey", "/u/signup"] {
        let fields = [
            ("state", state.as_str()),
            ("csrf", &csrf),
            ("email", EMAIL),
            ("password", PASSWORD),
        ];
        let refused = cross(&mut stranger, path, &fields).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{path}");
        assert!(!stranger.jar.contains_key("__Host-sekisho"), "{path}");
        let without = stranger
            .submit(path, &[&fields[..1], &fields[2..]].concat())
            .await;
        assert_eq!(without.status, StatusCode::FORBIDDEN, "{path} without its token");
    }
    let refused = cross(&mut stranger, "/u/reset", &[("email", EMAIL)]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    // A ticket of a mail is nothing without the mail.
    for (path, _) in DOORS.iter().filter(|(_, door)| *door == Door::Ticket) {
        let refused = stranger
            .submit(path, &[("ticket", &state), ("password", "a good new password")])
            .await;
        assert!(refused.status.is_client_error(), "{path}: a journey is no ticket");
        assert!(!stranger.jar.contains_key("__Host-sekisho"), "{path}");
    }
}

/// The doors at which a first factor of somebody with this address is checked.
const FIRST: [&str; 7] = [
    "page",
    "password",
    "realm",
    "code page",
    "code grant",
    "verify",
    "present",
];

/// Whether what is brought is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brought {
    Right,
    Wrong,
}

struct First<'a> {
    site: &'a Site,
    /// Signed in, too long ago for changes.
    inside: Browser<'a>,
    code: String,
}

impl First<'_> {
    /// Whether the door is closed.
    async fn knock(&mut self, door: &str, email: &str, brought: Brought) -> Answer {
        let site = self.site;
        let right = brought == Brought::Right;
        let password = if right { PASSWORD } else { "a wrong guess" };
        let code = if right {
            self.code.clone()
        } else {
            another(&self.code)
        };
        let token = async |grant: &str, rest: &[(&str, &str)]| {
            let fields = [
                ("grant_type", grant),
                ("client_id", "all"),
                ("username", email),
                ("scope", "openid"),
            ];
            site.post("/oauth/token", None, &[&fields[..], rest].concat())
                .await
        };
        match door {
            "page" => super::attempt(site, "198.51.100.7", email, password).await,
            "password" => token("password", &[("password", password)]).await,
            "realm" => {
                let realm = ("realm", "Username-Password-Authentication");
                token(REALM, &[("password", password), realm]).await
            }
            "code grant" => token(PASSWORDLESS, &[("realm", "email"), ("otp", &code)]).await,
            "verify" => {
                let body = json!({ "connection": "email", "email": email, "verification_code": code });
                let request = request(Method::POST, "/passwordless/verify")
                    .header(header::CONTENT_TYPE, "application/json");
                site.send(request.body(Body::from(body.to_string())).unwrap())
                    .await
            }
            "code page" => {
                let mut browser = site.browser();
                let page = browser.open(&authorize("spa", &[])).await;
                let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
                let fields = [
                    ("state", state.as_str()),
                    ("csrf", &csrf),
                    ("email", email),
                    ("step", "enter"),
                    ("code", &code),
                ];
                browser.submit("/u/code", &fields).await
            }
            _ => {
                let page = self.inside.get("/account/password").await;
                let csrf = page.hidden("csrf");
                let fields = [
                    ("csrf", csrf.as_str()),
                    ("present", password),
                    ("password", "Kirschkernweitspucken 7"),
                ];
                self.inside.submit("/account/password", &fields).await
            }
        }
    }
}

async fn open_everything(site: Site) -> Site {
    let site = reopened(site).await;
    let mut all = client("all", ClientKind::SinglePage);
    all.grant_types.extend([
        GrantType::Password,
        GrantType::PasswordRealm,
        GrantType::PasswordlessOtp,
        GrantType::MfaOtp,
        GrantType::MfaRecoveryCode,
    ]);
    site.add_client(all).await;
    site
}

#[tokio::test]
async fn threat_10_ten_wrong_tries_at_one_door_close_every_door_of_that_address() {
    for filled in FIRST {
        let site = open_everything(Site::new().await).await;
        let mut inside = site.browser();
        account::open(&mut inside).await;
        site.pass(700);
        start_code(&site, EMAIL).await;
        let code = newest_code(&site).await;
        let mut doors = First {
            site: &site,
            inside,
            code,
        };
        for n in 0..11 {
            let answer = doors.knock(filled, EMAIL, Brought::Wrong).await;
            let closed = answer.status == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(
                closed,
                n >= 10,
                "{filled}, try {n}: {} {}",
                answer.status,
                answer.body
            );
        }
        for door in FIRST {
            let answer = doors.knock(door, EMAIL, Brought::Right).await;
            assert_eq!(
                answer.status,
                StatusCode::TOO_MANY_REQUESTS,
                "{filled} is filled and {door} is open: {}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn threat_24_no_door_for_programs_tells_who_has_an_account() {
    let site = open_everything(Site::new().await).await;
    start_code(&site, EMAIL).await;
    let code = newest_code(&site).await;
    let mut doors = First {
        site: &site,
        inside: site.browser(),
        code,
    };
    for door in ["password", "realm", "code grant", "verify"] {
        let known = doors.knock(door, EMAIL, Brought::Wrong).await;
        let unknown = doors.knock(door, "nobody@example.com", Brought::Wrong).await;
        assert_eq!(known.status, unknown.status, "{door}");
        assert_eq!(known.body, unknown.body, "{door}");
        let names = |answer: &Answer| {
            answer
                .headers
                .keys()
                .map(ToString::to_string)
                .collect::<BTreeSet<_>>()
        };
        assert_eq!(names(&known), names(&unknown), "{door}");
    }
}

/// The doors at which a second factor of a person is checked.
const SECOND: [&str; 4] = ["page otp", "page recovery", "grant otp", "grant recovery"];

struct Second<'a> {
    site: &'a Site,
    browser: Browser<'a>,
    page: Answer,
    token: String,
    phone: Phone,
    codes: Vec<String>,
}

impl Second<'_> {
    async fn knock(&mut self, door: &str, brought: Brought) -> Answer {
        let (otp, recovery) = match brought {
            Brought::Right => (self.phone.code(self.site), self.codes[0].clone()),
            Brought::Wrong => ("000000".to_owned(), "AAAA-AAAA-AAAA-AAAA".to_owned()),
        };
        let token = async |grant: &str, rest: (&str, &str)| {
            let fields = [
                ("grant_type", grant),
                ("client_id", "all"),
                ("mfa_token", &self.token),
                rest,
            ];
            self.site.post("/oauth/token", None, &fields).await
        };
        match door {
            "grant otp" => token(MFA_OTP, ("otp", &otp)).await,
            "grant recovery" => token(MFA_RECOVERY, ("recovery_code", &recovery)).await,
            "page otp" => fill(&mut self.browser, &self.page, &[("kind", "otp"), ("code", &otp)]).await,
            _ => {
                let fields = [("kind", "recovery-code"), ("code", recovery.as_str())];
                fill(&mut self.browser, &self.page, &fields).await
            }
        }
    }
}

#[tokio::test]
async fn threat_10_ten_wrong_second_factors_at_one_door_close_all_of_them_and_a_password_opens_none() {
    for filled in SECOND {
        let site = open_everything(Site::new().await).await;
        add_strict(&site).await;
        let (phone, codes) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
        let mut browser = site.browser();
        let page = browser.open(&authorize("spa", &[])).await;
        let page = browser.log_in(&page, EMAIL, PASSWORD).await;
        let log_in = [
            ("grant_type", "password"),
            ("client_id", "all"),
            ("username", EMAIL),
            ("password", PASSWORD),
        ];
        let owing = site.post("/oauth/token", None, &log_in).await;
        assert_eq!(owing.error(), "mfa_required", "{}", owing.body);
        let token = owing.json()["mfa_token"].as_str().unwrap().to_owned();
        let mut doors = Second {
            site: &site,
            browser,
            page,
            token,
            phone,
            codes,
        };
        for n in 0..11 {
            let answer = doors.knock(filled, Brought::Wrong).await;
            let closed = answer.status == StatusCode::TOO_MANY_REQUESTS;
            assert_eq!(
                closed,
                n >= 10,
                "{filled}, try {n}: {} {}",
                answer.status,
                answer.body
            );
        }
        // Whoever knows the password does not wipe out their guesses with it.
        assert_eq!(
            site.post("/oauth/token", None, &log_in).await.error(),
            "mfa_required"
        );
        for door in SECOND {
            let answer = doors.knock(door, Brought::Right).await;
            assert_eq!(
                answer.status,
                StatusCode::TOO_MANY_REQUESTS,
                "{filled} is filled and {door} is open: {}",
                answer.body
            );
        }
    }
}
