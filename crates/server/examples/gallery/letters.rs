//! Every mail, as its reader sees it: `letter-<name>`. They are no pages: their style stands in them, for mail programs.

use super::states::{Names, State};
use askama::Template;
use sekisho::mail::Envelope;
use sekisho::mail::letters::{self, Seen};
use sekisho::pages::{LetterHtml, LetterText};
use sekisho::text::{MailText, Text};

const TENANT: &str = "Sekisho";

/// The HTML part of every mail in one language.
pub(super) fn every(text: &'static Text) -> Vec<State> {
    let html = |(name, envelope): (&str, Envelope)| {
        let page = LetterHtml::new(TENANT, envelope.language, &envelope.letter).render();
        (format!("letter-{name}"), page)
    };
    written(text).into_iter().map(html).collect()
}

/// The text part of each.
pub(super) fn plain(text: &'static Text) -> Vec<State> {
    let plain = |(name, envelope): (&str, Envelope)| {
        let page = LetterText::new(TENANT, &envelope.letter).render();
        let subject = &envelope.letter.subject;
        (
            format!("letter-{name}"),
            page.map(|page| format!("{subject}\n\n{page}")),
        )
    };
    written(text).into_iter().map(plain).collect()
}

fn written(text: &'static Text) -> Vec<(&'static str, Envelope)> {
    let (plain, long) = (Names::plain().email, Names::long().email);
    let link = format!(
        "https://login.example/u/password?ticket={}",
        "0123456789abcdef".repeat(30)
    );
    let facts = vec![
        (text.attacks.device)(&(text.attacks.device_on)("Chrome", "macOS")),
        (text.attacks.place)("2001:db8:85a3:8d3:1319:8a2e:370:7348", None),
        (text.attacks.time)(match text.language.tag() {
            "ja" => "2027年1月15日 08:00（UTC）",
            _ => "15 January 2027, 08:00 UTC",
        }),
    ];
    let seen = |account: Option<&str>| Seen {
        facts: facts.clone(),
        account: account.map(str::to_owned),
    };
    let with_link = |words: &MailText, to: &str| letters::with_link(text, words, TENANT, to, &link);
    let with_code = |words: &MailText| letters::with_code(text, words, TENANT, &plain, "042817");
    let told = |words: &MailText, about: &str| {
        letters::told(
            text,
            words,
            TENANT,
            about,
            seen(Some("https://login.example/account")),
        )
    };
    let gone = |words: &MailText, about: &str| letters::told(text, words, TENANT, about, seen(None));
    let (mails, attacks) = (&text.mails, &text.attacks);
    let mut odd = with_link(&attacks.sign_in_mail, &plain);
    let why = [attacks.new_country, attacks.new_device].join(attacks.and);
    odd.letter.paragraphs.push((attacks.why)(&why));
    odd.letter.facts.clone_from(&facts);
    vec![
        ("join", with_link(&mails.join, &plain)),
        ("joined-already", with_link(&mails.joined_already, &plain)),
        ("reset", with_link(&mails.reset, &plain)),
        ("reset-long", with_link(&mails.reset, &long)),
        ("verify", with_link(&mails.verify, &plain)),
        ("sign-in-code", with_code(&mails.sign_in_code)),
        ("sign-in-link", with_link(&mails.sign_in_link, &plain)),
        ("factor-code", with_code(&mails.factor_code)),
        ("change-email", with_link(&mails.change_email, &plain)),
        ("change-email-asked", told(&mails.change_email_asked, &plain)),
        ("email-changed", gone(&mails.email_changed, &plain)),
        ("email-is-yours", told(&mails.email_is_yours, &plain)),
        (
            "address-taken",
            letters::notice(text, &mails.address_taken, TENANT, &plain),
        ),
        ("password-changed", told(&mails.password_changed, &plain)),
        ("password-changed-long", told(&mails.password_changed, &long)),
        ("factor-added", told(&mails.factor_added, &plain)),
        ("factor-removed", told(&mails.factor_removed, &plain)),
        ("recovery-codes-made", told(&mails.recovery_codes_made, &plain)),
        ("recovery-code-used", told(&mails.recovery_code_used, &plain)),
        ("passkey-added", told(&text.passkeys.mail_added, &plain)),
        ("passkey-removed", told(&text.passkeys.mail_removed, &plain)),
        ("linked", told(&text.upstream.mail_linked, "LINE")),
        ("unlinked", told(&text.upstream.mail_unlinked, "LINE")),
        ("data-downloaded", told(&mails.data_downloaded, &plain)),
        ("account-deleted", gone(&mails.account_deleted, &plain)),
        (
            "blocked",
            letters::about(text, &attacks.blocked_mail, TENANT, "2001:db8::1", &link),
        ),
        ("was-this-you", odd),
    ]
}
