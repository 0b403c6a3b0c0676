//! What a CEL expression gives, as far as it shows before it runs.

use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators};

/// What the place of an expression asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gives {
    /// A condition.
    Bool,
    /// A text; numbers and bools are written out.
    Text,
    /// A text, or null to leave it out.
    TextOrNull,
    /// A whole number.
    Integer,
    /// A list of texts.
    List,
}

/// Kinds of values that can be told from the expression alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Integer,
    Number,
    Text,
    Bytes,
    List,
    Map,
    Null,
}

/// Functions whose result is always a bool.
const CONDITIONS: [&str; 14] = [
    operators::LOGICAL_AND,
    operators::LOGICAL_OR,
    operators::LOGICAL_NOT,
    operators::EQUALS,
    operators::NOT_EQUALS,
    operators::GREATER,
    operators::GREATER_EQUALS,
    operators::LESS,
    operators::LESS_EQUALS,
    operators::IN,
    "contains",
    "startsWith",
    "endsWith",
    "matches",
];

// === impl Gives ===

impl Gives {
    /// Where an expression gives something else for certain, with a message about it.
    pub(crate) fn contradiction(self, node: &IdedExpr) -> Option<(u64, String)> {
        if let Expr::Call(call) = &node.expr
            && call.func_name == operators::CONDITIONAL
        {
            return call.args.iter().skip(1).find_map(|branch| self.contradiction(branch));
        }
        let kind = Kind::of(&node.expr)?;
        let (found, wanted) = (kind.name(), self.name());
        (!self.accepts(kind)).then(|| (node.id, format!("gives {found}, must give {wanted}")))
    }

    fn accepts(self, kind: Kind) -> bool {
        match self {
            Self::Bool => kind == Kind::Bool,
            Self::Text => matches!(kind, Kind::Text | Kind::Integer | Kind::Number | Kind::Bool),
            Self::TextOrNull => kind == Kind::Null || Self::Text.accepts(kind),
            Self::Integer => kind == Kind::Integer,
            Self::List => kind == Kind::List,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Text => "a string",
            Self::TextOrNull => "a string or null",
            Self::Integer => "an int",
            Self::List => "a list of strings",
        }
    }
}

// === impl Kind ===

impl Kind {
    fn of(expression: &Expr) -> Option<Self> {
        match expression {
            Expr::Literal(literal) => Some(match literal {
                LiteralValue::Boolean(_) => Self::Bool,
                LiteralValue::Bytes(_) => Self::Bytes,
                LiteralValue::Double(_) => Self::Number,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Self::Integer,
                LiteralValue::Null => Self::Null,
                LiteralValue::String(_) => Self::Text,
            }),
            Expr::List(_) => Some(Self::List),
            Expr::Map(_) | Expr::Struct(_) => Some(Self::Map),
            Expr::Select(select) if select.test => Some(Self::Bool),
            Expr::Call(call) if CONDITIONS.contains(&call.func_name.as_str()) => Some(Self::Bool),
            Expr::Call(call) => match call.func_name.as_str() {
                "size" | "int" | "uint" => Some(Self::Integer),
                "double" => Some(Self::Number),
                "string" => Some(Self::Text),
                "bool" => Some(Self::Bool),
                _ => None,
            },
            Expr::Ident(_) | Expr::Select(_) | Expr::Comprehension(_) | Expr::Unspecified => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Integer => "an int",
            Self::Number => "a double",
            Self::Text => "a string",
            Self::Bytes => "bytes",
            Self::List => "a list",
            Self::Map => "a map",
            Self::Null => "null",
        }
    }
}
