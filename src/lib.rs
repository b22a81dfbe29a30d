pub mod params;
pub mod scenario;
pub mod units;
