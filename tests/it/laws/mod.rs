//! Laws that hold for every registered model, found through the registry: a new model is judged without a new test.

mod adaptive;
mod cache;
mod control;
mod limiter;
mod queue;
mod quota;
mod retry;
mod shape;
mod traffic;
mod users;
mod waiting;
