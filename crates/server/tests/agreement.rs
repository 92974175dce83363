//! Rows and records say the same: of every kind of ending, the endpoints that read rows and the function that verifiers ask.

use crate::browser::claims;
use crate::seed::client;
use crate::site::{API, EMAIL, PASSWORD, SECRET, Site, authorize, engines};
use sekisho::admin::Actor::Operator;
use sekisho::admin::restore::{self, Why};
use sekisho::admin::sessions::{self, Extent};
use sekisho::admin::users::{self, Access};
use sekisho::admin::{clients, consents, grants, keys, refresh_tokens};
use sekisho_jose::Algorithm;
use sekisho_rules::client::{ClientKind, Standing};
use sekisho_store::revocations;
use sekisho_verify::record::{HashedSubject, Kind, Record, Subject, hits};
use serde_json::{Value, json};

engines!(
    threat_03_rows_and_records_agree_on_every_kind,
    what_is_over_is_not_told,
    a_person_can_sign_in_again_a_second_after,
);

const OTHER: &str = "taro@example.com";
const SCOPE: [(&str, &str); 2] = [("scope", "openid offline_access read:notes"), ("audience", API)];

/// A token and what it is here.
struct Held {
    name: &'static str,
    token: Value,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn kid(token: &Value) -> String {
    let header = text(token).split('.').next().unwrap();
    let header: Value = serde_json::from_slice(&sekisho_jose::base64url::decode(header).unwrap()).unwrap();
    text(&header["kid"]).to_owned()
}

/// Records that are kept, as a verifier gets them.
pub(crate) async fn records(site: &Site) -> Vec<Record> {
    revocations::snapshot(&site.app.db).await.unwrap().1
}

/// Whether a verifier that listens refuses the token.
async fn is_hit(site: &Site, token: &Value) -> bool {
    is_hit_by(&records(site).await, site, token)
}

/// Whether one of these records ends the token.
pub(crate) fn is_hit_by(records: &[Record], site: &Site, token: &Value) -> bool {
    of_subject(token, |subject| {
        let hashed = HashedSubject::new(site.app.feed.hash_key(), subject);
        records.iter().any(|record| hits(record, &hashed))
    })
}

/// What records are compared with.
pub(crate) fn of_subject<T>(token: &Value, told: impl FnOnce(&Subject<'_>) -> T) -> T {
    let (claims, kid) = (claims(token), kid(token));
    let read = |name: &str| claims[name].as_str();
    told(&Subject {
        iat: claims["iat"].as_u64().unwrap(),
        kid: Some(&kid),
        jti: read("jti"),
        gid: read("gid"),
        sid: read("sid"),
        sub: read("sub"),
        actors: &[],
        client: read("azp").or(read("client_id")),
    })
}

/// Whether the issuer's own endpoints still take it, and that they agree among themselves.
async fn stands(site: &Site, held: &Held) -> bool {
    // `asker` holds a grant for the API: it asks as that API.
    let fields = [("token", text(&held.token))];
    let asked = site
        .post("/oauth/introspect", Some(("asker", SECRET)), &fields)
        .await
        .json();
    let active = asked["active"].as_bool().unwrap();
    if claims(&held.token)["sub"].as_str().unwrap().starts_with("auth0|") {
        let shown = site.userinfo(text(&held.token)).await.status.is_success();
        assert_eq!(shown, active, "{}", held.name);
    }
    active
}

async fn machine(site: &Site, id: &str) -> Value {
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    site.post("/oauth/token", Some((id, SECRET)), &fields)
        .await
        .json()["access_token"]
        .clone()
}

/// Signs somebody in with a browser of their own.
async fn sign_in(site: &Site, email: &str, client: &str) -> Value {
    let mut browser = site.browser();
    let page = browser.open(&authorize(client, &SCOPE)).await;
    let answer = browser.log_in(&page, email, PASSWORD).await;
    site.redeem(client, &answer.param("code").unwrap()).await.json()
}

/// The world before anything ends: tokens of two people, of three applications and of two machines.
struct World {
    held: Vec<Held>,
    hanako: Value,
}

async fn world(site: &Site) -> World {
    let hanako = sign_in(site, EMAIL, "web").await;
    let held = [
        ("hanako at web", hanako["access_token"].clone()),
        (
            "hanako at spa",
            sign_in(site, EMAIL, "spa").await["access_token"].clone(),
        ),
        (
            "taro at web",
            sign_in(site, OTHER, "web").await["access_token"].clone(),
        ),
        ("machine", machine(site, "machine").await),
        ("robot", machine(site, "robot").await),
    ];
    World {
        held: held
            .into_iter()
            .map(|(name, token)| Held { name, token })
            .collect(),
        hanako,
    }
}

/// Ends one thing, and looks at every token: those named are dead to rows and records alike, the others alive to both.
async fn after(site: &Site, world: &World, kind: Kind, dead: &[&str]) {
    let kinds: Vec<Kind> = records(site).await.iter().map(|record| record.kind).collect();
    assert!(kinds.contains(&kind), "{kind:?} is not among {kinds:?}");
    for held in &world.held {
        let ended = dead.contains(&held.name);
        assert_eq!(
            is_hit(site, &held.token).await,
            ended,
            "{kind:?}: records on {}",
            held.name
        );
        assert_eq!(
            stands(site, held).await,
            !ended,
            "{kind:?}: rows on {}",
            held.name
        );
    }
}

async fn threat_03_rows_and_records_agree_on_every_kind(site: Site) {
    for id in ["robot", "asker"] {
        site.add_client(client(id, ClientKind::Machine)).await;
        site.allow(id, API, "read:notes").await;
    }
    site.add_user("auth0|000000000000000000000002", OTHER, PASSWORD)
        .await;
    let (hanako, app) = ("auth0|0123456789abcdef01234567", &site.app);

    let all = world(&site).await;
    for held in &all.held {
        assert!(
            !is_hit(&site, &held.token).await && stands(&site, held).await,
            "{}",
            held.name
        );
    }

    // J: one token, by its client.
    let fields = [("token", text(&all.hanako["access_token"]))];
    site.post("/oauth/revoke", Some(("web", SECRET)), &fields).await;
    after(&site, &all, Kind::Token, &["hanako at web"]).await;

    // G: a grant, by its refresh token; a person's word taken back; a machine's grant.
    let all = world(&site).await;
    let fields = [("token", text(&all.hanako["refresh_token"]))];
    site.post("/oauth/revoke", Some(("web", SECRET)), &fields).await;
    after(&site, &all, Kind::Grant, &["hanako at web"]).await;
    let all = world(&site).await;
    let web = clients::find(app, "web").await.unwrap();
    consents::withdraw(app, Operator, &users::by_id(app, hanako).await.unwrap(), &web)
        .await
        .unwrap();
    after(&site, &all, Kind::Grant, &["hanako at web"]).await;
    let all = world(&site).await;
    let robot = clients::find(app, "robot").await.unwrap();
    grants::delete(app, Operator, &robot, API).await.unwrap();
    after(&site, &all, Kind::Grant, &["robot"]).await;
    site.allow("robot", &format!("{API}2"), "").await;
    grants::delete(app, Operator, &robot, &format!("{API}2"))
        .await
        .unwrap();
    grants::put(
        app,
        Operator,
        &robot,
        API,
        sekisho_verify::Scope::parse("read:notes").unwrap(),
    )
    .await
    .unwrap();

    // S: a session, with the tokens of the grants that outlive it.
    let all = world(&site).await;
    let sid = text(&claims(&all.hanako["access_token"])["sid"]).to_owned();
    sessions::revoke(app, Operator, &sid, Extent::Session)
        .await
        .unwrap();
    after(&site, &all, Kind::Session, &["hanako at web"]).await;
    let again = site
        .refresh("web", text(&all.hanako["refresh_token"]))
        .await
        .json()["access_token"]
        .clone();
    let next = Held {
        name: "its grant's next token",
        token: again,
    };
    assert!(
        !is_hit(&site, &next.token).await && stands(&site, &next).await,
        "names no session any more"
    );
    refresh_tokens::revoke(app, Operator, text(&claims(&next.token)["gid"]))
        .await
        .unwrap();
    assert!(is_hit(&site, &next.token).await && !stands(&site, &next).await);

    // U: a person, and nobody else; blocked is as good as logged out.
    let all = world(&site).await;
    let user = users::by_id(app, hanako).await.unwrap();
    users::log_out(app, Operator, &user).await.unwrap();
    after(&site, &all, Kind::User, &["hanako at web", "hanako at spa"]).await;
    site.pass(2);
    let all = world(&site).await;
    users::set_access(app, Operator, &user, Access::Blocked)
        .await
        .unwrap();
    after(&site, &all, Kind::User, &["hanako at web", "hanako at spa"]).await;
    let user = users::by_id(app, hanako).await.unwrap();
    users::set_access(app, Operator, &user, Access::Unblocked)
        .await
        .unwrap();
    site.pass(2);

    // C: an application with everybody's tokens, and a machine.
    let all = world(&site).await;
    clients::revoke(app, Operator, &web).await.unwrap();
    after(&site, &all, Kind::Client, &["hanako at web", "taro at web"]).await;
    clients::set_standing(app, Operator, &robot, Standing::Disabled)
        .await
        .unwrap();
    after(
        &site,
        &all,
        Kind::Client,
        &["hanako at web", "taro at web", "robot"],
    )
    .await;
    clients::set_standing(app, Operator, &robot, Standing::Enabled)
        .await
        .unwrap();
    site.pass(4);

    // I: everything.
    let all = world(&site).await;
    restore::everything(app, Operator, Why::RedButton).await.unwrap();
    let names: Vec<&str> = all.held.iter().map(|held| held.name).collect();
    after(&site, &all, Kind::Issuer, &names).await;
    site.pass(4);

    // K: what a key has signed.
    let all = world(&site).await;
    let old = kid(&all.held[0].token);
    keys::revoke(app, Operator, &old).await.unwrap();
    after(&site, &all, Kind::Key, &names).await;
    app.keys.reload(&app.db, &app.sealer).await.unwrap();
    after(&site, &all, Kind::Key, &names).await;
    let all = world(&site).await;
    assert_ne!(kid(&all.held[0].token), old);
    assert!(app.keys.current().signing(Algorithm::Rs256).is_some());
    after(&site, &all, Kind::Key, &[]).await;
}

async fn what_is_over_is_not_told(site: Site) {
    let tokens = site.tokens("spa", &SCOPE).await;
    let (user, app) = (users::find(&site.app, EMAIL).await.unwrap(), &site.app);
    // Its ID token lives longest, ten hours, and verifiers may add a minute.
    site.pass(36_000 + 60);
    users::log_out(app, Operator, &user).await.unwrap();
    assert_eq!(records(&site).await, []);
    assert_eq!(
        site.refresh("spa", text(&tokens["refresh_token"])).await.error(),
        "invalid_grant"
    );
    // Somebody without any token.
    site.add_user("auth0|000000000000000000000002", OTHER, PASSWORD)
        .await;
    let nobody = users::find(app, OTHER).await.unwrap();
    users::set_access(app, Operator, &nobody, Access::Blocked)
        .await
        .unwrap();
    assert_eq!(records(&site).await, []);
}

async fn a_person_can_sign_in_again_a_second_after(site: Site) {
    let user = users::find(&site.app, EMAIL).await.unwrap();
    let before = site.tokens("spa", &SCOPE).await["access_token"].clone();
    users::log_out(&site.app, Operator, &user).await.unwrap();
    site.pass(1);
    let after = site.tokens("spa", &SCOPE).await["access_token"].clone();
    assert!(is_hit(&site, &before).await);
    assert!(!is_hit(&site, &after).await, "an innocent token");
    assert_eq!(claims(&after)["sub"], json!(user.id.as_str()));
}
