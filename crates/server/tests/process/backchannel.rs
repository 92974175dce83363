//! Back-channel logout by a real node to an application behind TLS: the system's authorities decide, and a node that is killed
//! leaves its work to the next.

use super::{Deployment, eventually};
use crate::relying_party::RelyingParty;
use sekisho::admin::{Actor, clients};
use sekisho::config::Tls;
use sekisho::listen::tls::Certificates;
use sekisho_store::args;
use std::path::{Path, PathBuf};

/// Makes a certificate for this machine and writes it with its key.
fn certificate(folder: &Path) -> (PathBuf, Certificates) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let files = Tls {
        certificate: folder.join("app.pem"),
        key: folder.join("app.key"),
    };
    std::fs::write(&files.certificate, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let loaded = Certificates::load(&files).unwrap();
    (files.certificate, loaded)
}

#[tokio::test]
async fn an_application_behind_tls_is_told_by_who_trusts_its_certificate_and_by_nobody_else() {
    let mut deployment = Deployment::with(&[("SEKISHO_EGRESS_ALLOW", "127.0.0.0/8, ::1")]).await;
    let (file, certificates) = certificate(deployment.folder.path());
    let app = RelyingParty::behind(Some(certificates)).await;
    let operator = deployment.open().await;
    let mut client = clients::find(&operator, &deployment.spa).await.unwrap();
    client.notices.backchannel_urls = vec![app.tls_url()];
    clients::update(&operator, Actor::Operator, client).await.unwrap();
    let note = async || {
        let rows = operator
            .db
            .all("SELECT note FROM jobs ORDER BY id LIMIT 100", args![])
            .await
            .unwrap();
        rows.first()
            .and_then(|row| row.get::<Option<String>>("note").unwrap())
            .unwrap_or_default()
    };

    let node = deployment.start().await;
    let mut visitor = node.visitor();
    visitor.tokens(&deployment).await;
    visitor.get("/v2/logout").await;
    eventually("the first try fails", async || !note().await.is_empty()).await;
    let said = note().await;
    assert!(said.contains("certificate") && !app.has_received(), "{said}");
    node.kill().await;

    deployment.set("SSL_CERT_FILE", &file.display().to_string());
    let node = deployment.start().await;
    eventually("the application is told", async || app.has_received()).await;
    eventually("that is noted", async || note().await == "told localhost").await;
    assert!(node.stop().await.success());
}
