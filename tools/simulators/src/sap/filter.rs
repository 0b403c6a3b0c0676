//! `$filter` of OData version 2: comparisons, `and`, `or`, `not`, parentheses, `startswith`, `endswith`, `substringof`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::Value;

/// A parsed filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Filter {
    Everything,
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Compare { property: String, operator: String, value: Literal },
    Text { function: String, property: String, value: String },
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Number(f64),
    Bool(bool),
    /// UTC milliseconds.
    Time(i64),
    Null,
}

impl Filter {
    /// Parses a filter; the message says what was not understood. An empty text lets everything through.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::Everything);
        }
        let mut parser = Parser { tokens: tokens(text)?, position: 0 };
        let filter = parser.disjunction()?;
        match parser.next() {
            None => Ok(filter),
            Some(token) => Err(format!("Invalid token '{token}' in the filter")),
        }
    }

    pub(super) fn properties(&self) -> Vec<&str> {
        match self {
            Self::Everything => Vec::new(),
            Self::And(one, other) | Self::Or(one, other) => [one.properties(), other.properties()].concat(),
            Self::Not(part) => part.properties(),
            Self::Compare { property, .. } | Self::Text { property, .. } => vec![property],
        }
    }

    pub(super) fn matches(&self, properties: &BTreeMap<String, Value>) -> bool {
        match self {
            Self::Everything => true,
            Self::And(one, other) => one.matches(properties) && other.matches(properties),
            Self::Or(one, other) => one.matches(properties) || other.matches(properties),
            Self::Not(part) => !part.matches(properties),
            Self::Compare { property, operator, value } => {
                let order = properties.get(property).and_then(|stored| compare(stored, value));
                match operator.as_str() {
                    "eq" => order == Some(Ordering::Equal),
                    "ne" => order != Some(Ordering::Equal),
                    "lt" => order == Some(Ordering::Less),
                    "le" => order.is_some_and(Ordering::is_le),
                    "gt" => order == Some(Ordering::Greater),
                    _ => order.is_some_and(Ordering::is_ge),
                }
            }
            Self::Text { function, property, value } => {
                let stored = properties.get(property).and_then(Value::as_str).unwrap_or_default();
                match function.as_str() {
                    "startswith" => stored.starts_with(value.as_str()),
                    "endswith" => stored.ends_with(value.as_str()),
                    _ => stored.contains(value.as_str()),
                }
            }
        }
    }
}

/// Decimals and dates are stored as text and compared as what they are.
fn compare(stored: &Value, literal: &Literal) -> Option<Ordering> {
    match literal {
        Literal::Null => stored.is_null().then_some(Ordering::Equal),
        Literal::Bool(wanted) => Some(stored.as_bool()?.cmp(wanted)),
        Literal::Text(wanted) => Some(stored.as_str()?.cmp(wanted)),
        Literal::Number(wanted) => {
            let number = stored.as_f64().or_else(|| stored.as_str()?.parse().ok())?;
            number.partial_cmp(wanted)
        }
        Literal::Time(wanted) => {
            let millis: i64 = stored.as_str()?.strip_prefix("/Date(")?.strip_suffix(")/")?.parse().ok()?;
            Some(millis.cmp(wanted))
        }
    }
}

struct Parser {
    tokens: Vec<String>,
    position: usize,
}

impl Parser {
    fn next(&mut self) -> Option<String> {
        let token = self.tokens.get(self.position).cloned();
        self.position += usize::from(token.is_some());
        token
    }

    fn accept(&mut self, wanted: &str) -> bool {
        let found = self.tokens.get(self.position).is_some_and(|token| token == wanted);
        self.position += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), String> {
        if self.accept(wanted) { Ok(()) } else { Err(format!("'{wanted}' is missing in the filter")) }
    }

    fn disjunction(&mut self) -> Result<Filter, String> {
        let mut filter = self.conjunction()?;
        while self.accept("or") {
            filter = Filter::Or(Box::new(filter), Box::new(self.conjunction()?));
        }
        Ok(filter)
    }

    fn conjunction(&mut self) -> Result<Filter, String> {
        let mut filter = self.operand()?;
        while self.accept("and") {
            filter = Filter::And(Box::new(filter), Box::new(self.operand()?));
        }
        Ok(filter)
    }

    fn operand(&mut self) -> Result<Filter, String> {
        if self.accept("not") {
            return Ok(Filter::Not(Box::new(self.operand()?)));
        }
        if self.accept("(") {
            let filter = self.disjunction()?;
            self.expect(")")?;
            return Ok(filter);
        }
        let first = self.next().ok_or("The filter ends too early")?;
        if matches!(first.as_str(), "startswith" | "endswith" | "substringof") {
            return self.function(first);
        }
        let operator = self.next().ok_or("The filter ends too early")?;
        if !matches!(operator.as_str(), "eq" | "ne" | "lt" | "le" | "gt" | "ge") {
            return Err(format!("Invalid operator '{operator}' in the filter"));
        }
        let value = literal(&self.next().ok_or("The filter ends too early")?)?;
        Ok(Filter::Compare { property: first, operator, value })
    }

    /// `startswith(Name,'x')`, but `substringof('x',Name)`; a comparison with `true` may follow.
    fn function(&mut self, function: String) -> Result<Filter, String> {
        self.expect("(")?;
        let one = self.next().ok_or("The filter ends too early")?;
        self.expect(",")?;
        let other = self.next().ok_or("The filter ends too early")?;
        self.expect(")")?;
        if self.accept("eq") {
            self.expect("true")?;
        }
        let (property, value) = if function == "substringof" { (other, one) } else { (one, other) };
        match literal(&value)? {
            Literal::Text(value) => Ok(Filter::Text { function, property, value }),
            _ => Err(format!("{function} wants a text")),
        }
    }
}

fn literal(token: &str) -> Result<Literal, String> {
    let quoted = |text: &str| text.strip_prefix('\'')?.strip_suffix('\'').map(|text| text.replace("''", "'"));
    if let Some(text) = quoted(token) {
        return Ok(Literal::Text(text));
    }
    if let Some(text) = token.strip_prefix("datetime").and_then(quoted) {
        let time = chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S");
        return time
            .map(|time| Literal::Time(time.and_utc().timestamp_millis()))
            .map_err(|_| format!("Invalid date '{text}' in the filter"));
    }
    match token {
        "null" => Ok(Literal::Null),
        "true" => Ok(Literal::Bool(true)),
        "false" => Ok(Literal::Bool(false)),
        number => number
            .trim_end_matches(['M', 'm', 'L', 'l', 'D', 'd'])
            .parse()
            .map(Literal::Number)
            .map_err(|_| format!("Invalid value '{number}' in the filter")),
    }
}

/// Words, quoted texts (with what stands before the quote), parentheses and commas.
fn tokens(text: &str) -> Result<Vec<String>, String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut characters = text.chars().peekable();
    let mut word = String::new();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                word.push('\'');
                loop {
                    match characters.next() {
                        None => return Err("A text in the filter has no end".to_owned()),
                        Some('\'') if characters.peek() == Some(&'\'') => {
                            characters.next();
                            word.push_str("''");
                        }
                        Some('\'') => break,
                        Some(other) => word.push(other),
                    }
                }
                word.push('\'');
                tokens.push(std::mem::take(&mut word));
            }
            '(' | ')' | ',' => {
                tokens.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                tokens.push(character.to_string());
            }
            space if space.is_whitespace() => {
                tokens.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            other => word.push(other),
        }
    }
    tokens.extend((!word.is_empty()).then_some(word));
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_as_it_is_told() {
        let entity = |customer: &str, cleared: &str, amount: &str| -> BTreeMap<String, Value> {
            [
                ("Customer", Value::from(customer)),
                ("Cleared", Value::from(cleared)),
                ("Amount", Value::from(amount)),
                ("Posted", Value::from("/Date(1518393600000)/")),
                ("Blocked", Value::Bool(false)),
                ("Changed", Value::Null),
            ]
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
        };
        let entities =
            [entity("O'Neill", "", "10.50"), entity("C-2", "14001", "9.00"), entity("C-2", "", "100.00")];
        let cases = [
            ("", "012"),
            ("Customer eq 'C-2' and Cleared eq ''", "2"),
            ("Customer eq 'O''Neill'", "0"),
            ("Amount gt 10M", "02"),
            ("not (Customer eq 'C-2') or Amount eq 9", "01"),
            ("startswith(Cleared,'14') eq true", "1"),
            ("substringof('Neil',Customer)", "0"),
            ("Posted ge datetime'2018-02-12T00:00:00' and Blocked eq false and Changed eq null", "012"),
            ("Posted lt datetime'2018-02-12T00:00:00'", ""),
            ("Amount ge 9 and Amount le 10.5 and Customer ne 'C-2'", "0"),
        ];
        for (text, expected) in cases {
            let filter = Filter::parse(text).unwrap();
            let found: String = (0..3)
                .filter(|index| filter.matches(&entities[*index]))
                .map(|index| index.to_string())
                .collect();
            assert_eq!(found, expected, "{text}");
        }
        for wrong in
            ["Customer", "Customer eq", "Customer is 'x'", "Customer eq 'x", "(Customer eq 'x'", "a eq b"]
        {
            assert!(Filter::parse(wrong).is_err(), "{wrong}");
        }
    }
}
