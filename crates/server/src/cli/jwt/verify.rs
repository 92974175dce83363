//! `sekisho jwt verify`: whether a token's signature holds for keys the operator names, and whether its time is right.

use std::path::PathBuf;

use sekisho_jose::jws::{self, Unverified};
use sekisho_jose::{Algorithm, Buffer, Jwk, JwkSet, KeySet, VerifyingKey};
use sekisho_verify::fetch::Fetcher;
use serde_json::json;

use super::decode::show;
use super::times::{self, Span};
use crate::cli::json::Written;
use crate::cli::terminal::{Failure, Terminal};

const GOOD: &str = "1;32";

const EXAMPLES: &str = "\
Examples:
  sekisho jwt verify --issuer https://login.example.com/ --audience https://api.example.com < token.txt
  sekisho jwt verify --jwks jwks.json < token.txt
  sekisho jwt verify --key public.pem --alg PS256 < token.txt
  sekisho jwt verify --secret-file secret.txt < token.txt
The key decides how a token is checked, never the token's header. Revocation is not asked for.";

/// Check a token's signature and times.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group(clap::ArgGroup::new("trust").required(true).args(["jwks", "issuer", "key", "secret_file"])))]
pub(crate) struct Verify {
    /// The token; piped in when left out or `-`
    token: Option<String>,
    /// Trust the keys of this file: a JWK or a JWK set
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// Trust the keys this issuer publishes, and demand that the token is its
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Trust this public key in PEM
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Trust whoever knows the secret in this file (HS256 unless --alg says otherwise)
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// The algorithm the key is for, where its type leaves a choice
    #[arg(long, value_name = "ALG", value_parser = super::algorithm)]
    alg: Option<Algorithm>,
    /// Demand this audience
    #[arg(long, value_name = "AUDIENCE")]
    audience: Option<String>,
    /// Print one line of JSON: verified, reason, header, payload
    #[arg(long)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let token = super::token(self.token.clone(), terminal)?;
        let parts = Unverified::parse(&token).map_err(Failure::because("this is no JWT"))?;
        let trusted = self.trusted()?;
        let verdict = self.verdict(&token, &parts, &trusted, terminal);
        if self.json {
            let value = |bytes: &[u8]| serde_json::from_slice::<serde_json::Value>(bytes).ok();
            terminal.say_json(&json!({
                "verified": verdict.is_ok(),
                "reason": verdict.as_ref().err(),
                "header": value(parts.header()),
                "payload": value(parts.payload()),
            }))?;
        } else if verdict.is_ok() {
            terminal.say(terminal.paint(GOOD, "VERIFIED. The signature holds and the time is right."))?;
            terminal.say("")?;
            show(&parts, &token, terminal)?;
        }
        verdict.map_err(|reason| Failure::Refused(format!("refused: {reason}")))
    }

    fn verdict(
        &self,
        token: &str,
        parts: &Unverified,
        trusted: &KeySet,
        terminal: &Terminal,
    ) -> Result<(), String> {
        let mut buffer = Buffer::new();
        jws::verify(token, trusted, &mut buffer).map_err(|error| self.explain(&error, parts, trusted))?;
        let payload = Written::parse(parts.payload()).ok_or("the payload is not JSON")?;
        if let Some(issuer) = &self.issuer
            && payload.member("iss").and_then(Written::as_text) != Some(issuer)
        {
            return Err(format!("the signature holds, but `iss` is not exactly {issuer}"));
        }
        if let Some(audience) = &self.audience
            && !is_for(&payload, audience)
        {
            return Err(format!("the signature holds, but `aud` does not name {audience}"));
        }
        match times::span(&payload, terminal.now) {
            Span::Within => Ok(()),
            span => {
                let name = if span == Span::Expired { "exp" } else { "nbf" };
                let claim = times::claims(&payload)
                    .into_iter()
                    .find(|claim| claim.name == name);
                let when = claim
                    .map(|claim| claim.relative(terminal.now))
                    .unwrap_or_default();
                Err(match span {
                    Span::Expired => format!("the signature holds, but the token expired {when}"),
                    _ => format!("the signature holds, but the token is valid only {when}"),
                })
            }
        }
    }

    /// The library's reason, and what to try when the named keys are for another algorithm.
    fn explain(&self, error: &sekisho_jose::Error, parts: &Unverified, trusted: &KeySet) -> String {
        let used: Vec<_> = trusted.keys().iter().map(|key| key.algorithm().name()).collect();
        let says = parts.alg().unwrap_or_default();
        let choosable = self.key.is_some() || self.secret_file.is_some();
        match says.parse::<Algorithm>() {
            Ok(asked) if choosable && !used.contains(&asked.name()) => {
                format!("{error}; if the key is meant for {asked}, say `--alg {asked}`")
            }
            _ => error.to_string(),
        }
    }

    fn trusted(&self) -> Result<KeySet, Failure> {
        if let Some(path) = &self.secret_file {
            let secret = super::secret(path)?;
            let key = VerifyingKey::hmac(self.alg.unwrap_or(Algorithm::Hs256), &secret);
            return Ok(KeySet::new(vec![key.map_err(Failure::because("--secret-file"))?]));
        }
        if let Some(path) = &self.key {
            let pem = super::read(path)?;
            let pem = std::str::from_utf8(&pem).map_err(Failure::because("--key"))?;
            return Ok(KeySet::new(vec![self.public_key(pem)?]));
        }
        if let Some(path) = &self.jwks {
            let set = key_set(&super::read(path)?)?;
            return self.published(&set, "the file");
        }
        let issuer = self.issuer.as_deref().unwrap_or_default();
        let set = fetched(issuer)?;
        match self.alg {
            None => Ok(set),
            Some(alg) => Ok(KeySet::new(
                set.keys()
                    .iter()
                    .filter(|key| key.algorithm() == alg)
                    .cloned()
                    .collect(),
            )),
        }
    }

    /// Without `--alg`, an RSA key is taken for RS256 and any other for the only algorithm of its type.
    fn public_key(&self, pem: &str) -> Result<VerifyingKey, Failure> {
        let usual = [
            Algorithm::Rs256,
            Algorithm::Es256,
            Algorithm::Es384,
            Algorithm::Es512,
            Algorithm::EdDsa,
        ];
        let candidates = self.alg.map_or(usual.to_vec(), |alg| vec![alg]);
        let mut reason = None;
        for alg in candidates {
            match VerifyingKey::from_pem(alg, pem) {
                Ok(key) => return Ok(key),
                Err(error) => reason = reason.or(Some(error)),
            }
        }
        Err(Failure::Refused(match (reason, self.alg) {
            (Some(error), Some(_)) => format!("--key: {error}"),
            _ => "--key: this is no public key in PEM that Sekisho can use".to_owned(),
        }))
    }

    fn published(&self, set: &JwkSet, whose: &str) -> Result<KeySet, Failure> {
        let allowed = self.alg.map_or(Algorithm::ALL.to_vec(), |alg| vec![alg]);
        let trusted = KeySet::from_jwks(set, &allowed);
        match trusted.keys().is_empty() {
            true => Err(Failure::Refused(format!("{whose} holds no usable public key"))),
            false => Ok(trusted),
        }
    }
}

/// What the issuer publishes: its discovery document, which must name it exactly, then its keys.
fn fetched(issuer: &str) -> Result<KeySet, Failure> {
    let keys = async { Fetcher::new()?.keys(issuer).await };
    let keys = crate::cli::runtime()?.block_on(keys);
    keys.map_err(|error| Failure::Refused(format!("{:#}", anyhow::Error::from(error))))
}

fn key_set(json: &[u8]) -> Result<JwkSet, Failure> {
    let because = || Failure::because("--jwks");
    match Written::parse(json).is_some_and(|value| value.member("keys").is_some()) {
        true => JwkSet::parse(json).map_err(because()),
        false => {
            let text = std::str::from_utf8(json).map_err(Failure::because("--jwks"))?;
            Ok(std::iter::once(Jwk::parse(text).map_err(because())?).collect())
        }
    }
}

fn is_for(payload: &Written, audience: &str) -> bool {
    match payload.member("aud") {
        Some(Written::Text(text)) => text == audience,
        Some(Written::List(items)) => items.iter().any(|item| item.as_text() == Some(audience)),
        _ => false,
    }
}
