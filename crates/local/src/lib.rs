//! The ports on SQLite and files, and the wiring of engine and services.
