//! What answers to a browser carry, so that a page can do no more than it has to.
//!
//! Invariants: a page loads a stylesheet and pictures of ours and nothing else, runs no script, sends its forms here
//! only, and is in nobody's frame; neither a page nor a link on it tells another site the address, which may be the
//! proof that opens it; no cache keeps a page.

use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, Uri};
use chargly_api::{ErrorCode, Problem};

/// What a page may do, but for where its forms lead.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Headers of a page whose forms are answered here, or lead on to the sites of these addresses.
pub(crate) fn page_headers(leads_on_to: &[&str]) -> HeaderMap {
    let mut policy = format!("{POLICY}; form-action 'self'");
    for origin in leads_on_to.iter().filter_map(|address| origin(address)) {
        policy.push(' ');
        policy.push_str(&origin);
    }
    let mut headers = quiet_headers();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers
}

/// Headers of a redirect.
pub(crate) fn redirect_headers(address: &str) -> Result<HeaderMap, Problem> {
    let location = HeaderValue::try_from(address).map_err(|_| {
        Problem::new(ErrorCode::Internal, "The address to go on to cannot be written in a header.")
    })?;
    let mut headers = quiet_headers();
    headers.insert(LOCATION, location);
    Ok(headers)
}

/// Headers of a file whose name changes with its content: whoever has it need never ask again.
pub(crate) fn asset_headers() -> HeaderMap {
    let mut headers = quiet_headers();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    // A picture of ours that is opened by itself is a document too.
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    headers
}

fn quiet_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
}

/// Scheme, host and port of an address of a site; `None` where it is none, or where it would say more in a policy than
/// where a form leads.
pub(crate) fn origin(address: &str) -> Option<String> {
    let uri: Uri = address.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let (host, port) = (uri.host()?, uri.port());
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(is_plain) {
        return None;
    }
    Some(port.map_or_else(|| format!("{scheme}://{host}"), |port| format!("{scheme}://{host}:{port}")))
}

/// Whether a person is asking by a browser: whoever follows a link or sends a form asks for HTML, and no program of this
/// API does.
pub(crate) fn wants_page(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepted.any(|kinds| kinds.contains("text/html"))
}

/// From a path to the root: one step up for each folder that it is in.
pub(crate) fn root_of(path: &str) -> String {
    "../".repeat(path.matches('/').count().saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_site_of_an_address_reaches_a_policy() {
        for (address, expected) in [
            ("https://shop.example.com/done?order=1#top", Some("https://shop.example.com")),
            ("http://127.0.0.1:3000/", Some("http://127.0.0.1:3000")),
            ("http://[::1]:3000/", Some("http://[::1]:3000")),
            ("https://user:secret@shop.example.com/", Some("https://shop.example.com")),
            ("https://a;script-src", None),
            ("https://*/", None),
            ("https://'unsafe-inline'/", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("//shop.example.com/", None),
            ("/done", None),
            ("", None),
        ] {
            assert_eq!(origin(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn page_names_the_sites_that_its_forms_lead_on_to_and_no_other() {
        let policy = |addresses: &[&str]| page_headers(addresses)[CONTENT_SECURITY_POLICY].clone();
        assert_eq!(policy(&[]), format!("{POLICY}; form-action 'self'"));
        let both = policy(&["https://shop.example.com/done", "javascript:x"]);
        assert_eq!(both, format!("{POLICY}; form-action 'self' https://shop.example.com"));
    }

    #[test]
    fn address_that_would_end_a_header_is_no_redirect() {
        assert!(redirect_headers("../done?order=1").is_ok());
        assert!(redirect_headers("https://shop.example.com/\r\nset-cookie: a=b").is_err());
    }

    #[test]
    fn root_is_as_many_steps_up_as_the_path_has_folders() {
        for (path, root) in
            [("/", ""), ("/a", ""), ("/a/b", "../"), ("/a/b/", "../../"), ("/a/b%2Fc/d", "../../")]
        {
            assert_eq!(root_of(path), root, "{path}");
        }
    }
}
