//! Words, texts and symbols of a query.

/// One piece of a query.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    /// A name, keyword or number.
    Word(String),
    /// A literal, without its quotes and escapes.
    Text(String),
    /// An operator, parenthesis or comma.
    Symbol(String),
}

impl Token {
    /// As it was written.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Word(text) | Self::Symbol(text) => text.clone(),
            Self::Text(text) => format!("'{text}'"),
        }
    }
}

/// Splits a query; the message says what is wrong with it.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let characters: Vec<char> = text.chars().collect();
    let (mut tokens, mut position) = (Vec::new(), 0);
    while let Some(character) = characters.get(position).copied() {
        if character.is_whitespace() {
            position += 1;
        } else if character == '\'' {
            let (content, next) = quoted(&characters, position + 1)?;
            tokens.push(Token::Text(content));
            position = next;
        } else if is_word(character) {
            let end = characters[position..]
                .iter()
                .position(|other| !is_word(*other))
                .map_or(characters.len(), |length| position + length);
            tokens.push(Token::Word(characters[position..end].iter().collect()));
            position = end;
        } else {
            let pair: String = characters[position..].iter().take(2).collect();
            let symbol =
                if ["!=", "<>", "<=", ">="].contains(&pair.as_str()) { pair } else { character.to_string() };
            position += symbol.chars().count();
            tokens.push(Token::Symbol(symbol));
        }
    }
    Ok(tokens)
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || "_.:+-".contains(character)
}

/// The text of a literal from behind its opening quote, and the position behind its closing one.
fn quoted(characters: &[char], start: usize) -> Result<(String, usize), String> {
    let (mut content, mut position) = (String::new(), start);
    loop {
        match (characters.get(position), characters.get(position + 1)) {
            (Some('\''), _) => return Ok((content, position + 1)),
            (Some('\\'), Some(escaped)) => {
                content.push(match escaped {
                    'n' | 'N' => '\n',
                    'r' | 'R' => '\r',
                    't' | 'T' => '\t',
                    other => *other,
                });
                position += 2;
            }
            (Some(plain), _) => {
                content.push(*plain);
                position += 1;
            }
            (None, _) => return Err("unterminated string literal".to_owned()),
        }
    }
}
