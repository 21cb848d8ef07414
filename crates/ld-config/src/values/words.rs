//! Values that are one of a few words.

use crate::quote::Text;
use crate::settings::SecretsProvider;

const VAULT: &str = "vault";
const VAULT_CSI: &str = "vault_csi";

/// A provider, with a warning for an unknown one: it acts as vault, as in the original.
pub(crate) fn provider(value: Text<'_>) -> (SecretsProvider, Option<String>) {
    match value.as_str() {
        VAULT => (SecretsProvider::Vault, None),
        VAULT_CSI => (SecretsProvider::VaultCsi, None),
        _ => {
            let warning =
                format!("unknown provider {value}, read as '{VAULT}' (allowed: {VAULT}, {VAULT_CSI})");
            (SecretsProvider::Vault, Some(warning))
        }
    }
}

/// The word for a provider.
pub(crate) fn show_provider(provider: SecretsProvider) -> &'static str {
    match provider {
        SecretsProvider::Vault => VAULT,
        SecretsProvider::VaultCsi => VAULT_CSI,
    }
}

/// `true` or `false` in any case.
pub(crate) fn boolean(value: Text<'_>) -> Result<bool, String> {
    match value.as_str().to_lowercase().as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{value} is neither true nor false")),
    }
}

/// One of `words`, in any case.
pub(crate) fn choice<T: Copy>(value: Text<'_>, words: &[(&str, T)]) -> Result<T, String> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value.as_str()));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        format!("{value} is not known (allowed: {})", allowed.join(", "))
    })
}

/// The word for `value`.
pub(crate) fn show_choice<T: Copy + PartialEq>(words: &[(&str, T)], value: T) -> Option<String> {
    words.iter().find(|(_, meaning)| *meaning == value).map(|(word, _)| (*word).to_owned())
}
