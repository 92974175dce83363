//! Published vectors of each form, and what is refused.

use super::*;
use base64_simd::STANDARD;
use std::sync::atomic::{AtomicU64, Ordering};

/// The text of Firebase's form from what its export and its console say.
fn firebase_text(parts: [&[u8]; 4], rounds: u32, mem_cost: u8) -> String {
    let [hash, salt, signer, separator] = parts.map(|bytes| STANDARD.encode_to_string(bytes));
    format!("$fbscrypt$v=1,n={mem_cost},r={rounds},p=1,ss={separator},sk={signer}${salt}${hash}")
}

fn checks(hash: &str, password: &str) -> bool {
    let done = AtomicU64::new(0);
    let form = read(hash, &Params::DEFAULT).unwrap();
    let right = form.is_of(&mut Desk::new(0, &done), password.as_bytes());
    assert_eq!(done.load(Ordering::Relaxed), 1, "{hash} cost its work");
    right
}

#[track_caller]
fn is_only(hash: &str, password: &str) {
    assert_eq!(acceptable(hash), Ok(()), "{hash}");
    assert!(checks(hash, password), "{hash} is of {password}");
    assert!(
        !checks(hash, &format!("{password}x")),
        "{hash} is of nothing else"
    );
    assert!(!checks(hash, ""));
}

#[test]
fn bcrypt_of_every_name() {
    let hash = bcrypt::hash_with_salt("correct horse", 4, *b"0123456789abcdef").unwrap();
    for version in [
        bcrypt::Version::TwoA,
        bcrypt::Version::TwoB,
        bcrypt::Version::TwoY,
    ] {
        is_only(&hash.format_for_version(version), "correct horse");
    }
    // The example of Auth0's documentation of bulk imports names no password, but must be taken.
    assert_eq!(
        acceptable("$2b$10$nFguVi9LsCAcvTZFKQlRKeLVydo8ETv483lkNsSFI/Wl1Rz1Ypo1K"),
        Ok(())
    );
}

#[test]
fn bcrypt_looks_at_72_bytes_as_its_source_did() {
    let long = "a".repeat(72);
    let hash = bcrypt::hash(format!("{long}first"), 4).unwrap();
    assert!(checks(&hash, &format!("{long}second")));
}

#[test]
fn scrypt_by_rfc_7914_section_12() {
    // N = 1024, r = 8, p = 16.
    let out = "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640";
    let bytes: Vec<u8> = (0..out.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&out[at..at + 2], 16).unwrap())
        .collect();
    let (salt, hash) = (
        STANDARD_NO_PAD.encode_to_string("NaCl"),
        STANDARD_NO_PAD.encode_to_string(bytes),
    );
    is_only(&format!("$scrypt$ln=10,r=8,p=16${salt}${hash}"), "password");
}

#[test]
fn pbkdf2_by_rfc_6070_and_others() {
    // RFC 6070: password, salt, 4096 rounds, 20 bytes.
    let out = [
        0x4b, 0x00, 0x79, 0x01, 0xb7, 0x65, 0x48, 0x9a, 0xbe, 0xad, 0x49, 0xd9, 0x26, 0xf7, 0x21, 0xd0, 0x65,
        0xa4, 0x29, 0xc1,
    ];
    let (salt, hash) = (
        STANDARD_NO_PAD.encode_to_string("salt"),
        STANDARD_NO_PAD.encode_to_string(out),
    );
    is_only(&format!("$pbkdf2$i=4096,l=20${salt}${hash}"), "password");
    is_only(&format!("$pbkdf2-sha1$4096${salt}${hash}"), "password");
    for (name, algorithm) in [
        ("sha256", pbkdf2::PBKDF2_HMAC_SHA256),
        ("sha512", pbkdf2::PBKDF2_HMAC_SHA512),
    ] {
        let mut out = [0; 64];
        pbkdf2::derive(
            algorithm,
            NonZeroU32::new(1000).unwrap(),
            b"salt",
            b"correct horse",
            &mut out,
        );
        let hash = STANDARD_NO_PAD.encode_to_string(out);
        is_only(
            &format!("$pbkdf2-{name}$i=1000,l=64${salt}${hash}"),
            "correct horse",
        );
    }
}

#[test]
fn argon2_of_every_kind() {
    use argon2::password_hash::PasswordHasher as _;
    for algorithm in [Algorithm::Argon2i, Algorithm::Argon2d, Algorithm::Argon2id] {
        let params = Params::new(64, 2, 1, None).unwrap();
        let hasher = Argon2::new(algorithm, Version::V0x13, params);
        is_only(
            &hasher.hash_password(b"correct horse").unwrap().to_string(),
            "correct horse",
        );
    }
}

#[test]
fn firebase_by_its_published_vector() {
    let decode = |text: &str| STANDARD.decode_to_vec(text).unwrap();
    let text = firebase_text(
        [
            &decode(
                "lSrfV15cpx95/sZS2W9c9Kp6i/LVgQNDNC/qzrCnh1SAyZvqmZqAjTdn3aoItz+VHjoZilo78198JAdRuid5lQ==",
            ),
            &decode("42xEC+ixf3L2lw=="),
            &decode(
                "jxspr8Ki0RYycVU8zykbdLGjFQ3McFUH0uiiTvC8pVMXAn210wjLNmdZJzxUECKbm0QsEmYUSDzZvpjeJ9WmXA==",
            ),
            &decode("Bw=="),
        ],
        8,
        14,
    );
    is_only(&text, "user1password");
}

#[test]
fn weak_digests_rest_only_inside_argon2id() {
    use argon2::password_hash::PasswordHasher as _;
    let params = Params::new(64, 1, 1, None).unwrap();
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    for digest in [
        PlainDigest::Md5,
        PlainDigest::Sha1,
        PlainDigest::Sha256,
        PlainDigest::Sha512,
    ] {
        for salt in [SaltAt::Front, SaltAt::Back] {
            let plain = Plain { digest, salt };
            let inner = plain.hexadecimal(b"correct horse", b"pepper");
            let outer = plain.wrap(
                b"pepper",
                &hasher.hash_password(inner.as_bytes()).unwrap().to_string(),
            );
            assert!(!outer.contains(&inner));
            is_only(&outer, "correct horse");
        }
    }
    // RFC 1321 appendix A.5.
    let plain = Plain {
        digest: PlainDigest::Md5,
        salt: SaltAt::Back,
    };
    assert_eq!(
        plain.hexadecimal(b"message digest", b""),
        "f96b697d7cb7938d525a2f31aaf161d0"
    );
    for bare in [
        "f96b697d7cb7938d525a2f31aaf161d0",
        "$md5$f96b697d7cb7938d525a2f31aaf161d0",
        "{SSHA}abc",
    ] {
        assert_eq!(acceptable(bare), Err(NotTaken::Unknown), "{bare}");
    }
}

#[test]
fn threat_41_absurd_costs_are_refused_before_any_work() {
    let body = "x".repeat(53);
    let hash = STANDARD_NO_PAD.encode_to_string([7; 32]);
    for costly in [
        format!("$2b$15${body}"),
        format!("$2b$31${body}"),
        format!("$2b$99${body}"),
        format!("$scrypt$ln=18,r=8,p=1$c2FsdA${hash}"),
        format!("$scrypt$ln=63,r=4294967295,p=4294967295$c2FsdA${hash}"),
        format!("$scrypt$ln=255,r=1,p=1$c2FsdA${hash}"),
        format!("$scrypt$ln=14,r=8,p=1000$c2FsdA${hash}"),
        format!("$pbkdf2-sha256$i=4294967295,l=32$c2FsdA${hash}"),
        "$argon2id$v=19$m=4194304,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        "$argon2id$v=19$m=65536,t=1000,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        format!("$fbscrypt$v=1,n=30,r=8,p=1,ss=Bw==,sk={hash}$c2FsdA${hash}"),
        "$digest$sha1,back$c2FsdA$argon2id$v=19$m=4194304,t=9,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
    ] {
        assert_eq!(acceptable(&costly), Err(NotTaken::TooCostly), "{costly}");
    }
}

#[test]
fn threat_23_a_hash_of_nothing_is_no_hash() {
    for damaged in [
        "",
        "$",
        "$2b$10$short",
        "$2b$xx$xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "$scrypt$ln=14,r=8,p=1$$",
        "$scrypt$ln=14,r=8,p=1$c2FsdA$",
        "$scrypt$ln=14,r=0,p=1$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$i=0$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        "$pbkdf2-sha256$i=1000$c2FsdA$AA",
        "$pbkdf2-sha256$i=1000$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA$more",
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA",
        "$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==$c2FsdA$AAAAAAAAAAAAAAAAAAAAAA",
        "$digest$sha1,back$c2FsdA",
    ] {
        assert!(acceptable(damaged).is_err(), "{damaged}");
    }
}

#[test]
fn what_the_operator_lets_a_hash_cost_is_never_too_much() {
    let costly =
        "$argon2id$v=19$m=524288,t=9,p=1$c29tZSBzYWx0IHRoZXJl$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(acceptable(costly), Err(NotTaken::TooCostly));
    let own = Params::new(524_288, 9, 1, None).unwrap();
    assert!(read(costly, &own).is_ok());
    let less = Params::new(524_288, 8, 1, None).unwrap();
    assert!(matches!(read(costly, &less), Err(NotTaken::TooCostly)));
}
