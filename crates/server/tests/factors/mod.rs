//! Second factors: set up, proven, lost, remembered, and everything somebody tries who has only the first.

mod account;
mod enrol;
mod hostile;
mod model;
mod prove;
mod two_doors;

use crate::browser::{Answer, Browser};
use crate::seed::client;
use crate::site::{Site, authorize};
use sekisho::mail::{Kept, Post};
use sekisho_rules::client::{Client, ClientKind};
use sekisho_rules::factor::MfaPolicy;
use totp_rs::{Builder, Secret};

/// The client whose users all need a second factor.
pub(crate) const STRICT: &str = "strict";

/// Adds it.
pub(crate) async fn add_strict(site: &Site) {
    let strict = Client {
        mfa: Some(MfaPolicy::Always),
        ..client(STRICT, ClientKind::SinglePage)
    };
    site.add_client(strict).await;
}

/// An authenticator application that scanned a picture.
#[derive(Clone, Debug)]
pub(crate) struct Phone(String);

impl Phone {
    /// Reads the secret as the page shows it.
    pub(crate) fn scan(page: &Answer) -> Self {
        let from = page
            .body
            .find("id=\"secret\"")
            .unwrap_or_else(|| panic!("no secret: {}", page.body));
        let code = &page.body[from..];
        let code = &code[code.find("<code>").unwrap() + 6..code.find("</code>").unwrap()];
        Self(code.replace(' ', ""))
    }

    /// What it shows now, its clock being off by so many seconds.
    pub(crate) fn code_with_clock_off(&self, site: &Site, seconds: i64) -> String {
        let secret = Secret::try_from_base32(&self.0).unwrap();
        let totp = Builder::new().with_secret(secret).build().unwrap();
        let now = u64::try_from(site.now().seconds() + seconds).unwrap();
        totp.generate(now).to_string()
    }

    pub(crate) fn code(&self, site: &Site) -> String {
        self.code_with_clock_off(site, 0)
    }
}

/// Sends the form of a page with these fields beside its hidden ones.
pub(crate) async fn fill(browser: &mut Browser<'_>, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let mut all = Vec::new();
    for name in ["state", "csrf", "kind", "setup"] {
        let there = page.body.contains(&format!("name=\"{name}\""))
            && !fields.iter().any(|(given, _)| *given == name);
        if there {
            all.push((name, page.hidden(name)));
        }
    }
    let mut sent: Vec<(&str, &str)> = all.iter().map(|(name, value)| (*name, value.as_str())).collect();
    sent.extend(fields);
    browser.submit(&page.action(), &sent).await
}

/// The same, and follows where it leads.
pub(crate) async fn enter(browser: &mut Browser<'_>, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let answer = fill(browser, page, fields).await;
    browser.follow(answer).await
}

/// Follows redirects as long as they stay with us, the callback of the account page among them.
pub(crate) async fn home(browser: &mut Browser<'_>, mut answer: Answer) -> Answer {
    while answer.status.is_redirection()
        && (answer.location().starts_with('/') || answer.location().starts_with(crate::site::ISSUER))
    {
        let to = answer.location().to_owned();
        answer = browser.get(&to).await;
    }
    answer
}

/// The address of the first link with this class.
pub(crate) fn onward(page: &Answer) -> String {
    let (_, rest) = page
        .body
        .split_once("<a class=\"primary\" href=\"")
        .unwrap_or_else(|| panic!("no way on: {}", page.body));
    crate::browser::unescape(&rest[..rest.find('"').unwrap()])
}

/// The recovery codes a page shows.
pub(crate) fn recovery_codes(page: &Answer) -> Vec<String> {
    let list = page
        .body
        .split_once("id=\"codes\"")
        .unwrap_or_else(|| panic!("no codes: {}", page.body));
    let list = &list.1[..list.1.find("</ul>").unwrap()];
    list.split("<code>")
        .skip(1)
        .map(|rest| rest[..rest.find("</code>").unwrap()].to_owned())
        .collect()
}

/// Signs in at the strict client, sets an authenticator up, and answers it with the recovery codes. The browser stays signed in.
pub(crate) async fn set_up(
    site: &Site,
    browser: &mut Browser<'_>,
    email: &str,
    password: &str,
) -> (Phone, Vec<String>) {
    let page = browser.open(&authorize(STRICT, &[])).await;
    let page = browser.log_in(&page, email, password).await;
    let phone = Phone::scan(&page);
    let shown = enter(browser, &page, &[("code", &phone.code(site))]).await;
    let codes = recovery_codes(&shown);
    let back = browser.open(&onward(&shown)).await;
    assert!(back.param("code").is_some(), "{}", back.location());
    // A code works once: what comes next needs the next one.
    site.pass(30);
    (phone, codes)
}

/// The mails so far, newest first, after the jobs that are due were done.
pub(crate) async fn mails(site: &Site) -> Vec<Kept> {
    sekisho::jobs::run_due(&site.app).await.unwrap();
    match &site.app.post {
        Post::Mailbox(mailbox) => mailbox.mails(),
        Post::None | Post::Relay(_) => panic!("stories keep their mails"),
    }
}

/// The newest mail whose subject has these words.
pub(crate) async fn mail_about(site: &Site, words: &str) -> Kept {
    let mails = mails(site).await;
    let subjects: Vec<String> = mails.iter().map(|mail| mail.subject.clone()).collect();
    let found = mails.into_iter().find(|mail| mail.subject.contains(words));
    found.unwrap_or_else(|| panic!("no mail about {words}: {subjects:?}"))
}

/// The six digits in the newest mail that has some.
pub(crate) async fn mailed_code(site: &Site) -> String {
    let mail = mail_about(site, "confirmation code").await;
    let is_code = |line: &&str| line.len() == 6 && line.bytes().all(|byte| byte.is_ascii_digit());
    let code = mail.text.lines().map(str::trim).find(is_code);
    code.unwrap_or_else(|| panic!("no code in {}", mail.text))
        .to_owned()
}

/// The kinds and details of the audit rows about second factors, sorted: the clock of a story stands still between two of them.
pub(crate) async fn audited(site: &Site) -> Vec<String> {
    let rows = site.app.db.all(
        "SELECT kind, detail FROM audit WHERE kind LIKE 'gd_%' ORDER BY id LIMIT 100",
        sekisho_store::args![],
    );
    let said = |row: &sekisho_store::Row| {
        let (kind, detail) = (
            row.get::<String>("kind").unwrap(),
            row.get::<String>("detail").unwrap(),
        );
        format!("{kind} {detail}").trim_end().to_owned()
    };
    let mut all: Vec<String> = rows.await.unwrap().iter().map(said).collect();
    all.sort();
    all
}
