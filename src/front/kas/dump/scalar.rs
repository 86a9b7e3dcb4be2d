//! Scalars as Python prints them. Knows no YAML and no JSON.

use crate::front::yaml::{Int, Key, Value};

/// `repr` of an integer.
pub(super) fn int(int: &Int) -> String {
    match int {
        Int::Small(small) => small.to_string(),
        Int::Big(digits) => digits.to_string(),
    }
}

/// `repr` of a float that is finite: the shortest digits, with an exponent below -4 and from 16 on.
pub(super) fn float(float: f64) -> String {
    let written = format!("{float:e}");
    let (mantissa, exponent) = written.split_once('e').expect("`e` is always written");
    let exponent: i32 = exponent.parse().expect("an integer follows `e`");
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let plain = float.to_string();
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

/// `base64.b64encode`
pub(super) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let six = usize::try_from(bits >> (18 - 6 * at) & 63).expect("six bits");
            text.push(if at as usize <= chunk.len() { char::from(ALPHABET[six]) } else { '=' });
        }
    }
    text
}

/// A key as the value that it is.
pub(super) fn of_key(key: &Key) -> Value {
    match key {
        Key::Null => Value::Null,
        Key::Bool(truth) => Value::Bool(*truth),
        Key::Int(int) => Value::Int(int.clone()),
        Key::Float(bits) => Value::Float(f64::from_bits(*bits)),
        Key::Str(text) => Value::Str(text.clone()),
        Key::Timestamp(iso) => Value::Timestamp(iso.clone()),
        Key::Binary(bytes) => Value::Binary(bytes.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::{base64, float};

    #[test]
    fn floats_are_pythons_repr() {
        let check = |number: f64, expect: &str| assert_eq!(float(number), expect);
        check(6.1, "6.1");
        check(1.0, "1.0");
        check(-0.0, "-0.0");
        check(1e15, "1000000000000000.0");
        check(1e16, "1e+16");
        check(1.5e300, "1.5e+300");
        check(0.0001, "0.0001");
        check(0.00001, "1e-05");
        check(-1.25e-7, "-1.25e-07");
        check(0.1 + 0.2, "0.30000000000000004");
        check(f64::MAX, "1.7976931348623157e+308");
        check(5e-324, "5e-324");
    }

    #[test]
    fn base64_is_padded() {
        assert_eq!(base64(b"hello"), "aGVsbG8=");
        assert_eq!(base64(b"h"), "aA==");
        assert_eq!(base64(b"hel"), "aGVs");
        assert_eq!(base64(b""), "");
        assert_eq!(base64(&[255, 254]), "//4=");
    }
}
