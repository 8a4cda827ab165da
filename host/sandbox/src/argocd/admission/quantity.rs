//! Kubernetes' quantities and PostgreSQL's sizes, to be compared.

/// How much a quantity is: `20Gi`, `1.5`, `500m`, `2e3`; none: it isn't one.
pub(super) fn size(quantity: &str) -> Option<f64> {
    let digits = quantity
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '-' || c == '+'))
        .unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(digits);
    let number: f64 = number.parse().ok()?;
    let power = |base: f64, times: i32| base.powi(times);
    let scale = match suffix {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => power(1024.0, 1),
        "Mi" => power(1024.0, 2),
        "Gi" => power(1024.0, 3),
        "Ti" => power(1024.0, 4),
        "Pi" => power(1024.0, 5),
        "Ei" => power(1024.0, 6),
        exponent => power(10.0, exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    Some(number * scale)
}

/// Whether one quantity is less than another. What isn't a quantity is neither.
pub(super) fn is_less(one: &str, other: &str) -> bool {
    size(one)
        .zip(size(other))
        .is_some_and(|(one, other)| one < other)
}

/// How much a size in PostgreSQL's configuration is: `256MB`, `1GB`.
pub(super) fn postgres_size(text: &str) -> Option<f64> {
    let number = text.strip_suffix('B')?;
    size(&format!("{}i", number.replace('k', "K")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_compare_whatever_they_are_written_in() {
        for (less, more) in [
            ("10Gi", "20Gi"),
            ("1023Mi", "1Gi"),
            ("500m", "1"),
            ("1.5", "1600m"),
            ("1G", "1Gi"),
            ("2e3", "2001"),
        ] {
            assert!(is_less(less, more), "{less} {more}");
            assert!(!is_less(more, less), "{less} {more}");
        }
        assert!(!is_less("1Gi", "1024Mi"));
        assert!(!is_less("", "1Gi") && !is_less("1Gi", "") && !is_less("x", "1"));
        assert_eq!(postgres_size("256MB"), size("256Mi"));
        assert_eq!(postgres_size("2000000kB"), size("2000000Ki"));
        assert_eq!(postgres_size("256"), None);
    }
}
