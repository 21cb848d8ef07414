//! What loads pointers to S3, if this program was built with that.

use std::path::Path;

use ld_config::Config;
use ld_sandbox::Rules;
use ld_sync::EngineBuilder;

/// Has the engine load pointers.
#[cfg(feature = "s3")]
pub(crate) fn with_loader<S: ld_sync::Source>(engine: EngineBuilder<S>, config: &Config) -> EngineBuilder<S> {
    engine.loader(std::sync::Arc::new(ld_s3::S3Loader::new(&config.s3)))
}

/// Leaves the engine as it is.
#[cfg(not(feature = "s3"))]
pub(crate) fn with_loader<S>(engine: EngineBuilder<S>, _: &Config) -> EngineBuilder<S> {
    engine
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
