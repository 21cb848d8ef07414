//! What a pointer means, by serde_json's own values and the table of docs/s3.md.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// Beyond this a number is not exact.
const MAX_SHARDS: f64 = 9_007_199_254_740_992.0;

/// Messages show no more characters of a key.
const SHOWN_KEY: usize = 1_024;

const SSE_KEY: &str = "x-amz-server-side-encryption-customer-key";

/// A pointer that is valid.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) bucket: String,
    pub(crate) key: String,
    sse_key: Option<String>,
    version_id: Option<String>,
    shards: u64,
    is_anonymous: bool,
}

impl Expected {
    /// `None` where serde_json is stricter (a number or a string that it cannot hold, deep
    /// nesting), and for access points. The inner error says why the pointer must be refused.
    pub(crate) fn of(json: &str) -> Option<Result<Self, &'static str>> {
        // serde_json gives some keys a meaning of its own.
        if json.contains("serde_json::private") {
            return None;
        }
        let value: Value = serde_json::from_str(json).ok()?;
        let Some(fields) = value.as_object() else { return Some(Err("it is not an object")) };
        let is_access_point =
            fields.get("bucket_name").and_then(Value::as_str).is_some_and(|name| name.starts_with("arn:"));
        (!is_access_point).then(|| Self::read(fields))
    }

    fn read(fields: &Map<String, Value>) -> Result<Self, &'static str> {
        let bucket = text(fields, "bucket_name")?.ok_or("it has no bucket")?;
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if !(1..=255).contains(&bucket.len())
            || !bucket.bytes().all(is_allowed)
            || [".", ".."].contains(&&*bucket)
        {
            return Err("no bucket has that name");
        }
        let key = text(fields, "file_key")?.filter(|key| !key.is_empty()).ok_or("it has no key")?;
        let sse_key = text(fields, "sse_key")?;
        if sse_key.as_ref().is_some_and(|key| key.len() != 32) {
            return Err("AES-256 has keys of 32 bytes");
        }
        if !fields.contains_key("region_name") {
            return Err("it has no region");
        }
        let is_label = |text: &str| {
            let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&text.len()) && text.bytes().all(is_allowed) && text.trim_matches('-') == text
        };
        if text(fields, "region_name")?.is_some_and(|region| !is_label(&region)) {
            return Err("no region has that name");
        }
        let is_hash = |hash: &str| hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if text(fields, "sha256")?.is_some_and(|hash| !is_hash(&hash)) {
            return Err("no hash looks like that");
        }
        let shards = match fields.get("num_file_shards") {
            None | Some(Value::Null | Value::Bool(_)) => 1,
            Some(value) => match value.as_f64() {
                Some(number) if number <= 1.0 => 1,
                Some(number) if number.fract() == 0.0 && number <= MAX_SHARDS => number as u64,
                _ => return Err("no number of shards is like that"),
            },
        };
        let version_id = text(fields, "version_id")?.filter(|version| !version.is_empty());
        let is_anonymous = fields.get("anon") == Some(&Value::Bool(true));
        Ok(Self { bucket, key, sse_key, version_id, shards, is_anonymous })
    }

    /// What messages show of the key.
    pub(crate) fn shown_key(&self) -> String {
        self.key.chars().take(SHOWN_KEY).collect()
    }

    /// Panics unless the head of a request asks for this object, or for its bucket's region.
    pub(crate) fn assert_asked_by(&self, head: &str) {
        let (line, headers) = head.split_once("\r\n").expect("a request line");
        let words: Vec<_> = line.split(' ').collect();
        let [method, target, "HTTP/1.1"] = words[..] else { panic!("no request line: {line:?}") };
        let (path, query) =
            target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte);
        assert!(path.bytes().all(is_plain), "not encoded: {line:?}");
        let value = |name: &str| {
            headers.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::to_owned)
        };
        assert_eq!(value("authorization").is_none(), self.is_anonymous, "{head}");
        if method == "HEAD" {
            assert_eq!(path, format!("/{}/", self.bucket));
            return;
        }
        assert_eq!(method, "GET");
        let path = decoded(path);
        let key = path.strip_prefix(&format!("/{}/", self.bucket)).expect("the path begins with the bucket");
        let prefix = key.strip_suffix(&self.key).unwrap_or_else(|| panic!("another key: {key:?}"));
        if self.shards <= 1 {
            assert_eq!(prefix, "");
        } else {
            let shard: u64 = prefix.strip_suffix('/').and_then(|shard| shard.parse().ok()).expect("a shard");
            assert!((1..self.shards).contains(&shard), "shard {shard} of {}", self.shards);
            assert_eq!(prefix, format!("{shard}/"));
        }
        let version = query.map(|query| decoded(query.strip_prefix("versionId=").expect("one parameter")));
        assert_eq!(version, self.version_id);
        assert_eq!(value(SSE_KEY), self.sse_key.as_ref().map(|key| STANDARD.encode(key)));
    }
}

/// A string; `None` if it is missing or null.
fn text(fields: &Map<String, Value>, name: &str) -> Result<Option<String>, &'static str> {
    match fields.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err("a field is not a string"),
    }
}

/// Percent-decoded text.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).expect("two digits");
        bytes.push(if byte == b'%' { (digit() * 16 + digit()) as u8 } else { byte });
    }
    String::from_utf8(bytes).expect("a key is UTF-8")
}
