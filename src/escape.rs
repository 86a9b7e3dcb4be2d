//! Untrusted text made safe to show: control characters, terminal escapes, Markdown, workflow commands.
