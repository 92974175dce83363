//! Signing in at another service, and joining its account to one of ours.

use super::people::{First, Proven};
use super::{TARO, Walk};
use crate::site::form;
use crate::upstream::taro;
use sekisho_store::args;
use serde_json::json;

impl Walk {
    /// Signs in at Google: Taro, who has an account by it, or somebody whose address there is that of an account here.
    pub(super) async fn elsewhere(&mut self, at: usize, number: usize) {
        let Some(tab) = self.login_page(at).await else {
            return;
        };
        let who = if number.is_multiple_of(2) { TARO } else { 0 };
        self.google.is(match who {
            TARO => taro(),
            _ => json!({"sub": "999", "email": self.people[0].email, "email_verified": true, "name": "H"}),
        });
        let state = tab.page.hidden("state");
        let sent = self
            .get(at, &format!("/u/upstream?state={state}&connection=google-oauth2"))
            .await;
        if !sent.status.is_redirection() || sent.location().starts_with('/') {
            return;
        }
        let brought = self.google.allow(sent.location());
        let fields: Vec<(&str, &str)> = brought
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let before = self.secret(at);
        let answer = self.get(at, &format!("/login/callback?{}", form(&fields))).await;
        if self.secret(at) != before {
            assert!(self.people[who].elsewhere, "an account was opened by an address");
            self.note("signed in elsewhere");
            self.places[at].session = Some(Proven {
                who,
                first: First::Elsewhere,
                second: false,
                risky: false,
                at: self.step,
            });
        }
        self.look(at, tab.asking, answer).await;
    }

    /// Says yes where the page asks whether the two accounts shall be one, or follows its way to the sign-in page.
    pub(super) async fn join(&mut self, at: usize) {
        if let Some(tab) = self.tab(at, "name=\"decision\" value=\"link\"") {
            let before = self.joined().await;
            let answer = self.send(at, &tab.page, &[("decision", "link")]).await;
            if !before && self.joined().await {
                let proven = self.places[at].session.clone().unwrap();
                assert_eq!(proven.who, 0, "somebody else said yes");
                assert!(
                    self.people[0].may_change(&proven),
                    "a way in was added with less than the account has: {proven:?}"
                );
                self.people[0].elsewhere = true;
                self.note("joined");
            }
            self.look(at, tab.asking, answer).await;
        } else if let Some(tab) = self.tab(at, "class=\"primary\" href=\"/u/login") {
            let to = crate::factors::onward(&tab.page);
            let answer = self.get(at, &to).await;
            self.look(at, tab.asking, answer).await;
        }
    }

    async fn joined(&self) -> bool {
        let hanako = args![self.people[0].id.as_str()];
        let rows = self
            .site()
            .app
            .db
            .scan("SELECT provider FROM identities WHERE user_id = $1", hanako);
        !rows.await.unwrap().is_empty()
    }
}
