//! The steps of `cargo dev test`, in order. Fast ones come first.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::assets;
use crate::test_counts::TestCounts;
use ld_checks::{documents, manifests, sizes, words, workflows};
use ld_packages::Profile;
use ld_workspace::{Failure, cargo, setup};

/// One check of the suite.
pub(crate) struct Step {
    /// The name for `--only`.
    pub(crate) name: &'static str,
    /// What it checks.
    pub(crate) about: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) check: fn(&mut TestCounts) -> Result<(), Failure>,
}

/// A requirement that a machine may not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Need {
    /// Java, ZooKeeper, and tools that inject faults.
    Servers,
    /// rustfmt and clippy.
    Components,
    CargoDeny,
    /// cargo-deb, lintian and the like.
    DebTools,
    /// cargo-generate-rpm and rpm.
    RpmTools,
    Buildah,
    /// What makes a Debian and boots it in a container.
    Machine,
    /// Compilers and an emulator for another architecture.
    CrossTools,
    BookTools,
    KubernetesTools,
    Python,
}

use Need::{
    BookTools, Buildah, CargoDeny, Components, CrossTools, DebTools, KubernetesTools, Machine, Python,
    RpmTools, Servers,
};

impl Need {
    pub(crate) fn install(self) -> Result<(), Failure> {
        match self {
            Servers => setup::for_tests(),
            Components => setup::install_components(),
            CargoDeny => setup::install_cargo_deny(),
            DebTools => setup::for_deb(),
            RpmTools => setup::for_rpm(),
            Buildah => setup::for_image(),
            Machine => setup::for_machine(),
            CrossTools => setup::for_static_programs(),
            BookTools => setup::for_book(),
            KubernetesTools => setup::for_kubernetes(),
            Python => setup::for_original(),
        }
    }
}

/// All steps.
#[rustfmt::skip]
pub(crate) const STEPS: &[Step] = &[
    step("fmt", "code is formatted", &[Components], |_| cargo(&["fmt", "--all", "--", "--check"])),
    step("manifests", "packages are described and fit the Rust version", &[], |_| manifests::check()),
    step("sizes", "each crate states how many packages it builds", &[], |_| sizes::check(&manifests::packages()?.published)),
    step("documents", "commands and links of the documents", &[], |_| documents::check()),
    step("words", "words and widths of comments, documents and test names", &[], |_| words::check()),
    step("workflows", "YAML of .github, packaging and documents", &[], |_| workflows::check()),
    step("clippy", "lints", &[Components], |_| cargo(CLIPPY)),
    step("build", "binaries", &[], |_| cargo(&["build", "--workspace", "--bins", "--locked"])),
    step("unit", "tests beside the code", &[Servers], |counts| test(cargo::command(UNIT), counts)),
    step("integration", "tests in tests/", &[Servers], |counts| test(cargo::command(INTEGRATION), counts)),
    step("doctest", "examples in the documentation", &[], |counts| test(cargo::command(DOCTEST), counts)),
    step("fuzz", "seeds of the fuzz targets", &[Components], fuzz_seeds),
    step("chaos", "90 s of faults by a seed", &[Servers], |_| ld_chaos::run_in_suite()),
    step("outside", "programs of tests/outside", &[Components, Servers], outside),
    step("doc", "documentation builds without a warning", &[], |_| document()),
    step("deny", "licenses, sources and layering", &[CargoDeny], |_| deny()),
    step("deb", "the Debian package is installed, upgraded, purged", &[DebTools], |_| deb()),
    step("rpm", "the RPM is read", &[RpmTools], |_| rpm()),
    step("book", "docs/ is made into a book with links and diagrams that work", &[BookTools], |_| book()),
    step("original", "what going back to baseplate.py means", &[Servers, Python], |_| ld_bench::check_going_back()),
    step("image", "the container image is built and run", &[Servers, Buildah, CrossTools], |_| ld_packages::check_image()),
    step("package", "packages build from what is uploaded", &[], |_| package()),
    step("kubernetes", "the files for Kubernetes fit its schemas", &[Python, KubernetesTools], |_| ld_packages::check_kubernetes()),
    step("static", "programs for musl, x86_64 and aarch64, without paths", &[CrossTools], |_| ld_packages::check_static_programs()),
    step("reproduce", "two builds for release are the same", &[], |_| ld_packages::check_reproducible()),
    step("install", "cargo installs what is uploaded", &[], |_| install()),
    step("boot", "the service of each package, and without one, runs under systemd", &[DebTools, RpmTools, Machine], |_| boot()),
    step("readme", "README.md, from nothing to a file that follows a node", &[DebTools, RpmTools, CrossTools, Machine], |_| ld_packages::check_readme()),
];

/// Steps that run only if they are named, and each night: they install and build other programs for
/// longer than they check ours.
pub(crate) const ON_REQUEST: &[&str] =
    &["rpm", "book", "original", "image", "kubernetes", "static", "reproduce", "install", "boot", "readme"];

const CLIPPY: &[&str] =
    &["clippy", "--workspace", "--all-targets", "--all-features", "--locked", "--", "-D", "warnings"];
const UNIT: &[&str] = &["test", "--workspace", "--all-features", "--lib", "--bins", "--examples", "--locked"];
/// Not `--tests`, which would run the unit tests too.
const INTEGRATION: &[&str] = &["test", "--workspace", "--all-features", "--test", "*", "--locked"];
const DOCTEST: &[&str] = &["test", "--workspace", "--all-features", "--doc", "--locked"];

const fn step(
    name: &'static str,
    about: &'static str,
    needs: &'static [Need],
    check: fn(&mut TestCounts) -> Result<(), Failure>,
) -> Step {
    Step { name, about, needs, check }
}

fn cargo(arguments: &[&str]) -> Result<(), Failure> {
    cargo::run(cargo::command(arguments))
}

fn test(command: Command, counts: &mut TestCounts) -> Result<(), Failure> {
    cargo::run_and_read(command, |line| counts.add(line))?;
    println!("{} tests passed so far", counts.passed());
    counts.check_ignored()
}

/// Formats, lints and tests the fuzz package without the fuzzer. It is a workspace of its own.
fn fuzz_seeds(counts: &mut TestCounts) -> Result<(), Failure> {
    const MANIFEST: [&str; 2] = ["--manifest-path", "fuzz/Cargo.toml"];
    let target = cargo::target_directory()?;
    let command = |subcommand: &str, rest: &[&str]| {
        let mut command = cargo::command(&[subcommand]);
        command
            .args(MANIFEST)
            .args(["--no-default-features", "--locked", "--target-dir"])
            .arg(&target)
            .args(rest);
        command
    };
    cargo(&[&["fmt"], &MANIFEST[..], &["--", "--check"]].concat())?;
    cargo::run(command("clippy", &["--lib", "--tests", "--", "-D", "warnings"]))?;
    test(command("test", &["--lib", "--tests"]), counts)
}

/// Formats and tests the programs that use the crates as other repositories do.
fn outside(counts: &mut TestCounts) -> Result<(), Failure> {
    let target = cargo::target_directory()?.join("outside");
    for manifest in manifests_in(&cargo::workspace().join("tests/outside"))? {
        let command = |subcommand| {
            let mut command = cargo::command(&[subcommand, "--manifest-path"]);
            command.arg(&manifest);
            command
        };
        let mut fmt = command("fmt");
        fmt.arg("--check");
        cargo::run(fmt)?;
        let mut tests = command("test");
        tests.args(["--locked", "--target-dir"]).arg(&target);
        // Debug information is most of the time and disk of these builds.
        tests.env("CARGO_PROFILE_DEV_DEBUG", "0");
        test(tests, counts)?;
    }
    Ok(())
}

/// The manifests of the packages in `directory`, sorted.
fn manifests_in(directory: &Path) -> Result<Vec<PathBuf>, Failure> {
    let cannot = || Failure::doing(format!("cannot list {}", directory.display()));
    let entries: Vec<_> = fs::read_dir(directory).and_then(|entries| entries.collect()).map_err(cannot())?;
    let manifest = |entry: fs::DirEntry| entry.path().join("Cargo.toml");
    let mut manifests: Vec<_> = entries.into_iter().map(manifest).filter(|path| path.exists()).collect();
    manifests.sort();
    Ok(manifests)
}

/// Documents all with all features, as docs.rs does, and what is published with the default ones,
/// as users do. There, a link to an item behind a feature is broken.
fn document() -> Result<(), Failure> {
    let document = |arguments: &mut dyn Iterator<Item = &str>| {
        let mut command = cargo::command(&["doc", "--workspace", "--no-deps", "--locked"]);
        command.args(arguments).env("RUSTDOCFLAGS", "-D warnings");
        cargo::run(command)
    };
    document(&mut ["--all-features"].into_iter())?;
    document(&mut manifests::packages()?.private.iter().flat_map(|name| ["--exclude", name]))
}

fn deny() -> Result<(), Failure> {
    // cargo-deny reads the licenses of all sources, including those for other systems.
    cargo(&["fetch", "--locked"])?;
    cargo(&["deny", "--offline", "check", "bans", "licenses", "sources"])
}

/// Gathers what a package holds: programs that are built already or built for release, and what is
/// made from their arguments.
pub(crate) fn gather(profile: Profile) -> Result<(), Failure> {
    assets::write(&ld_packages::assets())?;
    ld_packages::gather(profile)
}

fn package() -> Result<(), Failure> {
    let packages = manifests::packages()?;
    println!("to publish: {}", packages.published.join(", "));
    ld_packages::check_crates(&packages.private)
}

fn install() -> Result<(), Failure> {
    ld_packages::check_installation(&manifests::packages()?.private)
}

fn deb() -> Result<(), Failure> {
    gather(Profile::Dev)?;
    ld_packages::check_deb()
}

/// Makes the book in `target/book`. What mdbook warns about is a fault.
fn book() -> Result<(), Failure> {
    let mut scripts = Command::new("mdbook-mermaid");
    scripts.args(["install", "."]).current_dir(cargo::workspace());
    cargo::read(scripts)?;
    let mut command = Command::new("mdbook");
    let output = command.arg("build").current_dir(cargo::workspace()).stdin(Stdio::null()).output();
    let output = output.map_err(Failure::doing("cannot run mdbook"))?;
    let printed = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() || ["WARN", "ERROR"].iter().any(|level| printed.contains(level)) {
        return Err(Failure::new(format!("mdbook build ({}):\n{printed}", output.status)));
    }
    let directory = cargo::workspace().join("target/book");
    println!(
        "{} links of the book in {} lead to files",
        documents::check_book(&directory)?,
        directory.display()
    );
    println!("{} diagrams of the book are drawn", documents::check_diagrams(&directory)?);
    Ok(())
}

fn boot() -> Result<(), Failure> {
    gather(Profile::Dev)?;
    ld_packages::check_service()
}

fn rpm() -> Result<(), Failure> {
    gather(Profile::Dev)?;
    ld_packages::check_rpm()
}
