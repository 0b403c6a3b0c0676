//! Everything that is wrong with a configuration, said in one go.

use std::fmt;

/// One mistake, with its place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mistake {
    /// File, as given on the command line.
    pub file: String,
    /// Line, from 1; 0 when the file itself cannot be read.
    pub line: usize,
    /// Column in characters, from 1; 0 when the file itself cannot be read.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// All mistakes of a configuration, in the order of the file; never empty.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Mistakes(Vec<Mistake>);

/// The exit code for a bad configuration: `EX_USAGE` of sysexits.h.
pub const EXIT_CODE: u8 = 64;

// === impl Mistakes ===

impl Mistakes {
    /// `None` when there are none.
    pub fn new(mut mistakes: Vec<Mistake>) -> Option<Self> {
        mistakes.sort();
        mistakes.dedup();
        if mistakes.is_empty() { None } else { Some(Self(mistakes)) }
    }

    /// A single one.
    pub fn one(mistake: Mistake) -> Self {
        Self(vec![mistake])
    }

    /// A file that cannot be read at all.
    pub(crate) fn unreadable(file: &str, message: String) -> Self {
        Self::one(Mistake { file: file.to_owned(), line: 0, column: 0, message })
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = &Mistake> {
        self.0.iter()
    }

    /// How many; at least 1.
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, mistake) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(formatter)?;
            }
            write!(formatter, "{mistake}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, message } = self;
        match line {
            0 => write!(formatter, "{file}: {message}"),
            _ => write!(formatter, "{file}:{line}:{column} {message}"),
        }
    }
}
