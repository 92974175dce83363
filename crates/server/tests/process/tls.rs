//! TLS from certificate files, which may be replaced while the node runs.

use super::visitor::text;
use super::{Deployment, Visitor, eventually};
use axum::http::{Method, StatusCode};
use std::path::Path;

/// Makes a certificate for the issuer and writes both files, as a renewal does.
fn renew(folder: &Path) -> String {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    for (name, pem) in [
        ("key.pem", made.signing_key.serialize_pem()),
        ("cert.pem", made.cert.pem()),
    ] {
        let aside = folder.join("aside");
        std::fs::write(&aside, pem).unwrap();
        std::fs::rename(&aside, folder.join(name)).unwrap();
    }
    made.cert.pem()
}

#[tokio::test]
async fn https_is_served_and_a_renewed_certificate_is_taken_without_a_restart() {
    let mut deployment = Deployment::sqlite().await;
    let folder = deployment.folder.path().to_owned();
    let old = renew(&folder);
    deployment.set(
        "SEKISHO_TLS_CERTIFICATE",
        &folder.join("cert.pem").display().to_string(),
    );
    deployment.set("SEKISHO_TLS_KEY", &folder.join("key.pem").display().to_string());
    let mut node = deployment.start().await;
    let base = format!("https://localhost:{}", node.address().port());
    let visitor = |pem: &str| Visitor::trusting(&base, "login.example", &[pem]);

    let mut before = visitor(&old);
    let tokens = before.tokens(&deployment).await;
    assert!(before.jar.contains_key("__Host-sekisho"));
    let profile = before.userinfo(&text(&tokens["access_token"])).await;
    assert_eq!(profile.header("strict-transport-security"), "max-age=31536000");
    let mut plain = node.visitor();
    assert!(
        plain.try_send(Method::GET, "/", None).await.is_none(),
        "no plain http beside it"
    );

    let new = renew(&folder);
    eventually("the new certificate is served", async || {
        visitor(&new)
            .try_send(Method::GET, "/readyz", None)
            .await
            .is_some()
    })
    .await;
    assert!(
        visitor(&old)
            .try_send(Method::GET, "/readyz", None)
            .await
            .is_none()
    );
    node.says("took the new TLS certificate").await;
    let still = before.get("/.well-known/jwks.json").await;
    assert_eq!(still.status, StatusCode::OK, "open connections go on");

    std::fs::write(folder.join("cert.pem"), "half a certifica").unwrap();
    node.says("kept the old TLS certificate").await;
    assert!(
        visitor(&new)
            .try_send(Method::GET, "/readyz", None)
            .await
            .is_some()
    );
    assert!(node.stop().await.success());
}
