mod theory;
mod traces;
