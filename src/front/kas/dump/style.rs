//! In which style a scalar can be written: `Emitter.analyze_scalar` and `choose_scalar_style`. Writes nothing.

use super::scalar;
use crate::front::yaml::{Value, is_string};

pub(super) const BINARY: &str = "!!binary";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// What a text allows.
pub(super) struct Analysis {
    pub(super) empty: bool,
    pub(super) multiline: bool,
    /// In characters.
    pub(super) length: usize,
    plain: bool,
    single: bool,
    literal: bool,
}

/// The text of a scalar, and its tag.
pub(super) fn written(value: &Value) -> (String, &'static str) {
    match value {
        Value::Bool(truth) => (truth.to_string(), "!!bool"),
        Value::Int(int) => (scalar::int(int), "!!int"),
        Value::Float(float) => (float_text(*float), "!!float"),
        Value::Str(text) => (text.to_string(), "!!str"),
        Value::Timestamp(iso) => (iso.replace('T', " "), "!!timestamp"),
        Value::Binary(bytes) => {
            let mut lines = String::new();
            for (at, c) in scalar::base64(bytes).chars().enumerate() {
                if at > 0 && at % 76 == 0 {
                    lines.push('\n');
                }
                lines.push(c);
            }
            if !lines.is_empty() {
                lines.push('\n');
            }
            (lines, BINARY)
        }
        Value::Null | Value::List(_) | Value::Map(_) => (String::new(), "!!null"),
    }
}

/// `represent_float`
fn float_text(float: f64) -> String {
    if float.is_nan() {
        return ".nan".to_owned();
    }
    if float.is_infinite() {
        return if float > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let text = scalar::float(float);
    // YAML 1.1 wants a point in every float.
    if text.contains('.') { text } else { text.replacen('e', ".0e", 1) }
}

pub(super) fn choose(value: &Value, text: &str, analysis: &Analysis, is_key: bool) -> Style {
    let wants_literal = match value {
        Value::Str(_) => text.contains('\n'),
        Value::Binary(_) => true,
        _ => false,
    };
    if wants_literal {
        return if analysis.literal && !is_key { Style::Literal } else { Style::Double };
    }
    let is_implicit = !matches!(value, Value::Str(_)) || is_string(text);
    let is_odd_key = is_key && (analysis.empty || analysis.multiline);
    if is_implicit && analysis.plain && !is_odd_key {
        Style::Plain
    } else if analysis.single && !(is_key && analysis.multiline) {
        Style::Single
    } else {
        Style::Double
    }
}

pub(super) fn analyse(text: &str) -> Analysis {
    let chars: Vec<char> = text.chars().collect();
    let (Some(&first), Some(&last)) = (chars.first(), chars.last()) else {
        return Analysis {
            empty: true,
            multiline: false,
            length: 0,
            plain: true,
            single: true,
            literal: false,
        };
    };
    let is_break = |c: char| matches!(c, '\n' | '\u{85}' | '\u{2028}' | '\u{2029}');
    let is_blank = |c: char| matches!(c, '\0' | ' ' | '\t' | '\r') || is_break(c);
    let followed = |at: usize| chars.get(at + 1).is_none_or(|&next| is_blank(next));
    let preceded = |at: usize| at == 0 || is_blank(chars[at - 1]);
    let indicates = |at: usize, c: char| match c {
        '#' => preceded(at),
        ':' => followed(at),
        '?' | '-' => at == 0 && followed(at),
        _ => at == 0 && ",[]{}&*!|>'\"%@`".contains(c),
    };
    let indicators = text.starts_with("---")
        || text.starts_with("...")
        || chars.iter().enumerate().any(|(at, &c)| indicates(at, c));
    let multiline = chars.iter().any(|&c| is_break(c));
    let special = chars.iter().any(|&c| !matches!(c, '\n' | ' '..='~'));
    let pair = |test: fn(char, char, &dyn Fn(char) -> bool) -> bool| {
        chars.windows(2).any(|pair| test(pair[0], pair[1], &is_break))
    };
    let break_space = pair(|a, b, is_break| is_break(a) && b == ' ');
    let space_break = pair(|a, b, is_break| a == ' ' && is_break(b));
    let outer = |c: char| c == ' ' || is_break(c);
    let unquotable = space_break || special;
    Analysis {
        empty: false,
        multiline,
        length: chars.len(),
        plain: !(indicators
            || multiline
            || outer(first)
            || outer(last)
            || break_space
            || unquotable),
        single: !(break_space || unquotable),
        literal: !(last == ' ' || unquotable),
    }
}

/// How a character is written in double quotes, if not as itself.
pub(super) fn escape(c: char) -> Option<String> {
    let letter = match c {
        '\0' => '0',
        '\x07' => 'a',
        '\x08' => 'b',
        '\t' => 't',
        '\n' => 'n',
        '\x0b' => 'v',
        '\x0c' => 'f',
        '\r' => 'r',
        '\x1b' => 'e',
        '"' => '"',
        '\\' => '\\',
        '\u{85}' => 'N',
        '\u{a0}' => '_',
        '\u{2028}' => 'L',
        '\u{2029}' => 'P',
        ' '..='~' => return None,
        _ => {
            let code = u32::from(c);
            return Some(match code {
                0..=0xff => format!("\\x{code:02X}"),
                0x100..=0xffff => format!("\\u{code:04X}"),
                _ => format!("\\U{code:08X}"),
            });
        }
    };
    Some(format!("\\{letter}"))
}

#[cfg(test)]
mod tests {
    use super::{Style, analyse, choose};
    use crate::front::yaml::Value;

    #[test]
    fn texts_are_quoted_where_they_must_be() {
        let check = |style: Style, texts: &[&str]| {
            for text in texts {
                let value = Value::Str((*text).into());
                assert_eq!(choose(&value, text, &analyse(text), false), style, "{text:?}");
            }
        };
        check(
            Style::Plain,
            &["a", "a b", "http://x", "a#b", "-a", "1e3", "8080:80", "y", "a,b", "a[b]", "$(X)"],
        );
        check(
            Style::Single,
            &[
                "", "yes", "12", "1.5", "~", "<<", "a: b", "a #b", " a", "a ", "*a", "---", "it:",
                "'",
            ],
        );
        check(Style::Double, &["é", "a\tb", "\u{7f}", "a \nb", "a\n\u{e9}", "😀"]);
        check(Style::Literal, &["a\nb", "a\n", "\n", "  a\nb", "a\n  b\n", "a: b\n# c\n"]);
    }
}
