//! Secrets by reference: `env:NAME` or `file:/path`. A secret written out in the configuration is refused, so that the
//! file can be shown, shared and kept in version control.

use secrecy::SecretString;

/// Resolves a reference; says what is wrong and how to mend it, never what the secret is.
pub(super) fn resolve(reference: &str) -> Result<SecretString, (String, String)> {
    let secret = if let Some(name) = reference.strip_prefix("env:") {
        std::env::var(name).map_err(|error| match error {
            std::env::VarError::NotPresent => (
                format!("the environment variable {name} is not set"),
                format!("set {name} before starting crossdock"),
            ),
            std::env::VarError::NotUnicode(_) => (
                format!("the environment variable {name} holds something that is no text"),
                format!("set {name} to text in UTF-8"),
            ),
        })?
    } else if let Some(path) = reference.strip_prefix("file:") {
        std::fs::read_to_string(path).map_err(|error| {
            (
                format!("the file {path} cannot be read: {error}"),
                "create it, readable for crossdock alone".to_owned(),
            )
        })?
    } else {
        return Err((
            "is a secret written out".to_owned(),
            "refer to it as env:NAME or file:/path and keep it out of this file".to_owned(),
        ));
    };
    let secret = secret.trim();
    if secret.is_empty() {
        return Err((format!("{reference} holds nothing"), "put the secret there".to_owned()));
    }
    Ok(secret.to_owned().into())
}

/// Resolves what may be written out as well: a user's name, an app's id.
pub(super) fn resolve_name(text: &str) -> Result<SecretString, (String, String)> {
    if text.starts_with("env:") || text.starts_with("file:") {
        resolve(text)
    } else {
        Ok(text.to_owned().into())
    }
}
