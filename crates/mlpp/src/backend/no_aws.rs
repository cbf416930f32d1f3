//! What stands for an AWS account in a command that was built without the feature `aws`: there is none.

use std::error::Error;
use std::time::Duration;

use mlpp_parameters::{LiveParameter, ParameterName, StorePath};
use mlpp_provider::{
    Object, ObjectsError, ParameterStore, PutParameter, RevealedSecret, SecretVersion, StoreError, Which, Written,
};

use crate::config::Config;
use crate::error::CommandError;

/// There is none.
#[derive(Debug, Clone)]
pub(crate) enum Aws {}
/// There is none.
pub(crate) type Store = Aws;
/// There are none.
pub(crate) type Objects = Aws;
