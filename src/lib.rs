//! `graph` builds matrices of Yocto images and kernels, only where something changed, and says why.
//!
//! This page is the architecture: what the parts are, what flows between them, and what is deliberately absent.
//! It is kept true with every change; the tests in `tests/it/tidy.rs` hold the code to it.
//!
//! # The flow
//!
//! ```text
//! machines.json ┐                         ┌──────── Facts   (probe: now)
//! kas *.yaml    ├─ front ─► Spec ─► Graph ├──────── Records (cache: then)
//! build-configs ┘      declared  checked  └► plan ─► Plan ─► Schedule ⇄ exec ─► Summary
//!                                            forecast   state machine   │          │
//!                                                                     Event ──► live report
//!                                                       └► View ─► text json markdown github dot mermaid
//! ```
//!
//! Seven nouns carry everything, and each is one type. A front-end reads what users wrote and lowers it to a
//! **Spec**: nodes with inputs, needs, an action, outputs and labels. Checked, that is a **Graph**. Probes observe
//! each distinct source of the wanted nodes once: **Facts**. The cache holds what was so last time: **Records**. One
//! pure function, [`graph::verdict::judge`], makes of these a **Verdict** on a node: fresh, stale with reasons,
//! restorable, or open until its needs have settled. The plan asks it of every node; the **Schedule**, a state
//! machine without effects, asks it again when a node's needs have really ended, which is where early cutoff comes
//! from; and `why` prints the reasons it returned. Whatever is shown is a **View**, serialised and versioned.
//!
//! # Kernels
//!
//! A combination of `build-configs.yaml` is two nodes: `config/…` leaves a `.config`, and `kernel/…` takes it. Whatever only
//! goes into the `.config` rebuilds no kernel unless it changes the `.config`, and two variants with equal ones are one
//! execution. The matrix depends on what is in the trees, so the front-end asks for it through a seam
//! (`front::kernelci::Trees`), which `cmd::trees` meets with what `probe` reads of git objects; nothing is checked out to
//! plan.
//!
//! A kernel depends on a commit, of which its build reads a small part. The node declares the whole
//! ([`graph::spec::Source::Commit`]). After a build, `exec::kbuild` finds in what Kbuild wrote down which files it read; the
//! record keeps that set, and the next plan compares the value of these files alone ([`graph::reads`]). That shows that
//! nothing changed for the build that was; it says nothing of one that will run with another configuration, so what is
//! to be executed is told apart by all of the commit ([`graph::fingerprint::Fingerprint::execution_key`]).
//!
//! All builds of a commit share one checkout (`exec::checkout`), and all makes one jobserver (`exec::jobserver`), which
//! knows what each of them was lent.
//!
//! # Two sides
//!
//! `plan --base` asks what one tree would rebuild that another would not, and needs no record: a revision is read through
//! the same front-ends from files of its objects in a directory of ours (`cmd::base`), its own files are the facts that
//! they were (`probe::Past`, equal to those of a clean work tree of it), and all else is asked once for both. The engine
//! compares the parts of both sides ([`graph::compare`]) with the words that the judge has for records; properties hold
//! the two together.
//!
//! # The crates and their layers
//!
//! | crate | is | knows |
//! | --- | --- | --- |
//! | `graph` | the engine, pure | no file, clock, environment, process or network |
//! | `graph-cache` | all state on disk: records, file digests, artifacts | no kas, no process |
//! | `graph-cli` | this crate: the program | everything, in layers |
//!
//! Dependencies run strictly from right to left in `graph ← graph-cache ← graph-cli`. Within a crate, the modules of
//! `lib.rs` stand in groups set apart by blank lines, and one imports only from groups above its own. So `front`,
//! `probe`, `exec`, `lock` and `report` never see each other; they meet in `cmd`, where each verb is a short file.
//!
//! # Invariants, and where they are held
//!
//! - *What was hashed is what is built.* Nodes build one generated file, `graph.kas.yaml`, which is a function of the
//!   node's parts (`front::kas::lower`), or a checkout of the very commit, which is compared with its index before and after
//!   (`exec::checkout`); what else a build reads in place is observed again when it has ended, and a result
//!   whose inputs changed meanwhile is recorded as unsure, which is never fresh (`cmd::build`).
//! - *What is collected was made of these inputs.* Bitbake's output is kept between runs; a file in it that is older than
//!   the last change of the node's inputs is not believed, but made once more from nothing (`exec::filled`).
//! - *A record is written only after its outputs are in the store and in place*: one function of the cache does the
//!   three in order, and there is no other way to write a success.
//! - *In doubt, stale.* A fact that could not be observed makes no key; a node without a key is never fresh, and is not
//!   even run, because nothing that it left could count.
//! - *In doubt, it was read.* A build of which it cannot be told what it read counts as having read all of its commit
//!   (`exec::kbuild`).
//! - *What git said is taken again only on evidence*: the files of a repository by which git names a commit
//!   (`probe::git`, where nothing moved), the times of all files and directories of a large tree (`probe::tree_memo`).
//!   What is unusual is no evidence, and git is asked; tests compare both ways with git over random repositories.
//! - *Of what an earlier build left, nothing is taken for what this one made* (`exec::filled`, `exec::workdir`).
//! - *Nothing outlives its node.* Every step runs under a supervisor process that adopts whatever leaves the group and
//!   dies with the program through a pipe (`exec::supervise`). It has one program at a time, and is given another only
//!   if nothing was left of the last (`exec::supervisors`).
//! - *What is reported is on the disk.* Results that end together are recorded together (`exec::recorder`); a node's end
//!   is told, and what needs it starts, when its record is written.
//! - *Nothing from a configuration reaches a shell, a path outside its directory, or a terminal as it is.* Programs get
//!   argument vectors; names are percent-encoded on creation; text is escaped where it is shown.
//! - *Pinned files are replaced as one*: all that `graph lock` was asked for, or none (`lock::replace_all`).
//! - *What is shown is written as it is made*: of a million nodes the text of some thousands is in memory, on its way to
//!   the stream (`cmd::console`, `report::in_order`, `report::uncoloured`).
//! - *A shortcut says what was said.* A build config of which nothing has changed since all of its nodes were judged fresh is
//!   not expanded (`front::kernelci`, `cmd::slices`): what it is made of, its tools and the files of its outputs are
//!   compared, and the transaction that writes a record of one of its nodes takes the memo away (`cache`). A plan writes it of
//!   what it found, and a build, when it ends, of what it built, if nobody else has written a record meanwhile. What selectors
//!   cannot mean is not expanded either where it is made of what it was made of.
//! - *Plans change nothing* but memos, and `--offline` opens no socket.
//!
//! # Where a library was expected and is not
//!
//! The jobserver is ours (`exec::jobserver`): the crate of that name cannot tell which make has which token, and what one
//! that was killed had would be lost. What a kernel image's ELF file says of its sections is read in fifty lines.
//!
//! YAML is read by our own scanner (`front::yaml`): libyaml and its port in Rust refuse texts that PyYAML reads, and the
//! port panics on one. The frame of the live display is drawn in `report::live`, because a library for it brings its own
//! clock and threads. What `kas dump` prints is printed by `front::kas::dump`, to the byte.
//!
//! # What is deliberately absent
//!
//! There is no daemon, no server, no plug-in interface and no configuration language of our own. There is no async
//! outside `exec`: decisions are made in synchronous code over values, and one loop waits. There is no mtime in a
//! key: times serve memos only, with the care that such memos need. The engine knows no kas:
//! it would run anything that lowers to nodes.

pub mod diagnostic;
pub mod escape;
pub mod layout;
pub mod process;
pub mod redact;

pub mod address;
pub mod failure;

pub mod config;
pub mod context;
pub mod timings;

pub mod exec;
pub mod front;
pub mod lock;
pub mod probe;
pub mod report;

pub mod cmd;

pub mod cli;
