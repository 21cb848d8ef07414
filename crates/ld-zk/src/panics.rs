//! Panics of the ZooKeeper crate, as errors. It panics for example on a malformed reply.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;

/// Gives what `future` gives, or the message of its panic.
pub(crate) async fn catch_panic<T>(future: impl Future<Output = T>) -> Result<T, String> {
    // What a panic leaves in disorder belongs to a session that is dropped.
    AssertUnwindSafe(future).catch_unwind().await.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        text.unwrap_or("a panic without a message").to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_becomes_its_message() {
        assert_eq!(catch_panic(async { 3 }).await, Ok(3));
        let static_text = catch_panic(async { panic!("a panic that the test expects") }).await;
        assert_eq!(static_text, Err::<(), _>("a panic that the test expects".to_owned()));
        let number = 7;
        let formatted = catch_panic(async { panic!("expected panic {number}") }).await;
        assert_eq!(formatted, Err::<(), _>("expected panic 7".to_owned()));
    }
}
