//! The files of the pages, embedded in the binary. A name holds the hash of its content, so that a browser may keep it
//! for good.

use std::sync::LazyLock;

/// Characters of the hash in a name.
const HASH_CHARACTERS: usize = 12;

/// A file that pages refer to.
#[derive(Debug)]
pub(crate) struct Asset {
    /// Its name with the hash: `dashboard-1a2b3c4d5e6f.css`.
    pub(crate) name: String,
    pub(crate) content_type: &'static str,
    pub(crate) content: &'static str,
}

macro_rules! assets {
    ($($(#[$doc:meta])* $name:ident = $stem:literal $extension:literal $kind:literal $content:expr;)*) => {
        $($(#[$doc])* pub(crate) static $name: LazyLock<Asset> =
            LazyLock::new(|| Asset::new($stem, $extension, $kind, $content));)*
        /// The file of a name.
        pub(crate) fn find_asset(name: &str) -> Option<&'static Asset> {
            [$(&*$name),*].into_iter().find(|asset| asset.name == name)
        }
    };
}

assets! {
    /// How every page looks.
    STYLESHEET = "dashboard" "css" "text/css" concat!(include_str!("../../../http/assets/tokens.css"), include_str!("../../assets/dashboard.css"), include_str!("../../assets/try.css"), include_str!("../../assets/wallet.css"));
    /// The live page.
    LIVE = "live" "js" "text/javascript" include_str!("../../assets/live.js");
    /// What `/try` does with a script.
    TRY_SCRIPT = "try" "js" "text/javascript; charset=utf-8" include_str!("../../assets/try.js");
    /// What a wallet page does with a script.
    WALLET_SCRIPT = "wallet" "js" "text/javascript; charset=utf-8" include_str!("../../assets/wallet.js");
    /// The first minute.
    FIRST = "first" "js" "text/javascript" include_str!("../../assets/first.js");
    /// A file into a field.
    IMPORT_LIST = "import-list" "js" "text/javascript" include_str!("../../assets/import-list.js");
    /// What stands in the tab.
    FAVICON = "mark" "svg" "image/svg+xml" include_str!("../../../http/assets/mark.svg");
    /// A slider beside a number of credits.
    PRICE_SLIDER = "price-slider" "js" "text/javascript" include_str!("../../assets/price-slider.js");
    /// A button that copies what stands beside it.
    COPY = "copy" "js" "text/javascript" include_str!("../../assets/copy.js");
    /// Looks again while something is at work.
    WAITING = "waiting" "js" "text/javascript" include_str!("../../assets/waiting.js");
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, content: &'static str) -> Self {
        let hash = blake3::hash(content.as_bytes()).to_hex();
        Self { name: format!("{stem}-{}.{extension}", &hash[..HASH_CHARACTERS]), content_type, content }
    }
}
