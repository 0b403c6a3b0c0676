//! Encoded queries: `active=true^correlation_display=C-000001^ORpriority=1^ORDERBYDESCopened_at`.

use super::table::Record;

/// What a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    /// A record matches when it matches one of these (`^NQ` separates them).
    alternatives: Vec<Vec<Group>>,
    order: Option<Order>,
}

/// Conditions joined by `^OR`; groups are joined by `^`.
type Group = Vec<Condition>;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    field: String,
    descending: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    field: String,
    operator: &'static str,
    value: String,
}

/// Longer ones first: `!=` is found before `=`.
const OPERATORS: [&str; 13] = [
    "ISNOTEMPTY",
    "STARTSWITH",
    "ENDSWITH",
    "NOTLIKE",
    "ISEMPTY",
    "LIKE",
    "IN",
    "!=",
    ">=",
    "<=",
    "=",
    ">",
    "<",
];

impl Query {
    /// The platform ignores what it does not understand, and so does this.
    pub(super) fn parse(text: &str) -> Self {
        let (mut alternatives, mut order) = (Vec::new(), None);
        for alternative in text.split("^NQ") {
            let mut groups: Vec<Group> = Vec::new();
            for term in alternative.split('^').filter(|term| !term.is_empty() && *term != "EQ") {
                if let Some(field) = term.strip_prefix("ORDERBYDESC") {
                    order = Some(Order { field: field.to_owned(), descending: true });
                } else if let Some(field) = term.strip_prefix("ORDERBY") {
                    order = Some(Order { field: field.to_owned(), descending: false });
                } else if let (Some(condition), Some(group)) =
                    (term.strip_prefix("OR").and_then(Condition::parse), groups.last_mut())
                {
                    group.push(condition);
                } else if let Some(condition) = Condition::parse(term) {
                    groups.push(vec![condition]);
                }
            }
            alternatives.push(groups);
        }
        Self { alternatives, order }
    }

    /// Without the conditions on fields that are not `known`: the platform ignores them, and then more records match.
    pub(super) fn on_known_fields(mut self, known: impl Fn(&str) -> bool) -> Self {
        for groups in &mut self.alternatives {
            for group in groups.iter_mut() {
                group.retain(|condition| known(&condition.field));
            }
            groups.retain(|group| !group.is_empty());
        }
        self
    }

    /// The matching records, in the asked order; `value` gives a record's field.
    pub(super) fn select<'a>(
        &self,
        records: impl Iterator<Item = &'a Record>,
        value: &dyn Fn(&'a Record, &str) -> &'a str,
    ) -> Vec<&'a Record> {
        let mut matching: Vec<&Record> = records.filter(|&record| self.matches(record, value)).collect();
        if let Some(order) = &self.order {
            matching.sort_by(|&one, &other| value(one, &order.field).cmp(value(other, &order.field)));
            if order.descending {
                matching.reverse();
            }
        }
        matching
    }

    fn matches<'a>(&self, record: &'a Record, value: &dyn Fn(&'a Record, &str) -> &'a str) -> bool {
        let group_matches =
            |group: &Group| group.iter().any(|condition| condition.matches(value(record, &condition.field)));
        self.alternatives.iter().any(|groups| groups.iter().all(group_matches))
    }
}

impl Condition {
    fn parse(term: &str) -> Option<Self> {
        let name_length = term.find(|character: char| {
            !(character.is_ascii_lowercase() || "_.0123456789".contains(character))
        })?;
        let (field, rest) = term.split_at(name_length);
        let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
        let value = rest[operator.len()..].to_owned();
        (!field.is_empty()).then(|| Self { field: field.to_owned(), operator, value })
    }

    fn matches(&self, actual: &str) -> bool {
        let (have, want) = (actual.to_lowercase(), self.value.to_lowercase());
        match self.operator {
            "=" => have == want,
            "!=" => have != want,
            ">" => have > want,
            "<" => have < want,
            ">=" => have >= want,
            "<=" => have <= want,
            "IN" => want.split(',').any(|choice| choice.trim() == have),
            "LIKE" => have.contains(&want),
            "NOTLIKE" => !have.contains(&want),
            "STARTSWITH" => have.starts_with(&want),
            "ENDSWITH" => have.ends_with(&want),
            "ISEMPTY" => have.is_empty(),
            _ => !have.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selects_as_the_platform_does() {
        let record = |id: &str, active: &str, customer: &str| {
            Record::from(
                [("sys_id", id), ("active", active), ("correlation_display", customer)]
                    .map(|(name, value)| (name.to_owned(), value.to_owned())),
            )
        };
        let records = [
            record("a", "true", "C-000001"),
            record("b", "false", "C-000001"),
            record("c", "true", "C-000002"),
        ];
        let cases = [
            ("", "abc"),
            ("active=true^correlation_display=C-000001", "a"),
            ("correlation_display=C-000001^ORcorrelation_display=C-000002^active=true", "ac"),
            ("active=false^NQcorrelation_display=C-000002", "bc"),
            ("active!=true", "b"),
            ("correlation_displayINC-000002,C-000009", "c"),
            ("correlation_displayENDSWITH1^ORDERBYDESCsys_id", "ba"),
            ("correlation_idISEMPTY^sys_idLIKEC", "c"),
        ];
        for (query, expected) in cases {
            let found: String = Query::parse(query)
                .select(records.iter(), &|record, field| record.get(field).map_or("", String::as_str))
                .iter()
                .map(|record| record["sys_id"].as_str())
                .collect();
            assert_eq!(found, expected, "{query}");
        }
        let ignored = Query::parse("active=true^u_nonsense=x").on_known_fields(|field| field == "active");
        assert_eq!(ignored, Query::parse("active=true"));
    }
}
