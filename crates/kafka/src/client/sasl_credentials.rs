//! Another password for a client that runs. librdkafka has a function for it; rdkafka, its safe interface, has none.
#![expect(unsafe_code, reason = "rdkafka has no safe function for rd_kafka_sasl_set_credentials")]

use std::ffi::CString;

use rdkafka::ClientContext;
use rdkafka::bindings as sys;
use rdkafka::client::Client;

/// Sets what a client shows to brokers that it connects to from now on. Its connections stay as they are.
///
/// # Errors
/// What is wrong, without what was to be set.
pub(super) fn set<C: ClientContext>(
    client: &Client<C>,
    username: &str,
    password: &str,
) -> Result<(), &'static str> {
    let without_zero =
        |text: &str| CString::new(text).map_err(|_| "it holds a zero byte, which no client takes");
    let (username, password) = (without_zero(username)?, without_zero(password)?);
    // SAFETY: the client outlives this function, and with it the handle. Both texts end with a zero byte and outlive
    // the call, which copies them under the client's own lock. An error is freed once, by the function for it.
    unsafe {
        let error =
            sys::rd_kafka_sasl_set_credentials(client.native_ptr(), username.as_ptr(), password.as_ptr());
        if error.is_null() {
            return Ok(());
        }
        sys::rd_kafka_error_destroy(error);
    }
    Err("the client does not take it")
}
