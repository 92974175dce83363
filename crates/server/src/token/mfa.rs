//! A second factor for tokens: the grants `mfa-otp`, `mfa-oob` and `mfa-recovery-code`, which end what a login at the token endpoint began.

use super::login::{self, NewCode, Spent, Wanted};
use crate::factors::{self, Tried, begun, recovery_codes};
use crate::http::reply::Refused;
use crate::http::visit::Visit;
use crate::issuer::Tokens;
use crate::mfa_token::{self, LoggedIn};
use sekisho_rules::client::GrantType;
use sekisho_rules::client_auth::AuthenticatedClient;
use sekisho_rules::factor::{AMR_MULTI_FACTOR, FactorKind};
use sekisho_rules::grant::login::{Login, may_log_in};
use sekisho_rules::mfa_api::{Action, may};
use sekisho_rules::mfa_token::{MfaToken, Way, is_second};
use sekisho_rules::refusal::{Reason, Refusal};
use sekisho_rules::user::User;
use sekisho_verify::Scope;

/// What the client sent.
#[derive(Clone, Copy)]
pub(super) struct Sent<'a> {
    pub(super) grant: GrantType,
    pub(super) mfa_token: &'a str,
    pub(super) code: &'a str,
    pub(super) oob_code: Option<&'a str>,
}

pub(super) async fn log_in(
    visit: &Visit,
    client: &AuthenticatedClient,
    sent: Sent<'_>,
) -> Result<Tokens, Refused> {
    may_log_in(client.client(), sent.grant)?;
    let presented = present(visit, client, sent.mfa_token).await?;
    let (kind, event) = match sent.grant {
        GrantType::MfaOob => {
            let oob_code = sent.oob_code.unwrap_or_default();
            let kind = mfa_token::open_oob(visit, oob_code, presented.id()).ok_or(Reason::WrongOobCode)?;
            (kind, "seoobft")
        }
        GrantType::MfaRecoveryCode => (FactorKind::RecoveryCode, "sercft"),
        _ => (FactorKind::Totp, "seotpft"),
    };
    let user = presented.user().clone();
    let held = factors::held(visit, &user).await?;
    let way = match &presented {
        Presented::Owing(token, _) => token.way(kind, &held),
        // Who is logged in already has nothing to prove here, only a set-up to finish.
        Presented::LoggedIn(login) => {
            may(&login.bearer(), Action::Enrol, &held, visit.moment.now)?;
            is_second(&login.family.amr, kind).then_some(Way::Finish)
        }
    };
    let tried = match way {
        Some(Way::Prove) => factors::prove(visit, (&client.client().id, &user), kind, sent.code).await?,
        Some(Way::Finish) => begun::confirm(visit, &user, (kind, presented.id()), sent.code).await?,
        None => return Err(Refusal::new(Reason::UnsupportedChallenge, "not the factor that is due").into()),
    };
    match tried {
        Tried::Right(_) => {}
        Tried::TooMany => return Err(Reason::TooManyAttempts.into()),
        Tried::Wrong | Tried::Expired => return Err(wrong(kind).into()),
    }
    let fresh = match kind {
        FactorKind::RecoveryCode => recovery_codes::one_more(visit, &user).await?,
        _ => None,
    };
    let shown = fresh.as_ref().map(|(_, code)| code.shown());
    let adds = fresh.map(|(factor, code)| NewCode {
        factor,
        hash: code.hash(),
    });
    let (login, mut wanted) = presented.resumed(kind, (sent.grant, event))?;
    if let Some(spent) = &mut wanted.spends {
        spent.adds = adds;
    }
    let tokens = login::settle(visit, client, login, wanted).await?;
    Ok(match shown {
        Some(code) => tokens.with_recovery_code(code),
        None => tokens,
    })
}

fn wrong(kind: FactorKind) -> Reason {
    match kind {
        FactorKind::Totp | FactorKind::Passkey => Reason::WrongOtp,
        FactorKind::Email => Reason::WrongBindingCode,
        FactorKind::RecoveryCode => Reason::WrongRecoveryCode,
    }
}

/// What was presented as an `mfa_token`.
enum Presented {
    /// One, of somebody who owes a factor.
    Owing(Box<MfaToken>, Box<User>),
    /// An access token for the MFA API, of somebody who sets one up.
    LoggedIn(Box<LoggedIn>),
}

async fn present(visit: &Visit, client: &AuthenticatedClient, text: &str) -> Result<Presented, Refused> {
    if mfa_token::is_one(visit, text) || !text.contains('.') {
        let (token, user) = mfa_token::read(visit, text, Some(client.client())).await?;
        return Ok(Presented::Owing(Box::new(token), Box::new(user)));
    }
    let login = mfa_token::by_access_token(visit, text).await?;
    match login.family.client_id == client.client().id {
        true => Ok(Presented::LoggedIn(Box::new(login))),
        false => Err(Refusal::new(Reason::MfaTokenMalformed, "it is another client's").into()),
    }
}

impl Presented {
    fn id(&self) -> &str {
        match self {
            Self::Owing(token, _) => &token.id,
            Self::LoggedIn(login) => login.family.gid.as_str(),
        }
    }

    fn user(&self) -> &User {
        match self {
            Self::Owing(_, user) => user,
            Self::LoggedIn(login) => &login.user,
        }
    }

    /// The login that goes on, with what was proven since.
    fn resumed(self, kind: FactorKind, by: (GrantType, &'static str)) -> Result<(Login, Wanted), Refused> {
        let (grant, event) = by;
        let (user, amr, auth_time, wanted) = match self {
            Self::Owing(token, user) => {
                let scope =
                    Scope::parse(&token.scope).map_err(|_| Refused::Internal("the scope of an mfa_token"))?;
                let wanted = Wanted {
                    grant: token.grant,
                    scope: Some(scope),
                    spends: Some(Spent {
                        expires_at: token.expires_at(),
                        id: token.id,
                        adds: None,
                    }),
                    audience: token.audience,
                    event,
                };
                (*user, token.amr, token.auth_time, wanted)
            }
            Self::LoggedIn(login) => {
                let wanted = Wanted {
                    grant,
                    scope: Some(login.scope),
                    audience: login.family.audience,
                    spends: None,
                    event,
                };
                (login.user, login.family.amr, login.family.auth_time, wanted)
            }
        };
        let login = Login {
            user,
            amr: with(amr, kind),
            auth_time,
        };
        Ok((login, wanted))
    }
}

fn with(mut amr: Vec<String>, kind: FactorKind) -> Vec<String> {
    for method in [kind.amr(), AMR_MULTI_FACTOR] {
        if !amr.iter().any(|known| known == method) {
            amr.push(method.to_owned());
        }
    }
    amr
}
