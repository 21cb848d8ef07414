//! Content that is a pointer to S3, in the node or for it.

use ld_cli::Exit;
use ld_publish::{Diff, DiffOptions, Plan};

/// Whether `content` is a pointer. `has_guards` says whether the node has any.
///
/// # Errors
///
/// [`Exit::Failed`], logged: no watcher could load it.
#[cfg(feature = "s3")]
pub(crate) fn check(content: &[u8], has_guards: bool) -> Result<bool, Exit> {
    match ld_s3::NodePointer::find(content) {
        None => Ok(false),
        Some(Ok(pointer)) => {
            if has_guards {
                tracing::info!("The content is a pointer to {pointer}: guards judge only what it points to.");
            }
            Ok(true)
        }
        Some(Err(cause)) => {
            tracing::error!("nothing was written: {cause}");
            Err(Exit::Failed)
        }
    }
}

/// The change, without the keys in pointers.
pub fn diff(plan: &Plan, options: &DiffOptions) -> Diff {
    diff_contents(plan.old_content(), plan.new_content(), options)
}

/// The difference of two contents of a node, without the keys in pointers.
#[cfg(feature = "s3")]
pub fn diff_contents(before: &[u8], after: &[u8], options: &DiffOptions) -> Diff {
    use ld_s3::NodePointer;

    let masked = [before, after].map(NodePointer::masked);
    let [old, new] = &masked;
    if old.is_some() && old == new && before != after {
        tracing::info!("Only the sse_key changes, which is not shown.");
    }
    ld_publish::diff(shown(old, before), shown(new, after), options)
}

#[cfg(feature = "s3")]
fn shown<'a>(masked: &'a Option<String>, content: &'a [u8]) -> &'a [u8] {
    masked.as_deref().map_or(content, str::as_bytes)
}

/// Nothing is known of pointers.
#[cfg(not(feature = "s3"))]
pub(crate) fn check(_: &[u8], _: bool) -> Result<bool, Exit> {
    Ok(false)
}

/// The difference as it is.
#[cfg(not(feature = "s3"))]
pub fn diff_contents(before: &[u8], after: &[u8], options: &DiffOptions) -> Diff {
    ld_publish::diff(before, after, options)
}
