//! `s3.*`

use super::key::{Key, set};
use crate::limits::{MAX_LOADS, MAX_OBJECT_BYTES};
use crate::settings::S3Config;
use crate::values::number;

/// The keys of [`S3Config`].
pub(crate) static S3: &[Key<S3Config>] = &[
    Key {
        name: "s3.max_bytes",
        required: false,
        read: |s3, value| set(&mut s3.max_bytes, number::parse(value, 1..=MAX_OBJECT_BYTES)),
        check: |s3| number::check(s3.max_bytes, 1..=MAX_OBJECT_BYTES),
        show: |s3| Some(s3.max_bytes.to_string()),
    },
    Key {
        name: "s3.concurrency",
        required: false,
        read: |s3, value| set(&mut s3.concurrency, number::parse(value, 1..=MAX_LOADS)),
        check: |s3| number::check(s3.concurrency, 1..=MAX_LOADS),
        show: |s3| Some(s3.concurrency.to_string()),
    },
];
