//! `stat`: what ZooKeeper keeps about a node beside its content.

use ld_cli::Exit;
use ld_publish::NodeInfo;
use serde_json::{Value, json};

use crate::args::{Args, Place};
use crate::{acls, output, with_client};

pub(crate) async fn run(args: &Args, place: &Place) -> Result<Exit, Exit> {
    let read = async |_: &_, client: &_| NodeInfo::read(client, &place.path).await;
    let info = with_client(args, &place.config, read).await?;
    if args.json { output::json(&as_json(&info)) } else { output::lines(table(&info)) }
}

fn table(info: &NodeInfo) -> Vec<String> {
    let stat = &info.stat;
    let mut lines = vec![
        format!("path      {}", info.path),
        format!("version   {}", stat.version),
        format!("bytes     {}", stat.data_length),
        format!("children  {}", stat.num_children),
        format!("created   {}, transaction {:#x}", output::time(stat.ctime), stat.czxid),
        format!("changed   {}, transaction {:#x}", output::time(stat.mtime), stat.mzxid),
    ];
    if stat.ephemeral_owner != 0 {
        lines.push(format!("owner     session {:#x}: the node goes when it ends", stat.ephemeral_owner));
    }
    match &info.acl {
        None => lines.push("acl       not authorized to read it".to_owned()),
        Some(acl) => {
            lines.push(format!("acl       version {}", stat.aversion));
            lines.extend(acls::shown(acl).into_iter().map(|entry| format!("          {entry}")));
        }
    }
    lines
}

fn as_json(info: &NodeInfo) -> Value {
    let stat = &info.stat;
    json!({
        "path": info.path,
        "version": stat.version,
        "cversion": stat.cversion,
        "aversion": stat.aversion,
        "bytes": stat.data_length,
        "children": stat.num_children,
        "czxid": stat.czxid,
        "mzxid": stat.mzxid,
        "pzxid": stat.pzxid,
        "created": output::time(stat.ctime),
        "changed": output::time(stat.mtime),
        "ephemeral_owner": stat.ephemeral_owner,
        "acl": acls::json(info.acl.as_ref()),
    })
}
