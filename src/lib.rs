pub mod params;
pub mod units;
