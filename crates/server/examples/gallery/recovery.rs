//! The pages around mails, in every state.

use super::{Names, State, chrome};
use askama::Template;
use sekisho::pages::{
    AskPage, Asking, ChoosePage, Choosing, Done, DonePage, MailboxMail, MailboxPage, MailedCodePage,
    MailedCodeProblem, MailedLinkPage, Press, PressPage, ProvePage, Resent, SentPage, SignupProblem,
};
use sekisho::text::Text;

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let mut states = Vec::new();
    for (suffix, names) in [("", Names::plain()), ("-long", Names::long())] {
        states.extend(with_names(text, suffix, &names.email));
    }
    states.push((
        "mailbox-empty".into(),
        MailboxPage {
            chrome: chrome(text),
            mails: Vec::new(),
        }
        .render(),
    ));
    states
}

fn with_names(text: &'static Text, suffix: &str, email: &str) -> Vec<State> {
    let ask = |asking, problems| AskPage {
        chrome: chrome(text),
        asking,
        action: "/u/reset".into(),
        state: "sealed".into(),
        csrf: String::new(),
        email: email.into(),
        problems,
        back_url: Some("/u/login?state=sealed".into()),
        social: super::upstream::buttons(asking == Asking::Join),
        bot_check: None,
    };
    let choose = |choosing, problems| ChoosePage {
        chrome: chrome(text),
        choosing,
        email: email.into(),
        action: "/u/password".into(),
        ticket: "sealed".into(),
        shortest_password: 8,
        problems,
    };
    let sent = SentPage {
        chrome: chrome(text),
        email: email.into(),
        mailbox_url: suffix.is_empty().then(|| "/dev/mailbox".into()),
        back_url: Some("/u/login?state=sealed".into()),
    };
    let prove = ProvePage {
        chrome: chrome(text),
        email: email.into(),
        action: "/u/prove".into(),
        ticket: "sealed".into(),
    };
    let press = |press, about: &str| PressPage {
        chrome: chrome(text),
        press,
        about: about.into(),
        action: "/u/unblock".into(),
        ticket: "sealed".into(),
    };
    let done = |done| DonePage {
        chrome: chrome(text),
        done,
        account_url: "/account".into(),
    };
    let code = |resent, problem| MailedCodePage {
        chrome: chrome(text),
        action: "/u/code?state=sealed".into(),
        state: "sealed".into(),
        csrf: "token".into(),
        email: email.into(),
        person: "mark".into(),
        resent,
        problem,
        mailbox_url: suffix.is_empty().then(|| "/dev/mailbox".into()),
        login_url: "/u/login?state=sealed".into(),
    };
    let wrong = |problem| code(Resent::No, Some(problem)).render();
    let opened = MailedLinkPage {
        chrome: chrome(text),
        app: "Hakone Trails".into(),
        email: email.into(),
        action: "/u/link".into(),
        ticket: "sealed".into(),
    };
    let mail = MailboxMail {
        href: "/dev/mailbox?mail=0".into(),
        to: email.into(),
        subject: (text.mails.reset.subject)("Sekisho"),
        text: format!(
            "{}\n\n{}\nhttps://login.example/u/password?ticket={}",
            text.mails.reset.heading,
            (text.mails.reset.body)(email),
            "0123456789abcdef".repeat(30)
        ),
    };
    let mailbox = MailboxPage {
        chrome: chrome(text),
        mails: vec![mail.clone(), mail],
    };
    [
        ("ask-reset", ask(Asking::Reset, Vec::new()).render()),
        ("ask-join", ask(Asking::Join, Vec::new()).render()),
        (
            "ask-malformed",
            ask(Asking::Join, vec![SignupProblem::EmailMalformed]).render(),
        ),
        (
            "ask-too-many",
            ask(Asking::Reset, vec![SignupProblem::TooManyAttempts]).render(),
        ),
        ("sent", sent.render()),
        ("choose-join", choose(Choosing::Join, Vec::new()).render()),
        (
            "choose-reset",
            choose(Choosing::Reset, vec![SignupProblem::PasswordTooShort]).render(),
        ),
        ("prove", prove.render()),
        ("mailed-code", code(Resent::No, None).render()),
        ("mailed-code-resent", code(Resent::Yes, None).render()),
        ("mailed-code-missing", wrong(MailedCodeProblem::Missing)),
        ("mailed-code-wrong", wrong(MailedCodeProblem::Wrong)),
        ("mailed-code-attempts", wrong(MailedCodeProblem::TooManyAttempts)),
        ("mailed-code-mails", wrong(MailedCodeProblem::TooManyMails)),
        ("mailed-link", opened.render()),
        ("done-password", done(Done::Password).render()),
        ("done-joined", done(Done::Joined).render()),
        ("done-proven", done(Done::Proven).render()),
        ("unblock", press(Press::Unblock, "2001:db8:1:2::/64").render()),
        ("not-me", press(Press::NotMe, email).render()),
        ("done-unblocked", done(Done::Unblocked).render()),
        ("mailbox", mailbox.render()),
    ]
    .into_iter()
    .map(|(name, page)| (format!("{name}{suffix}"), page))
    .collect()
}
