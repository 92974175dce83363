//! A login at the token endpoint for tokens: the one way for all grants in which a person proves themselves without a browser.

use super::ATTEMPTS;
use crate::audit::Record;
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::{self, Fresh, Tokens};
use crate::mfa_token;
use crate::risk::{self, Judged};
use sekisho_rules::client::{AuthMethod, GrantType};
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::factor::{AMR_MULTI_FACTOR, FactorKind, Risk};
use sekisho_rules::family::RefreshToken;
use sekisho_rules::grant::login::{self, Asked, Decided, Facts, Login};
use sekisho_rules::grant::{Grant, Refreshable, Wish};
use sekisho_rules::id::{Epochs, GrantId};
use sekisho_rules::login::risk::Through;
use sekisho_rules::mfa_token::MfaToken;
use sekisho_rules::refusal::Reason;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::time::Timestamp;
use sekisho_store::audit::Event;
use sekisho_store::families::Start;
use sekisho_store::{Settled, audit, factors, families, mfa_tokens, users};
use sekisho_verify::Scope;

/// What a client asked for, and what is used up by getting it.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    /// The grant in which the first factor was proven.
    pub(super) grant: GrantType,
    /// The scope that was asked for.
    pub(super) scope: Option<Scope>,
    /// The API that was asked for.
    pub(super) audience: Option<String>,
    /// The `mfa_token` that was redeemed: it opens once.
    pub(super) spends: Option<Spent>,
    /// The code of the audit event, for example `sepft`.
    pub(super) event: &'static str,
}

impl Wanted {
    /// What a request with a first factor asks for. Nothing is used up by it.
    pub(super) fn by(grant: GrantType, wish: Wish, event: &'static str) -> Self {
        Self {
            grant,
            scope: wish.scope,
            audience: wish.audience,
            spends: None,
            event,
        }
    }
}

/// An `mfa_token` that is used up.
#[derive(Clone, Debug)]
pub(super) struct Spent {
    /// Which.
    pub(super) id: String,
    /// When it would have ended.
    pub(super) expires_at: Timestamp,
    /// The recovery code that takes the place of one that was used with it.
    pub(super) adds: Option<NewCode>,
}

/// A recovery code on its way to its list.
#[derive(Clone, Debug)]
pub(super) struct NewCode {
    /// The list.
    pub(super) factor: String,
    /// What is kept of the code.
    pub(super) hash: SecretHash,
}

/// Turns a login into tokens, or into the question for a second factor. The family is started in one transaction with what is used up
/// and the audit event, if the person still is who was read when the credential was checked.
pub(super) async fn settle(
    visit: &Visit,
    client: &AuthenticatedClient,
    login: Login,
    wanted: Wanted,
) -> Result<Tokens, Refused> {
    let app = &visit.app;
    let own = format!("{}userinfo", app.config.issuer.as_str());
    let audience = wanted
        .audience
        .as_deref()
        .filter(|audience| *audience != own.as_str());
    let judged = match login.amr.iter().any(|method| method == AMR_MULTI_FACTOR) {
        true => None,
        false => Some(risk::judge(visit, &login.user, through(visit, client)).await?),
    };
    let reasons = judged.as_ref().map(Judged::reasons).unwrap_or_default();
    for _ in 0..ATTEMPTS {
        let now = app.clock.now();
        let asked = Asked {
            grant: wanted.grant,
            scope: wanted.scope.as_ref(),
            audience,
        };
        let facts = Facts {
            gid: GrantId::new(visit.moment.id()),
            api: match audience {
                Some(audience) => app.rows.api(app, audience).await?,
                None => None,
            },
            issuer_epoch: app.rows.issuer(app).await?.epoch,
            factors: crate::factors::held(visit, &login.user).await?,
            mfa: app.config.mfa.policy,
            risk: judged.as_ref().map_or(Risk::Low, |judged| judged.risk),
            wire: app.config.wire,
        };
        let (issuer_epoch, mailbox) = (facts.issuer_epoch, facts.factors.mailbox);
        match login::decide(client, login.clone(), asked, facts, now) {
            Decided::Refuse(refusal) => return Err(refusal.into()),
            Decided::Factor { due, scope } => {
                let client = client.client();
                let epochs = Epochs {
                    user: login.user.epoch,
                    client: client.epoch,
                    issuer: issuer_epoch,
                };
                let id = visit.moment.id();
                let token = MfaToken::new(id, (client, &login, epochs), (asked, &scope, &due), now);
                let open = match mailbox {
                    true => vec![FactorKind::Totp, FactorKind::Email],
                    false => vec![FactorKind::Totp],
                };
                let token = mfa_token::seal(visit, &token)?;
                let event = Record::new("mfar").user(&login.user.id).client(&client.id);
                let event = event.detail(asked.grant.word()).risk(reasons);
                app.failures.note(app, event.at(visit), None);
                return Err(Refused::Factor { token, due, open });
            }
            Decided::Grant(grant) => {
                let grant = issuer::not_before(visit, *grant).await?;
                if let Some((settled, fresh)) = write(visit, grant, (&wanted, &reasons)).await? {
                    return issuer::sign(visit, settled, fresh).await;
                }
                if let Some(spent) = &wanted.spends
                    && mfa_tokens::is_spent(&app.db, &spent.id).await?
                {
                    return Err(Reason::MfaTokenMalformed.into());
                }
                // The person was blocked or changed their password, or a row that was kept here is another one by now.
                app.rows.forget();
            }
        }
    }
    Err(Reason::Unavailable.into())
}

/// Where the request comes from. Who proves nothing about itself is a program of the person's; who has a credential is a server, and so
/// is what the operator trusts to stand for many people.
fn through(visit: &Visit, client: &AuthenticatedClient) -> Through {
    let trusted = visit.app.config.attacks.trusted_networks.contains(visit.ip);
    match client.client().auth_method {
        AuthMethod::None if !trusted => Through::Program,
        _ => Through::Server,
    }
}

/// `None` when the `mfa_token` was used by another request, or user or client no longer stand.
async fn write(
    visit: &Visit,
    grant: Grant,
    by: (&Wanted, &str),
) -> Result<Option<(Settled<Grant>, Fresh)>, Refused> {
    let (wanted, reasons) = by;
    let now = grant.issued_at();
    let refresh = match grant.refreshable() {
        Refreshable::Yes => Some(RefreshToken::first(visit.moment.bytes(), visit.moment.secret())),
        Refreshable::No => None,
    };
    let (expires_at, idle_expires_at) = match &refresh {
        Some(_) => {
            let policy = grant.client().refresh;
            (now.plus_seconds(policy.lifetime), now.plus_seconds(policy.idle))
        }
        // As long as the longest of its tokens may last.
        None => {
            let bare = Timestamp::from_seconds(grant.last_exp());
            (bare, bare)
        }
    };
    let start = Start {
        token: refresh.as_ref().map(|token| (token.handle_hash(), token.hash())),
        expires_at,
        idle_expires_at,
    };
    let fresh = Fresh::new(visit, &grant, refresh);
    let opaque = fresh.opaque_hash();
    let event = Event {
        risk: reasons.to_owned(),
        ..issuer::event(visit, &grant, wanted.event)
    };
    let spent = wanted.spends.clone();
    let settled = visit
        .app
        .db
        .settle(async move |tx| {
            let Some(subject) = grant.user() else {
                return Ok(None);
            };
            if let Some(spent) = &spent
                && !mfa_tokens::spend(tx, &spent.id, spent.expires_at).await?
            {
                return Ok(None);
            }
            if !users::logged_in(tx, &subject.user, now).await? {
                return Ok(None);
            }
            if let Some(code) = spent.as_ref().and_then(|spent| spent.adds.as_ref()) {
                factors::add_code(tx, &code.factor, code.hash.bytes()).await?;
            }
            issuer::remember_opaque(tx, opaque.as_ref(), &grant).await?;
            audit::insert(tx, &event).await?;
            families::start(tx, &grant, subject, &start).await
        })
        .await?;
    Ok(settled.map(|settled| (settled, fresh)))
}
