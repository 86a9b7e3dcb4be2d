//! The value of a scalar once its tag is known: `SafeConstructor`'s constructors for scalars. Knows no collections.

use std::sync::Arc;

use super::number;
use super::resolve::Tag;
use super::timestamp;
use super::value::{Key, Value};

/// Why a scalar has no value, and what to do about it.
pub(super) struct Refusal {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Refusal {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The value of a scalar.
pub(super) fn value(tag: &Tag, text: &str) -> Result<Value, Refusal> {
    let quote = || format!("to mean the text, quote it: `'{}'`", shown(text));
    match tag {
        Tag::Null => Ok(Value::Null),
        Tag::Str => Ok(Value::Str(text.into())),
        Tag::Bool => truth(text)
            .map(Value::Bool)
            .ok_or_else(|| Refusal::new(format!("`{}` is not a boolean", shown(text)))),
        Tag::Int => number::int(text).map(Value::Int).ok_or_else(|| {
            let most = number::MOST_DIGITS;
            let message = match text.len() > most {
                true => format!("the integer has more than {most} digits"),
                false => format!("`{}` is not an integer", shown(text)),
            };
            Refusal::new(message).hint(quote())
        }),
        Tag::Float => number::float(text).map(Value::Float).ok_or_else(|| {
            Refusal::new(format!("`{}` is not a number", shown(text))).hint(quote())
        }),
        Tag::Timestamp => {
            let parts = timestamp::Parts::of(text)
                .ok_or_else(|| Refusal::new(format!("`{}` is not a date", shown(text))))?;
            let iso = parts.iso().map_err(|why| {
                Refusal::new(format!("`{}` is not a date: {why}", shown(text))).hint(quote())
            })?;
            Ok(Value::Timestamp(iso.into()))
        }
        Tag::Binary => base64(text)
            .map(|bytes| Value::Binary(bytes.into()))
            .map_err(|why| Refusal::new(format!("the value of `!!binary` is no base64: {why}"))),
        Tag::Merge | Tag::Value => {
            Err(Refusal::new(format!("a plain `{}` cannot be a value here", shown(text)))
                .hint(quote()))
        }
        Tag::Unknown(name) => Err(unknown(name)),
        Tag::Seq | Tag::Omap | Tag::Pairs => {
            Err(Refusal::new(format!("`{}` needs a list, and this is a scalar", tag.written())))
        }
        Tag::Map | Tag::Set => {
            Err(Refusal::new(format!("`{}` needs a mapping, and this is a scalar", tag.written())))
        }
    }
}

/// The problem of a tag that has no constructor.
pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::new(format!("unknown tag `{}`", shown(name)))
        .hint("only the standard tags such as `!!str` can be read; remove it")
}

/// The key that a scalar value is; `None` for collections, which Python cannot hash.
pub(super) fn key(value: &Value) -> Option<Key> {
    Some(match value {
        Value::Null => Key::Null,
        Value::Bool(truth) => Key::Bool(*truth),
        Value::Int(int) => Key::Int(int.clone()),
        Value::Float(float) => Key::Float(float.to_bits()),
        Value::Str(text) => Key::Str(Arc::clone(text)),
        Value::Timestamp(iso) => Key::Timestamp(Arc::clone(iso)),
        Value::Binary(bytes) => Key::Binary(Arc::clone(bytes)),
        Value::List(_) | Value::Map(_) => return None,
    })
}

/// The beginning of a text, fit for a message.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn truth(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// `base64.decodebytes`: what is not of the alphabet is skipped, padding must be right.
fn base64(text: &str) -> Result<Vec<u8>, &'static str> {
    if !text.is_ascii() {
        return Err("it has characters that are not ascii");
    }
    let (mut bytes, mut bits, mut filled, mut pads) = (Vec::new(), 0_u32, 0_u32, 0_u32);
    for byte in text.bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => {
                pads += 1;
                if filled >= 2 && filled + pads >= 4 {
                    return Ok(bytes);
                }
                continue;
            }
            _ => continue,
        };
        pads = 0;
        bits = bits << 6 | u32::from(six);
        filled = (filled + 1) % 4;
        // Of every four characters the second, third and fourth complete a byte.
        let spare = match filled {
            2 => 4,
            3 => 2,
            0 => 0,
            _ => continue,
        };
        bytes.push(u8::try_from(bits >> spare & 0xff).expect("masked to one byte"));
        bits &= 0xff;
    }
    match filled {
        0 => Ok(bytes),
        1 => Err("a character is missing or too many"),
        _ => Err("incorrect padding"),
    }
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_is_as_lenient_as_pythons() {
        assert_eq!(base64("aGVsbG8=").as_deref(), Ok(&b"hello"[..]));
        assert_eq!(base64("aGVs\n  bG8h\n").as_deref(), Ok(&b"hello!"[..]));
        assert_eq!(base64("aA==trailing").as_deref(), Ok(&b"h"[..]));
        assert_eq!(base64("").as_deref(), Ok(&b""[..]));
        assert_eq!(base64("aGVsbG8"), Err("incorrect padding"));
        assert_eq!(base64("a"), Err("a character is missing or too many"));
        assert!(base64("é").is_err());
    }
}
