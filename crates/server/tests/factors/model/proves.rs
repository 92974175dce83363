//! Second factors at the pages: proven by their owner, by somebody else, twice; and taken away.

use super::Walk;
use super::people::Whose;
use crate::browser::Answer;
use crate::factors::onward;
use crate::passkeys::asked;
use sekisho_rules::factor::FactorKind;

/// What was typed or signed, and whether the program may take it.
struct Typed {
    text: String,
    right: bool,
}

impl Walk {
    pub(super) async fn prove(&mut self, at: usize, kind: FactorKind, whose: Whose, remember: bool) {
        let Some(tab) = self.factor_page(at, "Confirm it’s you").await else {
            return;
        };
        let Some(proven) = self.places[at].session.clone() else {
            return;
        };
        let owner = match whose {
            Whose::Other => (proven.who + 1) % self.people.len(),
            Whose::Own | Whose::Invented => proven.who,
        };
        let kind = match whose {
            Whose::Own => self.people[owner].at_hand(kind, self.step),
            Whose::Other | Whose::Invented => kind,
        };
        let (state, csrf) = (tab.page.hidden("state"), tab.page.hidden("csrf"));
        let hidden = [
            ("state", state.as_str()),
            ("csrf", csrf.as_str()),
            ("kind", kind.word()),
        ];
        let (before, answer, typed) = match kind {
            FactorKind::Passkey => {
                let shown = self
                    .get(at, &format!("/u/factor?state={state}&kind=webauthn"))
                    .await;
                if !shown.body.contains("data-options") {
                    return;
                }
                let Some(text) = self.signed(owner, &asked(&shown)).await else {
                    return;
                };
                let right = self.people[owner].key_stands;
                let challenge = shown.hidden("challenge");
                let sent = [("challenge", challenge.as_str()), ("response", &text)];
                let before = self.secret(at);
                let answer = self
                    .submit(at, "/u/factor/passkey", &[&hidden[..], &sent].concat())
                    .await;
                (before, answer, Typed { text, right })
            }
            _ => {
                let Some(typed) = self.typed(at, (kind, whose, owner), &hidden).await else {
                    return;
                };
                let mut sent = hidden.to_vec();
                sent.push(("code", &typed.text));
                sent.extend(remember.then_some(("remember", "yes")));
                let before = self.secret(at);
                let answer = self.submit(at, "/u/factor", &sent).await;
                (before, answer, typed)
            }
        };
        let taken = self.secret(at) != before;
        if taken {
            assert!(
                typed.right && owner == proven.who,
                "{kind:?} of nobody here was taken ({whose:?})"
            );
            assert!(proven.gains_by(kind), "one mailbox counted twice");
            self.note("proven");
            let place = &mut self.places[at];
            place.session.as_mut().unwrap().second = true;
            if remember && kind != FactorKind::Passkey {
                place.remembered.insert(proven.who);
            }
        }
        if taken && kind == FactorKind::RecoveryCode {
            self.people[owner].codes.retain(|code| *code != typed.text);
        }
        self.go_on(at, &tab, answer).await;
    }

    /// After a form: by the link of a page that says something first.
    pub(super) async fn go_on(&mut self, at: usize, tab: &super::Tab, answer: Answer) {
        let says = answer.body.contains("Recovery code accepted") || answer.body.contains("id=\"codes\"");
        let answer = match says {
            true => self.get(at, &onward(&answer)).await,
            false => answer,
        };
        self.look(at, tab.asking, answer).await;
    }

    async fn typed(
        &mut self,
        at: usize,
        (kind, whose, owner): (FactorKind, Whose, usize),
        hidden: &[(&str, &str)],
    ) -> Option<Typed> {
        self.site().pass(60);
        let right = whose != Whose::Invented;
        if !right && kind != FactorKind::Email {
            let text = if kind == FactorKind::Totp {
                "000000"
            } else {
                "AAAA-AAAA-AAAA-AAAA"
            };
            return Some(Typed {
                text: text.to_owned(),
                right,
            });
        }
        let text = match kind {
            FactorKind::Totp => self.people[owner]
                .phone
                .as_ref()
                .map(|phone| phone.code(self.site())),
            FactorKind::RecoveryCode => self.people[owner].codes.last().cloned(),
            // A code for another purpose, to whoever it goes.
            FactorKind::Email if whose != Whose::Own => {
                let code = self.start("code", owner, 0).await;
                return code.map(|text| Typed { text, right: false });
            }
            FactorKind::Email => {
                self.site().pass(181);
                let email = self.people[owner].email.clone();
                let before = self.newest(&email).await;
                self.submit(at, "/u/factor", &[hidden, &[("send", "yes")]].concat())
                    .await;
                self.mailed(&email, before).await
            }
            FactorKind::Passkey => None,
        };
        text.map(|text| Typed { text, right })
    }

    /// One code of the right phone in one browser, then in the other, then in a program.
    pub(super) async fn prove_twice(&mut self, at: usize) {
        let who = |walk: &Self, at: usize| walk.places[at].session.as_ref().map(|proven| proven.who);
        let Some(owner) = who(self, at).filter(|owner| who(self, 1 - at) == Some(*owner)) else {
            return;
        };
        self.site().pass(60);
        let mut taken = 0;
        let mut code = None;
        for place in [at, 1 - at] {
            let Some(tab) = self.factor_page(place, "Confirm it’s you").await else {
                return;
            };
            // Asking takes seconds: it is the same code in both browsers, whatever the phone shows by then.
            let Some(phone) = &self.people[owner].phone else {
                return;
            };
            let digits = code.get_or_insert(phone.code(self.site())).clone();
            let (state, csrf) = (tab.page.hidden("state"), tab.page.hidden("csrf"));
            let fields = [
                ("state", state.as_str()),
                ("csrf", &csrf),
                ("kind", "otp"),
                ("code", &digits),
            ];
            let before = self.secret(place);
            let answer = self.submit(place, "/u/factor", &fields).await;
            if self.secret(place) != before {
                taken += 1;
                assert!(taken == 1, "one code counted twice");
                self.places[place].session.as_mut().unwrap().second = true;
            }
            self.look(place, tab.asking, answer).await;
        }
        if let Some(digits) = code.filter(|_| taken == 1) {
            self.note("typed twice");
            self.replay_by_program(owner, &digits).await;
        }
    }

    /// Takes the first factor away on the account page, if it lets somebody.
    pub(super) async fn remove_factor(&mut self, at: usize) {
        let page = self.get(at, "/account/factors").await;
        if !page.body.contains("name=\"factor\"") {
            return;
        }
        let (csrf, id) = (page.hidden("csrf"), page.hidden("factor"));
        let fields = [("csrf", csrf.as_str()), ("do", "remove"), ("factor", &id)];
        let answer = self.submit(at, "/account/factors/change", &fields).await;
        if !answer.status.is_redirection() || !answer.location().contains("done=removed") {
            return;
        }
        let proven = self.places[at].session.clone().unwrap();
        let person = &mut self.people[proven.who];
        assert!(
            person.may_change(&proven),
            "a factor was taken away without it: {proven:?}"
        );
        match id.starts_with("totp") {
            true => person.phone = None,
            false => person.by_mail = false,
        }
        if !person.has_any() {
            person.codes.clear();
        }
        self.note("taken away");
    }
}
