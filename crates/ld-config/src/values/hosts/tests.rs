use super::*;

#[test]
fn hosts_and_chroot_are_read() {
    for (text, hosts, chroot) in [
        ("zk", "zk:2181", ""),
        ("zk:", "zk:2181", ""),
        ("zk1:2181, zk2:2182 ,10.0.0.1", "zk1:2181,zk2:2182,10.0.0.1:2181", ""),
        ("zk1:1,\nzk2:2/some/root", "zk1:1,zk2:2", "/some/root"),
        ("zk/", "zk:2181", ""),
        ("zk//a//b/", "zk:2181", "/a/b"),
        ("[::1],[0:0::2]:99/x", "[::1]:2181,[::2]:99", "/x"),
        ("my_zk-0.example.", "my_zk-0.example.:2181", ""),
    ] {
        let (read, root) = parse(Text::literal(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((show(&read, ""), root.as_str()), (hosts.to_owned(), chroot), "{text}");
        assert_eq!(check(&read, &root), Ok(()), "{text}");
        assert_eq!(parse(Text::literal(&show(&read, &root))), Ok((read, root)), "{text}");
    }
}

#[test]
fn a_wrong_host_says_what_is_expected() {
    for (text, message) in [
        ("", "no host is given"),
        (" ", "no host is given"),
        (",", "an empty host"),
        ("a,", "an empty host"),
        ("a,,b", "an empty host"),
        ("/chroot", "no host is given"),
        ("a:x", "'x' is not a valid port (1 to 65535)"),
        ("a:0", "'0' is not a valid port"),
        ("a:65536", "'65536' is not a valid port"),
        ("a:-1", "'-1' is not a valid port"),
        ("a:+1", "'+1' is not a valid port"),
        ("::1", "needs brackets"),
        ("[::1", "not an IPv6 address in brackets"),
        ("[x]:1", "not an IPv6 address in brackets"),
        ("[::1]2181", "not an IPv6 address in brackets"),
        ("-", "'-' is not a host name or address"),
        ("a:1 b:1", "'a:1 b:1' is not one host: separate hosts by commas"),
        ("a:1;b:1", "'a:1;b:1' is not one host: separate hosts by commas"),
        ("zk://h/app", "'zk://' is a scheme, which is not allowed"),
        ("a,tcp://h", "'tcp://' is a scheme, which is not allowed"),
        ("zoo.exämple", "is not a host name"),
        ("zk/a/../b", "not a znode path"),
    ] {
        let error = parse(Text::literal(text)).unwrap_err();
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn a_password_in_hosts_is_never_shown() {
    for text in [
        "user:hush@h",
        "a,user:hush@h:1",
        "zk://user:hush@h/app",
        "user:hush/x@h",
        "user:1/../hush@h",
        "user:hush@zk://h",
        "a/x,user:hush@b/x",
        "a b:hush@c",
    ] {
        let error = parse(Text::literal(text)).unwrap_err();
        assert!(!error.contains("hush"), "{text}: {error}");
        assert!(error.contains("credentials") || error.contains("scheme"), "{text}: {error}");
    }
    assert!(parse(Text::literal("h/team@corp")).is_ok());
}

#[test]
fn hosts_made_by_hand_are_checked() {
    let host = |name: &str, port| Host { name: name.to_owned(), port };
    for (hosts, chroot, message) in [
        (vec![], "", "no host is given"),
        (vec![host("", 1)], "", "'' is not a host name"),
        (vec![host("-", 1)], "", "'-' is not a host name"),
        (vec![host("a,b", 1)], "", "'a,b' is not a host name"),
        (vec![host("[::1]", 1)], "", "'[::1]' is not a host name"),
        (vec![host("a", 0)], "", "'0' is not a valid port (1 to 65535)"),
        (vec![host("a", 1)], "/", "the chroot '/' is not a znode path like /prod"),
        (vec![host("a", 1)], "prod", "the chroot 'prod'"),
        (vec![host("a", 1)], "/a/", "the chroot '/a/'"),
        (vec![host("a", 1)], "/a/../b", "the chroot '/a/../b'"),
        (vec![host("a", 1)], "/a\n", "the chroot '/a\\n'"),
    ] {
        let error = check(&hosts, chroot).unwrap_err();
        assert!(error.starts_with(message), "{error}");
    }
    assert_eq!(check(&[host("::1", 1), host("zk", 65535)], "/prod"), Ok(()));
}
