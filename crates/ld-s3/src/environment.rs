//! What the environment says: the same variables and files as for other AWS clients.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use ld_blocking::{BoundedCalls, Spawner};
use ld_config::read_bounded_regular_file;

use crate::address::Endpoint;
use crate::transport::{Proxies, READ_LIMIT};

/// The region without any setting.
const DEFAULT_REGION: &str = "us-east-1";

/// The largest file of AWS settings or credentials.
pub(crate) const MAX_FILE_BYTES: usize = 1 << 20;

/// Variables that name a file.
const FILES: [&str; 6] = [
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CA_BUNDLE",
    "SSL_CERT_FILE",
];

/// The environment that AWS clients get their settings from. `Debug` shows no value: some are
/// secrets.
#[derive(Clone, Default)]
pub struct AwsEnvironment {
    vars: HashMap<String, String>,
    home: Option<PathBuf>,
}

impl AwsEnvironment {
    /// These variables, and the home directory, which has the usual files.
    pub fn new(vars: HashMap<String, String>, home: Option<PathBuf>) -> Self {
        Self { vars, home }
    }

    /// The environment of this process, as it is now. Variables that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let text =
            |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
        Self::new(std::env::vars_os().filter_map(text).collect(), std::env::home_dir())
    }

    /// The files that are read, if they exist: credentials, settings and certificate authorities.
    /// A process that restricts itself must let itself read them.
    pub fn files(&self) -> Vec<PathBuf> {
        let named = FILES.iter().filter_map(|name| self.var(name)).map(PathBuf::from);
        let usual =
            self.home.iter().flat_map(|home| [home.join(".aws/config"), home.join(".aws/credentials")]);
        named.chain(usual).collect()
    }

    #[cfg(test)]
    pub(crate) fn of(vars: &[(&str, &str)]) -> Self {
        let vars = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Self::new(vars.collect(), None)
    }

    /// A variable that is not empty.
    pub(crate) fn var(&self, name: &str) -> Option<String> {
        self.vars.get(name).filter(|value| !value.is_empty()).cloned()
    }

    pub(crate) fn vars(&self) -> HashMap<String, String> {
        self.vars.clone()
    }

    pub(crate) fn home(&self) -> Option<PathBuf> {
        self.home.clone()
    }

    pub(crate) fn proxies(&self) -> Proxies {
        Proxies::new(|name| self.var(name))
    }

    pub(crate) fn ca_bundle(&self) -> Option<PathBuf> {
        self.var("AWS_CA_BUNDLE").map(PathBuf::from)
    }

    /// The server to ask instead of AWS's.
    ///
    /// # Errors
    ///
    /// The variable holds no URL.
    pub(crate) fn endpoint(&self) -> Result<Option<Endpoint>, String> {
        self.endpoint_in("AWS_ENDPOINT_URL_S3")
    }

    /// The server to ask instead of AWS's for credentials in exchange for a web identity.
    ///
    /// # Errors
    ///
    /// As [`AwsEnvironment::endpoint`].
    pub(crate) fn sts_endpoint(&self) -> Result<Option<Endpoint>, String> {
        self.endpoint_in("AWS_ENDPOINT_URL_STS")
    }

    /// The variable of one service comes before that of all services.
    fn endpoint_in(&self, name: &'static str) -> Result<Option<Endpoint>, String> {
        for name in [name, "AWS_ENDPOINT_URL"] {
            if let Some(url) = self.var(name) {
                return Endpoint::parse(&url).map(Some).map_err(|why| format!("{name}: {why}"));
            }
        }
        Ok(None)
    }

    /// The region of pointers that name none: `AWS_DEFAULT_REGION`, `AWS_REGION`, then that of the
    /// profile.
    pub(crate) async fn default_region(&self) -> String {
        if let Some(region) = self.var("AWS_DEFAULT_REGION").or_else(|| self.var("AWS_REGION")) {
            return region;
        }
        let Some(path) = self.config_file() else { return DEFAULT_REGION.to_owned() };
        let reads = BoundedCalls::new("reading the AWS configuration", Spawner::Threads, 1);
        let read = reads.run(READ_LIMIT, move || read_bounded_regular_file(&path, MAX_FILE_BYTES)).await;
        let region = match read {
            Ok(Ok(file)) => region_in(&String::from_utf8_lossy(&file.content), &self.profile()),
            _ => None,
        };
        region.unwrap_or_else(|| DEFAULT_REGION.to_owned())
    }

    fn profile(&self) -> String {
        self.var("AWS_PROFILE")
            .or_else(|| self.var("AWS_DEFAULT_PROFILE"))
            .unwrap_or_else(|| "default".to_owned())
    }

    fn config_file(&self) -> Option<PathBuf> {
        let named = self.var("AWS_CONFIG_FILE").map(PathBuf::from);
        named.or_else(|| Some(self.home.as_ref()?.join(".aws/config")))
    }
}

impl fmt::Debug for AwsEnvironment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsEnvironment").finish_non_exhaustive()
    }
}

/// The `region` of a profile in an AWS configuration file.
fn region_in(text: &str, profile: &str) -> Option<String> {
    let mut is_ours = false;
    let mut region = None;
    for line in text.lines() {
        if let Some(section) = line.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let name = section.trim();
            let name = name.strip_prefix("profile ").map_or(name, str::trim);
            is_ours = name == profile;
        } else if let Some((key, value)) = line.split_once('=')
            && is_ours
            && key == key.trim_start()
            && key.trim() == "region"
            && !value.trim().is_empty()
        {
            region = Some(value.trim().to_owned());
        }
    }
    region
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_region_comes_from_the_environment_first() {
        let both = AwsEnvironment::of(&[("AWS_DEFAULT_REGION", "eu-west-1"), ("AWS_REGION", "eu-west-2")]);
        assert_eq!(both.default_region().await, "eu-west-1");
        assert_eq!(AwsEnvironment::of(&[("AWS_REGION", "eu-west-2")]).default_region().await, "eu-west-2");
        assert_eq!(AwsEnvironment::of(&[("AWS_REGION", "")]).default_region().await, "us-east-1");
    }

    #[test]
    fn a_profile_has_a_region_of_its_own() {
        let text =
            "[default]\nregion = eu-west-1\ns3 =\n  region = nested\n[profile two]\nregion=us-west-2\n";
        assert_eq!(region_in(text, "default").as_deref(), Some("eu-west-1"));
        assert_eq!(region_in(text, "two").as_deref(), Some("us-west-2"));
        assert_eq!(region_in(text, "three"), None);
    }

    #[test]
    fn the_endpoint_of_a_service_comes_before_that_of_all_services() {
        let all = ("AWS_ENDPOINT_URL", "http://all.example");
        let (s3, sts) = ("http://s3.example", "http://sts.example");
        let both = AwsEnvironment::of(&[all, ("AWS_ENDPOINT_URL_S3", s3), ("AWS_ENDPOINT_URL_STS", sts)]);
        assert_eq!(both.endpoint().unwrap(), Some(Endpoint::parse(s3).unwrap()));
        assert_eq!(both.sts_endpoint().unwrap(), Some(Endpoint::parse(sts).unwrap()));
        assert_eq!(AwsEnvironment::of(&[all]).endpoint().unwrap(), Some(Endpoint::parse(all.1).unwrap()));
        assert!(AwsEnvironment::of(&[("AWS_ENDPOINT_URL", "x")]).endpoint().is_err());
    }
}
