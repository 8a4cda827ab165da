//! Medians, ratios and goals.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::measured::Measured;

/// What is wanted of a measurement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// The peer takes at least that many times as long.
    TimesFaster(f64),
    /// We take at most that many times as long as the peer.
    TimesAtMost(f64),
    /// Our own figure is at most that.
    AtMost(f64),
    /// None: it is there to be known.
    Known,
}

/// The goals by measurement. What isn't here is measured to be known.
pub(crate) const GOALS: [(&str, Goal); 15] = [
    ("B1.minijinja", Goal::TimesAtMost(2.5)),
    ("B1.jinja2", Goal::TimesFaster(1.0)),
    ("B2.helm", Goal::TimesFaster(20.0)),
    ("B2.kustomize", Goal::TimesFaster(20.0)),
    ("B2.kubectl", Goal::TimesFaster(20.0)),
    ("B2.validate", Goal::AtMost(100.0)),
    ("B3.cold", Goal::TimesFaster(20.0)),
    ("B3.warm", Goal::TimesFaster(100.0)),
    // Time per instance may not grow with their number; a fifth is the machine's.
    ("B3.linear", Goal::AtMost(1.2)),
    ("B3.memory", Goal::AtMost(500.0)),
    ("B3.memory-warm", Goal::AtMost(500.0)),
    ("B4.calls", Goal::AtMost(50.0)),
    ("B5.calls", Goal::AtMost(10.0)),
    ("B6.each", Goal::TimesFaster(20.0)),
    ("B6.once", Goal::TimesFaster(1.0)),
];

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimesFaster(times) if *times <= 1.0 => f.write_str("faster"),
            Self::TimesFaster(times) => write!(f, "≥ {times} times faster"),
            Self::TimesAtMost(times) => write!(f, "≤ {times} times the peer"),
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::Known => f.write_str("-"),
        }
    }
}

/// A measurement held against its goal.
#[derive(Debug)]
pub(crate) struct Verdict {
    measured: Measured,
    goal: Goal,
    /// Peer over ours, or ours over peer where the goal reads so; the median over rounds,
    /// in each of which both ran one after the other.
    ratio: Option<f64>,
    reached: Option<bool>,
}

impl Verdict {
    /// Judges.
    pub(crate) fn of(measured: Measured) -> Self {
        let goal = GOALS
            .iter()
            .find(|(id, _)| *id == measured.id)
            .map_or(Goal::Known, |(_, goal)| *goal);
        Self::against(goal, measured)
    }

    fn against(goal: Goal, measured: Measured) -> Self {
        let ratio = measured.peer.as_ref().map(|peer| {
            let ratios: Vec<f64> = measured
                .ours
                .iter()
                .zip(&peer.values)
                .map(|(ours, theirs)| match goal {
                    Goal::TimesAtMost(_) => ours / theirs,
                    _ => theirs / ours,
                })
                .collect();
            Spread::of(&ratios).median
        });
        let reached = match (goal, ratio) {
            (Goal::TimesFaster(times), Some(ratio)) => Some(ratio >= times),
            (Goal::TimesAtMost(times), Some(ratio)) => Some(ratio <= times),
            (Goal::AtMost(most), _) => Some(Spread::of(&measured.ours).median <= most),
            _ => None,
        };
        Self {
            measured,
            goal,
            ratio,
            reached,
        }
    }
}

/// A series in three figures.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Spread {
    min: f64,
    median: f64,
    max: f64,
}

impl Spread {
    /// Not a number for an empty series.
    fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
        let last = sorted.len().saturating_sub(1);
        Self {
            min: at(0),
            median: (at(last / 2) + at(sorted.len() / 2)) / 2.0,
            max: at(last),
        }
    }

    fn json(self, unit: &str, rounds: usize) -> Value {
        json!({ "median": self.median, "min": self.min, "max": self.max, "unit": unit, "rounds": rounds })
    }
}

/// All verdicts as one document.
pub(crate) fn json(verdicts: &[Verdict]) -> Value {
    let benches: Vec<Value> = verdicts
        .iter()
        .map(|verdict| {
            let Measured {
                id,
                what,
                unit,
                ours,
                peer,
            } = &verdict.measured;
            let peer = peer.as_ref().map(|peer| {
                let mut figures = Spread::of(&peer.values).json(unit, peer.values.len());
                figures["name"] = json!(peer.name);
                figures
            });
            json!({
                "id": id, "what": what,
                "ours": Spread::of(ours).json(unit, ours.len()),
                "peer": peer, "ratio": verdict.ratio,
                "goal": match verdict.goal { Goal::Known => Value::Null, goal => json!(goal.to_string()) },
                "reached": verdict.reached,
            })
        })
        .collect();
    json!({ "format": 1, "benches": benches })
}

/// All verdicts for people: what was measured, then a line a figure.
pub(crate) fn text(verdicts: &[Verdict]) -> String {
    let mut text = String::new();
    let mut said = "";
    for verdict in verdicts {
        let Measured {
            id,
            what,
            unit,
            ours,
            peer,
        } = &verdict.measured;
        if said != what {
            let _ = writeln!(text, "\n{what}");
            said = what;
        }
        let figure = |values: &[f64]| {
            let Spread { min, median, max } = Spread::of(values);
            match values.len() {
                1 => format!("{} {unit}", short(median)),
                _ => format!(
                    "{} {unit} ({} to {})",
                    short(median),
                    short(min),
                    short(max)
                ),
            }
        };
        let _ = write!(text, "  {id:<16} ours {}", figure(ours));
        if let Some(peer) = peer {
            let _ = write!(text, "; {} {}", peer.name, figure(&peer.values));
        }
        if let Some(ratio) = verdict.ratio {
            let _ = write!(text, "; ratio {}", short(ratio));
        }
        let reached = match verdict.reached {
            Some(true) => "reached",
            Some(false) => "NOT reached",
            None => "no goal",
        };
        let _ = match verdict.goal {
            Goal::Known => writeln!(text),
            goal => writeln!(text, "; goal {goal}: {reached}"),
        };
    }
    text
}

/// Three significant digits are all that a measurement has.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::measured::{self, Peer};

    fn measured(id: &str, ours: &[f64], peer: Option<&[f64]>) -> Measured {
        Measured {
            id: id.to_owned(),
            what: "a thing".to_owned(),
            unit: "ms".to_owned(),
            ours: ours.to_vec(),
            peer: peer.map(|values| Peer {
                name: "a peer".to_owned(),
                values: values.to_vec(),
            }),
        }
    }

    #[test]
    fn a_series_is_its_least_middle_and_most() {
        let spread = |values: &[f64]| {
            let Spread { min, median, max } = Spread::of(values);
            (min, median, max)
        };
        assert_eq!(spread(&[3.0, 1.0, 2.0]), (1.0, 2.0, 3.0));
        assert_eq!(spread(&[4.0, 1.0, 2.0, 3.0]), (1.0, 2.5, 4.0));
        assert_eq!(spread(&[7.0]), (7.0, 7.0, 7.0));
        assert!(Spread::of(&[]).median.is_nan());
    }

    #[test]
    fn a_ratio_is_taken_round_by_round() {
        // One slow round of both sides moves neither.
        let verdict = Verdict::against(
            Goal::TimesFaster(20.0),
            measured("x", &[1.0, 100.0, 1.0], Some(&[30.0, 2500.0, 22.0])),
        );
        assert_eq!((verdict.ratio, verdict.reached), (Some(25.0), Some(true)));
    }

    #[test]
    fn goals_are_reached_or_not() {
        for (goal, ours, theirs, ratio, reached) in [
            (Goal::TimesFaster(20.0), 1.0, 19.0, 19.0, Some(false)),
            (Goal::TimesFaster(1.0), 1.0, 1.5, 1.5, Some(true)),
            (Goal::TimesAtMost(2.5), 5.0, 2.0, 2.5, Some(true)),
            (Goal::TimesAtMost(2.5), 6.0, 2.0, 3.0, Some(false)),
            (Goal::Known, 1.0, 2.0, 2.0, None),
        ] {
            let verdict = Verdict::against(goal, measured("x", &[ours], Some(&[theirs])));
            assert_eq!((verdict.ratio, verdict.reached), (Some(ratio), reached));
        }
        let alone = |value| Verdict::against(Goal::AtMost(50.0), measured("x", &[value], None));
        assert_eq!(alone(50.0).reached, Some(true));
        assert_eq!(alone(51.0).reached, Some(false));
        // Without its peer a goal is neither.
        let verdict = Verdict::against(Goal::TimesFaster(2.0), measured("x", &[1.0], None));
        assert_eq!((verdict.ratio, verdict.reached), (None, None));
    }

    #[test]
    fn verdicts_are_shown_to_people_and_to_machines() {
        let line = br#"{"id":"B1.jinja2","what":"acme/odoo","unit":"ms","ours":[2.0,4.0],"peer":{"name":"Jinja2","values":[4.0,10.0]}}"#;
        let mut verdicts: Vec<Verdict> = measured::read(line)
            .expect("a measurement")
            .into_iter()
            .map(Verdict::of)
            .collect();
        verdicts.push(Verdict::of(measured("B3.memory", &[612.0], None)));
        assert_eq!(
            text(&verdicts),
            "\nacme/odoo\n  B1.jinja2        ours 3.00 ms (2.00 to 4.00); Jinja2 7.00 ms (4.00 to 10.0); ratio 2.25; goal faster: reached\n\
             \na thing\n  B3.memory        ours 612 ms; goal ≤ 500: NOT reached\n"
        );
        let document = json(&verdicts);
        assert_eq!(document["format"], 1);
        assert_eq!(document["benches"][0]["ratio"], 2.25);
        assert_eq!(document["benches"][0]["ours"]["median"], 3.0);
        assert_eq!(document["benches"][0]["peer"]["name"], "Jinja2");
        assert_eq!(document["benches"][1]["peer"], Value::Null);
        assert_eq!(document["benches"][1]["reached"], false);
    }

    #[test]
    fn what_is_no_measurement_is_shown() {
        let error = measured::read(b"oh\n").expect_err("no JSON");
        assert_eq!(error.to_string(), "no measurement: oh");
    }
}
