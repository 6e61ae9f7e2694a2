//! "Did you mean": the known name nearest to what was written.

/// How alike two names must be, in percent of Jaro-Winkler similarity, before one is suggested for the other.
const ALIKE_PERCENT: u32 = 80;

/// The known name most like `written`, if any is alike at all.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing costs the product of the lengths; nobody mistypes a name this badly.
    if written.len() > 256 {
        return None;
    }
    let alike = |name: &str| percent(strsim::jaro_winkler(written, name));
    known
        .into_iter()
        .map(|name| (alike(name), name))
        .filter(|(p, _)| *p >= ALIKE_PERCENT)
        .max_by_key(|(p, _)| *p)
        .map(|(_, name)| name)
}

#[expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a similarity between 0 and 1, far from any amount"
)]
fn percent(similarity: f64) -> u32 {
    (similarity * 100.0).clamp(0.0, 100.0) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_name_is_suggested_and_a_stranger_is_not() {
        let known = ["image.generate", "chat.completion", "image.upscale"];
        assert_eq!(nearest("image.genrate", known), Some("image.generate"));
        assert_eq!(nearest("chat.completions", known), Some("chat.completion"));
        assert_eq!(nearest("zzz", known), None);
        assert_eq!(nearest(&"x".repeat(300), known), None);
    }
}
