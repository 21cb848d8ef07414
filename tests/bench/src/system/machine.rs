//! The machine on which figures are measured.

use std::fs;
use std::path::Path;
use std::thread;

/// Kernel, cores, memory, and the file systems of these directories.
pub(crate) fn describe(directories: &[&Path]) -> String {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let memory = memory_gib(&fs::read_to_string("/proc/meminfo").unwrap_or_default());
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let systems: Vec<&str> =
        directories.iter().filter_map(|directory| file_system(&mounts, directory)).collect();
    format!(
        "Linux {}, {cores} cores, {memory:.0} GiB of memory, {}, ZooKeeper on loopback, on the same cores.",
        kernel.trim(),
        systems.join(" and ")
    )
}

/// The total memory from `/proc/meminfo`.
fn memory_gib(meminfo: &str) -> f64 {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"));
    let kib = total.and_then(|total| total.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / f64::from(1 << 20)
}

/// The type of the file system of `path`, from `/proc/self/mounts`. The longest mount point
/// decides, and the last of equal ones.
fn file_system<'a>(mounts: &'a str, path: &Path) -> Option<&'a str> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let holding = fields.filter(|fields| fields.len() > 2 && path.starts_with(fields[1]));
    holding.max_by_key(|fields| fields[1].len()).map(|fields| fields[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_decides_the_file_system() {
        let mounts = "/dev/vda / ext4 rw 0 0\ntmpfs /dev/shm tmpfs rw 0 0\n/dev/vdb /dev xfs rw 0 0\n";
        assert_eq!(file_system(mounts, Path::new("/dev/shm/d-1")), Some("tmpfs"));
        assert_eq!(file_system(mounts, Path::new("/dev/shmoo")), Some("xfs"));
        assert_eq!(file_system(mounts, Path::new("/home/target")), Some("ext4"));
        assert_eq!(file_system("", Path::new("/home")), None);
    }

    #[test]
    fn memory_is_in_gib() {
        assert!((memory_gib("MemTotal:       4194304 kB\nMemFree: 1 kB\n") - 4.0).abs() < 1e-9);
    }
}
