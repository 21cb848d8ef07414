use proptest::prelude::*;

use super::*;

const HASH: &str = "W6ph5Mm5Pz8GgiULbPgzG37mj9g=";

#[test]
fn entries_are_read_and_shown_as_zookeepers_tools_do() {
    let digest = format!("digest:alice:{HASH}:cdrwa");
    for (text, shown) in [
        ("world:anyone:r", "world:anyone:r"),
        ("world:anyone:awrdc", "world:anyone:cdrwa"),
        ("auth::all", "auth::cdrwa"),
        (&digest, &digest),
        ("ip:10.0.0.0/8:r", "ip:10.0.0.0/8:r"),
        ("ip:fe80::1/64:rw", "ip:fe80::1/64:rw"),
        ("sasl:alice/host@REALM:c", "sasl:alice/host@REALM:c"),
        ("x509:CN=a:b,O=c:r", "x509:CN=a:b,O=c:r"),
        ("digest-secret:secret/zk:all", "digest-secret:secret/zk:cdrwa"),
    ] {
        let entry: AclEntry = text.parse().unwrap();
        assert_eq!(entry.to_string(), shown);
        assert_eq!(shown.parse::<AclEntry>().unwrap(), entry);
    }
}

#[test]
fn mistakes_are_refused_with_what_is_allowed() {
    for (text, reason) in [
        ("", "no ':'"),
        ("world", "no ':'"),
        ("world:anyone", "one ':' only"),
        ("world:anyone:", "letters of cdrwa"),
        ("world:anyone:rx", "'x' is not a permission"),
        ("world:anyone:ALL", "'A' is not a permission"),
        ("world:all:r", "always anyone"),
        ("auth:alice:r", "has no id"),
        ("digest:alice:password:r", "digest-secret:"),
        ("digest:alice:r", "digest-secret:"),
        ("digest-secret::r", "names no secret"),
        ("ip:host:r", "not an IP address"),
        ("ip:10.0.0.0/33:r", "0 to 32"),
        ("ip:fe80::/129:r", "0 to 128"),
        ("sasl::r", "needs an id"),
        (":x:r", "not a name"),
        ("w\u{1b}:x:r", "not a name"),
        ("sasl:a\u{202e}b:r", "hidden character"),
    ] {
        let error = text.parse::<AclEntry>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text:?}: {error}");
        assert!(!error.contains("password:r"), "{error}");
    }
}

#[test]
fn debug_shows_no_hash() {
    let entry: AclEntry = format!("digest:alice:{HASH}:r").parse().unwrap();
    assert_eq!(format!("{entry:?}"), "digest:alice:...:r");
}

#[test]
fn an_acl_agrees_only_with_what_is_certain_to_be_the_same() {
    let acl = |entries: &str| {
        let entry = |text: &str| {
            let (user, letters) = text.rsplit_once(':').unwrap();
            let (scheme, id) = user.split_once(':').unwrap();
            Acl::new(permissions(letters).unwrap(), AuthId::new(scheme, id))
        };
        entries.split_whitespace().map(entry).collect::<Vec<_>>()
    };
    for (found, wanted, expected) in [
        ("world:anyone:r", "world:anyone:r", Some(true)),
        ("world:anyone:r sasl:a:w", "sasl:a:w world:anyone:r world:anyone:r", Some(true)),
        ("digest:a:hash:r", "digest:a:hash:r", Some(true)),
        ("digest:a:hash:cdrwa world:anyone:r", "auth::all world:anyone:r", None),
        ("digest:a:hash:cdrwa digest:b:hash:cdrwa", "auth::all digest:b:hash:all", None),
        ("digest:a:x:r", "digest:a:hash:r", None),
        ("digest:a:x:r", "digest:a:x:r", None),
        ("digest:a:x:r", "digest:a:hash:rw", Some(false)),
        ("digest:b:x:r", "digest:a:hash:r", Some(false)),
        ("digest:a:other:r", "digest:a:hash:r", Some(false)),
        ("world:anyone:r", "world:anyone:rw", Some(false)),
        ("world:anyone:r", "world:anyone:r sasl:a:w", Some(false)),
        ("world:anyone:r sasl:a:w", "world:anyone:r", Some(false)),
        ("world:anyone:cdrwa", "auth::all", Some(false)),
    ] {
        assert_eq!(agrees(&acl(found), &acl(wanted)), expected, "{found}, {wanted}");
    }
}

proptest! {
    #[test]
    fn any_text_is_an_entry_that_shows_itself_or_an_error(text in "(world|auth|digest|ip|sasl|.{0,4}):?\\PC{0,20}:?[cdrwax]{0,6}") {
        if let Ok(entry) = text.parse::<AclEntry>() {
            let shown = entry.to_string();
            prop_assert_eq!(shown.parse::<AclEntry>().unwrap(), entry);
        }
    }

    #[test]
    fn permissions_are_a_set_of_letters(letters in "[cdrwa]{1,8}") {
        let entry: AclEntry = format!("world:anyone:{letters}").parse().unwrap();
        for (letter, permission) in LETTERS {
            prop_assert_eq!(entry.permission.has(permission), letters.contains(letter));
        }
    }
}
