//! The call that a click made, as one would write it: with curl, the SDKs and MCP.

use maud::{Markup, html};

use super::acts::{AGENT_RUN, BUTTONS};

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

fn tabs(curl: String, python: String, typescript: String, mcp: String) -> [Tab; 4] {
    [
        Tab { id: "curl", name: "curl", code: curl },
        Tab { id: "python", name: "Python", code: python },
        Tab { id: "typescript", name: "TypeScript", code: typescript },
        Tab { id: "mcp", name: "MCP", code: mcp },
    ]
}

fn single(event: &str, cost: &str, origin: &str) -> [Tab; 4] {
    tabs(
        format!(
            "curl {origin}/v1/events \\\n  -H \"Authorization: Bearer $CHARGLY_SECRET_KEY\" \\\n  \
             -d '{{\"event\":\"{event}\",\"customer\":\"user_42\",\n       \"idempotency_key\":\"job-7\",\n       \
             \"cost\":{{\"amount\":\"{cost}\",\"currency\":\"usd\"}}}}'"
        ),
        format!(
            "from chargly import Chargly\n\nclient = Chargly()\nclient.meter_event(\n    \"{event}\",\n    \
             \"user_42\",\n    idempotency_key=\"job-7\",\n    cost={{\"amount\": \"{cost}\", \"currency\": \"usd\"}},\n)"
        ),
        format!(
            "import {{ Chargly }} from \"chargly\";\n\nconst chargly = new Chargly();\nawait chargly.meterEvent({{\n  \
             event: \"{event}\",\n  customerId: \"user_42\",\n  idempotencyKey: \"job-7\",\n  \
             cost: {{ amount: \"{cost}\", currency: \"usd\" }},\n}});"
        ),
        format!(
            "// The tool chargly.meter_event of {origin}/mcp\n{{\n  \"customerId\": \"user_42\",\n  \
             \"event\": \"{event}\",\n  \"idempotencyKey\": \"job-7\"\n}}"
        ),
    )
}

fn agent(origin: &str) -> [Tab; 4] {
    let head = "\\\n  -H \"Authorization: Bearer $CHARGLY_SECRET_KEY\"";
    tabs(
        format!(
            "# Set aside what the run may take …\ncurl {origin}/v1/holds {head} \\\n  \
             -d '{{\"event\":\"{AGENT_RUN}\",\"customer\":\"user_42\",\n       \"idempotency_key\":\"run-7\"}}'\n\
             # … charge for a step …\ncurl {origin}/v1/holds/hld_…/capture {head} \\\n  \
             -d '{{\"credits\":10,\"final\":false,\n       \"idempotency_key\":\"run-7-step-1\"}}'\n\
             # … and for the last one, which gives the rest back.\ncurl {origin}/v1/holds/hld_…/capture {head} \\\n  \
             -d '{{\"credits\":9}}'"
        ),
        format!(
            "from chargly import Chargly\n\nclient = Chargly()\nwith client.hold(\"{AGENT_RUN}\", \"user_42\") as hold:\n    \
             hold.capture(credits=10, final=False)\n    hold.capture(credits=9)\n\
             # What was not captured has gone back."
        ),
        format!(
            "import {{ Chargly }} from \"chargly\";\n\nconst chargly = new Chargly();\n\
             await chargly.withHold(\"{AGENT_RUN}\", \"user_42\", {{ credits: 25 }}, async (hold) => {{\n  \
             await hold.capture({{ credits: 10, final: false }});\n  await hold.capture({{ credits: 9 }});\n}});"
        ),
        format!(
            "// The tool chargly.place_hold of {origin}/mcp\n\
             {{ \"customerId\": \"user_42\", \"event\": \"{AGENT_RUN}\", \"idempotencyKey\": \"run-7\" }}\n\
             // then chargly.capture_hold, with the holdId that it answered\n\
             {{ \"holdId\": \"hld_…\", \"credits\": 10, \"final\": false, \"idempotencyKey\": \"run-7-step-1\" }}\n\
             {{ \"holdId\": \"hld_…\", \"credits\": 9 }}"
        ),
    )
}
