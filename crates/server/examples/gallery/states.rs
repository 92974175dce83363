//! Every page in every state, for the gallery of pictures and for the tests that hold for all pages.

#[path = "account.rs"]
mod account_sections;
#[path = "bot_check.rs"]
mod bot_check;
#[path = "factors.rs"]
mod factors;
#[path = "passkeys.rs"]
mod passkeys;
#[path = "recovery.rs"]
mod recovery;
#[path = "second_factors.rs"]
mod second_factors;
#[path = "upstream.rs"]
mod upstream;
#[path = "wrong_forms.rs"]
mod wrong_forms;

use askama::Template;
use sekisho::pages::{
    AccountFrame, AccountNotice, AccountPage, Chrome, ConsentPage, ErrorPage, FormPostPage, HomePage,
    LanguageLink, LoginPage, LogoutConfirmPage, Notice, Problem, RequestedScope, ReturnLink, Section,
    SectionLink, SignedInPlace, SignedOutPage, SignupPage, SocialBlock, WebMessagePage,
};
use sekisho::text::{Language, Text};
use sekisho_rules::time::Timestamp;

/// A name nobody should have, and somebody will.
const LONG_NAME: &str = "The Extraordinarily Long-Named International Cooperative Society for the Encouragement of \
                         Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft";
const LONG_EMAIL: &str =
    "a.person.with.an.exceptionally.long.mailbox.name.0123456789@a-subdomain.of-a-very-long-domain.example";

/// Names and values a page may be given.
pub(super) struct Names {
    /// The application, the tenant, the API and their descriptions.
    pub(super) app: String,
    /// The e-mail address, the account.
    pub(super) email: String,
}

impl Names {
    pub(super) fn plain() -> Self {
        Self {
            app: "Hakone Trails".into(),
            email: "hanako@example.com".into(),
        }
    }

    pub(super) fn long() -> Self {
        Self {
            app: LONG_NAME.into(),
            email: LONG_EMAIL.into(),
        }
    }
}

/// A rendered page and the name of its state, `<page>-<state>` or `<page>`.
pub(super) type State = (String, Result<String, askama::Error>);

/// Every page in every state in one language.
pub(super) fn every(text: &'static Text) -> Vec<State> {
    let mut states = with_names(text, "", &Names::plain());
    states.extend(with_names(text, "-long", &Names::long()));
    states.extend(wrong_forms::every(text));
    states.extend(recovery::every(text));
    states.extend(second_factors::every(text));
    states.extend(bot_check::every(text));
    states.extend(passkeys::every(text));
    states.extend(account_sections::every(text));
    states.extend(factors::every(text));
    states.extend(upstream::every(text));
    for notice in AccountNotice::ALL {
        let page = account(text, &Names::plain(), Some(notice));
        states.push((format!("account-{}", notice.word()), page.render()));
    }
    for problem in Problem::ALL {
        let page = ErrorPage {
            chrome: chrome(text),
            problem,
            detail: None,
            back: None,
            sign_in: (problem == Problem::DeadLink).then(|| "/account".into()),
        };
        states.push((format!("error-{}", kebab(&format!("{problem:?}"))), page.render()));
    }
    states
}

/// Each page once, with these names in every place that takes one.
pub(super) fn with_names(text: &'static Text, suffix: &str, names: &Names) -> Vec<State> {
    let chrome = || Chrome {
        tenant: if suffix.is_empty() {
            "Sekisho".into()
        } else {
            names.app.clone()
        },
        ..chrome(text)
    };
    let (app, email) = (&names.app, &names.email);
    let back = || ReturnLink {
        app: app.clone(),
        href: "https://app.example/".into(),
    };
    let scope = |scope: &str, description: Option<&str>| RequestedScope {
        scope: scope.into(),
        description: description.map(str::to_owned),
    };
    let identity = ["openid", "profile", "email", "phone", "address", "offline_access"];
    let mut states: Vec<(&str, Result<String, askama::Error>)> = vec![
        (
            "login",
            LoginPage {
                chrome: chrome(),
                app: app.clone(),
                ..login(text)
            }
            .render(),
        ),
        (
            "login-returning",
            LoginPage {
                chrome: chrome(),
                app: app.clone(),
                email: email.clone(),
                notice: Some(Notice::ConfirmIdentity),
                ..login(text)
            }
            .render(),
        ),
        (
            "signup",
            SignupPage {
                chrome: chrome(),
                app: app.clone(),
                email: email.clone(),
                ..signup(text)
            }
            .render(),
        ),
        (
            "logout_confirm",
            LogoutConfirmPage {
                chrome: chrome(),
                account: email.clone(),
                action: "/oidc/logout".into(),
                state: "sealed".into(),
                csrf: "token".into(),
                stay_url: Some("https://app.example/".into()),
            }
            .render(),
        ),
        (
            "signed_out",
            SignedOutPage {
                chrome: chrome(),
                back: Some(back()),
                frames: Vec::new(),
                onward: None,
            }
            .render(),
        ),
        (
            "signed_out_onward",
            SignedOutPage {
                chrome: chrome(),
                back: None,
                frames: Vec::new(),
                onward: Some("https://app.example/bye".to_owned()),
            }
            .render(),
        ),
        (
            "home",
            HomePage {
                chrome: chrome(),
                issuer: "https://id.example.com/".into(),
            }
            .render(),
        ),
        (
            "form_post",
            FormPostPage {
                chrome: Chrome {
                    languages: Vec::new(),
                    ..chrome()
                },
                app: app.clone(),
                action: "https://app.example/callback".into(),
                parameters: vec![
                    ("code".into(), "the-code".into()),
                    ("state".into(), email.clone()),
                ],
            }
            .render(),
        ),
        (
            "web_message",
            WebMessagePage::new(
                chrome(),
                "https://app.example".into(),
                &[("code".into(), "the-code".into()), ("state".into(), app.clone())],
            )
            .render(),
        ),
        (
            "error",
            ErrorPage {
                chrome: chrome(),
                problem: Problem::BadRedirect,
                detail: Some(format!(
                    "redirect_uri https://evil.example/{email} is not registered for client {app}"
                )),
                back: Some(back()),
                sign_in: None,
            }
            .render(),
        ),
    ];
    let consent = ConsentPage {
        chrome: chrome(),
        app: app.clone(),
        return_host: "app.example".into(),
        account: email.clone(),
        action: "/u/consent".into(),
        state: "sealed".into(),
        csrf: "token".into(),
        identity_scopes: identity.iter().map(|name| scope(name, None)).collect(),
        api: Some(if suffix.is_empty() {
            "Trails API".into()
        } else {
            app.clone()
        }),
        api_scopes: vec![
            scope("read:walks", Some("Read your walks")),
            scope(
                "write:walks",
                Some(if suffix.is_empty() {
                    "Add and change your walks"
                } else {
                    app
                }),
            ),
            scope(if suffix.is_empty() { "share:walks" } else { app }, None),
        ],
    };
    states.push(("consent", consent.render()));
    states.push(("account", account(text, names, None).render()));
    states
        .into_iter()
        .map(|(name, page)| (format!("{name}{suffix}"), page))
        .collect()
}

fn login(text: &'static Text) -> LoginPage {
    LoginPage {
        forgot_url: Some("/u/reset?state=sealed".into()),
        chrome: chrome(text),
        app: "Hakone Trails".into(),
        action: "/u/login".into(),
        state: "sealed".into(),
        csrf: "token".into(),
        email: String::new(),
        notice: None,
        problems: Vec::new(),
        passkey: Some(passkeys::prompt()),
        code_url: None,
        signup_url: Some("/u/signup?state=sealed".into()),
        social: SocialBlock::default(),
        bot_check: None,
    }
}

fn signup(text: &'static Text) -> SignupPage {
    SignupPage {
        chrome: chrome(text),
        app: "Hakone Trails".into(),
        action: "/u/signup".into(),
        state: "sealed".into(),
        csrf: "token".into(),
        email: String::new(),
        shortest_password: 12,
        problems: Vec::new(),
        login_url: "/u/login?state=sealed".into(),
        social: SocialBlock::default(),
        bot_check: None,
    }
}

fn account(text: &'static Text, names: &Names, notice: Option<AccountNotice>) -> AccountPage {
    let seen = |minutes: i64| Timestamp::from_seconds(1_800_000_000 - 60 * minutes).into();
    let place = |here, browser: Option<&str>, system: Option<&str>, apps: Vec<String>| SignedInPlace {
        here,
        id: format!("{:032x}", apps.len()),
        browser: browser.map(str::to_owned),
        system: system.map(str::to_owned),
        address: "2001:db8:85a3:8d3:1319:8a2e:370:7348".into(),
        first_seen: seen(9000),
        last_seen: seen(3),
        apps,
    };
    let app = names.app.clone();
    let alone = notice == Some(AccountNotice::OthersEnded);
    let mut places = vec![
        place(true, Some("Chrome"), Some("macOS"), vec![app.clone()]),
        place(false, Some("Safari"), Some("iPhone"), vec![app, "Notes".into()]),
        place(false, None, None, Vec::new()),
    ];
    places.truncate(if alone { 1 } else { 3 });
    AccountPage {
        chrome: chrome(text),
        frame: account_frame(
            names,
            Section::Overview,
            notice.map(|notice| notice.said(&text.account)),
        ),
        places,
        end_action: "/account/sessions/end".into(),
    }
}

/// The frame of a section of the account page.
fn account_frame(names: &Names, here: Section, notice: Option<&'static str>) -> AccountFrame {
    const ALL: [Section; 9] = [
        Section::Overview,
        Section::Profile,
        Section::Email,
        Section::Password,
        Section::Factors,
        Section::Passkeys,
        Section::Connections,
        Section::Apps,
        Section::Data,
    ];
    let link = |section| SectionLink {
        section,
        href: format!("/account/{}", format!("{section:?}").to_lowercase()),
    };
    AccountFrame {
        here,
        sections: ALL.into_iter().map(link).collect(),
        home: "/account".into(),
        name: "関 花子".into(),
        email: names.email.clone(),
        has_address: true,
        notice,
        refused: None,
        below: None,
        csrf: "token".into(),
    }
}

fn chrome(text: &'static Text) -> Chrome {
    let link = |language: Language| LanguageLink {
        language,
        href: format!("/u/login?state=sealed&ui_locales={}", language.tag()),
    };
    Chrome {
        text,
        tenant: "Sekisho".into(),
        request_id: "req_01jq8z3k5t7v9x".into(),
        assets_below: "",
        languages: Language::ALL.into_iter().map(link).collect(),
    }
}

/// `NotFound` as `not-found`.
fn kebab(name: &str) -> String {
    let mut kebab = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !kebab.is_empty() {
            kebab.push('-');
        }
        kebab.push(letter.to_ascii_lowercase());
    }
    kebab
}
