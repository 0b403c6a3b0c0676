//! Reads one table of the document field by field and notes every mistake in it.
//!
//! A reader asks for each of its fields once, required or with a default, and builds its type at the end;
//! whatever is wrong was noted on the way, so one mistake hides no other. Fields nobody asked for are
//! unknown.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::report::Report;
use crate::suggest::did_you_mean;
use crate::{Place, Referred};

/// A table being read; an absent one reads as empty.
pub(crate) struct Section<'a> {
    report: &'a Report<'a>,
    /// What messages call it, for instance `target 'sap'`; empty for the whole document.
    title: String,
    /// Its own name in the document, for instance `sap`.
    name: &'a str,
    table: Option<&'a DeTable<'a>>,
    /// Where it begins, for what is missing in it.
    offset: usize,
    /// Fields asked for so far.
    known: RefCell<Vec<&'static str>>,
    /// Set when what decides which fields there are is wrong itself.
    any_field: Cell<bool>,
}

/// A value being read.
pub(crate) struct Value<'a> {
    pub report: &'a Report<'a>,
    pub spanned: &'a Spanned<DeValue<'a>>,
    /// Whether its section allows what travels unencrypted beyond this machine.
    pub insecure: bool,
}

/// Why a value was refused: the end of a sentence that begins with the field's name.
pub(crate) struct Problem {
    message: String,
    /// The byte concerned, where it is not the value's first.
    offset: Option<usize>,
}

/// What a reader of a value returns.
pub(crate) type Read<T> = Result<T, Problem>;

// === impl Section ===

impl<'a> Section<'a> {
    /// Reads a whole document.
    pub fn document<T>(report: &'a Report<'a>, table: &'a DeTable<'a>, read: impl FnOnce(&Self) -> T) -> T {
        Self::new(report, String::new(), "", Some(table), 0).read(read)
    }

    /// Its own name in the document.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// What messages call it, for instance `target 'sap'`.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Where it begins.
    pub fn place(&self) -> Place {
        self.report.place(self.offset)
    }

    /// A field that must be there.
    pub fn required<T>(&self, field: &'static str, read: impl FnOnce(&Value<'a>) -> Read<T>) -> Option<T> {
        if self.get(field).is_none() {
            self.report.add_missing(self.offset, self.titled(format!("field '{field}' is missing")));
        }
        self.optional(field, read)
    }

    /// A field that may be there.
    pub fn optional<T>(&self, field: &'static str, read: impl FnOnce(&Value<'a>) -> Read<T>) -> Option<T> {
        self.known.borrow_mut().push(field);
        let value = self.value(self.get(field)?);
        self.settle(field, &value, read(&value))
    }

    /// A field's value where it is there and right, without a note where it is not: to decide by it before it is read.
    pub fn known_value<T>(&self, field: &str, read: impl FnOnce(&Value<'a>) -> Read<T>) -> Option<T> {
        read(&self.value(self.get(field)?)).ok()
    }

    /// A field with a default.
    pub fn or<T>(&self, field: &'static str, read: impl FnOnce(&Value<'a>) -> Read<T>, default: T) -> T {
        self.optional(field, read).unwrap_or(default)
    }

    /// A field whose default is itself read: by the report and the byte where this table begins.
    pub fn or_read<T>(
        &self,
        field: &'static str,
        read: impl FnOnce(&Value<'a>) -> Read<T>,
        default: impl FnOnce(&Report<'a>, usize) -> Read<T>,
    ) -> Option<T> {
        if self.has(field) {
            return self.optional(field, read);
        }
        self.known.borrow_mut().push(field);
        let read = default(self.report, self.offset);
        read.map_err(|problem| {
            let message = format!("field '{field}' is missing, and its default {}", problem.message);
            self.report.add_missing(self.offset, self.titled(message));
        })
        .ok()
    }

    /// The secrets that the document refers to, as far as it is read.
    pub fn referred(&self) -> Vec<Referred> {
        self.report.referred()
    }

    /// Whether a field is there, whatever it is.
    pub fn has(&self, field: &str) -> bool {
        self.get(field).is_some()
    }

    /// Reads `insecure` of a section that has it: what travels unencrypted beyond this machine is allowed here. At the
    /// top of the document it allows that everywhere.
    pub fn reads_insecure(&self) -> bool {
        let boolean = |value: &Value<'a>| {
            value.spanned.get_ref().as_bool().ok_or_else(|| value.must_be("true or false"))
        };
        self.optional("insecure", boolean);
        self.is_insecure()
    }

    /// Whether this section, or the document, allows what travels unencrypted beyond this machine.
    fn is_insecure(&self) -> bool {
        self.report.insecure || self.get("insecure").and_then(|value| value.get_ref().as_bool()) == Some(true)
    }

    /// Notes what travels unencrypted beyond this machine and is allowed to, for a warning.
    pub fn note_plaintext(&self, what: String) {
        self.report.note_plaintext(what);
    }

    /// What was noted so far.
    pub fn plaintext(&self) -> Vec<String> {
        self.report.plaintext()
    }

    fn value(&self, spanned: &'a Spanned<DeValue<'a>>) -> Value<'a> {
        Value { report: self.report, spanned, insecure: self.is_insecure() }
    }

    /// Notes what is wrong with a field in the light of others.
    pub fn refuse(&self, field: &str, message: &str) {
        let offset = self.get(field).map_or(self.offset, |value| value.span().start);
        self.report.add(offset, self.titled(message.to_owned()));
    }

    /// The same, about something deep in it: at the last name or element of a path that is there.
    pub fn refuse_at(&self, path: &[&str], message: &str) {
        let mut offset = self.offset;
        let mut table = self.table;
        let mut array = None;
        for step in path {
            let value = match (table, array) {
                (Some(table), _) => match table.get_key_value(*step) {
                    Some((key, value)) => {
                        offset = key.span().start;
                        value
                    }
                    None => break,
                },
                (None, Some(array)) => {
                    let elements: &toml::de::DeArray<'_> = array;
                    match step.parse().ok().and_then(|index: usize| elements.get(index)) {
                        Some(value) => {
                            offset = value.span().start;
                            value
                        }
                        None => break,
                    }
                }
                (None, None) => break,
            };
            table = value.get_ref().as_table();
            array = value.get_ref().as_array();
        }
        self.report.add(offset, self.titled(message.to_owned()));
    }

    /// Takes any further field as known: what decides which fields there are is wrong itself.
    pub fn allow_any_field(&self) {
        self.any_field.set(true);
    }

    /// A table within this one.
    pub fn table<T>(&self, field: &'static str, read: impl FnOnce(&Section<'a>) -> T) -> T {
        self.known.borrow_mut().push(field);
        let title = format!("{} {field}", self.title).trim_start().to_owned();
        let found = self.entry(field).and_then(|(key, value)| Some((key, self.as_table(field, value)?)));
        match found {
            Some((key, table)) => {
                Section::new(self.report, title, field, Some(table), key.span().start).read(read)
            }
            None => Section::new(self.report, title, field, None, self.offset).read(read),
        }
    }

    /// A table within this one that may be absent.
    pub fn table_if_there<T>(&self, field: &'static str, read: impl FnOnce(&Section<'a>) -> T) -> Option<T> {
        let there = self.has(field);
        let read = self.table(field, read);
        there.then_some(read)
    }

    /// Whether a field is a table.
    pub fn is_table(&self, field: &str) -> bool {
        self.get(field).is_some_and(|value| value.get_ref().is_table())
    }

    /// Tables by names that the user chose, such as `[targets.NAME]`; `noun` is what messages call one.
    pub fn named_tables<T>(
        &self,
        field: &'static str,
        noun: &str,
        read: impl Fn(&Section<'a>) -> Option<T>,
    ) -> BTreeMap<String, T> {
        self.known.borrow_mut().push(field);
        let mut tables = BTreeMap::new();
        let entries = self.get(field).and_then(|value| self.as_table(field, value)).into_iter().flatten();
        for (key, value) in entries {
            let (name, offset) = (key.get_ref().as_ref(), key.span().start);
            let title = format!("{noun} '{name}'");
            if !is_name(name) {
                let rule = "names are lower-case letters, digits, '-' and '_'";
                self.report.add(offset, format!("{title}: {rule}"));
            }
            if let Some(table) = self.as_table(name, value)
                && let Some(read) = Section::new(self.report, title, name, Some(table), offset).read(&read)
            {
                tables.insert(name.to_owned(), read);
            }
        }
        tables
    }

    /// The names within [`Section::named_tables`], also of those with mistakes in them.
    pub fn names(&self, field: &str) -> Vec<&'a str> {
        let table = self.get(field).and_then(|value| value.get_ref().as_table());
        table.into_iter().flatten().map(|(key, _)| key.get_ref().as_ref()).collect()
    }

    /// An array of tables, such as `[[rules.routing]]`; `noun` is what messages call one, with its `id` or
    /// `name` where it has one.
    pub fn tables<T>(
        &self,
        field: &'static str,
        noun: &str,
        mut read: impl FnMut(&Section<'a>) -> Option<T>,
    ) -> Vec<T> {
        self.known.borrow_mut().push(field);
        let Some(value) = self.get(field) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.refuse(
                field,
                &format!(
                    "field '{field}' must be tables, written [[{}]]",
                    format!("{}.{field}", self.title).trim_start_matches('.')
                ),
            );
            return Vec::new();
        };
        let mut tables = Vec::new();
        for (index, value) in array.iter().enumerate() {
            let Some(table) = self.as_table(field, value) else { continue };
            let id = table.get("id").or_else(|| table.get("name"));
            let title = match id.and_then(|id| id.get_ref().as_str()) {
                Some(id) => format!("{noun} '{id}'"),
                None => format!("{noun} number {}", index + 1),
            };
            let section = Section::new(self.report, title, field, Some(table), value.span().start);
            tables.extend(section.read(&mut read));
        }
        tables
    }

    /// A table of values under names that the user chose.
    pub fn map<T>(&self, field: &'static str, read: impl Fn(&Value<'a>) -> Read<T>) -> BTreeMap<String, T> {
        self.known.borrow_mut().push(field);
        let entries = self.get(field).and_then(|value| self.as_table(field, value)).into_iter().flatten();
        entries
            .filter_map(|(key, spanned)| {
                let value = self.value(spanned);
                let name = format!("{field}.{}", key.get_ref());
                Some((key.get_ref().to_string(), self.settle(&name, &value, read(&value))?))
            })
            .collect()
    }

    fn new(
        report: &'a Report<'a>,
        title: String,
        name: &'a str,
        table: Option<&'a DeTable<'a>>,
        offset: usize,
    ) -> Self {
        Self { report, title, name, table, offset, known: RefCell::default(), any_field: Cell::new(false) }
    }

    fn read<T>(self, read: impl FnOnce(&Self) -> T) -> T {
        let result = read(&self);
        let known = self.known.borrow();
        for (key, _) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) && !self.any_field.get() {
                let hint = did_you_mean(name, known.iter().copied());
                self.report.add(key.span().start, self.titled(format!("unknown field '{name}'{hint}")));
            }
        }
        result
    }

    fn entry(&self, field: &str) -> Option<(&'a Spanned<toml::de::DeString<'a>>, &'a Spanned<DeValue<'a>>)> {
        self.table?.get_key_value(field)
    }

    fn get(&self, field: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table?.get(field)
    }

    fn as_table(&self, field: &str, value: &'a Spanned<DeValue<'a>>) -> Option<&'a DeTable<'a>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let found = with_article(value.get_ref().type_str());
            let message = self.titled(format!("field '{field}' must be a table, not {found}"));
            self.report.add(value.span().start, message);
        }
        table
    }

    fn settle<T>(&self, field: &str, value: &Value<'a>, read: Read<T>) -> Option<T> {
        read.map_err(|problem| {
            let offset = problem.offset.unwrap_or_else(|| value.spanned.span().start);
            self.report.add(offset, self.titled(format!("field '{field}' {}", problem.message)));
        })
        .ok()
    }

    fn titled(&self, message: String) -> String {
        if self.title.is_empty() { message } else { format!("{}: {message}", self.title) }
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    !name.is_empty() && name.bytes().all(allowed)
}

// === impl Value ===

impl<'a> Value<'a> {
    /// A value within this one.
    pub fn within(&self, spanned: &'a Spanned<DeValue<'a>>) -> Self {
        Self { report: self.report, spanned, insecure: self.insecure }
    }

    /// The problem that this value is of another type.
    pub fn must_be(&self, expected: &str) -> Problem {
        let found = with_article(self.spanned.get_ref().type_str());
        Problem::new(format!("must be {expected}, not {found}"))
    }
}

fn with_article(type_name: &str) -> String {
    let article = if type_name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {type_name}")
}

// === impl Problem ===

impl Problem {
    /// What is wrong, to be read after the field's name.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), offset: None }
    }

    /// The same, at a byte of its own.
    pub fn at(self, offset: usize) -> Self {
        Self { offset: Some(offset), ..self }
    }
}
