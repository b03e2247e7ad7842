//! smoke
pub mod home;
pub mod model_server;
