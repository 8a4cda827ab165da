//! Kubernetes quantities, as far as apps take them: cores and bytes, no exponents.
//!
//! A value whose schema says `"format": "quantity"` is in Kubernetes' canonical form when an
//! app gets it: `1500m` for `1.5`, `2Gi` for `2048Mi`.

const UNITS: [(&str, u64); 12] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("Pi", 1 << 50),
    ("Ei", 1 << 60),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("P", 1_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000),
];

/// A CPU quantity in thousandths of a core: `250m`, `2`, `1.5`.
///
/// # Errors
/// When the text is none, for the person who wrote it.
pub fn millicores(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no number of cores such as 250m, 2 or 1.5");
    if let Some(thousandths) = text.strip_suffix('m') {
        return thousandths.parse().map_err(|_| wrong());
    }
    if let Some(thousands) = text.strip_suffix('k') {
        let thousands: u64 = thousands.parse().map_err(|_| wrong())?;
        return thousands.checked_mul(1_000_000).ok_or_else(wrong);
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if part.len() > 3 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<3}").parse().map_err(|_| wrong())?;
    whole
        .checked_mul(1000)
        .and_then(|whole| whole.checked_add(part))
        .ok_or_else(wrong)
}

/// A memory or storage quantity in bytes: `512Mi`, `2Ti`, `2G`, `1000`.
///
/// # Errors
/// When the text is none, for the person who wrote it.
pub fn bytes(text: &str) -> Result<u64, String> {
    let wrong = || format!("\"{text}\" is no number of bytes such as 512Mi or 4Gi");
    let (number, unit) = UNITS
        .iter()
        .find_map(|(suffix, unit)| Some((text.strip_suffix(suffix)?, *unit)))
        .unwrap_or((text, 1));
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(unit).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores() {
        assert_eq!(millicores("250m"), Ok(250));
        assert_eq!(millicores("2"), Ok(2000));
        assert_eq!(millicores("1.5"), Ok(1500));
        assert_eq!(millicores("0.125"), Ok(125));
        assert_eq!(millicores("1k"), Ok(1_000_000));
        for wrong in [
            "",
            "m",
            "two",
            "1.2345",
            "-1",
            "1.x",
            "99999999999999999999",
        ] {
            assert!(millicores(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn memory() {
        assert_eq!(bytes("1Ki"), Ok(1024));
        assert_eq!(bytes("512Mi"), Ok(512 << 20));
        assert_eq!(bytes("2Ti"), Ok(2 << 40));
        assert_eq!(bytes("1Pi"), Ok(1 << 50));
        assert_eq!(bytes("1Ei"), Ok(1 << 60));
        assert_eq!(bytes("1000"), Ok(1000));
        assert_eq!(bytes("500M"), Ok(500_000_000));
        assert_eq!(bytes("7k"), Ok(7_000));
        for wrong in ["", "Gi", "1.5Gi", "1gi", "-1Mi", "99999999999Ti"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
