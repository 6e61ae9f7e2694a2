//! The MCP door: operations of the HTTP door as tools of a model, over streamable HTTP and standard input and output.
//!
//! A tool is a row of data (`tools`): a route, its arguments by the names that a model reads, and how the answer is
//! shown. There are no rules here, and no second way to anything: what a tool does is what its route does, with the same
//! keys, scopes, limits and errors, and leaves the same ledger.
//!
//! Invariants: an error of the domain is an answer with `isError`, never a failure of the protocol; unknown arguments
//! are refused by name, since a misspelt limit must not be a missing one; every tool that spends has an idempotency key,
//! the caller's or a fresh one; nothing is remembered between two messages.
//!
//! Not owned here: keys and bodies (whoever mounts the door), sockets, the routes themselves.

mod api;
mod args;
mod call;
mod http;
mod once;
mod present;
mod protocol;
mod tool;
mod tools;

pub use api::{Api, ApiAnswer, ApiRequest, NoAnswer, Nonce};
pub use http::{LOOPBACK_HOSTS, MESSAGE_BYTES_MAX, PATH, router};
pub use protocol::serve_stdio;

/// Every tool with the method and path of its route, and the scope that it says it needs.
pub fn routes_of_tools() -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    tools::TOOLS.iter().map(|tool| (tool.name, tool.method, tool.path, tool.scope))
}
