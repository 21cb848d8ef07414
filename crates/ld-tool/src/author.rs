//! What a user says about a publication.

use std::time::Duration;

use ld_cli::Exit;
use ld_config::Config;
use ld_publish::{MAX_AUTHOR_BYTES, Note};
use tracing::warn;

use crate::{failed, on_a_thread};

/// How long looking up the name of the user may take, in a directory on the network.
const LOOK_UP_LIMIT: Duration = Duration::from_secs(5);

/// The note of a publication: the given author, or else `user@host` as the system has them, and the
/// given message, or `otherwise`.
///
/// # Errors
///
/// [`Exit::Usage`], logged: one is too long.
pub async fn note(author: Option<&str>, message: Option<&str>, otherwise: &str) -> Result<Note, Exit> {
    let author = match author {
        Some(author) => author.to_owned(),
        None => user_at_host().await,
    };
    Note::new(author, message.unwrap_or(otherwise)).map_err(|cause| {
        failed(cause);
        Exit::Usage
    })
}

/// As [`note`], of a configuration that may keep no history: then it warns if there is anything to
/// say.
///
/// # Errors
///
/// As [`note`].
pub async fn note_if_kept(
    config: &Config,
    author: Option<&str>,
    message: Option<&str>,
) -> Result<Note, Exit> {
    if config.publish.history > 0 {
        return note(author, message, "").await;
    }
    if author.is_some() || message.is_some() {
        warn!("publish.history is 0: what --message and --author say is kept nowhere");
    }
    note(Some(""), None, "").await
}

/// The user and the host, as the system has them: `alice@web-1`.
pub async fn user_at_host() -> String {
    let look_up = || users::get_current_username().map(|name| name.to_string_lossy().into_owned());
    let name = match on_a_thread("looking up the user", LOOK_UP_LIMIT, look_up).await {
        Ok(name) => name,
        Err(_) => {
            warn!("the author of the publication is the number of the user");
            None
        }
    };
    let name = name.unwrap_or_else(|| rustix::process::getuid().as_raw().to_string());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    shortened(&format!("{name}@{host}"))
}

/// At most what a note takes.
fn shortened(author: &str) -> String {
    let most = author.len().min(MAX_AUTHOR_BYTES);
    let end = (0..=most).rev().find(|end| author.is_char_boundary(*end)).unwrap_or(0);
    author[..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_shortened() {
        assert_eq!(shortened("alice@host"), "alice@host");
        assert_eq!(shortened(&"ü".repeat(200)).len(), 200);
        assert_eq!(shortened(&format!("a{}", "ü".repeat(200))).len(), 199);
    }
}
