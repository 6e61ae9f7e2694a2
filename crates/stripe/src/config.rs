//! What is configured: the key, what notices are signed with, where Stripe is, and whether the money is real.
//!
//! A key of the wrong mode is refused before anything is sent: a test key in the live environment would sell credits for
//! nothing, a live key in the test environment would take real money for play.

use std::fmt;

use reqwest::Url;
use thiserror::Error;

/// Where Stripe is.
pub const STRIPE_URL: &str = "https://api.stripe.com";
/// Webhook secrets of one environment: the one in use, and the one that takes its place.
pub const WEBHOOK_SECRETS_MAX: usize = 2;

/// How to reach a Stripe account.
#[derive(Clone, PartialEq, Eq)]
pub struct StripeConfig {
    /// `sk_test_…`, `sk_live_…`, or a restricted key, `rk_…`.
    pub secret_key: String,
    /// `whsec_…`; two while one takes the place of the other; none where notices do not come in.
    pub webhook_secrets: Vec<String>,
    /// [`STRIPE_URL`], or where a stand-in listens.
    pub base_url: String,
    /// Whether this is for the live environment.
    pub is_live: bool,
}

impl fmt::Debug for StripeConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StripeConfig")
            .field("secret_key", &"…")
            .field("webhook_secrets", &self.webhook_secrets.len())
            .field("base_url", &self.base_url)
            .field("is_live", &self.is_live)
            .finish()
    }
}

/// Why a configuration is refused. No text of it holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// Not a key that a server may use.
    #[error(
        "the Stripe key is not a secret key: take the one that begins with sk_{mode}_ (or rk_{mode}_) from Developers, \
         API keys, in Stripe's dashboard"
    )]
    NotASecretKey {
        /// `test` or `live`.
        mode: &'static str,
    },
    /// A key for the other kind of money.
    #[error(
        "the Stripe key is for {found} and this is the {wanted} environment: take the key that begins with \
         sk_{wanted}_, or set this one as CHARGLY_STRIPE_{}_SECRET_KEY",
        found.to_uppercase()
    )]
    KeyOfOtherMode {
        /// What the key is for.
        found: &'static str,
        /// What it has to be for.
        wanted: &'static str,
    },
    /// A webhook secret of another form.
    #[error(
        "a Stripe webhook secret begins with whsec_: take the signing secret of the endpoint from Developers, Webhooks"
    )]
    NotAWebhookSecret,
    /// More webhook secrets than a rotation needs.
    #[error(
        "{given} Stripe webhook secrets are given, and {WEBHOOK_SECRETS_MAX} are enough: leave out the ones that have \
         expired"
    )]
    TooManyWebhookSecrets {
        /// How many.
        given: usize,
    },
    /// An address that a key cannot be sent to.
    #[error("CHARGLY_STRIPE_URL is {url}: it has to begin with https://, or to be http:// on this machine")]
    BadUrl {
        /// The address.
        url: String,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client for Stripe cannot be made: {0}")]
    Client(String),
}

impl StripeConfig {
    /// The address, once everything about the configuration was found good.
    pub(crate) fn check(&self) -> Result<Url, ConfigError> {
        let wanted = mode(self.is_live);
        match key_mode(&self.secret_key) {
            None => return Err(ConfigError::NotASecretKey { mode: wanted }),
            Some(found) if found != wanted => return Err(ConfigError::KeyOfOtherMode { found, wanted }),
            Some(_) => {}
        }
        let given = self.webhook_secrets.len();
        if given > WEBHOOK_SECRETS_MAX {
            return Err(ConfigError::TooManyWebhookSecrets { given });
        }
        if self.webhook_secrets.iter().any(|secret| rest_after(secret, "whsec_").is_none()) {
            return Err(ConfigError::NotAWebhookSecret);
        }
        self.url().ok_or_else(|| ConfigError::BadUrl { url: self.base_url.clone() })
    }

    /// The address, when a key may be sent there: in the clear it would be read by whoever is on the way.
    fn url(&self) -> Option<Url> {
        let url = Url::parse(self.base_url.trim_end_matches('/')).ok()?;
        let bare = url.path() == "/" && url.query().is_none() && url.username().is_empty();
        let safe = url.scheme() == "https" || (url.scheme() == "http" && is_this_machine(&url));
        (bare && safe).then_some(url)
    }
}

/// Whether an address is on this machine.
pub(crate) fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn mode(is_live: bool) -> &'static str {
    if is_live { "live" } else { "test" }
}

fn key_mode(key: &str) -> Option<&'static str> {
    let of_mode =
        |mode: &str| ["sk", "rk"].iter().any(|kind| rest_after(key, &format!("{kind}_{mode}_")).is_some());
    ["test", "live"].into_iter().find(|mode| of_mode(mode))
}

/// What comes behind a prefix, when it can be sent in a header.
fn rest_after<'a>(secret: &'a str, prefix: &str) -> Option<&'a str> {
    secret.strip_prefix(prefix).filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(secret_key: &str, is_live: bool) -> StripeConfig {
        StripeConfig {
            secret_key: secret_key.to_owned(),
            webhook_secrets: vec!["whsec_one".to_owned()],
            base_url: STRIPE_URL.to_owned(),
            is_live,
        }
    }

    #[test]
    fn key_has_to_be_a_secret_one_of_the_environment_s_mode() {
        let other = |found, wanted| Some(ConfigError::KeyOfOtherMode { found, wanted });
        let none = |mode| Some(ConfigError::NotASecretKey { mode });
        for (key, is_live, expected) in [
            ("sk_test_51a", false, None),
            ("rk_test_51a", false, None),
            ("sk_live_51a", true, None),
            ("rk_live_51a", true, None),
            ("sk_live_51a", false, other("live", "test")),
            ("rk_live_51a", false, other("live", "test")),
            ("sk_test_51a", true, other("test", "live")),
            ("pk_test_51a", false, none("test")),
            ("pk_live_51a", true, none("live")),
            ("whsec_51a", false, none("test")),
            ("sk_test_", false, none("test")),
            ("sk_test_5 1", false, none("test")),
            ("sk_test_5\n1", false, none("test")),
            ("", true, none("live")),
        ] {
            assert_eq!(config(key, is_live).check().err(), expected, "{key:?} {is_live}");
        }
    }

    #[test]
    fn refusal_of_a_key_says_what_to_do_and_not_the_key() {
        let error = config("sk_live_hush", false).check().expect_err("the wrong mode").to_string();
        assert!(error.contains("sk_test_") && error.contains("CHARGLY_STRIPE_LIVE_SECRET_KEY"), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn webhook_secrets_are_at_most_two_and_of_their_form() {
        for (secrets, expected) in [
            (&[][..], None),
            (&["whsec_a"], None),
            (&["whsec_a", "whsec_b"], None),
            (&["whsec_a", "whsec_b", "whsec_c"], Some(ConfigError::TooManyWebhookSecrets { given: 3 })),
            (&["sk_test_a"], Some(ConfigError::NotAWebhookSecret)),
            (&["whsec_"], Some(ConfigError::NotAWebhookSecret)),
        ] {
            let webhook_secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
            let config = StripeConfig { webhook_secrets, ..config("sk_test_51a", false) };
            assert_eq!(config.check().err(), expected, "{secrets:?}");
        }
    }

    #[test]
    fn key_is_sent_in_the_clear_to_this_machine_only() {
        for (url, good) in [
            ("https://api.stripe.com", true),
            ("https://api.stripe.com/", true),
            ("http://127.0.0.1:12111", true),
            ("http://localhost:12111", true),
            ("http://[::1]:12111", true),
            ("http://api.stripe.com", false),
            ("http://127.0.0.1.example.com", false),
            ("https://api.stripe.com/v1", false),
            ("https://somebody@api.stripe.com", false),
            ("ftp://127.0.0.1", false),
            ("", false),
        ] {
            let config = StripeConfig { base_url: url.to_owned(), ..config("sk_test_51a", false) };
            assert_eq!(config.check().is_ok(), good, "{url}");
        }
    }

    #[test]
    fn secrets_are_not_in_the_debug_text() {
        let text = format!("{:?}", config("sk_test_hush", false));
        assert!(!text.contains("hush") && !text.contains("whsec_one"), "{text}");
    }
}
