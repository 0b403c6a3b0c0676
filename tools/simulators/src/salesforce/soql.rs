//! The part of SOQL that integrations use: fields of one object, a condition, an order, a limit.

mod token;

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::store::Record;
use token::{Token, tokens};

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Query {
    pub(super) fields: Vec<String>,
    /// True for `SELECT COUNT()`.
    pub(super) count: bool,
    pub(super) object: String,
    condition: Option<Condition>,
    order: Option<(String, bool)>,
    limit: usize,
    offset: usize,
}

#[derive(Debug, Clone, PartialEq)]
enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare { field: String, operator: String, values: Vec<Value> },
}

/// Parses a query; the message says what was not understood.
pub(super) fn parse(text: &str) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(text)?, position: 0 };
    parser.keyword("SELECT")?;
    let mut fields = vec![parser.word()?];
    let count = fields[0].eq_ignore_ascii_case("count") && parser.symbol("(");
    if count {
        fields.clear();
        parser.expect(")")?;
    }
    while parser.symbol(",") {
        fields.push(parser.word()?);
    }
    parser.keyword("FROM")?;
    let object = parser.word()?;
    let condition = if parser.is_keyword("WHERE") { Some(parser.condition()?) } else { None };
    let mut order = None;
    if parser.is_keyword("ORDER") {
        parser.keyword("BY")?;
        let field = parser.word()?;
        let descending = parser.is_keyword("DESC");
        if !descending {
            parser.is_keyword("ASC");
        }
        if parser.is_keyword("NULLS") {
            parser.word()?;
        }
        order = Some((field, descending));
    }
    let limit = if parser.is_keyword("LIMIT") { parser.number()? } else { usize::MAX };
    let offset = if parser.is_keyword("OFFSET") { parser.number()? } else { 0 };
    match parser.tokens.get(parser.position) {
        None => Ok(Query { fields, count, object, condition, order, limit, offset }),
        Some(token) => Err(format!("unexpected token: {}", token.text())),
    }
}

// === impl Query ===

impl Query {
    /// The fields that conditions and order use.
    pub(super) fn condition_fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        if let Some(condition) = &self.condition {
            condition.collect_fields(&mut fields);
        }
        fields.extend(self.order.iter().map(|(field, _)| field.as_str()));
        fields
    }

    pub(super) fn select<'a>(&self, records: &'a [Record]) -> Vec<&'a Record> {
        let matches =
            |record: &&Record| self.condition.as_ref().is_none_or(|condition| condition.matches(record));
        let mut matching: Vec<&Record> = records.iter().filter(matches).collect();
        if let Some((field, descending)) = &self.order {
            let value = |record: &Record| record.value(field).cloned().unwrap_or(Value::Null);
            // Nulls come first, as they do by default.
            matching.sort_by(|one, other| compare(&value(one), &value(other)).unwrap_or(Ordering::Equal));
            if *descending {
                matching.reverse();
            }
        }
        matching.into_iter().skip(self.offset).take(self.limit).collect()
    }
}

impl Condition {
    fn collect_fields<'a>(&'a self, fields: &mut Vec<&'a str>) {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().for_each(|part| part.collect_fields(fields)),
            Self::Not(part) => part.collect_fields(fields),
            Self::Compare { field, .. } => fields.push(field),
        }
    }

    fn matches(&self, record: &Record) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(record)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(record)),
            Self::Not(part) => !part.matches(record),
            Self::Compare { field, operator, values } => {
                let stored = record.value(field).unwrap_or(&Value::Null);
                let first = values.first().unwrap_or(&Value::Null);
                let is =
                    |wanted: &[Ordering]| compare(stored, first).is_some_and(|order| wanted.contains(&order));
                match operator.as_str() {
                    "=" => equal(stored, first),
                    "!=" | "<>" => !equal(stored, first),
                    "<" => is(&[Ordering::Less]),
                    "<=" => is(&[Ordering::Less, Ordering::Equal]),
                    ">" => is(&[Ordering::Greater]),
                    ">=" => is(&[Ordering::Greater, Ordering::Equal]),
                    "IN" => values.iter().any(|value| equal(stored, value)),
                    "NOT IN" => !values.iter().any(|value| equal(stored, value)),
                    _ => like(stored.as_str().unwrap_or_default(), first.as_str().unwrap_or_default()),
                }
            }
        }
    }
}

/// Texts are equal in any case.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::String(one), Value::String(other)) => one.to_lowercase() == other.to_lowercase(),
        _ => compare(one, other) == Some(Ordering::Equal),
    }
}

/// Numbers with numbers, texts with texts; null is below everything.
fn compare(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Null, Value::Null) => Some(Ordering::Equal),
        (Value::Null, _) => Some(Ordering::Less),
        (_, Value::Null) => Some(Ordering::Greater),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        (Value::Bool(one), Value::Bool(other)) => Some(one.cmp(other)),
        _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}

/// `%` for any text, `_` for any one character, in any case.
fn like(text: &str, pattern: &str) -> bool {
    fn matches(text: &[char], pattern: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|skip| matches(&text[skip..], rest)),
            Some((wanted, rest)) => {
                text.first().is_some_and(|have| *wanted == '_' || have == wanted) && matches(&text[1..], rest)
            }
        }
    }
    let characters = |text: &str| text.to_lowercase().chars().collect::<Vec<_>>();
    matches(&characters(text), &characters(pattern))
}

// === impl Parser ===

struct Parser {
    tokens: Vec<Token>,
    position: usize,
}

impl Parser {
    fn peek_word(&self) -> Option<&str> {
        match self.tokens.get(self.position) {
            Some(Token::Word(word)) => Some(word),
            _ => None,
        }
    }

    fn is_keyword(&mut self, keyword: &str) -> bool {
        let found = self.peek_word().is_some_and(|word| word.eq_ignore_ascii_case(keyword));
        self.position += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        if self.is_keyword(keyword) {
            Ok(())
        } else {
            Err(format!("expecting {keyword}, found {}", self.found()))
        }
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.tokens.get(self.position), Some(Token::Symbol(found)) if found == symbol);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), String> {
        if self.symbol(symbol) { Ok(()) } else { Err(format!("expecting {symbol}, found {}", self.found())) }
    }

    fn word(&mut self) -> Result<String, String> {
        let word = self.peek_word().map(str::to_owned);
        self.position += usize::from(word.is_some());
        word.ok_or_else(|| format!("expecting a name, found {}", self.found()))
    }

    fn number(&mut self) -> Result<usize, String> {
        let word = self.word()?;
        word.parse().map_err(|_| format!("expecting a number, found {word}"))
    }

    fn found(&self) -> String {
        self.tokens.get(self.position).map_or_else(|| "the end".to_owned(), Token::text)
    }

    /// Conditions joined by one kind of operator; the platform wants parentheses around a mixture.
    fn condition(&mut self) -> Result<Condition, String> {
        let first = self.operand()?;
        let (mut all, mut any) = (Vec::new(), Vec::new());
        loop {
            if any.is_empty() && self.is_keyword("AND") {
                all.push(self.operand()?);
            } else if all.is_empty() && self.is_keyword("OR") {
                any.push(self.operand()?);
            } else {
                break;
            }
        }
        Ok(match (all.is_empty(), any.is_empty()) {
            (true, true) => first,
            (false, _) => Condition::And(std::iter::once(first).chain(all).collect()),
            _ => Condition::Or(std::iter::once(first).chain(any).collect()),
        })
    }

    fn operand(&mut self) -> Result<Condition, String> {
        if self.is_keyword("NOT") {
            return Ok(Condition::Not(Box::new(self.operand()?)));
        }
        if self.symbol("(") {
            let condition = self.condition()?;
            self.expect(")")?;
            return Ok(condition);
        }
        let field = self.word()?;
        if self.is_keyword("NOT") {
            self.keyword("IN")?;
            return Ok(Condition::Compare { field, operator: "NOT IN".into(), values: self.list()? });
        }
        if self.is_keyword("IN") {
            return Ok(Condition::Compare { field, operator: "IN".into(), values: self.list()? });
        }
        if self.is_keyword("LIKE") {
            return Ok(Condition::Compare { field, operator: "LIKE".into(), values: vec![self.value()?] });
        }
        for operator in ["=", "!=", "<>", "<=", ">=", "<", ">"] {
            if self.symbol(operator) {
                return Ok(Condition::Compare {
                    field,
                    operator: operator.into(),
                    values: vec![self.value()?],
                });
            }
        }
        Err(format!("expecting an operator, found {}", self.found()))
    }

    fn list(&mut self) -> Result<Vec<Value>, String> {
        self.expect("(")?;
        let mut values = vec![self.value()?];
        while self.symbol(",") {
            values.push(self.value()?);
        }
        self.expect(")")?;
        Ok(values)
    }

    fn value(&mut self) -> Result<Value, String> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        match token {
            Some(Token::Text(text)) => Ok(json!(text)),
            Some(Token::Word(word)) => Ok(match word.to_ascii_lowercase().as_str() {
                "null" => Value::Null,
                "true" => json!(true),
                "false" => json!(false),
                // Numbers are numbers; dates and date literals compare as text.
                _ => word.parse::<f64>().map_or_else(|_| json!(word), |number| json!(number)),
            }),
            other => Err(format!(
                "expecting a value, found {}",
                other.map_or("the end".to_owned(), |token| token.text())
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn record(id: &str, name: Option<&str>, size: f64) -> Record {
        let fields = [("Id", json!(id)), ("Name", json!(name)), ("Size__c", json!(size))];
        let fields: BTreeMap<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Record { fields, modified_ms: 0 }
    }

    #[test]
    fn selects_what_the_condition_says() {
        let records =
            [record("a", Some("O'Neill"), 1.0), record("b", Some("Bank"), 2.0), record("c", None, 3.0)];
        let cases = [
            ("SELECT Id FROM Account", "abc"),
            (r"select id from Account where Name = 'O\'Neill'", "a"),
            ("SELECT Id FROM Account WHERE Name='bank' AND Size__c >= 2", "b"),
            ("SELECT Id FROM Account WHERE Name = null OR (Name LIKE 'O%' AND Size__c < 1.5)", "ac"),
            ("SELECT Id FROM Account WHERE Name IN ('Bank', 'x') ", "b"),
            ("SELECT Id FROM Account WHERE Name NOT IN ('Bank') ORDER BY Size__c DESC LIMIT 1", "c"),
            ("SELECT Id FROM Account WHERE NOT Size__c = 2 LIMIT 5 OFFSET 1", "c"),
            ("SELECT Id FROM Account WHERE Id != 'a'", "bc"),
        ];
        for (text, expected) in cases {
            let query = parse(text).unwrap();
            assert_eq!(query.object, "Account");
            let found: String = query.select(&records).iter().map(|record| record.id()).collect();
            assert_eq!(found, expected, "{text}");
        }
        assert!(parse("SELECT COUNT() FROM Account").unwrap().count);
    }

    #[test]
    fn says_what_it_does_not_understand() {
        for (text, message) in [
            ("", "expecting SELECT, found the end"),
            ("SELECT Id Account", "expecting FROM, found Account"),
            ("SELECT Id FROM Account WHERE Name", "expecting an operator, found the end"),
            ("SELECT Id FROM Account WHERE Name = 'x", "unterminated string literal"),
            ("SELECT Id FROM Account WHERE a = 1 AND b = 2 OR c = 3", "unexpected token: OR"),
        ] {
            assert_eq!(parse(text), Err(message.to_owned()), "{text}");
        }
    }
}
