//! The sources of credentials, in AWS's order.

use std::fmt;

use ld_config::chain;
use reqsign_aws_v4::{
    AssumeRoleWithWebIdentityCredentialProvider, Credential, ECSCredentialProvider, EnvCredentialProvider,
    IMDSv2CredentialProvider, ProfileCredentialProvider,
};
use reqsign_core::{Context, Error, ProvideCredential, ProvideCredentialDyn};

/// The longest reason. A source may quote an answer of a server.
const MAX_REASON: usize = 500;

type Source = Box<dyn ProvideCredentialDyn<Credential = Credential>>;

/// The default chain without single sign-on, which needs a person, and without programs that a
/// profile names. If no source has credentials, the reasons of those that failed are told.
pub(super) struct Chain([(&'static str, Source); 5]);

impl Chain {
    pub(super) fn new() -> Self {
        Self([
            ("environment", Box::new(EnvCredentialProvider::new())),
            ("profile", Box::new(ProfileCredentialProvider::default())),
            ("web identity", Box::new(AssumeRoleWithWebIdentityCredentialProvider::default())),
            ("container", Box::new(ECSCredentialProvider::default())),
            ("instance metadata", Box::new(IMDSv2CredentialProvider::default())),
        ])
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl ProvideCredential for Chain {
    type Credential = Credential;

    async fn provide_credential(&self, context: &Context) -> Result<Option<Credential>, Error> {
        let mut failures = Vec::new();
        for (name, source) in &self.0 {
            match source.provide_credential_dyn(context).await {
                Ok(Some(credential)) => return Ok(Some(credential)),
                Ok(None) => {}
                Err(error) => failures.push(format!("{name}: {}", chain(&error))),
            }
        }
        if failures.is_empty() {
            return Ok(None);
        }
        Err(Error::credential_invalid(failures.join("; ").chars().take(MAX_REASON).collect::<String>()))
    }
}
