//! The raw signing limit of this machine, now: what no server on this library can exceed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::process::cpu_seconds;

/// Signatures per CPU-second over a signing input as long as that of an access token.
pub struct Limits {
    pub rs256: f64,
    pub es256: f64,
}

/// Measures both for about a second each.
pub fn limits() -> Result<Limits> {
    let random = SystemRandom::new();
    let input = [b'a'; 600];
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048)
        .ok()
        .context("an RSA key")?;
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
        .ok()
        .context("an EC key")?;
    let mut signature = vec![0; rsa.public_modulus_len()];
    let rs256 = rate(|| {
        rsa.sign(&RSA_PKCS1_SHA256, &random, &input, &mut signature)
            .ok()
            .context("RS256")
    })?;
    let es256 = rate(|| ec.sign(&random, &input).map(drop).ok().context("ES256"))?;
    Ok(Limits { rs256, es256 })
}

fn rate(mut sign: impl FnMut() -> Result<()>) -> Result<f64> {
    let before = cpu_seconds("/proc/self/stat")?;
    let end = Instant::now() + Duration::from_millis(1500);
    let mut count = 0_u32;
    while Instant::now() < end {
        for _ in 0..16 {
            sign()?;
        }
        count += 16;
    }
    Ok(f64::from(count) / (cpu_seconds("/proc/self/stat")? - before))
}
