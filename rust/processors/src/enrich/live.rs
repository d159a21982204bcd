//! A table that is read again when its file changes.

use std::{
    fs::File,
    io::Read as _,
    path::PathBuf,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, Weak},
    time::{Duration, SystemTime},
};

use super::table::{Columns, Form, Table};

/// Where a table comes from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name, for the counters.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// How it is read.
    pub form: Form,
    /// Which columns are what.
    pub columns: Columns,
    /// The largest file, in bytes.
    pub file_bytes_max: u64,
}

/// What happened to a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload {
    /// It was read anew, and has so many rows.
    Read(usize),
    /// The new file cannot be used, and why: the table stays as it was.
    Kept(String),
}

/// Told of each reload, by the table's name.
pub type Tell = Box<dyn Fn(&str, &Reload) + Send + Sync>;

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    len: u64,
}

#[derive(Debug)]
pub(super) struct Live {
    source: Source,
    table: RwLock<Arc<Table>>,
    stamps: Mutex<Stamps>,
}

#[derive(Clone, Copy, Debug)]
struct Stamps {
    /// Of the file that was read last, or could not be.
    read: Option<Stamp>,
    /// As the file was found at the last look.
    seen: Option<Stamp>,
    /// There is no file, and that was told.
    is_gone: bool,
}

impl Live {
    /// Reads it for the first time.
    pub(super) fn open(source: Source) -> Result<Self, String> {
        let stamp = source.stamp().ok();
        let table = source.read()?;
        let stamps = Stamps { read: stamp, seen: stamp, is_gone: false };
        Ok(Self { source, table: RwLock::new(Arc::new(table)), stamps: Mutex::new(stamps) })
    }

    pub(super) fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the file again where it is another, and stayed the same since the last look: what is still being written is waited for.
    pub(super) fn look(&self) -> Option<Reload> {
        let mut stamps = self.stamps.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = match self.source.stamp() {
            Ok(stamp) => stamp,
            Err(why) => return (!std::mem::replace(&mut stamps.is_gone, true)).then_some(Reload::Kept(why)),
        };
        let is_back = std::mem::take(&mut stamps.is_gone);
        let is_steady = stamps.seen.replace(stamp) == Some(stamp);
        if stamps.read == Some(stamp) && !is_back || !is_steady {
            stamps.is_gone = is_back && !is_steady;
            return None;
        }
        stamps.read = Some(stamp);
        Some(match self.source.read() {
            Ok(table) => {
                let rows = table.len();
                *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
                Reload::Read(rows)
            }
            Err(why) => Reload::Kept(why),
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.source.name
    }
}

impl Source {
    fn stamp(&self) -> Result<Stamp, String> {
        let found = std::fs::metadata(&self.path).map_err(|error| format!("{}: {error}", self.path.display()))?;
        Ok(Stamp { modified: found.modified().ok(), len: found.len() })
    }

    fn read(&self) -> Result<Table, String> {
        let wrong = |why: &dyn std::fmt::Display| format!("{}: {why}", self.path.display());
        let file = File::open(&self.path).map_err(|error| wrong(&error))?;
        let mut bytes = Vec::new();
        #[expect(clippy::disallowed_methods, reason = "bounded by take")]
        file.take(self.file_bytes_max + 1).read_to_end(&mut bytes).map_err(|error| wrong(&error))?;
        if bytes.len() as u64 > self.file_bytes_max {
            return Err(wrong(&format!("over {} bytes: see file_bytes_max", self.file_bytes_max)));
        }
        Table::read(&bytes, self.form, &self.columns).map_err(|why| wrong(&why))
    }
}

/// Looks after tables, on a thread of its own, for as long as it lives.
#[derive(Debug)]
pub(super) struct Watch {
    stop: Arc<(Mutex<bool>, Condvar)>,
}

impl Watch {
    /// Looks at all tables each `every`. Where no thread can be had, they stay as they are.
    pub(super) fn start(tables: &Arc<Vec<Live>>, every: Duration, tell: &Arc<Tell>) -> Self {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let (tables, tell, stopped) = (Arc::downgrade(tables), Arc::clone(tell), Arc::clone(&stop));
        let started = std::thread::Builder::new().name("enrich".to_owned()).spawn(move || watch(&tables, every, &**tell, &stopped));
        drop(started); // nobody waits for it
        Self { stop }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *lock(&self.stop.0) = true;
        self.stop.1.notify_all();
    }
}

fn watch(tables: &Weak<Vec<Live>>, every: Duration, tell: &(dyn Fn(&str, &Reload) + Send + Sync), stop: &(Mutex<bool>, Condvar)) {
    loop {
        let waited = stop.1.wait_timeout_while(lock(&stop.0), every, |is_stopped| !*is_stopped);
        let is_stopped = *waited.unwrap_or_else(PoisonError::into_inner).0;
        let Some(tables) = tables.upgrade().filter(|_| !is_stopped) else { return };
        for table in tables.iter() {
            if let Some(happened) = table.look() {
                tell(table.name(), &happened);
            }
        }
    }
}

fn lock(stop: &Mutex<bool>) -> MutexGuard<'_, bool> {
    stop.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_new_table_keeps_the_old_and_says_why() {
        let folder = std::env::temp_dir().join(format!("logloom-enrich-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("table.csv");
        let write = |text: &str| std::fs::write(&path, text).unwrap();
        write("a,b\n1,2\n");
        let columns = Columns { keys: vec!["a".to_owned()], given: Vec::new() };
        let source = Source { name: "t".to_owned(), path: path.clone(), form: Form::Csv, columns, file_bytes_max: 40 };
        let live = Live::open(source.clone()).unwrap();
        assert_eq!((live.table().len(), live.look(), live.look()), (1, None, None));
        // Each is of another length: a clock that stands still does not hide it.
        for (text, told) in [
            ("a,b\n1,2\n3,4\n", Reload::Read(2)),
            ("a,b\n1,2\n3,4,5\n", Reload::Kept(format!("{}: line 3: 3 values under 2 columns", path.display()))),
            ("a,b\n1,2\n3,4\n5,6\n", Reload::Read(3)),
            (&"a,b\n".repeat(11), Reload::Kept(format!("{}: over 40 bytes: see file_bytes_max", path.display()))),
        ] {
            write(text);
            assert_eq!(live.look(), None, "it may still be written");
            assert_eq!(live.look(), Some(told));
            assert_eq!(live.look(), None);
        }
        assert_eq!(live.table().len(), 3);
        std::fs::remove_file(&path).unwrap();
        assert!(matches!(live.look(), Some(Reload::Kept(_))));
        assert_eq!(live.look(), None, "said once");
        write("a,b\n7,8\n");
        assert_eq!((live.look(), live.look()), (None, Some(Reload::Read(1))));
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(Live::open(source).is_err());
    }
}
