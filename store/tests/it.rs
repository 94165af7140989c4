//! The byte stores natively and in a browser, in one program.

mod browser;
mod conformance;
mod hostile;
