use std::ffi::OsString;
use std::process::ExitCode;

/// The command's name. It is none for people: the platform that starts programs starts each under one of these.
const NAME: &str = "supervise";

/// What the platform orders, when `arguments`, the program's name first, are of this command. They are looked at before all
/// others: a supervised program's own arguments may look like those of `mlpp`.
pub(crate) fn order(arguments: impl IntoIterator<Item = OsString>) -> Option<Vec<OsString>> {
    let mut arguments = arguments.into_iter().skip(1);
    (arguments.next()? == NAME).then(|| arguments.collect())
}

/// Watches over one program: ends it when standard input closes, and writes down how it ended.
pub(crate) fn run(order: Vec<OsString>) -> ExitCode {
    let code = mlpp_sagemaker::supervise(order);
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}
