//! `verify`: whether a signature counts, without a server.

use std::path::Path;

use ld_cli::Exit;
use ld_config::{Scope, escape_hidden, read_bounded_regular_file, znode_path};
use ld_publish::ld_sign::{KeysError, MAX_SIGNATURE_BYTES, PublicKeys, verify};
use ld_tool::{UNLIMITED, failed, on_a_thread};
use serde_json::json;
use tracing::error;

use crate::args::{Args, VerifyArgs};
use crate::{content, output};

/// What the files of the command hold.
struct Input {
    keys: PublicKeys,
    content: Vec<u8>,
    signature: Vec<u8>,
}

pub(crate) async fn run(args: &Args, asked: &VerifyArgs) -> Result<Exit, Exit> {
    let path = content::path(&asked.path)?;
    let (keys, file, signature) = (asked.keys.clone(), asked.file.clone(), asked.signature.clone());
    let of = path.clone();
    let read = move || {
        let keys = read_keys(&keys, &of)?;
        let read = read_bounded_regular_file(&signature, MAX_SIGNATURE_BYTES);
        let read = read.map_err(|cause| {
            error!("cannot read {}: {cause}", signature.display());
            Exit::Usage
        })?;
        Ok::<_, Exit>(Input { keys, content: content::read(&file)?, signature: read.content.to_vec() })
    };
    let input = on_a_thread("reading the files", UNLIMITED, read).await??;
    let statement = verify(&input.keys, &path, &input.content, &input.signature).map_err(failed)?;
    match args.json {
        true => output::json(&json!({ "path": statement.path, "counter": statement.counter })),
        false => output::lines([format!("signed for {path} with the counter {}", statement.counter)]),
    }
}

/// The keys in a file of keys, or in the file that a configuration names for the node at `path`.
fn read_keys(file: &Path, path: &str) -> Result<PublicKeys, Exit> {
    match PublicKeys::read(file) {
        Ok(keys) => return Ok(keys),
        Err(error @ KeysError::Unreadable { .. }) => {
            failed(error);
            return Err(Exit::Usage);
        }
        Err(_) => {}
    }
    let config = ld_cli::read_config(file, Scope::Writer)?;
    let is_of_path = |source: &str| znode_path(source).is_ok_and(|source| source == path);
    let keys =
        config.nodes.iter().filter(|node| is_of_path(&node.source)).find_map(|node| node.verify.as_ref());
    let Some(keys) = keys else {
        error!("{} has no node with the source {} that sets verify", file.display(), escape_hidden(path));
        return Err(Exit::Failed);
    };
    PublicKeys::read(keys).map_err(failed)
}
