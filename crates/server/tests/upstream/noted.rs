//! What of a sign-in elsewhere is in the log when it signs nobody in.

use super::provider::Flaw;
use super::{come_back, connect, leave, through};
use crate::attacks::noted::rows;
use crate::site::{Site, engines};
use sekisho_rules::upstream::Strategy;

engines!(a_sign_in_elsewhere_that_failed_is_noted);

async fn a_sign_in_elsewhere_that_failed_is_noted(site: Site) {
    let google = connect(&site, Strategy::Google).await;
    let mut browser = site.browser();
    let request = leave(&mut browser, "google-oauth2").await;
    let mut brought = google.allow(&request);
    brought.remove("code");
    brought.insert("error".to_owned(), "access_denied".to_owned());
    come_back(&mut browser, &brought).await;
    google.scene.lock().unwrap().flaw = Flaw::WrongAudience;
    through(&mut browser, &google, "google-oauth2").await;
    let seen = rows(&site, &["f"]).await;
    assert_eq!(seen.len(), 2, "{seen:?}");
    assert_eq!(seen[0].detail, "google-oauth2: it was refused there");
    for row in &seen {
        assert_eq!((row.client.as_deref(), row.user.as_deref()), (Some("spa"), None));
        assert!(row.detail.starts_with("google-oauth2: "), "{row:?}");
    }
}
