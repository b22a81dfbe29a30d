mod generate;
mod laws;
mod theory;
mod traces;
