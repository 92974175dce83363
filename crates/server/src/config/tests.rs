use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let mut environment = Environment::from([
        ("SEKISHO_ISSUER".to_owned(), "http://localhost:4000".to_owned()),
        ("PATH".to_owned(), "/bin".to_owned()),
    ]);
    environment.extend(
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    environment
}

fn sentence(pairs: &[(&str, &str)]) -> String {
    Config::from_environment(&environment(pairs))
        .unwrap_err()
        .to_string()
}

fn from_file(text: &str) -> Result<Config, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sekisho.toml");
    std::fs::write(&path, text).unwrap();
    Config::load(Some(&path), &Environment::new())
}

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

#[test]
fn only_the_issuer_is_needed() {
    let config = Config::from_environment(&environment(&[])).unwrap();
    assert_eq!(config.issuer.as_str(), "http://localhost:4000/");
    assert_eq!(config.wire, Wire::Auth0);
    assert_eq!(config.hosts(), ["localhost:4000"]);
    assert_eq!(config.server.max_body_bytes, 65_536);
    assert!(config.server.trusted_proxies.is_empty());
    assert_eq!(config.database.shown(), "SQLite ./sekisho-data/sekisho.db");
    assert_eq!((config.session.idle, config.session.absolute), (259_200, 604_800));
    assert_eq!(config.passwords, PasswordWork::default());
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sekisho.toml");
    std::fs::write(
        &path,
        "issuer = \"https://a.example\"\nname = \"File\"\n[session]\nidle = 100\nabsolute = \"200\"\n[server]\nlisten = [\"0.0.0.0:1\"]",
    )
    .unwrap();
    let pairs = [
        ("SEKISHO_NAME", "環境"),
        ("SEKISHO_KEY_ENCRYPTION_KEY", KEY),
        ("SEKISHO_SESSION_IDLE", ""),
    ];
    let environment = pairs
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
    let config = Config::load(Some(&path), &environment).unwrap();
    assert_eq!(config.name, "環境");
    assert_eq!((config.session.idle, config.session.absolute), (100, 200));
    assert_eq!(config.server.listen, ["0.0.0.0:1".parse().unwrap()]);
}

#[test]
fn every_mistake_is_one_sentence_that_names_the_key_and_the_remedy() {
    let cases = [
        ("SEKISHO_ISSUER", "login.example.com", "`issuer`", "https://"),
        ("SEKISHO_ISSUER", "http://login.example.com", "`issuer`", "https"),
        (
            "SEKISHO_ISSUER",
            "https://login.example.com/auth",
            "`issuer`",
            "host of its own",
        ),
        (
            "SEKISHO_ISSUER",
            "https://u@login.example.com/",
            "`issuer`",
            "https://login.example.com/",
        ),
        ("SEKISHO_ISSUER", "", "`issuer`", "is missing"),
        (
            "SEKISHO_ISSUER",
            "https://login.example.com",
            "`keys.encryption_key`",
            "openssl rand",
        ),
        ("SEKISHO_WIRE", "okta", "`wire`", "\"auth0\" or \"standard\""),
        ("SEKISHO_LISTEN", "localhost", "`server.listen`", "127.0.0.1:4000"),
        ("SEKISHO_LISTEN", ",", "`server.listen`", "at least one"),
        (
            "SEKISHO_EXTRA_HOSTS",
            "https://a/b",
            "`server.extra_hosts`",
            "without scheme",
        ),
        (
            "SEKISHO_TRUSTED_PROXIES",
            "10.0.0.0/40",
            "`server.trusted_proxies`",
            "10.0.0.0/8",
        ),
        (
            "SEKISHO_METRICS_READERS",
            "all",
            "`server.metrics_readers`",
            "10.0.0.0/8",
        ),
        (
            "SEKISHO_MAX_CONNECTIONS",
            "0",
            "`server.max_connections`",
            "from 1 to",
        ),
        (
            "SEKISHO_MAX_BODY_BYTES",
            "1",
            "`server.max_body_bytes`",
            "from 4096 to",
        ),
        (
            "SEKISHO_HEADER_TIMEOUT",
            "soon",
            "`server.header_timeout`",
            "number of seconds",
        ),
        (
            "SEKISHO_BODY_TIMEOUT",
            "-1",
            "`server.body_timeout`",
            "number of seconds",
        ),
        ("SEKISHO_DRAIN", "1e9", "`server.drain`", "number of seconds"),
        (
            "SEKISHO_TLS_CERTIFICATE",
            "a.pem",
            "`tls.key`",
            "name the key's file",
        ),
        (
            "SEKISHO_TLS_KEY",
            "a.pem",
            "`tls.certificate`",
            "name the certificate's file",
        ),
        ("DATABASE_URL", "mysql://u:p@h/d", "`database.url`", "sqlite:FILE"),
        ("DATABASE_URL", "sqlite:", "`database.url`", "sqlite:/var/lib"),
        (
            "SEKISHO_DATABASE_CONNECTIONS",
            "many",
            "`database.connections`",
            "from 1 to",
        ),
        (
            "SEKISHO_KEY_ENCRYPTION_KEY",
            "c2hvcnQ=",
            "`keys.encryption_key`",
            "openssl rand",
        ),
        (
            "SEKISHO_OLDER_KEY_ENCRYPTION_KEYS",
            "x",
            "`keys.older_encryption_keys`",
            "openssl rand",
        ),
        ("SEKISHO_SESSION_IDLE", "9999999", "`session.idle`", "shorter"),
        (
            "SEKISHO_SESSION_ABSOLUTE",
            "1",
            "`session.absolute`",
            "from 60 to",
        ),
        (
            "SEKISHO_PASSWORDS_MEMORY_KIB",
            "7",
            "`passwords.memory_kib`",
            "from 8 to",
        ),
        ("SEKISHO_PASSWORDS_PASSES", "0", "`passwords.passes`", "from 1 to"),
        ("SEKISHO_PASSWORDS_LANES", "0", "`passwords.lanes`", "from 1 to"),
        (
            "SEKISHO_PASSWORDS_CONCURRENCY",
            "0",
            "`passwords.concurrency`",
            "from 1 to",
        ),
        ("SEKISHO_PASSWORDS_QUEUE", "-1", "`passwords.queue`", "from 0 to"),
        ("SEKISHO_LOG", "loud=very", "`log.level`", "info"),
        (
            "SEKISHO_LOG_FORMAT",
            "xml",
            "`log.format`",
            "\"json\" or \"pretty\"",
        ),
        ("SEKISHO_ISUER", "x", "SEKISHO_ISUER", "config example"),
    ];
    for (name, value, key, remedy) in cases {
        let sentence = sentence(&[(name, value)]);
        assert!(
            sentence.contains(key) && sentence.contains(remedy),
            "{name}={value}: {sentence}"
        );
        assert!(sentence.ends_with('.') && !sentence.contains('\n'), "{sentence}");
    }
}

#[test]
fn a_sentence_names_the_environment_variable_too_and_no_secret() {
    assert!(sentence(&[("SEKISHO_WIRE", "x")]).starts_with("`wire` (SEKISHO_WIRE) "));
    let database = sentence(&[("DATABASE_URL", "mysql://u:hunter2@h/d")]);
    assert!(
        database.contains("DATABASE_URL") && !database.contains("hunter2"),
        "{database}"
    );
    assert!(!sentence(&[("SEKISHO_KEY_ENCRYPTION_KEY", "c2hvcnQ=")]).contains("c2hvcnQ"));
    let both = [
        ("SEKISHO_KEY_ENCRYPTION_KEY", KEY),
        ("SEKISHO_KEY_ENCRYPTION_KEY_FILE", "/k"),
    ];
    assert!(sentence(&both).contains("leave one of them out"));
}

#[test]
fn debug_output_holds_no_secret() {
    let config = Config::from_environment(&environment(&[
        ("SEKISHO_KEY_ENCRYPTION_KEY", KEY),
        ("DATABASE_URL", "postgres://user:hunter2@db.example/sekisho"),
    ]));
    let shown = format!("{:?}", config.unwrap());
    assert!(!shown.contains("AAAA") && !shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("PostgreSQL db.example/sekisho"), "{shown}");
}

#[test]
fn a_mistake_in_the_file_names_the_line_and_the_key() {
    let unknown = from_file("issuer = \"http://localhost\"\n[session]\nidel = 3\n")
        .unwrap_err()
        .to_string();
    assert!(
        unknown.contains("line 3") && unknown.contains("idel") && unknown.contains("config example"),
        "{unknown}"
    );
    assert!(!unknown.contains('\n'), "{unknown}");
    let broken = from_file("issuer = \n").unwrap_err().to_string();
    assert!(broken.contains("line 1") && !broken.contains('\n'), "{broken}");
    let missing = Config::load(Some(Path::new("/nonexistent/sekisho.toml")), &Environment::new());
    assert!(
        missing
            .unwrap_err()
            .to_string()
            .contains("/nonexistent/sekisho.toml")
    );
}

#[test]
fn the_example_lists_every_key_and_is_a_valid_file_once_uncommented() {
    let example = Config::example();
    for (key, name) in names() {
        let field = key.rsplit('.').next().unwrap();
        assert!(
            example.contains(&format!("#{field} =")) && example.contains(name),
            "{key}"
        );
    }
    let filled: String = example
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(rest) if !rest.starts_with(' ') && rest.contains(" = ") => format!("{rest}\n"),
            _ => format!("{line}\n"),
        })
        .collect();
    let filled = format!("issuer = \"http://localhost:4000\"\n{filled}");
    assert!(
        from_file(&filled).is_ok(),
        "{:?}\n{filled}",
        from_file(&filled).err()
    );
}
