use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::SecretValue;
use crate::digest::hexadecimal;

/// The key of a project's fingerprints: 32 random bytes that stay where the secrets are.
#[derive(Clone)]
pub struct FingerprintKey([u8; 32]);

impl FingerprintKey {
    /// Takes 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The fingerprint of `value` under this key.
    pub fn fingerprint(&self, value: &SecretValue) -> Fingerprint {
        // HMAC takes a key of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else { return Fingerprint(String::new()) };
        mac.update(value.reveal().as_bytes());
        Fingerprint(hexadecimal(&mac.finalize().into_bytes()))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(…)")
    }
}

/// What is shown of a secret: HMAC-SHA-256 (RFC 2104) of its value under the project's key, in hexadecimal.
///
/// Equal values have equal fingerprints. Without the key a fingerprint says nothing of the value, not even by trying.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl fmt::Display for Fingerprint {
    /// The first eight characters, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.get(..8).unwrap_or(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_tells_equal_from_different_under_one_key_alone() {
        let (ours, theirs) = (FingerprintKey::new([1; 32]), FingerprintKey::new([2; 32]));
        let value = SecretValue::new("hunter2");
        assert_eq!(ours.fingerprint(&value), ours.fingerprint(&value.clone()));
        assert_ne!(ours.fingerprint(&value), ours.fingerprint(&SecretValue::new("hunter3")));
        assert_ne!(ours.fingerprint(&value), theirs.fingerprint(&value));
        assert_eq!(ours.fingerprint(&value).to_string().len(), 8);
    }

    #[test]
    fn the_fingerprint_is_that_of_the_standard() {
        // RFC 4231 has no case with a key of 32 equal bytes; this one was computed by Python's hmac module.
        let key = FingerprintKey::new([0x0b; 32]);
        let shown = key.fingerprint(&SecretValue::new("Hi There")).0;
        assert_eq!(shown, "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    }
}
