//! The sections of the account page in every state, but for the first, which is in `states`.

use super::{Names, State, account_frame, chrome};
use askama::Template;
use sekisho::pages::{
    AccountPasswordPage, AccountProfilePage, PasswordForm, PasswordProblem, Section, SignupProblem,
};
use sekisho::text::Text;
use sekisho_rules::profile::{Field, Problem, Profile};

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let (plain, long) = (Names::plain(), Names::long());
    let password = |asked, problems| AccountPasswordPage {
        chrome: chrome(text),
        frame: account_frame(&plain, Section::Password, None),
        action: "/account/password".into(),
        asked,
        shortest_password: 12,
        problems,
    };
    let changed = AccountPasswordPage {
        frame: account_frame(&plain, Section::Password, Some(text.account_password.changed)),
        ..password(PasswordForm::Change, Vec::new())
    };
    let wrong = vec![
        PasswordProblem::PresentWrong,
        PasswordProblem::New(SignupProblem::PasswordTooShort),
    ];
    let problems = vec![
        Problem::TooLong(Field::Name),
        Problem::Unprintable(Field::Nickname),
        Problem::NotSecure,
        Problem::UnknownLocale,
    ];
    let states = [
        ("account_profile", profile(text, &plain, Vec::new()).render()),
        ("account_profile-long", profile(text, &long, Vec::new()).render()),
        ("account_profile-wrong", profile(text, &plain, problems).render()),
        (
            "account_password",
            password(PasswordForm::ChangeWithPresent, Vec::new()).render(),
        ),
        (
            "account_password-first",
            password(PasswordForm::First, Vec::new()).render(),
        ),
        ("account_password-changed", changed.render()),
        (
            "account_password-wrong",
            password(PasswordForm::ChangeWithPresent, wrong).render(),
        ),
    ];
    states
        .into_iter()
        .map(|(name, page)| (name.to_owned(), page))
        .collect()
}

fn profile(text: &'static Text, names: &Names, problems: Vec<Problem>) -> AccountProfilePage {
    AccountProfilePage {
        chrome: chrome(text),
        frame: account_frame(names, Section::Profile, None),
        action: "/account/profile".into(),
        profile: Profile {
            name: names.app.clone(),
            given_name: Some("花子".into()),
            family_name: Some("関".into()),
            nickname: Some("hanako".into()),
            picture: Some("https://images.example/hanako.png".into()),
            locale: Some("ja".into()),
        },
        problems,
    }
}
