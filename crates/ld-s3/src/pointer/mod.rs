//! The pointer that a node holds: which object, in which bucket, with which key.

mod fields;
mod mask;
mod shards;

use std::fmt;

use self::fields::Fields;
pub(crate) use self::mask::mask_sse_keys;
pub(crate) use self::shards::Shards;
use crate::address::{Bucket, is_label};
use crate::hex::of_hex;
use crate::place::Place;
use crate::sse::SseKey;

/// The most characters of a key that messages show: S3's keys have at most 1,024 bytes.
const SHOWN_KEY: usize = 1_024;

/// A pointer to an object in S3, as the original's publishers write them.
pub(crate) struct Pointer {
    pub(crate) bucket: Bucket,
    /// The object's key, without the prefix of a shard.
    pub(crate) key: String,
    pub(crate) sse_key: Option<SseKey>,
    /// `None`: AWS's default.
    pub(crate) region: Option<String>,
    pub(crate) shards: Shards,
    /// Requests are not signed.
    pub(crate) is_anonymous: bool,
    pub(crate) version_id: Option<String>,
    /// The SHA-256 of the content.
    pub(crate) sha256: Option<[u8; 32]>,
}

impl Pointer {
    /// Reads a pointer from JSON text.
    ///
    /// # Errors
    ///
    /// It is not usable. The reason names a field and never shows a value of a secret.
    pub(crate) fn parse(json: &str) -> Result<Self, String> {
        Self::read(json).map_err(|why| format!("the pointer to S3 is not valid: {why}"))
    }

    /// What a request for the object under `key` is about.
    pub(crate) fn about<'a>(&'a self, key: &'a str, query: &'a [(&'a str, &'a str)]) -> Place<'a> {
        let (is_anonymous, is_encrypted) = (self.is_anonymous, self.sse_key.is_some());
        Place { bucket: &self.bucket, key, query, is_anonymous, is_encrypted }
    }

    fn read(json: &str) -> Result<Self, String> {
        let fields = Fields::parse(json)?;
        let bucket = Bucket::parse(fields.required_text("bucket_name")?)?;
        let key = fields.required_text("file_key")?;
        if key.is_empty() {
            return Err("'file_key' is empty".to_owned());
        }
        let sse_key = match fields.text("sse_key")? {
            Some(text) => Some(SseKey::of_text(&text).ok_or("'sse_key' has not 32 bytes")?),
            None => None,
        };
        if !fields.has("region_name") {
            return Err("'region_name' is missing (null means AWS's default)".to_owned());
        }
        let region = fields.text("region_name")?;
        if region.as_deref().is_some_and(|region| !is_label(region)) {
            return Err("'region_name' is not the name of a region".to_owned());
        }
        let sha256 = match fields.text("sha256")? {
            Some(text) => Some(of_hex(&text).ok_or("'sha256' is not 64 hexadecimal digits")?),
            None => None,
        };
        Ok(Self {
            bucket,
            key,
            sse_key,
            region,
            shards: Shards::parse(fields.raw("num_file_shards"))?,
            is_anonymous: fields.raw("anon") == Some("true"),
            version_id: fields.text("version_id")?.filter(|version| !version.is_empty()),
            sha256,
        })
    }
}

impl Pointer {
    /// The object below the prefix of a shard, for messages. Of a key that S3 would not take, only
    /// the beginning is shown.
    pub(crate) fn place(&self, prefix: &str) -> String {
        let bucket = self.bucket.name();
        match self.key.char_indices().nth(SHOWN_KEY) {
            Some((end, _)) => format!("s3://{bucket}/{prefix}{}...", &self.key[..end]),
            None => format!("s3://{bucket}/{prefix}{}", self.key),
        }
    }
}

impl fmt::Display for Pointer {
    /// The object, for messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"{
        "live_data_watcher_load_type": "S3", "bucket_name": "bkt", "file_key": "exp/config.json",
        "sse_key": "0123456789abcdef0123456789abcdef", "region_name": "us-east-1",
        "num_file_shards": 3, "anon": true, "version_id": "v7", "extra": [[1, {"x": null}]],
        "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852B855"
    }"#;

    fn with(change: &str, to: &str) -> Result<Pointer, String> {
        assert!(WHOLE.contains(change));
        Pointer::parse(&WHOLE.replace(change, to))
    }

    #[test]
    fn every_field_is_read() {
        let pointer = Pointer::parse(WHOLE).unwrap();
        assert_eq!(pointer.to_string(), "s3://bkt/exp/config.json");
        assert!(pointer.sse_key.is_some() && pointer.is_anonymous);
        assert_eq!(pointer.region.as_deref(), Some("us-east-1"));
        assert_eq!(pointer.version_id.as_deref(), Some("v7"));
        assert_eq!(pointer.sha256.map(|hash| (hash[0], hash[31])), Some((0xe3, 0x55)));
    }

    #[test]
    fn optional_fields_may_be_null_or_missing() {
        let least = r#"{"bucket_name": "b", "file_key": "k", "region_name": null, "sse_key": null}"#;
        let pointer = Pointer::parse(least).unwrap();
        assert!(pointer.sse_key.is_none() && pointer.region.is_none() && pointer.version_id.is_none());
        assert!(!pointer.is_anonymous);
        assert!(Pointer::parse(&least.replace(r#", "sse_key": null"#, "")).is_ok());
    }

    #[test]
    fn only_true_asks_for_unsigned_requests() {
        for other in ["1", "\"true\"", "null", "[true]"] {
            assert!(!with("\"anon\": true", &format!("\"anon\": {other}")).unwrap().is_anonymous, "{other}");
        }
    }

    #[test]
    fn a_message_shows_no_more_of_a_key_than_s3_takes() {
        let shown = |key: &str| with("exp/config.json", key).unwrap().place("3/");
        assert_eq!(shown(&"é".repeat(1_024)), format!("s3://bkt/3/{}", "é".repeat(1_024)));
        assert_eq!(shown(&"é".repeat(9_000)), format!("s3://bkt/3/{}...", "é".repeat(1_024)));
    }

    #[test]
    fn the_last_of_equal_keys_counts() {
        let pointer =
            with("\"bucket_name\": \"bkt\"", "\"bucket_name\": 7, \"bucket_name\": \"last\"").unwrap();
        assert_eq!(pointer.bucket.name(), "last");
    }

    #[test]
    fn an_unusable_field_is_named() {
        for (change, to, reason) in [
            ("\"bucket_name\": \"bkt\",", "", "'bucket_name' is missing"),
            ("\"bkt\"", "7", "'bucket_name' is not a string"),
            ("\"bkt\"", "\"a/b\"", "'bucket_name' is neither"),
            ("\"bkt\"", "\"\"", "'bucket_name' is neither"),
            ("\"exp/config.json\"", "\"\"", "'file_key' is empty"),
            ("\"exp/config.json\"", "null", "'file_key' is not a string"),
            ("\"exp/config.json\"", r#""\ud800""#, "'file_key' is not a string"),
            ("0123456789abcdef0123456789abcdef", "short", "'sse_key' has not 32 bytes"),
            ("\"0123456789abcdef0123456789abcdef\"", "[]", "'sse_key' is not a string"),
            ("\"region_name\": \"us-east-1\",", "", "'region_name' is missing"),
            ("us-east-1", "evil.example/", "'region_name' is not the name"),
            ("\"num_file_shards\": 3", "\"num_file_shards\": \"3\"", "'num_file_shards' is"),
            ("e3b0", "", "'sha256' is not"),
            ("e3b0", "é0", "'sha256' is not"),
        ] {
            let error = with(change, to).err().unwrap_or_else(|| panic!("{to} is accepted"));
            assert!(error.contains(reason), "{error}");
            assert!(!error.contains("0123456789abcdef") && !error.contains("short"), "{error}");
        }
    }
}
