//! What must hold after each step.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use logloom_journal::{CursorInfo, Fact};
use serde_json::Value;

use crate::{
    EXPORTERS, PIPELINES,
    support::LONG,
    world::{Follower, Record, World},
};

impl World {
    pub fn note(followers: &mut BTreeMap<&'static str, Follower>, records: [&[Record]; 2], fact: &Fact) {
        let json: Value = serde_json::from_str(&fact.json).unwrap();
        let name = json["exporter"].as_str().unwrap();
        let Some(follower) = followers.iter_mut().find(|(known, _)| **known == name).map(|(_, follower)| follower) else { return };
        if fact.name == "dropped" {
            let (first, last) = (json["first_position"].as_u64().unwrap(), json["last_position"].as_u64().unwrap());
            let own =
                records.into_iter().flatten().filter(|record| follower.owns(record) && (first..=last).contains(&record.position)).count();
            // None: it is of an exporter of the same name that was forgotten since.
            assert!(own == 0 || json["records"].as_u64() == Some(own as u64), "a drop is counted to the record: {own}, {}", fact.json);
            follower.dropped_to = follower.dropped_to.max(last);
        }
    }

    pub fn take_facts(&mut self) {
        let facts = self.journal().facts();
        for fact in &facts {
            Self::note(&mut self.followers, [&self.records, &self.open], fact);
        }
    }

    pub fn check(&mut self) {
        let accounts = self.journal().accounts();
        assert_eq!(accounts.balance(), Ok(()), "{}", accounts.to_json());
        if self.open_frames.is_empty() {
            let frames = accounts.receivers.get("in").map_or(0, |row| row.frames);
            assert_eq!(frames, self.frames, "{}", self.log.join("\n"));
            for name in PIPELINES {
                let made = self.records.iter().filter(|record| record.pipelines.iter().any(|pipeline| pipeline == name)).count() as u64;
                let row = accounts.pipelines.get(name).cloned().unwrap_or_default();
                assert_eq!((row.made, row.journalled), (made, made), "pipeline {name}");
            }
            for (name, follower) in &self.followers {
                let Some(row) = accounts.exporters.get(*name) else { continue };
                assert_eq!(row.missing, 0, "{name}");
                if !self.bounds.ages {
                    let own = self.records.iter().filter(|record| follower.owns(record)).count() as u64;
                    assert_eq!(row.journalled, own, "exporter {name}");
                }
            }
        }
        // No file is gone that somebody is owed a record of.
        let files = self.journal().log().unwrap().files();
        let oldest = files.iter().find(|file| file.last > 0).map_or(u64::MAX, |file| file.first);
        self.take_facts();
        for (name, follower) in &self.followers {
            let owed = self.records.iter().find(|record| follower.owns(record) && record.position > follower.done.max(follower.dropped_to));
            if let Some(owed) = owed.filter(|owed| owed.position < oldest) {
                // A fact is told a moment after its file may go.
                let listed = self.journal().cursors().into_iter().find(|info| &*info.name == *name);
                assert!(listed.is_none_or(|info| info.row.dropped > 0), "{name} is owed {owed:?}, but the files begin at {oldest}");
            }
        }
    }

    /// In the end everybody gets everything, room comes back, and nothing is pending.
    pub fn finish(&mut self) {
        self.settle();
        self.set_saves_fail(false);
        for exporter in EXPORTERS {
            if self.followers.contains_key(exporter) {
                let bits = 7;
                self.attach(exporter, bits, false);
            }
            for _ in 0..1000 {
                let before = self.followers.get(exporter).map(|follower| follower.steps.len());
                self.next(exporter, 5);
                if self.followers.get(exporter).map(|follower| follower.steps.len()) == before {
                    break;
                }
            }
            self.done(exporter, usize::MAX, 0, 0);
            self.check();
        }
        let accounts = self.journal().accounts();
        for (name, row) in accounts.exporters.iter().filter(|(_, row)| row.in_use) {
            assert_eq!((row.pending, row.missing, row.journalled), (0, 0, row.delivered + row.dead_lettered + row.dropped), "{name}");
            assert_eq!(row.pending_bytes, 0, "{name}");
        }
        self.saved();
        let until = Instant::now() + LONG;
        let holds = |info: &CursorInfo| !info.row.in_use && info.row.pending > 0;
        while self.journal().admit().is_err() && !self.journal().cursors().iter().any(holds) {
            assert!(Instant::now() < until, "room does not come back");
            std::thread::park_timeout(Duration::from_millis(2));
        }
    }
}
