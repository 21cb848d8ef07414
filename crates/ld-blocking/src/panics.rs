//! The message of a panic.

use std::any::Any;

/// The message of a panic that was caught.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn a_panic_tells_its_message() {
        let message = |panic: Box<dyn Any + Send>| panic_message(&*panic).to_owned();
        assert_eq!(message(catch_unwind(|| panic!("expected")).unwrap_err()), "expected");
        assert_eq!(message(catch_unwind(|| panic!("expected {}", 7)).unwrap_err()), "expected 7");
        assert_eq!(message(Box::new(7)), "no reason given");
    }
}
