//! What is wrong with the settings, all of it at once.

use std::fmt;

/// Problems, each under the name of the variable that has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Problems(Vec<(String, String)>);

impl Problems {
    /// Adds one problem of one variable.
    pub fn add(&mut self, variable: &str, problem: impl Into<String>) {
        self.0.push((variable.to_owned(), problem.into()));
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The problems as (variable, problem), sorted by variable.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.0.sort();
        self
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (variable, problem)) in self.0.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write!(f, "  {variable}: {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
