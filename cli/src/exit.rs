//! Whose fault a failure is, and the exit code that says so.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// What every command returns.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Whose fault it is; the number is the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The command line asks for something that makes no sense.
    Usage = 1,
    /// An input cannot be opened, is corrupt, or holds what the request cannot express.
    Input = 2,
    /// The output cannot be written, or the work itself failed.
    Output = 3,
}

/// An error chain, whose fault it is, and the commands that would do instead.
#[derive(Debug)]
pub struct Failure {
    fault: Fault,
    error: anyhow::Error,
    commands: Vec<String>,
}

impl Failure {
    /// The command line is at fault.
    pub fn usage(message: impl fmt::Display) -> Self {
        Self::new(Fault::Usage, anyhow::anyhow!("{message}"))
    }

    /// An input is at fault.
    pub fn input(message: impl fmt::Display) -> Self {
        Self::new(Fault::Input, anyhow::anyhow!("{message}"))
    }

    /// The output, or the work itself, failed.
    pub fn output(message: impl fmt::Display) -> Self {
        Self::new(Fault::Output, anyhow::anyhow!("{message}"))
    }

    /// The output failed, for a cause that is kept.
    pub fn of_output(error: tsfile::Error) -> Self {
        Self::new(Fault::Output, error.into())
    }

    fn new(fault: Fault, error: anyhow::Error) -> Self {
        Self {
            fault,
            error,
            commands: Vec::new(),
        }
    }

    /// Adds full commands that do what this one could not; they are printed below the error, one a line.
    #[must_use]
    pub fn with_commands(mut self, commands: impl IntoIterator<Item = String>) -> Self {
        self.commands.extend(commands);
        self
    }

    /// Without such commands.
    #[must_use]
    pub fn without_commands(mut self) -> Self {
        self.commands.clear();
        self
    }

    /// Whose fault it is.
    #[cfg(test)]
    pub fn fault(&self) -> Fault {
        self.fault
    }

    /// Whether somewhere down the chain the other end of a pipe had gone.
    pub fn is_broken_pipe(&self) -> bool {
        self.error.chain().any(|cause| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
        })
    }
}

impl fmt::Display for Failure {
    /// The whole chain in one line. A cause that its parent already quotes is not repeated.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = String::new();
        for cause in self.error.chain() {
            let text = cause.to_string();
            if said.contains(&text) {
                continue;
            }
            if !said.is_empty() {
                said.push_str(": ");
            }
            said.push_str(&text);
        }
        f.write_str(&said)
    }
}

impl From<tsfile::Error> for Failure {
    fn from(error: tsfile::Error) -> Self {
        let fault = match error.kind() {
            tsfile::ErrorKind::Argument => Fault::Usage,
            _ => Fault::Input,
        };
        Self::new(fault, error.into())
    }
}

/// Says whose fault an error is, and in what context.
pub trait Blame<T> {
    /// An input is at fault; `context` names it.
    fn input(self, context: impl fmt::Display) -> Outcome<T>;
    /// The output is at fault; `context` names it.
    fn output(self, context: impl fmt::Display) -> Outcome<T>;
}

impl<T, E: Into<anyhow::Error>> Blame<T> for Result<T, E> {
    fn input(self, context: impl fmt::Display) -> Outcome<T> {
        self.map_err(|e| Failure::new(Fault::Input, e.into().context(context.to_string())))
    }

    fn output(self, context: impl fmt::Display) -> Outcome<T> {
        self.map_err(|e| Failure::new(Fault::Output, e.into().context(context.to_string())))
    }
}

/// Prints what clap has to say: help and version on stdout with 0, everything else on stderr with 1.
pub fn usage(error: &clap::Error) -> ExitCode {
    // Nobody left to tell when printing fails.
    let _ = error.print();
    if error.use_stderr() {
        ExitCode::from(Fault::Usage as u8)
    } else {
        ExitCode::SUCCESS
    }
}

/// Prints the failure, if any, and gives the process its exit code.
pub fn code(result: Outcome) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            say(format_args!("error: {failure}"));
            if !failure.commands.is_empty() {
                say(format_args!("try:\n  {}", failure.commands.join("\n  ")));
            }
            ExitCode::from(failure.fault as u8)
        }
    }
}

/// One line on stderr. Unlike `eprintln!` it survives a stderr that is closed.
pub fn say(message: fmt::Arguments<'_>) {
    use io::Write as _;
    let _ = writeln!(io::stderr().lock(), "tsfile-cli: {message}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chain_is_one_line_without_repetition() {
        let io = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let failure = Err::<(), _>(io).input("plant.csv").unwrap_err();
        assert_eq!(failure.to_string(), "plant.csv: no such file");
        assert_eq!(failure.fault(), Fault::Input);
    }

    #[test]
    fn broken_pipe_is_found_under_other_errors() {
        let io = io::Error::new(io::ErrorKind::BrokenPipe, "gone");
        let parquet = parquet::errors::ParquetError::External(Box::new(io));
        assert!(
            Err::<(), _>(parquet)
                .output("stdout")
                .unwrap_err()
                .is_broken_pipe()
        );
        let io = io::Error::new(io::ErrorKind::BrokenPipe, "gone");
        let arrow = arrow_schema::ArrowError::from(io);
        assert!(
            Err::<(), _>(arrow)
                .output("stdout")
                .unwrap_err()
                .is_broken_pipe()
        );
    }

    #[test]
    fn library_arguments_are_usage_and_everything_else_is_input() {
        assert_eq!(
            Failure::from(tsfile::Error::argument("x")).fault(),
            Fault::Usage
        );
        assert_eq!(
            Failure::from(tsfile::Error::corrupt("page", "x")).fault(),
            Fault::Input
        );
    }
}
