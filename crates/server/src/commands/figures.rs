//! `chargly usage`, `revenue`, `margin` and `customers list`: the reports of a running server, as a table to read, or as
//! the server's own CSV or JSON.

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use crate::failure::Usage;
use crate::http_client::Client;
use crate::output;

/// Columns that say the same in each row: a table says it once, below.
const OF_ALL: [&str; 4] = ["currency", "time_zone", "as_of_position", "as_of_at"];
/// What a table shows where nothing is known.
const NOTHING: &str = "—";

/// Flags of `chargly usage`, `revenue` and `margin`.
#[derive(Clone, Debug, Args)]
pub(crate) struct ReportArgs {
    /// One row for each: total, hour, day, week or month
    #[arg(long, env = "CHARGLY_INTERVAL", default_value = "day", value_name = "INTERVAL")]
    interval: String,
    /// Tell apart by event, customer, price_version or a declared dimension, with commas
    #[arg(long, env = "CHARGLY_GROUP_BY", value_name = "LIST")]
    group_by: Option<String>,
    /// Only events with this value of a dimension: NAME=VALUE
    #[arg(long, env = "CHARGLY_FILTER", value_name = "NAME=VALUE")]
    filter: Option<String>,
    /// Only events under this price version
    #[arg(long, env = "CHARGLY_PRICE_VERSION", value_name = "ID")]
    price_version: Option<String>,
    #[command(flatten)]
    range: RangeArgs,
}

/// Flags of `chargly customers list`.
#[derive(Clone, Debug, Args)]
pub(crate) struct CustomersListArgs {
    /// By what, the largest first: revenue, credits, cost, contribution, events, or loss for the smallest contribution
    #[arg(long, env = "CHARGLY_SORT", default_value = "revenue", value_name = "FIGURE")]
    sort: String,
    /// How many customers, 1000 at most
    #[arg(long, env = "CHARGLY_LIMIT", default_value_t = 20, value_name = "N")]
    limit: u16,
    #[command(flatten)]
    range: RangeArgs,
}

/// What all reports take.
#[derive(Clone, Debug, Args)]
struct RangeArgs {
    /// From this time on: RFC 3339, or a day in the project's time zone; the last 30 days if left out
    #[arg(long, env = "CHARGLY_FROM", value_name = "TIME")]
    from: Option<String>,
    /// Before this time
    #[arg(long, env = "CHARGLY_TO", value_name = "TIME")]
    to: Option<String>,
    /// Only events of this type
    #[arg(long, env = "CHARGLY_EVENT", value_name = "EVENT")]
    event: Option<String>,
    /// Only this customer
    #[arg(long, env = "CHARGLY_CUSTOMER", value_name = "CUSTOMER")]
    customer: Option<String>,
    /// Form of the rows
    #[arg(long, env = "CHARGLY_REPORT_FORMAT", default_value = "table")]
    format: Form,
    /// The server
    #[arg(long, env = "CHARGLY_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    url: String,
    /// A secret key with the scope read; it decides the environment
    #[arg(long, env = "CHARGLY_API_KEY", value_name = "KEY", hide_env_values = true)]
    // A settings file makes its values defaults, and help shows those.
    #[arg(hide_default_value = true)]
    key: Option<String>,
}

/// Form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// To read
    Table,
    /// Comma-separated, with a header
    Csv,
    /// As the server answers
    Json,
}

/// Prints `usage`, `revenue` or `margin`.
///
/// # Errors
/// If the server cannot be reached, or refuses.
pub(crate) fn run(report: &'static str, args: &ReportArgs) -> Result<()> {
    let mut query = vec![("interval".to_owned(), args.interval.clone())];
    let named = [("group_by", &args.group_by), ("price_version", &args.price_version)];
    query.extend(given(&named));
    if let Some(filter) = &args.filter {
        let (name, value) = filter.split_once('=').ok_or_else(|| {
            Usage(format!("--filter {filter}: must be a dimension and a value: NAME=VALUE"))
        })?;
        query.push((format!("filter[{name}]"), value.to_owned()));
    }
    print(report, query, &args.range)
}

/// Prints the customers.
///
/// # Errors
/// As [`run`].
pub(crate) fn list_customers(args: &CustomersListArgs) -> Result<()> {
    let sort = match args.sort.as_str() {
        "loss" => "contribution".to_owned(),
        figure => format!("-{figure}"),
    };
    let query = vec![("sort".to_owned(), sort), ("limit".to_owned(), args.limit.to_string())];
    print("customers", query, &args.range)
}

fn print(report: &'static str, mut query: Vec<(String, String)>, range: &RangeArgs) -> Result<()> {
    let RangeArgs { from, to, event, customer, format, url, key } = range;
    query.extend(given(&[("from", from), ("to", to), ("event", event), ("customer", customer)]));
    let form = if *format == Form::Json { "json" } else { "csv" };
    query.push(("format".to_owned(), form.to_owned()));
    let key = key.as_deref().ok_or_else(|| {
        Usage("a report needs a secret key: give it with --key or in CHARGLY_API_KEY".to_owned())
    })?;
    let client = Client::new(url, key)?;
    let doing = format!("asking for {report}");
    let answered = super::runtime()?.block_on(client.text(&["v1", report], &query, &doing))?;
    match format {
        Form::Csv => output::print(&answered),
        Form::Json => output::print(&(answered + "\n")),
        Form::Table => output::print(&table(&answered).context("reading the report")?),
    }
}

fn given(named: &[(&str, &Option<String>)]) -> Vec<(String, String)> {
    let given = named.iter().filter_map(|(name, value)| Some(((*name).to_owned(), value.as_ref()?.clone())));
    given.collect()
}

/// Columns side by side: numbers at the right, texts at the left.
fn table(csv: &str) -> Result<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_bytes());
    let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>()?;
    let Some((header, rows)) = records.split_first() else { return Ok(String::new()) };
    let shown: Vec<usize> = (0..header.len()).filter(|at| !OF_ALL.contains(&&header[*at])).collect();
    let cell = |record: &csv::StringRecord, at: usize| match record.get(at).unwrap_or_default() {
        "" => NOTHING.to_owned(),
        text => text.replace(".000Z", "Z"),
    };
    let is_number =
        |text: &str| text == NOTHING || text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b'-'));
    let columns = shown.iter().map(|at| {
        let cells: Vec<String> = records.iter().map(|record| cell(record, *at)).collect();
        let width = cells.iter().map(|text| text.chars().count()).max().unwrap_or(0);
        let is_right = cells.iter().skip(1).all(|text| is_number(text));
        (cells, width, is_right)
    });
    let columns: Vec<_> = columns.collect();
    let mut out = String::new();
    for line in 0..records.len() {
        let cells = columns.iter().map(|(cells, width, is_right)| match is_right {
            true => format!("{:>width$}", cells[line]),
            false => format!("{:<width$}", cells[line]),
        });
        out.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
        out.push('\n');
    }
    let of_all = |name: &str| {
        let at = header.iter().position(|known| known == name)?;
        rows.first().map(|row| cell(row, at))
    };
    if let [Some(currency), Some(zone), Some(position), Some(at)] = OF_ALL.map(of_all) {
        out.push_str(&format!("\nMoney in {currency}, days in {zone}, as of position {position} at {at}.\n"));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_has_numbers_at_the_right_and_says_once_what_is_the_same_everywhere() {
        let csv = "event,events,cost,currency,time_zone,as_of_position,as_of_at\r\n\
                   chat.reply,12,,usd,UTC,1.7,2026-11-23T10:00:00.000Z\r\n\
                   \"a,b\",7,0.25,usd,UTC,1.7,2026-11-23T10:00:00.000Z\r\n";
        let expected = "event       events  cost\n\
                        chat.reply      12     —\n\
                        a,b              7  0.25\n\
                        \n\
                        Money in usd, days in UTC, as of position 1.7 at 2026-11-23T10:00:00Z.\n";
        assert_eq!(table(csv).expect("CSV"), expected);
    }

    #[test]
    fn table_without_rows_has_its_columns() {
        assert_eq!(table("event,events\r\n").expect("CSV"), "event  events\n");
    }
}
