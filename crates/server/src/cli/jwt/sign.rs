//! `sekisho jwt sign`: tokens for testing, with a key the operator holds. The server's own keys never leave the
//! server.

use std::path::PathBuf;

use sekisho_jose::{Algorithm, Jwk, SigningKey, jwt};
use serde_json::{Map, Value};

use crate::cli::terminal::{Failure, Terminal};

const EXAMPLES: &str = "\
Examples:
  sekisho jwt sign --generate ES256 --key-out key.pem sub=alice aud=https://api.example.com --expires-in 300
  sekisho jwt sign --key key.pem --alg ES256 sub=alice
  echo '{\"sub\":\"alice\"}' | sekisho jwt sign --secret-file secret.txt --claims -
Claims are NAME=VALUE; a VALUE that is JSON stays JSON (n=1, roles=[\"a\"]), anything else is text.";

/// Make a token, for testing.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group(clap::ArgGroup::new("with").required(true).args(["key", "jwk", "secret_file", "generate"])))]
pub(crate) struct Sign {
    /// Claims as NAME=VALUE
    #[arg(value_name = "NAME=VALUE")]
    claims: Vec<String>,
    /// More claims: a file with one JSON object, or `-` for what is piped in
    #[arg(long = "claims", value_name = "FILE")]
    claims_file: Option<PathBuf>,
    /// Sign with this private key in PEM (PKCS #8); needs --alg
    #[arg(long, value_name = "FILE", requires = "alg")]
    key: Option<PathBuf>,
    /// Sign with this private JWK
    #[arg(long, value_name = "FILE")]
    jwk: Option<PathBuf>,
    /// Sign with the secret in this file (HS256 unless --alg says otherwise)
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Sign with a fresh key for this algorithm
    #[arg(long, value_name = "ALG", value_parser = super::algorithm, requires = "key_out")]
    generate: Option<Algorithm>,
    /// Where to write the fresh private key in PEM; the file must not exist
    #[arg(long, value_name = "FILE", requires = "generate")]
    key_out: Option<PathBuf>,
    /// The algorithm of --key or --secret-file
    #[arg(long, value_name = "ALG", value_parser = super::algorithm)]
    alg: Option<Algorithm>,
    /// The `kid` in the header
    #[arg(long, allow_hyphen_values = true)]
    kid: Option<String>,
    /// The `typ` in the header
    #[arg(long, default_value = "JWT")]
    typ: String,
    /// Set `exp` this many seconds from now, and `iat` to now
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    expires_in: Option<i64>,
}

impl Sign {
    pub(super) fn run(self, terminal: &mut Terminal) -> Result<(), Failure> {
        let claims = self.claims(terminal)?;
        let mut key = self.signing_key()?;
        if let Some(kid) = &self.kid {
            key = key.with_kid(kid);
        }
        let token =
            jwt::sign(&claims, &self.typ, &key).map_err(Failure::because("the token cannot be made"))?;
        terminal.say(token)
    }

    fn claims(&self, terminal: &mut Terminal) -> Result<Map<String, Value>, Failure> {
        let mut claims = match &self.claims_file {
            None => Map::new(),
            Some(path) if path.as_os_str() == "-" => object(terminal.hear()?.as_bytes())?,
            Some(path) => object(&super::read(path)?)?,
        };
        for pair in &self.claims {
            let (name, value) = pair
                .split_once('=')
                .ok_or_else(|| Failure::NotUnderstood(format!("\"{pair}\" is no claim; write NAME=VALUE")))?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            claims.insert(name.to_owned(), value);
        }
        if let Some(seconds) = self.expires_in {
            let now = terminal.now.seconds();
            claims.entry("iat").or_insert(now.into());
            claims.insert("exp".to_owned(), now.saturating_add(seconds).into());
        }
        Ok(claims)
    }

    fn signing_key(&self) -> Result<SigningKey, Failure> {
        if let Some(path) = &self.secret_file {
            let secret = super::secret(path)?;
            let key = SigningKey::hmac(self.alg.unwrap_or(Algorithm::Hs256), &secret);
            return key.map_err(Failure::because("--secret-file"));
        }
        if let Some(path) = &self.jwk {
            let bytes = super::read(path)?;
            let text = std::str::from_utf8(&bytes).map_err(Failure::because("--jwk"))?;
            let key = Jwk::parse(text).and_then(|jwk| SigningKey::from_jwk(&jwk));
            return key.map_err(Failure::because("--jwk"));
        }
        if let (Some(path), Some(alg)) = (&self.key, self.alg) {
            let bytes = super::read(path)?;
            let text = std::str::from_utf8(&bytes).map_err(Failure::because("--key"))?;
            return SigningKey::from_pem(alg, text).map_err(Failure::because("--key"));
        }
        let (Some(alg), Some(path)) = (self.generate, &self.key_out) else {
            return Err(Failure::NotUnderstood(
                "name a key: --key, --jwk, --secret-file or --generate".to_owned(),
            ));
        };
        let key = SigningKey::generate(alg).map_err(Failure::because("--generate"))?;
        let pem = key.to_pem().map_err(Failure::because("--generate"))?;
        write_new(path, pem.as_bytes())
            .map_err(Failure::because(format!("{} cannot be written", path.display())))?;
        Ok(key)
    }
}

fn object(json: &[u8]) -> Result<Map<String, Value>, Failure> {
    serde_json::from_slice(json).map_err(Failure::because("--claims is not one JSON object"))
}

/// Only for this user, and never over something that exists.
fn write_new(path: &std::path::Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(bytes)
}
