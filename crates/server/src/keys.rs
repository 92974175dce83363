//! The signing keys in memory: loaded from their rows, made when there are none, rotated, published.

use crate::http::moment::Moment;
use crate::seal::{Place, Sealer};
use anyhow::{Context, Result, anyhow};
use arc_swap::ArcSwap;
use sekisho_jose::{Algorithm, Buffer, Jwk, SigningKey, VerifyingKey, base64url, jws};
use sekisho_rules::id::hex;
use sekisho_store::keys::{self as rows, KeyRow, KeyState};
use sekisho_store::{Db, meta};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The keys of one issuer, replaced as a whole when rows change.
pub struct Keys {
    algorithms: &'static [Algorithm],
    set: ArcSwap<KeySet>,
}

/// Keys as they were at one moment.
pub struct KeySet {
    signing: Vec<SigningKey>,
    /// Verify our own tokens: current, next and previous.
    pub verifying: Vec<VerifyingKey>,
    /// The published JWK Set (RFC 7517 section 5).
    pub jwks: String,
    /// Its entity tag, without quotes: another one whenever a byte of it changes.
    pub etag: String,
    /// What tells one set from another.
    fingerprint: Vec<(String, KeyState)>,
}

impl Keys {
    /// Loads the keys for these algorithms; makes a current and a next one where there are none. Two nodes that start at once agree.
    ///
    /// # Errors
    /// When the database does not answer, or a key does not open with the key-encryption key at hand.
    pub async fn open(
        db: &Db,
        sealer: &Sealer,
        algorithms: &'static [Algorithm],
        moment: Moment,
    ) -> Result<Self> {
        let live = rows::live(db).await?;
        for alg in algorithms
            .iter()
            .filter(|alg| live.iter().all(|row| row.alg != alg.name()))
        {
            let current = fresh(sealer, *alg, KeyState::Current, moment).await?;
            let next = fresh(sealer, *alg, KeyState::Next, moment).await?;
            let claim = format!("signing_keys {alg}");
            db.tx(async move |tx| {
                if meta::claim(tx, &claim, "made").await? {
                    rows::insert(tx, &current).await?;
                    rows::insert(tx, &next).await?;
                }
                Ok(())
            })
            .await?;
        }
        let set = build(&rows::live(db).await?, sealer, algorithms)?;
        Ok(Self {
            algorithms,
            set: ArcSwap::from_pointee(set),
        })
    }

    /// The keys now.
    pub fn current(&self) -> Arc<KeySet> {
        self.set.load_full()
    }

    /// Takes over what changed in the rows, for example by `sekisho key rotate` in another process. True when something did.
    ///
    /// # Errors
    /// When the database does not answer; the keys at hand stay.
    pub async fn reload(&self, db: &Db, sealer: &Sealer) -> Result<bool> {
        let live = rows::live(db).await?;
        if fingerprint(&live) == self.set.load().fingerprint {
            return Ok(false);
        }
        self.set.store(Arc::new(build(&live, sealer, self.algorithms)?));
        Ok(true)
    }

    /// The payload of a token of ours, of any age, whose signature holds.
    pub fn own_payload(&self, token: &str) -> Option<serde_json::Value> {
        let set = self.set.load();
        let kid = jws::Unverified::parse(token).ok()?.kid()?.to_owned();
        let key = set.verifying.iter().find(|key| key.kid() == Some(kid.as_str()))?;
        let mut buffer = Buffer::new();
        let verified = jws::verify(token, key, &mut buffer).ok()?;
        serde_json::from_slice(verified.payload()).ok()
    }

    /// The `sub` of an `id_token_hint`: an ID token of ours, of any age (OpenID Connect Core section 3.1.2.1).
    pub fn hinted_subject(&self, hint: Option<&str>, issuer: &str) -> Option<String> {
        let claims = self.id_token(hint?, issuer)?;
        claims.get("sub")?.as_str().map(str::to_owned)
    }

    /// The claims of an ID token of ours, of any age. An access token carries `gid` and is none.
    pub fn id_token(&self, token: &str, issuer: &str) -> Option<serde_json::Value> {
        let claims = self.own_payload(token)?;
        let ours = claims.get("iss")?.as_str()? == issuer;
        (ours && claims.get("gid").is_none() && claims.get("events").is_none()).then_some(claims)
    }
}

impl KeySet {
    /// What signs new tokens of an algorithm; `None` when it is switched off.
    pub fn signing(&self, alg: Algorithm) -> Option<&SigningKey> {
        self.signing.iter().find(|key| key.algorithm() == alg)
    }
}

fn fingerprint(rows: &[KeyRow]) -> Vec<(String, KeyState)> {
    rows.iter().map(|row| (row.kid.clone(), row.state)).collect()
}

/// Keys of an algorithm that was switched off are neither published nor used.
fn build(rows: &[KeyRow], sealer: &Sealer, algorithms: &[Algorithm]) -> Result<KeySet> {
    let fingerprint = fingerprint(rows);
    let (mut signing, mut verifying, mut published) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows
        .iter()
        .filter(|row| algorithms.iter().any(|alg| alg.name() == row.alg))
    {
        let jwk: Jwk = serde_json::from_str(&row.jwk).context("a published key is not a JWK")?;
        verifying.push(VerifyingKey::from_jwk(&jwk).map_err(|error| anyhow!("key {}: {error}", row.kid))?);
        published.push(serde_json::from_str::<serde_json::Value>(&row.jwk)?);
        if row.state == KeyState::Current {
            signing.push(unseal(row, sealer)?);
        }
    }
    if let Some(alg) = algorithms
        .iter()
        .find(|alg| signing.iter().all(|key: &SigningKey| key.algorithm() != **alg))
    {
        anyhow::bail!("the database holds no current {alg} signing key");
    }
    let jwks = serde_json::json!({ "keys": published }).to_string();
    let etag = hex(&Sha256::digest(&jwks)[..8]);
    Ok(KeySet {
        signing,
        verifying,
        jwks,
        etag,
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
            "`keys.encryption_key` (SEKISHO_KEY_ENCRYPTION_KEY) does not open signing key {}: set the key it was sealed \
             with, or name that one in `keys.older_encryption_keys`",
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

/// Makes a key row (RSA keys have 2048 bits) with a self-signed certificate, because clients of other makes still read `x5c` and `x5t`.
///
/// # Errors
/// When a key cannot be made.
pub async fn fresh(sealer: &Sealer, alg: Algorithm, state: KeyState, moment: Moment) -> Result<KeyRow> {
    // Making an RSA key takes tens of milliseconds or more.
    let (key, der) = tokio::task::spawn_blocking(move || -> Result<_> {
        let key = SigningKey::generate(alg).map_err(|error| anyhow!("{error}"))?;
        let der = key.to_pkcs8_der().map_err(|error| anyhow!("{error}"))?;
        Ok((key, der))
    })
    .await??;
    let mut jwk = key.public_jwk().context("a signing key has a public JWK")?;
    let kid = jwk.thumbprint().map_err(|error| anyhow!("{error}"))?;
    let certificate = certificate(&der, alg)?;
    let sealed = sealer
        .seal(&place(&kid), &der)
        .map_err(|_| anyhow!("a signing key cannot be sealed"))?;
    jwk.kid = Some(kid.clone());
    jwk.usage = Some("sig".to_owned());
    jwk.alg = Some(alg.to_string());
    jwk.x5c = Some(vec![base64_simd::STANDARD.encode_to_string(&certificate)]);
    jwk.x5t = Some(base64url::encode(&Sha1::digest(&certificate)));
    let published = serde_json::to_string(&jwk)?;
    let (created_at, state_since) = (moment.now, moment.now);
    Ok(KeyRow {
        kid,
        alg: alg.to_string(),
        state,
        sealed,
        jwk: published,
        created_at,
        state_since,
    })
}

fn certificate(pkcs8: &[u8], alg: Algorithm) -> Result<Vec<u8>> {
    let der = rustls_pki_types::PrivatePkcs8KeyDer::from(pkcs8);
    let signature = match alg {
        Algorithm::Es256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        _ => &rcgen::PKCS_RSA_SHA256,
    };
    let pair = rcgen::KeyPair::from_pkcs8_der_and_sign_algo(&der, signature)?;
    let mut parameters = rcgen::CertificateParams::default();
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "Sekisho signing key");
    Ok(parameters.self_signed(&pair)?.der().to_vec())
}
