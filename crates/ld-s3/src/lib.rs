//! Part of live data: loads what a node points to in S3, and uploads it.
//!
//! A node that would hold more than ZooKeeper takes holds a pointer instead: a small JSON object
//! with a bucket, a key, and the key of the encryption (SSE-C). [`S3Loader`] reads such pointers
//! for an [`ld_sync::Engine`], and streams the objects into its files.
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use ld_s3::S3Loader;
//! use ld_s3::ld_config::{NodeConfig, S3Config};
//! use ld_s3::ld_sync::Engine;
//!
//! # fn example(client: ld_s3::ld_sync::ld_zk::Client) -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::builder(Arc::new(client))
//!     .node(NodeConfig::new("model", "/app/model", "/var/lib/app/model.json"))
//!     .loader(Arc::new(S3Loader::new(&S3Config::default())))
//!     .start()?;
//! # Ok(())
//! # }
//! ```
//!
//! [`S3Publisher`] goes the other way: it uploads an [`S3Version`] of content under names of its
//! own, and gives the pointer to it. What is in the bucket is neither overwritten nor removed.
//!
//! An object is right only when all of it came: its length, the end that the protocol marks, and
//! the checksums that the server gives are checked. Nothing waits without a limit.
//!
//! What it deliberately does not do: it follows no pointer that an object holds, it notices no
//! object that was replaced under an unchanged pointer, it decodes no `Content-Encoding`, and it
//! runs no program for credentials.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod checksum;
mod client;
mod credentials;
mod download;
mod environment;
mod failure;
mod hex;
mod loader;
mod pace;
mod place;
mod pointer;
mod reply;
mod request;
mod sse;
mod transport;
mod upload;

pub use environment::AwsEnvironment;
pub use loader::S3Loader;
pub use upload::{
    InvalidPrefix, NodePointer, S3Prefix, S3Publisher, S3Version, Storage, UploadError, Uploaded,
};
/// The crates that this API names.
pub use {ld_config, ld_sync};

/// The examples in the README compile and hold.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
