//! Accounts from before: Auth0's two exports, CSV and our own form; people keep their passwords; a killed import goes on.

use crate::operator::{Deployment, text};
use crate::site::{EMAIL, PASSWORD, Site, authorize, engines};
use axum::http::StatusCode;
use sekisho::admin::Actor::Operator;
use sekisho::admin::connections::{self, NewConnection};
use sekisho::admin::import::{self, Format, Import, Imported, Told};
use sekisho::admin::users::{find, set_password};
use sekisho_rules::id::UserId;
use sekisho_rules::time::Timestamp;
use sekisho_rules::upstream::{Settings, Strategy};
use sekisho_store::{identities, users};
use std::io::Write as _;
use std::process::Stdio;
use zeroize::Zeroizing;

const MOVED: &str = "moved@mail.example";
const OLD: &str = "an old Auth0 password";

engines!(
    auth0_exports_come_in_any_order_and_people_sign_in,
    a_second_import_changes_nothing_that_is_newer,
    every_form_of_hash_signs_in_and_becomes_ours,
    refused_rows_are_named_and_the_rest_comes,
    people_of_other_services_come_with_their_identities,
    a_statement_of_many_rows_says_what_became_of_each,
);

/// Imports a text; answers the counts and what was refused.
async fn bring(site: &Site, content: &str, format: Format) -> (Imported, Vec<(u64, String)>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("users");
    std::fs::write(&path, content).unwrap();
    let mut refused = Vec::new();
    let mut told = |told: Told<'_>| {
        if let Told::Refused { line, why } = told {
            refused.push((line, why.to_owned()));
        }
        Ok(())
    };
    let file = Some(path);
    let done = import::run(&site.app, &Operator, Import { file, format }, &mut told).await;
    (done.unwrap(), refused)
}

async fn counts(site: &Site, content: &str, format: Format) -> (u64, u64, u64, u64) {
    let (done, _) = bring(site, content, format).await;
    let progress = done.progress;
    (progress.added, progress.filled, progress.known, progress.refused)
}

async fn signs_in(site: &Site, email: &str, password: &str) -> bool {
    let mut browser = site.browser();
    let page = browser.open(&authorize("spa", &[])).await;
    let answer = browser.log_in(&page, email, password).await;
    if !answer.status.is_redirection() {
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.body);
    }
    answer.status.is_redirection()
}

async fn hash_of(site: &Site, email: &str) -> String {
    let user = users::by_email(&site.app.db, email).await.unwrap().unwrap();
    user.password_hash.unwrap()
}

fn user_export() -> String {
    format!(
        r#"{{"user_id":"auth0|60425dc43519d90068f82973","email":"{MOVED}","email_verified":true,"name":"Moved Person","nickname":"moved","picture":"https://s.gravatar.com/avatar/x.png","created_at":"2021-03-05T16:34:12.123Z","updated_at":"2021-03-05T16:34:12.123Z","identities":[{{"connection":"Username-Password-Authentication","user_id":"60425dc43519d90068f82973","provider":"auth0","isSocial":false}}],"user_metadata":{{"colour":"red"}}}}"#
    )
}

fn hash_export(hash: &str) -> String {
    format!(
        r#"{{"_id":{{"$oid":"60425dc43519d90068f82973"}},"email_verified":false,"email":"{MOVED}","passwordHash":"{hash}","password_set_date":{{"$date":"2021-03-05T16:34:12.123Z"}},"tenant":"dev-rwsbs6ym","connection":"Username-Password-Authentication","_tmp_is_unique":true}}"#
    )
}

async fn auth0_exports_come_in_any_order_and_people_sign_in(site: Site) {
    let hash = bcrypt::hash(OLD, 4).unwrap();
    let (done, refused) = bring(&site, &user_export(), Format::Auto).await;
    assert_eq!((done.progress.added, refused.len()), (1, 0));
    let left: Vec<&str> = done.left.keys().map(String::as_str).collect();
    assert_eq!(left, ["user_metadata"], "what is not kept is named");
    assert!(!signs_in(&site, MOVED, OLD).await, "no password yet");
    assert_eq!(
        counts(&site, &hash_export(&hash), Format::Auth0Hashes).await,
        (0, 1, 0, 0)
    );
    let moved = find(&site.app, MOVED).await.unwrap();
    assert_eq!(moved.id.as_str(), "auth0|60425dc43519d90068f82973");
    assert_eq!(
        (moved.name.as_str(), moved.email_verified),
        ("Moved Person", true)
    );
    assert_eq!(moved.created_at.iso8601(), "2021-03-05T16:34:12.123Z");
    assert!(!signs_in(&site, MOVED, "another password").await);
    assert_eq!(
        hash_of(&site, MOVED).await,
        hash,
        "a wrong password upgrades nothing"
    );
    assert!(signs_in(&site, MOVED, OLD).await);
    assert!(
        hash_of(&site, MOVED).await.starts_with("$argon2id$"),
        "the login made it ours"
    );
    assert!(signs_in(&site, MOVED, OLD).await);

    // The other way round, for somebody else.
    let other = |text: String| {
        text.replace("60425dc43519d90068f82973", "70425dc43519d90068f82973")
            .replace(MOVED, "other@mail.example")
    };
    assert_eq!(
        counts(&site, &other(hash_export(&hash)), Format::Auto).await,
        (1, 0, 0, 0)
    );
    assert_eq!(
        counts(&site, &format!("[{}]", other(user_export())), Format::Auth0Users).await,
        (0, 1, 0, 0)
    );
    let other = find(&site.app, "other@mail.example").await.unwrap();
    assert_eq!(
        (other.name.as_str(), other.email_verified),
        ("Moved Person", false),
        "only as the first export said"
    );
    assert!(signs_in(&site, "other@mail.example", OLD).await);
}

async fn a_second_import_changes_nothing_that_is_newer(site: Site) {
    let hash = bcrypt::hash(OLD, 4).unwrap();
    assert_eq!(
        counts(&site, &hash_export(&hash), Format::Auto).await,
        (1, 0, 0, 0)
    );
    assert_eq!(
        counts(&site, &hash_export(&hash), Format::Auto).await,
        (0, 0, 1, 0),
        "twice without harm"
    );
    let moved = find(&site.app, MOVED).await.unwrap();
    set_password(&site.app, Operator, &moved, "nine purple lanterns")
        .await
        .unwrap();
    let newer = bcrypt::hash("from the export", 4).unwrap();
    assert_eq!(
        counts(&site, &hash_export(&newer), Format::Auto).await,
        (0, 0, 1, 0)
    );
    assert!(signs_in(&site, MOVED, "nine purple lanterns").await);
    assert!(!signs_in(&site, MOVED, "from the export").await);

    // Somebody who is here under this address keeps it, whatever the file says.
    let theft = hash_export(&newer).replace(MOVED, &EMAIL.to_uppercase());
    let theft = theft.replace("60425dc43519d90068f82973", "80425dc43519d90068f82973");
    let (_, refused) = bring(&site, &theft, Format::Auto).await;
    assert_eq!(
        refused,
        [(1, "the address belongs to another account".to_owned())]
    );
    assert!(signs_in(&site, EMAIL, PASSWORD).await);
}

async fn every_form_of_hash_signs_in_and_becomes_ours(site: Site) {
    let digest = {
        use sha2::Digest as _;
        sekisho_rules::id::hex(&sha2::Sha256::digest(format!("{OLD}pepper").as_bytes()))
    };
    let forms = [
        serde_json::json!({"password_hash": bcrypt::hash(OLD, 4).unwrap().replace("$2b$", "$2y$")}),
        serde_json::json!({"custom_password_hash": {"algorithm": "bcrypt", "hash": {"value": bcrypt::hash(OLD, 4).unwrap()}}}),
        serde_json::json!({"custom_password_hash": {"algorithm": "sha256",
            "hash": {"value": digest, "encoding": "hex"}, "salt": {"value": "pepper", "position": "suffix"}}}),
        serde_json::json!({"custom_password_hash": {"algorithm": "argon2", "hash": {"value": site.app.passwords.hash(OLD).await.unwrap()}}}),
    ];
    for (at, mut record) in forms.into_iter().enumerate() {
        let email = format!("form{at}@mail.example");
        record["email"] = email.as_str().into();
        let (done, refused) = bring(&site, &record.to_string(), Format::Json).await;
        assert_eq!((done.progress.added, refused), (1, vec![]), "{record}");
        assert!(
            !hash_of(&site, &email).await.contains(&digest),
            "no weak digest rests"
        );
        assert!(!signs_in(&site, &email, "wrong").await, "{record}");
        assert!(signs_in(&site, &email, OLD).await, "{record}");
        assert!(hash_of(&site, &email).await.starts_with("$argon2id$"));
        assert!(signs_in(&site, &email, OLD).await);
    }
}

async fn refused_rows_are_named_and_the_rest_comes(site: Site) {
    let csv = "email,email_verified,name,password_hash,shoe size\n\
               good@mail.example,true,\"Good, Person\",,43\n\
               two@@mail.example,,,,\n\
               \u{ff47}ood@mail.example,,,,\n\
               maybe@mail.example,perhaps,,,\n\
               ,true,Nobody,,\n\
               GOOD@mail.example,true,Again,,\n\
               costly@mail.example,,,$2b$31$xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,\n\
               weak@mail.example,,,5f4dcc3b5aa765d61d8327deb882cf99,\n\
               short@mail.example\n\
               last@mail.example,,Last,,\n";
    let (done, refused) = bring(&site, csv, Format::Auto).await;
    let reasons: Vec<String> = refused
        .iter()
        .map(|(line, why)| format!("{line} {why}"))
        .collect();
    let said = reasons.join("\n");
    for (line, why) in [
        (3, "exactly one @"),
        (4, "@ is not valid"),
        (5, "email_verified is neither true nor false"),
        (6, "there is no e-mail address"),
        (8, "more work or memory than is allowed"),
        (9, "no form that is known"),
        (10, "the row has 1 fields"),
    ] {
        assert!(
            refused
                .iter()
                .any(|(at, reason)| *at == line && reason.contains(why)),
            "line {line}: {why} in\n{said}"
        );
    }
    assert_eq!((done.progress.added, done.progress.known), (2, 1), "{said}");
    assert_eq!(done.left.get("shoe size"), Some(&1));
    let good = find(&site.app, "good@mail.example").await.unwrap();
    assert_eq!((good.name.as_str(), good.email_verified), ("Good, Person", true));

    // What is no text of a name, or would be run by a browser, does not come.
    for (record, why) in [
        (r#"{"email":"a@mail.example","name":5}"#, "name is not a text"),
        (
            r#"{"email":"a@mail.example","user_id":"auth0|a b"}"#,
            "the id is empty",
        ),
        ("{\"email\":\"a@mail.example\",\"name\":\"x\\u0000\"}", "NUL"),
        (r#"{"email":"a@mail.example""#, "not a JSON object"),
        (
            r#"{"email":["a@mail.example","b@mail.example"]}"#,
            "email is not a text",
        ),
    ] {
        let (_, refused) = bring(&site, record, Format::Json).await;
        assert!(refused[0].1.contains(why), "{record}: {refused:?}");
    }
    let script = r#"{"email":"a@mail.example","picture":"javascript:alert(1)"}"#;
    let (done, _) = bring(&site, script, Format::Json).await;
    assert_eq!(done.left.get("picture"), Some(&1));
    assert_eq!(find(&site.app, "a@mail.example").await.unwrap().picture, None);
}

async fn people_of_other_services_come_with_their_identities(site: Site) {
    let records = [
        // Nothing but X, which tells no address.
        r#"{"user_id":"twitter|77","name":"Without Address","identities":[{"provider":"twitter","user_id":77,"connection":"twitter","isSocial":true}]}"#,
        r#"{"user_id":"auth0|aa01","email":"both@mail.example","email_verified":true,"identities":[
            {"provider":"auth0","user_id":"aa01","connection":"Username-Password-Authentication","isSocial":false},
            {"provider":"google-oauth2","user_id":"1001","connection":"google-oauth2","isSocial":true,"profileData":{"name":"Both"}},
            {"provider":"oidc","user_id":"staff|s-1","connection":"staff","isSocial":false}]}"#,
        // Who says they are somebody without naming where gets no account without an address.
        r#"{"user_id":"auth0|aa02","name":"Nobody"}"#,
        r#"{"user_id":"auth0|aa03","email":"odd@mail.example","identities":"google"}"#,
    ];
    let file = records.map(|record| record.replace('\n', " ")).join("\n");
    let (done, refused) = bring(&site, &file, Format::Auto).await;
    let why: Vec<&str> = refused.iter().map(|(_, why)| why.as_str()).collect();
    assert_eq!(why, ["there is no e-mail address", "identities is not a list"]);
    assert_eq!(done.progress.added, 2);
    let left: Vec<&str> = done.left.keys().map(String::as_str).collect();
    assert_eq!(
        left,
        ["identities (google-oauth2)", "identities (oidc)"],
        "nobody could sign in by them yet"
    );
    let alone = find(&site.app, "twitter|77").await.unwrap();
    assert_eq!((alone.address(), alone.shown()), (None, "Without Address"));

    connect(&site, Strategy::Google, None).await;
    connect(&site, Strategy::Oidc, Some("staff")).await;
    let (done, _) = bring(&site, &file, Format::Auto).await;
    assert_eq!((done.progress.known, done.left.len()), (2, 0));
    let id = UserId::new("auth0|aa01");
    let held = identities::of_user(&site.app.db, &id).await.unwrap();
    let mut held: Vec<String> = held
        .iter()
        .map(|one| format!("{} {}", one.provider, one.profile.subject))
        .collect();
    held.sort();
    assert_eq!(held, ["google-oauth2 1001", "oidc|staff s-1"]);

    // What their owner gave up after signing in does not come back.
    let both = find(&site.app, "both@mail.example").await.unwrap();
    let (gone, seen) = (id.clone(), both.clone());
    let given_up = site.app.db.tx(async move |tx| {
        users::logged_in(tx, &seen, Timestamp::from_millis(1)).await?;
        identities::delete(tx, "google-oauth2", "1001", &gone).await
    });
    assert!(given_up.await.unwrap());
    bring(&site, &file, Format::Auto).await;
    let left = identities::of_user(&site.app.db, &id).await.unwrap();
    assert_eq!(left.len(), 1, "{left:?}");
}

async fn a_statement_of_many_rows_says_what_became_of_each(site: Site) {
    let line = |id: usize, email: usize| {
        format!(r#"{{"user_id":"auth0|{id:024}","email":"p{email}@mail.example","name":"P"}}"#)
    };
    let mut lines: Vec<String> = (0..60).map(|n| line(n, n)).collect();
    assert_eq!(
        counts(&site, &lines[..5].join("\n"), Format::Auto).await,
        (5, 0, 0, 0)
    );
    // Somebody twice with the same id, somebody with another's address that came before, somebody with one of this statement.
    lines[10] = line(9, 9);
    lines[11] = line(11, 2);
    lines[12] = line(12, 13);
    let (done, refused) = bring(&site, &lines.join("\n"), Format::Auto).await;
    let progress = done.progress;
    assert_eq!((progress.added, progress.known, progress.refused), (52, 6, 2));
    let lines: Vec<u64> = refused.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [12, 14], "{refused:?}");
    assert_eq!(
        find(&site.app, "p13@mail.example").await.unwrap().id.as_str(),
        format!("auth0|{:024}", 12)
    );
}

async fn connect(site: &Site, strategy: Strategy, name: Option<&str>) {
    let new = NewConnection {
        name: name.map(str::to_owned),
        strategy,
        client_id: "here".to_owned(),
        secret: Zeroizing::new("a secret of theirs".to_owned()),
        settings: Settings {
            issuer: strategy.is_generic().then(|| "https://staff.example/".to_owned()),
            ..Settings::default()
        },
    };
    connections::add(&site.app, Operator, new).await.unwrap();
}

#[tokio::test]
async fn an_export_of_ours_comes_back_as_it_was() {
    let site = Deployment::new();
    let mut add = site.command(&[
        "user",
        "add",
        "alice@example.com",
        "--name",
        "Alice",
        "--verified",
        "--json",
    ]);
    let mut adding = add.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    adding
        .stdin
        .take()
        .unwrap()
        .write_all(b"nine purple lanterns\n")
        .unwrap();
    assert!(adding.wait().unwrap().success());
    let google = [
        "connection",
        "add",
        "google",
        "--client-id",
        "here",
        "--client-secret",
        "theirs",
        "--json",
    ];
    site.json(&google);
    let file = tempfile::NamedTempFile::new().unwrap();
    let elsewhere = r#"{"user_id":"twitter|77","name":"Without Address"}
{"user_id":"auth0|aa01","email":"both@mail.example","identities":[{"provider":"google-oauth2","user_id":"1001","connection":"google"}]}"#;
    std::fs::write(file.path(), elsewhere).unwrap();
    let brought = site.json(&["user", "import", file.path().to_str().unwrap(), "--json"]);
    assert_eq!(brought["added"], 2);
    let plain = site.run(&["user", "export"]);
    assert!(text(&plain.stdout).contains(r#""user_id":"1001""#));
    assert!(
        !text(&plain.stdout).contains("argon2"),
        "no hashes unless they are asked for"
    );
    let exported = site.run(&["user", "export", "--hashes"]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &exported.stdout).unwrap();

    let other = Deployment::new();
    other.json(&google);
    let path = file.path().to_str().unwrap();
    let done = other.json(&["user", "import", path, "--json"]);
    assert_eq!((&done["added"], &done["refused"]), (&3.into(), &0.into()));
    assert_eq!(
        text(&other.run(&["user", "export", "--hashes"]).stdout),
        text(&exported.stdout)
    );
    let missing = other.refused(&["user", "import", "nowhere.json"], 1);
    assert!(missing.contains("cannot be read"), "{missing}");
}
