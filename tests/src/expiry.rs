//! The end of a session, while its client looks away.

use ld_testkit::{Proxy, ProxyMode, Server, Session};

/// Lets the newest session behind `proxy` expire and returns it. Its client is cut off meanwhile, or it might take its
/// session back before the close is served; `meanwhile` happens before it may connect again.
///
/// # Panics
///
/// When the session is gone already.
#[track_caller]
pub fn expire(proxy: &Proxy, server: &Server, meanwhile: impl FnOnce()) -> Session {
    proxy.set_mode(ProxyMode::Refuse);
    let session = proxy.last_session();
    session.close(server.address()).expect("a session lives on for its timeout without a connection");
    meanwhile();
    proxy.set_mode(ProxyMode::Pass);
    session
}
