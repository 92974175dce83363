//! Audit events as features make them: what happened, to whom, from where.

use crate::http::visit::Visit;
use sekisho_rules::id::{ClientId, SessionId, UserId};
use sekisho_rules::time::Timestamp;
use sekisho_store::audit::Event;

/// An event on its way to the audit table. `kind` is the field's short code: `s` login, `ss` sign-up, `slo` logout, `seacft` code
/// exchange, `fp` a wrong password, `fu` an unknown user, `limit_wc` and `limit_mu` too many failures at an account
/// and from a network, `fs` a sign-up that failed, `feacft` a replayed code, `sertft` refresh, `ferrt` reuse of a refresh token, `srrt` revocation, `seccft` client credentials.
pub struct Record(Event);

impl Record {
    /// An event of this kind.
    pub fn new(kind: &'static str) -> Self {
        Self(Event {
            id: String::new(),
            at: Timestamp::default(),
            kind,
            user: None,
            client: None,
            session: None,
            ip: String::new(),
            user_agent: String::new(),
            detail: String::new(),
            risk: String::new(),
        })
    }

    /// Whom it is about.
    #[must_use]
    pub fn user(mut self, id: &UserId) -> Self {
        self.0.user = Some(id.clone());
        self
    }

    /// Which client was involved.
    #[must_use]
    pub fn client(mut self, id: &ClientId) -> Self {
        self.0.client = Some(id.clone());
        self
    }

    /// In which session.
    #[must_use]
    pub fn session(mut self, id: &SessionId) -> Self {
        self.0.session = Some(id.clone());
        self
    }

    /// A sentence for the reader; never a secret.
    #[must_use]
    pub fn detail(mut self, text: impl Into<String>) -> Self {
        self.0.detail = text.into();
        self
    }

    /// How a login looked: the words of its reasons.
    #[must_use]
    pub fn risk(mut self, reasons: impl Into<String>) -> Self {
        self.0.risk = reasons.into();
        self
    }

    /// When and from where; the event is complete.
    pub fn at(mut self, visit: &Visit) -> Event {
        let from = visit.birthplace();
        self.0.id = visit.moment.sortable_id();
        self.0.at = visit.moment.now;
        self.0.ip = from.ip;
        self.0.user_agent = from.user_agent;
        self.0
    }
}
