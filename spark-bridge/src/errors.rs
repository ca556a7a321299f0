//! What goes wrong here becomes a Java exception of a class that says what; a panic does, too.

use crate::memory::{Account, charged, settle};
use crate::words::message;
use jni::errors::ErrorPolicy;
use jni::objects::JThrowable;
use jni::refs::Global;
use jni::strings::{JNIStr, JNIString};
use jni::{Env, EnvUnowned, jni_str};
use std::any::Any;
use std::cell::RefCell;
use std::sync::Once;
use tsfile::ErrorKind;

/// Why a native method did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// The library said so.
    TsFile(tsfile::Error),
    /// JNI said so; or Java code that was called threw, which is thrown on.
    Jni(jni::errors::Error),
    /// The object was closed.
    Closed(&'static str),
}

impl Failure {
    /// The number of a `what` that is not there.
    pub fn closed(what: &'static str) -> Self {
        Self::Closed(what)
    }
}

impl From<tsfile::Error> for Failure {
    fn from(e: tsfile::Error) -> Self {
        Self::TsFile(e)
    }
}

impl From<jni::errors::Error> for Failure {
    fn from(e: jni::errors::Error) -> Self {
        Self::Jni(e)
    }
}

/// Keeps where a panic was for the exception that it becomes, instead of writing it to the standard error of somebody else's program.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        charged(Account::Library, || {
            std::panic::set_hook(Box::new(|info| {
                let place = info.location().map(ToString::to_string);
                PANICKED.with(|p| *p.borrow_mut() = place);
            }));
        });
    });
}

thread_local! {
    /// Where the panic was that is being caught.
    static PANICKED: RefCell<Option<String>> = const { RefCell::new(None) };
    /// What Java code threw that was called from here, until the native method returns.
    static THROWN: RefCell<Option<Global<JThrowable<'static>>>> = const { RefCell::new(None) };
}

/// Keeps what Java code threw for the end of the native method, which throws it on.
pub fn keep_thrown(thrown: Global<JThrowable<'static>>) {
    THROWN.with(|t| t.borrow_mut().replace(thrown));
}

/// Runs the body of a native method, whose memory goes to `account`. An error or a panic becomes the exception that is pending when the
/// method returns, and the default of its type is returned.
pub fn entry<'local, T: Default>(
    mut env: EnvUnowned<'local>,
    account: Account,
    body: impl FnOnce(&mut Env<'local>) -> Result<T, Failure>,
) -> T {
    keep_panics();
    THROWN.with(|t| t.borrow_mut().take());
    let out = env
        .with_env(|env| charged(account, || body(env)))
        .resolve::<Throw>();
    // The error went after the work did.
    settle();
    out
}

/// Throws what a [`Failure`] says.
#[derive(Debug)]
struct Throw;

impl<T: Default> ErrorPolicy<T, Failure> for Throw {
    type Captures<'unowned_env_local: 'native_method, 'native_method> = ();

    fn on_error<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        _captures: &mut (),
        failure: Failure,
    ) -> jni::errors::Result<T> {
        if env.exception_check() {
            return Ok(T::default());
        }
        if let Some(thrown) = THROWN.with(|t| t.borrow_mut().take()) {
            return thrown_now(env.throw(&thrown));
        }
        match failure {
            Failure::TsFile(e) => throw(env, class(&e), &message(&e)),
            Failure::Jni(e) => throw(
                env,
                jni_str!("io/tsfile/NativeFailureException"),
                &e.to_string(),
            ),
            Failure::Closed(what) => {
                let message = format!("the {what} was closed");
                throw(env, jni_str!("java/lang/IllegalStateException"), &message)
            }
        }
    }

    fn on_panic<'unowned_env_local: 'native_method, 'native_method>(
        env: &mut Env<'unowned_env_local>,
        _captures: &mut (),
        payload: Box<dyn Any + Send + 'static>,
    ) -> jni::errors::Result<T> {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
        let place = PANICKED.with(|p| p.borrow_mut().take());
        let message = format!(
            "a fault in the native library, which should be reported: {} ({})",
            text.unwrap_or("a panic without a message"),
            place.as_deref().unwrap_or("at an unknown place")
        );
        throw(env, jni_str!("io/tsfile/NativeFailureException"), &message)
    }
}

/// The class that says what went wrong.
fn class(e: &tsfile::Error) -> &'static JNIStr {
    match e.kind() {
        ErrorKind::Corrupt | ErrorKind::Value => jni_str!("io/tsfile/CorruptFileException"),
        ErrorKind::Unsealed => jni_str!("io/tsfile/UnsealedFileException"),
        ErrorKind::Unsupported => jni_str!("io/tsfile/UnsupportedFileException"),
        ErrorKind::Limit => jni_str!("io/tsfile/MemoryLimitException"),
        ErrorKind::Argument | ErrorKind::Schema => jni_str!("java/lang/IllegalArgumentException"),
        ErrorKind::Deletions => jni_str!("io/tsfile/DeletionsException"),
        ErrorKind::Cancelled => jni_str!("io/tsfile/ScanCancelledException"),
        ErrorKind::Changed => jni_str!("io/tsfile/FileChangedException"),
        ErrorKind::Io if e.is_not_found() => jni_str!("java/io/FileNotFoundException"),
        _ => jni_str!("io/tsfile/TsFileException"),
    }
}

fn throw<T: Default>(env: &mut Env<'_>, class: &JNIStr, message: &str) -> jni::errors::Result<T> {
    // The class loader of the native method's own class: the one of this copy of the library.
    let class = env.find_class(class)?;
    let message = JNIString::from(message);
    thrown_now(env.throw_new(class, message))
}

/// That something was thrown is what was wanted.
fn thrown_now<T: Default>(result: jni::errors::Result<()>) -> jni::errors::Result<T> {
    match result {
        Ok(()) | Err(jni::errors::Error::JavaException) => Ok(T::default()),
        Err(e) => Err(e),
    }
}
