//! How a client logs in to a system.

/// A kind of login, by what is shown for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// A user name and a password with each call (HTTP Basic).
    Basic,
    /// A client id and a secret, for a token (OAuth 2.0 client credentials, RFC 6749 section 4.4).
    ClientCredentials,
    /// An assertion signed by a private key, for a token (RFC 7523).
    JwtBearer,
    /// A client and an access key, for a token (NICE CXone).
    AccessKey,
    /// A key, or a token that does not expire, in a header of each call.
    ApiKey,
    /// Nothing.
    None,
}

/// How a client shows itself to a token endpoint (RFC 6749 section 2.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuthentication {
    /// By HTTP Basic in the `Authorization` header, both parts as they are: the vendors' own clients send them so.
    Header,
    /// The same with both parts encoded as in a form, which RFC 6749 asks for and few do.
    EncodedHeader,
    /// By `client_id` and `client_secret` in the form.
    Form,
}

// === impl Login ===

impl Login {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Basic, Self::ClientCredentials, Self::JwtBearer, Self::AccessKey, Self::ApiKey, Self::None];

    /// As written in the configuration, for instance `jwt_bearer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::ClientCredentials => "client_credentials",
            Self::JwtBearer => "jwt_bearer",
            Self::AccessKey => "access_key",
            Self::ApiKey => "api_key",
            Self::None => "none",
        }
    }
}
