//! The signing keys in memory: loaded from their rows, made when there are none, rotated, published.

use crate::app::App;
use crate::http::moment::Moment;
use crate::seal::{Place, Sealer};
use anyhow::{Context, Result, anyhow};
use arc_swap::ArcSwap;
use sekisho_jose::{Algorithm, Buffer, Jwk, SigningKey, VerifyingKey, base64url, jws};
use sekisho_store::keys::{self as rows, KeyRow, KeyState};
use sekisho_store::{Db, meta};
use sha1::{Digest, Sha1};
use std::sync::Arc;

/// The keys of one issuer, replaced as a whole when rows change.
pub struct Keys(ArcSwap<KeySet>);

/// Keys as they were at one moment.
pub struct KeySet {
    /// Signs new tokens.
    pub signing: SigningKey,
    /// Verify our own tokens: current, next and previous.
    pub verifying: Vec<VerifyingKey>,
    /// The published JWK Set (RFC 7517 section 5).
    pub jwks: String,
    /// What tells one set from another.
    fingerprint: Vec<(String, KeyState)>,
}

impl Keys {
    /// Loads the keys; makes a current and a next one in an empty database. Two nodes that start at once agree on one pair.
    ///
    /// # Errors
    /// When the database does not answer, or a key does not open with the key-encryption key at hand.
    pub async fn open(db: &Db, sealer: &Sealer, moment: Moment) -> Result<Self> {
        if rows::live(db).await?.is_empty() {
            let current = fresh(sealer, KeyState::Current, moment).await?;
            let next = fresh(sealer, KeyState::Next, moment).await?;
            db.tx(async move |tx| {
                if meta::claim(tx, "signing_keys", "made").await? {
                    rows::insert(tx, &current).await?;
                    rows::insert(tx, &next).await?;
                }
                Ok(())
            })
            .await?;
        }
        Ok(Self(ArcSwap::from_pointee(load(db, sealer).await?)))
    }

    /// The keys now.
    pub fn current(&self) -> Arc<KeySet> {
        self.0.load_full()
    }

    /// Takes over what changed in the rows, for example by `sekisho key rotate` in another process. True when something did.
    ///
    /// # Errors
    /// When the database does not answer; the keys at hand stay.
    pub async fn reload(&self, db: &Db, sealer: &Sealer) -> Result<bool> {
        let live = rows::live(db).await?;
        if fingerprint(&live) == self.0.load().fingerprint {
            return Ok(false);
        }
        self.0.store(Arc::new(build(live, sealer)?));
        Ok(true)
    }

    /// The payload of a token of ours, of any age, whose signature holds.
    pub fn own_payload(&self, token: &str) -> Option<serde_json::Value> {
        let set = self.0.load();
        let kid = jws::Unverified::parse(token).ok()?.kid()?.to_owned();
        let key = set.verifying.iter().find(|key| key.kid() == Some(kid.as_str()))?;
        let mut buffer = Buffer::new();
        let verified = jws::verify(token, key, &mut buffer).ok()?;
        serde_json::from_slice(verified.payload()).ok()
    }

    /// The `sub` of an `id_token_hint`: an ID token of ours, of any age (OpenID Connect Core section 3.1.2.1).
    pub fn hinted_subject(&self, hint: Option<&str>, app: &App) -> Option<String> {
        let claims = self.id_token(hint?, app)?;
        claims.get("sub")?.as_str().map(str::to_owned)
    }

    /// The claims of an ID token of ours, of any age. An access token carries `gid` and is none.
    pub fn id_token(&self, token: &str, app: &App) -> Option<serde_json::Value> {
        let claims = self.own_payload(token)?;
        let ours = claims.get("iss")?.as_str()? == app.config.issuer.as_str();
        (ours && claims.get("gid").is_none() && claims.get("events").is_none()).then_some(claims)
    }
}

async fn load(db: &Db, sealer: &Sealer) -> Result<KeySet> {
    build(rows::live(db).await?, sealer)
}

fn fingerprint(rows: &[KeyRow]) -> Vec<(String, KeyState)> {
    rows.iter().map(|row| (row.kid.clone(), row.state)).collect()
}

fn build(rows: Vec<KeyRow>, sealer: &Sealer) -> Result<KeySet> {
    let fingerprint = fingerprint(&rows);
    let (mut signing, mut verifying, mut published) = (None, Vec::new(), Vec::new());
    for row in &rows {
        let jwk: Jwk = serde_json::from_str(&row.jwk).context("a published key is not a JWK")?;
        verifying.push(VerifyingKey::from_jwk(&jwk).map_err(|error| anyhow!("key {}: {error}", row.kid))?);
        published.push(serde_json::from_str::<serde_json::Value>(&row.jwk)?);
        if row.state == KeyState::Current {
            signing = Some(unseal(row, sealer)?);
        }
    }
    let signing = signing.context("the database holds no current signing key")?;
    let jwks = serde_json::json!({ "keys": published }).to_string();
    Ok(KeySet {
        signing,
        verifying,
        jwks,
        fingerprint,
    })
}

/// Where a signing key is sealed for.
pub(crate) fn place(kid: &str) -> Place<'_> {
    Place {
        table: "signing_keys",
        column: "sealed",
        row: kid,
    }
}

fn unseal(row: &KeyRow, sealer: &Sealer) -> Result<SigningKey> {
    let plain = sealer.open(&place(&row.kid), &row.sealed).map_err(|_| {
        anyhow!(
            "signing key {} does not open with this key-encryption key: set the one it was sealed with",
            row.kid
        )
    })?;
    let alg: Algorithm = row
        .alg
        .parse()
        .map_err(|_| anyhow!("signing key {} has an unknown algorithm", row.kid))?;
    let key = SigningKey::from_pkcs8_der(alg, &plain)
        .map_err(|error| anyhow!("signing key {}: {error}", row.kid))?;
    Ok(key.with_kid(&row.kid))
}

/// Makes a key row: RS256, 2048 bits, with a self-signed certificate, because clients of other makes still read `x5c` and `x5t`.
///
/// # Errors
/// When a key cannot be made.
pub async fn fresh(sealer: &Sealer, state: KeyState, moment: Moment) -> Result<KeyRow> {
    // Making an RSA key takes tens of milliseconds or more.
    let (key, der) = tokio::task::spawn_blocking(|| -> Result<_> {
        let key = SigningKey::generate(Algorithm::Rs256).map_err(|error| anyhow!("{error}"))?;
        let der = key.to_pkcs8_der().map_err(|error| anyhow!("{error}"))?;
        Ok((key, der))
    })
    .await??;
    let mut jwk = key.public_jwk().context("an RSA key has a public JWK")?;
    let kid = jwk.thumbprint().map_err(|error| anyhow!("{error}"))?;
    let certificate = certificate(&der)?;
    let sealed = sealer
        .seal(&place(&kid), &der)
        .map_err(|_| anyhow!("a signing key cannot be sealed"))?;
    jwk.kid = Some(kid.clone());
    jwk.usage = Some("sig".to_owned());
    jwk.alg = Some("RS256".to_owned());
    jwk.x5c = Some(vec![base64_simd::STANDARD.encode_to_string(&certificate)]);
    jwk.x5t = Some(base64url::encode(&Sha1::digest(&certificate)));
    let published = serde_json::to_string(&jwk)?;
    let alg = Algorithm::Rs256.to_string();
    let (created_at, state_since) = (moment.now, moment.now);
    Ok(KeyRow {
        kid,
        alg,
        state,
        sealed,
        jwk: published,
        created_at,
        state_since,
    })
}

fn certificate(pkcs8: &[u8]) -> Result<Vec<u8>> {
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from(pkcs8);
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, &rcgen::PKCS_RSA_SHA256)?;
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Sekisho signing key");
    Ok(parameters.self_signed(&pair)?.der().to_vec())
}
