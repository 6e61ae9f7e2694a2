//! What wallets take in memory: ten thousand, a hundred thousand, a million of them.

use anyhow::Result;
use rand::Rng as _;

use super::Session;
use super::loads::{THOUSAND, name, spread};
use crate::report::readable;
use crate::resources::report_memory;

/// What is sent to the wallets once they are funded.
#[derive(Clone, Copy)]
enum Work {
    /// So many events.
    Events(u64),
    /// All runs of the batch load.
    Load,
}

const SIZES: &[(u32, Work)] =
    &[(10_000, Work::Events(1_000_000)), (100_000, Work::Load), (1_000_000, Work::Load)];
const SIZES_QUICK: &[(u32, Work)] = &[(500, Work::Events(20_000)), (2_000, Work::Load)];

/// Connections of the batch load.
const CONNECTIONS: u32 = 4;

impl Session<'_> {
    /// Each size on a project of its own.
    pub(super) async fn memory_by_wallets(&mut self) -> Result<()> {
        let sizes = if self.plan.quick { SIZES_QUICK } else { SIZES };
        for (wallets, work) in sizes {
            let mut on = self.begin(*wallets).await?;
            let shape = spread(&on, CONNECTIONS, THOUSAND);
            let wallets = format!("{} wallets", readable(u64::from(*wallets)));
            report_memory(&on, &format!("memory, {wallets} funded"), &mut self.report)?;
            let after = match work {
                Work::Events(events) => {
                    on.fill(shape, *events, self.seeds.random()).await?;
                    format!("memory, {wallets}, after {} events", readable(*events))
                }
                Work::Load => {
                    let case = format!("{}, {wallets}", name(shape));
                    self.load(&mut on, shape, &case).await?;
                    format!("memory, {wallets}, after {}", name(shape))
                }
            };
            report_memory(&on, &after, &mut self.report)?;
            self.check_books(&wallets, &mut on).await?;
        }
        Ok(())
    }
}
