//! `get`: the content of a node.

use ld_cli::Exit;
use ld_publish::NodeContent;
use serde_json::json;

use crate::args::{Args, Place};
use crate::{output, with_client};

pub(crate) async fn run(args: &Args, place: &Place) -> Result<Exit, Exit> {
    let read = async |_: &_, client: &_| NodeContent::read(client, &place.path).await;
    let node = with_client(args, &place.config, read).await?;
    if !args.json {
        return output::bytes(&node.content);
    }
    let (encoding, content) = output::encoded(&node.content);
    output::json(&json!({
        "path": node.path,
        "version": node.stat.version,
        "mzxid": node.stat.mzxid,
        "bytes": node.content.len(),
        "encoding": encoding,
        "content": content,
    }))
}
