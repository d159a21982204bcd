//! One open file, and what comes next in it.

use std::{
    fs::File,
    io,
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use bytes::Bytes;
use logloom_record::BlockPool;
use logloom_wire::Encoding;
use rustix::fs::{Mode, OFlags};

use crate::packed::Packed;

/// How much before the place that was read to is compared with each read: a file that was cut back and has grown past that place again,
/// or one that took its name, is told by it.
pub const MARK_BYTES: usize = 256;

/// The least that is read at once where there is so much: a buffer is taken for it.
const READ_BYTES_MIN: u64 = 3 << 10;

/// Which files are read unpacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// None: all are read as they are.
    Plain,
    /// Those that begin as gzip or Zstandard files do.
    Auto,
    /// Those that begin as gzip files do.
    Gzip,
}

impl Packing {
    /// As what a file is unpacked that begins so.
    fn of(self, head: &[u8]) -> Option<Encoding> {
        match head {
            [0x1f, 0x8b, ..] if self != Self::Plain => Some(Encoding::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] if self == Self::Auto => Some(Encoding::Zstd),
            _ => None,
        }
    }

    /// Whether so little does not tell yet. A lone `(`, as Zstandard's first byte is, is text: nobody writes less of that than four bytes.
    fn is_open(self, head: &[u8]) -> bool {
        match head {
            [] | [0x1f] => self != Self::Plain,
            [0x28, 0xb5] | [0x28, 0xb5, 0x2f] => self == Self::Auto,
            _ => false,
        }
    }
}

/// What the disk says of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The device that it is on.
    pub device: u64,
    /// Its number there.
    pub inode: u64,
    /// Its size in bytes, as it is on disk.
    pub size_bytes: u64,
    /// When it was written to last, in nanoseconds since 1970.
    pub changed_unix_nano: i64,
    /// How many names it has; 0: it was deleted.
    pub links: u64,
}

/// What a read brought.
#[derive(Debug)]
pub enum Next {
    /// The bytes at the place.
    Data(Bytes),
    /// There are no more now.
    End,
    /// What stands before the place is not what was read there: the file was cut back, or is another one; or it was too short when it was
    /// opened to tell that it is packed.
    Replaced,
}

/// An open file and the place that it was read to.
#[derive(Debug)]
pub struct LogFile {
    file: File,
    packing: Packing,
    packed: Option<Packed>,
    /// Counted in what is read: of a packed file, unpacked.
    offset: u64,
    /// What stands before the place: at most [`MARK_BYTES`].
    mark: Vec<u8>,
    is_settled: bool,
}

impl LogFile {
    /// Opens a regular file for reading, at its beginning. A pipe or a folder is [`io::ErrorKind::IsADirectory`].
    pub fn open(path: &Path, packing: Packing) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
        let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
        if !file.metadata()?.is_file() {
            return Err(io::Error::from(rustix::io::Errno::ISDIR));
        }
        let mut magic = [0; 4];
        let len = read_at(&file, &mut magic, 0)?;
        let packed = packing.of(magic.get(..len).unwrap_or_default()).map(Packed::new).transpose()?;
        Ok(Self { file, packing, packed, offset: 0, mark: Vec::new(), is_settled: true })
    }

    /// What the disk says of it now.
    pub fn facts(&self) -> io::Result<Facts> {
        let status = self.file.metadata()?;
        Ok(Facts {
            device: status.dev(),
            inode: status.ino(),
            size_bytes: status.len(),
            changed_unix_nano: status.mtime().saturating_mul(1_000_000_000).saturating_add(status.mtime_nsec()),
            links: status.nlink(),
        })
    }

    /// Whether it is read unpacked.
    pub fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Whether a packed file was read to its end, and ends there as it should. A plain one may always grow.
    pub fn is_complete(&self) -> bool {
        self.packed.as_ref().is_some_and(Packed::is_complete)
    }

    /// What it begins with, at most `size` bytes.
    pub fn head(&self, size: usize) -> io::Result<Vec<u8>> {
        let Some(packed) = &self.packed else {
            let mut head = vec![0; size];
            let len = read_at(&self.file, &mut head, 0)?;
            head.truncate(len);
            return Ok(head);
        };
        let (mut unpacked, mut head) = (packed.anew()?, Vec::new());
        while head.len() < size {
            match unpacked.more(&self.file, size - head.len()) {
                Ok(more) if !more.is_empty() => head.extend(more),
                _ => break, // what is damaged is told when it is read
            }
        }
        Ok(head)
    }

    /// Goes to a place: what comes next is [settled](Self::settle) first.
    pub fn go_to(&mut self, offset: u64) -> io::Result<()> {
        self.packed = self.packed.as_ref().map(Packed::anew).transpose()?;
        self.offset = offset;
        self.mark.clear();
        self.is_settled = offset == 0;
        Ok(())
    }

    /// Reads what stands before the place. Of a packed file that takes all before it: `size_max` bytes at a time, until it answers true.
    pub fn settle(&mut self, size_max: usize) -> io::Result<bool> {
        if self.is_settled {
            return Ok(true);
        }
        let mark = MARK_BYTES.min(self.offset.try_into().unwrap_or(MARK_BYTES));
        let from = self.offset - mark as u64;
        if let Some(packed) = &mut self.packed {
            if !packed.skip_to(&self.file, from, size_max)? {
                return Ok(false);
            }
            while self.mark.len() < mark {
                let more = packed.more(&self.file, mark - self.mark.len())?;
                if more.is_empty() {
                    break;
                }
                self.mark.extend(more);
            }
        } else {
            self.mark.resize(mark, 0);
            let len = read_at(&self.file, &mut self.mark, from)?;
            self.mark.truncate(len);
        }
        self.is_settled = true;
        Ok(true)
    }

    /// What stands before the place, once that is settled; shorter where the file is.
    pub fn mark(&self) -> &[u8] {
        &self.mark
    }

    /// The place that it was read to.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Some bytes anywhere in a plain file; none of a packed one.
    pub fn span(&self, offset: u64, size: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; if self.is_packed() { 0 } else { size }];
        let len = read_at(&self.file, &mut bytes, offset)?;
        bytes.truncate(len);
        Ok(bytes)
    }

    /// What comes next, at most `size_max` bytes; the same again until it was [taken](Self::taken). The place must be settled.
    pub fn next(&mut self, size_max: usize) -> io::Result<Next> {
        if let Some(packed) = &mut self.packed {
            return Ok(match packed.next(&self.file, size_max)? {
                data if data.is_empty() => Next::End,
                data => Next::Data(data),
            });
        }
        let size = self.file.metadata()?.len();
        let left = size.saturating_sub(self.offset).max(READ_BYTES_MIN).min(size_max.max(1) as u64) as usize;
        let mark = self.mark.len();
        let pool = BlockPool::global();
        let mut block = pool.take(left + mark);
        let wanted = block.get_mut(..left + mark).unwrap_or_default();
        let got = read_at(&self.file, wanted, self.offset - mark as u64)?;
        let is_same = got >= mark && block.get(..mark) == Some(&self.mark[..]) && size >= self.offset;
        if !is_same || got == mark {
            pool.give(block);
            return Ok(if is_same { Next::End } else { Next::Replaced });
        }
        let data = pool.freeze(block).slice(mark..got);
        if self.offset == 0 && self.packing.of(&data).is_some() {
            return Ok(Next::Replaced);
        }
        Ok(if self.offset == 0 && self.packing.is_open(&data) { Next::End } else { Next::Data(data) })
    }

    /// What [`next`](Self::next) gave has been taken.
    pub fn taken(&mut self, data: &[u8]) {
        self.offset += data.len() as u64;
        let kept = self.mark.len().min(MARK_BYTES.saturating_sub(data.len()));
        self.mark.drain(..self.mark.len() - kept);
        self.mark.extend_from_slice(data.get(data.len().saturating_sub(MARK_BYTES)..).unwrap_or_default());
        if let Some(packed) = &mut self.packed {
            packed.taken();
        }
    }
}

/// Reads until the buffer is full or the file ends.
pub(crate) fn read_at(file: &File, mut buffer: &mut [u8], mut offset: u64) -> io::Result<usize> {
    let mut read = 0;
    while !buffer.is_empty() {
        match file.read_at(buffer, offset) {
            Ok(0) => break,
            Ok(len) => {
                (read, offset) = (read + len, offset + len as u64);
                buffer = buffer.get_mut(len..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use std::{io::Write, path::PathBuf};

    use logloom_wire::compress;
    use proptest::prelude::*;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            use std::sync::atomic::{AtomicU32, Ordering};
            static NEXT: AtomicU32 = AtomicU32::new(0);
            let path = std::env::temp_dir().join(format!("logloom-tail-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
            std::fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, data: &[u8]) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, data).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    fn append(path: &Path, data: &[u8]) {
        File::options().append(true).open(path).unwrap().write_all(data).unwrap();
    }

    fn all(file: &mut LogFile, step: usize) -> Vec<u8> {
        let mut got = Vec::new();
        while let Next::Data(data) = file.next(step).unwrap() {
            assert!(data.len() <= step);
            file.taken(&data);
            got.extend(data);
        }
        got
    }

    #[test]
    fn what_was_not_taken_comes_again() {
        let folder = Folder::new();
        for data in [b"one\ntwo\n".to_vec(), compress(b"one\ntwo\n", Encoding::Gzip).unwrap()] {
            let mut file = LogFile::open(&folder.write("a", &data), Packing::Auto).unwrap();
            for _ in 0..3 {
                assert!(matches!(file.next(100).unwrap(), Next::Data(data) if data == "one\ntwo\n"));
            }
            assert_eq!(all(&mut file, 100), b"one\ntwo\n");
            assert!(matches!(file.next(100).unwrap(), Next::End));
        }
    }

    #[test]
    fn a_file_that_was_cut_back_is_replaced_whatever_its_size() {
        let folder = Folder::new();
        for again in [&b""[..], b"x", b"other\n", b"another one that is longer\n", b"one\ntwo!\nthree\n"] {
            let path = folder.write("a", b"one\ntwo\n");
            let mut file = LogFile::open(&path, Packing::Auto).unwrap();
            all(&mut file, 100);
            std::fs::write(&path, again).unwrap();
            assert!(matches!(file.next(100).unwrap(), Next::Replaced), "{again:?}");
        }
    }

    #[test]
    fn a_file_that_shows_only_later_that_it_is_packed_is_never_read_as_text() {
        let folder = Folder::new();
        for (encoding, tells_at) in [(Encoding::Gzip, 2), (Encoding::Zstd, 4)] {
            let packed = compress(b"one\ntwo\n", encoding).unwrap();
            for len in (0..tells_at).filter(|&len| packed[..len] != *b"(") {
                let path = folder.write("a", &packed[..len]);
                let mut file = LogFile::open(&path, Packing::Auto).unwrap();
                assert!(!file.is_packed() && matches!(file.next(100).unwrap(), Next::End));
                append(&path, &packed[len..]);
                assert!(matches!(file.next(100).unwrap(), Next::Replaced), "{encoding:?} {len}");
                let mut again = LogFile::open(&path, Packing::Auto).unwrap();
                assert_eq!(all(&mut again, 100), b"one\ntwo\n");
                let mut plain = LogFile::open(&path, Packing::Plain).unwrap();
                assert_eq!(all(&mut plain, 100), packed);
            }
        }
        for text in [&b"("[..], b"(\xb5s)", b"\x1f\n", b"\x28\xb5/\n"] {
            let mut file = LogFile::open(&folder.write("a", text), Packing::Auto).unwrap();
            assert_eq!(all(&mut file, 100), text);
        }
    }

    #[test]
    fn a_packed_file_that_is_being_written_goes_on_where_it_was() {
        let folder = Folder::new();
        let data: Vec<u8> = (0..20_000u32).flat_map(u32::to_le_bytes).collect();
        for encoding in [Encoding::Gzip, Encoding::Zstd] {
            let packed = compress(&data, encoding).unwrap();
            let (first, second) = packed.split_at(packed.len() / 2);
            let path = folder.write("a", first);
            let mut file = LogFile::open(&path, Packing::Auto).unwrap();
            let mut got = all(&mut file, 1000);
            assert!(!file.is_complete() && got.len() < data.len());
            append(&path, second);
            got.extend(all(&mut file, 1000));
            assert!(file.is_complete());
            assert!(got == data, "{encoding:?}");
        }
    }

    #[test]
    fn a_damaged_file_gives_what_is_good_and_an_error() {
        let folder = Folder::new();
        let mut data = compress(b"good line\n", Encoding::Gzip).unwrap();
        data.extend(b"\x1f\x8b garbage");
        let mut file = LogFile::open(&folder.write("a", &data), Packing::Auto).unwrap();
        let Next::Data(data) = file.next(100).unwrap() else { panic!() };
        assert_eq!(data, "good line\n");
        file.taken(&data);
        assert_eq!(file.next(100).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn what_is_no_file_is_not_opened() {
        let folder = Folder::new();
        assert_eq!(LogFile::open(&folder.0, Packing::Auto).unwrap_err().kind(), io::ErrorKind::IsADirectory);
        assert_eq!(LogFile::open(&folder.0.join("a"), Packing::Auto).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn it_goes_on_from_any_place(data: Vec<u8>, at in 0usize..200, step in 1usize..50, kind in 0..3) {
            let folder = Folder::new();
            let on_disk = match kind {
                0 => data.clone(),
                1 => compress(&data, Encoding::Gzip).unwrap(),
                _ => compress(&data, Encoding::Zstd).unwrap(),
            };
            let packing = if kind == 0 { Packing::Plain } else { Packing::Auto };
            let mut file = LogFile::open(&folder.write("a", &on_disk), packing).unwrap();
            prop_assert_eq!(&file.head(at).unwrap()[..], &data[..at.min(data.len())]);
            file.go_to(at as u64).unwrap();
            while !file.settle(step).unwrap() {}
            if at <= data.len() {
                prop_assert_eq!(file.mark(), &data[at.saturating_sub(MARK_BYTES)..at]);
                prop_assert_eq!(&all(&mut file, step)[..], &data[at..]);
                let end = data.len().saturating_sub(MARK_BYTES);
                prop_assert_eq!(file.mark(), &data[end..]);
            } else {
                prop_assert!(file.mark().len() < at.min(MARK_BYTES));
            }
        }
    }
}
