//! What holds of every page: links lead somewhere, rubbish in an address does no harm, and nothing is shown without a
//! session.

use crate::world::World;

/// Pages of this section, each with and without something in its address.
const PAGES: [&str; 15] = [
    "costs",
    "costs/import",
    "exports",
    "usage?event=image.generate&unit_cost_from=0.03&unit_cost_to=0.05",
    "usage",
    "usage?metric=quantity&by=customer&range=24h",
    "usage?metric=refused&by=price_version&event=image.generate",
    "usage?by=model&event=image.generate",
    "usage?by=customer&filter%5Bmodel%5D=x1",
    "customers",
    "customers?sort=contribution&range=7d&event=image.generate",
    "customers/ada",
    "customers/nobody",
    "events/image.generate",
    "events/chat.reply?range=24h",
];
/// Pages that others make.
const OF_OTHERS: [&str; 8] =
    ["/revenue", "/credits", "/costs", "/impact", "/advisor", "/health", "/live", "/try"];

#[tokio::test]
async fn every_link_leads_somewhere() {
    let world = World::start().await;
    for page in PAGES {
        let got = world.page(page).await.expect(200);
        let path = format!("/dashboard/test/{}", page.split('?').next().expect("a path"));
        for link in got.links() {
            let target = resolve(&path, &link);
            if OF_OTHERS.iter().any(|other| target.split('?').next().expect("a path").ends_with(other)) {
                continue;
            }
            let status = world.look(&target).await.status.as_u16();
            assert!(status == 200 || target == "/docs", "{page}: {link} is {target}: {status}");
        }
    }
}

#[tokio::test]
async fn rubbish_in_an_address_does_no_harm() {
    let world = World::start().await;
    for page in PAGES {
        let joint = if page.contains('?') { '&' } else { '?' };
        for rubbish in [
            "range=<script>&sort='--&from=never&to=9999-99-99",
            "from=2026-02-30&to=2020-01-01",
            "from=2020-01-01&compare=weekdays",
            "range=1h",
            "reverse=%3Cscript%3E&void=%22onload%3D&refund=ord_&said=%3Cscript%3E",
            "filter%5Bmodel%5D=%3Cscript%3E&metric=x&by=%3Cscript%3E",
        ] {
            let got = world.page(&format!("{page}{joint}{rubbish}").replace(['<', '>', '\''], "")).await;
            assert!(got.status.as_u16() < 500, "{page} {rubbish}: {}", got.status);
            got.is_silent_on("<script>");
        }
        world.page(&format!("{page}{joint}csv=no-such-table")).await.expect(404);
    }
}

#[tokio::test]
async fn bad_cursor_is_told_and_not_an_error_of_ours() {
    let world = World::start().await;
    for page in ["customers?cursor=cur_x", "customers/ada?cursor=cur_x"] {
        let status = world.page(page).await.status.as_u16();
        assert!((400..500).contains(&status), "{page}: {status}");
    }
}

/// A relative link, as a browser follows it.
fn resolve(page: &str, link: &str) -> String {
    if link.starts_with('?') {
        return format!("{page}{}", link.split('#').next().expect("a link"));
    }
    let link = link.split('#').next().expect("a link");
    let mut folders: Vec<&str> = page.split('/').collect();
    folders.pop();
    let mut rest = link;
    while let Some(up) = rest.strip_prefix("../") {
        folders.pop();
        rest = up;
    }
    format!("{}/{rest}", folders.join("/"))
}
