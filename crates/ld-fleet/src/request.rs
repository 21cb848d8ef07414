//! The limit of each request.

use std::time::Duration;

use ld_zk::zookeeper::Error;
use tokio::time::timeout;

/// A request that is not answered within this is given up.
const LIMIT: Duration = Duration::from_secs(15);

/// The answer to a request; [`Error::Timeout`] if there is none in time. A server that hangs may
/// still answer pings, so that its session lives on.
pub(crate) async fn bounded<T>(request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(LIMIT, request).await.unwrap_or(Err(Error::Timeout))
}
