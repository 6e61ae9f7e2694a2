//! What is kept beside the journal and never rebuilt.
