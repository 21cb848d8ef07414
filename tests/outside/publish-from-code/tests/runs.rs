//! What is published, on a real server.

use std::future::pending;

use ld_publish::Error;
use ld_publish::ld_config::{Format, NodeConfig, SecretsConfig, ZooKeeperConfig};
use ld_publish::ld_zk::{Client, Options};
use ld_testkit::Namespace;
use publish_from_code::publish;

#[tokio::test]
async fn what_passes_the_guards_is_compared_shown_and_written() {
    let test = Namespace::new();
    let path = test.path("/flags");
    let zookeeper = ZooKeeperConfig::builder().hosts(&test.connect_string()).build().unwrap();
    let client = Client::new(&zookeeper, &SecretsConfig::default(), Options::default()).unwrap();
    let node = NodeConfig::builder("flags", "/flags", "/unused").format(Format::Json).build().unwrap();
    let mut shown = String::new();
    let mut run = async |content: &str, meanwhile: &dyn Fn()| {
        let show = |change: &str| {
            shown = change.to_owned();
            meanwhile();
            true
        };
        let max = zookeeper.max_node_bytes;
        let outcome = publish(&client, &node, content.into(), max, show, pending()).await;
        (outcome, std::mem::take(&mut shown))
    };

    assert!(matches!(run("{}", &|| ()).await.0, Err(Error::NodeMissing)));
    test.admin().create(&path, "{\"percent\": 5}\n").unwrap();
    let (published, change) = run("{\"percent\": 6}\n", &|| ()).await;
    assert_eq!(published.unwrap().unwrap().version, 1);
    assert!(change.contains("\n-{\"percent\": 5}\n+{\"percent\": 6}\n"), "{change}");
    assert_eq!(test.admin().get(&path).unwrap().0, b"{\"percent\": 6}\n");
    assert_eq!(run("{\"percent\": 6}\n", &|| ()).await.0.unwrap(), None);

    let (rejected, _) = run("{\"percent\"", &|| ()).await;
    assert!(matches!(&rejected, Err(Error::Rejected { node, .. }) if node == "flags"), "{rejected:?}");
    let other = || assert!(test.admin().set(&path, "[]").is_ok());
    let (outcome, _) = run("{}", &other).await;
    assert!(matches!(outcome, Err(Error::ChangedMeanwhile)), "{outcome:?}");
    assert_eq!(test.admin().get(&path).unwrap().0, b"[]");
}
