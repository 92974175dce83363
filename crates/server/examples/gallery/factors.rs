//! The section of second factors, and the pages it leads to, in every state.

use super::{Names, State, account_frame, chrome};
use askama::Template;
use sekisho::pages::{
    EnrolOffer, EnrolPage, EnrolProblem, FactorNotice, FactorProblem, FactorsPage, OwnFactor, QrPicture,
    RecoveryCodesPage, Section, TotpOffer,
};
use sekisho::text::Text;
use sekisho_rules::time::Timestamp;

pub(super) fn every(text: &'static Text) -> Vec<State> {
    let list = |factors, left, notice| section(text, factors, left, notice).render();
    let by_mail = |sent| {
        let address = Names::plain().email;
        match sent {
            true => EnrolOffer::EmailSent { address },
            false => EnrolOffer::EmailUnsent { address },
        }
    };
    let code = |problem| Some(EnrolProblem::Code(problem));
    let mut states = vec![
        ("-none".to_owned(), list(Vec::new(), None, None)),
        (String::new(), list(own(), Some(8), None)),
        ("-one-code".to_owned(), list(own(), Some(1), None)),
        ("-no-codes".to_owned(), list(own(), Some(0), None)),
        ("-totp".to_owned(), enrol(text, totp(), None).render()),
        (
            "-totp-wrong".to_owned(),
            enrol(text, totp(), code(FactorProblem::Wrong)).render(),
        ),
        (
            "-totp-expired".to_owned(),
            enrol(text, totp(), Some(EnrolProblem::SetUpExpired)).render(),
        ),
        (
            "-email-unsent".to_owned(),
            enrol(text, by_mail(false), None).render(),
        ),
        ("-email".to_owned(), enrol(text, by_mail(true), None).render()),
        (
            "-email-wrong".to_owned(),
            enrol(text, by_mail(true), code(FactorProblem::Wrong)).render(),
        ),
        (
            "-email-mails".to_owned(),
            enrol(text, by_mail(false), code(FactorProblem::TooManyMails)).render(),
        ),
        (
            "-codes".to_owned(),
            codes(text, "Sekisho", &Names::plain()).render(),
        ),
        (
            "-codes-long".to_owned(),
            codes(text, &Names::long().app, &Names::long()).render(),
        ),
    ];
    for notice in FactorNotice::ALL {
        states.push((format!("-{}", notice.word()), list(own(), Some(8), Some(notice))));
    }
    states
        .into_iter()
        .map(|(name, page)| (format!("account_factors{name}"), page))
        .collect()
}

fn section(
    text: &'static Text,
    factors: Vec<OwnFactor>,
    codes_left: Option<i64>,
    notice: Option<FactorNotice>,
) -> FactorsPage {
    let said = notice.map(|notice| notice.said(&text.enrolment));
    let has_any = !factors.is_empty();
    FactorsPage {
        chrome: chrome(text),
        frame: account_frame(&Names::plain(), Section::Factors, said),
        factors,
        codes_left,
        has_any,
        remembers: has_any,
        change_action: "/account/factors/change".into(),
        add_totp_url: "/account/factors/totp".into(),
        add_email_url: (!has_any).then(|| "/account/factors/email".into()),
    }
}

fn own() -> Vec<OwnFactor> {
    let at = |days: i64| Timestamp::from_seconds(1_800_000_000 - 86_400 * days).into();
    vec![
        OwnFactor {
            id: "totp|dev_a".into(),
            is_totp: true,
            added: at(90),
            last_used: Some(at(1)),
        },
        OwnFactor {
            id: "email|dev_b".into(),
            is_totp: false,
            added: at(80),
            last_used: None,
        },
    ]
}

fn totp() -> EnrolOffer {
    let secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP";
    let uri = format!("otpauth://totp/Sekisho:hanako%40example.com?secret={secret}&issuer=Sekisho");
    EnrolOffer::Totp(TotpOffer {
        picture: QrPicture::of(&uri).unwrap_or_else(|| panic!("a picture")),
        uri,
        secret: secret.into(),
        sealed: "sealed".into(),
    })
}

fn enrol(text: &'static Text, offers: EnrolOffer, problem: Option<EnrolProblem>) -> EnrolPage {
    EnrolPage {
        chrome: chrome(text),
        app: None,
        action: "/account/factors/totp".into(),
        state: String::new(),
        csrf: "token".into(),
        offers,
        others: Vec::new(),
        problem,
        login_url: None,
        back_url: Some("/account/factors".into()),
    }
}

fn codes(text: &'static Text, tenant: &str, names: &Names) -> RecoveryCodesPage {
    let code = |number: u32| format!("{:05x}-{:05x}", number * 7919 + 65_536, number * 104_729 + 65_536);
    RecoveryCodesPage {
        chrome: sekisho::pages::Chrome {
            tenant: tenant.to_owned(),
            ..chrome(text)
        },
        account: names.email.clone(),
        codes: (1..=10).map(code).collect(),
        go_on: "/account/factors".into(),
    }
}
