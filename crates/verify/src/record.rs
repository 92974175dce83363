//! Revocation records: what each kind says, how its key is made, and [`hits`], the one place that decides whether a record
//! concerns a token. The issuer, the gateway and every verifier ask it, so they cannot disagree. How records travel is
//! `feed`'s; how they are kept is the verifier's.

use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

/// What a record ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `S`: tokens whose `sid` this is.
    Session,
    /// `G`: tokens whose `gid` this is: a refresh family or a client's own grant.
    Grant,
    /// `J`: the token whose `jti` this is.
    Token,
    /// `U`: tokens of this user, or that act for them (`sub`, any `act.sub`), issued before `nbf`.
    User,
    /// `C`: tokens of this client (`azp`, `client_id`; `aud` of an ID token), issued before `nbf`.
    Client,
    /// `I`: every token issued before `nbf`.
    Issuer,
    /// `K`: tokens signed with the key of this `kid`.
    Key,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Session,
        Self::Grant,
        Self::Token,
        Self::User,
        Self::Client,
        Self::Issuer,
        Self::Key,
    ];

    /// Its letter on the wire and in the hash.
    pub const fn letter(self) -> char {
        match self {
            Self::Session => 'S',
            Self::Grant => 'G',
            Self::Token => 'J',
            Self::User => 'U',
            Self::Client => 'C',
            Self::Issuer => 'I',
            Self::Key => 'K',
        }
    }

    /// The kind of a letter; `None` for a letter that a newer issuer may know.
    pub fn from_letter(letter: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| letter.chars().eq([kind.letter()]))
    }

    /// Whether it ends what was issued before a time (`nbf`), not everything.
    pub const fn has_nbf(self) -> bool {
        matches!(self, Self::User | Self::Client | Self::Issuer)
    }
}

/// The key of a deployment's record hash: 128 bits that its verifiers share. It hides ids from onlookers; it is not what
/// keeps a record from being forged (the transport does).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey([u8; 16]);

impl HashKey {
    /// A key of these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hexadecimal digits in lower case.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 32 {
            return None;
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(bytes))
    }

    /// 32 hexadecimal digits in lower case.
    pub fn to_hex(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The key of an id: SipHash-2-4 over the kind's letter and the id's UTF-8 bytes.
    pub fn key(&self, kind: Kind, id: &str) -> Key {
        // One byte: every letter is ASCII.
        let letter = kind.letter() as u8;
        let mut hasher = SipHasher24::new_with_key(&self.0);
        let mut piece = [0; 64];
        match piece.get_mut(..=id.len()) {
            // In one piece it takes half the time.
            Some(piece) => {
                piece[0] = letter;
                piece[1..].copy_from_slice(id.as_bytes());
                Key(hasher.hash(piece))
            }
            None => {
                hasher.write(&[letter]);
                hasher.write(id.as_bytes());
                Key(hasher.finish())
            }
        }
    }
}

/// Prints nothing of the key.
impl fmt::Debug for HashKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// What stands for an id in a record. Displayed as 16 hexadecimal digits in lower case, the greatest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u64);

impl Key {
    /// The key of the one record kind that names nothing, [`Kind::Issuer`].
    pub const NONE: Self = Self(0);

    /// A key of this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Reads 16 hexadecimal digits in lower case.
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 16 {
            return None;
        }
        text.bytes()
            .try_fold(0, |number, byte| Some(number << 4 | u64::from(digit(byte)?)))
            .map(Self)
    }

    /// The number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// One thing that ended. Times are Unix seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Record {
    /// What ended.
    pub kind: Kind,
    /// Which one; [`Key::NONE`] for [`Kind::Issuer`].
    pub key: Key,
    /// Tokens issued before it are hit; 0 for kinds that hit every token.
    pub nbf: u64,
    /// When the longest-lived token that it can hit expires. A verifier keeps the record until then, and its leeway longer.
    pub exp: u64,
}

impl Record {
    /// A record as it was stored or sent; [`Record::is_well_formed`] says whether it makes sense.
    pub const fn from_parts(kind: Kind, key: Key, nbf: u64, exp: u64) -> Self {
        Self { kind, key, nbf, exp }
    }

    /// Ends the session `sid`.
    pub fn session(hash: &HashKey, sid: &str, exp: u64) -> Self {
        Self::whole(hash, Kind::Session, sid, exp)
    }

    /// Ends the grant `gid`.
    pub fn grant(hash: &HashKey, gid: &str, exp: u64) -> Self {
        Self::whole(hash, Kind::Grant, gid, exp)
    }

    /// Ends the token `jti`.
    pub fn token(hash: &HashKey, jti: &str, exp: u64) -> Self {
        Self::whole(hash, Kind::Token, jti, exp)
    }

    /// Ends what the signing key `kid` signed.
    pub fn signing_key(hash: &HashKey, kid: &str, exp: u64) -> Self {
        Self::whole(hash, Kind::Key, kid, exp)
    }

    /// Ends what the user `sub` was given before `nbf`.
    pub fn user(hash: &HashKey, sub: &str, nbf: u64, exp: u64) -> Self {
        Self::from_parts(Kind::User, hash.key(Kind::User, sub), nbf, exp)
    }

    /// Ends what the client was given before `nbf`.
    pub fn client(hash: &HashKey, client_id: &str, nbf: u64, exp: u64) -> Self {
        Self::from_parts(Kind::Client, hash.key(Kind::Client, client_id), nbf, exp)
    }

    /// Ends everything issued before `nbf`.
    pub const fn issuer(nbf: u64, exp: u64) -> Self {
        Self::from_parts(Kind::Issuer, Key::NONE, nbf, exp)
    }

    fn whole(hash: &HashKey, kind: Kind, id: &str, exp: u64) -> Self {
        Self::from_parts(kind, hash.key(kind, id), 0, exp)
    }

    /// Whether `nbf` is there exactly when the kind has one, and a key likewise.
    pub const fn is_well_formed(&self) -> bool {
        (self.nbf > 0) == self.kind.has_nbf()
            && (!matches!(self.kind, Kind::Issuer) || self.key.number() == 0)
    }
}

/// What of a token a record can name. Absent claims are `None`; nothing here is checked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Subject<'a> {
    /// `iat`, in Unix seconds.
    pub iat: u64,
    /// The header's `kid`.
    pub kid: Option<&'a str>,
    /// `jti`.
    pub jti: Option<&'a str>,
    /// `gid`.
    pub gid: Option<&'a str>,
    /// `sid`.
    pub sid: Option<&'a str>,
    /// `sub`.
    pub sub: Option<&'a str>,
    /// Every `sub` in the chain of `act` (RFC 8693 section 4.1).
    pub actors: &'a [String],
    /// `azp` or `client_id`; the `aud` of an ID token.
    pub client: Option<&'a str>,
}

/// A [`Subject`] under one deployment's hash key: what is compared with records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedSubject {
    iat: u64,
    signing_key: Option<Key>,
    token: Option<Key>,
    grant: Option<Key>,
    session: Option<Key>,
    user: Option<Key>,
    actors: Box<[Key]>,
    client: Option<Key>,
}

impl HashedSubject {
    /// Hashes what is there.
    pub fn new(hash: &HashKey, subject: &Subject<'_>) -> Self {
        let key = |kind, id: Option<&str>| id.map(|id| hash.key(kind, id));
        Self {
            iat: subject.iat,
            signing_key: key(Kind::Key, subject.kid),
            token: key(Kind::Token, subject.jti),
            grant: key(Kind::Grant, subject.gid),
            session: key(Kind::Session, subject.sid),
            user: key(Kind::User, subject.sub),
            actors: subject
                .actors
                .iter()
                .map(|actor| hash.key(Kind::User, actor))
                .collect(),
            client: key(Kind::Client, subject.client),
        }
    }

    /// When the token was issued, in Unix seconds.
    pub const fn iat(&self) -> u64 {
        self.iat
    }

    /// Its keys for the kinds S, G, J, K, U and C, in this order, without actors.
    pub(crate) const fn named(&self) -> [Option<Key>; 6] {
        [
            self.session,
            self.grant,
            self.token,
            self.signing_key,
            self.user,
            self.client,
        ]
    }

    /// The keys of those who act for the user, for the kind U.
    pub(crate) fn actors(&self) -> &[Key] {
        &self.actors
    }

    /// Every record key that could hit this token, with its kind; [`Kind::Issuer`] is not among them, for it names nothing.
    pub fn keys(&self) -> impl Iterator<Item = (Kind, Key)> {
        [
            (Kind::Session, self.session),
            (Kind::Grant, self.grant),
            (Kind::Token, self.token),
            (Kind::User, self.user),
            (Kind::Client, self.client),
            (Kind::Key, self.signing_key),
        ]
        .into_iter()
        .filter_map(|(kind, key)| Some((kind, key?)))
        .chain(self.actors.iter().map(|key| (Kind::User, *key)))
    }
}

/// Decides whether a record ends a token: its kind's id is the token's and, where the kind has a `nbf`, the token was
/// issued before it.
pub fn hits(record: &Record, token: &HashedSubject) -> bool {
    let named = record.kind == Kind::Issuer || token.keys().any(|held| held == (record.kind, record.key));
    named && (!record.kind.has_nbf() || token.iat < record.nbf)
}

#[cfg(test)]
mod tests {
    use super::{HashKey, HashedSubject, Key, Kind, Record, Subject, hits};

    const HASH: HashKey = HashKey::new([7; 16]);

    fn token() -> HashedSubject {
        let actors = ["auth0|agent".to_owned()];
        HashedSubject::new(
            &HASH,
            &Subject {
                iat: 100,
                kid: Some("k1"),
                jti: Some("j1"),
                gid: Some("g1"),
                sid: Some("s1"),
                sub: Some("auth0|u1"),
                actors: &actors,
                client: Some("c1"),
            },
        )
    }

    #[test]
    fn each_kind_hits_by_its_own_claim_and_no_other() {
        let makers: [fn(&str) -> Record; 4] = [
            |id| Record::session(&HASH, id, 500),
            |id| Record::grant(&HASH, id, 500),
            |id| Record::token(&HASH, id, 500),
            |id| Record::signing_key(&HASH, id, 500),
        ];
        for (record, own) in makers.into_iter().zip(["s1", "g1", "j1", "k1"]) {
            for id in ["s1", "g1", "j1", "k1", "c1", "auth0|u1", ""] {
                assert_eq!(hits(&record(id), &token()), id == own, "{id} for {own}");
            }
        }
    }

    #[test]
    fn kinds_with_nbf_spare_what_was_issued_at_it() {
        for record in [
            |nbf| Record::user(&HASH, "auth0|u1", nbf, 500),
            |nbf| Record::user(&HASH, "auth0|agent", nbf, 500),
            |nbf| Record::client(&HASH, "c1", nbf, 500),
            |nbf| Record::issuer(nbf, 500),
        ] {
            assert!(hits(&record(101), &token()));
            assert!(!hits(&record(100), &token()));
        }
        assert!(!hits(&Record::user(&HASH, "auth0|u2", 101, 500), &token()));
    }

    #[test]
    fn an_absent_claim_is_never_hit() {
        let bare = HashedSubject::new(&HASH, &Subject::default());
        assert!(!hits(&Record::session(&HASH, "", 500), &bare));
        assert!(!hits(&Record::from_parts(Kind::Grant, Key::NONE, 0, 500), &bare));
    }

    #[test]
    fn hexadecimal_is_lower_case_and_of_one_length() {
        let key = HASH.key(Kind::Session, "s1");
        assert_eq!(Key::from_hex(&key.to_string()), Some(key));
        assert_eq!(HashKey::from_hex(&HASH.to_hex()), Some(HASH));
        for wrong in [
            "",
            "00000000000000F0",
            "0000000000000",
            "00000000000000000",
            "000000000000000g",
        ] {
            assert_eq!(Key::from_hex(wrong), None, "{wrong}");
        }
    }
}
