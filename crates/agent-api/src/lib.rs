//! What agent and center say to each other: messages, versions, limits.
