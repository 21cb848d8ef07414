//! Stands for `tls` in a build without that feature: nothing of it can be made.

use ld_blocking::Spawner;
use ld_config::TlsConfig;

use super::names::Resolved;
use crate::Error;

/// TLS that nothing uses.
#[derive(Debug)]
pub(crate) enum Tls {}

/// Certificates that nothing reads.
#[derive(Debug)]
pub(crate) enum Material {}

impl Tls {
    /// # Errors
    ///
    /// Always: a configuration with TLS must not fall back to plain text.
    pub(crate) fn new(_: TlsConfig, _: Spawner) -> Result<Self, Error> {
        let problem = "this program was built without TLS (the feature `tls` of ld-zk)".to_owned();
        Err(Error::InvalidSetting { setting: "zookeeper.tls.ca".to_owned(), problem })
    }

    pub(crate) async fn refresh(&self) -> Result<Material, Error> {
        match *self {}
    }

    pub(crate) async fn keep_fresh(&self) {
        match *self {}
    }
}

impl Material {
    pub(crate) async fn connect(
        &self,
        _: zookeeper::Connector,
        _: &str,
    ) -> Result<zookeeper::Client, zookeeper::Error> {
        match *self {}
    }
}

pub(crate) async fn reachable(_: Vec<Resolved>, material: &Material) -> Result<Vec<Resolved>, Error> {
    match *material {}
}
