//! What is allowed in rules but probably not meant.

use cel::Program;
use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};
use trunkline_config::{Config, Place, RoutingRule, WriteBackRule, did_you_mean};

/// Something to look at again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The rule it is about.
    pub place: Place,
    /// What, and why.
    pub message: String,
}

/// Everything in the rules that is probably not meant, in the order of the file. `event_types` are the names that
/// sources give to events.
pub fn notes(config: &Config, event_types: &[&str]) -> Vec<Note> {
    let mut notes = Vec::new();
    let rules = &config.rules;
    for (index, rule) in rules.routing.iter().enumerate() {
        let mut note = |message: String| notes.push(Note { place: rule.place, message });
        unknown_events(&rule.id, &rule.on, event_types, &mut note);
        if let Some(before) = hidden_by(rule, &rules.routing[..index]) {
            note(format!(
                "rule '{}' is never asked: rule '{before}' decides all of its events before",
                rule.id
            ));
        }
        let parsed = parse(&routing_expressions(rule));
        if parsed.iter().any(|(_, program)| program.references().has_variable("decision")) {
            note(format!("rule '{}' names 'decision', which is null until a routing rule decided", rule.id));
        }
        unguarded(&rule.id, "profile", &parsed, &mut note);
    }
    for rule in &rules.write_backs {
        let mut note = |message: String| notes.push(Note { place: rule.place, message });
        unknown_events(&rule.id, &rule.on, event_types, &mut note);
        let parsed = parse(&write_back_expressions(rule));
        unguarded(&rule.id, "profile", &parsed, &mut note);
        unguarded(&rule.id, "decision", &parsed, &mut note);
    }
    notes.sort_by_key(|note| note.place);
    notes
}

fn unknown_events(id: &str, on: &[String], event_types: &[&str], note: &mut impl FnMut(String)) {
    for name in on.iter().filter(|name| !event_types.contains(&name.as_str())) {
        let hint = did_you_mean(name, event_types.iter().copied());
        note(format!("rule '{id}' waits for '{name}', which no source of this version gives{hint}"));
    }
}

/// The rule before this one that leaves it nothing.
fn hidden_by<'r>(rule: &RoutingRule, before: &'r [RoutingRule]) -> Option<&'r str> {
    let takes_all = |other: &&RoutingRule| {
        other.when.trim() == "true" && rule.on.iter().all(|event_type| other.on.contains(event_type))
    };
    before.iter().find(takes_all).map(|other| other.id.as_str())
}

/// Fields of a variable that may be null, read without a look at whether it is.
fn unguarded(id: &str, variable: &str, parsed: &[(String, Program)], note: &mut impl FnMut(String)) {
    let guards = |program: &Program| compares_with_null(program.expression(), variable);
    if parsed.iter().any(|(place, program)| place == "when" && guards(program)) {
        return;
    }
    for (place, program) in parsed.iter().filter(|(_, program)| !guards(program)) {
        if let Some(field) = field_read(program.expression(), variable) {
            note(format!(
                "rule '{id}', {place}: reads {variable}.{field}, and fails where {variable} is null; \
                 guard it with '{variable} != null'"
            ));
        }
    }
}

/// All expressions of a rule with their places. Those that do not parse are mistakes, not notes.
fn parse(expressions: &[(String, &str)]) -> Vec<(String, Program)> {
    let parsed =
        expressions.iter().map(|(place, source)| Some((place.clone(), Program::compile(source).ok()?)));
    parsed.flatten().collect()
}

fn routing_expressions(rule: &RoutingRule) -> Vec<(String, &str)> {
    let mut all = vec![("when".to_owned(), rule.when.as_str()), ("queue".to_owned(), rule.queue.as_str())];
    all.extend(rule.priority.iter().map(|source| ("priority".to_owned(), source.as_str())));
    all.extend(rule.skills.iter().map(|source| ("skills".to_owned(), source.as_str())));
    all.extend(rule.attributes.iter().map(|(name, source)| (format!("attributes.{name}"), source.as_str())));
    all
}

fn write_back_expressions(rule: &WriteBackRule) -> Vec<(String, &str)> {
    let mut all = vec![("when".to_owned(), rule.when.as_str())];
    all.extend(rule.resource.iter().map(|source| ("resource".to_owned(), source.as_str())));
    all.extend(rule.parameters.iter().map(|(name, source)| (format!("parameters.{name}"), source.as_str())));
    all.extend(rule.fields.iter().map(|(name, source)| (format!("fields.{name}"), source.as_str())));
    all
}

/// Whether `variable == null` or `variable != null` is somewhere in it.
fn compares_with_null(node: &IdedExpr, variable: &str) -> bool {
    let is_variable = |node: &IdedExpr| matches!(&node.expr, Expr::Ident(name) if name == variable);
    let is_null = |node: &IdedExpr| matches!(node.expr, Expr::Literal(LiteralValue::Null));
    let here = match &node.expr {
        Expr::Call(call) => {
            [operators::EQUALS, operators::NOT_EQUALS].contains(&call.func_name.as_str())
                && call.args.iter().any(is_variable)
                && call.args.iter().any(is_null)
        }
        _ => false,
    };
    here || children(node).iter().any(|child| compares_with_null(child, variable))
}

/// The first field of a variable that an expression reads.
fn field_read(node: &IdedExpr, variable: &str) -> Option<String> {
    if let Expr::Select(select) = &node.expr
        && matches!(&select.operand.expr, Expr::Ident(name) if name == variable)
    {
        return Some(select.field.clone());
    }
    children(node).iter().find_map(|child| field_read(child, variable))
}

fn children(node: &IdedExpr) -> Vec<&IdedExpr> {
    match &node.expr {
        Expr::Select(select) => vec![&*select.operand],
        Expr::Call(call) => call.target.iter().map(|target| &**target).chain(&call.args).collect(),
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Comprehension(loop_) => {
            vec![&loop_.iter_range, &loop_.accu_init, &loop_.loop_cond, &loop_.loop_step, &loop_.result]
        }
        // Neither a map nor a message is a value that a rule could give.
        _ => Vec::new(),
    }
}
