//! Applications that keep the id and the secret they had at another provider.

use crate::operator::Deployment;
use crate::site::{API, Site, engines};
use sekisho::admin::Actor::Operator;
use sekisho::admin::Refused;
use sekisho::admin::clients::{self, Brought, NewClient};
use sekisho_rules::client::{Client, ClientKind, LogoutNotices, Party};
use zeroize::Zeroizing;

engines!(an_application_keeps_its_id_and_its_secret);

const ID: &str = "hKq3Xv7PzR0sT5uWyB8eG1jM4nQ6aC9d";
const SECRET: &str = "mV-2pXq9_Rz4LtW7bN1cYs8EfKj5HgD0aUoI3xTvQe6MwZlBrCyPnSiOkJhGuFd_";

async fn bring(site: &Site, kind: ClientKind, id: &str, secret: Option<&str>) -> Result<Client, Refused> {
    let new = NewClient {
        name: "From elsewhere".to_owned(),
        kind,
        auth_method: None,
        callbacks: Vec::new(),
        logout_urls: Vec::new(),
        web_origins: Vec::new(),
        grants: Vec::new(),
        mfa: None,
        jwks: None,
        party: Party::First,
        notices: LogoutNotices::default(),
        refresh: None,
    };
    let brought = Brought {
        id: id.to_owned(),
        secret: secret.map(|secret| Zeroizing::new(secret.to_owned())),
    };
    clients::bring(&site.app, Operator, new, brought).await
}

async fn an_application_keeps_its_id_and_its_secret(site: Site) {
    let client = bring(&site, ClientKind::Machine, ID, Some(SECRET)).await.unwrap();
    assert_eq!(client.id.as_str(), ID);
    site.allow(ID, API, "read:notes").await;
    let fields = [("grant_type", "client_credentials"), ("audience", API)];
    let right = site.post("/oauth/token", Some((ID, SECRET)), &fields).await;
    assert_eq!(right.status.as_u16(), 200, "{}", right.body);
    let wrong = site
        .post("/oauth/token", Some((ID, &SECRET[..63])), &fields)
        .await;
    assert_eq!(wrong.status.as_u16(), 401);

    // Nobody's place is taken, and nothing that could be guessed gets in.
    let again = bring(&site, ClientKind::Machine, ID, Some(SECRET)).await;
    assert!(matches!(again, Err(Refused::Taken(..))), "{again:?}");
    let with_blank = format!("{} {}", &SECRET[..20], &SECRET[20..]);
    for secret in [None, Some(""), Some(&SECRET[..31]), Some(with_blank.as_str())] {
        let refused = bring(&site, ClientKind::Machine, "other", secret).await;
        assert!(matches!(refused, Err(Refused::Invalid(_))), "{secret:?}");
    }
    for id in ["", "a b", "a:b", "é", &"x".repeat(65)] {
        let refused = bring(&site, ClientKind::Machine, id, Some(SECRET)).await;
        assert!(matches!(refused, Err(Refused::Invalid(_))), "{id}");
    }
    let public = bring(&site, ClientKind::SinglePage, "page", Some(SECRET)).await;
    assert!(matches!(public, Err(Refused::Invalid(_))), "{public:?}");
    assert!(bring(&site, ClientKind::SinglePage, "page", None).await.is_ok());
}

#[test]
fn the_command_reads_the_secret_from_a_file_and_prints_it_nowhere() {
    let site = Deployment::new();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), format!("{SECRET}\n")).unwrap();
    let path = file.path().to_str().unwrap();
    let add = [
        "client",
        "add",
        "Site",
        "--kind",
        "regular_web",
        "--callback",
        "https://a.example/cb",
        "--id",
        ID,
    ];
    let added = site.json(&[add.as_slice(), &["--secret-file", path, "--json"]].concat());
    assert_eq!(added["client_id"], ID);
    assert!(added.get("client_secret").is_none(), "{added}");
    let taken = site.refused(&[add.as_slice(), &["--secret-file", path]].concat(), 1);
    assert!(taken.contains(ID) && !taken.contains(SECRET), "{taken}");
    let missing = site.refused(&add, 1);
    assert!(missing.contains("name the file that holds it"), "{missing}");
}
