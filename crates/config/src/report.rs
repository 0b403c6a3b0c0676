//! Collects mistakes while a document is read.

use std::cell::RefCell;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, Error};

use crate::{Mistake, Mistakes, Place, Referred, SecretHandle};

/// Whether what secrets refer to is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// It is, and must be there.
    Read,
    /// It is not: nobody connects to anything.
    LeftOut,
}

/// The document being read, what it allows, and what was wrong with it so far.
pub(crate) struct Report<'a> {
    file: &'a str,
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
    /// The secrets that it refers to, so far.
    referred: RefCell<Vec<Referred>>,
    /// Lines that are no TOML: what was made of them says nothing.
    broken_lines: Vec<usize>,
    /// Whether what secrets refer to is read.
    pub secrets: Secrets,
    /// `allow_env_secrets`.
    pub allow_env_secrets: bool,
    /// `insecure` at the top of the document.
    pub insecure: bool,
    /// What travels unencrypted beyond this machine, as `insecure` allows.
    plaintext: RefCell<Vec<String>>,
    /// Whether there is a section `[vault]`.
    pub has_vault: bool,
}

// === impl Report ===

impl<'a> Report<'a> {
    pub fn new(
        file: &'a str,
        text: &'a str,
        root: &DeTable<'_>,
        secrets: Secrets,
        syntax_errors: Vec<Error>,
    ) -> Self {
        let allowed = |name| root.get(name).and_then(|value| value.get_ref().as_bool()).unwrap_or(false);
        let mut report = Self {
            file,
            text,
            mistakes: RefCell::default(),
            referred: RefCell::default(),
            broken_lines: Vec::new(),
            secrets,
            allow_env_secrets: allowed("allow_env_secrets"),
            insecure: allowed("insecure"),
            plaintext: RefCell::default(),
            has_vault: root.get("vault").is_some(),
        };
        for error in syntax_errors {
            let offset = error.span().map_or(0, |span| span.start);
            report.add(offset, error.message().to_owned());
            report.broken_lines.push(report.place(offset).line);
        }
        report
    }

    /// Notes a mistake at a byte of the document.
    pub fn add(&self, offset: usize, message: String) {
        let Place { line, column } = self.place(offset);
        if !self.broken_lines.contains(&line) {
            self.mistakes.borrow_mut().push(Mistake { file: self.file.to_owned(), line, column, message });
        }
    }

    /// Notes that something is missing, unless lines that are no TOML may have held it.
    pub fn add_missing(&self, offset: usize, message: String) {
        if self.broken_lines.is_empty() {
            self.add(offset, message);
        }
    }

    /// Notes what travels unencrypted beyond this machine and is allowed to; twice the same is once.
    pub fn note_plaintext(&self, what: String) {
        let mut plaintext = self.plaintext.borrow_mut();
        if !plaintext.contains(&what) {
            plaintext.push(what);
        }
    }

    /// What was noted so far.
    pub fn plaintext(&self) -> Vec<String> {
        self.plaintext.borrow().clone()
    }

    /// Notes that the document refers to a secret at this byte.
    pub fn refer(&self, offset: usize, handle: SecretHandle) {
        self.referred.borrow_mut().push(Referred { place: self.place(offset), handle });
    }

    /// The secrets that the document refers to, as far as it is read.
    pub fn referred(&self) -> Vec<Referred> {
        self.referred.borrow().clone()
    }

    /// The document's own text within a span.
    pub fn text(&self, span: Range<usize>) -> &'a str {
        self.text.get(span).unwrap_or_default()
    }

    /// A path of the document: relative ones start at the document's folder.
    pub fn path(&self, path: &str) -> PathBuf {
        Path::new(self.file).parent().unwrap_or(Path::new("")).join(path)
    }

    /// What was read, if nothing was wrong.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Mistakes> {
        match (Mistakes::new(self.mistakes.into_inner()), value) {
            (None, Some(value)) => Ok(value),
            (Some(mistakes), _) => Err(mistakes),
            // A reader that gives nothing has noted why; this arm keeps that from being a panic.
            (None, None) => {
                Err(Mistakes::unreadable(self.file, "the configuration is incomplete".to_owned()))
            }
        }
    }

    /// Where a byte is.
    pub fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}
