//! After a backup was restored, nothing that was granted before is worth anything.

use crate::site::{API, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::restore;
use sekisho_store::{Db, Options};

engines!(
    threat_32_what_was_granted_before_a_restore_is_refused,
    threat_32_a_restored_backup_brings_nothing_back,
);

async fn threat_32_what_was_granted_before_a_restore_is_refused(site: Site) {
    let mut browser = site.browser();
    let request = authorize("spa", &[("scope", "openid offline_access"), ("audience", API)]);
    let code = browser.sign_in(&request).await.param("code").unwrap();
    let first = site.redeem("spa", &code).await.json();
    let rotated = site
        .refresh("spa", first["refresh_token"].as_str().unwrap())
        .await
        .json();
    let unused = browser.get(&request).await.param("code").unwrap();

    restore::restored(&site.app, Operator).await.unwrap();

    for tokens in [&first, &rotated] {
        let answer = site
            .refresh("spa", tokens["refresh_token"].as_str().unwrap())
            .await;
        assert_eq!(answer.error(), "invalid_grant", "{}", answer.body);
        let profile = site.userinfo(tokens["access_token"].as_str().unwrap()).await;
        assert_eq!(profile.status, StatusCode::UNAUTHORIZED, "{}", profile.body);
    }
    assert_eq!(site.redeem("spa", &unused).await.error(), "invalid_grant");
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    // A restart forgets none of it, and signing in again works.
    let site = site.restart().await;
    let old = rotated["refresh_token"].as_str().unwrap();
    assert_eq!(site.refresh("spa", old).await.error(), "invalid_grant");
    site.pass(5);
    site.tokens("spa", &[]).await;
}

async fn threat_32_a_restored_backup_brings_nothing_back(site: Site) {
    let offline = [("scope", "openid offline_access"), ("audience", API)];
    let mut browser = site.browser();
    browser.sign_in(&authorize("spa", &[])).await;
    let code = browser.get(&authorize("spa", &[])).await.param("code").unwrap();
    let tokens = site.tokens("spa", &offline).await;
    let parent = tokens["refresh_token"].as_str().unwrap().to_owned();
    let revoked = site.tokens("spa", &offline).await["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let jar = browser.jar.clone();
    let backup = Backup::take(&site).await;

    let child = site.refresh("spa", &parent).await.json()["refresh_token"]
        .as_str()
        .unwrap()
        .to_owned();
    site.refresh("spa", &child).await;
    site.post(
        "/oauth/revoke",
        None,
        &[("client_id", "spa"), ("token", &revoked)],
    )
    .await;
    browser.get("/v2/logout").await;

    let site = backup.restore(site).await;
    restore::restored(&site.app, Operator).await.unwrap();
    site.pass(4);
    for token in [&parent, &child, &revoked] {
        assert_eq!(site.refresh("spa", token).await.error(), "invalid_grant");
    }
    assert_eq!(site.redeem("spa", &code).await.error(), "invalid_grant");
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(site.userinfo(token).await.status, StatusCode::UNAUTHORIZED);
    let mut browser = site.browser();
    browser.jar = jar;
    let silent = browser.get(&authorize("spa", &[("prompt", "none")])).await;
    assert_eq!(silent.param("error").as_deref(), Some("login_required"));
    let fresh = site.tokens("spa", &offline).await;
    assert_eq!(
        site.refresh("spa", fresh["refresh_token"].as_str().unwrap())
            .await
            .status,
        StatusCode::OK
    );
}

/// A copy of a site's database, made the way its engine makes copies.
enum Backup {
    Sqlite(tempfile::TempDir),
    Postgres(String),
}

impl Backup {
    async fn take(site: &Site) -> Self {
        match site.environment.get("DATABASE_URL") {
            None => {
                let folder = tempfile::tempdir().unwrap();
                site.app.db.backup(&folder.path().join("copy.db")).await.unwrap();
                Self::Sqlite(folder)
            }
            Some(url) => {
                // Tests name databases themselves, so the names need no quoting.
                let (server, name) = url.rsplit_once('/').unwrap();
                let copy = format!("{name}_copy");
                copy_database(&format!("{server}/postgres"), name, &copy).await;
                Self::Postgres(format!("{server}/{copy}"))
            }
        }
    }

    /// The same site, on the copy.
    async fn restore(self, site: Site) -> Site {
        let Site {
            app,
            router,
            clock,
            mut environment,
            data,
            stop,
        } = site;
        drop(stop);
        drop((router, app));
        let url = match self {
            Self::Sqlite(folder) => {
                let restored = data.path().join("restored.db");
                std::fs::copy(folder.path().join("copy.db"), &restored).unwrap();
                format!("sqlite:{}", restored.display())
            }
            Self::Postgres(url) => url,
        };
        environment.insert("DATABASE_URL".to_owned(), url);
        Site::open(environment, clock, data).await
    }
}

async fn copy_database(server: &str, name: &str, copy: &str) {
    let admin = Db::open(&Options::postgres(server, 1)).unwrap();
    let close = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1";
    admin.scan(close, &[name.into()]).await.unwrap();
    let create: &'static str = format!("CREATE DATABASE {copy} TEMPLATE {name}").leak();
    admin.run(create, &[]).await.unwrap();
}
