use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use mlpp_parameters::{FingerprintKey, ParameterName, SecretValue};
use mlpp_provider::StoreError;

/// Bytes of a nonce of XChaCha20-Poly1305.
const NONCE: usize = 24;

/// The keys of a store's secrets, in a file that only its owner can read: 64 random bytes in base64, of which the first 32
/// encrypt and the others make fingerprints. The file is made when a key is first needed.
#[derive(Debug)]
pub(super) struct Keys {
    file: PathBuf,
    read: Mutex<Option<KeyBytes>>,
}

#[derive(Clone, Copy)]
struct KeyBytes {
    encryption: [u8; 32],
    fingerprint: [u8; 32],
}

impl std::fmt::Debug for KeyBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyBytes(…)")
    }
}

impl Keys {
    /// The keys in `file`, which need not exist yet.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, read: Mutex::new(None) }
    }

    pub(super) fn fingerprint_key(&self) -> Result<FingerprintKey, StoreError> {
        Ok(FingerprintKey::new(self.bytes()?.fingerprint))
    }

    /// The value as it is stored: nonce and ciphertext in base64. It can be decrypted under the same name alone.
    pub(super) fn encrypt(&self, name: &ParameterName, value: &str) -> Result<String, StoreError> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).map_err(|error| StoreError::Unavailable(error.to_string().into()))?;
        let payload = Payload { msg: value.as_bytes(), aad: name.as_str().as_bytes() };
        let encrypted = self
            .cipher()?
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| StoreError::Unavailable("a secret could not be encrypted".into()))?;
        Ok(STANDARD.encode([&nonce[..], &encrypted].concat()))
    }

    pub(super) fn decrypt(&self, name: &ParameterName, stored: &str) -> Result<SecretValue, StoreError> {
        let bytes = STANDARD.decode(stored).map_err(|error| StoreError::Corrupt(error.into()))?;
        let wrong = || {
            let reason =
                format!("the secret {name} was not encrypted with the key in {}", self.file.display());
            StoreError::Corrupt(reason.into())
        };
        let (nonce, encrypted) = bytes.split_first_chunk::<NONCE>().ok_or_else(wrong)?;
        let payload = Payload { msg: encrypted, aad: name.as_str().as_bytes() };
        let value = self.cipher()?.decrypt(&XNonce::from(*nonce), payload).map_err(|_| wrong())?;
        String::from_utf8(value).map(SecretValue::new).map_err(|_| wrong())
    }

    pub(super) fn are_made(&self) -> bool {
        self.file.exists()
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, StoreError> {
        Ok(XChaCha20Poly1305::new(&self.bytes()?.encryption.into()))
    }

    fn bytes(&self) -> Result<KeyBytes, StoreError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bytes) = *read {
            return Ok(bytes);
        }
        let failed = |error: io::Error| {
            StoreError::Unavailable(format!("the key in {}: {error}", self.file.display()).into())
        };
        let text = match std::fs::read_to_string(&self.file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make().map_err(failed)?,
            text => text.map_err(failed)?,
        };
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| {
            let (encryption, rest) = bytes.split_first_chunk()?;
            let fingerprint = rest.try_into().ok()?;
            Some(KeyBytes { encryption: *encryption, fingerprint })
        });
        let bytes = bytes.ok_or_else(|| {
            StoreError::Corrupt(format!("{} holds no key of 64 bytes", self.file.display()).into())
        })?;
        *read = Some(bytes);
        Ok(bytes)
    }

    /// Makes the file, unless another process made it meanwhile; what it holds.
    fn make(&self) -> io::Result<String> {
        let mut bytes = [0; 64];
        getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
        let folder = self.file.parent().unwrap_or(std::path::Path::new("."));
        crate::local::make_private(folder)?;
        // A temporary file is its owner's alone, and so is what it becomes.
        let mut whole = tempfile::NamedTempFile::new_in(folder)?;
        writeln!(whole, "{}", STANDARD.encode(bytes))?;
        whole.as_file().sync_all()?;
        match whole.persist_noclobber(&self.file) {
            Ok(_) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.error),
        }
        std::fs::read_to_string(&self.file)
    }
}
