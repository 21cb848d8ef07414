//! Uploads: the objects of one version, all of them or none that a pointer names.

mod error;
mod multipart;
mod object;
mod prefix;
mod present;
mod publisher;
mod random;
mod version;

pub use self::error::UploadError;
pub use self::prefix::{InvalidPrefix, S3Prefix};
pub use self::present::NodePointer;
pub use self::publisher::{S3Publisher, Uploaded};
pub use self::version::{S3Version, Storage};
