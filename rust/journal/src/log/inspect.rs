//! Looks at a journal without holding it, also while a service writes to it: nothing is changed, nothing cut, nothing moved.

use std::{io, sync::Arc};

use logloom_record::BlockPool;

use super::{
    file::first_of,
    recover::footer_of,
    window::{At, Window},
};
use crate::{
    entry::{Entry, Fact, Head},
    format::{Damage, FileHeader, Footer, HEADER_BYTES, Opener, Prefix, unseal},
    keys::KeyProvider,
    storage::Storage,
};

/// One file as it lies there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surveyed {
    /// Its name.
    pub name: String,
    /// The first position that it may hold.
    pub first: u64,
    /// The last position that it holds; 0: it holds none.
    pub last: u64,
    /// Entries.
    pub entries: u64,
    /// Bytes that it takes.
    pub bytes: u64,
    /// When it was begun, in nanoseconds since the Unix epoch.
    pub created_unix_nano: u64,
    /// The key provider that wrapped its key.
    pub provider: String,
    /// Which of its keys that was.
    pub key_id: String,
    /// The SHA-256 of the policy under which it was begun, where there was one.
    pub policy: Option<[u8; 32]>,
    /// It has its footer: no more comes to it.
    pub is_finished: bool,
    /// Why its entries cannot be read, where that shows without reading them.
    pub damage: Option<String>,
}

/// Bytes that are no entry, or one that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The file.
    pub file: String,
    /// Where in it.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What does not hold.
    pub why: String,
}

/// What a look at every entry found.
#[derive(Clone, Debug, Default)]
pub struct Verified {
    /// Files.
    pub files: u64,
    /// Entries whose checksums and seal hold.
    pub entries: u64,
    /// Records in them, as their heads say.
    pub records: u64,
    /// Bytes of these entries.
    pub bytes: u64,
    /// Entries that the one after them names and that are not there, damage apart.
    pub missing: u64,
    /// What is damaged.
    pub damaged: Vec<Flaw>,
    /// Files that could not be read, and why: the disk, or their key.
    pub unreadable: Vec<(String, String)>,
}

/// All files, the oldest first.
pub fn survey(storage: &dyn Storage) -> io::Result<Vec<Surveyed>> {
    let mut files = Vec::new();
    for (name, first, len) in names(storage)? {
        let mut file = Surveyed { name: name.clone(), first, bytes: len, ..Surveyed::default() };
        match Look::open(storage, &name, first, len) {
            None => continue, // removed meanwhile
            Some(Err(why)) => file.damage = Some(why),
            Some(Ok(mut look)) => {
                file.created_unix_nano = look.header.created_unix_nano;
                (file.provider, file.key_id) = (look.header.provider.clone(), look.header.wrapped.key_id.clone());
                file.policy = look.header.policy;
                file.is_finished = look.footer.is_some();
                if let Some(footer) = &look.footer {
                    (file.last, file.entries) = (footer.last_position, footer.entries);
                } else {
                    look.walk(&mut |_, _, head| {
                        (file.last, file.entries) = (head.position, file.entries + 1);
                        Ok(Step::On)
                    })?;
                }
            }
        }
        files.push(file);
    }
    Ok(files)
}

/// The heads of the entries after this position, in order.
pub fn heads(storage: &dyn Storage, after: u64, visit: &mut dyn FnMut(&Head)) -> io::Result<()> {
    for (name, first, len) in names(storage)? {
        let Some(Ok(mut look)) = Look::open(storage, &name, first, len) else { continue };
        if look.footer.as_ref().is_some_and(|footer| footer.last_position <= after) {
            continue;
        }
        look.walk(&mut |_, _, head| {
            if head.position > after {
                visit(head);
            }
            Ok(Step::On)
        })?;
    }
    Ok(())
}

/// When the first entry after this position was appended that has records for one of these pipelines (for any, where none is named), in
/// nanoseconds since the Unix epoch; 0: there is none.
pub fn oldest(storage: &dyn Storage, after: u64, pipelines: &[Arc<str>]) -> io::Result<u64> {
    let mut time_unix_nano = 0;
    for (name, first, len) in names(storage)? {
        let Some(Ok(mut look)) = Look::open(storage, &name, first, len) else { continue };
        if look.footer.as_ref().is_some_and(|footer| footer.last_position <= after) {
            continue;
        }
        look.walk(&mut |_, _, head| {
            let is_for_them =
                pipelines.is_empty() || head.parts.iter().any(|part| part.pipelines.iter().any(|name| pipelines.contains(name)));
            if head.position <= after || !is_for_them {
                return Ok(Step::On);
            }
            time_unix_nano = head.time_unix_nano;
            Ok(Step::Enough)
        })?;
        if time_unix_nano > 0 {
            break;
        }
    }
    Ok(time_unix_nano)
}

/// The facts after this position: what stands in the journal beside records, or instead of them. What cannot be read is passed over.
pub fn facts(storage: &dyn Storage, keys: &dyn KeyProvider, after: u64, visit: &mut dyn FnMut(&Head, Fact)) -> io::Result<()> {
    for (name, first, len) in names(storage)? {
        let Some(Ok(mut look)) = Look::open(storage, &name, first, len) else { continue };
        if look.footer.as_ref().is_some_and(|footer| footer.last_position <= after) {
            continue;
        }
        let key = keys.unwrap(&look.header.wrapped, &look.header.context());
        let opener = Opener::new(&key.map_err(|error| io::Error::other(format!("the key of {name}: {error}")))?);
        look.walk(&mut |window, at, head| {
            if head.is_fact && head.position > after {
                let entry = read(window, at, &opener)?;
                if let Some(fact) = entry.ok().and_then(|entry| entry.fact) {
                    visit(head, fact);
                }
            }
            Ok(Step::On)
        })?;
    }
    Ok(())
}

/// One entry, all of it.
fn read(window: &mut Window, (offset, prefix): (u64, &Prefix), opener: &Opener) -> io::Result<Result<Entry, Damage>> {
    let len = prefix.total_len();
    let mut bytes = BlockPool::global().take(len);
    bytes.resize(bytes.len().max(len), 0); // over the pool's largest
    let read = window.copy(offset, bytes.get_mut(..len).unwrap_or_default())?;
    Ok(if read < len { Err(Damage::Cut) } else { unseal(opener, bytes) })
}

/// Reads every entry: its checksums, its seal, and that none is missing between two.
pub fn verify(storage: &dyn Storage, keys: &dyn KeyProvider) -> io::Result<Verified> {
    let mut found = Verified::default();
    let mut last: Option<u64> = None;
    for (name, first, len) in names(storage)? {
        let mut look = match Look::open(storage, &name, first, len) {
            None => {
                last = None; // removed meanwhile: what the next one names is gone with it
                continue;
            }
            Some(Err(why)) => {
                found.unreadable.push((name, why));
                last = None;
                continue;
            }
            Some(Ok(look)) => look,
        };
        found.files += 1;
        let opener = match keys.unwrap(&look.header.wrapped, &look.header.context()) {
            Ok(key) => Opener::new(&key),
            Err(error) => {
                let why = format!("the key {}: {error}", look.header.wrapped.key_id);
                found.unreadable.push((name, why));
                last = None;
                continue;
            }
        };
        let flaws = look.walk(&mut |window, at, head| {
            if last.is_some_and(|last| head.previous > last) {
                found.missing += 1;
            }
            last = Some(head.position);
            if let Err(damage) = read(window, at, &opener)? {
                return Ok(Step::Damaged(damage));
            }
            found.entries += 1;
            found.records += head.parts.iter().map(|part| part.records).sum::<u64>();
            found.bytes += at.1.total_len() as u64;
            Ok(Step::On)
        })?;
        if !flaws.is_empty() {
            last = None; // what is missing from here on is the damage
        }
        found.damaged.extend(flaws);
    }
    Ok(found)
}

/// Names, first positions and lengths, the oldest first.
fn names(storage: &dyn Storage) -> io::Result<Vec<(String, u64, u64)>> {
    let mut names: Vec<_> = storage.list()?.into_iter().filter_map(|(name, len)| first_of(&name).map(|first| (name, first, len))).collect();
    names.sort_unstable_by_key(|(_, first, _)| *first);
    Ok(names)
}

/// What comes of a look at one entry.
enum Step {
    On,
    Damaged(Damage),
    Enough,
}

/// What is called for each entry whose head holds: with where it stands.
type Visit<'v> = dyn FnMut(&mut Window, (u64, &Prefix), &Head) -> io::Result<Step> + 'v;

struct Look {
    name: String,
    header: FileHeader,
    footer: Option<Footer>,
    window: Window,
}

impl Look {
    /// `None`: the file is gone. An error in words: it is no file of this journal's that could be read.
    fn open(storage: &dyn Storage, name: &str, first: u64, len: u64) -> Option<Result<Self, String>> {
        let handle = match storage.open(name) {
            Ok(handle) => handle,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return Some(Err(error.to_string())),
        };
        let mut window = Window::new(handle, len);
        window.forgive(); // a bad sector costs what lies in it, and no more
        Some(match window.get(0, HEADER_BYTES).map(FileHeader::decode) {
            Ok(Ok(header)) if header.first_position == first => footer_of(&mut window)
                .map(|footer| Self { name: name.to_owned(), header, footer, window })
                .map_err(|error| error.to_string()),
            Ok(Ok(_)) => Err("its name is not the one that its header says".to_owned()),
            Ok(Err(damage)) => Err(damage.to_string()),
            Err(error) => Err(error.to_string()),
        })
    }

    /// Goes over the entries. What is not whole at the end of a file that is still written is no flaw.
    fn walk(&mut self, visit: &mut Visit<'_>) -> io::Result<Vec<Flaw>> {
        let end = self.footer.as_ref().map_or(self.window.end(), |footer| footer.end_offset);
        let (mut offset, mut after) = (HEADER_BYTES as u64, 0);
        let mut flaws = Vec::new();
        while offset < end {
            let damage = match self.window.at(offset)? {
                At::Entry(prefix, head) => {
                    let step = visit(&mut self.window, (offset, &prefix), &head)?;
                    let bytes = prefix.total_len() as u64;
                    if matches!(step, Step::Enough) {
                        break;
                    }
                    if let Step::Damaged(damage) = step {
                        if self.footer.is_none() && self.window.resync(offset + 1, after, u64::MAX)?.is_none() {
                            break; // its last bytes are being written
                        }
                        flaws.push(self.flaw(offset, bytes, &damage));
                    }
                    (after, offset) = (head.position, offset + bytes);
                    continue;
                }
                At::End => Damage::Broken("zeros where an entry should be"),
                At::Footer => Damage::Broken("a footer where an entry should be"),
                At::Bad(damage) => damage,
            };
            let next = self.window.resync(offset + 1, after, u64::MAX)?;
            if next.is_none() && self.footer.is_none() {
                break;
            }
            let next = next.unwrap_or(end).min(end);
            flaws.push(self.flaw(offset, next - offset, &damage));
            offset = next;
        }
        Ok(flaws)
    }

    fn flaw(&self, offset: u64, bytes: u64, damage: &Damage) -> Flaw {
        Flaw { file: self.name.clone(), offset, bytes, why: damage.to_string() }
    }
}
