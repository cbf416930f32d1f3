//! Message digests by the names that `States.Hash` and `$hash` take.

use sha2::Digest;

/// The hexadecimal digest of `text`, or `None` for an unknown algorithm.
pub(crate) fn hex_digest(text: &str, algorithm: &str) -> Option<String> {
    let bytes = text.as_bytes();
    Some(match algorithm {
        "MD5" => hex(&md5::Md5::digest(bytes)),
        "SHA-1" => hex(&sha1::Sha1::digest(bytes)),
        "SHA-256" => hex(&sha2::Sha256::digest(bytes)),
        "SHA-384" => hex(&sha2::Sha384::digest(bytes)),
        "SHA-512" => hex(&sha2::Sha512::digest(bytes)),
        _ => return None,
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_of_the_empty_string() {
        assert_eq!(hex_digest("", "MD5").unwrap(), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex_digest("", "SHA-1").unwrap(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        assert!(hex_digest("", "SHA-256").unwrap().starts_with("e3b0c44298fc1c14"));
        assert_eq!(hex_digest("", "SHA-384").unwrap().len(), 96);
        assert_eq!(hex_digest("", "SHA-512").unwrap().len(), 128);
        assert_eq!(hex_digest("", "CRC"), None);
    }
}
