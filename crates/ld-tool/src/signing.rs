//! The secret key of a publisher, and whether the nodes ask for its signatures.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ld_cli::Exit;
use ld_config::{Config, NodeConfig, PublishConfig, ReadFileError};
use ld_publish::ld_sign::{KeysError, PublicKeys, SecretKey};
use ld_publish::{Error, Signature, Signer};
use ld_zk::Client;
use tracing::{error, warn};

use crate::{UNLIMITED, failed, on_a_thread};

/// The files that a command line names to sign with.
#[derive(Debug, Clone)]
pub struct KeyFiles {
    /// The secret key.
    pub key: PathBuf,
    /// A file with its password; `None` if it has none.
    pub password: Option<PathBuf>,
}

/// What signs what is published.
#[derive(Debug, Clone)]
pub struct Signing {
    key: Arc<SecretKey>,
    publish: PublishConfig,
    /// The public keys of the nodes, as far as this host has them.
    believed: Option<PublicKeys>,
}

impl Signing {
    /// Reads the key, if `files` name one, and compares it with what the `nodes` of a configuration
    /// ask for.
    ///
    /// # Errors
    ///
    /// [`Exit::Failed`], logged: the key cannot be used, or the nodes ask for a signature, and
    /// there is none, or one by a key that they do not know. [`Exit::Usage`]: a file cannot be
    /// read.
    pub async fn prepare(files: Option<KeyFiles>, config: &Config) -> Result<Option<Self>, Exit> {
        let (nodes, publish) = (config.nodes.clone(), config.publish.clone());
        // Decrypting a key takes seconds.
        on_a_thread("reading the key", UNLIMITED, move || {
            let Some(files) = files else { return refuse_unsigned(&nodes).map(|()| None) };
            let key = read_key(&files)?;
            let believed = public_keys(&nodes, &key, &files.key)?;
            Ok(Some(Self { key: Arc::new(key), publish, believed }))
        })
        .await?
    }

    /// What signs.
    pub fn signer(&self) -> Signer<'_> {
        let signer = Signer::new(&self.publish, &self.key);
        match &self.believed {
            Some(keys) => signer.believing(keys),
            None => signer,
        }
    }

    /// Signs `content` for the node at `path`, unless `interrupt` comes first. Nothing is written.
    ///
    /// # Errors
    ///
    /// As [`Signer::sign`], and [`Error::Interrupted`].
    pub async fn sign(
        &self,
        client: &Client,
        path: &str,
        content: &[u8],
        interrupt: impl Future<Output = ()>,
    ) -> Result<Signature, Error> {
        let signer = self.signer();
        tokio::select! {
            biased;
            () = interrupt => Err(Error::Interrupted),
            signed = signer.sign(client, path, content, SystemTime::now()) => signed,
        }
    }
}

/// Reads a secret key, and warns if it may not be secret. Blocks.
///
/// # Errors
///
/// All are logged. [`Exit::Usage`]: a file cannot be read. [`Exit::Failed`]: it has no such key.
pub fn read_key(files: &KeyFiles) -> Result<SecretKey, Exit> {
    let key = SecretKey::read(&files.key, files.password.as_deref()).map_err(|cause| {
        use ld_publish::ld_sign::SecretKeyError::{NoPassword, Unreadable};
        match cause {
            NoPassword { .. } => {
                error!("{cause}, with --sign-password-file");
                Exit::Failed
            }
            Unreadable { .. } => {
                failed(cause);
                Exit::Usage
            }
            cause => failed(cause),
        }
    })?;
    key.exposed().iter().for_each(|exposed| warn!("{exposed}"));
    Ok(key)
}

fn refuse_unsigned(nodes: &[NodeConfig]) -> Result<(), Exit> {
    match nodes.iter().find(|node| node.verify.is_some()) {
        None => Ok(()),
        Some(node) => {
            error!(
                "nothing was written: nodes.{}.verify asks for signatures, and the watchers would reject the \
                 content: name the publisher's secret key with --sign",
                node.name
            );
            Err(Exit::Failed)
        }
    }
}

/// The public keys that the first node with such a setting knows, if this host has the file.
fn public_keys(nodes: &[NodeConfig], key: &SecretKey, path: &Path) -> Result<Option<PublicKeys>, Exit> {
    let mut believed = None;
    for (node, file) in nodes.iter().filter_map(|node| Some((node, node.verify.as_ref()?))) {
        match PublicKeys::read(file) {
            Ok(keys) if keys.contain(&key.public().map_err(failed)?) => believed = believed.or(Some(keys)),
            Ok(_) => {
                error!(
                    "nothing was written: the public key of '{}' is not in '{}' (nodes.{}.verify), and the \
                     watchers would reject the content",
                    path.display(),
                    file.display(),
                    node.name
                );
                return Err(Exit::Failed);
            }
            // The hosts of watchers have it, which this one need not be.
            Err(KeysError::Unreadable { cause: ReadFileError::Io(cause), .. })
                if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => warn!("nodes.{}.verify: {cause}", node.name),
        }
    }
    Ok(believed)
}
