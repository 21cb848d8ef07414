//! Which files are checked next and which directories are watched for them: state without threads.

pub(crate) mod dirs;
pub(crate) mod loader_count;
mod polled;
pub(crate) mod queues;
mod slot;
#[cfg(test)]
mod tests;
