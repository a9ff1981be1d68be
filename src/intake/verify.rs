//! Signatures over the raw body: HMAC-SHA256, compared in constant time, with several secrets while one is rotated.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The secrets that may have signed a delivery, ready for use.
#[derive(Clone)]
pub struct Signatures(Vec<Hmac<Sha256>>);

impl std::fmt::Debug for Signatures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signatures({} secrets)", self.0.len())
    }
}

impl Signatures {
    /// Signatures by any of these secrets; the key is the secret's bytes as they are.
    pub fn new<'s>(secrets: impl IntoIterator<Item = &'s SecretString>) -> Self {
        let keyed = |secret: &SecretString| Hmac::new_from_slice(secret.expose_secret().as_bytes()).ok();
        Self(secrets.into_iter().filter_map(keyed).collect())
    }

    /// The signature's bytes, where `signature`, in base64, is one of the secrets' over `body`. Every secret is tried
    /// whichever fits, so the time taken tells nothing.
    pub fn verify(&self, signature: &str, body: &[u8]) -> Option<[u8; 32]> {
        let signature: [u8; 32] = BASE64.decode(signature.trim()).ok()?.try_into().ok()?;
        let mut fits = false;
        for keyed in &self.0 {
            let mut mac = keyed.clone();
            mac.update(body);
            fits |= mac.verify_slice(&signature).is_ok();
        }
        fits.then_some(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"foo": "bar"}` signed with `test_secret_key`, as Shopify's own library tests it.
    const SIGNATURE: &str = "B23tXN681gZ0qIWNRrgtzBE9XSDo5yaUu6wfmhu3a7g=";
    const BODY: &[u8] = br#"{"foo": "bar"}"#;

    fn secrets(list: &[&str]) -> Signatures {
        let list: Vec<SecretString> = list.iter().map(|secret| (*secret).to_owned().into()).collect();
        Signatures::new(&list)
    }

    #[test]
    fn any_active_secret_verifies_and_nothing_else_does() {
        assert!(secrets(&["new", "test_secret_key"]).verify(SIGNATURE, BODY).is_some());
        assert!(secrets(&["test_secret_key"]).verify(&format!(" {SIGNATURE}\n"), BODY).is_some());
        let table: [(&[&str], &str, &[u8]); 6] = [
            (&["test_secret_key"], SIGNATURE, br#"{"foo": "bar" }"#),
            (&["other"], SIGNATURE, BODY),
            (&[], SIGNATURE, BODY),
            (&["test_secret_key"], "", BODY),
            (&["test_secret_key"], &SIGNATURE[..40], BODY),
            (&["test_secret_key"], "not base64 at all", BODY),
        ];
        for (list, signature, body) in table {
            assert!(secrets(list).verify(signature, body).is_none(), "{signature}");
        }
    }
}
