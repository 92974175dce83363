//! In which language mails go: what people asked for on a page in that of the page, and what they are told about their account in the one
//! they chose in their profile, whoever did it.

use crate::account::open;
use crate::account_sections::{section, send};
use crate::attacks::{at, attempt, attempt_in, behind_proxy, link, mails};
use crate::browser::Browser;
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::mail::Kept;
use sekisho_store::args;

const CHOSEN: &str = "ginkgo on the long road 53";
const HERE: &str = "198.51.100.7";

engines!(
    a_notice_goes_in_the_language_its_reader_chose,
    who_chose_no_language_of_ours_is_told_in_that_of_the_page,
    a_thief_does_not_choose_the_language_of_the_warning,
    the_account_page_is_in_the_language_its_owner_chose,
);

async fn choose(site: &Site, locale: &str) {
    let sql = "UPDATE users SET locale = $1";
    site.app.db.run(sql, args![locale]).await.unwrap();
}

/// Asks for a new password at a browser, and sets it; answers what was asked for and what was told.
async fn reset(site: &Site, browser: &mut Browser<'_>) -> (Kept, Kept) {
    browser.submit("/u/reset", &[("email", EMAIL)]).await;
    let asked = mails(site).await.remove(0);
    let page = browser.get(&link(&asked)).await;
    let ticket = page.hidden("ticket");
    let fields = [("ticket", ticket.as_str()), ("password", CHOSEN)];
    let saved = browser.submit("/u/password", &fields).await;
    assert_ne!(saved.status, StatusCode::BAD_REQUEST, "{}", saved.body);
    (asked, mails(site).await.remove(0))
}

async fn a_notice_goes_in_the_language_its_reader_chose(site: Site) {
    choose(&site, "ja").await;
    let (asked, told) = reset(&site, &mut site.browser()).await;
    assert_eq!(asked.subject, "Choose a new password for Example", "as the page");
    assert_eq!(told.subject, "Example のパスワードが変更されました", "as chosen");
    assert!(told.html.contains("<html lang=\"ja\">"));
    for part in [&told.html, &told.text] {
        assert!(part.contains("https://login.example/account"), "{part}");
        assert!(part.contains("時刻: ") && part.contains("（UTC）"), "{part}");
    }
}

async fn who_chose_no_language_of_ours_is_told_in_that_of_the_page(site: Site) {
    choose(&site, "fr-CH").await;
    let mut browser = site.browser();
    browser.language = "ja";
    let (asked, told) = reset(&site, &mut browser).await;
    assert_eq!(asked.subject, "Example のパスワード再設定");
    assert_eq!(told.subject, "Example のパスワードが変更されました");
}

async fn a_thief_does_not_choose_the_language_of_the_warning(site: Site) {
    let site = behind_proxy(site, &[("SEKISHO_ATTACKS_SUSPICIOUS_LOGINS", "notify")]).await;
    choose(&site, "ja").await;
    for n in 0..11 {
        attempt(&site, HERE, EMAIL, &format!("a wrong guess {n}")).await;
    }
    let blocked = mails(&site).await.remove(0);
    assert_eq!(blocked.subject, "Example へのサインインを停止しました");
    let page = site.browser().get(&link(&blocked)).await;
    assert!(page.body.contains("サインインの再開"), "{}", page.body);

    let mut owner = at(&site, "203.0.113.9");
    attempt_in(&mut owner, EMAIL, PASSWORD).await;
    site.pass(86_400);
    attempt(&site, "203.0.113.66", EMAIL, PASSWORD).await;
    let warning = mails(&site).await.remove(0);
    assert_eq!(warning.subject, "Example への新しいサインイン");
    let page = site.browser().get(&link(&warning)).await;
    assert!(page.body.contains("<html lang=\"ja\">"), "{}", page.body);
}

async fn the_account_page_is_in_the_language_its_owner_chose(site: Site) {
    choose(&site, "ja").await;
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    open(&mut browser).await;
    for path in ["factors", "passkeys", "connections", "apps", "email"] {
        let page = section(&mut browser, &format!("/account/{path}")).await;
        assert!(page.body.contains("<html lang=\"ja\">"), "{path}: {}", page.body);
        let page = section(&mut browser, &format!("/account/{path}?ui_locales=en")).await;
        assert!(page.body.contains("<html lang=\"en\">"), "asked for: {path}");
    }
    // The new address has no account and asked for nothing; the present one is told.
    let page = section(&mut browser, "/account/email").await;
    let sent = send(&mut browser, &page, &[("email", "new@example.com")]).await;
    assert_eq!(sent.location(), "/account/email?done=sent");
    let subjects: Vec<String> = mails(&site).await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.len(), 2);
    assert!(
        subjects.contains(&"Example: 新しいメールアドレスの確認".to_owned()),
        "{subjects:?}"
    );
    assert!(
        subjects.contains(&"Example のメールアドレス変更の確認".to_owned()),
        "{subjects:?}"
    );
}
