//! Watchfire (烽火): polls security news feeds, recognises when ten sources tell the same story, and republishes everything as
//! one combined Atom feed in which each story stands once.
//!
//! This page is the map. The daemon has two halves with a wall between them:
//!
//! ```text
//! socket ─ fetch      headers and body under the caps, redirects and addresses checked     Response
//!        ─ poll       304? -> Outcome::Unchanged and straight to the record
//!        ─ feed       bytes -> text -> (drafts, problems)                                  what they said
//!        ─ clean      HTML made safe, plain text without boilerplate
//!        ─ dedup      draft -> identity -> canonical link -> sketch -> which story         who it is
//!        ─ tag        identifiers of vulnerabilities, language                             what it speaks of
//!        ─ schedule   outcome + freshness -> next due                                      when again
//!        ─ store      one commit: archive append, journal append, one sled batch           what we believe
//! ═══════ the store is the only crossing ══════════════════════════════════════════════════════════════════
//!        ─ view       which stories: all, or those of a view, a source, a tag, a vulnerability
//!        ─ search     the newest of them by the full-text index, which follows the store
//!        ─ store      what they are at generation g
//!        ─ view       which of them stand on the page
//!        ─ render     stories -> Atom, RSS, JSON Feed, OPML, HTML                          what we say
//!        ─ http       ETag = digest of the parts; 304 or body ─ socket
//! ```
//!
//! # Words
//!
//! A *source* is an origin of items that the operator configured. A *poll* is one attempt to read it and ends in exactly one
//! *outcome*. A *draft* is an entry as its publisher wrote it; an *item* is a draft with an identity inside its source; a *story*
//! is one or more items that carry the same text, named for ever by its first item. A *document* is a file that is imported
//! rather than polled. The *archive* (append-only segments and the journal) holds what we know; the *index* (sled) finds it.
//!
//! # Modules
//!
//! Lower ones do not know higher ones; `tests/tidy.rs` holds the table of who may import whom.
//!
//! - [`model`]: the nouns. Constructors parse, so a value that exists is valid.
//! - [`feed`]: publisher's bytes to drafts and problems. Never fails on dirt, only on "not a feed".
//! - [`clean`]: HTML sanitising, plain text, boilerplate.
//! - [`document`]: seed documents to drafts.
//! - [`dedup`]: identity, canonical links, sketches, the merge rule.
//! - [`tag`]: what a text speaks of: identifiers of vulnerabilities, weaknesses, techniques; its language; and the lists (KEV, EPSS) that
//!   say how dangerous a vulnerability is.
//! - [`schedule`]: when next.
//! - [`health`]: how a source is, seen against its own history, in words; and which outages begin and end.
//! - [`view`]: filters and selections: which stories; and how many of them stand on one page.
//! - [`render`]: stories to bytes; the only writer of XML, JSON and HTML.
//! - [`clock`]: the only reader of time.
//! - [`telemetry`]: what the daemon counts while it runs, for Prometheus; all names in one place.
//! - [`fetch`]: the one trait of the program and its HTTP client, with the address guard.
//! - [`store`]: archive and index; the only module that names sled.
//! - [`search`]: the full-text index, made from the store and made again at will, and what is counted over them; the only module that
//!   names tantivy.
//! - [`poll`]: the writing half: the loop, the pipeline of one poll, the import of documents.
//! - [`http`]: the reading half: routes, conditional requests, compression.
//! - [`notify`]: stories and changes of health to webhooks, chats and mail, by an outbox in the store; the only module that names lettre.
//! - [`config`]: a TOML file to typed settings, with every fault named.
//! - [`app`]: wiring, signals, reload, and the services behind the verbs.
//! - [`cli`]: one file a verb.
//!
//! # Invariants
//!
//! 1. [`poll`] writes, [`http`] reads; they never name each other. What an operator orders over HTTP is a [`model::Command`] that
//!    `http` sends over a channel and [`app`] hands on. [`notify`] writes its outbox and nothing else.
//! 2. `model`, `feed`, `clean`, `document`, `dedup`, `tag`, `schedule`, `health`, `view` and `render` compute and do nothing else: no IO,
//!    no clock, no chance, no logs, nothing async.
//! 3. Identity is a function of the publisher's bytes and the first name of the source: never of time, order or chance. For a document, the bytes are its
//!    path below the imported folder: two files may carry one link and are still two copies.
//! 4. Parsing dirt is not an error.
//! 5. A poll ends in exactly one outcome, logged once at the boundary and recorded once. The same bytes twice change nothing but poll
//!    times.
//! 6. A poll is a reservation (the next due time, written before the request) and one result commit (items, stories, validators): all or
//!    none. Validators never become durable before the items they vouch for, and no rebuild or restore that lacks one of these keeps them.
//! 7. The same generation and settings render to the same bytes, on any machine, at any hour. Nothing rendered holds the time of rendering.
//!    The generation moves only when rendered content can change. The feed of health is made of the stored outages beside them: what
//!    depends on the hour was noticed and written down by the writing half.
//! 8. A story's id, once published, never changes and is never reused. Neither a new copy nor an edit without substance
//!    ([`dedup::substance`]) moves `updated`; that what a story is about has become known to be exploited moves it, once ([`store::Marking`]
//!    has the rule). What an operator decides ([`store::Store::decide`]) stands above every rule and outlives the
//!    index; where two stories became one, the id of the younger leads to the older, also once its opener is gone. What is purged
//!    ([`store::Store::retain`]) is hidden at once and never comes back as new; a late copy of it joins its story, under the story's id.
//!    Only damage to the journal can take a story's id: it is then named by the first of its items that is left, and never as another is.
//! 9. Everything has a limit: bytes, depth, entries, redirects, seconds, permits, lengths.
//! 10. No source can delay another; no reader can delay a poll; no input can end the process: parsing runs on blocking threads, and a
//!     panic anywhere in a poll is that source's failure.
//! 11. Domain types do not derive `Serialize`: TOML lives in `config`, records in `store`, outputs in `render`, the answers to commands in
//!     `app`.
//!
//! # One walk through
//!
//! [`poll::run`] sleeps until the earliest due time. `poll::pipeline` writes the next due time down ([`schedule::Plan::reservation`],
//! [`store::Store::reserve`]), asks ([`fetch::Fetch`]), and on new bytes goes to a blocking thread: [`feed::read`] gives drafts,
//! `poll::assemble` makes items of them ([`clean::html`], [`dedup::native_ids`]), `poll::learning` leaves out those that the store has,
//! and the rest get their fingerprints, without what their speakers repeat ([`dedup::LineMemory`], [`dedup::Fingerprint`]).
//! `poll::vetting` holds back what is so unlike its source that it may not be its own ([`health::guard`]).
//! [`store::Store::commit`] finds each one's story and writes everything at once. The generation moves; [`search`] and [`http`] notice.
//! The one takes in what changed; the other asks for the newest stories, has those that are new or changed written ([`render::entry`]),
//! lets [`view::window`] choose, puts the entries together ([`render::frame`]), compresses once, and answers every reader from memory.
//! Other selections are made in the same way when somebody asks for them.
//!
//! [`app`] reads the lists of vulnerabilities that the operator lays down and hands them to [`store::Store::heed`]: stories that come are
//! marked by them in the same commit, those that are there by [`store::Store::mark`], in small commits of their own.
//!
//! Beside that two look on: [`poll::watch_health`] sees once a minute which outages begin and end, and a courier for each receiver of
//! [`notify`] reads the same history and puts what is new in its line.
//!
//! # A first change
//!
//! A new spelling of a date: one row in `feed::date`. A stubborn feed: one fixture beside `tests/feeds.rs`. A new page: one file in
//! `render`, one route in `http`. A new key of views: one row in `config::view`, one kind of [`view::Filter`].
//! Another chat: one file in `notify::chat`, and its rows there and in [`model::Messenger`].
//! Another list of vulnerabilities: its parser in `tag`, its field in [`model::RiskLists`].
//! A shell that importers should drop: one row in `clean::boilerplate`.

pub mod app;
pub mod clean;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dedup;
pub mod document;
pub mod feed;
pub mod fetch;
pub mod health;
pub mod http;
pub mod model;
pub mod notify;
pub mod poll;
pub mod render;
pub mod schedule;
pub mod search;
pub mod store;
pub mod tag;
pub mod telemetry;
pub mod view;
