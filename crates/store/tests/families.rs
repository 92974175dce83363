//! The mint of a family: it passes the row only while user, client and issuer are as they were when the grant was made, whatever was
//! read before (write rule 2 of the revocation protocol).

use sekisho_rules::client::{
    AuthMethod, Client, ClientKind, GrantType, LogoutNotices, Party, RefreshPolicy, Standing,
};
use sekisho_rules::client_auth::{Recipient, authenticate, present};
use sekisho_rules::code::{Code, StoredCode};
use sekisho_rules::factor::Risk;
use sekisho_rules::grant::Grant;
use sekisho_rules::grant::authorization_code::{Facts, Proof, Redeem, redeem};
use sekisho_rules::id::{ClientId, Epochs, GrantId, SessionId, UserId};
use sekisho_rules::parameters::Parameters;
use sekisho_rules::secret::SecretHash;
use sekisho_rules::session::Session;
use sekisho_rules::time::Timestamp;
use sekisho_rules::user::User;
use sekisho_store::families::{self, Advance, Start};
use sekisho_store::sessions::{self, Birthplace};
use sekisho_store::{Db, clients, issuer, users};
use sekisho_verify::Scope;

use crate::Site;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn client() -> Client {
    Client {
        id: ClientId::new("spa"),
        name: "An application".to_owned(),
        kind: ClientKind::SinglePage,
        auth_method: AuthMethod::None,
        sealed_secret: None,
        jwks: None,
        callbacks: vec!["https://app.example/cb".to_owned()],
        logout_urls: Vec::new(),
        web_origins: Vec::new(),
        grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
        party: Party::First,
        standing: Standing::Enabled,
        refresh: RefreshPolicy::ROTATING,
        notices: LogoutNotices::default(),
        mfa: None,
        id_token_lifetime: 300,
        epoch: 0,
        nbf: 0,
    }
}

fn user() -> User {
    User {
        id: UserId::new("auth0|1"),
        email: "alice@example.com".to_owned(),
        email_verified: true,
        name: "Alice".to_owned(),
        nickname: None,
        given_name: None,
        family_name: None,
        picture: None,
        locale: None,
        password_hash: None,
        blocked: false,
        epoch: 0,
        nbf: 0,
        created_at: NOW,
        updated_at: NOW,
    }
}

fn session() -> Session {
    Session {
        id: SessionId::new("sid1"),
        user_id: user().id,
        user_epoch: 0,
        issuer_epoch: 0,
        amr: vec!["pwd".to_owned()],
        risk: Risk::Low,
        auth_time: NOW,
        last_seen: NOW,
        idle_expires_at: NOW.plus_seconds(3600),
        expires_at: NOW.plus_seconds(7200),
        ended_at: None,
    }
}

/// A grant as the rule makes it, from rows as they were before anything changed.
fn grant() -> Grant {
    let client = client();
    let id = vec![("client_id".to_owned(), "spa".to_owned())];
    let recipient = Recipient {
        issuer: "https://id.example/",
        token_endpoint: "https://id.example/oauth/token",
    };
    let code = Code {
        gid: GrantId::new("gid1"),
        client_id: client.id.clone(),
        user_id: user().id,
        session_id: session().id,
        epochs: Epochs::default(),
        redirect_uri: "https://app.example/cb".to_owned(),
        scope: Scope::parse("openid offline_access").unwrap(),
        audience: None,
        nonce: None,
        acr: None,
        challenge: sekisho_rules::pkce::Challenge::from_stored("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        auth_time: NOW,
        auth_time_asked: false,
        amr: vec!["pwd".to_owned()],
        created_at: NOW,
        expires_at: NOW.plus_seconds(60),
    };
    let proof = Proof {
        redirect_uri: Some("https://app.example/cb"),
        verifier: Some("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    };
    let facts = Facts {
        user: Some(user()),
        session: Some(session()),
        api: None,
        issuer_epoch: 0,
    };
    let presented = present(None, &Parameters::from_pairs(id)).ok().unwrap();
    let client = authenticate(client, None, &presented, recipient, NOW).unwrap();
    match redeem(
        &client,
        Some(StoredCode { code, used_at: None }),
        proof,
        facts,
        NOW,
    ) {
        Redeem::Grant(grant) => *grant,
        other => panic!("{other:?}"),
    }
}

async fn people(db: &Db) {
    db.migrate().await.unwrap();
    db.tx(async |tx| {
        let at = Birthplace {
            ip: String::new(),
            user_agent: String::new(),
        };
        users::insert(tx, &user(), "alice@example.com").await?;
        clients::insert(tx, &client(), NOW).await?;
        sessions::insert(tx, &session(), &SecretHash::of("cookie"), &at).await
    })
    .await
    .unwrap();
}

async fn start(db: &Db) -> bool {
    let start = Start {
        token: Some((SecretHash::of("handle"), SecretHash::of("tip"))),
        expires_at: NOW.plus_seconds(1000),
        idle_expires_at: NOW.plus_seconds(1000),
    };
    let grant = grant();
    db.settle(async move |tx| {
        let subject = grant.user().unwrap();
        families::start(tx, &grant, subject, &start).await
    })
    .await
    .unwrap()
    .is_some()
}

async fn advance(db: &Db) -> bool {
    let by = Advance {
        from: 0,
        tip: SecretHash::of("tip"),
        child: SecretHash::of("child"),
        sealed_child: vec![1],
        idle_expires_at: NOW.plus_seconds(1000),
    };
    let grant = grant();
    db.settle(async move |tx| families::advance(tx, &grant, &by).await)
        .await
        .unwrap()
        .is_some()
}

/// Something an operator does between the reading and the writing of a token request.
async fn meanwhile(db: &Db, what: &str) {
    match what {
        "user blocked" => {
            db.tx(async |tx| users::set_blocked(tx, &user().id, true, NOW).await)
                .await
        }
        "client disabled" => {
            db.tx(async |tx| clients::set_standing(tx, &client().id, Standing::Disabled, NOW).await)
                .await
        }
        "issuer raised" => db.tx(async |tx| issuer::raise(tx, 0).await).await.map(|()| true),
        _ => Ok(true),
    }
    .unwrap();
}

on_both! {
    async fn a_family_starts_only_under_the_epochs_it_was_granted_under(site) {
        people(&site.db).await;
        assert!(start(&site.db).await);
        for what in ["user blocked", "client disabled", "issuer raised"] {
            let site = site.another();
            people(&site.db).await;
            meanwhile(&site.db, what).await;
            assert!(!start(&site.db).await, "{what}");
        }
    }

    async fn a_family_advances_only_under_the_epochs_it_was_granted_under(site) {
        people(&site.db).await;
        assert!(start(&site.db).await && advance(&site.db).await);
        for what in ["user blocked", "client disabled", "issuer raised"] {
            let site = site.another();
            people(&site.db).await;
            assert!(start(&site.db).await);
            meanwhile(&site.db, what).await;
            assert!(!advance(&site.db).await, "{what}");
        }
    }

    async fn a_session_notes_its_use_at_most_once_a_minute(site) {
        people(&site.db).await;
        let mut seen = Vec::new();
        for after in [1, 59, 60, 100, 120] {
            let now = NOW.plus_seconds(after);
            site.db
                .tx(async move |tx| sessions::touch(tx, &session().id, now, now.plus_seconds(3600)).await)
                .await
                .unwrap();
            let row = sessions::by_id(&site.db, &session().id).await.unwrap().unwrap();
            assert_eq!(row.idle_expires_at.millis_since(row.last_seen), 3_600_000);
            seen.push(row.last_seen.millis_since(NOW) / 1000);
        }
        assert_eq!(seen, [0, 0, 60, 60, 120]);
    }
}
