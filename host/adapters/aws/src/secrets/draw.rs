//! Drawing random values.

use std::collections::BTreeMap;

use deploycenter_domain::declaration::GeneratedKey;
use rand::TryRng;
use rand::rngs::{SysError, SysRng};

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// The largest multiple of 62 in a byte; what lies above would favour the first letters.
const FAIR: u8 = 248;

/// A text of that many characters of a-z, A-Z and 0-9, each as likely as any other, from
/// the operating system's generator.
pub(super) fn text(length: usize) -> Result<String, SysError> {
    let mut out = String::with_capacity(length);
    let mut bytes = [0_u8; 64];
    while out.len() < length {
        SysRng.try_fill_bytes(&mut bytes)?;
        let fair = bytes.iter().filter(|byte| **byte < FAIR);
        out.extend(
            fair.take(length - out.len())
                .map(|byte| char::from(ALPHABET[usize::from(byte % 62)])),
        );
    }
    Ok(out)
}

/// A JSON object with a drawn value for each key.
pub(super) fn object(keys: &[GeneratedKey]) -> Result<String, SysError> {
    let mut values = BTreeMap::new();
    for key in keys {
        let length = usize::try_from(key.length).unwrap_or(usize::MAX);
        values.insert(key.key.as_str(), text(length)?);
    }
    Ok(serde_json::json!(values).to_string())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn values_have_their_length_and_alphabet_and_differ() {
        let (one, two) = (text(128).unwrap(), text(128).unwrap());
        assert_eq!(one.len(), 128);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, two);
        let seen: std::collections::BTreeSet<char> = text(20_000).unwrap().chars().collect();
        assert_eq!(seen.len(), 62);
    }

    #[test]
    fn an_object_has_each_key() {
        let keys = [
            GeneratedKey {
                key: "password".into(),
                length: 32,
            },
            GeneratedKey {
                key: "salt".into(),
                length: 64,
            },
        ];
        let object: BTreeMap<String, String> =
            serde_json::from_str(&object(&keys).unwrap()).unwrap();
        let lengths: Vec<_> = object
            .iter()
            .map(|(key, value)| (key.as_str(), value.len()))
            .collect();
        assert_eq!(lengths, [("password", 32), ("salt", 64)]);
    }
}
