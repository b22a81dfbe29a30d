pub mod params;
pub mod report;
pub mod units;
