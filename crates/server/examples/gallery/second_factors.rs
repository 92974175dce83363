//! Second factors during a sign-in, in every state: proving one, setting one up, recovery codes.

use super::{Names, State, chrome, passkeys};
use askama::Template;
use sekisho::pages::{
    AddPasskeyProblem, EnrolOffer, EnrolPage, EnrolProblem, FactorAsked, FactorPage, FactorProblem,
    FactorWay, FactorWayKind, PasskeyPrompt, QrPicture, RecoveryCodesPage, RecoveryUsedPage, TotpOffer,
};
use sekisho::text::Text;

const WAYS: [FactorWayKind; 4] = [
    FactorWayKind::Passkey,
    FactorWayKind::Totp,
    FactorWayKind::Email,
    FactorWayKind::RecoveryCode,
];

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let mut states = Vec::new();
    for (suffix, names) in [("", Names::plain()), ("-long", Names::long())] {
        states.extend(proving(text, suffix, &names));
        states.extend(setting_up(text, suffix, &names));
    }
    for (name, left) in [("", 7), ("-one-left", 1), ("-last", 0)] {
        let page = RecoveryUsedPage {
            chrome: chrome(text),
            left,
            go_on: "/authorize/resume".into(),
        };
        states.push((format!("factor-recovery-used{name}"), page.render()));
    }
    states
}

fn proving(text: &'static Text, suffix: &str, names: &Names) -> Vec<State> {
    let address = || match suffix {
        "" => "h•••@example.com".to_owned(),
        _ => names.email.replacen("a.person", "a•••", 1),
    };
    let page = |asks, shown, problem| {
        FactorPage {
            chrome: chrome(text),
            app: names.app.clone(),
            account: names.email.clone(),
            action: "/u/factor".into(),
            state: "sealed".into(),
            csrf: "token".into(),
            passkey: (asks == FactorAsked::Passkey).then(passkeys::prompt),
            asks,
            others: ways(shown),
            remember_days: Some(30),
            problem,
            login_url: "/u/login?state=sealed".into(),
        }
        .render()
    };
    let totp = |problem| page(FactorAsked::Totp, Some(FactorWayKind::Totp), problem);
    let passkey = |problem| page(FactorAsked::Passkey, Some(FactorWayKind::Passkey), problem);
    let recovery = |problem| {
        page(
            FactorAsked::RecoveryCode,
            Some(FactorWayKind::RecoveryCode),
            problem,
        )
    };
    let sent = |problem| {
        let asks = FactorAsked::EmailSent { address: address() };
        page(asks, Some(FactorWayKind::Email), problem)
    };
    let unsent = |problem| {
        let asks = FactorAsked::EmailUnsent { address: address() };
        page(asks, Some(FactorWayKind::Email), problem)
    };
    let mut states = vec![
        ("totp", totp(None)),
        ("passkey", passkey(None)),
        ("email", unsent(None)),
        ("email-sent", sent(None)),
        ("recovery", recovery(None)),
        ("nothing", page(FactorAsked::Nothing, None, None)),
    ];
    if suffix.is_empty() {
        let alone = FactorPage {
            chrome: chrome(text),
            app: names.app.clone(),
            account: names.email.clone(),
            action: "/u/factor".into(),
            state: "sealed".into(),
            csrf: "token".into(),
            passkey: None,
            asks: FactorAsked::Totp,
            others: Vec::new(),
            remember_days: None,
            problem: None,
            login_url: "/u/login?state=sealed".into(),
        };
        use FactorProblem as P;
        states.extend([
            ("totp-alone", alone.render()),
            ("totp-missing", totp(Some(P::Missing))),
            ("totp-wrong", totp(Some(P::Wrong))),
            ("totp-too-many", totp(Some(P::TooManyAttempts))),
            ("passkey-wrong", passkey(Some(P::Wrong))),
            ("passkey-expired", passkey(Some(P::Expired))),
            ("email-too-many-mails", unsent(Some(P::TooManyMails))),
            ("email-sent-wrong", sent(Some(P::Wrong))),
            ("email-sent-expired", sent(Some(P::Expired))),
            ("email-sent-too-many-mails", sent(Some(P::TooManyMails))),
            ("recovery-wrong", recovery(Some(P::Wrong))),
        ]);
    }
    named("factor", suffix, states)
}

fn setting_up(text: &'static Text, suffix: &str, names: &Names) -> Vec<State> {
    let page = |offers: EnrolOffer, shown, problem| {
        EnrolPage {
            chrome: chrome(text),
            app: Some(names.app.clone()),
            action: "/u/enrol".into(),
            state: "sealed".into(),
            csrf: "token".into(),
            offers,
            others: ways(Some(shown))
                .into_iter()
                .filter(|way| way.kind != FactorWayKind::RecoveryCode)
                .collect(),
            problem,
            back_url: None,
            login_url: Some("/u/login?state=sealed".into()),
        }
        .render()
    };
    let totp = |problem| {
        page(
            EnrolOffer::Totp(authenticator(names)),
            FactorWayKind::Totp,
            problem,
        )
    };
    let address = || names.email.clone();
    let unsent = |problem| {
        let offer = EnrolOffer::EmailUnsent { address: address() };
        page(offer, FactorWayKind::Email, problem)
    };
    let sent = |problem| {
        let offer = EnrolOffer::EmailSent { address: address() };
        page(offer, FactorWayKind::Email, problem)
    };
    let passkey = |problem| {
        let offer = EnrolOffer::Passkey(PasskeyPrompt {
            action: "/u/enrol".into(),
            ..passkeys::prompt()
        });
        page(offer, FactorWayKind::Passkey, problem)
    };
    let codes = RecoveryCodesPage {
        chrome: chrome(text),
        account: names.email.clone(),
        codes: (0..10)
            .map(|code| format!("K7QM-{code}XRT-9W2{code}-HB4F"))
            .collect(),
        go_on: "/authorize/resume".into(),
    };
    let mut states = vec![
        ("totp", totp(None)),
        ("email", unsent(None)),
        ("email-sent", sent(None)),
        ("passkey", passkey(None)),
        ("recovery-codes", codes.render()),
    ];
    if suffix.is_empty() {
        use EnrolProblem as P;
        use FactorProblem::{Expired, Missing, TooManyAttempts, TooManyMails, Wrong};
        states.extend([
            ("totp-missing", totp(Some(P::Code(Missing)))),
            ("totp-wrong", totp(Some(P::Code(Wrong)))),
            ("totp-expired", totp(Some(P::SetUpExpired))),
            ("email-too-many-mails", unsent(Some(P::Code(TooManyMails)))),
            ("email-sent-wrong", sent(Some(P::Code(Wrong)))),
            ("email-sent-expired", sent(Some(P::Code(Expired)))),
            ("email-sent-too-many", sent(Some(P::Code(TooManyAttempts)))),
            (
                "passkey-not-accepted",
                passkey(Some(P::Passkey(AddPasskeyProblem::NotAccepted))),
            ),
        ]);
    }
    named("enrol", suffix, states)
}

fn named(page: &str, suffix: &str, states: Vec<(&'static str, Result<String, askama::Error>)>) -> Vec<State> {
    states
        .into_iter()
        .map(|(name, html)| (format!("{page}-{name}{suffix}"), html))
        .collect()
}

/// What an authenticator application scans.
fn authenticator(names: &Names) -> TotpOffer {
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let uri = format!(
        "otpauth://totp/Sekisho:{}?secret={secret}&issuer=Sekisho",
        names.email
    );
    let picture = QrPicture::of(&uri).unwrap_or(QrPicture {
        size: 0,
        path: String::new(),
    });
    TotpOffer {
        picture,
        uri,
        secret: secret.into(),
        sealed: "sealed".into(),
    }
}

/// Every way but the one that is shown; none at all when nothing is.
fn ways(shown: Option<FactorWayKind>) -> Vec<FactorWay> {
    let way = |kind| FactorWay {
        kind,
        href: "/u/factor?state=sealed&kind=otp".into(),
    };
    let others = WAYS.into_iter().filter(|kind| Some(*kind) != shown);
    others.map(way).filter(|_| shown.is_some()).collect()
}
