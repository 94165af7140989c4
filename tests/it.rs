//! Tests that cross crates, in one program: linking what they share takes longer than most of them run.

mod browser;
mod changes;
mod cli_build;
mod corpus_outcomes;
mod damage;
mod delta_log_kernel;
mod examples;
mod functions;
mod mutants;
mod overview;
mod panels;
mod tables;
mod tidy;
mod upkeep_reads;
