//! Checkouts within one run: which slot is whose, who makes one, who uses it, and whether it is still as it was made.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use graph::spec::Commit;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
use tokio::task::spawn_blocking;

use super::git::{Git, Objects};
use super::place::{Place, name};
use crate::address::is_commit;
use crate::exec::environment::Environment;
use crate::exec::step::{Around, Ended, Start};
use crate::exec::stop::{self, Stopping};

/// How many paths a message names.
const NAMED: usize = 3;

/// Where checkouts lie, and where they come from.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Holds the slots; absolute.
    pub sources: PathBuf,
    /// Finds repositories.
    pub objects: Objects,
    /// For git, which may have to fetch; see [`super::environment`].
    pub environment: Environment,
}

/// The checkouts of one run.
#[derive(Debug)]
pub struct Checkouts {
    origin: Origin,
    environment: Arc<Environment>,
    /// By commit.
    slots: Mutex<HashMap<Arc<str>, Arc<Slot>>>,
}

/// The slot of a commit in this run.
#[derive(Debug)]
struct Slot {
    place: Place,
    /// Held by who looks whether the files are ready, and makes them so. Whoever waits for `state` holds this: a writer in
    /// line there would keep readers out while others read, and builds read for hours.
    making: tokio::sync::Mutex<()>,
    /// Held for reading by who uses the files, for writing by who makes them.
    state: Arc<RwLock<State>>,
    /// What a build changed.
    spoiled: Mutex<Vec<String>>,
    /// Held by who compares: that writes the index.
    comparing: tokio::sync::Mutex<()>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Nobody has looked in this run.
    Unknown,
    /// It was compared with the commit, found whole, and is compared again with these objects.
    Ready(PathBuf),
}

/// A checkout in use: its files are not changed by us while this lives.
#[derive(Debug)]
pub struct Checkout {
    slot: Arc<Slot>,
    git: Git,
    _using: OwnedRwLockReadGuard<State>,
}

/// Why there is no checkout.
#[derive(Debug)]
pub enum Unready {
    /// The run stops.
    Stopped,
    /// A program did not end well.
    Ended(Ended),
    /// In words.
    Failed(String),
}

impl From<io::Error> for Unready {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Checkout {
    /// Where the files lie.
    #[must_use]
    pub fn dir(&self) -> PathBuf {
        self.slot.place.tree()
    }

    /// What is not as it was made, if anything: then nobody knows what those have built who used it.
    ///
    /// # Errors
    /// In words, when git cannot tell.
    pub async fn spoiled(&self) -> Result<Option<String>, String> {
        let _alone = self.slot.comparing.lock().await;
        if self.slot.spoiled().is_empty() {
            let git = self.git.clone();
            let changed = spawn_blocking(move || git.changed()).await;
            *self.slot.spoiled() = changed.expect("comparing does not panic")?;
        }
        Ok(in_words(&self.slot.spoiled()))
    }
}

impl Slot {
    fn spoiled(&self) -> MutexGuard<'_, Vec<String>> {
        self.spoiled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_ready(&self, state: &State) -> Option<PathBuf> {
        match state {
            State::Ready(git_dir) if self.spoiled().is_empty() => Some(git_dir.clone()),
            _ => None,
        }
    }
}

/// What a slot needs to become a commit.
enum Need {
    Nothing,
    /// It holds this or another commit, and git can make one of the other.
    Update(String),
    Everything,
}

impl Checkouts {
    /// None yet.
    #[must_use]
    pub fn new(origin: Origin) -> Self {
        let environment = Arc::new(origin.environment.clone());
        Self { origin, environment, slots: Mutex::default() }
    }

    /// The files of a commit, made if need be, or waited for while somebody else makes them. `hint` is what the slot
    /// should be called; git is run `around` what is told and what may end it.
    ///
    /// # Errors
    /// As [`Unready`] says.
    pub async fn open(
        &self,
        commit: &Commit,
        hint: &str,
        around: &mut Around<'_>,
    ) -> Result<Checkout, Unready> {
        if !is_commit(&commit.id) {
            return Err(Unready::Failed(format!("`{}` is no commit in full", commit.id)));
        }
        let slot = self.slot(&commit.id, hint);
        let (git_dir, using) = self.ready(&slot, commit, around).await?;
        slot.place.touch()?;
        let git = self.git(git_dir, &slot);
        Ok(Checkout { slot, git, _using: using })
    }

    async fn ready(
        &self,
        slot: &Slot,
        commit: &Commit,
        around: &mut Around<'_>,
    ) -> Result<(PathBuf, OwnedRwLockReadGuard<State>), Unready> {
        let _making = until_stopped(slot.making.lock(), around.stopping).await?;
        let using = slot.state.clone().read_owned().await;
        if let Some(git_dir) = slot.is_ready(&using) {
            return Ok((git_dir, using));
        }
        drop(using);
        let state = slot.state.clone().write_owned();
        let mut state = until_stopped(state, around.stopping).await?;
        *state = State::Unknown;
        let git_dir = self.make_ready(slot, commit, around).await?;
        slot.spoiled().clear();
        *state = State::Ready(git_dir.clone());
        Ok((git_dir, OwnedRwLockWriteGuard::downgrade(state)))
    }

    fn git(&self, git_dir: PathBuf, slot: &Slot) -> Git {
        Git { environment: self.environment.clone(), git_dir, place: slot.place.clone() }
    }

    /// The slot of a commit: the one that has it, or one that nobody uses in this run.
    fn slot(&self, commit: &Arc<str>, hint: &str) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(commit) {
            return slot.clone();
        }
        let entries = std::fs::read_dir(&self.origin.sources).into_iter().flatten().flatten();
        let mut has_it: Vec<Place> = entries
            .map(|entry| Place::new(entry.path()))
            .filter(|place| place.commit().as_deref() == Some(commit))
            .collect();
        has_it.truncate(1);
        let name = name(hint);
        let names = (1..).map(|number| match number {
            1 => name.clone(),
            number => format!("{name}-{number}"),
        });
        let called = names.map(|name| Place::new(self.origin.sources.join(name)));
        let is_free = |place: &Place| !slots.values().any(|slot| slot.place == *place);
        let place = has_it.into_iter().chain(called).find(is_free).expect("numbers do not end");
        let slot = Arc::new(Slot {
            place,
            making: tokio::sync::Mutex::default(),
            state: Arc::new(RwLock::new(State::Unknown)),
            spoiled: Mutex::default(),
            comparing: tokio::sync::Mutex::default(),
        });
        slots.insert(commit.clone(), slot.clone());
        slot
    }

    async fn make_ready(
        &self,
        slot: &Slot,
        commit: &Commit,
        around: &mut Around<'_>,
    ) -> Result<PathBuf, Unready> {
        let (objects, repository) = (self.origin.objects.clone(), commit.repository.clone());
        let git_dir = blocking(move || objects.git_dir(&repository)).await?;
        let git = self.git(git_dir.clone(), slot);
        let (asked, id) = (git.clone(), commit.id.clone());
        let mut need = blocking(move || Ok::<_, Unready>(needed(&asked, &id))).await?;
        if let Need::Update(why) = &need {
            around.log.note(why);
            need = match update(&git, &commit.id, around).await {
                Ok(()) => Need::Nothing,
                Err(Unready::Stopped) => return Err(Unready::Stopped),
                Err(Unready::Ended(ended)) if ended.cut.is_some() => {
                    return Err(Unready::Ended(ended));
                }
                // The other way is open still, and says better what is wrong.
                Err(_) => Need::Everything,
            };
        }
        if matches!(need, Need::Everything) {
            around.log.note("making the checkout anew");
            make_anew(&git, &commit.id, around).await?;
        }
        Ok(git_dir)
    }
}

fn needed(git: &Git, commit: &str) -> Need {
    match git.place.commit() {
        None => Need::Everything,
        Some(held) if held != commit => Need::Update(format!("the checkout was of {held}")),
        Some(_) => match (git.is_of(commit), git.changed()) {
            (Ok(true), Ok(changed)) => in_words(&changed)
                .map_or(Need::Nothing, |names| Need::Update(format!("was changed: {names}"))),
            (Ok(false), _) => Need::Update("the index of the checkout is another's".to_owned()),
            _ => Need::Everything,
        },
    }
}

async fn update(git: &Git, commit: &str, around: &mut Around<'_>) -> Result<(), Unready> {
    let opened = git.clone();
    let before = blocking(move || {
        opened.place.open().map_err(|error| error.to_string())?;
        opened.attributes()
    });
    let before = before.await?;
    run(git, &git.read_tree(commit), around).await?;
    let asked = git.clone();
    if blocking(move || asked.attributes()).await? != before {
        return Err(Unready::Failed("`.gitattributes` differ".to_owned()));
    }
    run(git, &git.clean(), around).await?;
    finish(git, commit, around).await
}

async fn make_anew(git: &Git, commit: &str, around: &mut Around<'_>) -> Result<(), Unready> {
    let place = git.place.clone();
    blocking(move || place.empty()).await?;
    run(git, &git.read_tree(commit), around).await?;
    finish(git, commit, around).await
}

async fn finish(git: &Git, commit: &str, around: &mut Around<'_>) -> Result<(), Unready> {
    let place = git.place.clone();
    blocking(move || place.seal()).await?;
    run(git, &git.refresh(), around).await?;
    let (place, commit) = (git.place.clone(), commit.to_owned());
    blocking(move || place.finish(&commit)).await
}

async fn run(
    git: &Git,
    command: &crate::exec::kas::Command,
    around: &mut Around<'_>,
) -> Result<(), Unready> {
    let dir = git.place.tree();
    let ended = around.run(&Start { command, dir: &dir, jobserver: None }).await?;
    if ended.is_good() { Ok(()) } else { Err(Unready::Ended(ended)) }
}

async fn blocking<T, E>(act: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, Unready>
where
    T: Send + 'static,
    E: Send + 'static,
    Unready: From<E>,
{
    Ok(spawn_blocking(act).await.expect("what is done here does not panic")?)
}

impl From<String> for Unready {
    fn from(words: String) -> Self {
        Self::Failed(words)
    }
}

async fn until_stopped<T>(
    awaited: impl Future<Output = T>,
    stopping: &mut Stopping,
) -> Result<T, Unready> {
    tokio::select! {
        result = awaited => Ok(result),
        () = stop::asked(stopping) => Err(Unready::Stopped),
    }
}

/// The first of some paths; `None` if there are none.
fn in_words(paths: &[String]) -> Option<String> {
    let named: Vec<String> = paths.iter().take(NAMED).map(|path| format!("`{path}`")).collect();
    match paths.len().saturating_sub(NAMED) {
        _ if named.is_empty() => None,
        0 => Some(named.join(", ")),
        more => Some(format!("{} and {more} more", named.join(", "))),
    }
}
