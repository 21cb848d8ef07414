//! Temporary directories, file systems that hang, and files that block.

pub(crate) mod disks;
pub(crate) mod fifo;
pub(crate) mod temp_dir;
