//! What a merged configuration means: defaults and overrides folded in, ids sorted, every value with its place.
//! The typed view that is lowered to nodes. Reads no file and knows no node.

use std::sync::Arc;

use crate::diagnostic::Span;
use crate::front::yaml::Node;

/// A value with the place where the user wrote it.
#[derive(Debug, Clone)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

/// A text with its place.
pub type Text = Spanned<Arc<str>>;

/// The meaning of a merged configuration.
///
/// What is `None` was not configured: kas's own default holds, which depends on the version of kas
/// (`distro` is `poky` up to 5.2 and `nodistro` in 5.5), so it belongs to the tool and not to the configuration.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// `machine`
    pub machine: Option<Text>,
    /// `distro`
    pub distro: Option<Text>,
    /// `target`; a single string is one target, and an empty list is no target.
    pub targets: Option<Vec<Text>>,
    /// `task`
    pub task: Option<Text>,
    /// `build_system`
    pub build_system: Option<Text>,
    /// `env`, in the order of the configuration.
    pub env: Vec<EnvVar>,
    /// `local_conf_header`, in the order in which kas writes it: sorted by id.
    pub local_conf_header: Vec<ConfHeader>,
    /// `bblayers_conf_header`, likewise.
    pub bblayers_conf_header: Vec<ConfHeader>,
    /// `repos`, in the order of the configuration.
    pub repos: Vec<EffectiveRepo>,
    /// The leaves of what else can matter to a build (`signers`, `buildtools`), in the order of the configuration.
    pub other: Vec<Leaf>,
}

/// A variable of `env`.
#[derive(Debug, Clone)]
pub struct EnvVar {
    /// Its name.
    pub name: Arc<str>,
    /// Its value where the outer environment has none; `None` passes only the outer one.
    pub default: Option<Arc<str>>,
    /// Where it was written.
    pub span: Span,
}

/// An entry of `local_conf_header` or `bblayers_conf_header`.
#[derive(Debug, Clone)]
pub struct ConfHeader {
    /// Its id.
    pub id: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// Where the text was written.
    pub span: Span,
}

/// A value under a dotted path.
#[derive(Debug, Clone)]
pub struct Leaf {
    /// `signers.panta.fingerprint`
    pub path: String,
    /// The value: a scalar, a list or an empty mapping.
    pub value: Arc<Node>,
    /// Where it was written.
    pub span: Span,
}

/// A repository as kas would set it up (`kas/repos.py`, `Repo.factory`).
#[derive(Debug, Clone)]
pub struct EffectiveRepo {
    /// Its key in `repos`.
    pub id: Arc<str>,
    /// Where the key was written last.
    pub span: Span,
    /// The directory name of its clone; the id unless `name` says otherwise.
    pub name: Arc<str>,
    /// Where it is cloned from. `None`: it is a local directory, on which kas runs no version control.
    pub url: Option<Text>,
    /// `path`; `None` means `name` for a clone, and the repository that holds the configuration otherwise.
    pub path: Option<Text>,
    /// The program that manages it.
    pub kind: RepoKind,
    /// `commit`, after overrides.
    pub commit: Option<Text>,
    /// `branch`, after defaults and overrides. Beside a commit, kas only checks that the branch holds it.
    pub branch: Option<Text>,
    /// `tag`, after defaults. Beside a commit, kas only checks that the tag names it.
    pub tag: Option<Text>,
    /// `refspec`, the old form of all three; never beside one of them.
    pub refspec: Option<Text>,
    /// The layers that are part of the build, in the order of the configuration, disabled ones left out.
    pub layers: Vec<EffectiveLayer>,
    /// The patches that are applied, in the order in which they are. Empty for a local repository: kas ignores them there.
    pub patches: Vec<EffectivePatch>,
    /// `allowed_signers` of a repository that is `signed`.
    pub signers: Option<Vec<Text>>,
}

/// The program that manages a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepoKind {
    /// `git`
    Git,
    /// `hg`
    Hg,
}

/// A layer of a repository.
#[derive(Debug, Clone)]
pub struct EffectiveLayer {
    /// Its path in the repository; empty for the repository itself.
    pub name: Arc<str>,
    /// Higher comes first in `bblayers.conf`.
    pub prio: i64,
    /// Where it was written, or the repository's key where `layers` is absent.
    pub span: Span,
}

/// A patch, or a quilt directory of patches.
#[derive(Debug, Clone)]
pub struct EffectivePatch {
    /// Its id.
    pub id: Arc<str>,
    /// The id of the repository that holds it.
    pub repo: Text,
    /// Its path in that repository.
    pub path: Text,
    /// Where it was written.
    pub span: Span,
}

/// What a repository is checked out at.
#[derive(Debug, Clone, Copy)]
pub enum Pin<'a> {
    /// A commit, in full unless a warning said otherwise.
    Commit(&'a Text),
    /// The head of a branch of the remote.
    Branch(&'a Text),
    /// A tag.
    Tag(&'a Text),
    /// Whatever `git checkout` makes of an old `refspec` that is no commit: a branch of the remote or a tag.
    Refspec(&'a Text),
    /// The remote's HEAD. Only an override that nulls the branch leads here.
    Head,
}

impl EffectiveRepo {
    /// Whether it is a directory on which kas runs no version control.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.url.is_none()
    }

    /// What a clone is checked out at.
    #[must_use]
    pub fn pin(&self) -> Pin<'_> {
        let hex = |text: &&Text| is_full_commit(&text.value);
        if let Some(commit) = self.commit.as_ref().or(self.refspec.as_ref().filter(hex)) {
            Pin::Commit(commit)
        } else if let Some(tag) = &self.tag {
            Pin::Tag(tag)
        } else if let Some(branch) = &self.branch {
            Pin::Branch(branch)
        } else if let Some(refspec) = &self.refspec {
            Pin::Refspec(refspec)
        } else {
            Pin::Head
        }
    }
}

/// Whether a text is a commit id in full (SHA-1 or SHA-256).
#[must_use]
pub fn is_full_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
