//! Kubernetes' quantities and PostgreSQL's sizes, to be compared and written anew.

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

const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// In thousands, from thousandths on.
const DECIMAL: [&str; 7] = ["m", "", "k", "M", "G", "T", "P"];

/// A quantity as Go's `resource.Quantity` writes what it has read: without a point, in the
/// largest unit that loses nothing. What isn't one stays as it is.
pub(super) fn rewritten(quantity: &str) -> String {
    anew(quantity).unwrap_or_else(|| quantity.to_owned())
}

fn anew(quantity: &str) -> Option<String> {
    let digits = quantity
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(digits);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let steps = |units: &[&str]| units.iter().position(|unit| *unit == suffix);
    let (step, count) = match (steps(&DECIMAL), steps(&BINARY)) {
        (Some(count), _) => (1000i128, count),
        (None, Some(count)) => (1024, count),
        (None, None) => return None,
    };
    let mut left: i128 = format!("{whole}{part}").parse().ok()?;
    // In thousandths, which is as fine as anything here is written.
    if step == 1024 {
        left = left.checked_mul(1000)?;
    }
    for _ in 0..count {
        left = left.checked_mul(step)?;
    }
    for _ in part.bytes() {
        left /= 10;
    }
    if left == 0 {
        return Some("0".to_owned());
    }
    let (step, units) = if step == 1024 && left >= 1_024_000 && left % 1000 == 0 {
        left /= 1000;
        (1024, BINARY)
    } else {
        (1000, DECIMAL)
    };
    let mut at = 0;
    while left % step == 0 && at + 1 < units.len() {
        left /= step;
        at += 1;
    }
    Some(format!("{left}{}", units[at]))
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

    #[test]
    fn what_is_read_and_written_again_is_canonical() {
        for (written, again) in [
            ("1.5", "1500m"),
            ("0.5", "500m"),
            ("1000m", "1"),
            ("1500m", "1500m"),
            ("1000", "1k"),
            ("2048Mi", "2Gi"),
            ("1024Gi", "1Ti"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("100M", "100M"),
            ("0", "0"),
            ("1G", "1G"),
            ("many", "many"),
            ("", ""),
        ] {
            assert_eq!(rewritten(written), again, "{written}");
        }
    }
}
