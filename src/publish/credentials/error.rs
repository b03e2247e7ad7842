//! Why there is nothing that allows an upload.

use reqwest::StatusCode;

use super::claims::Claims;
use crate::error::{Exit, Explain};
use crate::http::{self, HttpError};
use crate::wheel::name::DistributionName;

#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    #[error("the token is empty")]
    Empty,
    /// It holds a blank or a character that is not ASCII.
    #[error("the token holds a character that no token has")]
    Malformed,
    #[error("the token cannot be read from standard input")]
    Unreadable,
    /// Neither trusted publishing nor a token.
    #[error("nothing allows an upload: this job offers no trusted publishing, and no token was given")]
    Nothing,
    #[error("trusted publishing is not possible")]
    Http(#[from] HttpError),
    #[error("trusted publishing: {step} failed")]
    Network { step: &'static str, source: reqwest::Error },
    #[error("trusted publishing: `{program}` does not say who this job is")]
    Agent { program: &'static str, source: std::io::Error },
    #[error("trusted publishing: what {of} says is no identity")]
    NoIdentity { of: &'static str },
    #[error("trusted publishing: {step} was answered with {}: {reason}", http::words(*status))]
    Refused {
        step: &'static str,
        status: StatusCode,
        /// The server's sentence.
        reason: String,
        /// What the identity claims, as the index compares it; never the token itself.
        claims: Claims,
        /// The distribution that the token was for, where it was for one.
        project: Option<DistributionName>,
    },
}

impl Explain for CredentialError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Nothing => {
                "give the job `permissions: id-token: write` and register it as a trusted publisher, or set RELKIT_TOKEN, \
                 or pipe a token in with `--token-stdin`"
            }
            Self::Empty | Self::Malformed | Self::Unreadable => {
                "give the token as the index shows it, `__token__` not included"
            }
            Self::Http(error) => return error.hint(),
            Self::Agent { .. } | Self::NoIdentity { .. } => {
                "see that the job may ask for an identity, or set RELKIT_TOKEN"
            }
            Self::Refused { claims, project: Some(project), .. } => return Some(claims.advice(project)),
            Self::Network { source, .. } if http::want(source).is_some() => {
                return http::want(source).map(str::to_owned);
            }
            Self::Network { .. } | Self::Refused { project: None, .. } => {
                "run the same command again: what is uploaded already is skipped"
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            Self::Refused { status, .. } if status.is_client_error() => Exit::NotGood,
            _ => Exit::Failed,
        }
    }
}
