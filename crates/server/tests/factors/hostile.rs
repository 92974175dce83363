//! What somebody tries who has only the first factor, or the page of somebody else.

use super::{Phone, STRICT, add_strict, enter, fill, set_up};
use crate::browser::{Answer, Browser};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;

engines!(
    threat_10_codes_cannot_be_guessed,
    threat_09_nobody_adds_a_factor_with_the_password_alone,
    threat_09_a_page_takes_only_what_is_asked_of_whom_it_was_shown_to,
    threat_20_many_at_once_use_a_code_once,
    threat_09_a_factor_does_not_open_in_another_row,
);

const TARO: &str = "taro@example.com";

/// Signs in as far as the page that asks for more.
async fn half_way<'a>(site: &'a Site, email: &str) -> (Browser<'a>, Answer) {
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let page = browser.log_in(&page, email, PASSWORD).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    (browser, page)
}

async fn threat_10_codes_cannot_be_guessed(site: Site) {
    add_strict(&site).await;
    let (phone, codes) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let (mut browser, page) = half_way(&site, EMAIL).await;
    let right = phone.code(&site);
    let wrong = if right == "000000" { "111111" } else { "000000" };
    let mut tried = 0;
    let closed = loop {
        let answer = fill(&mut browser, &page, &[("code", wrong)]).await;
        tried += 1;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break answer;
        }
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
        assert!(tried < 50);
    };
    assert!(closed.body.contains("Too many attempts"));
    // Then neither the right code nor another kind is looked at, in this browser or a new one.
    for (kind, code) in [("otp", &right), ("recovery-code", &codes[0])] {
        let answer = fill(&mut browser, &page, &[("kind", kind), ("code", code)]).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{kind}");
    }
    let (mut other, page) = half_way(&site, EMAIL).await;
    let answer = fill(&mut other, &page, &[("code", &right)]).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

async fn threat_09_nobody_adds_a_factor_with_the_password_alone(site: Site) {
    add_strict(&site).await;
    // A thief has the password before there is a factor, and keeps the page that sets one up.
    let mut thief = site.browser();
    let page = thief.open(&authorize(STRICT, &[])).await;
    let kept = thief.log_in(&page, EMAIL, PASSWORD).await;
    let thiefs = Phone::scan(&kept);
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let late = enter(&mut thief, &kept, &[("code", &thiefs.code(&site))]).await;
    assert!(late.body.contains("Confirm it’s you"), "{}", late.body);
    let opened = thief
        .get(&format!("/u/enrol?state={}", kept.hidden("state")))
        .await;
    assert!(opened.location().starts_with("/authorize/resume"));
    // Neither page of another journey, nor the other's secret in one's own form, helps.
    let (mut half, page) = half_way(&site, EMAIL).await;
    let fields = [("setup", kept.hidden("setup")), ("code", thiefs.code(&site))];
    for path in ["/u/enrol", "/u/factor"] {
        let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
        let answer = half
            .submit(
                path,
                &[
                    ("state", &state),
                    ("csrf", &csrf),
                    ("kind", "otp"),
                    ("setup", &fields[0].1),
                    ("code", &fields[1].1),
                ],
            )
            .await;
        let answer = half.follow(answer).await;
        assert!(
            answer.body.contains("Confirm it’s you"),
            "{path}: {}",
            answer.body
        );
    }
    let back = enter(&mut half, &page, &[("code", &phone.code(&site))]).await;
    assert!(back.param("code").is_some());
}

async fn threat_09_a_page_takes_only_what_is_asked_of_whom_it_was_shown_to(site: Site) {
    add_strict(&site).await;
    site.add_user("auth0|taro", TARO, PASSWORD).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let (taros, taros_codes) = set_up(&site, &mut site.browser(), TARO, PASSWORD).await;
    let (mut browser, page) = half_way(&site, EMAIL).await;
    let (state, csrf) = (page.hidden("state"), page.hidden("csrf"));
    let send = |fields: Vec<(&'static str, String)>| {
        let mut all = vec![
            ("state", state.clone()),
            ("csrf", csrf.clone()),
            ("kind", "otp".to_owned()),
        ];
        all.retain(|(name, _)| fields.iter().all(|(other, _)| other != name));
        all.extend(fields);
        all
    };
    for (case, fields) in [
        ("somebody else's phone", vec![("code", taros.code(&site))]),
        (
            "somebody else's recovery code",
            vec![
                ("kind", "recovery-code".to_owned()),
                ("code", taros_codes[0].clone()),
            ],
        ),
        (
            "a kind that is not set up",
            vec![("kind", "email".to_owned()), ("code", "123456".to_owned())],
        ),
        (
            "a mail that is not asked for",
            vec![("kind", "email".to_owned()), ("send", "yes".to_owned())],
        ),
        (
            "a passkey in writing",
            vec![("kind", "webauthn".to_owned()), ("code", "123456".to_owned())],
        ),
        (
            "no kind",
            vec![("kind", String::new()), ("code", phone.code(&site))],
        ),
        (
            "no token",
            vec![("csrf", String::new()), ("code", phone.code(&site))],
        ),
    ] {
        let fields = send(fields);
        let fields: Vec<(&str, &str)> = fields
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = browser.submit("/u/factor", &fields).await;
        assert!(
            answer.status.is_client_error(),
            "{case}: {} {}",
            answer.status,
            answer.body
        );
        let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
        assert_eq!(silent.param("error").as_deref(), Some("login_required"), "{case}");
    }
    assert!(
        super::mails(&site)
            .await
            .iter()
            .all(|mail| !mail.subject.contains("confirmation code"))
    );

    // Another person signs in at the same browser: the page of the first asks nobody any more.
    let mut second = site.browser();
    second.jar = browser.jar.clone();
    let login = second.get(&format!("/u/login?state={state}")).await;
    second.log_in(&login, TARO, PASSWORD).await;
    let stale = fill(&mut second, &page, &[("code", &phone.code(&site))]).await;
    assert_eq!(stale.status, StatusCode::FORBIDDEN);
    // A browser without the journey's cookie, or with nobody signed in, gets nowhere.
    let mut stranger = site.browser();
    let answer = fill(&mut stranger, &page, &[("code", &phone.code(&site))]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
}

async fn threat_20_many_at_once_use_a_code_once(site: Site) {
    add_strict(&site).await;
    let (phone, codes) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    for (kind, code) in [("otp", phone.code(&site)), ("recovery-code", codes[0].clone())] {
        let mut sent = Vec::new();
        for _ in 0..6 {
            sent.push(half_way(&site, EMAIL).await);
        }
        let tries = sent.iter_mut().map(|(browser, page)| {
            let code = code.as_str();
            async move {
                fill(browser, page, &[("kind", kind), ("code", code)]).await;
                let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
                silent.param("code").is_some()
            }
        });
        let mut won = 0;
        for entered in futures(tries).await {
            won += usize::from(entered);
        }
        assert_eq!(won, 1, "{kind}");
    }
}

/// Runs them all at once on this thread.
async fn futures<T>(all: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut running: Vec<_> = all.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, done) in &mut running {
            if done.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(value) => *done = Some(value),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        match waiting {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(()),
        }
    })
    .await;
    running.into_iter().filter_map(|(_, done)| done).collect()
}

async fn threat_09_a_factor_does_not_open_in_another_row(site: Site) {
    add_strict(&site).await;
    site.add_user("auth0|taro", TARO, PASSWORD).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let (taros, _) = set_up(&site, &mut site.browser(), TARO, PASSWORD).await;
    // Who can write rows but has not the key puts their own secret in somebody else's place: it opens nothing there.
    let of = async |id: &str| {
        let id = sekisho_rules::id::UserId::new(id);
        let rows = sekisho_store::factors::of_user(&site.app.db, &id).await.unwrap();
        rows.into_iter().find(|row| row.sealed.is_some()).unwrap()
    };
    let (hers, his) = (of("auth0|0123456789abcdef01234567").await, of("auth0|taro").await);
    let (id, old, new) = (hers.id, hers.sealed.unwrap(), his.sealed.unwrap());
    let swapped = site
        .app
        .db
        .tx(async move |tx| sekisho_store::factors::reseal(tx, &id, old.clone(), new.clone()).await);
    assert!(swapped.await.unwrap());
    for code in [taros.code(&site), phone.code(&site)] {
        let (mut browser, page) = half_way(&site, EMAIL).await;
        let answer = fill(&mut browser, &page, &[("code", &code)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}
