//! Numbers as Python makes them of text: integers without bound (up to what Python prints), base 60, floats.
//! Knows no YAML beyond the shapes of `construct_yaml_int` and `construct_yaml_float`.

use super::value::Int;

/// Python refuses to convert longer integers from and to decimal text (`sys.int_info.default_max_str_digits`).
pub(super) const MOST_DIGITS: usize = 4300;

/// `construct_yaml_int`; `None` where Python raises.
pub(super) fn int(text: &str) -> Option<Int> {
    let text = text.replace('_', "");
    let (negative, digits) = signed(&text);
    let parsed = if digits == "0" {
        Some(Int::Small(0))
    } else if let Some(digits) = digits.strip_prefix("0b") {
        python_int(digits, 2)
    } else if let Some(digits) = digits.strip_prefix("0x") {
        python_int(digits, 16)
    } else if digits.starts_with('0') {
        python_int(digits, 8)
    } else if digits.contains(':') {
        sixties(digits)
    } else if digits.is_empty() {
        None
    } else {
        python_int(digits, 10)
    };
    parsed.map(|int| if negative { negate(int) } else { int })
}

/// `construct_yaml_float`; `None` where Python raises.
pub(super) fn float(text: &str) -> Option<f64> {
    let text = text.replace('_', "").to_lowercase();
    let (negative, digits) = signed(&text);
    let value = if digits == ".inf" {
        f64::INFINITY
    } else if digits == ".nan" {
        return Some(f64::NAN);
    } else if digits.contains(':') {
        let mut value = 0.0;
        let mut base = 1.0_f64;
        for part in digits.split(':').rev() {
            // Python's `base` is an integer and overflows where a float would become infinite.
            let term = python_float(part)? * base;
            if base.is_infinite() {
                return None;
            }
            value += term;
            base *= 60.0;
        }
        value
    } else if digits.is_empty() {
        return None;
    } else {
        python_float(digits)?
    };
    Some(if negative { -value } else { value })
}

/// Decimal digits, with an optional `-`.
pub(super) fn decimal(digits: &str) -> Option<Int> {
    python_int(digits, 10)
}

/// `float(text)`
fn python_float(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// `int(text, radix)`, which allows blanks, a sign and the prefix of its radix.
fn python_int(text: &str, radix: u32) -> Option<Int> {
    let (negative, digits) = signed(text.trim());
    let prefix = match radix {
        2 => ["0b", "0B"],
        8 => ["0o", "0O"],
        16 => ["0x", "0X"],
        _ => ["", ""],
    };
    let digits = prefix.iter().find_map(|prefix| digits.strip_prefix(prefix)).unwrap_or(digits);
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let values = digits.chars().filter_map(|digit| digit.to_digit(radix));
    let int = match i64::from_str_radix(digits, radix) {
        Ok(small) => Int::Small(small),
        Err(_) if digits.len() > longest(radix) => return None,
        Err(_) => big(values, radix),
    };
    Some(if negative { negate(int) } else { int })
}

/// How many digits of a radix may come near `MOST_DIGITS` decimal ones: it keeps the conversion below cheap.
fn longest(radix: u32) -> usize {
    match radix {
        10 => MOST_DIGITS,
        _ => MOST_DIGITS * 4,
    }
}

/// `12:30:45`
fn sixties(text: &str) -> Option<Int> {
    // A plain scalar has only parts below 60 here, but `!!int 8080:80` may have any.
    let parts: Option<Vec<u32>> = text
        .split(':')
        .map(|part| match decimal(part)? {
            Int::Small(small) => u32::try_from(small).ok(),
            Int::Big(_) => None,
        })
        .collect();
    let parts = parts?;
    let small = parts.iter().try_fold(0_i64, |sum, &part| {
        sum.checked_mul(60).and_then(|sum| sum.checked_add(i64::from(part)))
    });
    match small {
        Some(small) => Some(Int::Small(small)),
        None if parts.len() > MOST_DIGITS => None,
        None => Some(big(parts.into_iter(), 60)),
    }
}

fn signed(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

/// The value of digits of a radix, as decimal text. The limbs hold nine decimal digits each, and as many digits are
/// taken at once as a limb can be multiplied by.
fn big(digits: impl Iterator<Item = u32>, radix: u32) -> Int {
    const LIMB: u64 = 1_000_000_000;
    let mut limbs: Vec<u64> = Vec::new();
    let (mut factor, mut chunk) = (1, 0);
    let mut add = |factor: u64, chunk: u64| {
        let mut carry = chunk;
        for limb in &mut limbs {
            let sum = *limb * factor + carry;
            *limb = sum % LIMB;
            carry = sum / LIMB;
        }
        while carry > 0 {
            limbs.push(carry % LIMB);
            carry /= LIMB;
        }
    };
    for digit in digits {
        factor *= u64::from(radix);
        chunk = chunk * u64::from(radix) + u64::from(digit);
        if factor * u64::from(radix) > LIMB {
            add(factor, chunk);
            (factor, chunk) = (1, 0);
        }
    }
    add(factor, chunk);
    let text: String = limbs.iter().rev().map(|limb| format!("{limb:09}")).collect();
    let text = text.trim_start_matches('0');
    text.parse().map_or_else(|_| Int::Big(text.into()), Int::Small)
}

fn negate(int: Int) -> Int {
    match int {
        Int::Small(small) => {
            small.checked_neg().map_or_else(|| Int::Big("9223372036854775808".into()), Int::Small)
        }
        Int::Big(digits) => match digits.strip_prefix('-') {
            Some(digits) => Int::Big(digits.into()),
            None => {
                let text = format!("-{digits}");
                text.parse().map_or_else(|_| Int::Big(text.into()), Int::Small)
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{float, int};
    use crate::front::yaml::Int;

    #[test]
    fn integers_are_pythons() {
        let check =
            |text: &str, expect: i64| assert_eq!(int(text), Some(Int::Small(expect)), "{text}");
        check("0", 0);
        check("-0", 0);
        check("0777", 511);
        check("0_", 0);
        check("0b1_1", 3);
        check("-0x1F", -31);
        check("1_000", 1000);
        check("1:30", 90);
        check("-12:30:45", -45045);
        check("9223372036854775807", i64::MAX);
        check("-9223372036854775808", i64::MIN);
        check(" 12 ", 12);
        check("0o17", 15);
        check("8080:80", 484_880);
    }

    #[test]
    fn integers_have_no_bound() {
        let check = |text: &str, expect: &str| {
            assert_eq!(int(text), Some(Int::Big(expect.into())), "{text}");
        };
        check("9223372036854775808", "9223372036854775808");
        check("-9223372036854775809", "-9223372036854775809");
        check("0xFFFFFFFFFFFFFFFFFFFF", "1208925819614629174706175");
        check("07777777777777777777777", "73786976294838206463");
        check("1:0:0:0:0:0:0:0:0:0:0:0", "36279705600000000000");
        check("100000000000000000000000000", "100000000000000000000000000");
    }

    #[test]
    fn what_python_refuses() {
        for text in ["", "-", "0b_", "0x_", "08", "a", "1:a", "١"] {
            assert_eq!(int(text), None, "{text}");
        }
        assert_eq!(int(&"9".repeat(4301)), None);
        assert!(int(&"9".repeat(4300)).is_some());
        for text in ["", "+", "x", "1:x", ":"] {
            assert_eq!(float(text), None, "{text}");
        }
    }

    #[test]
    fn floats_are_pythons() {
        let check = |text: &str, expect: f64| assert_eq!(float(text), Some(expect), "{text}");
        check("6.10", 6.1);
        check("1.", 1.0);
        check("1._5", 1.5);
        check("-1.5e+3", -1500.0);
        check(".5", 0.5);
        check("-.INF", f64::NEG_INFINITY);
        check("1:30.5", 90.5);
        check("1.0e+999", f64::INFINITY);
        assert!(float(".NaN").is_some_and(f64::is_nan));
    }
}
