//! Session Management 1.0: what an application is given to notice that the person has changed.

use proptest::prelude::*;
use sekisho_rules::session_state::{browser_state, session_state};

#[test]
fn session_management_1_0_section_2_the_form_of_session_state() {
    let state = session_state("web", "https://app.example", "opbs", "salt");
    // printf 'web https://app.example opbs salt' | sha256sum
    assert_eq!(
        state,
        "de2629747f2ba0a35bbbf9a872b6719961f58fb4caa749bde2ebf25a4200d727.salt"
    );
    assert!(!state.contains(' '), "the application sends it after a space");
}

proptest! {
    #[test]
    fn it_changes_with_each_of_its_parts(one in "[a-z]{1,8}", other in "[a-z]{1,8}") {
        prop_assume!(one != other);
        let with = |client: &str, origin: &str, browser: &str, salt: &str| session_state(client, origin, browser, salt);
        let all = with(&one, &one, &one, &one);
        prop_assert_ne!(&with(&other, &one, &one, &one), &all);
        prop_assert_ne!(&with(&one, &other, &one, &one), &all);
        prop_assert_ne!(&with(&one, &one, &other, &one), &all);
        prop_assert_ne!(&with(&one, &one, &one, &other), &all);
    }

    #[test]
    fn the_readable_cookie_is_another_for_another_secret_and_does_not_hold_it(one in "[A-Za-z0-9_-]{43}", other in "[A-Za-z0-9_-]{43}") {
        prop_assume!(one != other);
        prop_assert_ne!(browser_state(&one), browser_state(&other));
        prop_assert_eq!(browser_state(&one), browser_state(&one));
        prop_assert_eq!(browser_state(&one).len(), 32);
    }
}
