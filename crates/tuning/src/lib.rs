//! Hyperparameter search: ask and tell.
