//! Laws of second factors on the way to a code.

use crate::authorize::{Browser, reason_of, set_up, understood, with};
use crate::world::{api, client, session};
use sekisho_rules::authorize::{Known, Next, Step};
use sekisho_rules::client::Client;
use sekisho_rules::factor::{ACR_MULTI_FACTOR, FactorKind, MfaPolicy};
use sekisho_rules::refusal::Reason;
use sekisho_rules::session::Session;

#[test]
fn threat_09_a_code_is_made_only_after_the_factor_that_is_due() {
    let browser = |policy, enrolled: &[FactorKind], amr: &[&str]| Browser {
        session: Session {
            amr: amr.iter().map(|word| (*word).to_owned()).collect(),
            ..session()
        },
        factors: Known::Known(set_up(enrolled)),
        mfa: policy,
        ..Browser::signed_in()
    };
    let asked = |changes: &[(&str, &str)]| understood(client(), &with(changes), Some(api())).unwrap();
    let (plain, silent) = (asked(&[]), asked(&[("prompt", "none")]));
    let several = asked(&[(
        "acr_values",
        "urn:other http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    )]);

    let unread = Browser {
        factors: Known::Unknown,
        ..Browser::signed_in()
    };
    assert!(
        matches!(unread.next(&plain), Next::NeedFactors),
        "never decided unread"
    );

    let totp = [FactorKind::Totp];
    let holder = browser(MfaPolicy::Adaptive, &totp, &["pwd"]);
    assert!(matches!(holder.next(&plain), Next::Ask(Step::Factor(kinds)) if kinds == totp));
    assert_eq!(reason_of(holder.next(&silent)), Reason::FactorRequired);
    let nobody = browser(MfaPolicy::Always, &[], &["pwd"]);
    assert!(matches!(nobody.next(&plain), Next::Ask(Step::Enrol)));
    assert_eq!(reason_of(nobody.next(&silent)), Reason::FactorRequired);
    let lenient = browser(MfaPolicy::Never, &totp, &["pwd"]);
    assert!(
        matches!(lenient.next(&several), Next::Ask(Step::Factor(_))),
        "the application asked"
    );
    let Next::Respond(code) = lenient.next(&plain) else {
        panic!("no code")
    };
    assert_eq!(code.acr, None);

    for policy in MfaPolicy::ALL {
        let Next::Respond(code) = browser(*policy, &totp, &["pwd", "otp", "mfa"]).next(&several) else {
            panic!("no code")
        };
        assert_eq!(code.acr.as_deref(), Some(ACR_MULTI_FACTOR));
    }
    // The client's own policy comes first.
    let strict = Client {
        mfa: Some(MfaPolicy::Always),
        ..client()
    };
    let request = understood(strict, &with(&[]), Some(api())).unwrap();
    assert!(matches!(
        browser(MfaPolicy::Never, &[], &["pwd"]).next(&request),
        Next::Ask(Step::Enrol)
    ));
}
