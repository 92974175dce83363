//! Laws of refreshing: what the rows say now counts, not what they said when the grant was made.

use crate::world::{NOW, api, authenticated, client, family, session, user};
use sekisho_rules::api::{Api, Offline};
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::refresh_token::{Facts, Refresh, Wish, refresh};
use sekisho_rules::id::SessionId;
use sekisho_rules::refusal::Reason;
use sekisho_rules::session::Session;

fn refreshed(change: impl FnOnce(&mut Facts)) -> Result<Grant, Reason> {
    let (token, family) = family();
    let mut facts = Facts {
        family: Some(family),
        user: Some(user()),
        session: Some(session()),
        api: Some(api()),
        issuer_epoch: 7,
    };
    change(&mut facts);
    let wish = Wish {
        scope: None,
        audience: None,
    };
    match refresh(&authenticated(client()), &token, wish, facts, NOW) {
        Refresh::Grant(grant, _) => Ok(*grant),
        Refresh::Refuse(refusal) => Err(refusal.reason),
        Refresh::Replay(gid) => panic!("replay of {gid}"),
    }
}

fn changed_api(change: impl FnOnce(&mut Api)) -> Result<Grant, Reason> {
    refreshed(|facts| change(facts.api.as_mut().unwrap()))
}

#[test]
fn what_an_api_no_longer_defines_is_not_minted() {
    let grant = changed_api(|api| api.scopes.clear()).unwrap();
    assert_eq!(grant.scope().as_str(), "openid offline_access");
}

#[test]
fn an_api_that_no_longer_allows_refresh_tokens_refuses_them() {
    let refused = changed_api(|api| api.offline = Offline::Denied).unwrap_err();
    assert_eq!(refused, Reason::InvalidRefreshToken);
}

#[test]
fn tokens_name_the_session_only_while_it_stands() {
    let named = |change: fn(&mut Option<Session>)| {
        let grant = refreshed(|facts| change(&mut facts.session)).unwrap();
        grant.user().unwrap().session_id.clone()
    };
    assert_eq!(named(|_| {}), Some(session().id));
    let gone: [fn(&mut Option<Session>); 6] = [
        |session| *session = None,
        |session| session.as_mut().unwrap().ended_at = Some(NOW),
        |session| session.as_mut().unwrap().expires_at = NOW,
        |session| session.as_mut().unwrap().idle_expires_at = NOW,
        |session| session.as_mut().unwrap().user_epoch -= 1,
        |session| session.as_mut().unwrap().id = SessionId::new("sid2"),
    ];
    for (case, change) in gone.into_iter().enumerate() {
        assert_eq!(named(change), None, "{case}");
    }
}
