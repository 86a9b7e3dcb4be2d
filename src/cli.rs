//! What was said on the command line, what it means, and how the command ends.
