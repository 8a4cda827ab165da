//! Plain scalars of YAML: nothing, true or false, numbers, and else text.

use serde_json::Number;

use super::node::Content;

/// A plain scalar by the core schema of YAML 1.2 (§10.3.2), less what JSON can't hold.
pub(super) fn resolve(text: &str) -> Result<Content, (String, &'static str)> {
    const QUOTE: &str = "put it in double quotes if it is text";
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Content::Null),
        "true" | "True" | "TRUE" => return Ok(Content::Bool(true)),
        "false" | "False" | "FALSE" => return Ok(Content::Bool(false)),
        ".nan" | ".NaN" | ".NAN" => {
            return Err((format!("{text} is no number that can be used"), QUOTE));
        }
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Err((format!("{text} is no number that can be used"), QUOTE));
    }
    let too_large = || (format!("the number {text} is too large"), QUOTE);
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = text.strip_prefix(prefix)
            && !digits.is_empty()
            && digits.chars().all(|c| c.is_digit(radix))
        {
            return u64::from_str_radix(digits, radix)
                .map(|number| Content::Number(number.into()))
                .map_err(|_| too_large());
        }
    }
    if !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit()) {
        if unsigned.len() > 1 && unsigned.starts_with('0') {
            return Err((format!("the number {text} begins with a zero"), QUOTE));
        }
        return match text.strip_prefix('+').unwrap_or(text).parse::<i64>() {
            Ok(number) => Ok(Content::Number(number.into())),
            Err(_) => text
                .parse::<u64>()
                .map(|number| Content::Number(number.into()))
                .map_err(|_| too_large()),
        };
    }
    if is_float(unsigned) {
        return text
            .parse::<f64>()
            .ok()
            .and_then(Number::from_f64)
            .map(Content::Number)
            .ok_or_else(too_large);
    }
    Ok(Content::Text(text.to_owned()))
}

fn is_float(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fine_mantissa = match mantissa.split_once('.') {
        Some((whole, part)) => {
            digits(whole) && digits(part) && !(whole.is_empty() && part.is_empty())
        }
        None => !mantissa.is_empty() && digits(mantissa),
    };
    let fine_exponent = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    fine_mantissa && fine_exponent
}
