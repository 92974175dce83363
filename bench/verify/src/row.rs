//! One measured figure, printed as a line of JSON; `cargo xtask bench` makes the tables.

use serde_json::json;

/// A figure and what it should be.
pub struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    goal: Option<(f64, &'static str)>,
    note: String,
}

impl Row {
    /// A figure without a goal.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            goal: None,
            note: String::new(),
        }
    }

    /// The figure should be at most this.
    pub fn at_most(self, goal: f64) -> Self {
        Self {
            goal: Some((goal, "lower")),
            ..self
        }
    }

    /// What a reader should know beside the figure.
    pub fn note(self, note: impl Into<String>) -> Self {
        Self {
            note: note.into(),
            ..self
        }
    }

    /// Writes the row to standard output.
    pub fn print(&self) {
        let (goal, better) = self
            .goal
            .map_or((None, "lower"), |(goal, better)| (Some(goal), better));
        let Self {
            name,
            value,
            unit,
            note,
            ..
        } = self;
        println!(
            "{}",
            json!({"name": name, "value": value, "unit": unit, "goal": goal, "better": better, "note": note})
        );
    }
}
