//! Checks of the repository itself: documents, words, manifests and workflows. [`yaml`] reads YAML.

pub mod documents;
pub mod manifests;
pub mod sizes;
pub mod words;
pub mod workflows;
pub mod yaml;
