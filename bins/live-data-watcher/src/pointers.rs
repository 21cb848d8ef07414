//! What loads pointers to S3, if this program was built with that.

use std::path::Path;
use std::sync::Arc;

use ld_config::Config;
use ld_sandbox::Rules;
use ld_sync::{EngineBuilder, Loader};

/// What loads pointers.
#[cfg(feature = "s3")]
pub(crate) fn loader(config: &Config) -> Option<Arc<dyn Loader>> {
    Some(Arc::new(ld_s3::S3Loader::new(&config.s3)))
}

/// Nothing loads pointers.
#[cfg(not(feature = "s3"))]
pub(crate) fn loader(_: &Config) -> Option<Arc<dyn Loader>> {
    None
}

/// Has the engine load pointers, if this program can.
pub(crate) fn with_loader<S: ld_sync::Source>(engine: EngineBuilder<S>, config: &Config) -> EngineBuilder<S> {
    match loader(config) {
        Some(loader) => engine.loader(loader),
        None => engine,
    }
}

/// What the process may still do in its sandbox: what the configuration asks for, and reading the
/// files with credentials for S3 that there are.
pub(crate) fn rules(path: &Path, config: &Config) -> Rules {
    let rules = Rules::new(path, config);
    #[cfg(feature = "s3")]
    let rules = {
        let files = ld_s3::AwsEnvironment::of_process().files();
        rules.and_files(files.into_iter().filter(|file| file.exists()))
    };
    rules
}
