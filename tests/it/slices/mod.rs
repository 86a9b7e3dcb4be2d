//! Slices of the matrix that are known to be fresh are not expanded.

mod project;

mod both_ways;
