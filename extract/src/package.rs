//! A zip of XML parts: opened one by one, with one budget for all that is unpacked. Follows no link and writes no file.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;

use crate::Unread;
use crate::limits::{PARTS_MAX, UNPACKED_BYTES_MAX};

pub(crate) struct Package<'a> {
    archive: ZipArchive<Cursor<&'a [u8]>>,
    budget: u64,
    opened: usize,
}

impl<'a> Package<'a> {
    pub fn open(bytes: &'a [u8]) -> Result<Package<'a>, Unread> {
        let archive = ZipArchive::new(Cursor::new(bytes))
            .map_err(|cause| Unread::Broken(cause.to_string()))?;
        Ok(Package {
            archive,
            budget: UNPACKED_BYTES_MAX,
            opened: 0,
        })
    }

    /// Names of the parts that begin so and end in `.xml`, in the archive's order.
    pub fn names(&self, start: &str) -> Vec<String> {
        self.archive
            .file_names()
            .filter(|name| name.starts_with(start) && name.ends_with(".xml"))
            .take(PARTS_MAX)
            .map(str::to_owned)
            .collect()
    }

    /// A part as text. `None` when it is not there, cannot be unpacked, or the budget is used up; what was unpacked of a
    /// part that is too long is given.
    pub fn part(&mut self, name: &str) -> Option<String> {
        if self.budget == 0 || self.opened >= PARTS_MAX {
            return None;
        }
        self.opened += 1;
        let file = self.archive.by_name(name).ok()?;
        let mut bytes = Vec::new();
        // What came before an error in the middle is worth having.
        let _cut_short = file.take(self.budget).read_to_end(&mut bytes);
        self.budget = self.budget.saturating_sub(bytes.len() as u64);
        let (text, _, _) = encoding_rs::UTF_8.decode(&bytes);
        Some(text.into_owned())
    }
}
