pub mod params;
pub mod traffic;
pub mod units;
