//! What merchants and integrators complained of elsewhere, by the numbers of our list of complaints: each is a scenario that
//! has to end well here.

mod crowds;
mod echoes;
mod parcels;
