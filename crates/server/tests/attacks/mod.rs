//! Attacks on accounts: guessing in every direction, what it costs the attacker, and that it costs the owner nothing.

mod bot_check;
mod bot_provider;
mod doors;
mod every_door;
mod guessing;
mod limits;
mod log;
mod mmdb;
pub(crate) mod noted;
mod programs;
mod stuffing;
mod suspicious;

use crate::browser::{Answer, Browser};
use crate::site::{Site, authorize};
use sekisho::mail::{Kept, Post};
use sekisho_store::args;

/// The same site behind a proxy that says where visitors come from, with these settings.
pub(crate) async fn behind_proxy(mut site: Site, settings: &[(&str, &str)]) -> Site {
    let proxy = ("SEKISHO_TRUSTED_PROXIES", "127.0.0.1");
    for (name, value) in settings.iter().chain([&proxy]) {
        site.environment.insert((*name).to_owned(), (*value).to_owned());
    }
    site.restart().await
}

/// A new browser at an address.
pub(crate) fn at<'a>(site: &'a Site, address: &str) -> Browser<'a> {
    let mut browser = site.browser();
    browser.from = Some(address.to_owned());
    browser
}

/// One try to sign in, in a new browser at an address.
pub(crate) async fn attempt(site: &Site, address: &str, email: &str, password: &str) -> Answer {
    let mut browser = at(site, address);
    attempt_in(&mut browser, email, password).await
}

pub(crate) async fn attempt_in(browser: &mut Browser<'_>, email: &str, password: &str) -> Answer {
    let page = browser.open(&authorize("spa", &[("prompt", "login")])).await;
    browser.log_in(&page, email, password).await
}

/// The mails so far, newest first, after everything that waits was written and every job that is due was done.
pub(crate) async fn mails(site: &Site) -> Vec<Kept> {
    sekisho::failures::flush(&site.app).await.unwrap();
    sekisho::jobs::run_due(&site.app).await.unwrap();
    match &site.app.post {
        Post::Mailbox(mailbox) => mailbox.mails(),
        Post::None | Post::Relay(_) => panic!("stories keep their mails"),
    }
}

/// The link in a mail, as a path.
pub(crate) fn link(mail: &Kept) -> String {
    let line = mail.text.lines().find(|line| line.starts_with("https://"));
    let link = line.unwrap_or_else(|| panic!("no link in {}", mail.text));
    link.strip_prefix("https://login.example").unwrap().to_owned()
}

/// Kind, user and whole text of every audit row of these kinds, oldest first, after what waits was written.
pub(crate) async fn audited(site: &Site, kinds: &[&str]) -> Vec<(String, Option<String>, String)> {
    sekisho::failures::flush(&site.app).await.unwrap();
    let rows = site
        .app
        .db
        .scan(
            "SELECT kind, user_id, ip, detail, risk FROM audit ORDER BY id LIMIT 1000",
            args![],
        )
        .await
        .unwrap();
    let text = |row: &sekisho_store::Row, name: &str| row.get::<String>(name).unwrap();
    rows.iter()
        .filter(|row| kinds.contains(&text(row, "kind").as_str()))
        .map(|row| {
            let whole = ["ip", "detail", "risk"].map(|name| text(row, name)).join(" ");
            (text(row, "kind"), row.get("user_id").unwrap(), whole)
        })
        .collect()
}

/// How many counters there are.
pub(crate) async fn counters(site: &Site) -> i64 {
    let row = site
        .app
        .db
        .one("SELECT COUNT(*) AS n FROM counters", args![])
        .await
        .unwrap();
    row.get("n").unwrap()
}
