//! Kubernetes' quantities, to be compared.

use std::cmp::Ordering;

/// The order of two quantities such as `20Gi` and `1.5Ti`; none where one isn't a quantity.
pub(super) fn compare(one: &str, other: &str) -> Option<Ordering> {
    value(one)?.partial_cmp(&value(other)?)
}

fn value(quantity: &str) -> Option<f64> {
    let end = quantity
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(quantity.len());
    let (number, suffix) = quantity.split_at(end);
    let scale = match suffix {
        "" => 1.0,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "Ki" => 1024.0,
        "Mi" => 1024f64.powi(2),
        "Gi" => 1024f64.powi(3),
        "Ti" => 1024f64.powi(4),
        "Pi" => 1024f64.powi(5),
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_an_order_whatever_their_unit() {
        for (one, other, order) in [
            ("20Gi", "20Gi", Some(Ordering::Equal)),
            ("1Ti", "1024Gi", Some(Ordering::Equal)),
            ("10Gi", "20Gi", Some(Ordering::Less)),
            ("1.5Gi", "1G", Some(Ordering::Greater)),
            ("500m", "1", Some(Ordering::Less)),
            ("many", "1", None),
            ("1", "1Xi", None),
        ] {
            assert_eq!(compare(one, other), order, "{one} {other}");
        }
    }
}
