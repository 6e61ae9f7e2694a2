//! Customers: who used what, and how one is forgotten.

use super::figures::ranged;
use crate::vocabulary::*;

pub(super) fn group() -> Group {
    Group {
        name: "Customers",
        about: "Who uses what, and how a customer is forgotten.",
        operations: vec![
            ranged(get("/v1/customers", "list_customers", "List customers").needs(Scope::Read))
                .about(
                    "The customers who used something in the range, ranked. A customer whose figures change between two \
                     pages may be on both or on neither.",
                )
                .query(
                    "sort",
                    words(&["-revenue", "-credits", "-cost", "-contribution", "contribution", "-events"]),
                    "`-revenue` if left out. Behind a minus the largest first; `contribution`: who costs more than they \
                     pay leads.",
                )
                .paged()
                .writes()
                .asked("?sort=-credits&limit=10")
                .gives(
                    gives([
                        must("as_of", named("AsOf"), ""),
                        must("currency", currency(), ""),
                        must("time_zone", text(), ""),
                        must(
                            "data",
                            list(gives([
                                must("customer", text().or_null(), "Null once erased."),
                                must("events", count(), ""),
                                must("credits_used", credits(), ""),
                                must("recognised", decimal(), ""),
                                must("cost", decimal().or_null(), ""),
                                must("cost_missing", share().or_null(), ""),
                                must("contribution", decimal().or_null(), ""),
                                must("gross_margin", share().or_null(), ""),
                                must("upper_bound", boolean(), "Whether some cost is missing."),
                                must("available", credits(), "What they can spend."),
                                must("last_active", instant().or_null(), ""),
                                must("days_to_empty", any_number().or_null(), "As they spent lately."),
                            ])),
                            "The customers of this page.",
                        ),
                        must("active", count(), "How many customers have events in the range."),
                        must("paying", count(), "How many brought in revenue in it."),
                        must("losing", count(), "How many cost more than they brought in, by the costs that are known."),
                        must("next_cursor", text().or_null(), "Null on the last page."),
                    ]),
                    sample!("list_customers"),
                )
                .or_csv("customer,events,credits_used,recognised,…\nuser_42,12,144,2.88,…\n"),
            delete("/v1/customers/{customer}", "erase_customer", "Erase a customer")
                .about(
                    "Forgets a customer, for good: the id, idempotency keys as they were sent, properties and reasons. \
                     When this is answered they are in no file of the environment any more. Amounts, prices and figures \
                     stay. Credits that are left lapse with the wallet; keys that were used before are answered with \
                     `gone` and never charge again.",
                )
                .needs(Scope::Admin)
                .of_customer()
                .writes()
                .gives(
                    gives([
                        must("customer", text(), "Told for the last time."),
                        must("erased", boolean(), "Always true."),
                        must("facts", count(), "What the customer was in."),
                        must("payloads_erased", count(), "What was overwritten."),
                        must(
                            "left",
                            gives([
                                must("balance", balance(), ""),
                                must("debt", credits(), ""),
                                must("open_holds", count(), ""),
                            ]),
                            "What there was.",
                        ),
                        must("erased_at", instant(), ""),
                    ]),
                    sample!("erase_customer"),
                )
                .fails(&[NotFound, Gone]),
        ],
        schemas: Vec::new(),
    }
}
