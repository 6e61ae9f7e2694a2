//! How an environment is connected to its providers, and whether that works.

use super::{Connection, ConnectionTest, PaymentError};
use crate::environment::Environment;

/// A provider of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// What it is called: `sandbox`, `stripe`.
    pub name: &'static str,
    /// Whether new orders go to it; others look after their old ones.
    pub takes_orders: bool,
    /// How it is connected.
    pub connection: Connection,
    /// When its last notice came in, in milliseconds since 1970.
    pub last_notice_ms: Option<i64>,
}

impl Environment {
    /// The providers of this environment, the one that takes new orders first; none where nothing is sold.
    ///
    /// # Errors
    /// If what is kept of notices cannot be read.
    pub async fn payment_connections(&self) -> Result<Vec<Connected>, PaymentError> {
        let mut connected = Vec::new();
        for (place, provider) in self.payment_providers().iter().enumerate() {
            let last_notice_ms = match provider.connection().believes_notices {
                Some(_) => self.last_notice_ms(provider.name()).await?,
                None => None,
            };
            connected.push(Connected {
                name: provider.name(),
                takes_orders: place == 0,
                connection: provider.connection(),
                last_notice_ms,
            });
        }
        Ok(connected)
    }

    /// Asks a provider something harmless; `None` where this environment has none of that name.
    ///
    /// # Errors
    /// [`PaymentError::Paused`] while nothing reaches outside.
    pub async fn test_payments(&self, name: &str) -> Result<Option<ConnectionTest>, PaymentError> {
        let Some(provider) = self.payment_providers().iter().find(|provider| provider.name() == name) else {
            return Ok(None);
        };
        self.ensure_effects()?;
        Ok(Some(provider.test().await))
    }
}
