//! The page of routes lists what the router serves.

use chargly_http::ROUTES;

#[test]
fn reference_page_has_a_section_for_every_route_and_no_other() {
    let page = include_str!("../../../../docs/reference/http-api.md");
    let mut documented: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("### `")?.strip_suffix('`').map(str::to_owned))
        .collect();
    let mut served: Vec<String> =
        ROUTES.iter().map(|route| format!("{} {}", route.method, route.path)).collect();
    documented.sort();
    served.sort();
    assert_eq!(documented, served);
}

#[test]
fn reference_page_names_the_scope_of_every_route() {
    let page = include_str!("../../../../docs/reference/http-api.md");
    for route in ROUTES {
        let heading = format!("### `{} {}`", route.method, route.path);
        let section =
            page.split_once(&heading).map(|(_, rest)| rest.split("\n### ").next().unwrap_or_default());
        let section = section.unwrap_or_else(|| panic!("no section {heading}"));
        let scope =
            route.scope.map_or("Scope: none".to_owned(), |scope| format!("Scope: `{}`", scope.as_str()));
        assert!(section.contains(&scope), "{heading} does not say {scope}");
    }
}
