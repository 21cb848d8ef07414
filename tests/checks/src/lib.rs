//! Checks of the repository itself: documents, words, manifests and workflows.

pub mod documents;
pub mod manifests;
pub mod sizes;
pub mod words;
pub mod workflows;
mod yaml;
