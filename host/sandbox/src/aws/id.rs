//! Names and times that AWS would make up: here from hashes, so that a repeated history gets the
//! same ones.

use sha2::{Digest as _, Sha256};

use crate::service::Millis;

/// A hash over parts that can't run into each other.
pub(crate) fn digest(parts: &[&str]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().to_vec()
}

/// `length` hexadecimal digits, at most 64.
pub(crate) fn hex_of(parts: &[&str], length: usize) -> String {
    let mut text = hex::encode(digest(parts));
    text.truncate(length);
    text
}

/// `length` characters out of `alphabet`.
pub(crate) fn letters(parts: &[&str], alphabet: &[u8], length: usize) -> String {
    let mut text = String::with_capacity(length);
    let mut round = 0_u64;
    while text.len() < length {
        let round_text = round.to_string();
        let mut with_round = parts.to_vec();
        with_round.push(&round_text);
        for byte in digest(&with_round) {
            if text.len() < length {
                text.push(char::from(alphabet[usize::from(byte) % alphabet.len()]));
            }
        }
        round += 1;
    }
    text
}

/// Capital letters and digits, as in access keys and change ids.
pub(crate) const CAPITALS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/// Letters and digits, as in the end of a secret's ARN.
pub(crate) const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// Seconds since the epoch with a fraction, as the JSON protocols write times.
pub(crate) fn epoch_seconds(at: Millis) -> serde_json::Value {
    // A time in milliseconds has far fewer than 52 bits, so the division is exact to the millisecond.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let seconds = at as f64 / 1000.0;
    serde_json::json!(seconds)
}

/// ISO 8601 in UTC, as the XML protocols write times.
pub(crate) fn iso8601(at: Millis) -> String {
    i64::try_from(at)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .map_or_else(
            || "9999-12-31T23:59:59.000Z".to_owned(),
            |time| format!("{time:.3}"),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_protocols_do() {
        assert_eq!(iso8601(2_208_988_800_250), "2040-01-01T00:00:00.250Z");
        assert_eq!(epoch_seconds(1_500).to_string(), "1.5");
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hex_of(&["ab", "c"], 17), hex_of(&["a", "bc"], 17));
        assert_eq!(letters(&["x"], MIXED, 40).len(), 40);
    }
}
