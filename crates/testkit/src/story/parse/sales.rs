//! Lines about packs, orders, allowances and budgets.

use std::collections::{BTreeMap, BTreeSet};

use super::{Options, credits, duration, money};
use crate::model::{
    Model, Money, Ms, Nano, News, Payment, Period, Place, Request, Returns, Rollover, Shortfall,
};

/// Reads a line about packs, orders, allowances or budgets; `None` for any other.
pub(super) fn request(
    words: &[&str],
    names: &BTreeMap<String, Place>,
    model: &Model,
    now: Ms,
) -> Option<Request> {
    let named = |name: &str| *names.get(name).unwrap_or_else(|| panic!("nothing is called {name}"));
    let (verb, rest) = words.split_first()?;
    let mut options = Options(rest.to_vec());
    let request = match *verb {
        "pack" => pack(&mut options),
        "settings" => settings(&mut options),
        "order" => Request::PlaceOrder { customer: next(&mut options), pack: next(&mut options) },
        "checkout" => Request::OpenCheckout { order: named(&next(&mut options)) },
        "settle" => {
            let order = named(&next(&mut options));
            settle(order, &mut options, names, model)
        }
        "refund" => {
            Request::RefundOrder { order: named(&next(&mut options)), credits: options.0.pop().map(credits) }
        }
        "budget" => {
            Request::SetBudget { per_day: options.credits("day"), per_customer: options.credits("each") }
        }
        "allowance" => allowance(&mut options, now),
        "end-allowance" => Request::EndAllowance { customer: next(&mut options), code: next(&mut options) },
        _ => return None,
    };
    options.end();
    Some(request)
}

fn next(options: &mut Options<'_>) -> String {
    options.0.remove(0).to_owned()
}

fn pack(options: &mut Options<'_>) -> Request {
    let (code, paid_for) = (next(options), credits(&next(options)));
    Request::PublishPack {
        code,
        credits: paid_for,
        bonus: options.credits("bonus").unwrap_or(0),
        price: options.money("for").expect("a price"),
        valid_days: options.value("days").map(|days| days.parse().expect("a number of days")),
        is_active: !options.flag("retired"),
    }
}

fn settings(options: &mut Options<'_>) -> Request {
    let days = options.value("welcome-days").map(|days| days.parse().expect("a number of days"));
    let mut shortfall = |what: &str, default| match options.value(what) {
        None => default,
        Some("debt") => Shortfall::Debt,
        Some("freeze") => Shortfall::DebtAndFreeze,
        Some("uncollectable") => Shortfall::Uncollectable,
        Some(other) => panic!("not a shortfall: {other}"),
    };
    let refund_shortfall = shortfall("refund", Shortfall::Debt);
    let dispute_shortfall = shortfall("dispute", Shortfall::DebtAndFreeze);
    let welcome = options.credits("welcome").map(|credits| (credits, days));
    Request::ChangeSettings { welcome, refund_shortfall, dispute_shortfall }
}

/// What came is what the order was sold for, unless the story says otherwise; what went back is told in money or in
/// per cent of what came.
fn settle(
    order: Place,
    options: &mut Options<'_>,
    names: &BTreeMap<String, Place>,
    model: &Model,
) -> Request {
    let known = model.order(order).expect("an order");
    let payment = if options.flag("pending") {
        Some(News::Pending)
    } else if options.flag("expired") {
        Some(News::Expired)
    } else if options.flag("failed") {
        Some(News::Failed)
    } else {
        paid(&known.price, options).map(News::Paid)
    };
    let came = match (&known.payment, &payment) {
        (Some(known), _) => known.total,
        (None, Some(News::Paid(payment))) => payment.total,
        (None, _) => known.price.nano,
    };
    let mut part = |name: &str| options.value(name).map(|text| share(text, came));
    let (refunded, withdrawn, disputed) = (part("refunded"), part("withdrawn"), part("disputed"));
    let says_none = options.flag("back");
    let returns =
        (says_none || [refunded, withdrawn, disputed].iter().any(Option::is_some)).then(|| Returns {
            refunded: refunded.unwrap_or(0),
            withdrawn: withdrawn.unwrap_or(0),
            disputed: disputed.unwrap_or(0),
        });
    let ends_refund = options.value("ends").map(|name| names[name]);
    Request::SettleOrder { order, payment, returns, ends_refund, is_accepted: options.flag("accept") }
}

fn paid(price: &Money, options: &mut Options<'_>) -> Option<Payment> {
    let is_sum = |word: &&str| word.starts_with('$') || word.starts_with("EUR");
    let at = options.0.iter().position(|word| *word == "paid")?;
    let subtotal = match options.0.get(at + 1).copied().filter(|word| is_sum(word)) {
        Some(sum) => {
            options.0.remove(at + 1);
            money(sum)
        }
        None => price.clone(),
    };
    options.0.remove(at);
    let mut nano = |name: &str| options.money(name).map_or(0, |money| money.nano);
    let (discount, tax) = (nano("discount"), nano("tax"));
    let total = subtotal.nano - discount + tax;
    Some(Payment { subtotal, discount, tax, total })
}

fn share(text: &str, came: Nano) -> Nano {
    match text.strip_suffix('%') {
        Some(per_cent) => came * per_cent.parse::<Nano>().expect("per cent") / 100,
        None => money(text).nano,
    }
}

fn allowance(options: &mut Options<'_>, now: Ms) -> Request {
    let (customer, code, each) = (next(options), next(options), credits(&next(options)));
    let period = match next(options).as_str() {
        "day" => Period::Day,
        "week" => Period::Week,
        "month" => Period::Month,
        other => panic!("not a period: {other}"),
    };
    let scope: BTreeSet<String> =
        options.value("only").into_iter().flat_map(|list| list.split(',')).map(str::to_owned).collect();
    let min = options.credits("min").unwrap_or(0);
    Request::SetAllowance {
        customer,
        code,
        credits: each,
        period,
        starts_at: options.value("from").map(|offset| now + duration(offset)),
        rollover: Rollover { min, max: options.credits("max").unwrap_or(min) },
        priority: options.value("priority").map_or(0, |n| n.parse().expect("a whole number")),
        scope,
    }
}
