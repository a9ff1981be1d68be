//! Faithful to the vendors: their own bodies, their schema and their document judge what is read and sent.

mod answers;
mod bodies;
mod documents;
mod requests;
