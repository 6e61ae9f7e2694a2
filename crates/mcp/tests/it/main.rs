//! The door at `/mcp`, from outside: mounted as the server mounts it, asked by messages.

mod bad_input;
mod budgets;
mod protocol;
mod recommendations;
mod speed;
mod spending;
mod tools;
mod world;
