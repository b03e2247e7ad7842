//! What allows an upload: a token that the user gives, or one minted by trusted publishing; and what allows to read an
//! index.

mod claims;
mod environment;
mod error;
mod netrc;
mod reading;
mod token;
mod trusted;

use url::Url;

use crate::wheel::name::DistributionName;

pub use environment::Environment;
pub use error::CredentialError;
pub(crate) use reading::Reading;
pub use token::Token;
pub(super) use token::basic;
pub(crate) use token::{Mask, TOKEN_USER};
use trusted::TrustedPublishing;

/// Where the token of an upload comes from.
pub enum CredentialSource {
    /// The user gave it; it serves for every project.
    Given(Token),
    /// Each project's is minted when its first file is sent, and again when it is old or refused as expired.
    Trusted(Box<TrustedPublishing>),
}

impl CredentialSource {
    /// Decides where tokens come from: the token given on standard input, the job's identity where it offers one and the
    /// index takes it, the token of the environment.
    pub fn choose(
        typed: Option<Token>,
        environment: &Environment,
        upload_url: &Url,
        mask: Mask<'_>,
    ) -> Result<Self, CredentialError> {
        let given = environment.token();
        if typed.is_none() && environment.offers_identity() {
            match TrustedPublishing::discover(environment, upload_url) {
                Ok(Some(trusted)) => return Ok(Self::Trusted(Box::new(trusted))),
                // A server that cannot be asked may still take the token that the user gave for it.
                Err(error) if given.is_none() => return Err(error),
                Ok(None) | Err(_) => {}
            }
        }
        let token = match typed {
            Some(token) => token,
            None => Token::new(given.ok_or(CredentialError::Nothing)?)?,
        };
        token.mask(mask);
        Ok(Self::Given(token))
    }

    /// The token for a project.
    pub(crate) fn token(&mut self, project: &DistributionName, mask: Mask<'_>) -> Result<&Token, CredentialError> {
        match self {
            Self::Given(token) => Ok(token),
            Self::Trusted(trusted) => trusted.token(project, mask),
        }
    }

    /// Forgets a minted token that the index calls expired; says whether another can be had.
    pub(crate) fn forget(&mut self, project: &DistributionName) -> bool {
        match self {
            Self::Given(_) => false,
            Self::Trusted(trusted) => trusted.forget(project),
        }
    }

    pub(crate) fn is_trusted(&self) -> bool {
        matches!(self, Self::Trusted(_))
    }
}
