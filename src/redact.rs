//! Takes secrets out of text: user information in URLs, and the values of variables that carry credentials.
