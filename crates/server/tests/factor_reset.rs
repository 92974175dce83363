//! An operator looks at what somebody has set up, and takes it away for who lost their phone.

use crate::authenticator::Key;
use crate::browser::claims;
use crate::factors::{STRICT, add_strict, enter, mail_about, mails, set_up};
use crate::operator::Deployment;
use crate::passkeys::{HANAKO, enrol, owned};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use sekisho::admin::Actor::Operator;
use sekisho::admin::{factors, users};
use sekisho_rules::factor::FactorKind;
use sekisho_store::args;
use serde_json::json;

engines!(everything_that_was_set_up_is_taken_away);

async fn everything_that_was_set_up_is_taken_away(site: Site) {
    add_strict(&site).await;
    // A passkey first; the authenticator is set up in a browser that is remembered.
    let mut key = Key::new();
    enrol(&site, EMAIL, &mut key, "key").await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    let kinds = async |user| -> Vec<FactorKind> {
        let held = factors::list(&site.app, user).await.unwrap();
        held.iter().map(|one| one.kind).collect()
    };
    assert_eq!(
        kinds(&user).await,
        [FactorKind::Passkey, FactorKind::RecoveryCode]
    );
    let held = factors::list(&site.app, &user).await.unwrap();
    assert_eq!(held[1].codes_left, Some(10));
    assert_eq!(
        held[0].id,
        format!("webauthn-roaming|dev_{}", owned(&site).await[0].id)
    );

    let before = mails(&site).await.len();
    let gone = factors::reset(&site.app, Operator, &user).await.unwrap();
    assert_eq!(gone.len(), 2);
    assert!(kinds(&user).await.is_empty() && owned(&site).await.is_empty());
    let mail = mail_about(&site, "were reset").await;
    assert_eq!(mail.to, EMAIL);
    assert_eq!(mails(&site).await.len(), before + 1);
    let statement = "SELECT detail FROM audit WHERE kind = 'sapi' AND user_id = $1 ORDER BY id LIMIT 10";
    let rows = site.app.db.all(statement, args![HANAKO]).await.unwrap();
    let said: Vec<String> = rows.iter().map(|row| row.get("detail").unwrap()).collect();
    assert_eq!(said, ["second factors reset: webauthn, recovery-code"]);

    // The password alone is enough again, the passkey opens nothing, and something new can be set up.
    let back = site.browser().sign_in(&authorize("spa", &[])).await;
    assert!(back.param("code").is_some(), "{}", back.location());
    let refused = crate::passkeys::sign_in(&mut site.browser(), &mut key).await;
    crate::passkeys::refused(&refused);
    set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;

    // With nothing to take there is nothing to tell.
    factors::reset(&site.app, Operator, &user).await.unwrap();
    let told = mails(&site).await.len();
    assert!(
        factors::reset(&site.app, Operator, &user)
            .await
            .unwrap()
            .is_empty()
    );
    assert_eq!(mails(&site).await.len(), told);
}

#[tokio::test]
async fn a_browser_that_was_remembered_asks_again() {
    let site = Site::new().await;
    add_strict(&site).await;
    let (phone, _) = set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let mut home = site.browser();
    let page = home.open(&authorize("spa", &[])).await;
    let page = home.log_in(&page, EMAIL, PASSWORD).await;
    let code = phone.code(&site);
    let back = enter(&mut home, &page, &[("code", &code), ("remember", "yes")]).await;
    assert!(back.param("code").is_some());
    let user = users::find(&site.app, EMAIL).await.unwrap();
    factors::reset(&site.app, Operator, &user).await.unwrap();
    // Who sets up a new one is asked for it here too.
    set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    home.get("/v2/logout").await;
    let page = home.open(&authorize("spa", &[])).await;
    let page = home.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("6-digit code"), "{}", page.body);
}

#[tokio::test]
async fn a_session_of_two_factors_goes_on() {
    let site = Site::new().await;
    add_strict(&site).await;
    let mut home = site.browser();
    set_up(&site, &mut home, EMAIL, PASSWORD).await;
    let user = users::find(&site.app, EMAIL).await.unwrap();
    factors::reset(&site.app, Operator, &user).await.unwrap();
    let silent = home.get(&authorize(STRICT, &[("prompt", "none")])).await;
    let tokens = site.redeem(STRICT, &silent.param("code").unwrap()).await.json();
    assert_eq!(claims(&tokens["id_token"])["amr"], json!(["mfa"]));
}

#[test]
fn the_command_lists_and_resets() {
    let site = Deployment::new();
    let user = site.json(&["user", "add", "alice@example.com", "--generate", "--json"]);
    assert_eq!(
        site.json(&["user", "factors", "list", "alice@example.com", "--json"]),
        json!([])
    );
    assert_eq!(
        site.json(&["user", "factors", "reset", "alice@example.com", "--json"]),
        json!({"id": user["id"], "email": "alice@example.com", "done": "factors reset", "removed": []})
    );
    let said = site.refused(&["user", "factors", "reset", "bob@example.com"], 1);
    assert!(said.contains("there is no user bob@example.com"), "{said}");
    let log = site.run(&["log", "search", "--json"]);
    let log = crate::operator::text(&log.stdout);
    assert!(log.contains("second factors reset: there were none"), "{log}");
}
