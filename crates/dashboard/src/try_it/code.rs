//! The call that a click made, as one would write it: with curl, the SDKs and MCP. `sdks/doors/samples.py` takes the code
//! from the page and runs it.

use maud::{Markup, html};

use super::acts::{AGENT_RUN, BUTTONS};

/// Who it is about: a new project has this customer in *test*, with credits, so that what is pasted works.
const CUSTOMER: &str = "demo_user";

/// A way to call: its id, its name, what it says.
struct Tab {
    id: &'static str,
    name: &'static str,
    code: String,
}

/// The code for an event, one section for each way to call. The page's script makes tabs of them.
pub(super) fn code(event: &str, origin: &str) -> Markup {
    let cost = BUTTONS.iter().find(|button| button.event == event).map_or("0.04", |button| button.cost);
    let tabs = if event == AGENT_RUN { agent(origin) } else { single(event, cost, origin) };
    html! {
        div.codes {
            @for tab in &tabs {
                section id={ "code-" (tab.id) } {
                    h3 { (tab.name) }
                    pre tabindex="0" aria-label={ (tab.name) ": the code" } { code { (tab.code) } }
                }
            }
        }
    }
}

/// In the order of the tabs.
fn tabs(curl: String, python: String, typescript: String, rust: String, mcp: String) -> [Tab; 5] {
    [
        Tab { id: "curl", name: "curl", code: curl },
        Tab { id: "python", name: "Python", code: python },
        Tab { id: "typescript", name: "TypeScript", code: typescript },
        Tab { id: "rust", name: "Rust", code: rust },
        Tab { id: "mcp", name: "MCP", code: mcp },
    ]
}

/// One call for each event. Its key is of the work that it pays for: `image-7`.
fn single(event: &str, cost: &str, origin: &str) -> [Tab; 5] {
    let job = format!("{}-7", event.split('.').next().unwrap_or_default());
    tabs(
        format!(
            r#"curl {origin}/v1/events \
  -H "Authorization: Bearer $CHARGLY_SECRET_KEY" \
  -d '{{
    "event": "{event}",
    "customer": "{CUSTOMER}",
    "cost": {{"amount": "{cost}", "currency": "usd"}},
    "idempotency_key": "{job}"
  }}'"#
        ),
        format!(
            r#"from chargly import Chargly

client = Chargly()
client.meter_event(
    "{event}",
    "{CUSTOMER}",
    cost={{"amount": "{cost}", "currency": "usd"}},
    idempotency_key="{job}",
)"#
        ),
        format!(
            r#"import {{ Chargly }} from "chargly";

const chargly = new Chargly();
await chargly.meterEvent({{
  event: "{event}",
  customerId: "{CUSTOMER}",
  cost: {{ amount: "{cost}", currency: "usd" }},
  idempotencyKey: "{job}",
}});"#
        ),
        format!(
            r#"use chargly_client::{{Client, Meter, Money}};

let client = Client::from_env()?;
client
    .meter(
        Meter::new("{event}", "{CUSTOMER}")
            .cost(Money::new("{cost}", "usd"))
            .idempotency_key("{job}"),
    )
    .await?;"#
        ),
        format!(
            r#"// The tool chargly.meter_event of {origin}/mcp
{{
  "customerId": "{CUSTOMER}",
  "event": "{event}",
  "idempotencyKey": "{job}"
}}"#
        ),
    )
}

/// A hold, a capture for each step, and the rest goes back.
fn agent(origin: &str) -> [Tab; 5] {
    let head = "\\\n  -H \"Authorization: Bearer $CHARGLY_SECRET_KEY\" \\\n  -d";
    tabs(
        format!(
            r#"# Set aside what the run may take …
curl {origin}/v1/holds {head} '{{
    "event": "{AGENT_RUN}",
    "customer": "{CUSTOMER}",
    "idempotency_key": "run-7"
  }}'
# … charge for a step …
curl {origin}/v1/holds/hld_…/capture {head} '{{
    "credits": 10,
    "final": false,
    "idempotency_key": "run-7-step-1"
  }}'
# … and for the last one, which gives the rest back.
curl {origin}/v1/holds/hld_…/capture {head} '{{"credits": 9}}'"#
        ),
        format!(
            r#"from chargly import Chargly

client = Chargly()
with client.hold("{AGENT_RUN}", "{CUSTOMER}") as hold:
    hold.capture(credits=10, final=False)
    hold.capture(credits=9)
# What was not captured has gone back."#
        ),
        format!(
            r#"import {{ Chargly }} from "chargly";

const chargly = new Chargly();
await chargly.withHold("{AGENT_RUN}", "{CUSTOMER}", {{ credits: 25 }}, async (hold) => {{
  await hold.capture({{ credits: 10, final: false }});
  await hold.capture({{ credits: 9 }});
}});"#
        ),
        format!(
            r#"use chargly_client::{{Capture, Client, PlaceHold}};

let client = Client::from_env()?;
client
    .with_hold(PlaceHold::new("{AGENT_RUN}", "{CUSTOMER}"), |hold| async move {{
        hold.capture(Capture::new().credits(10).step()).await?;
        hold.capture(Capture::new().credits(9)).await
    }})
    .await?;"#
        ),
        format!(
            r#"// The tool chargly.place_hold of {origin}/mcp
{{ "customerId": "{CUSTOMER}", "event": "{AGENT_RUN}", "idempotencyKey": "run-7" }}
// then chargly.capture_hold, with the holdId that it answered
{{ "holdId": "hld_…", "credits": 10, "final": false, "idempotencyKey": "run-7-step-1" }}
{{ "holdId": "hld_…", "credits": 9 }}"#
        ),
    )
}
