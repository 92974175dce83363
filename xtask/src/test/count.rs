//! Reads how many tests passed and failed from what each runner prints.
//!
//! A test that was ignored or skipped counts as failed: this project skips nothing in silence.

use std::ops::AddAssign;

/// Passed and failed tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Whose output is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// No tests inside: the command as a whole passes or fails.
    Whole,
    /// `cargo test`.
    Cargo,
    /// `node --test --test-reporter=spec`.
    Node,
    /// `python -m unittest`.
    Python,
    /// `python -m pytest`.
    Pytest,
    /// `go test -v`.
    Go,
}

impl Runner {
    /// What one line of output adds to the count.
    pub fn line(self, line: &str) -> Count {
        match self {
            Self::Whole => Count::default(),
            Self::Cargo => cargo(line),
            Self::Node => node(line),
            Self::Python => python(line),
            Self::Pytest => pytest(line),
            Self::Go => go(line),
        }
    }

    /// The count of a finished command: an exit code that contradicts the printed count is one more failure.
    pub fn settle(self, printed: Count, success: bool) -> Count {
        match (self, success) {
            (Self::Whole, true) => Count { passed: 1, failed: 0 },
            (_, false) if printed.failed == 0 => Count { failed: 1, ..printed },
            (_, true) if printed == Count::default() => {
                // A runner that found no test at all has checked nothing.
                Count { passed: 0, failed: 1 }
            }
            // `Ran 3 tests` includes those that failed.
            (Self::Python, _) => Count {
                passed: printed.passed.saturating_sub(printed.failed),
                ..printed
            },
            _ => printed,
        }
    }
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`
fn cargo(line: &str) -> Count {
    let Some(result) = line.trim_start().strip_prefix("test result: ") else {
        return Count::default();
    };
    let result = result.split_once(". ").map_or("", |(_, counts)| counts);
    let mut count = Count::default();
    for part in result.split("; ") {
        match part.split_once(' ').map(|(n, word)| (n.parse::<u64>(), word)) {
            Some((Ok(n), "passed")) => count.passed += n,
            Some((Ok(n), "failed" | "ignored")) => count.failed += n,
            _ => {}
        }
    }
    count
}

/// `ℹ pass 5` (spec reporter) or `# pass 5` (TAP).
fn node(line: &str) -> Count {
    let mut words = line.split_whitespace();
    let (Some("ℹ" | "#"), Some(word), Some(Ok(n)), None) = (
        words.next(),
        words.next(),
        words.next().map(str::parse::<u64>),
        words.next(),
    ) else {
        return Count::default();
    };
    match word {
        "pass" => Count { passed: n, failed: 0 },
        "fail" | "cancelled" | "skipped" | "todo" => Count { passed: 0, failed: n },
        _ => Count::default(),
    }
}

/// `Ran 3 tests in 0.1s`, then `OK`, `OK (skipped=1)` or `FAILED (failures=1, errors=2)`.
fn python(line: &str) -> Count {
    if let Some(n) = line
        .strip_prefix("Ran ")
        .and_then(|rest| rest.split(' ').next()?.parse().ok())
    {
        return Count { passed: n, failed: 0 };
    }
    let Some(reasons) = line
        .strip_prefix("OK (")
        .or_else(|| line.strip_prefix("FAILED ("))
    else {
        return Count::default();
    };
    let bad = reasons
        .trim_end_matches(')')
        .split(", ")
        .filter_map(|r| r.split_once('=')?.1.parse::<u64>().ok())
        .sum();
    Count {
        passed: 0,
        failed: bad,
    }
}

/// `4 passed, 1 failed, 2 skipped in 0.50s`, alone or between `=` signs.
fn pytest(line: &str) -> Count {
    let line = line.trim_matches(['=', ' ']);
    let Some((counts, _)) = line
        .split_once(" in ")
        .filter(|(_, time)| time.starts_with(|c: char| c.is_ascii_digit()))
    else {
        return Count::default();
    };
    let mut count = Count::default();
    for part in counts.split(", ") {
        match part.split_once(' ').map(|(n, word)| (n.parse::<u64>(), word)) {
            Some((Ok(n), "passed")) => count.passed += n,
            Some((Ok(n), "failed" | "error" | "errors" | "skipped" | "xfailed" | "xpassed")) => {
                count.failed += n;
            }
            _ => {}
        }
    }
    count
}

/// `--- PASS: TestName (0.00s)`, indented for a test inside a test.
fn go(line: &str) -> Count {
    match line
        .trim_start()
        .strip_prefix("--- ")
        .and_then(|rest| rest.split(':').next())
    {
        Some("PASS") => Count { passed: 1, failed: 0 },
        Some("FAIL" | "SKIP") => Count { passed: 0, failed: 1 },
        _ => Count::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(runner: Runner, text: &str) -> Count {
        let mut count = Count::default();
        for line in text.lines() {
            count += runner.line(line);
        }
        count
    }

    #[test]
    fn cargo_lines_add_up_and_ignored_is_failed() {
        let text = "running 5 tests\ntest result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n\
                    test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s";
        assert_eq!(read(Runner::Cargo, text), Count { passed: 7, failed: 2 });
    }

    #[test]
    fn node_reads_both_reporters_and_skipped_is_failed() {
        let spec = "✔ logs in (12ms)\nℹ tests 3\nℹ pass 2\nℹ fail 0\nℹ skipped 1\nℹ duration_ms 12.5";
        assert_eq!(read(Runner::Node, spec), Count { passed: 2, failed: 1 });
        assert_eq!(
            read(Runner::Node, "# tests 3\n# pass 3\n# fail 0"),
            Count { passed: 3, failed: 0 }
        );
    }

    #[test]
    fn python_counts_what_ran_less_what_went_wrong() {
        assert_eq!(
            read(Runner::Python, "Ran 3 tests in 0.1s\n\nOK"),
            Count { passed: 3, failed: 0 }
        );
        let failed = read(
            Runner::Python,
            "Ran 7 tests in 0.1s\n\nFAILED (failures=1, errors=2)",
        );
        assert_eq!(
            Runner::Python.settle(failed, false),
            Count { passed: 4, failed: 3 }
        );
    }

    #[test]
    fn pytest_and_go_are_read_and_skipped_is_failed() {
        for text in [
            "...\n3 passed, 1 skipped in 0.10s",
            "=== 1 failed, 3 passed in 61.20s (0:01:01) ===",
        ] {
            assert_eq!(
                read(Runner::Pytest, text),
                Count { passed: 3, failed: 1 },
                "{text}"
            );
        }
        assert_eq!(
            read(Runner::Pytest, "waited in vain for 3 passed, it seems"),
            Count::default()
        );
        let text = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/b (0.00s)\n--- SKIP: TestC (0.00s)";
        assert_eq!(read(Runner::Go, text), Count { passed: 2, failed: 1 });
    }

    #[test]
    fn an_exit_code_outranks_what_was_printed() {
        let none = Count::default();
        assert_eq!(Runner::Whole.settle(none, true), Count { passed: 1, failed: 0 });
        assert_eq!(Runner::Whole.settle(none, false), Count { passed: 0, failed: 1 });
        assert_eq!(
            Runner::Cargo.settle(Count { passed: 4, failed: 0 }, false),
            Count { passed: 4, failed: 1 }
        );
        assert_eq!(Runner::Node.settle(none, true), Count { passed: 0, failed: 1 });
    }
}
