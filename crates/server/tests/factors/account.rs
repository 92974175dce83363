//! The section of second factors on the account page.

use super::{
    Phone, STRICT, add_strict, audited, enter, fill, home, mail_about, onward, recovery_codes, set_up,
};
use crate::browser::unescape;
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};

engines!(
    a_person_sets_up_and_takes_away,
    threat_09_taking_away_needs_the_factor_itself,
);

const PATH: &str = "/account/factors";

/// Sends one of the section's forms.
async fn change(
    browser: &mut crate::browser::Browser<'_>,
    fields: &[(&str, &str)],
) -> crate::browser::Answer {
    let page = browser.open(PATH).await;
    let csrf = page.hidden("csrf");
    let mut all = vec![("csrf", csrf.as_str())];
    all.extend(fields);
    let answer = browser.submit("/account/factors/change", &all).await;
    home(browser, answer).await
}

async fn a_person_sets_up_and_takes_away(site: Site) {
    add_strict(&site).await;
    let mut browser = site.browser();
    let page = browser.open(PATH).await;
    let page = browser.log_in(&page, EMAIL, PASSWORD).await;
    let page = home(&mut browser, page).await;
    assert!(page.body.contains("None is set up yet."), "{}", page.body);
    let page = browser.open("/account/factors/totp").await;
    let phone = Phone::scan(&page);
    let shown = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    assert_eq!(recovery_codes(&shown).len(), 10);
    assert_eq!(onward(&shown), PATH);
    mail_about(&site, "has a new second step").await;

    // What was set up is asked for at once: this session has not proven it yet.
    site.pass(30);
    let page = browser.open("/account/factors/email").await;
    assert!(page.body.contains("Confirm it’s you"), "{}", page.body);
    let page = enter(&mut browser, &page, &[("code", &phone.code(&site))]).await;
    let page = home(&mut browser, page).await;
    assert!(page.body.contains("Send the code"), "{}", page.body);

    let fresh = change(&mut browser, &[("do", "codes")]).await;
    assert!(recovery_codes(&fresh) != recovery_codes(&shown));
    let page = browser.open(PATH).await;
    let id = unescape(&page.hidden("factor"));
    let page = change(&mut browser, &[("do", "remove"), ("factor", &id)]).await;
    assert!(page.body.contains("It was removed."), "{}", page.body);
    assert!(page.body.contains("None is set up yet."));
    mail_about(&site, "was removed").await;
    assert!(audited(&site).await.contains(&"gd_unenroll otp".to_owned()));
    // The demand is as large as before: who has none sets one up.
    let mut next = site.browser();
    let page = next.open(&authorize(STRICT, &[])).await;
    let page = next.log_in(&page, EMAIL, PASSWORD).await;
    assert!(page.body.contains("Set up two-step sign-in"));
}

async fn threat_09_taking_away_needs_the_factor_itself(site: Site) {
    add_strict(&site).await;
    // A session of one factor that is inside already, and a factor that comes later.
    let mut thief = site.browser();
    let page = thief.open(PATH).await;
    let inside = thief.log_in(&page, EMAIL, PASSWORD).await;
    let inside = home(&mut thief, inside).await;
    assert!(inside.body.contains("None is set up yet."));
    let kept = thief.open("/account/factors/totp").await;
    set_up(&site, &mut site.browser(), EMAIL, PASSWORD).await;
    let page = thief.open(PATH).await;
    let id = unescape(&page.hidden("factor"));
    for fields in [
        vec![("do", "remove"), ("factor", id.as_str())],
        vec![("do", "codes")],
        vec![("do", "ask")],
    ] {
        let answer = change(&mut thief, &fields).await;
        assert!(
            answer.body.contains("Confirm it’s you"),
            "{fields:?}: {}",
            answer.body
        );
    }
    let code = Phone::scan(&kept).code(&site);
    let late = fill(&mut thief, &kept, &[("code", &code)]).await;
    let late = home(&mut thief, late).await;
    assert!(
        late.body.contains("Confirm it’s you"),
        "a set-up kept from before: {}",
        late.body
    );
    assert!(
        !audited(&site)
            .await
            .iter()
            .any(|event| event.starts_with("gd_unenroll"))
    );
}
