/// Why a text is not the key of an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// A `%` without its two digits; the place is a count of bytes from 0.
    #[error("the key \"{key}\" has a \"%\" at byte {at} that no two hexadecimal digits follow")]
    Escape {
        /// The text.
        key: String,
        /// Where.
        at: usize,
    },
    /// The bytes that are meant are no text.
    #[error("the key \"{0}\" does not stand for UTF-8")]
    NotUtf8(String),
}

/// The key that an S3 event means: in events `+` stands for a blank and `%XX` for a byte of the key's UTF-8 (Amazon S3 User
/// Guide, "Event message structure": the key is URL encoded). To be done once: a key may itself have a `%` or `+`.
///
/// # Errors
/// [`KeyError`].
pub fn decode_key(encoded: &str) -> Result<String, KeyError> {
    let bytes = encoded.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'+' => decoded.push(b' '),
            b'%' => {
                let digits =
                    bytes.get(at..at + 2).and_then(|digits| Some((hex(digits[0])?, hex(digits[1])?)));
                let Some((high, low)) = digits else {
                    return Err(KeyError::Escape { key: encoded.to_owned(), at: at - 1 });
                };
                decoded.push(high << 4 | low);
                at += 2;
            }
            other => decoded.push(other),
        }
    }
    String::from_utf8(decoded).map_err(|_| KeyError::NotUtf8(encoded.to_owned()))
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    // DEFECTS C8
    #[test]
    fn a_key_is_decoded_once() {
        for (encoded, key) in [
            ("manifests/my+manifest.json", "manifests/my manifest.json"),
            ("a%2Bb.json", "a+b.json"),
            ("%C3%BCn%c3%af.json", "ünï.json"),
            ("a%3Db%26c.json", "a=b&c.json"),
            ("100%2525.json", "100%25.json"),
            ("a%20b", "a b"),
            ("", ""),
        ] {
            assert_eq!(decode_key(encoded).as_deref(), Ok(key));
        }
    }

    #[test]
    fn what_is_no_encoding_is_refused() {
        let escape = |key: &str, at| Err(KeyError::Escape { key: key.to_owned(), at });
        for (encoded, expected) in [
            ("100%", escape("100%", 3)),
            ("a%2", escape("a%2", 1)),
            ("ü%+1", escape("ü%+1", 2)),
            ("%C3.json", Err(KeyError::NotUtf8("%C3.json".to_owned()))),
        ] {
            assert_eq!(decode_key(encoded), expected);
        }
    }

    /// As S3 writes keys into events: what is neither a letter, a digit nor one of `-._~/` is escaped, a blank is `+`.
    fn encode(key: &str) -> String {
        key.bytes().fold(String::new(), |mut text, byte| {
            match byte {
                b' ' => text.push('+'),
                b if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) => text.push(char::from(b)),
                other => write!(text, "%{other:02X}").unwrap(),
            }
            text
        })
    }

    proptest! {
        // DEFECTS C8
        #[test]
        fn any_key_comes_back_from_its_encoding(key in any::<String>()) {
            prop_assert_eq!(decode_key(&encode(&key)), Ok(key));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in "[%+0-9a-fA-Fgü]{0,12}") {
            let has_escape = text.contains('%');
            prop_assert!(decode_key(&text).is_ok() || has_escape);
        }
    }
}
