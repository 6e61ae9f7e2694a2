//! The binary chargly: configuration, wiring, commands.
fn main() {}
