//! Bytes that Java reads: a file of whatever file system Hadoop knows.

use crate::errors::keep_thrown;
use jni::objects::{JByteArray, JObject};
use jni::refs::Global;
use jni::sys::{jint, jlong};
use jni::{Env, JValue, JavaVM, jni_sig, jni_str};
use std::io;
use tsfile::io::ReadAt;
use tsfile::{Error, ErrorKind, Result};

/// Most bytes of one call: Java holds them in an array of its own meanwhile.
const MOST_BYTES: usize = 4 << 20;

/// An object of the Java class `PositionedInput`, called from the thread that called the native method.
#[derive(Debug)]
pub struct JavaInput {
    object: Global<JObject<'static>>,
    size_bytes: u64,
    modified_ns: Option<i64>,
}

impl JavaInput {
    /// A file of `size_bytes`, last modified at `modified_ms` since 1970.
    ///
    /// # Errors
    /// The JVM has no room for another reference.
    pub fn new(
        env: &mut Env<'_>,
        object: &JObject<'_>,
        size_bytes: u64,
        modified_ms: i64,
    ) -> jni::errors::Result<Self> {
        Ok(Self {
            object: env.new_global_ref(object)?,
            size_bytes,
            modified_ns: modified_ms.checked_mul(1_000_000),
        })
    }

    fn read(&self, env: &mut Env<'_>, offset: u64, out: &mut [u8]) -> jni::errors::Result<()> {
        let arguments = [
            JValue::Long(offset as jlong),
            JValue::Int(out.len() as jint),
        ];
        let read = env.call_method(
            &self.object,
            jni_str!("read"),
            jni_sig!((jlong, jint) -> [jbyte]),
            &arguments,
        )?;
        let bytes = env.cast_local::<JByteArray>(read.into_object()?)?;
        // SAFETY of the cast below: bytes are bytes, with a sign or without.
        bytes.get_region(env, 0, as_signed(out))
    }
}

#[expect(unsafe_code, reason = "the JVM's bytes have a sign, ours have none")]
fn as_signed(bytes: &mut [u8]) -> &mut [i8] {
    // SAFETY: both types have the same size and alignment, and every bit pattern is a value of both.
    unsafe { std::slice::from_raw_parts_mut(bytes.as_mut_ptr().cast(), bytes.len()) }
}

impl ReadAt for JavaInput {
    fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    fn modified_ns(&self) -> Option<i64> {
        self.modified_ns
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let vm = JavaVM::singleton().map_err(|e| failed(&e))?;
        let mut offset = offset;
        for piece in out.chunks_mut(MOST_BYTES) {
            // The thread is one of Java's, so nothing is attached.
            let read = vm.attach_current_thread(|env| {
                let read = self.read(env, offset, piece);
                if let Some(thrown) = env.exception_occurred() {
                    env.exception_clear();
                    keep_thrown(env.new_global_ref(thrown)?);
                }
                read
            });
            read.map_err(|e| failed(&e))?;
            offset += piece.len() as u64;
        }
        Ok(())
    }
}

/// What stands in for the Java exception until the native method throws that on.
fn failed(e: &jni::errors::Error) -> Error {
    match e {
        jni::errors::Error::IndexOutOfBounds => {
            Error::new(ErrorKind::Changed, "", "the file is shorter than it was")
        }
        e => Error::io(
            "reading through Hadoop failed",
            io::Error::other(e.to_string()),
        ),
    }
}
