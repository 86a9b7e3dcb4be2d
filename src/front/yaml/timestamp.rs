//! Dates and times as PyYAML reads them and as Python's `isoformat` writes them. Knows no calendar beyond what
//! `datetime` checks.

/// The fields of a timestamp as written, of the right shape and not yet checked.
pub(super) struct Parts<'a> {
    year: u32,
    month: u32,
    day: u32,
    pub(super) time: Option<Time<'a>>,
}

pub(super) struct Time<'a> {
    hour: u32,
    minute: u32,
    second: u32,
    fraction: &'a str,
    zone: Option<Zone>,
}

/// Minutes east of UTC.
struct Zone(i32);

impl<'a> Parts<'a> {
    /// `SafeConstructor.timestamp_regexp`: any month and day of one or two digits, with or without a time.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let mut rest = text;
        let year = number(&mut rest, 4, 4)?;
        literal(&mut rest, "-")?;
        let month = number(&mut rest, 1, 2)?;
        literal(&mut rest, "-")?;
        let day = number(&mut rest, 1, 2)?;
        let time = if rest.is_empty() { None } else { Some(Time::of(rest)?) };
        Some(Self { year, month, day, time })
    }

    /// As `isoformat` writes it, or what `datetime` says against it.
    pub(super) fn iso(&self) -> Result<String, &'static str> {
        if self.year == 0 {
            return Err("year 0 is out of range");
        }
        if !(1..=12).contains(&self.month) {
            return Err("month must be in 1..12");
        }
        if self.day == 0 || self.day > days(self.year, self.month) {
            return Err("day is out of range for month");
        }
        let date = format!("{:04}-{:02}-{:02}", self.year, self.month, self.day);
        match &self.time {
            None => Ok(date),
            Some(time) => Ok(format!("{date}T{}", time.iso()?)),
        }
    }
}

impl<'a> Time<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let mut rest = match text.strip_prefix(['T', 't']) {
            Some(rest) => rest,
            None => {
                let rest = text.trim_start_matches([' ', '\t']);
                (rest.len() < text.len()).then_some(rest)?
            }
        };
        let hour = number(&mut rest, 1, 2)?;
        literal(&mut rest, ":")?;
        let minute = number(&mut rest, 2, 2)?;
        literal(&mut rest, ":")?;
        let second = number(&mut rest, 2, 2)?;
        let mut fraction = "";
        if literal(&mut rest, ".").is_some() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            (fraction, rest) = rest.split_at(end);
        }
        let zone = match rest {
            "" => None,
            _ => Some(Zone::of(rest.trim_start_matches([' ', '\t']))?),
        };
        Some(Self { hour, minute, second, fraction, zone })
    }

    fn iso(&self) -> Result<String, &'static str> {
        match (self.hour, self.minute, self.second) {
            (24.., ..) => return Err("hour must be in 0..23"),
            (_, 60.., _) => return Err("minute must be in 0..59"),
            (_, _, 60..) => return Err("second must be in 0..59"),
            _ => {}
        }
        let mut iso = format!("{:02}:{:02}:{:02}", self.hour, self.minute, self.second);
        let micros = &self.fraction[..self.fraction.len().min(6)];
        if micros.bytes().any(|digit| digit != b'0') {
            iso.push_str(&format!(".{micros:0<6}"));
        }
        if let Some(Zone(minutes)) = self.zone {
            if minutes.abs() >= 24 * 60 {
                return Err("the offset from UTC must be less than a day");
            }
            let sign = if minutes < 0 { '-' } else { '+' };
            iso.push_str(&format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60));
        }
        Ok(iso)
    }
}

impl Zone {
    fn of(text: &str) -> Option<Self> {
        let mut rest = text;
        let sign = match literal(&mut rest, "Z") {
            Some(()) => return rest.is_empty().then_some(Self(0)),
            None if literal(&mut rest, "-").is_some() => -1,
            None => {
                literal(&mut rest, "+")?;
                1
            }
        };
        let hours = number(&mut rest, 1, 2)?;
        let minutes = match literal(&mut rest, ":") {
            Some(()) => number(&mut rest, 2, 2)?,
            None => 0,
        };
        let east = i32::try_from(hours * 60 + minutes).ok()?;
        rest.is_empty().then_some(Self(sign * east))
    }
}

fn literal(rest: &mut &str, text: &str) -> Option<()> {
    *rest = rest.strip_prefix(text)?;
    Some(())
}

fn number(rest: &mut &str, least: usize, most: usize) -> Option<u32> {
    let width = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    if width < least {
        return None;
    }
    let (digits, after) = rest.split_at(width);
    *rest = after;
    digits.parse().ok()
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::Parts;

    #[test]
    fn timestamps_become_iso() {
        let check = |text: &str, expect: Result<&str, &str>| {
            let parts = Parts::of(text).unwrap_or_else(|| panic!("{text} is no timestamp"));
            assert_eq!(parts.iso().as_deref().map_err(|&error| error), expect, "{text}");
        };
        check("2024-01-02", Ok("2024-01-02"));
        check("2024-2-29", Ok("2024-02-29"));
        check("2001-12-14t21:59:43.10-05:00", Ok("2001-12-14T21:59:43.100000-05:00"));
        check("2001-12-14 21:59:43.1234567", Ok("2001-12-14T21:59:43.123456"));
        check("2001-12-15 2:59:43.0Z", Ok("2001-12-15T02:59:43+00:00"));
        check("2001-12-15T02:59:43 +1", Ok("2001-12-15T02:59:43+01:00"));
        check("2023-02-29", Err("day is out of range for month"));
        check("2024-13-01", Err("month must be in 1..12"));
        check("0000-01-01", Err("year 0 is out of range"));
        check("2024-01-01T24:00:00", Err("hour must be in 0..23"));
        check("2024-01-01T00:00:60", Err("second must be in 0..59"));
        check("2024-01-01T00:00:00+24", Err("the offset from UTC must be less than a day"));
    }

    #[test]
    fn other_texts_are_none() {
        for text in
            ["", "2024", "2024-1", "24-01-01", "2024-01-01x", "2024-01-01 ", "2024-01-01T1:2:3"]
        {
            assert!(Parts::of(text).is_none(), "{text}");
        }
    }
}
