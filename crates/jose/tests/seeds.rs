//! The fuzz targets' own code over their committed seeds, as ordinary tests.

#[expect(
    unreachable_pub,
    clippy::expect_used,
    reason = "a library of its own; a panic is how a target reports"
)]
#[path = "../../../fuzz/src/lib.rs"]
mod targets;

use std::path::Path;

/// Runs `target` over every seed, and over every seed cut short and with one byte changed.
#[expect(clippy::unwrap_used, reason = "tests")]
fn run(name: &str, target: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/seeds")
        .join(name);
    let mut seeds = 0;
    for entry in std::fs::read_dir(&folder).unwrap() {
        let mut seed = std::fs::read(entry.unwrap().path()).unwrap();
        target(&seed);
        for at in (0..seed.len()).step_by(seed.len() / 16 + 1) {
            target(&seed[..at]);
            seed[at] ^= 0x15;
            target(&seed);
            seed[at] ^= 0x15;
        }
        seeds += 1;
    }
    assert!(seeds >= 10, "{} has only {seeds} seeds", folder.display());
}

#[test]
fn jws_seeds() {
    run("jws", targets::jws);
}

#[test]
fn jwk_seeds() {
    run("jwk", targets::jwk);
}

#[test]
fn threat_25_claims_seeds() {
    run("claims", targets::claims);
}
