//! Setting up a second factor in the middle of a sign-in.

use super::Walk;
use crate::authenticator::Key;
use crate::factors::{Phone, recovery_codes};
use crate::passkeys::asked;
use sekisho_rules::factor::FactorKind;

impl Walk {
    /// Sets this kind up, if the page that is shown is about that.
    pub(super) async fn set_up(&mut self, at: usize, kind: FactorKind) {
        let Some(tab) = self.factor_page(at, "name=\"setup\"").await else {
            return;
        };
        let Some(proven) = self.places[at].session.clone() else {
            return;
        };
        let (state, csrf) = (tab.page.hidden("state"), tab.page.hidden("csrf"));
        let hidden = [
            ("state", state.as_str()),
            ("csrf", csrf.as_str()),
            ("kind", kind.word()),
        ];
        let shown = self
            .get(at, &format!("/u/enrol?state={state}&kind={}", kind.word()))
            .await;
        let (mut phone, mut key, mut code) = (None, None, None);
        let mut sent = hidden.to_vec();
        let (setup, challenge, response);
        match kind {
            FactorKind::Totp if tab.page.body.contains("id=\"secret\"") => {
                // That of the page, which may be an older one.
                let scanned = Phone::scan(&tab.page);
                setup = tab.page.hidden("setup");
                code = Some(scanned.code(self.site()));
                phone = Some(scanned);
                sent.push(("setup", &setup));
            }
            FactorKind::Passkey if shown.body.contains("data-options") => {
                let mut made = Key::new();
                response = made.create(&asked(&shown)).await;
                challenge = shown.hidden("challenge");
                key = Some(made);
                sent.extend([("challenge", challenge.as_str()), ("response", &response)]);
            }
            FactorKind::Email => {
                self.site().pass(181);
                let email = self.people[proven.who].email.clone();
                let before = self.newest(&email).await;
                self.submit(at, "/u/enrol", &[&hidden[..], &[("send", "yes")]].concat())
                    .await;
                code = self.mailed(&email, before).await;
                if code.is_none() {
                    return;
                }
            }
            _ => return,
        }
        sent.extend(code.as_deref().map(|code| ("code", code)));
        let before = self.secret(at);
        let answer = self.submit(at, "/u/enrol", &sent).await;
        if self.secret(at) != before {
            let person = &mut self.people[proven.who];
            assert!(
                person.may_change(&proven),
                "set up beside what there is: {kind:?} {proven:?}"
            );
            assert!(proven.gains_by(kind), "one mailbox counted twice: {proven:?}");
            person.phone = phone.or(person.phone.take());
            person.by_mail |= kind == FactorKind::Email;
            if key.is_some() {
                (person.key, person.key_stands) = (key, true);
            }
            if answer.body.contains("id=\"codes\"") {
                person.codes = recovery_codes(&answer);
            }
            self.places[at].session.as_mut().unwrap().second = true;
            self.note("set up");
        }
        self.go_on(at, &tab, answer).await;
    }
}
