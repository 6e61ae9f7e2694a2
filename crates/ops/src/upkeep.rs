//! Letting go: of what is old, and of customers who were erased.

use rusqlite::{Connection, params};

use crate::error::OpsError;
use crate::store::Ops;

impl Ops {
    /// Deletes deliveries that came to their end before that time, at most `limit` of them, with their attempts and
    /// with messages that nobody is owed any more. Says how many.
    pub fn prune(&self, before_ms: i64, limit: usize) -> Result<usize, OpsError> {
        self.lightly(|tx| {
            let mut rows = tx.prepare_cached(
                "SELECT number, message FROM delivery WHERE done_ms IS NOT NULL AND done_ms < ?1 LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            let old = rows.query_map(params![before_ms, limit], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let old: Vec<(i64, i64)> = old.collect::<Result<_, _>>()?;
            for (delivery, message) in &old {
                delete_delivery(tx, *delivery)?;
                tx.prepare_cached(
                    "DELETE FROM message WHERE number = ?1
                     AND NOT EXISTS (SELECT 1 FROM delivery WHERE message = ?1)",
                )?
                .execute([message])?;
            }
            Ok(old.len())
        })
    }

    /// Forgets what was ever told of a wallet whose customer was erased; when this returns, no byte of it is left in
    /// the file. What still waits is not sent.
    pub fn forget_wallet(&self, wallet: u32) -> Result<usize, OpsError> {
        let forgotten = self.durably(|tx| {
            let mut rows = tx.prepare_cached(
                "SELECT delivery.number FROM delivery JOIN message ON message.number = message
                 WHERE message.wallet = ?1",
            )?;
            let deliveries: Vec<i64> =
                rows.query_map([wallet], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for delivery in deliveries {
                delete_delivery(tx, delivery)?;
            }
            tx.execute("DELETE FROM lane WHERE lane = ?1", [wallet])?;
            Ok(tx.execute("DELETE FROM message WHERE wallet = ?1", [wallet])?)
        })?;
        if forgotten > 0 {
            self.empty_log()?;
        }
        Ok(forgotten)
    }

    /// Wallets that messages are about, from behind `after` on.
    pub fn wallets_told_of(&self, after: i64, limit: usize) -> Result<Vec<u32>, OpsError> {
        self.read(|db| {
            let mut rows = db.prepare_cached(
                "SELECT DISTINCT wallet FROM message WHERE wallet > ?1 ORDER BY wallet LIMIT ?2",
            )?;
            let limit = i64::try_from(limit).unwrap_or(i64::MAX);
            Ok(rows.query_map(params![after, limit], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
    }
}

fn delete_delivery(tx: &Connection, delivery: i64) -> Result<(), OpsError> {
    tx.prepare_cached("DELETE FROM attempt WHERE delivery = ?1")?.execute([delivery])?;
    tx.prepare_cached("DELETE FROM delivery WHERE number = ?1")?.execute([delivery])?;
    Ok(())
}
