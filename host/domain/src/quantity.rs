//! Kubernetes' quantities: read, compared, and written in their canonical form.
//!
//! Whoever reads an object into Kubernetes' own types and writes it again, as the webhooks of
//! operators do, writes its quantities in that form: `1500m` for `1.5`, `2Gi` for `2048Mi`.
//! Where another form stands in git, Argo CD sees a difference that no sync takes away.

use std::cmp::Ordering;
use std::fmt;

/// How many digits a number may have, on either side of its point.
const DIGITS: usize = 20;
/// The smallest part that Kubernetes counts: a thousand-millionth.
const NANO: i32 = 9;
const UNIT: u128 = 1_000_000_000;
/// The most that Kubernetes lets a binary quantity be, in units.
const MOST_BINARY: u128 = i64::MAX as u128;

const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

/// How a quantity was written, and is written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `500m`, `1`, `2G`.
    Decimal,
    /// `2Gi`.
    Binary,
    /// `2e3`.
    Exponent,
}

/// A quantity of anything: cores, bytes, pods. None is negative.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    /// How much, in thousand-millionths.
    nano: u128,
    form: Form,
}

impl Quantity {
    /// Reads what Kubernetes reads, without a sign: digits, a point if any, and `n`, `u`, `m`,
    /// `k`, `M`, `G`, `T`, `P`, `E`, `Ki` to `Ei`, or an exponent such as `e3`. None: it is no
    /// quantity, or larger than any cluster.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if part.contains('.')
            || whole.len() + part.len() == 0
            || whole.len() > DIGITS
            || part.len() > DIGITS
        {
            return None;
        }
        let part = part.trim_end_matches('0');
        let digits: u128 = format!("0{whole}{part}").parse().ok()?;
        let (form, twos, tens) = scale(suffix)?;
        let tens = tens + NANO - i32::try_from(part.len()).ok()?;
        let digits = digits.checked_mul(1 << twos)?;
        let power = 10u128.checked_pow(tens.unsigned_abs());
        let mut nano = match (tens >= 0, power) {
            (true, Some(power)) => digits.checked_mul(power)?,
            (true, None) => (digits == 0).then_some(0)?,
            // What is finer is rounded up: who wants something gets something.
            (false, Some(power)) => digits.div_ceil(power),
            (false, None) => u128::from(digits > 0),
        };
        if form == Form::Binary {
            nano = nano.min(MOST_BINARY * UNIT);
        }
        Some(Self { nano, form })
    }

    /// How much in whole units (bytes, cores), rounded up; what no number holds is as much as
    /// one can.
    #[must_use]
    pub fn units(&self) -> u64 {
        u64::try_from(self.nano.div_ceil(UNIT)).unwrap_or(u64::MAX)
    }

    /// How much in thousandths of a unit, likewise.
    #[must_use]
    pub fn thousandths(&self) -> u64 {
        u64::try_from(self.nano.div_ceil(UNIT / 1000)).unwrap_or(u64::MAX)
    }
}

/// What a suffix stands for: the form, a power of two, and one of ten.
fn scale(suffix: &str) -> Option<(Form, u32, i32)> {
    if let Some((_, tens)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((Form::Decimal, 0, *tens));
    }
    if let Some(index) = BINARY.iter().position(|known| *known == suffix) {
        return Some((Form::Binary, 10 * u32::try_from(index).ok()?, 0));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let is_short = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    is_short.then_some((Form::Exponent, 0, exponent.parse().ok()?))
}

impl fmt::Display for Quantity {
    /// The canonical form: nothing lost, no point, the unit as large as possible.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mut nano, form } = *self;
        if nano == 0 {
            return f.write_str("0");
        }
        if form == Form::Binary && nano >= 1024 * UNIT && nano.is_multiple_of(UNIT) {
            let mut units = nano / UNIT;
            let mut index = 0;
            while index + 1 < BINARY.len() && units.is_multiple_of(1024) {
                units /= 1024;
                index += 1;
            }
            return write!(f, "{units}{}", BINARY[index]);
        }
        let mut tens = -NANO;
        while nano.is_multiple_of(10) {
            nano /= 10;
            tens += 1;
        }
        while tens.rem_euclid(3) != 0 {
            nano *= 10;
            tens -= 1;
        }
        let suffix = DECIMAL.iter().find(|(_, known)| *known == tens);
        match suffix {
            Some((suffix, _)) if form != Form::Exponent || suffix.is_empty() => {
                write!(f, "{nano}{suffix}")
            }
            _ => write!(f, "{nano}e{tens}"),
        }
    }
}

impl PartialEq for Quantity {
    /// As much, however it was written.
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

/// The canonical form of a text; none where it is no quantity.
#[must_use]
pub fn canonical(text: &str) -> Option<String> {
    Quantity::parse(text).map(|quantity| quantity.to_string())
}

/// The order of two quantities such as `20Gi` and `1.5Ti`; none where one isn't a quantity.
#[must_use]
pub fn compare(one: &str, other: &str) -> Option<Ordering> {
    Some(Quantity::parse(one)?.cmp(&Quantity::parse(other)?))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// What Kubernetes' own `resource.Quantity` makes of each.
    const CANONICAL: &[(&str, &str)] = &[
        ("1.5", "1500m"),
        ("0.5", "500m"),
        (".5", "500m"),
        ("5.", "5"),
        ("500m", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1", "1"),
        ("01", "1"),
        ("0", "0"),
        ("0.0", "0"),
        ("0Gi", "0"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("100000", "100k"),
        ("1.2345", "1234500u"),
        ("0.1234567891", "123456790n"),
        ("0.9n", "1n"),
        ("1000k", "1M"),
        ("1500M", "1500M"),
        ("1.5G", "1500M"),
        ("1000E", "1e21"),
        ("1024", "1024"),
        ("2048Mi", "2Gi"),
        ("1024Gi", "1Ti"),
        ("1024Ki", "1Mi"),
        ("1536Mi", "1536Mi"),
        ("1.5Gi", "1536Mi"),
        ("1.5Ki", "1536"),
        ("0.5Ki", "512"),
        ("1Ki", "1Ki"),
        ("1.3Ki", "1331200m"),
        ("1048576Ki", "1Gi"),
        ("1024Pi", "1Ei"),
        ("8Ei", "9223372036854775807"),
        ("1e3", "1e3"),
        ("12E2", "1200"),
        ("1200e0", "1200"),
        ("1e-1", "100e-3"),
    ];

    #[test]
    fn the_canonical_form_is_kubernetes_own_and_stays() {
        for (text, wanted) in CANONICAL {
            let found = canonical(text).unwrap();
            assert_eq!(found, *wanted, "{text}");
            assert_eq!(canonical(&found).unwrap(), found, "{text}");
            assert_eq!(
                compare(text, &found),
                Some(Ordering::Equal),
                "{text} {found}"
            );
        }
    }

    #[test]
    fn what_is_no_quantity_is_none() {
        for text in [
            "",
            ".",
            "m",
            "Gi",
            "1gi",
            "1Xi",
            "-1",
            "+1",
            "1 Gi",
            "1.2.3",
            "1e",
            "1e+",
            "1e999",
            "1ee3",
            "many",
            "1Gi ",
            "٣",
            "999999999999999999999",
        ] {
            assert!(Quantity::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn quantities_have_an_order_whatever_their_unit() {
        for (one, other, order) in [
            ("20Gi", "20Gi", Some(Ordering::Equal)),
            ("1Ti", "1024Gi", Some(Ordering::Equal)),
            ("10Gi", "20Gi", Some(Ordering::Less)),
            ("1.5Gi", "1G", Some(Ordering::Greater)),
            ("500m", "1", Some(Ordering::Less)),
            (
                "9007199254740993",
                "9007199254740992",
                Some(Ordering::Greater),
            ),
            ("many", "1", None),
            ("1", "1Xi", None),
        ] {
            assert_eq!(compare(one, other), order, "{one} {other}");
        }
    }

    #[test]
    fn counts_are_rounded_up_and_end_at_the_largest() {
        let parse = |text| Quantity::parse(text).unwrap();
        assert_eq!(parse("1.5").units(), 2);
        assert_eq!(parse("2Gi").units(), 2 << 30);
        assert_eq!(parse("1.5").thousandths(), 1500);
        assert_eq!(parse("1u").thousandths(), 1);
        assert_eq!(parse("999999999999999T").units(), u64::MAX);
    }
}
