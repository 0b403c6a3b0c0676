//! CEL expressions: parsed here, so that a typing mistake is found before anything starts.

use cel::Program;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};

use crate::expression_kind::Gives;
use crate::section::{Problem, Read, Value};
use crate::suggest::did_you_mean;
use crate::values::text;
use crate::vocabulary;

/// A CEL expression that parses, names only what rules can see, and does not give something else than it
/// must.
pub(crate) fn expression(gives: Gives) -> impl Fn(&Value<'_>) -> Read<String> {
    move |value| read(value, gives, None)
}

/// The same, where only some variables have a value.
pub(crate) fn expression_of(
    gives: Gives,
    variables: &'static [&'static str],
) -> impl Fn(&Value<'_>) -> Read<String> {
    move |value| read(value, gives, Some(variables))
}

fn read(value: &Value<'_>, gives: Gives, only: Option<&'static [&'static str]>) -> Read<String> {
    let written = text(value)?;
    let program = Program::compile(&written).map_err(|errors| {
        let first = errors.errors.first();
        let message = first.map_or_else(|| errors.to_string(), |error| error.msg.clone());
        let byte = first.map_or(0, |error| byte_at(&written, error.pos));
        Problem::new(format!("is no CEL expression: {message}")).at(in_document(value, &written, byte))
    })?;
    let mut names = Names { only, scope: Vec::new(), wrong: None };
    names.visit(program.expression());
    match names.wrong.or_else(|| gives.contradiction(program.expression())) {
        None => Ok(written),
        Some((id, message)) => {
            let (byte, _) = program.source_info().offset_for(id).unwrap_or_default();
            Err(Problem::new(message).at(in_document(value, &written, byte as usize)))
        }
    }
}

/// The byte of an expression at a line and column, both from 1.
fn byte_at(expression: &str, (line, column): (isize, isize)) -> usize {
    let index = |number: isize| usize::try_from(number - 1).unwrap_or(0);
    let line_start: usize = expression.split_inclusive('\n').take(index(line)).map(str::len).sum();
    let rest = expression.get(line_start..).unwrap_or_default();
    line_start + rest.char_indices().nth(index(column)).map_or(rest.len(), |(byte, _)| byte)
}

/// Where a byte of an expression is in the document. Where the string has escapes, that is its beginning.
fn in_document(value: &Value<'_>, expression: &str, byte: usize) -> usize {
    let span = value.spanned.span();
    let literal = value.report.text(span.clone());
    span.start + literal.find(expression).map_or(0, |start| start + byte)
}

/// Looks for the first name that no rule can see.
struct Names {
    /// The variables that have a value here; all of them, if nothing is said.
    only: Option<&'static [&'static str]>,
    /// Variables that comprehensions such as `exists(x, …)` bind, innermost last.
    scope: Vec<String>,
    wrong: Option<(u64, String)>,
}

// === impl Names ===

impl Names {
    fn visit(&mut self, node: &IdedExpr) {
        if self.wrong.is_some() {
            return;
        }
        match &node.expr {
            Expr::Ident(name) => self.variable(node.id, name),
            Expr::Select(select) => {
                self.field(node.id, &select.operand, &select.field);
                self.visit(&select.operand);
            }
            Expr::Call(call) => {
                self.function(node.id, &call.func_name);
                call.target.iter().map(|target| &**target).chain(&call.args).for_each(|n| self.visit(n))
            }
            Expr::List(list) => list.elements.iter().for_each(|element| self.visit(element)),
            Expr::Map(map) => map.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Struct(structure) => structure.entries.iter().for_each(|entry| self.entry(&entry.expr)),
            Expr::Comprehension(comprehension) => {
                self.visit(&comprehension.iter_range);
                self.visit(&comprehension.accu_init);
                let depth = self.scope.len();
                self.scope.push(comprehension.iter_var.clone());
                self.scope.extend(comprehension.iter_var2.clone());
                self.scope.push(comprehension.accu_var.clone());
                self.visit(&comprehension.loop_cond);
                self.visit(&comprehension.loop_step);
                self.visit(&comprehension.result);
                self.scope.truncate(depth);
            }
            Expr::Literal(_) | Expr::Unspecified => {}
        }
    }

    fn entry(&mut self, entry: &EntryExpr) {
        match entry {
            EntryExpr::StructField(field) => self.visit(&field.value),
            EntryExpr::MapEntry(entry) => {
                self.visit(&entry.key);
                self.visit(&entry.value);
            }
        }
    }

    fn variable(&mut self, id: u64, name: &str) {
        let bound = name.starts_with('@') || self.scope.iter().any(|variable| variable == name);
        if !bound && vocabulary::fields(name).is_none() && !vocabulary::is_type(name) {
            let hint = did_you_mean(name, vocabulary::variables());
            self.wrong = Some((id, format!("names '{name}', which rules do not know{hint}")));
        } else if !bound
            && let Some(only) = self.only
            && vocabulary::fields(name).is_some()
            && !only.contains(&name)
        {
            self.wrong = Some((
                id,
                format!("names '{name}', which is not known yet here; '{}' is", only.join("', '")),
            ));
        }
    }

    /// Operators are functions too, whose names are no words.
    fn function(&mut self, id: u64, name: &str) {
        let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic());
        if is_word && !vocabulary::FUNCTIONS.contains(&name) {
            let hint = did_you_mean(name, vocabulary::FUNCTIONS.into_iter());
            self.wrong = Some((id, format!("calls '{name}', which CEL does not have{hint}")));
        }
    }

    fn field(&mut self, id: u64, operand: &IdedExpr, field: &str) {
        let Expr::Ident(variable) = &operand.expr else { return };
        if self.scope.contains(variable) {
            return;
        }
        let Some(fields) = vocabulary::fields(variable) else { return };
        if !fields.contains(&field) {
            let hint = did_you_mean(field, fields.iter().copied());
            self.wrong = Some((id, format!("names '{variable}.{field}', which does not exist{hint}")));
        }
    }
}
