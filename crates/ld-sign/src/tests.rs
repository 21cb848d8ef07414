//! What is signed, and what is not.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use proptest::prelude::*;

use crate::{MAX_SIGNATURE_BYTES, PublicKeys, Refused, SecretKey, Statement, counter, verify};

const PATH: &str = "/app/flags";
const CONTENT: &[u8] = b"{\"percent\": 5}\n";

/// A key of a well-known seed, encrypted with the password `hush` and little work.
const ENCRYPTED: &str = "RWRTY0Iyc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3MAgAAAAAAAAAAAAAEAAAAA\
                         KTfdDRnWlxXuIgukfo0JgQef/KrTYMN+RYqjj+p5aWrP3/OvQNzSs9H07wPAPuPIMaux2DkN\
                         g12huwkrN708wYh70fDy7eeWPWT2Q6rupiAnebrnyEbzhgJhxCAZikFELE4eeq9SL94=";

/// A directory with a key in it, without a password.
struct Keys {
    dir: tempfile::TempDir,
}

impl Keys {
    fn new() -> Self {
        let keys = Self { dir: tempfile::tempdir().unwrap() };
        let pair = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
        keys.write("key", &pair.sk.to_box(None).unwrap().to_string());
        keys
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn secret(&self) -> SecretKey {
        SecretKey::read(&self.path("key"), None).unwrap()
    }

    fn sign(&self, content: &[u8], path: &str, counter: u64) -> String {
        self.secret().sign(content, &Statement::new(path, counter)).unwrap()
    }

    fn public(&self) -> PublicKeys {
        self.secret().public().unwrap()
    }
}

#[test]
fn a_signature_verifies_with_any_of_the_keys() {
    let (ann, bob, eve) = (Keys::new(), Keys::new(), Keys::new());
    let lines = |keys: &Keys| {
        let secret = minisign::SecretKeyBox::from(fs::read_to_string(keys.path("key")).unwrap());
        let secret = secret.into_unencrypted_secret_key().unwrap();
        minisign::PublicKey::from_secret_key(&secret).unwrap().to_box().unwrap().to_string()
    };
    let both = PublicKeys::parse(&format!("{}{}", lines(&ann), lines(&bob))).unwrap();
    assert!(both.contain(&ann.public()) && !both.contain(&eve.public()));
    for keys in [&ann, &bob] {
        let signature = keys.sign(CONTENT, PATH, 7);
        assert_eq!(verify(&both, PATH, CONTENT, signature.as_bytes()), Ok(Statement::new(PATH, 7)));
    }
    let signature = eve.sign(CONTENT, PATH, 7);
    assert_eq!(verify(&both, PATH, CONTENT, signature.as_bytes()), Err(Refused::UnknownKey));
}

#[test]
fn the_key_id_of_another_publisher_does_not_help() {
    let (ann, eve) = (Keys::new(), Keys::new());
    let (honest, forged) = (ann.sign(CONTENT, PATH, 7), eve.sign(CONTENT, PATH, 7));
    // The first 12 digits are the algorithm and most of the id; 16 cover it whole.
    let swap = |at: usize| {
        let (honest, forged) = (honest.lines().nth(1).unwrap(), forged.lines().nth(1).unwrap());
        format!("{}{}", &honest[..at], &forged[at..])
    };
    let text = forged.replace(forged.lines().nth(1).unwrap(), &swap(16));
    let refused = verify(&ann.public(), PATH, CONTENT, text.as_bytes());
    assert_eq!(refused, Err(Refused::Forged));
}

#[test]
fn a_signature_counts_for_its_node_and_content_only() {
    let keys = Keys::new();
    let signature = keys.sign(CONTENT, PATH, 7);
    let signature = signature.as_bytes();
    let other = verify(&keys.public(), "/app/other", CONTENT, signature).unwrap_err();
    assert_eq!(other.to_string(), "the signature is for '/app/flags', and not for /app/other");
    assert_eq!(verify(&keys.public(), PATH, b"", signature), Err(Refused::Forged));
}

#[test]
fn a_counter_is_proven_without_the_content() {
    let (ann, bob) = (Keys::new(), Keys::new());
    let signature = ann.sign(CONTENT, PATH, 7);
    let of = |keys: &Keys, path, signature: &str| counter(&keys.public(), path, signature.as_bytes());
    assert_eq!(of(&ann, PATH, &signature), Some(7));
    assert_eq!((of(&bob, PATH, &signature), of(&ann, "/app/other", &signature)), (None, None));
    let raised = signature.replace("counter:7", "counter:8");
    assert_eq!(of(&ann, PATH, &raised), None);
    // The statement of one signature beside another one.
    let other = ann.sign(b"other", PATH, 9);
    let [first, other]: [Vec<&str>; 2] = [&*signature, &*other].map(|text| text.lines().collect());
    let mixed = [first[0], first[1], other[2], other[3]].join("\n");
    assert_eq!(of(&ann, PATH, &mixed), None);
    for text in ["", "untrusted comment: x\nRUQ=\ntrusted comment: live-data path:/app/flags counter:1\nRUQ="]
    {
        assert_eq!(of(&ann, PATH, text), None);
    }
}

#[test]
fn a_signature_without_a_statement_says_what_to_do() {
    let keys = Keys::new();
    let secret = minisign::SecretKeyBox::from(fs::read_to_string(keys.path("key")).unwrap());
    let secret = secret.into_unencrypted_secret_key().unwrap();
    let signed = minisign::sign(None, &secret, CONTENT, Some("timestamp:1\tfile:a"), None).unwrap();
    let error = verify(&keys.public(), PATH, CONTENT, signed.to_string().as_bytes()).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("says 'timestamp:1\tfile:a'"), "{error}");
    assert!(error.contains("minisign -t 'live-data path:/app/flags counter:NUMBER'"), "{error}");
}

/// From the tests of minisign-verify.
#[test]
fn a_signature_of_the_old_kind_is_refused() {
    let keys = PublicKeys::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
    let signature = "untrusted comment: signature from minisign secret key
RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=
trusted comment: timestamp:1555779966\tfile:test
QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==
";
    assert_eq!(verify(&keys, PATH, b"test", signature.as_bytes()), Err(Refused::Legacy));
}

#[test]
fn what_is_too_large_is_not_parsed() {
    let keys = Keys::new();
    let mut signature = keys.sign(CONTENT, PATH, 7).into_bytes();
    signature.resize(MAX_SIGNATURE_BYTES + 1, b'\n');
    assert_eq!(verify(&keys.public(), PATH, CONTENT, &signature), Err(Refused::TooLarge));
    let error = keys.secret().sign(CONTENT, &Statement::new(format!("/{}", "a".repeat(4096)), 1));
    assert!(error.unwrap_err().to_string().contains("the path is too long"));
}

#[test]
fn an_encrypted_key_needs_its_password() {
    let keys = Keys::new();
    keys.write("key", &format!("untrusted comment: minisign encrypted secret key\n{ENCRYPTED}\n"));
    keys.write("password", "hush\n");
    keys.write("wrong", "push\n");
    let read = |password: Option<&str>| {
        SecretKey::read(&keys.path("key"), password.map(|name| keys.path(name)).as_deref())
    };
    assert!(read(Some("password")).unwrap().sign(CONTENT, &Statement::new(PATH, 1)).is_ok());
    let error = read(None).unwrap_err().to_string();
    assert!(error.contains("is encrypted: name a file that holds its password"), "{error}");
    let error = read(Some("wrong")).unwrap_err().to_string();
    assert!(error.contains("Wrong password") && !error.contains("push"), "{error}");
    assert!(read(Some("missing")).unwrap_err().to_string().contains("missing' cannot be read"));
}

#[test]
fn a_key_that_others_may_read_is_reported() {
    let keys = Keys::new();
    assert_eq!(keys.secret().exposed(), None);
    fs::set_permissions(keys.path("key"), fs::Permissions::from_mode(0o640)).unwrap();
    assert!(keys.secret().exposed().unwrap().contains("can be read by others (mode 0640): chmod 600"));
}

#[test]
fn nothing_shows_a_secret_key() {
    let keys = Keys::new();
    assert_eq!(format!("{:?}", keys.secret()), "SecretKey { .. }");
    let text = fs::read_to_string(keys.path("key")).unwrap();
    let line = text.lines().nth(1).unwrap();
    let damaged = format!("{}AAAA{}", &line[..100], &line[104..]);
    keys.write("key", &format!("untrusted comment:\n{damaged}\n"));
    let error = SecretKey::read(&keys.path("key"), None).unwrap_err();
    assert!(error.to_string().ends_with("key' is not a secret key of minisign"), "{error}");
    assert!(!format!("{error} {error:?}").contains(&damaged[8..20]), "{error:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_changed_bit_is_refused(content: Vec<u8>, counter: u64, at: prop::sample::Index, bit in 0..8_u32) {
        let keys = Keys::new();
        let signature = keys.sign(&content, PATH, counter);
        let good = verify(&keys.public(), PATH, &content, signature.as_bytes());
        prop_assert_eq!(good, Ok(Statement::new(PATH, counter)));

        // The first line is what minisign calls an untrusted comment.
        let trusted = signature.find('\n').unwrap();
        let mut changed = signature.clone().into_bytes();
        changed[trusted + at.index(signature.len() - trusted)] ^= 1_u8 << bit;
        // The end of a line may be spelt in two ways.
        let is_same = std::str::from_utf8(&changed).is_ok_and(|text| text.lines().eq(signature.lines()));
        prop_assert_eq!(verify(&keys.public(), PATH, &content, &changed).is_ok(), is_same);

        let mut changed = content.clone();
        if !changed.is_empty() {
            changed[at.index(content.len())] ^= 1_u8 << bit;
            let refused = verify(&keys.public(), PATH, &changed, signature.as_bytes());
            prop_assert_eq!(refused, Err(Refused::Forged));
        }
    }

    #[test]
    fn garbage_is_refused(garbage: Vec<u8>, lines in prop::collection::vec("[A-Za-z0-9+/=: ]{0,120}", 0..6)) {
        let keys = PublicKeys::parse("RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3").unwrap();
        prop_assert!(verify(&keys, PATH, CONTENT, &garbage).is_err());
        prop_assert_eq!(counter(&keys, PATH, &garbage), None);
        prop_assert!(verify(&keys, PATH, CONTENT, lines.join("\n").as_bytes()).is_err());
        prop_assert_eq!(counter(&keys, PATH, lines.join("\n").as_bytes()), None);
    }
}
