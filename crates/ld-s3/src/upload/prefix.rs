//! Where a publisher's objects go.

use std::fmt;
use std::str::FromStr;

use crate::address::Bucket;

/// The longest prefix in bytes. S3 allows keys of 1024 bytes, and more comes before and behind it.
const MAX_PREFIX: usize = 800;

/// `s3://bucket/prefix`: a bucket, and what the keys of its objects begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Prefix {
    pub(crate) bucket: Bucket,
    /// Without a slash at the end; empty for the whole bucket.
    prefix: String,
}

impl S3Prefix {
    /// The key of an object with this name.
    pub(crate) fn key(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}/{name}", self.prefix) }
    }

    /// Whether a key is that of an object right below it.
    pub(crate) fn contains(&self, bucket: &Bucket, key: &str) -> bool {
        let (prefix, name) = key.rsplit_once('/').unwrap_or(("", key));
        self.bucket == *bucket && self.prefix == prefix && !name.is_empty()
    }
}

/// Why text is not an [`S3Prefix`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not of the form s3://bucket/prefix: {reason}")]
pub struct InvalidPrefix {
    text: String,
    reason: &'static str,
}

impl FromStr for S3Prefix {
    type Err = InvalidPrefix;

    fn from_str(text: &str) -> Result<Self, InvalidPrefix> {
        let invalid = |reason| InvalidPrefix { text: text.to_owned(), reason };
        let place = text.strip_prefix("s3://").ok_or_else(|| invalid("it does not begin with s3://"))?;
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let bucket = Bucket::parse(bucket.to_owned());
        let Ok(bucket @ Bucket::Name(_)) = bucket else {
            return Err(invalid("it does not name a bucket"));
        };
        let prefix = prefix.trim_end_matches('/');
        if prefix.len() > MAX_PREFIX {
            return Err(invalid("the prefix has more than 800 bytes"));
        }
        if prefix.chars().any(char::is_control) {
            return Err(invalid("the prefix has a control character"));
        }
        // S3 keeps them as they are, but another server or a proxy may take them for directories.
        if prefix.split('/').any(|part| part == "." || part == "..") {
            return Err(invalid("the prefix has '.' or '..' as a part"));
        }
        Ok(Self { bucket, prefix: prefix.to_owned() })
    }
}

impl fmt::Display for S3Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket.name(), self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_lie_below_the_prefix() {
        for (text, key) in [
            ("s3://my-bucket", "name"),
            ("s3://my-bucket/", "name"),
            ("s3://my-bucket/live/data", "live/data/name"),
            ("s3://my-bucket/live/data/", "live/data/name"),
        ] {
            let prefix: S3Prefix = text.parse().unwrap();
            assert_eq!(prefix.key("name"), key, "{text}");
            assert!(prefix.contains(&prefix.bucket, key), "{text}");
            assert!(!prefix.contains(&prefix.bucket, &format!("other/{key}")), "{text}");
        }
    }

    #[test]
    fn other_text_is_no_place_for_objects() {
        let long = format!("s3://b/{}", "x".repeat(801));
        for wrong in [
            "",
            "bucket/prefix",
            "s3:/b/p",
            "s3://",
            "s3:///p",
            "s3://a b/p",
            "s3://b/\n",
            "s3://../p",
            "s3://bucket/../p",
            "s3://bucket/p/./q",
            &long,
        ] {
            assert!(wrong.parse::<S3Prefix>().is_err(), "{wrong}");
        }
    }
}
