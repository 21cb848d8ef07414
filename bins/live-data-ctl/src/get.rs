//! `get`: the content of a node.

use std::io::Write;

use ld_cli::Exit;
use ld_publish::Present;

use crate::args::{Args, Place};
use crate::{failed, with_client};

/// Prints the content as it is.
pub(crate) async fn run(args: &Args, place: &Place) -> Result<Exit, Exit> {
    with_client(args, &place.config, async |_, client| {
        let present = Present::read(client, &place.path).await.map_err(failed)?;
        let mut out = std::io::stdout().lock();
        out.write_all(present.content()).and_then(|()| out.flush()).map_err(failed)?;
        Ok(Exit::Done)
    })
    .await
}
