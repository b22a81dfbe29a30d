mod common_random_numbers;
mod generate;
mod laws;
mod stability;
mod swarm;
mod theory;
mod traces;
