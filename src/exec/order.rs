//! What a supervisor is told to run, and the bytes in which it is told. Starts nothing.
//!
//! Numbers are four bytes, the low one first. A text is its length and its bytes, a list its length and its texts.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use crate::exec::environment::Environment;

/// The byte before an order.
pub const RUN: u8 = b'r';

/// The byte that asks for an end in order.
pub const END: u8 = b't';

/// A program to run, and what to do when it is to end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// The program and its arguments.
    pub argv: Vec<OsString>,
    /// Its whole environment.
    pub env: Environment,
    /// The directory in which it runs.
    pub dir: PathBuf,
    /// How long it may take to end when it is asked to; whole milliseconds.
    pub grace: Duration,
    /// A program that ends what no signal of ours reaches: `docker kill NAME`.
    pub after_kill: Vec<OsString>,
    /// Where a jobserver is: what make takes from, and what it gives back to.
    pub jobserver: Option<[PathBuf; 2]>,
}

impl Order {
    /// The bytes that [`Order::read`] reads, after [`RUN`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![RUN];
        list(&mut out, self.argv.iter().map(OsString::as_os_str));
        list(&mut out, self.env.iter().flat_map(|(name, value)| [OsStr::new(name), value]));
        text(&mut out, self.dir.as_os_str());
        let grace = u32::try_from(self.grace.as_millis()).unwrap_or(u32::MAX);
        out.extend(grace.to_le_bytes());
        list(&mut out, self.after_kill.iter().map(OsString::as_os_str));
        list(&mut out, self.jobserver.iter().flatten().map(|path| path.as_os_str()));
        out
    }

    /// Reads an order.
    ///
    /// # Errors
    /// When there is no more of it, or it is none.
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let argv = read_list(from)?;
        let mut variables = read_list(from)?.into_iter();
        let mut env = Environment::new();
        while let (Some(name), Some(value)) = (variables.next(), variables.next()) {
            env.insert(name.into_string().map_err(|_| no_order())?, value);
        }
        let dir = read_text(from)?.into();
        let grace = Duration::from_millis(u64::from(read_number(from)?));
        let after_kill = read_list(from)?;
        let pipes: Vec<PathBuf> = read_list(from)?.into_iter().map(PathBuf::from).collect();
        if argv.is_empty() {
            return Err(no_order());
        }
        Ok(Self { argv, env, dir, grace, after_kill, jobserver: pipes.try_into().ok() })
    }
}

fn no_order() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "this is no order")
}

fn number(out: &mut Vec<u8>, count: usize) {
    let count = u32::try_from(count).expect("the kernel takes no arguments as long as that");
    out.extend(count.to_le_bytes());
}

fn text(out: &mut Vec<u8>, text: &OsStr) {
    number(out, text.len());
    out.extend(text.as_bytes());
}

fn list<'a>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'a OsStr>) {
    let texts: Vec<&OsStr> = texts.collect();
    number(out, texts.len());
    texts.into_iter().for_each(|one| text(out, one));
}

/// No text is as long and no list has as many, or the kernel would not take it; so this is no order, and nobody waits for
/// the rest of it.
const TOO_MUCH: u32 = 64 << 20;

fn read_number(from: &mut impl Read) -> io::Result<u32> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn read_count(from: &mut impl Read) -> io::Result<u32> {
    read_number(from).and_then(|count| if count < TOO_MUCH { Ok(count) } else { Err(no_order()) })
}

fn read_text(from: &mut impl Read) -> io::Result<OsString> {
    let length = u64::from(read_count(from)?);
    let mut bytes = Vec::new();
    // What claims to be long and is not reserves no memory.
    from.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(OsString::from_vec(bytes)) } else { Err(no_order()) }
}

fn read_list(from: &mut impl Read) -> io::Result<Vec<OsString>> {
    (0..read_count(from)?).map(|_| read_text(from)).collect()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::time::Duration;

    use super::{Order, RUN};

    #[test]
    fn what_is_told_is_read() {
        let odd = OsString::from_vec(b"\xff --\n".to_vec());
        let order = Order {
            argv: vec!["kas".into(), odd.clone(), "".into()],
            env: [("A".to_owned(), odd), ("B".to_owned(), "".into())].into(),
            dir: "/a b".into(),
            grace: Duration::from_millis(1500),
            after_kill: vec!["docker".into(), "kill".into()],
            jobserver: Some(["/take".into(), "/give".into()]),
        };
        let plain = Order { argv: vec!["true".into()], ..Order::default() };
        for order in [order, plain] {
            let bytes = order.encode();
            assert_eq!(bytes[0], RUN);
            assert_eq!(Order::read(&mut &bytes[1..]).expect("an order"), order);
            for cut in 1..bytes.len() {
                assert!(Order::read(&mut &bytes[1..cut]).is_err(), "{cut}");
            }
        }
    }
}
