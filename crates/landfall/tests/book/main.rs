//! The book and the pages at the root, against what they speak of: links lead somewhere, commands and options exist,
//! variables are read by somebody. What a command prints is not compared; that is for who changes it to look at.

#[cfg(test)]
mod commands;
#[cfg(test)]
mod links;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod program;
#[cfg(test)]
mod variables;
