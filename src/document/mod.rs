//! Seed documents.
