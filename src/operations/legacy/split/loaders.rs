//! The threads that fill the pods' files while the source is read.
//!
//! Rows travel in batches: many rows of one table for one pod, laid out in one buffer, because a channel and an
//! allocation for every row would cost more than the row.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, JoinHandle};

use super::SplitError;
use crate::domain::digest::Value;
use crate::domain::ids::{DiscordShardId, Epoch, GuildId};
use crate::operations::legacy::mapping::{Mapping, mappings};
use crate::runtime::clock::Clock;
use crate::store::shard_db::{BulkLoad, RowSlot};

/// Bytes of a full batch; a single row may be larger.
const BATCH_BYTES: usize = 128 * 1024;
/// Batches that wait for one thread: enough to keep it busy, few enough to stay small.
const BATCHES_WAITING: usize = 4;
/// Page cache of all files together.
const CACHE_KIB: u32 = 36 * 1024;

/// Rows of one table for one pod.
#[derive(Debug, Default)]
struct Batch {
    pod: usize,
    /// The table's place among the mappings.
    table: usize,
    rows: usize,
    cells: Vec<u8>,
}

impl Batch {
    fn push(&mut self, value: Value<'_>) {
        match value {
            Value::Null | Value::Real(_) | Value::Blob(_) => self.cells.push(0),
            Value::Integer(number) => {
                self.cells.push(1);
                self.cells.extend_from_slice(&number.to_le_bytes());
            }
            Value::Text(bytes) => {
                self.cells.push(2);
                self.cells.extend_from_slice(&bytes.len().to_le_bytes());
                self.cells.extend_from_slice(bytes);
            }
        }
    }
}

/// Takes the cells of a batch one after another.
struct Cells<'b>(&'b [u8]);

impl<'b> Cells<'b> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_at(N);
        self.0 = rest;
        let mut bytes = [0; N];
        bytes.copy_from_slice(head);
        bytes
    }

    fn next(&mut self) -> Value<'b> {
        match self.take::<1>() {
            [0] => Value::Null,
            [1] => Value::Integer(i64::from_le_bytes(self.take())),
            _ => {
                let length = usize::from_le_bytes(self.take());
                let (text, rest) = self.0.split_at(length);
                self.0 = rest;
                Value::Text(text)
            }
        }
    }
}

/// What a thread is told.
enum Order {
    Rows(Batch),
    Serve {
        pod: usize,
        guild: GuildId,
        shard: DiscordShardId,
    },
}

/// A thread that fills one file, and where its orders go.
type Loader = (SyncSender<Order>, JoinHandle<Result<(), SplitError>>);

/// The pods' files while they are filled.
pub(super) struct Loaders {
    threads: Vec<Loader>,
    /// The batch in hand, per pod.
    batches: Vec<Batch>,
    /// Batches that a thread is done with.
    used: Receiver<Batch>,
}

/// What every file says about where it comes from.
#[derive(Debug, Clone)]
pub(super) struct FileFacts {
    pub(super) split_id: String,
    pub(super) epoch: Epoch,
    pub(super) num_shards: u32,
}

impl Loaders {
    /// Makes the pods' files, `paths` in the order of the pods, and starts to wait for rows.
    pub(super) fn start(
        paths: Vec<PathBuf>,
        facts: &FileFacts,
        threads: usize,
        clock: &dyn Clock,
    ) -> Result<Self, SplitError> {
        let pods = paths.len();
        let threads = threads.clamp(1, pods.max(1));
        let cache_kib = (CACHE_KIB / u32::try_from(pods.max(1)).unwrap_or(u32::MAX)).max(256);
        let mut files: Vec<Vec<(usize, BulkLoad)>> = (0..threads).map(|_| Vec::new()).collect();
        for (pod, path) in paths.into_iter().enumerate() {
            let file = BulkLoad::create(&path, cache_kib, clock)?;
            file.set_meta("legacy_split_id", &facts.split_id)?;
            file.set_meta("num_shards", &facts.num_shards.to_string())?;
            files[pod % threads].push((pod, file));
        }
        let (give_back, used) = sync_channel(threads * BATCHES_WAITING * 2);
        let threads = files
            .into_iter()
            .map(|files| {
                let (orders, inbox) = sync_channel(BATCHES_WAITING);
                let (give_back, epoch) = (give_back.clone(), facts.epoch);
                let thread = Builder::new()
                    .name("legacy-split".into())
                    .spawn(move || fill(files, &inbox, &give_back, epoch))
                    .map_err(SplitError::Thread)?;
                Ok((orders, thread))
            })
            .collect::<Result<_, SplitError>>()?;
        let batches = (0..pods)
            .map(|pod| Batch {
                pod,
                ..Batch::default()
            })
            .collect();
        Ok(Self {
            threads,
            batches,
            used,
        })
    }

    /// Adds a row to what goes to a pod. False where the pod's thread has given up: [`Loaders::finish`] says why.
    pub(super) fn add<'v>(
        &mut self,
        pod: usize,
        table: usize,
        values: impl Iterator<Item = Value<'v>>,
    ) -> bool {
        if self.batches[pod].table != table && !self.flush(pod) {
            return false;
        }
        let batch = &mut self.batches[pod];
        batch.table = table;
        batch.rows += 1;
        values.for_each(|value| batch.push(value));
        batch.cells.len() < BATCH_BYTES || self.flush(pod)
    }

    /// Lets the guild be served from the pod's file.
    pub(super) fn serve(&mut self, pod: usize, guild: GuildId, shard: DiscordShardId) -> bool {
        self.send(pod, Order::Serve { pod, guild, shard })
    }

    fn flush(&mut self, pod: usize) -> bool {
        if self.batches[pod].rows == 0 {
            return true;
        }
        let mut fresh = self.used.try_recv().unwrap_or_default();
        fresh.pod = pod;
        fresh.rows = 0;
        fresh.cells.clear();
        let full = std::mem::replace(&mut self.batches[pod], fresh);
        self.send(pod, Order::Rows(full))
    }

    fn send(&self, pod: usize, order: Order) -> bool {
        self.threads[pod % self.threads.len()].0.send(order).is_ok()
    }

    /// Sends what is in hand and waits until every file is finished.
    pub(super) fn finish(mut self) -> Result<(), SplitError> {
        for pod in 0..self.batches.len() {
            // A thread that has given up says so itself, below.
            self.flush(pod);
        }
        let (senders, threads): (Vec<_>, Vec<_>) = self.threads.into_iter().unzip();
        drop(senders);
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or(Err(SplitError::Panicked)))
    }
}

/// The work of one thread: fills its files until nobody sends any more, then finishes them.
fn fill(
    mut files: Vec<(usize, BulkLoad)>,
    inbox: &Receiver<Order>,
    give_back: &SyncSender<Batch>,
    epoch: Epoch,
) -> Result<(), SplitError> {
    let mappings = mappings();
    while let Ok(order) = inbox.recv() {
        let of = |wanted: usize, files: &mut Vec<(usize, BulkLoad)>| {
            files.iter().position(|(pod, _)| *pod == wanted)
        };
        match order {
            Order::Rows(batch) => {
                if let Some(at) = of(batch.pod, &mut files) {
                    insert(&mut files[at].1, &mappings[batch.table], &batch)?;
                }
                // Where nobody takes it back, it is freed.
                let _ = give_back.try_send(batch);
            }
            Order::Serve { pod, guild, shard } => {
                if let Some(at) = of(pod, &mut files) {
                    files[at].1.serve(guild, shard, epoch)?;
                }
            }
        }
    }
    files.into_iter().try_for_each(|(_, file)| Ok(file.finish()?))
}

fn insert(file: &mut BulkLoad, mapping: &Mapping, batch: &Batch) -> Result<(), SplitError> {
    let mut cells = Cells(&batch.cells);
    let mut left = batch.rows;
    let next = |slot: &mut RowSlot<'_, '_>| {
        if left == 0 {
            return false;
        }
        left -= 1;
        (0..mapping.columns.len()).for_each(|place| slot.set(place, cells.next()));
        true
    };
    Ok(file.insert(mapping.table.name, &mapping.columns, next)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_gives_back_what_was_put_in() {
        let values = [
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Text(b""),
            Value::Text("a\0ж".as_bytes()),
            Value::Integer(-1),
        ];
        let mut batch = Batch::default();
        for value in values {
            batch.push(value);
        }
        let mut cells = Cells(&batch.cells);
        for value in values {
            assert_eq!(cells.next(), value);
        }
        assert!(cells.0.is_empty());
    }
}
