//! Schedules of cron, as far as Kubernetes takes them from us: numbers, no names.

/// The fields in their order, with the numbers that each takes.
const FIELDS: [(&str, u32, u32); 5] = [
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day of month", 1, 31),
    ("month", 1, 12),
    ("day of week", 0, 6),
];

/// Whether Kubernetes would take a schedule.
///
/// # Errors
/// A sentence about the first field that it wouldn't.
pub(crate) fn check(schedule: &str) -> Result<(), String> {
    let given: Vec<&str> = schedule.split(' ').collect();
    if given.len() != FIELDS.len() {
        return Err(format!(
            "\"{schedule}\" has {} fields, not the five of cron",
            given.len()
        ));
    }
    for (field, (name, least, most)) in given.into_iter().zip(FIELDS) {
        for part in field.split(',') {
            let fits = range(part, least, most).is_some();
            if !fits {
                return Err(format!(
                    "\"{part}\" is no {name}: a number from {least} to {most}, a range such as {least}-{most}, or *, each with a step such as */5"
                ));
            }
        }
    }
    Ok(())
}

/// `*`, `n`, `a-b`, and each with `/step`.
fn range(part: &str, least: u32, most: u32) -> Option<()> {
    let (range, step) = match part.split_once('/') {
        Some((range, step)) => (range, step.parse::<u32>().ok()?),
        None => (part, 1),
    };
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (least, most),
        Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
        None => {
            let one: u32 = range.parse().ok()?;
            (one, one)
        }
    };
    (least <= from && from <= to && to <= most && step > 0).then_some(())
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn schedules() {
        for fine in [
            "* * * * *",
            "*/5 * * * *",
            "*/10 * * * *",
            "0,30 1-5/2 1 12 0",
            "59 23 31 12 6",
        ] {
            assert_eq!(check(fine), Ok(()), "{fine}");
        }
        for wrong in [
            "",
            "* * * *",
            "* * * * * *",
            "60 * * * *",
            "* 24 * * *",
            "* * 0 * *",
            "* * * 13 *",
            "* * * * 7",
            "*/0 * * * *",
            "5-1 * * * *",
            "- * * * *",
            "1,,2 * * * *",
            "** * * * *",
            "*/ * * * *",
            "99999999999 * * * *",
        ] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        assert!(
            check("* 24 * * *")
                .is_err_and(|error| error.starts_with("\"24\" is no hour: a number from 0 to 23"))
        );
    }
}
