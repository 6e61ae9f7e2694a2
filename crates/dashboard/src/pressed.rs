//! What forms made that cannot be made twice: keys and endpoints, whose calls take no idempotency key, since their answer
//! has a secret that is kept nowhere.
//!
//! Invariants: a form of a session is carried out once while the process lives, also when it is sent again before it was
//! answered; what is kept is bounded, in memory alone, and found only by the session and the form that made it.
//!
//! Not owned here: what is made, and who may make it.

use std::collections::VecDeque;

use tokio::sync::Mutex;

use crate::json::Json;
use crate::trouble::Trouble;

/// Answers that are kept, the newest: a form is sent again at once or not at all.
const KEPT_MAX: usize = 64;

/// Answers of forms of late.
#[derive(Default)]
pub(crate) struct Pressed(Mutex<VecDeque<(blake3::Hash, Json)>>);

impl Pressed {
    /// What a form made, by its session, its key and what it asks for; made now where nothing was.
    pub(crate) async fn once(
        &self,
        form: &str,
        make: impl Future<Output = Result<Json, Trouble>>,
    ) -> Result<Json, Trouble> {
        let form = blake3::hash(form.as_bytes());
        // Held until it is made: the same form may be on its way a second time.
        let mut kept = self.0.lock().await;
        if let Some((_, made)) = kept.iter().find(|(known, _)| *known == form) {
            return Ok(made.clone());
        }
        let made = make.await?;
        if kept.len() == KEPT_MAX {
            kept.pop_front();
        }
        kept.push_back((form, made.clone()));
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn form_is_carried_out_once_in_its_session_and_what_is_kept_is_bounded() {
        let pressed = Pressed::default();
        let press = async |session: &str, key: &str, made: &str| {
            let make = async { Json::parse(made).ok_or(Trouble::Internal) };
            pressed.once(&format!("{session} {key}"), make).await.map(|made| made.text().to_owned()).ok()
        };
        assert_eq!(press("ada", "1", "{").await, None);
        assert_eq!(press("ada", "1", r#""a""#).await.as_deref(), Some("a"), "what failed may be tried again");
        assert_eq!(press("ada", "1", r#""b""#).await.as_deref(), Some("a"));
        assert_eq!(press("bob", "1", r#""c""#).await.as_deref(), Some("c"));
        for other in 0..KEPT_MAX - 2 {
            press("ada", &format!("other {other}"), "1").await;
        }
        assert_eq!(press("ada", "1", r#""d""#).await.as_deref(), Some("a"), "the last one that is kept");
        press("ada", "one more", "1").await;
        assert_eq!(press("ada", "1", r#""e""#).await.as_deref(), Some("e"));
    }
}
