//! Documents, names, kinds, releases and execution input of an ML workflow's parameters. Pure.
