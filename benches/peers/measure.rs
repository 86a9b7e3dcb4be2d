//! Runs two programs in turn, several times, and says how long each took and how much memory. Knows no row.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// What one run cost.
#[derive(Debug, Clone, Copy, Default)]
struct Sample {
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
}

/// What several runs cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// The median time.
    pub(crate) wall: Duration,
    /// The shortest time.
    pub(crate) best: Duration,
    /// The median time of processors, of the program and of all that it waited for.
    pub(crate) cpu: Duration,
    /// The most memory that any run of the program had resident.
    pub(crate) peak_kib: u64,
}

impl Cost {
    fn of(samples: &[Sample]) -> Self {
        let median = |what: fn(&Sample) -> Duration| {
            let mut all: Vec<Duration> = samples.iter().map(what).collect();
            all.sort_unstable();
            all[all.len() / 2]
        };
        Self {
            wall: median(|sample| sample.wall),
            best: samples.iter().map(|sample| sample.wall).min().unwrap_or_default(),
            cpu: median(|sample| sample.cpu),
            peak_kib: samples.iter().map(|sample| sample.peak_kib).max().unwrap_or_default(),
        }
    }
}

/// What is run: a command, and what has to be done before each time.
pub(crate) struct Subject<'a> {
    /// Makes the command.
    pub(crate) command: Box<dyn Fn() -> Command + 'a>,
    /// Makes the world as it is to be found. Not measured.
    pub(crate) before: Box<dyn FnMut() -> Result<()> + 'a>,
}

impl<'a> Subject<'a> {
    /// One before which nothing is to be done.
    pub(crate) fn new(command: impl Fn() -> Command + 'a) -> Self {
        Self { command: Box::new(command), before: Box::new(|| Ok(())) }
    }

    /// One before which something is to be done.
    pub(crate) fn after(
        before: impl FnMut() -> Result<()> + 'a,
        command: impl Fn() -> Command + 'a,
    ) -> Self {
        Self { command: Box::new(command), before: Box::new(before) }
    }
}

/// Runs all of them in turn (first, second, first, second, …), once without measuring and then `runs` times.
pub(crate) fn in_turn(subjects: &mut [Subject<'_>], runs: usize) -> Result<Vec<Cost>> {
    let mut samples: Vec<Vec<Sample>> = subjects.iter().map(|_| Vec::new()).collect();
    for run in 0..=runs {
        for (subject, samples) in subjects.iter_mut().zip(&mut samples) {
            (subject.before)()?;
            let sample = once(&mut (subject.command)())?;
            if run > 0 {
                samples.push(sample);
            }
        }
    }
    Ok(samples.iter().map(|samples| Cost::of(samples)).collect())
}

/// Runs a program that must succeed; what it prints is nobody's, unless it fails.
fn once(command: &mut Command) -> Result<Sample> {
    let mut said = tempfile::tempfile()?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said.try_clone()?);
    let begun = Instant::now();
    let child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let (status, usage) = wait(child.id())?;
    let wall = begun.elapsed();
    if status != 0 {
        bail!("{command:?} failed (wait status {status}):\n{}", text(&mut said)?);
    }
    Ok(Sample { wall, ..usage })
}

fn text(file: &mut File) -> Result<String> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_string(&mut text)?;
    Ok(text)
}

/// Waits for a child of ours; the standard library does not say what it used.
#[allow(unsafe_code, reason = "`wait4` has no safe door among our dependencies")]
fn wait(child: u32) -> Result<(i32, Sample)> {
    let pid = libc::pid_t::try_from(child).context("a process id fits")?;
    let mut status = 0;
    // SAFETY: all fields of `rusage` are numbers, for which zeros are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to values of ours that live longer than the call, and nobody else waits for the child.
    let waited = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    if waited != pid {
        return Err(std::io::Error::last_os_error()).context("cannot wait for a child");
    }
    let time = |time: libc::timeval| {
        let number = |part: i64| u64::try_from(part).unwrap_or_default();
        Duration::from_secs(number(time.tv_sec)) + Duration::from_micros(number(time.tv_usec))
    };
    let cpu = time(usage.ru_utime) + time(usage.ru_stime);
    let peak_kib = u64::try_from(usage.ru_maxrss).unwrap_or_default();
    Ok((status, Sample { wall: Duration::ZERO, cpu, peak_kib }))
}
