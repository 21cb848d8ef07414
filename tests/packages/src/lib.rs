//! Crates, Debian and RPM packages and the container image of all programs: made, and tried.
//!
//! The manifest of live-data-watcher lists what is in them. All that is built lies in
//! `target/assets`, which [`gather`] fills.

mod compose;
mod contents;
mod deb;
mod document;
mod gather;
mod image;
mod installed;
mod kubernetes;
mod machine;
mod other_ways;
mod programs;
mod readme;
mod reproducible;
mod root;
mod rpm;
mod service;
mod services;
mod static_programs;
mod store;
mod tool;
mod upload;

use std::path::Path;

use ld_workspace::Failure;

pub use deb::check as check_deb;
pub use gather::{Profile, assets, gather};
pub use image::check as check_image;
pub use installed::check as check_installation;
pub use kubernetes::check as check_kubernetes;
pub use programs::{make_programs, static_target};
pub use readme::check as check_readme;
pub use reproducible::check as check_reproducible;
pub use rpm::check as check_rpm;
pub use service::check as check_service;
pub use static_programs::check as check_static_programs;
pub use upload::check as check_crates;

/// Makes both packages in `directory` of what was gathered.
pub fn make(directory: &Path) -> Result<(), Failure> {
    println!("made {}", deb::make(directory, &[])?.display());
    println!("made {}", rpm::make(directory, &[])?.display());
    Ok(())
}
