//! Laws that hold for every registered model, found through the registry: a new model is judged without a new test.

mod cache;
mod limiter;
mod quota;
mod retry;
mod shape;
mod traffic;
mod users;
mod waiting;
