//! What tests share: the independent model, a driver for the real server.
