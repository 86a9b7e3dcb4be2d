//! The small values of `graph.yaml`: sizes, durations, `auto`, one or many. Knows no key.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::{Deserializer, Error, SeqAccess, Visitor};

/// Why a text is not such a value, and what would be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(pub String);

/// A number of bytes, written with its unit: `50GiB`, `500MB`, `1.5TiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Size(pub u64);

const UNITS: [(&str, u64); 9] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl FromStr for Size {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = || BadValue(format!("`{text}` is not a size such as `50GiB` or `500MB`"));
        let (number, unit) = UNITS
            .iter()
            .find_map(|(name, unit)| {
                text.strip_suffix(name).map(|number| (number.trim_end(), *unit))
            })
            .ok_or_else(bad)?;
        let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        if !plain(whole) || !plain(fraction) || fraction.len() > 9 {
            return Err(bad());
        }
        let scale = 10_u128.pow(u32::try_from(fraction.len()).map_err(|_| bad())?);
        let digits: u128 = format!("{whole}{fraction}").parse().map_err(|_| bad())?;
        let bytes = digits.checked_mul(u128::from(unit)).ok_or_else(bad)? / scale;
        u64::try_from(bytes).map(Self).map_err(|_| bad())
    }
}

impl fmt::Display for Size {
    /// In the largest binary unit of which there is at least one, with one decimal where it is not whole.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match UNITS[..4].iter().rev().find(|(_, unit)| self.0 >= *unit) {
            None => write!(f, "{} B", self.0),
            Some((name, unit)) if self.0.is_multiple_of(*unit) => {
                write!(f, "{} {name}", self.0 / unit)
            }
            Some((name, unit)) => {
                let tenths = u128::from(self.0) * 10 / u128::from(*unit);
                write!(f, "{}.{} {name}", tenths / 10, tenths % 10)
            }
        }
    }
}

/// A span of time after which something ends, or `none`: `6h`, `30m`, `1h30m`, `90s`, `2d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(pub Option<Duration>);

impl FromStr for Limit {
    type Err = BadValue;

    fn from_str(text: &str) -> Result<Self, BadValue> {
        let bad = || {
            BadValue(format!(
                "`{text}` is not a duration such as `6h`, `30m` or `1h30m`, nor `none`"
            ))
        };
        if text == "none" {
            return Ok(Self(None));
        }
        let mut rest = text;
        let mut seconds = 0_u64;
        let mut smallest = u64::MAX;
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(bad)?;
            let number: u64 = rest[..end].parse().map_err(|_| bad())?;
            let unit = match rest.as_bytes()[end] {
                b'd' => 86_400,
                b'h' => 3_600,
                b'm' => 60,
                b's' => 1,
                _ => return Err(bad()),
            };
            if unit >= smallest {
                return Err(bad());
            }
            smallest = unit;
            seconds = number
                .checked_mul(unit)
                .and_then(|part| seconds.checked_add(part))
                .ok_or_else(bad)?;
            rest = &rest[end + 1..];
        }
        if seconds == 0 { Err(bad()) } else { Ok(Self(Some(Duration::from_secs(seconds)))) }
    }
}

/// `auto`, or an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Amount<T> {
    /// As the host has it.
    #[default]
    Auto,
    /// As the user says.
    Exactly(T),
}

impl<T> Amount<T> {
    /// The amount, if one was said.
    pub fn exactly(self) -> Option<T> {
        match self {
            Self::Auto => None,
            Self::Exactly(amount) => Some(amount),
        }
    }
}

/// One value or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OneOrMany(pub Vec<String>);

/// Reads text by a function, and says what was expected when there is something else than text.
struct Text<T>(&'static str, fn(&str) -> Result<T, BadValue>);

impl<T> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.1)(text).map_err(E::custom)
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("a size such as `50GiB`", Self::from_str))
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("a duration such as `6h`, or `none`", Self::from_str))
    }
}

impl<'de> Deserialize<'de> for Amount<Size> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Text("`auto` or a size such as `16GiB`", |text| match text {
            "auto" => Ok(Self::Auto),
            _ => text.parse().map(Self::Exactly),
        }))
    }
}

impl<'de> Deserialize<'de> for Amount<u32> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Count;
        impl Visitor<'_> for Count {
            type Value = Amount<u32>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto` or a number from 1")
            }
            fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
                match u32::try_from(number) {
                    Ok(number) if number > 0 => Ok(Amount::Exactly(number)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self)),
                }
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "auto" => Ok(Amount::Auto),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Count)
    }
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Paths(PhantomData<()>);
        impl<'de> Visitor<'de> for Paths {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![text.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut all = Vec::new();
                while let Some(path) = list.next_element::<String>()? {
                    all.push(path);
                }
                Ok(OneOrMany(all))
            }
        }
        deserializer.deserialize_any(Paths(PhantomData))
    }
}

impl JsonSchema for Size {
    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a number of bytes with its unit, such as 50GiB or 500MB",
            "pattern": r"^[0-9]+(\.[0-9]{1,9})? *([KMGT]i?)?B$"
        })
    }
}

impl JsonSchema for Limit {
    fn schema_name() -> Cow<'static, str> {
        "Limit".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "a duration such as 6h, 30m, 90s or 1h30m, or none",
            "pattern": "^(none|([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?)$"
        })
    }
}

impl JsonSchema for Amount<Size> {
    fn schema_name() -> Cow<'static, str> {
        "AutoOrSize".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "auto" }, generator.subschema_for::<Size>()] })
    }
}

impl JsonSchema for Amount<u32> {
    fn schema_name() -> Cow<'static, str> {
        "AutoOrNumber".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [{ "const": "auto" }, { "type": "integer", "minimum": 1 }] })
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> Cow<'static, str> {
        "PathOrPaths".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Limit, Size};

    #[test]
    fn sizes_have_units() {
        let size = |text: &str| text.parse().map(|Size(bytes)| bytes).ok();
        assert_eq!(size("50GiB"), Some(50 << 30));
        assert_eq!(size("50 GiB"), Some(50 << 30));
        assert_eq!(size("1.5KiB"), Some(1536));
        assert_eq!(size("500MB"), Some(500_000_000));
        assert_eq!(size("0B"), Some(0));
        for bad in ["", "50", "50G", "GiB", "-1GiB", "1e3B", "99999999TiB", "1.GiB", ".5GiB", "٣B"]
        {
            assert_eq!(size(bad), None, "{bad}");
        }
    }

    #[test]
    fn sizes_are_shown_in_binary_units() {
        let shown = |bytes| Size(bytes).to_string();
        assert_eq!(shown(0), "0 B");
        assert_eq!(shown(50 << 30), "50 GiB");
        assert_eq!(shown(1536), "1.5 KiB");
        assert_eq!(shown(u64::MAX), "16777215.9 TiB");
    }

    #[test]
    fn durations_have_units_from_large_to_small() {
        let limit = |text: &str| text.parse().map(|Limit(time)| time).ok();
        let seconds = |count| Some(Some(Duration::from_secs(count)));
        assert_eq!(limit("6h"), seconds(21_600));
        assert_eq!(limit("1h30m"), seconds(5_400));
        assert_eq!(limit("2d"), seconds(172_800));
        assert_eq!(limit("none"), Some(None));
        for bad in
            ["", "6", "h", "30m1h", "1h1h", "0s", "6 h", "1.5h", "99999999999999999999s", "6µ"]
        {
            assert_eq!(limit(bad), None, "{bad}");
        }
    }
}
