//! One measured row, and a table of them.

use serde::{Deserialize, Serialize};

/// A figure and its goal, as a part prints it: one JSON object per line.
#[derive(Debug, Deserialize, Serialize)]
pub struct Row {
    /// What was measured: `client credentials, RS256, SQLite`.
    pub name: String,
    /// The figure.
    pub value: f64,
    /// Its unit: `ns`, `requests per CPU-second`, `MB`.
    pub unit: String,
    /// What it should be, when there is a goal.
    #[serde(default)]
    pub goal: Option<f64>,
    /// Which side of the goal is good.
    #[serde(default)]
    pub better: Better,
    /// Anything a reader should know: the median of how many, the raw limit beside it.
    #[serde(default)]
    pub note: String,
}

/// Which side of the goal is good.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Better {
    /// At most the goal.
    #[default]
    Lower,
    /// At least the goal.
    Higher,
}

impl Row {
    fn verdict(&self) -> &'static str {
        match (self.goal, self.better) {
            (None, _) => "reported",
            (Some(goal), Better::Lower) if self.value <= goal => "met",
            (Some(goal), Better::Higher) if self.value >= goal => "met",
            (Some(_), _) => "MISSED",
        }
    }

    fn goal_text(&self) -> String {
        let sign = match self.better {
            Better::Lower => "<=",
            Better::Higher => ">=",
        };
        self.goal
            .map_or_else(|| "-".to_owned(), |goal| format!("{sign} {}", figure(goal)))
    }
}

/// The rows as a table in plain text.
pub fn render(rows: &[Row]) -> String {
    let head = ["what", "goal", "value", "unit", "verdict", "note"].map(String::from);
    let lines: Vec<[String; 6]> = std::iter::once(head)
        .chain(rows.iter().map(|row| {
            let (value, verdict) = (figure(row.value), row.verdict().to_owned());
            [
                row.name.clone(),
                row.goal_text(),
                value,
                row.unit.clone(),
                verdict,
                row.note.clone(),
            ]
        }))
        .collect();
    let width = |column: usize| {
        lines
            .iter()
            .map(|line| line[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .enumerate()
            .map(|(i, (cell, w))| {
                if i == 1 || i == 2 {
                    format!("{cell:>w$}")
                } else {
                    format!("{cell:<w$}")
                }
            })
            .collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// Four digits are enough to compare by.
fn figure(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_goal_is_met() {
        let row = |value, better| Row {
            name: "x".into(),
            value,
            unit: "ns".into(),
            goal: Some(100.0),
            better,
            note: String::new(),
        };
        assert_eq!(row(100.0, Better::Lower).verdict(), "met");
        assert_eq!(row(101.0, Better::Lower).verdict(), "MISSED");
        assert_eq!(row(101.0, Better::Higher).verdict(), "met");
        assert_eq!(row(99.0, Better::Higher).verdict(), "MISSED");
    }

    #[test]
    fn the_least_a_part_must_print() {
        let row: Row = serde_json::from_str(r#"{"name":"sign","value":3.5,"unit":"us"}"#).expect("a row");
        assert_eq!(row.verdict(), "reported");
        assert!(render(&[row]).contains("sign     -   3.50  us    reported"));
    }
}
