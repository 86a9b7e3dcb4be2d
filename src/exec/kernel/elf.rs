//! The sizes of the sections of an ELF file, as `kernelci/elf.py` tells them. Knows no kernel.
//!
//! Written here, because it is three fields of one table.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// The longest table that is read. The largest kernels have some hundred sections.
const LONGEST: u64 = 1 << 22;

/// What a kernel consists of, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Sizes {
    pub(super) text: Option<u64>,
    pub(super) data: u64,
    pub(super) bss: Option<u64>,
}

struct Section {
    name: String,
    kind: u64,
    flags: u64,
    size: u64,
}

/// How numbers are written.
#[derive(Clone, Copy)]
struct Form {
    wide: bool,
    big: bool,
}

impl Form {
    fn number(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    }

    /// A field by its place and width in either class.
    fn field(self, bytes: &[u8], narrow: (usize, usize), wide: (usize, usize)) -> Option<u64> {
        let (at, width) = if self.wide { wide } else { narrow };
        Some(self.number(bytes.get(at..at + width)?))
    }
}

/// The sizes in a file; `None` where it is no ELF file, or not a whole one.
pub(super) fn sizes(path: &Path) -> Option<Sizes> {
    let sections = sections(&mut File::open(path).ok()?)?;
    let size = |name| {
        let section = sections.iter().find(|section| section.name == name);
        section.map(|section| section.size)
    };
    // `SHT_PROGBITS` that is allocated, and perhaps written to.
    let is_data = |section: &&Section| section.kind == 1 && matches!(section.flags, 2 | 3);
    let all = || sections.iter().filter(is_data).map(|section| section.size).sum();
    Some(Sizes { text: size(".text"), data: size(".data").unwrap_or_else(all), bss: size(".bss") })
}

fn sections(file: &mut File) -> Option<Vec<Section>> {
    let header = read(file, 0, 64).or_else(|_| read(file, 0, 52)).ok()?;
    if header.get(..4)? != b"\x7fELF" {
        return None;
    }
    let form = Form { wide: *header.get(4)? == 2, big: *header.get(5)? == 2 };
    let table = form.field(&header, (32, 4), (40, 8))?;
    let entry = form.field(&header, (46, 2), (58, 2))?;
    let mut count = form.field(&header, (48, 2), (60, 2))?;
    let mut names = form.field(&header, (50, 2), (62, 2))?;
    if table == 0 || entry < 40 || (form.wide && entry < 64) {
        return None;
    }
    // What does not fit there is in the first section.
    let first = read(file, table, entry).ok()?;
    if count == 0 {
        count = form.field(&first, (20, 4), (32, 8))?;
    }
    if names == 0xffff {
        names = form.field(&first, (24, 4), (40, 4))?;
    }
    let table = read(file, table, entry.checked_mul(count)?).ok()?;
    let entries: Vec<&[u8]> = table.chunks_exact(usize::try_from(entry).ok()?).collect();
    let place = |entry: &[u8]| {
        Some((form.field(entry, (16, 4), (24, 8))?, form.field(entry, (20, 4), (32, 8))?))
    };
    let (at, size) = place(entries.get(usize::try_from(names).ok()?)?)?;
    let texts = read(file, at, size).ok()?;
    let section = |entry: &&[u8]| {
        let at = usize::try_from(form.number(&entry[..4])).ok()?;
        let name = texts.get(at..)?.split(|&byte| byte == 0).next()?;
        Some(Section {
            name: String::from_utf8_lossy(name).into_owned(),
            kind: form.number(&entry[4..8]),
            flags: form.field(entry, (8, 4), (8, 8))?,
            size: place(entry)?.1,
        })
    };
    entries.iter().map(section).collect()
}

fn read(file: &mut File, at: u64, size: u64) -> io::Result<Vec<u8>> {
    if size > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    file.seek(SeekFrom::Start(at))?;
    let mut bytes = Vec::new();
    file.take(size).read_to_end(&mut bytes)?;
    let whole = u64::try_from(bytes.len()).is_ok_and(|read| read == size);
    if whole { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Sizes, sizes};

    /// An ELF file of sections with a kind, flags and a size.
    fn elf(wide: bool, big: bool, sections: &[(&str, u64, u64, u64)]) -> Vec<u8> {
        let number = |value: u64, width: usize| {
            let bytes = value.to_be_bytes()[8 - width..].to_vec();
            if big { bytes } else { bytes.into_iter().rev().collect() }
        };
        let (word, header, entry) = if wide { (8, 64, 64) } else { (4, 52, 40) };
        let mut names = vec![0];
        let mut table = vec![0; entry];
        let mut add = |name: &str, kind, flags, at: u64, size, names: &mut Vec<u8>| {
            table.extend(number(u64::try_from(names.len()).expect("small"), 4));
            names.extend(name.bytes().chain([0]));
            table.extend(number(kind, 4));
            for value in [flags, 0, at, size] {
                table.extend(number(value, word));
            }
            table.extend(vec![0; entry - 8 - 4 * word]);
        };
        for &(name, kind, flags, size) in sections {
            add(name, kind, flags, 0, size, &mut names);
        }
        let length = u64::try_from(names.len()).expect("small") + 10;
        add(".shstrtab", 3, 0, header, length, &mut names);
        let count = u64::try_from(sections.len()).expect("small") + 2;
        let mut file = b"\x7fELF".to_vec();
        file.extend([if wide { 2 } else { 1 }, if big { 2 } else { 1 }]);
        file.resize(if wide { 40 } else { 32 }, 0);
        let start = header + u64::try_from(names.len()).expect("small");
        file.extend(number(start, word));
        file.resize(if wide { 58 } else { 46 }, 0);
        for value in [u64::try_from(entry).expect("small"), count, count - 1] {
            file.extend(number(value, 2));
        }
        file.extend(&names);
        file.extend(&table);
        file
    }

    #[test]
    fn sizes_of_sections() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("vmlinux");
        let named = [(".text", 1, 6, 1000), (".data", 1, 3, 200), (".bss", 8, 3, 30)];
        let unnamed = [(".text", 1, 6, 1000), (".rodata", 1, 2, 70), (".init.data", 1, 3, 5)];
        for (wide, big) in [(true, false), (true, true), (false, false), (false, true)] {
            fs::write(&path, elf(wide, big, &named)).expect("a file");
            let expect = Sizes { text: Some(1000), data: 200, bss: Some(30) };
            assert_eq!(sizes(&path), Some(expect));
            fs::write(&path, elf(wide, big, &unnamed)).expect("a file");
            assert_eq!(sizes(&path), Some(Sizes { text: Some(1000), data: 75, bss: None }));
        }
        let whole = elf(true, false, &named);
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("a file");
            assert_eq!(sizes(&path), None, "cut at {length}");
        }
        fs::write(&path, "#!/bin/sh\n").expect("a file");
        assert_eq!(sizes(&path), None);
    }
}
