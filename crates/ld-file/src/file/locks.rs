//! The locks of files that may not be opened.

use std::collections::HashSet;
use std::fs;
use std::io;

/// How often the list of locks is read.
const READS: u32 = 5;

/// The inodes of all files that are locked, on any device.
///
/// The kernel does not list locks held in other PID namespaces. If a sweep removes a live file of
/// such a process, its watcher fails one write and repeats it. Devices are not compared, since the
/// list names them differently on some file systems.
///
/// The kernel fills one page a read, and skips locks when others are released between two reads. So
/// the list is read several times, and a lock counts if any of the lists has it.
pub(super) fn locked_inodes() -> io::Result<HashSet<u64>> {
    let mut inodes = HashSet::new();
    for _ in 0..READS {
        // A field `major:minor:inode` of each line.
        let list = fs::read_to_string("/proc/locks")?;
        let fields = list.split_ascii_whitespace().filter(|field| field.contains(':'));
        inodes.extend(fields.filter_map(|field| field.rsplit(':').next()?.parse::<u64>().ok()));
    }
    Ok(inodes)
}
