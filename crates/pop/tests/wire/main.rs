//! What crosses the gateway's boundary: requests in, replies out, through [`pop::Gateway::handle`].

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod replies;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod vectors;
