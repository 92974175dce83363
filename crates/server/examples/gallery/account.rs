//! The sections of the account page in every state, but for the first, which is in `states`.

use super::{Names, State, account_frame, chrome};
use askama::Template;
use sekisho::pages::{
    AccountAppsPage, AccountDataPage, AccountDeletePage, AccountDeletedPage, AccountEmailPage,
    AccountPasswordPage, AccountProfilePage, AppAccess, AppScopes, AppsNotice, EmailProblem, PasswordForm,
    PasswordProblem, RequestedScope, Section, SignupProblem,
};
use sekisho::text::Text;
use sekisho_rules::profile::{Field, Problem, Profile};
use sekisho_rules::time::Timestamp;

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
    let reused = vec![PasswordProblem::New(SignupProblem::PasswordUsedBefore)];
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
    let data = AccountDataPage {
        chrome: chrome(text),
        frame: account_frame(&plain, Section::Data, None),
        download_action: "/account/data/download".into(),
        delete_url: "/account/data/delete".into(),
    };
    let delete = |wrong| AccountDeletePage {
        chrome: chrome(text),
        frame: account_frame(&plain, Section::Data, None)
            .below(text.account_data.delete, "/account/data".into()),
        action: "/account/data/delete".into(),
        back_url: "/account/data".into(),
        wrong,
    };
    let deleted = AccountDeletedPage {
        chrome: chrome(text),
        email: plain.email.clone(),
    };
    let email = |notice: Option<&'static str>, problem: Option<EmailProblem>| AccountEmailPage {
        chrome: chrome(text),
        frame: account_frame(&plain, Section::Email, notice),
        action: "/account/email".into(),
        typed: problem.map_or_else(String::new, |_| Names::plain().email),
        problem,
        mailbox_url: notice.map(|_| "/dev/mailbox".into()),
    };
    let mut nameless = email(None, None);
    (nameless.frame.has_address, nameless.frame.email) = (false, nameless.frame.name.clone());
    let states = [
        ("account_email", email(None, None).render()),
        ("account_email-none", nameless.render()),
        (
            "account_email-sent",
            email(Some(text.account_email.sent), None).render(),
        ),
        (
            "account_email-wrong",
            email(None, Some(EmailProblem::Malformed)).render(),
        ),
        (
            "account_email-same",
            email(None, Some(EmailProblem::Same)).render(),
        ),
        (
            "account_email-mails",
            email(None, Some(EmailProblem::TooMany)).render(),
        ),
        ("account_profile", profile(text, &plain, Vec::new()).render()),
        ("account_profile-long", profile(text, &long, Vec::new()).render()),
        ("account_profile-wrong", profile(text, &plain, problems).render()),
        ("account_apps", apps(text, &plain, None).render()),
        ("account_apps-long", apps(text, &long, None).render()),
        (
            "account_apps-ended",
            apps(text, &plain, Some(AppsNotice::Ended)).render(),
        ),
        ("account_data", data.render()),
        ("account_data-delete", delete(None).render()),
        (
            "account_data-wrong",
            delete(Some(text.account_data.wrong_confirmation)).render(),
        ),
        ("account_data-deleted", deleted.render()),
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
            "account_password-used",
            password(PasswordForm::Change, reused).render(),
        ),
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

fn apps(text: &'static Text, names: &Names, notice: Option<AppsNotice>) -> AccountAppsPage {
    let scope = |scope: &str, description: Option<&str>| RequestedScope {
        scope: scope.into(),
        description: description.map(str::to_owned),
    };
    let at = |seconds| Timestamp::from_seconds(seconds).into();
    let trails = AppAccess {
        id: "trails".into(),
        name: names.app.clone(),
        foreign: true,
        since: at(1_790_000_000),
        last_used: Some(at(1_800_000_000)),
        scopes: vec![
            AppScopes {
                api: None,
                scopes: vec![scope("openid", None), scope("offline_access", None)],
            },
            AppScopes {
                api: Some("Trails API".into()),
                scopes: vec![
                    scope("read:trails", Some("Read your trails")),
                    scope("write:trails", None),
                ],
            },
        ],
    };
    let notes = AppAccess {
        id: "notes".into(),
        name: "Notes".into(),
        foreign: false,
        last_used: None,
        scopes: Vec::new(),
        ..trails.clone()
    };
    AccountAppsPage {
        chrome: chrome(text),
        frame: account_frame(
            names,
            Section::Apps,
            notice.map(|notice| notice.said(&text.account_apps)),
        ),
        action: "/account/apps/end".into(),
        apps: match notice {
            None => vec![trails, notes],
            Some(_) => Vec::new(),
        },
    }
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
