//! Messages made of facts, and their delivery.
